/** The change that a page has asked for and not yet put into its document, kept over a reload. */

const PREFIX = 'jupyter-pyartifacts:change:';

/** Remember the job that makes a notebook's next lock; null forgets it. */
export function rememberChange(path: string, job: string | null): void {
  try {
    if (job === null) {
      sessionStorage.removeItem(PREFIX + path);
    } else {
      sessionStorage.setItem(PREFIX + path, job);
    }
  } catch {
    // A browser that keeps nothing: then a reload in the middle of a change loses it.
  }
}

/** Return the job that this page, before it was reloaded, had asked for; null if none. */
export function rememberedChange(path: string): string | null {
  try {
    return sessionStorage.getItem(PREFIX + path);
  } catch {
    return null;
  }
}
