/** How verbs and their outcomes are said. */
import { TranslationBundle } from '@jupyterlab/translation';

import { formatBytes } from './format';
import { IChange, IChangeRequest, IJobResult } from './shapes';

/** Say what is going on. */
export function activityTitle(trans: TranslationBundle, verb: string): string {
  switch (verb) {
    case 'add':
      return trans.__('Adding packages');
    case 'remove':
      return trans.__('Removing packages');
    case 'upgrade':
      return trans.__('Upgrading packages');
    case 'undo':
      return trans.__('Taking the last change back');
    case 'lock':
    case 'python':
      return trans.__('Locking again');
    case 'plan':
      return trans.__('Working out what changes');
    case 'versions':
      return trans.__('Asking the index for versions');
    case 'instantiate':
      return trans.__('Fetching packages');
    case 'verify':
      return trans.__('Checking every file');
    case 'gc':
      return trans.__('Cleaning up the store');
    case 'kernel':
      return trans.__("Preparing this notebook's kernel");
    default:
      return verb;
  }
}

/** Say what could not be done. */
export function problemTitle(trans: TranslationBundle, what: string): string {
  switch (what) {
    case 'state':
      return trans.__('The packages of this notebook cannot be read');
    case 'outdated':
    case 'versions':
      return trans.__('Versions cannot be looked up');
    case 'trust':
      return trans.__('The lock was not approved');
    case 'cancel':
      return trans.__('It could not be stopped');
    case 'restart':
      return trans.__('The kernel could not be restarted');
    case 'gc':
      return trans.__('The store was not cleaned up');
    case 'verify':
      return trans.__('The files could not be checked');
    case 'instantiate':
      return trans.__('The packages could not be fetched');
    default:
      return trans.__('Nothing was changed');
  }
}

/** Say in a line what a change asks for. */
export function changeTitle(
  trans: TranslationBundle,
  { verb, arguments: names }: IChangeRequest
): string {
  const list = names.join(', ');
  switch (verb) {
    case 'add':
      return trans.__('Add %1', list);
    case 'remove':
      return trans.__('Remove %1', list);
    case 'upgrade':
      return names.length
        ? trans.__('Upgrade %1', list)
        : trans.__('Upgrade all packages');
    case 'undo':
      return trans.__('Undo the last change');
    case 'python':
      return trans.__('Lock for Python %1', list);
    case 'lock':
      return trans.__('Lock again');
  }
}

/** Return the word on the button that makes a change. */
export function changeButton(
  trans: TranslationBundle,
  { verb }: IChangeRequest
): string {
  switch (verb) {
    case 'add':
      return trans.__('Add');
    case 'remove':
      return trans.__('Remove');
    case 'upgrade':
      return trans.__('Upgrade');
    case 'undo':
      return trans.__('Undo');
    default:
      return trans.__('Lock');
  }
}

/** Count changes: `2 added, 1 changed, 1 removed`. */
export function countChanges(
  trans: TranslationBundle,
  changes: readonly IChange[]
): string {
  const added = changes.filter(each => each.before === null).length;
  const removed = changes.filter(each => each.after === null).length;
  const changed = changes.length - added - removed;
  const parts = [
    added ? trans.__('%1 added', added) : '',
    changed ? trans.__('%1 changed', changed) : '',
    removed ? trans.__('%1 removed', removed) : ''
  ].filter(Boolean);
  return parts.length ? parts.join(', ') : trans.__('nothing changes');
}

/** Say what something came to that is done. */
export function outcome(
  trans: TranslationBundle,
  verb: string,
  result: IJobResult | null
): string {
  switch (verb) {
    case 'instantiate':
      return trans.__('All packages are here.');
    case 'verify':
      return result?.damaged?.length
        ? trans.__(
            '%1 files checked, %2 were damaged, %3 repaired.',
            result.files ?? 0,
            result.damaged.length,
            result.repaired?.length ?? 0
          )
        : trans.__('%1 files checked, all are right.', result?.files ?? 0);
    case 'gc':
      return trans.__(
        '%1 things removed, %2 freed.',
        result?.removed?.length ?? 0,
        formatBytes(result?.size ?? 0)
      );
    default:
      return trans.__('Done: %1.', countChanges(trans, result?.changes ?? []));
  }
}
