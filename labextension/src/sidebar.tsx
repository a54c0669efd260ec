/** The sidebar: the packages of the current notebook. */
import {
  ReactWidget,
  refreshIcon,
  undoIcon,
  UseSignal
} from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import { Message } from '@lumino/messaging';
import { Signal } from '@lumino/signaling';
import * as React from 'react';

import { ActivityBar } from './activity';
import { AddForm, IFocusWish } from './addform';
import { Banners } from './banners';
import { IActions, ViewContext, useView } from './context';
import { CurrentPackages } from './current';
import { formatBytes } from './format';
import { packagesIcon } from './icons';
import { NotebookPackages } from './packages';
import { PinList } from './pinlist';
import { press } from './press';
import { Sections } from './sections';
import { INotebookState } from './shapes';

/** Where the sidebar is known to the shell. */
export const SIDEBAR_ID = 'jupyter-pyartifacts-sidebar';

/** Milliseconds in which a palette that closes gives the focus back to a cell. */
const FOCUS_DELAY = 100;

/** Where the focus goes: to the sidebar, to the line for a new requirement, or it stays. */
export type FocusTarget = 'body' | 'add' | 'nowhere';

/** A widget for the left area. */
export class Sidebar extends ReactWidget {
  constructor(
    private readonly _current: CurrentPackages,
    private readonly _actions: IActions,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.id = SIDEBAR_ID;
    this.addClass('jp-pyartifacts-sidebar');
    this.title.icon = packagesIcon;
    this.title.caption = _trans.__("This notebook's packages");
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', this.title.caption);
  }

  /** Say where the focus shall go when the sidebar is activated next: to its body, if not said. */
  focusNext(target: FocusTarget): void {
    this._focusNext = target;
  }

  protected onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    const target = this._focusNext;
    this._focusNext = 'body';
    const timer = setTimeout(() => this._takeFocus(target), FOCUS_DELAY);
    // Whoever points somewhere meanwhile wants the focus there.
    document.addEventListener('pointerdown', () => clearTimeout(timer), {
      capture: true,
      once: true
    });
  }

  private _takeFocus(target: FocusTarget): void {
    if (target === 'add') {
      this._addWish.current = true;
      this._focusAsked.emit();
    } else if (target === 'body') {
      this.node
        .querySelector<HTMLElement>('.jp-pyartifacts-scroll')
        ?.focus();
    }
  }

  render(): JSX.Element {
    return (
      <ViewContext.Provider
        value={{ trans: this._trans, actions: this._actions }}
      >
        <UseSignal signal={this._focusAsked}>
          {() => (
            <UseSignal signal={this._current.changed}>
              {() => {
                const packages = this._current.packages;
                return packages ? (
                  <UseSignal signal={packages.changed}>
                    {() => (
                      <Notebook
                        key={packages.document.panel.id}
                        packages={packages}
                        focusWish={this._addWish}
                      />
                    )}
                  </UseSignal>
                ) : (
                  <NoNotebook />
                );
              }}
            </UseSignal>
          )}
        </UseSignal>
      </ViewContext.Provider>
    );
  }

  private _focusNext: FocusTarget = 'body';
  private readonly _addWish: IFocusWish = { current: false };
  private readonly _focusAsked = new Signal<this, void>(this);
}

function NoNotebook(): JSX.Element {
  const { trans } = useView();
  return (
    <div className="jp-pyartifacts-empty">
      <packagesIcon.react tag="div" className="jp-pyartifacts-empty-icon" />
      <p>{trans.__('Open a notebook to see its packages.')}</p>
    </div>
  );
}

interface INotebookProps {
  packages: NotebookPackages;
  focusWish: IFocusWish;
}

function Notebook({ packages, focusWish }: INotebookProps): JSX.Element {
  const { trans } = useView();
  const { state, activity } = packages;
  const body = React.useRef<HTMLDivElement>(null);
  const keepPlace = useKeptFocus(body);
  return (
    <>
      <Header packages={packages} onFocus={keepPlace} />
      <div
        className="jp-pyartifacts-scroll"
        ref={body}
        tabIndex={-1}
        onFocus={keepPlace}
      >
        {activity && (
          <ActivityBar
            activity={activity}
            trans={trans}
            onCancel={() => void packages.cancel()}
          />
        )}
        <Banners packages={packages} />
        {state?.digest === null && packages.document.isForeign && (
          <p className="jp-pyartifacts-muted">
            {trans.__(
              'This notebook is not for Python: only Python notebooks can carry their packages.'
            )}
          </p>
        )}
        {state && !(state.digest === null && packages.document.isForeign) && (
          <>
            <AddForm packages={packages} focusWish={focusWish} />
            {state.digest === null ? (
              <NoLock />
            ) : (
              <>
                <UpdateLine packages={packages} />
                <PinList packages={packages} state={state} />
              </>
            )}
            <Sections packages={packages} state={state} />
          </>
        )}
        {!state && !packages.problem && (
          <p className="jp-pyartifacts-muted" role="status">
            {trans.__('Reading the packages…')}
          </p>
        )}
      </div>
    </>
  );
}

