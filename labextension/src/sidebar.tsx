/** The sidebar: the packages of the current notebook. */
import {
  ReactWidget,
  refreshIcon,
  undoIcon,
  UseSignal
} from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import * as React from 'react';

import { ActivityBar } from './activity';
import { AddForm } from './addform';
import { Banners } from './banners';
import { IActions, ViewContext, useView } from './context';
import { CurrentPackages } from './current';
import { formatBytes } from './format';
import { packagesIcon } from './icons';
import { NotebookPackages } from './packages';
import { PinList } from './pinlist';
import { Sections } from './sections';
import { INotebookState } from './shapes';

/** Where the sidebar is known to the shell. */
export const SIDEBAR_ID = 'jupyter-pyartifacts-sidebar';

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

  /** Put the cursor into the line for a new requirement. */
  focusAdd(): void {
    this._focusCount += 1;
    this._focusAsked.emit(this._focusCount);
  }

  render(): JSX.Element {
    return (
      <ViewContext.Provider
        value={{ trans: this._trans, actions: this._actions }}
      >
        <UseSignal signal={this._focusAsked} initialArgs={0}>
          {(_, focusCount) => (
            <UseSignal signal={this._current.changed}>
              {() => {
                const packages = this._current.packages;
                return packages ? (
                  <UseSignal signal={packages.changed}>
                    {() => (
                      <Notebook
                        key={packages.document.panel.id}
                        packages={packages}
                        focusCount={focusCount ?? 0}
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

  private _focusCount = 0;
  private readonly _focusAsked = new Signal<this, number>(this);
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
  focusCount: number;
}

function Notebook({ packages, focusCount }: INotebookProps): JSX.Element {
  const { trans } = useView();
  const { state, activity } = packages;
  return (
    <>
      <Header packages={packages} />
      <div className="jp-pyartifacts-scroll">
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
            <AddForm packages={packages} focusCount={focusCount} />
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

function Header({ packages }: { packages: NotebookPackages }): JSX.Element {
  const { trans, actions } = useView();
  const { state, activity, document } = packages;
  const name = document.path.split('/').pop() ?? document.path;
  return (
    <header className="jp-pyartifacts-header">
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
          disabled={activity !== null || packages.needsTrust}
          title={trans.__('Undo “%1”', state.history[0].what)}
          aria-label={trans.__('Undo the last change')}
          onClick={() =>
            void actions.propose(packages, { verb: 'undo', arguments: [] })
          }
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
    </header>
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
        disabled={isChecking || activity !== null}
        onClick={() => void packages.checkOutdated()}
      >
        {trans.__('Check for upgrades')}
      </button>
      <button
        className={`jp-pyartifacts-button${count ? ' jp-mod-primary' : ''}`}
        disabled={isBusy || isChecking || (outdated !== null && !count)}
        onClick={() =>
          void actions.propose(packages, { verb: 'upgrade', arguments: [] })
        }
      >
        {trans.__('Upgrade all')}
      </button>
    </div>
  );
}
