/** The item in the status bar. */
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { CurrentPackages } from './current';
import { fractionOf } from './format';
import { packagesIcon } from './icons';
import { NotebookPackages } from './packages';
import { activityTitle } from './words';

/** How the current notebook's packages are, in two or three words. */
export class StatusItem extends ReactWidget {
  constructor(
    private readonly _current: CurrentPackages,
    private readonly _trans: TranslationBundle,
    private readonly _open: () => void
  ) {
    super();
    this.addClass('jp-pyartifacts-status');
  }

  render(): JSX.Element {
    return (
      <UseSignal signal={this._current.changed}>
        {() => {
          const packages = this._current.packages;
          return packages ? (
            <UseSignal signal={packages.changed}>
              {() => {
                const { text, level } = statusOf(packages, this._trans);
                return (
                  <button
                    className={`jp-pyartifacts-status-button jp-mod-${level}`}
                    title={this._trans.__("Show this notebook's packages")}
                    onClick={this._open}
                  >
                    <packagesIcon.react tag="span" />
                    {text}
                  </button>
                );
              }}
            </UseSignal>
          ) : null;
        }}
      </UseSignal>
    );
  }
}

/** Say what matters most just now. */
function statusOf(
  packages: NotebookPackages,
  trans: TranslationBundle
): { text: string; level: 'plain' | 'warn' | 'error' } {
  const { activity, state, problem, restart } = packages;
  if (activity) {
    const fraction = fractionOf(activity.progress);
    const title = activityTitle(trans, activity.verb);
    return {
      text: fraction === null ? title : `${title} ${Math.round(fraction * 100)} %`,
      level: 'plain'
    };
  }
  if (packages.needsTrust) {
    return { text: trans.__('Packages not trusted'), level: 'warn' };
  }
  if (packages.fallback || problem) {
    return { text: trans.__('Packages: failed'), level: 'error' };
  }
  if (restart) {
    return {
      text:
        restart === 'required'
          ? trans.__('Packages: restart required')
          : trans.__('Packages: restart recommended'),
      level: restart === 'required' ? 'warn' : 'plain'
    };
  }
  if (!state) {
    return { text: trans.__('Packages'), level: 'plain' };
  }
  return {
    text:
      state.digest === null
        ? trans.__('No packages of its own')
        : trans._n('%1 package', '%1 packages', state.distributions.length),
    level: 'plain'
  };
}
