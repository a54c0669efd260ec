/** What the user has to know or decide first: trust, failures, restarts, outcomes. */
import { closeIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { useView } from './context';
import { formatBytes } from './format';
import { NotebookPackages } from './packages';
import { press } from './press';
import { IFailure } from './shapes';
import { outcome, problemTitle } from './words';

interface IProps {
  packages: NotebookPackages;
}

interface IBannerProps {
  kind: 'info' | 'warn' | 'error' | 'success';
  title: string;
  role?: 'alert' | 'status' | 'region';
  children?: React.ReactNode;
  buttons?: React.ReactNode;
  onDismiss?: () => void;
}

function Banner(props: IBannerProps): JSX.Element {
  const { kind, title, role, children, buttons, onDismiss } = props;
  const { trans } = useView();
  return (
    <div
      className={`jp-pyartifacts-banner jp-mod-${kind}`}
      role={role ?? 'status'}
      aria-label={role === 'region' ? title : undefined}
    >
      <div className="jp-pyartifacts-banner-title">
        <span>{title}</span>
        {onDismiss && (
          <button
            className="jp-pyartifacts-icon-button"
            title={trans.__('Dismiss')}
            aria-label={trans.__('Dismiss')}
            onClick={onDismiss}
          >
            <closeIcon.react tag="span" />
          </button>
        )}
      </div>
      {children}
      {buttons && <div className="jp-pyartifacts-buttons">{buttons}</div>}
    </div>
  );
}

/** The facts of a failure, its hint last and in its own line. */
export function FailureText(props: { failure: IFailure }): JSX.Element {
  const { trans } = useView();
  const { message, where, expected, found, details, hint } = props.failure;
  return (
    <>
      <div className="jp-pyartifacts-message">
        {message}
        {where ? ` (${where})` : ''}
      </div>
      {(expected || found) && (
        <dl className="jp-pyartifacts-facts">
          {expected && (
            <>
              <dt>{trans.__('expected')}</dt>
              <dd>{expected}</dd>
            </>
          )}
          {found && (
            <>
              <dt>{trans.__('found')}</dt>
              <dd>{found}</dd>
            </>
          )}
        </dl>
      )}
      {details && (
        <details className="jp-pyartifacts-explanation">
          <summary>{trans.__('Details')}</summary>
          <pre>{details}</pre>
        </details>
      )}
      {hint && (
        <div className="jp-pyartifacts-hint">
          <span>{trans.__('What to do:')}</span> {hint}
        </div>
      )}
    </>
  );
}

function TrustBanner({ packages }: IProps): JSX.Element | null {
  const { trans, actions } = useView();
  const state = packages.state;
  if (!packages.needsTrust || !state) {
    return null;
  }
  return (
    <Banner
      kind="warn"
      role="region"
      title={trans.__('Made by somebody else')}
      buttons={
        <button
          className="jp-pyartifacts-button jp-mod-primary"
          {...press(
            () => void actions.trust(packages),
            packages.activity !== null
          )}
        >
          {trans.__('Trust…')}
        </button>
      }
    >
      <div>
        {trans.__(
          'This notebook pins %1 packages. They run code as soon as its kernel starts, so nothing of them is fetched or run until you trust them.',
          state.distributions.length
        )}
      </div>
    </Banner>
  );
}

function FallbackBanner({ packages }: IProps): JSX.Element | null {
  const { trans } = useView();
  const failure = packages.fallback;
  if (!failure || packages.needsTrust) {
    return null;
  }
  return (
    <Banner
      kind="error"
      role="alert"
      title={trans.__('The kernel has no packages')}
      buttons={
        <button
          className="jp-pyartifacts-button jp-mod-primary"
          onClick={() => void packages.restartKernel()}
        >
          {trans.__('Retry')}
        </button>
      }
    >
      <FailureText failure={failure} />
    </Banner>
  );
}

function RestartBanner({ packages }: IProps): JSX.Element | null {
  const { trans, actions } = useView();
  const level = packages.restart;
  if (!level || packages.fallback) {
    return null;
  }
  const differences = [
    ...(packages.state?.running?.drift ?? []).map(({ name, loaded, locked }) => ({
      name,
      loaded,
      locked
    })),
    ...(packages.move?.stale ?? []).map(({ name, loaded, pinned }) => ({
      name,
      loaded,
      locked: pinned
    }))
  ];
  const rows = [...new Map(differences.map(row => [row.name, row])).values()];
  return (
    <Banner
      kind={level === 'required' ? 'warn' : 'info'}
      title={
        level === 'required'
          ? trans.__('Restart required')
          : trans.__('Restart recommended')
      }
      buttons={
        <button
          className="jp-pyartifacts-button jp-mod-primary"
          onClick={() => void actions.restart(packages)}
        >
          {trans.__('Restart the kernel')}
        </button>
      }
    >
      {rows.length > 0 ? (
        <ul className="jp-pyartifacts-drift">
          {rows.slice(0, 8).map(({ name, loaded, locked }) => (
            <li key={name}>
              <b>{name}</b>{' '}
              {trans.__(
                'runs %1, locked is %2',
                loaded ?? trans.__('nothing'),
                locked ?? trans.__('nothing')
              )}
            </li>
          ))}
          {rows.length > 8 && <li>{trans.__('and %1 more', rows.length - 8)}</li>}
        </ul>
      ) : (
        <div>
          {packages.move?.advice[0] ??
            trans.__('The running kernel has other packages than this lock.')}
        </div>
      )}
    </Banner>
  );
}

function ProblemBanner({ packages }: IProps): JSX.Element | null {
  const { trans } = useView();
  const problem = packages.problem;
  if (!problem) {
    return null;
  }
  const { retry } = problem;
  return (
    <Banner
      kind="error"
      role="alert"
      title={problemTitle(trans, problem.what)}
      buttons={
        retry && (
          <button
            className="jp-pyartifacts-button jp-mod-primary"
            onClick={() => void retry()}
          >
            {trans.__('Retry')}
          </button>
        )
      }
      onDismiss={() => packages.dismiss()}
    >
      <FailureText failure={problem.failure} />
    </Banner>
  );
}

function NoticeBanner({ packages }: IProps): JSX.Element | null {
  const { trans } = useView();
  const { notice, notes, result } = packages;
  if (!notice && !notes.length) {
    return null;
  }
  return (
    <Banner
      kind={notice ? 'success' : 'info'}
      title={notice ? outcome(trans, notice, result) : trans.__('Notes')}
      onDismiss={() => packages.dismiss()}
    >
      {notes.map(note => (
        <div key={note} className="jp-pyartifacts-note">
          {note}
        </div>
      ))}
    </Banner>
  );
}

function MissingBanner({ packages }: IProps): JSX.Element | null {
  const { trans } = useView();
  const artifacts = packages.state?.artifacts;
  if (
    !artifacts ||
    artifacts.present >= artifacts.total ||
    packages.needsTrust ||
    packages.activity
  ) {
    return null;
  }
  return (
    <Banner
      kind="info"
      title={trans.__(
        '%1 of %2 packages are not on this machine',
        artifacts.total - artifacts.present,
        artifacts.total
      )}
      buttons={
        <button
          className="jp-pyartifacts-button jp-mod-primary"
          onClick={() => void packages.tend('instantiate')}
        >
          {trans.__('Fetch %1', formatBytes(artifacts.bytes_missing))}
        </button>
      }
    />
  );
}

/** Everything that wants attention, the most urgent first. */
export function Banners({ packages }: IProps): JSX.Element {
  return (
    <>
      <TrustBanner packages={packages} />
      <ProblemBanner packages={packages} />
      <FallbackBanner packages={packages} />
      <RestartBanner packages={packages} />
      <MissingBanner packages={packages} />
      <NoticeBanner packages={packages} />
    </>
  );
}
