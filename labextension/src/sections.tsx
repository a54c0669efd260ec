/** What folds away below the pins: history, platforms, Python, store. */
import * as React from 'react';

import { failureOf } from './api';
import { useView } from './context';
import { formatBytes, formatTime } from './format';
import { NotebookPackages } from './packages';
import { press } from './press';
import { INotebookState, IStore } from './shapes';

interface IProps {
  packages: NotebookPackages;
  state: INotebookState;
}

interface IFoldProps {
  title: string;
  summary?: string;
  onOpen?: () => void;
  children: React.ReactNode;
}

function Fold({ title, summary, onOpen, children }: IFoldProps): JSX.Element {
  return (
    <details
      className="jp-pyartifacts-fold"
      onToggle={event => event.currentTarget.open && onOpen?.()}
    >
      <summary>
        <span>{title}</span>
        {summary && (
          <span className="jp-pyartifacts-fold-summary" title={summary}>
            {summary}
          </span>
        )}
      </summary>
      <div className="jp-pyartifacts-fold-body">{children}</div>
    </details>
  );
}

function History({ packages, state }: IProps): JSX.Element {
  const { trans, actions } = useView();
  const { history } = state;
  return (
    <Fold title={trans.__('History')} summary={history[0]?.what}>
      <ol className="jp-pyartifacts-history">
        {history.map((change, index) => (
          <li key={`${change.when} ${index}`}>
            <div>{change.what}</div>
            <div className="jp-pyartifacts-muted">{formatTime(change.when)}</div>
          </li>
        ))}
      </ol>
      {history.length > 0 ? (
        <button
          className="jp-pyartifacts-button"
          {...press(
            () =>
              void actions.propose(packages, { verb: 'undo', arguments: [] }),
            packages.activity !== null || packages.needsTrust
          )}
        >
          {trans.__('Undo “%1”', history[0].what)}
        </button>
      ) : (
        <p className="jp-pyartifacts-muted">
          {trans.__('No change is remembered.')}
        </p>
      )}
    </Fold>
  );
}

function Platforms({ state }: IProps): JSX.Element {
  const { trans } = useView();
  const { platforms, left_out, platform } = state;
  return (
    <Fold
      title={trans.__('Platforms')}
      summary={
        left_out.length
          ? trans.__('%1, %2 left out', platforms.length, left_out.length)
          : String(platforms.length)
      }
    >
      <ul className="jp-pyartifacts-platforms">
        {platforms.map(each => (
          <li key={each}>
            <span aria-hidden="true">✓ </span>
            {each}
            {each === platform && (
              <span className="jp-pyartifacts-tag">
                {trans.__('this machine')}
              </span>
            )}
          </li>
        ))}
        {left_out.map(each => (
          <li key={each.platform}>
            <span aria-hidden="true">✗ </span>
            {each.platform}
            <span className="jp-pyartifacts-tag jp-mod-warn">
              {trans.__('left out')}
            </span>
            <div className="jp-pyartifacts-muted">{each.reason}</div>
          </li>
        ))}
      </ul>
      {state.indexes.length > 0 && (
        <dl>
          <dt>{trans.__('Indexes')}</dt>
          {state.indexes.map(index => (
            <dd key={index.name}>
              {index.name} {index.url}
              {index.projects.length > 0 && (
                <div className="jp-pyartifacts-muted">
                  {index.projects.join(', ')}
                </div>
              )}
            </dd>
          ))}
        </dl>
      )}
      {state.as_of && (
        <p>{trans.__('As the index was on %1.', formatTime(state.as_of))}</p>
      )}
    </Fold>
  );
}

function Python({ packages, state }: IProps): JSX.Element | null {
  const { trans, actions } = useView();
  const { python } = state;
  if (!python) {
    return null;
  }
  const used = python.in_use;
  return (
    <Fold
      title={trans.__('Python')}
      summary={
        python.problem
          ? trans.__('%1, not here', python.version)
          : (used?.version ?? python.version)
      }
    >
      <dl>
        <dt>
          {state.digest === null ? trans.__('To be') : trans.__('Locked')}
        </dt>
        <dd>
          {python.implementation} {python.version}
        </dd>
        {used && (
          <>
            <dt>{trans.__('In use')}</dt>
            <dd>
              {used.version}
              <div className="jp-pyartifacts-path">{used.path}</div>
              <div className="jp-pyartifacts-muted">{used.why}</div>
            </dd>
          </>
        )}
      </dl>
      {python.problem && (
        <p className="jp-pyartifacts-warning">{python.problem}</p>
      )}
      <div className="jp-pyartifacts-buttons">
        <button
          className="jp-pyartifacts-button"
          {...press(
            () => void actions.choosePython(packages),
            packages.activity !== null || packages.needsTrust
          )}
        >
          {trans.__('Another Python…')}
        </button>
      </div>
    </Fold>
  );
}

function Store({ packages }: IProps): JSX.Element {
  const { trans } = useView();
  const [store, setStore] = React.useState<IStore | null>(null);
  const [problem, setProblem] = React.useState<string | null>(null);
  const isOpen = React.useRef(false);
  const look = React.useCallback(() => {
    isOpen.current = true;
    packages.api.store().then(
      answer => {
        setStore(answer);
        setProblem(null);
      },
      (reason: unknown) => setProblem(failureOf(reason).message)
    );
  }, [packages]);
  const notice = packages.notice;
  React.useEffect(() => {
    if (isOpen.current && notice) {
      look();
    }
  }, [notice, look]);
  return (
    <Fold
      title={trans.__('Store')}
      summary={store ? formatBytes(store.size) : undefined}
      onOpen={look}
    >
      {problem && <p className="jp-pyartifacts-warning">{problem}</p>}
      {store && (
        <dl>
          <dt>{trans.__('Directory')}</dt>
          <dd className="jp-pyartifacts-path">{store.path}</dd>
          <dt>{trans.__('Holds')}</dt>
          <dd>
            {trans.__(
              '%1 packages and %2 environments, %3',
              store.artifacts,
              store.views,
              formatBytes(store.size)
            )}
          </dd>
          {store.quota !== null && (
            <>
              <dt>{trans.__('Quota')}</dt>
              <dd>
                {trans.__(
                  '%1 of %2',
                  formatBytes(store.size),
                  formatBytes(store.quota)
                )}
              </dd>
            </>
          )}
          <dt>{trans.__('Free')}</dt>
          <dd>{formatBytes(store.free)}</dd>
          {store.layers.length > 0 && (
            <>
              <dt>{trans.__('Reads')}</dt>
              <dd className="jp-pyartifacts-path">{store.layers.join(', ')}</dd>
            </>
          )}
        </dl>
      )}
      <div className="jp-pyartifacts-buttons">
        <button
          className="jp-pyartifacts-button"
          title={trans.__('Remove what no notebook uses any more')}
          {...press(() => void packages.gc(), packages.activity !== null)}
        >
          {trans.__('Clean up')}
        </button>
        <button
          className="jp-pyartifacts-button"
          title={trans.__('Hash every file again and repair what is wrong')}
          {...press(
            () => void packages.tend('verify'),
            packages.activity !== null ||
              packages.needsTrust ||
              packages.state?.digest === null
          )}
        >
          {trans.__('Verify files')}
        </button>
      </div>
    </Fold>
  );
}

/** The folds, in the order of how often they are opened. */
export function Sections(props: IProps): JSX.Element {
  return (
    <div className="jp-pyartifacts-sections">
      {props.state.digest !== null && <History {...props} />}
      <Python {...props} />
      {props.state.digest !== null && <Platforms {...props} />}
      <Store {...props} />
    </div>
  );
}
