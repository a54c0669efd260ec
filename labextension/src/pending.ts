/** The change that a page has asked for and not yet put into its document, kept over a reload. */
import { IChangeRequest } from './shapes';

const PREFIX = 'jupyter-pyartifacts:change:';

/** A change, and the job of the server that makes it. */
export interface IPendingChange {
  job: string;
  change: IChangeRequest;
}

/** Remember the job that makes a notebook's next lock; null forgets it. */
export function rememberChange(
  path: string,
  pending: IPendingChange | null
): void {
  try {
    if (pending === null) {
      sessionStorage.removeItem(PREFIX + path);
    } else {
      sessionStorage.setItem(PREFIX + path, JSON.stringify(pending));
    }
  } catch {
    // A browser that keeps nothing: then a reload in the middle of a change loses it.
  }
}

/** Return what this page, before it was reloaded, had asked for; null if nothing. */
export function rememberedChange(path: string): IPendingChange | null {
  try {
    const text = sessionStorage.getItem(PREFIX + path);
    const pending = text && (JSON.parse(text) as Partial<IPendingChange>);
    return pending && pending.job && pending.change
      ? { job: pending.job, change: pending.change }
      : null;
  } catch {
    return null;
  }
}
