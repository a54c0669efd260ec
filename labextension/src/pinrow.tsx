/** One pin of the list, and what is known about it once it is opened. */
import { caretDownIcon, caretRightIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { useView } from './context';
import { formatBytes, formatDay } from './format';
import { NotebookPackages } from './packages';
import { IReason, reasonsFor } from './pins';
import { press } from './press';
import { IDistribution, IOutdatedRow } from './shapes';

interface IProps {
  packages: NotebookPackages;
  pin: IDistribution;
  /** What was typed after the name, for requirements. */
  typed: string;
  newer: IOutdatedRow | null;
  /** Whether newer versions are known, of this pin or of others. */
  isChecked: boolean;
  byName: ReadonlyMap<string, IDistribution>;
  isOpen: boolean;
  isFocusable: boolean;
  isBusy: boolean;
  onToggle: (name: string) => void;
  onFocus: (name: string) => void;
}

function Reasons(props: { reasons: IReason[] }): JSX.Element {
  const { trans } = useView();
  return (
    <ul className="jp-pyartifacts-reasons">
      {props.reasons.map(reason => (
        <li key={reason.name}>
          {reason.name}
          {reason.direct && (
            <span className="jp-pyartifacts-tag">{trans.__('yours')}</span>
          )}
          {reason.kernel && (
            <span className="jp-pyartifacts-tag">{trans.__('kernel')}</span>
          )}
          {reason.more && ' …'}
          {reason.requiredBy.length > 0 && (
            <Reasons reasons={reason.requiredBy} />
          )}
        </li>
      ))}
    </ul>
  );
}

function Newer(props: { row: IOutdatedRow }): JSX.Element {
  const { trans } = useView();
  const { current, compatible, latest, released, yanked } = props.row;
  return (
    <>
      {yanked && (
        <div className="jp-pyartifacts-warning">
          {trans.__('%1 was yanked by its makers.', current)}
        </div>
      )}
      {compatible && compatible !== current && (
        <div>{trans.__('%1 fits your other requirements.', compatible)}</div>
      )}
      {latest && latest !== current && (
        <div>
          {released
            ? trans.__(
                '%1 is the newest, released on %2.',
                latest,
                formatDay(released)
              )
            : trans.__('%1 is the newest.', latest)}
        </div>
      )}
    </>
  );
}

function Details(props: IProps): JSX.Element {
  const { packages, pin, newer, byName, isBusy } = props;
  const { trans, actions } = useView();
  const reasons = reasonsFor(pin.name, byName);
  const facts = [
    pin.kind === 'sdist' ? trans.__('from its source archive') : '',
    pin.index ? trans.__('from %1', pin.index) : '',
    pin.size === null
      ? trans.__('not for this platform')
      : pin.instantiated
        ? trans.__('on this machine')
        : trans.__('not fetched yet')
  ];
  return (
    <div className="jp-pyartifacts-details">
      <div className="jp-pyartifacts-muted">
        {facts.filter(Boolean).join(' · ')}
      </div>
      {pin.marker && (
        <div>
          {trans.__('only where')} <code>{pin.marker}</code>
        </div>
      )}
      {newer && <Newer row={newer} />}
      <dl>
        <dt>{trans.__('Why')}</dt>
        <dd>
          {pin.direct && <div>{trans.__('You asked for it.')}</div>}
          {pin.kernel && <div>{trans.__('The kernel itself needs it.')}</div>}
          {reasons.length > 0 && <Reasons reasons={reasons} />}
        </dd>
        {pin.dependencies.length > 0 && (
          <>
            <dt>{trans.__('Needs')}</dt>
            <dd>{pin.dependencies.join(', ')}</dd>
          </>
        )}
      </dl>
      <div className="jp-pyartifacts-buttons">
        <button
          className="jp-pyartifacts-button"
          aria-label={trans.__('Upgrade %1', pin.name)}
          {...press(
            () =>
              void actions.propose(packages, {
                verb: 'upgrade',
                arguments: [pin.name]
              }),
            isBusy
          )}
        >
          {trans.__('Upgrade')}
        </button>
        <button
          className="jp-pyartifacts-button"
          aria-label={trans.__('Choose a version of %1', pin.name)}
          {...press(
            () => void actions.pickVersion(packages, pin.name),
            isBusy
          )}
        >
          {trans.__('Choose version…')}
        </button>
        {pin.direct && (
          <button
            className="jp-pyartifacts-button"
            aria-label={trans.__('Remove %1', pin.name)}
            {...press(
              () =>
                void actions.propose(packages, {
                  verb: 'remove',
                  arguments: [pin.name]
                }),
              isBusy
            )}
          >
            {trans.__('Remove')}
          </button>
        )}
      </div>
    </div>
  );
}

/** The line of a pin, with a button that opens its details and one that upgrades it. */
export const PinRow = React.memo(function PinRow(props: IProps): JSX.Element {
  const { packages, pin, typed, newer, isChecked } = props;
  const { isOpen, isFocusable, isBusy } = props;
  const { trans, actions } = useView();
  const Caret = isOpen ? caretDownIcon : caretRightIcon;
  const compatible =
    newer?.compatible && newer.compatible !== pin.version
      ? newer.compatible
      : null;
  const waiting =
    !compatible && newer?.latest && newer.latest !== pin.version
      ? newer.latest
      : null;
  return (
    <li
      className={`jp-pyartifacts-pin${pin.size === null ? ' jp-mod-elsewhere' : ''}`}
      data-name={pin.name}
    >
      <div className="jp-pyartifacts-pin-line">
        <button
          className="jp-pyartifacts-pin-main"
          aria-expanded={isOpen}
          tabIndex={isFocusable ? 0 : -1}
          onClick={() => props.onToggle(pin.name)}
          onFocus={() => props.onFocus(pin.name)}
          title={`${pin.name}${typed ? ` ${typed}` : ''} ${pin.version}`}
        >
          <Caret.react tag="span" className="jp-pyartifacts-caret" />
          <span className="jp-pyartifacts-pin-name">
            {pin.name}
            {typed && <span className="jp-pyartifacts-typed"> {typed}</span>}
          </span>
          {newer?.yanked && (
            <span className="jp-pyartifacts-tag jp-mod-warn">
              {trans.__('yanked')}
            </span>
          )}
          <span className="jp-pyartifacts-pin-version">{pin.version}</span>
          <span className="jp-pyartifacts-pin-size">
            {pin.size === null ? '–' : formatBytes(pin.size)}
          </span>
        </button>
        {isChecked && (
          <span className="jp-pyartifacts-pin-newer">
            {compatible && (
              <button
                className="jp-pyartifacts-newer"
                tabIndex={isFocusable ? 0 : -1}
                aria-label={trans.__('Upgrade %1 to %2', pin.name, compatible)}
                title={trans.__('Upgrade %1 to %2', pin.name, compatible)}
                {...press(
                  () =>
                    void actions.propose(packages, {
                      verb: 'upgrade',
                      arguments: [pin.name]
                    }),
                  isBusy
                )}
              >
                ↑ {compatible}
              </button>
            )}
            {waiting && (
              <span
                className="jp-pyartifacts-waiting"
                title={trans.__(
                  '%1 is the newest, but does not fit your other requirements',
                  waiting
                )}
              >
                {waiting}
              </span>
            )}
          </span>
        )}
      </div>
      {isOpen && <Details {...props} />}
    </li>
  );
});
