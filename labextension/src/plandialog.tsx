/** The dialog that shows a change before it is made. */
import { Dialog, ReactWidget, showDialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { formatBytes } from './format';
import { IChange, IChangeRequest, IPlan } from './shapes';
import { changeButton, changeTitle, countChanges } from './words';

type Kind = 'added' | 'removed' | 'changed';

const SIGNS: Record<Kind, string> = { added: '+', removed: '−', changed: '→' };

function kindOf({ before, after }: IChange): Kind {
  return before === null ? 'added' : after === null ? 'removed' : 'changed';
}

/** What the user typed first, then the rest by name. */
function ordered(changes: readonly IChange[]): IChange[] {
  return [...changes].sort(
    (a, b) =>
      Number(b.direct) - Number(a.direct) || (a.name < b.name ? -1 : 1)
  );
}

interface IProps {
  plan: IPlan;
  trans: TranslationBundle;
}

function PlanTable({ plan, trans }: IProps): JSX.Element {
  const kinds: Record<Kind, string> = {
    added: trans.__('added'),
    removed: trans.__('removed'),
    changed: trans.__('changed')
  };
  return (
    <table>
      <thead className="jp-pyartifacts-hidden">
        <tr>
          <th>{trans.__('Change')}</th>
          <th>{trans.__('Package')}</th>
          <th>{trans.__('Before')}</th>
          <th>{trans.__('After')}</th>
        </tr>
      </thead>
      <tbody>
        {ordered(plan.changes).map(change => {
          const kind = kindOf(change);
          return (
            <tr key={change.name} className={`jp-mod-${kind}`}>
              <td>
                <span
                  className="jp-pyartifacts-sign"
                  role="img"
                  aria-label={kinds[kind]}
                >
                  {SIGNS[kind]}
                </span>
              </td>
              <td className={change.direct ? 'jp-mod-direct' : ''}>
                {change.name}
              </td>
              <td className="jp-pyartifacts-before">{change.before}</td>
              <td>{change.after}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function PlanBody({ plan, trans }: IProps): JSX.Element {
  const { python, size_missing: missing, size } = plan;
  const isOtherPython =
    python !== null && python.before !== null && python.before !== python.after;
  return (
    <>
      <p className="jp-pyartifacts-plan-summary">
        <b>{countChanges(trans, plan.changes)}</b>
        {size > 0 && ` · ${trans.__('%1 in all', formatBytes(size))}`}
        {missing !== null &&
          plan.changes.length > 0 &&
          ` · ${
            missing
              ? trans.__('%1 to download', formatBytes(missing))
              : trans.__('nothing to download')
          }`}
      </p>
      {isOtherPython && (
        <p>
          {trans.__(
            'Python %1 → %2',
            python.before ?? '',
            python.after ?? trans.__('none')
          )}
        </p>
      )}
      {plan.changes.length > 0 && (
        <div className="jp-pyartifacts-plan-changes" tabIndex={0}>
          <PlanTable plan={plan} trans={trans} />
        </div>
      )}
      {plan.left_out.length > 0 && (
        <ul className="jp-pyartifacts-plan-notes">
          {plan.left_out.map(each => (
            <li key={each.platform}>
              {trans.__('%1 is left out: %2', each.platform, each.reason)}
            </li>
          ))}
        </ul>
      )}
      {plan.notes.length > 0 && (
        <ul className="jp-pyartifacts-plan-notes">
          {plan.notes.map(note => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
    </>
  );
}

class PlanWidget extends ReactWidget {
  constructor(private readonly _props: IProps) {
    super();
    this.addClass('jp-pyartifacts-plan');
  }

  render(): JSX.Element {
    return <PlanBody {...this._props} />;
  }
}

/** Show what a change would do; tell whether it is wanted. */
export async function confirmPlan(
  change: IChangeRequest,
  plan: IPlan,
  trans: TranslationBundle
): Promise<boolean> {
  const isNothing =
    plan.changes.length === 0 && plan.python?.before === plan.python?.after;
  // A requirement may be another one and its pins the same: that is a change all the same.
  const buttons =
    isNothing && change.verb === 'upgrade'
      ? [Dialog.okButton({ label: trans.__('Close') })]
      : [
          Dialog.cancelButton({ label: trans.__('Cancel') }),
          Dialog.okButton({ label: changeButton(trans, change) })
        ];
  const answer = await showDialog({
    title: changeTitle(trans, change),
    body: new PlanWidget({ plan, trans }),
    buttons
  });
  return answer.button.accept && buttons.length > 1;
}
