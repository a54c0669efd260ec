/** What buttons and commands do: each asks first, then acts. */
import {
  Dialog,
  InputDialog,
  ISessionContextDialogs,
  ReactWidget,
  showDialog
} from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { IActions } from './context';
import { NotebookPackages } from './packages';
import { confirmPlan } from './plandialog';
import { IChangeRequest, INotebookState } from './shapes';
import { pickVersion } from './versiondialog';

/** The dialogs before every act. */
export class Actions implements IActions {
  constructor(
    private readonly _sessions: ISessionContextDialogs,
    private readonly _trans: TranslationBundle
  ) {}

  async propose(
    packages: NotebookPackages,
    change: IChangeRequest
  ): Promise<boolean> {
    const plan = await packages.plan(change, () =>
      this.propose(packages, change)
    );
    if (!plan || !(await confirmPlan(change, plan, this._trans))) {
      return false;
    }
    return packages.apply(change);
  }

  async pickVersion(packages: NotebookPackages, name: string): Promise<void> {
    const current = packages.state?.distributions.find(
      each => each.name === name
    );
    const versions = await packages.versions(name, () =>
      this.pickVersion(packages, name)
    );
    if (!current || !versions) {
      return;
    }
    const picked = await pickVersion(versions, current.version, this._trans);
    if (picked) {
      await this.propose(packages, {
        verb: 'upgrade',
        arguments: [`${name}==${picked.version}`],
        ...(picked.prerelease ? { options: { prereleases: true } } : {})
      });
    }
  }

  async choosePython(packages: NotebookPackages): Promise<void> {
    const trans = this._trans;
    const current = packages.state?.python?.version ?? '';
    const answer = await InputDialog.getText({
      title: trans.__('Lock for another Python'),
      label: trans.__(
        'A version such as 3.12 or 3.12.4. All packages are resolved again for it.'
      ),
      text: current.split('.').slice(0, 2).join('.'),
      okLabel: trans.__('Continue')
    });
    const version = answer.value?.trim();
    if (answer.button.accept && version) {
      await this.propose(packages, { verb: 'python', arguments: [version] });
    }
  }

  async restart(packages: NotebookPackages): Promise<void> {
    await this._sessions.restart(packages.sessionContext);
  }

  async trust(packages: NotebookPackages): Promise<void> {
    const { state } = packages;
    if (!state) {
      return;
    }
    const trans = this._trans;
    const answer = await showDialog({
      title: trans.__('Trust the packages of this notebook?'),
      body: new TrustQuestion(state, trans),
      buttons: [
        Dialog.cancelButton({ label: trans.__('Cancel') }),
        Dialog.warnButton({ label: trans.__('Trust') })
      ],
      defaultButton: 0
    });
    // Only what was shown is approved: another lock that came meanwhile is refused by its digest.
    if (answer.button.accept) {
      await packages.trust(state.digest);
    }
  }
}

class TrustQuestion extends ReactWidget {
  constructor(
    private readonly _state: INotebookState,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('jp-pyartifacts-trust');
  }

  render(): JSX.Element {
    const trans = this._trans;
    const { question, python, digest } = this._state;
    return (
      <>
        <p>
          {trans.__(
            'They run code on this machine, with your rights, as soon as the kernel starts. Say yes only if you know where this notebook comes from.'
          )}
        </p>
        {/* The server's own words: how many packages, and every place that they come from. */}
        <p className="jp-pyartifacts-question">{question}</p>
        <dl>
          {python && (
            <>
              <dt>{trans.__('Python')}</dt>
              <dd>
                {python.implementation} {python.version}
              </dd>
            </>
          )}
          <dt>{trans.__('Lock')}</dt>
          <dd className="jp-pyartifacts-path">{digest}</dd>
        </dl>
      </>
    );
  }
}
