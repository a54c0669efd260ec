/** A running kernel's move to a lock that was made elsewhere. */
import { Kernel } from '@jupyterlab/services';
import { JSONObject } from '@lumino/coreutils';

import { LockDocument } from './shapes';

/** How much a restart is wanted. */
export type Restart = 'recommended' | 'required';

/** What loaded modules want after the move. */
export interface IMove {
  restart: Restart | null;
  stale: { name: string; loaded: string; pinned: string | null }[];
  advice: string[];
}

const ANSWER = 'pyartifacts';

/**
 * Ask a kernel to import from another lock's environment from now on.
 *
 * The magic's own code does it, silently: nothing is shown, counted or kept in the history. A
 * kernel that is busy does it when its turn comes. Null where the kernel cannot (it runs no
 * IPython, or has no magic, or the environment is not for it): a restart is what is left then.
 */
export async function moveKernel(
  kernel: Kernel.IKernelConnection,
  lock: LockDocument
): Promise<IMove | null> {
  // A JSON string is a Python string: both escape what has to be.
  const text = JSON.stringify(JSON.stringify(lock));
  const future = kernel.requestExecute({
    code: '',
    silent: true,
    store_history: false,
    allow_stdin: false,
    stop_on_error: false,
    user_expressions: {
      [ANSWER]: `get_ipython()._pyartifacts_registration.take(${text})`
    }
  });
  const { content } = await future.done;
  if (content.status !== 'ok') {
    return null;
  }
  const answer = (content.user_expressions ?? {})[ANSWER] as
    | JSONObject
    | undefined;
  if (answer?.status !== 'ok') {
    return null;
  }
  const data = answer.data as JSONObject | undefined;
  return (data?.['application/json'] as unknown as IMove) ?? null;
}

/** Return the strongest of several wishes for a restart. */
export function strongest(
  ...wishes: (Restart | null | undefined)[]
): Restart | null {
  return wishes.includes('required')
    ? 'required'
    : wishes.includes('recommended')
      ? 'recommended'
      : null;
}