/**
 * Keep the focus where it was if what had it goes away: on the list, else on `body`.
 *
 * Return what has to hear of each element that is focused.
 */
function useKeptFocus(
  body: React.RefObject<HTMLElement>
): React.FocusEventHandler<HTMLElement> {
  const last = React.useRef<{ node: Element; list: Element | null } | null>(
    null
  );
  React.useLayoutEffect(() => {
    if (!last.current || last.current.node.isConnected) {
      return;
    }
    const { list } = last.current;
    last.current = null;
    if (document.activeElement === document.body) {
      const row = list?.isConnected
        ? list.querySelector<HTMLElement>('[tabindex="0"]')
        : null;
      (row ?? body.current)?.focus();
    }
  });
  return ({ target }) => {
    last.current = { node: target, list: target.closest('.jp-pyartifacts-pins') };
  };
}

function NoLock(): JSX.Element {
  const { trans } = useView();
  return (
    <div className="jp-pyartifacts-empty">
      <packagesIcon.react tag="div" className="jp-pyartifacts-empty-icon" />
      <p>
        <b>{trans.__('This notebook has no packages of its own yet.')}</b>
      </p>
      <p>
        {trans.__(
          'Add one: it and everything it needs is pinned, for Linux, macOS and Windows, and stays with the notebook.'
        )}
      </p>
    </div>
  );
}

function Header(props: {
  packages: NotebookPackages;
  onFocus: React.FocusEventHandler<HTMLElement>;
}): JSX.Element {
  const { packages, onFocus } = props;
  const { trans, actions } = useView();
  const { state, activity, document } = packages;
  const name = document.path.split('/').pop() ?? document.path;
  return (
    <div className="jp-pyartifacts-header" onFocus={onFocus}>
      <div className="jp-pyartifacts-header-text">
        <h2 title={document.path}>{name}</h2>
        {state?.digest && (
          <div
            className="jp-pyartifacts-muted"
            title={summary(trans, state)}
          >
            {summary(trans, state)}
          </div>
        )}
      </div>
      {!!state?.history.length && (
        <button
          className="jp-pyartifacts-icon-button"
          title={trans.__('Undo “%1”', state.history[0].what)}
          aria-label={trans.__('Undo the last change')}
          {...press(
            () =>
              void actions.propose(packages, { verb: 'undo', arguments: [] }),
            activity !== null || packages.needsTrust
          )}
        >
          <undoIcon.react tag="span" />
        </button>
      )}
      <button
        className="jp-pyartifacts-icon-button"
        title={trans.__('Read the packages again')}
        aria-label={trans.__('Read the packages again')}
        onClick={() => void packages.refresh()}
      >
        <refreshIcon.react tag="span" />
      </button>
    </div>
  );
}

/** Say in a line what there is: `Python 3.11.7 · 36 packages · 99.1 MB`. */
function summary(trans: TranslationBundle, state: INotebookState): string {
  const parts = [
    state.python ? trans.__('Python %1', state.python.version) : '',
    trans._n('%1 package', '%1 packages', state.distributions.length),
    state.artifacts ? formatBytes(state.artifacts.bytes) : ''
  ];
  return parts.filter(Boolean).join(' · ');
}

function UpdateLine({ packages }: { packages: NotebookPackages }): JSX.Element {
  const { trans, actions } = useView();
  const { outdated, isChecking, activity } = packages;
  const isBusy = activity !== null || packages.needsTrust;
  const rows = [...(outdated?.values() ?? [])];
  const count = rows.filter(
    row => row.compatible && row.compatible !== row.current
  ).length;
  const said = isChecking
    ? trans.__('Asking the index…')
    : outdated === null
      ? ''
      : count
        ? trans._n('%1 upgrade', '%1 upgrades', count)
        : trans.__('Nothing newer fits');
  return (
    <div className="jp-pyartifacts-updates">
      <span role="status" className="jp-pyartifacts-muted">
        {said}
      </span>
      <button
        className="jp-pyartifacts-button"
        {...press(
          () => void packages.checkOutdated(),
          isChecking || activity !== null
        )}
      >
        {trans.__('Check for upgrades')}
      </button>
      <button
        className={`jp-pyartifacts-button${count ? ' jp-mod-primary' : ''}`}
        {...press(
          () =>
            void actions.propose(packages, { verb: 'upgrade', arguments: [] }),
          isBusy || isChecking || (outdated !== null && !count)
        )}
      >
        {trans.__('Upgrade all')}
      </button>
    </div>
  );
}
