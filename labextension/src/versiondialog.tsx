/** The dialog in which a version is picked. */
import { Dialog, ReactWidget, showDialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { formatDay } from './format';
import { IVersion, IVersions } from './shapes';

class VersionPicker extends ReactWidget {
  constructor(
    private readonly _versions: IVersions,
    private readonly _current: string,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('jp-pyartifacts-versions');
    this._picked = _current;
  }

  /** What Lab's dialog asks for when it closes. */
  getValue(): string {
    return this._picked;
  }

  render(): JSX.Element {
    return (
      <Versions
        versions={this._versions.versions}
        current={this._current}
        trans={this._trans}
        onPick={version => {
          this._picked = version;
        }}
      />
    );
  }

  private _picked: string;
}

interface IProps {
  versions: readonly IVersion[];
  current: string;
  trans: TranslationBundle;
  onPick: (version: string) => void;
}

function Versions({ versions, current, trans, onPick }: IProps): JSX.Element {
  const [showAll, setShowAll] = React.useState(false);
  const usual = versions.filter(
    each => each.version === current || !(each.prerelease || each.yanked)
  );
  const hidden = versions.length - usual.length;
  return (
    <>
      <div role="radiogroup" aria-label={trans.__('Version')}>
        {(showAll ? versions : usual).map(each => (
          <label key={each.version}>
            <input
              type="radio"
              name="jp-pyartifacts-version"
              value={each.version}
              defaultChecked={each.version === current}
              onChange={() => onPick(each.version)}
            />
            <span>{each.version}</span>
            {each.version === current && (
              <span className="jp-pyartifacts-tag">{trans.__('pinned')}</span>
            )}
            {each.yanked && (
              <span className="jp-pyartifacts-tag jp-mod-warn">
                {trans.__('yanked')}
              </span>
            )}
            {each.prerelease && (
              <span className="jp-pyartifacts-tag">
                {trans.__('pre-release')}
              </span>
            )}
            <span className="jp-pyartifacts-released">
              {each.released && formatDay(each.released)}
            </span>
          </label>
        ))}
      </div>
      {hidden > 0 && !showAll && (
        <button
          className="jp-pyartifacts-button"
          onClick={() => setShowAll(true)}
        >
          {trans.__('Show pre-releases and yanked versions (%1)', hidden)}
        </button>
      )}
    </>
  );
}

/** Let one of the versions be picked; null if none, or the same. */
export async function pickVersion(
  versions: IVersions,
  current: string,
  trans: TranslationBundle
): Promise<IVersion | null> {
  const answer = await showDialog({
    title: trans.__('Versions of %1', versions.name),
    body: new VersionPicker(versions, current, trans),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.okButton({ label: trans.__('Continue') })
    ],
    focusNodeSelector: 'input:checked'
  });
  if (!answer.button.accept || !answer.value || answer.value === current) {
    return null;
  }
  const picked = answer.value;
  return versions.versions.find(each => each.version === picked) ?? null;
}
