/** How sizes, dates and progress are written. */
import { TranslationBundle } from '@jupyterlab/translation';

import { IProgress } from './shapes';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** Write a number of bytes with a decimal unit: `14.5 MB`. */
export function formatBytes(bytes: number): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && value < 99.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** Write the day of an ISO date or time as it is usual here; the text itself if it is none. */
export function formatDay(text: string): string {
  const date = new Date(text);
  return Number.isNaN(date.getTime())
    ? text
    : date.toLocaleDateString(undefined, { dateStyle: 'medium' });
}

/** Write an ISO time with day and minute. */
export function formatTime(text: string): string {
  const date = new Date(text);
  return Number.isNaN(date.getTime())
    ? text
    : date.toLocaleString(undefined, {
        dateStyle: 'medium',
        timeStyle: 'short'
      });
}

/** Write how long something takes already: `12 s`, `2 min 05 s`; nothing in its first second. */
export function formatElapsed(
  trans: TranslationBundle,
  elapsed: number | null
): string {
  const seconds = Math.floor(elapsed ?? 0);
  if (seconds < 1) {
    return '';
  }
  return seconds < 60
    ? trans.__('%1 s', seconds)
    : trans.__(
        '%1 min %2 s',
        Math.floor(seconds / 60),
        String(seconds % 60).padStart(2, '0')
      );
}

/** Return how far something is, from 0 to 1; null where the end is unknown. */
export function fractionOf(progress: IProgress | null): number | null {
  if (!progress || progress.done === null || !progress.total) {
    return null;
  }
  return Math.min(1, Math.max(0, progress.done / progress.total));
}

/** Say what is being done just now. */
export function stageText(
  trans: TranslationBundle,
  progress: IProgress | null
): string {
  switch (progress?.stage) {
    case 'resolve':
      return trans.__('Resolving');
    case 'metadata':
      return trans.__('Reading metadata');
    case 'download':
      return trans.__('Downloading');
    case 'extract':
      return trans.__('Unpacking');
    case 'view':
      return trans.__('Assembling');
    case 'compile':
      return trans.__('Compiling');
    case 'verify':
      return trans.__('Checking files');
    case 'gc':
      return trans.__('Sweeping the store');
    case undefined:
    case null:
      return trans.__('Starting');
    default:
      return progress?.stage ?? '';
  }
}

/** Write the numbers of a progress: `12.0 of 99.1 MB, 3 of 36 packages`. */
export function progressNumbers(
  trans: TranslationBundle,
  progress: IProgress | null
): string {
  if (!progress || progress.done === null) {
    return '';
  }
  const { done, total, unit } = progress;
  const parts: string[] = [];
  if (unit === 'bytes') {
    parts.push(
      total
        ? trans.__('%1 of %2', formatBytes(done), formatBytes(total))
        : formatBytes(done)
    );
  } else if (unit === 'files') {
    parts.push(
      total
        ? trans.__('%1 of %2 files', done, total)
        : trans.__('%1 files', done)
    );
  } else if (total) {
    parts.push(packagesOf(trans, done, total));
  } else if (done) {
    parts.push(trans._n('%1 package', '%1 packages', done));
  }
  const { distributions_done, distributions_total } = progress;
  if (unit !== 'distributions' && distributions_total) {
    parts.push(packagesOf(trans, distributions_done ?? 0, distributions_total));
  }
  return parts.join(' · ');
}

function packagesOf(
  trans: TranslationBundle,
  done: number,
  total: number
): string {
  return trans._n('%2 of %1 package', '%2 of %1 packages', total, done);
}
