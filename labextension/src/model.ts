import { NotebookPanel } from '@jupyterlab/notebook';
import { Kernel, KernelMessage } from '@jupyterlab/services';
import {
  JSONExt,
  PartialJSONObject,
  PartialJSONValue
} from '@lumino/coreutils';

import { NotebookDocument } from './document';

/** The comm target that the kernel opens after each change of the lock. */
export const COMM_TARGET = 'pyartifacts.lock';

/** The type under which the same message travels in a display message. */
export const MIME_TYPE = 'application/vnd.pyartifacts.lock+json';

/** How long a save waits for the rest of the cell's output, in milliseconds. */
const OUTPUT_GRACE = 2000;

/** What the kernel says of its lock: the whole of it, or null for none. */
interface ILockMessage {
  lock: PartialJSONObject | null;
}

/**
 * Read what the kernel sent; undefined if it is no lock message.
 */
function parseLockMessage(
  data: PartialJSONValue | undefined
): ILockMessage | undefined {
  if (data === undefined || !JSONExt.isObject(data)) {
    return undefined;
  }
  const { lock } = data;
  if (lock === null) {
    return { lock };
  }
  return lock !== undefined && JSONExt.isObject(lock) ? { lock } : undefined;
}

/** The header of the request that a message answers; a thread may have none. */
function parentOf(
  message: KernelMessage.IMessage
): Partial<KernelMessage.IHeader> {
  return message.parent_header;
}

/**
 * Tell whether this page sent the request that a message answers.
 *
 * The same notebook may be open in a second browser tab. That one shows the
 * lock too, but only one of them may save, or the other meets "File Changed".
 * A console of this page has a connection of its own to the notebook's kernel.
 */
function isOurs(
  kernel: Kernel.IKernelConnection | null | undefined,
  message: KernelMessage.IMessage,
  isConsole: (session: string) => boolean
): boolean {
  const { session } = parentOf(message);
  return (
    session === undefined ||
    session === kernel?.clientId ||
    isConsole(session)
  );
}

/**
 * Wait until the request that a message answers is done, but not for long.
 *
 * What is saved then has the cell's whole output, not a half-drawn progress bar.
 */
function requestDone(
  session: NotebookPanel['sessionContext'],
  message: KernelMessage.IMessage
): Promise<void> {
  const request = parentOf(message).msg_id;
  return new Promise(resolve => {
    const watch = (_: unknown, each: KernelMessage.IMessage): void => {
      if (
        KernelMessage.isStatusMsg(each) &&
        each.content.execution_state === 'idle' &&
        parentOf(each).msg_id === request
      ) {
        finish();
      }
    };
    const timer = setTimeout(finish, OUTPUT_GRACE);
    session.iopubMessage.connect(watch);
    function finish(): void {
      clearTimeout(timer);
      session.iopubMessage.disconnect(watch);
      resolve();
    }
  });
}

/**
 * Take the locks that the kernel of `panel` sends, whichever kernel that is.
 *
 * `isConsole` tells whether a session is that of one of this page's consoles.
 */
export function receiveLocks(
  panel: NotebookPanel,
  isConsole: (session: string) => boolean
): void {
  const { context, sessionContext } = panel;
  const document = NotebookDocument.of(panel);

  const receive = async (
    data: PartialJSONValue | undefined,
    message: KernelMessage.IMessage
  ): Promise<void> => {
    const received = parseLockMessage(data);
    if (!received) {
      console.warn('jupyter-pyartifacts: not a lock message', data);
      return;
    }
    const ours = isOurs(
      sessionContext.session?.kernel,
      message,
      isConsole
    );
    await context.ready;
    if (!context.isDisposed && document.writeLock(received.lock) && ours) {
      void document.save(requestDone(sessionContext, message));
    }
  };

  const registerTarget = (kernel: Kernel.IKernelConnection | null): void => {
    kernel?.registerCommTarget(COMM_TARGET, (_, message) => {
      void receive(message.content.data as PartialJSONValue, message);
    });
  };

  registerTarget(sessionContext.session?.kernel ?? null);
  sessionContext.kernelChanged.connect((_, { newValue }) =>
    registerTarget(newValue)
  );
  sessionContext.iopubMessage.connect((_, message) => {
    if (KernelMessage.isDisplayDataMsg(message)) {
      const data = message.content.data[MIME_TYPE];
      if (data !== undefined) {
        void receive(data as PartialJSONValue, message);
      }
    }
  });
}
