/** The packages of one open notebook: what the views show and what they can ask for. */
import { ISessionContext } from '@jupyterlab/apputils';
import { Kernel } from '@jupyterlab/services';
import { IDisposable } from '@lumino/disposable';
import { Debouncer } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';

import { Api, failureOf, OTHER_HALF } from './api';
import { NotebookDocument } from './document';
import { ProgressFeed } from './feed';
import { IMove, moveKernel, Restart, strongest } from './kernelmove';
import { rememberChange, rememberedChange } from './pending';
import {
  IChangeRequest,
  IFailure,
  IJob,
  IJobResult,
  INotebookState,
  IOutdatedRow,
  IPlan,
  IProgressEvent,
  IVersions
} from './shapes';
import { IActivity, IProblem, Retry, Work } from './work';

const REFRESH_DELAY = 120;

/**
 * What is known about the packages of one open notebook, and what can be done with them.
 *
 * Every change goes the same way: a job of the server makes the lock, its result is set in the
 * document and saved, and the running kernel is asked to move to it.
 */
export class NotebookPackages implements IDisposable {
  constructor(
    readonly document: NotebookDocument,
    readonly api: Api,
    feed: ProgressFeed
  ) {
    this._work = new Work(api, feed);
    this._work.changed.connect(() => this._changed.emit());
    this._refresher = new Debouncer(() => this.refresh(), REFRESH_DELAY);
    document.lockChanged.connect(this._onLockChanged, this);
    document.pathChanged.connect(this._refreshSoon, this);
    this.sessionContext.statusChanged.connect(this._onStatus, this);
    this.sessionContext.kernelChanged.connect(this._onKernelChanged, this);
    feed.heard.connect(this._onEvent, this);
    document.panel.disposed.connect(this.dispose, this);
    void document.panel.context.ready.then(() => this.refresh());
  }

  /** Something that a view shows is different now. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  state: INotebookState | null = null;
  problem: IProblem | null = null;
  /** Newer versions by name; null until somebody asks. */
  outdated: ReadonlyMap<string, IOutdatedRow> | null = null;
  isChecking = false;
  /** The verb of the last thing that was done, until somebody has seen it, and its result. */
  notice: string | null = null;
  result: IJobResult | null = null;
  notes: string[] = [];
  /** What the kernel said when it moved to the present lock. */
  move: IMove | null = null;
  isDisposed = false;

  /** What goes on, null if nothing does. */
  get activity(): IActivity | null {
    return this._work.activity;
  }

  get sessionContext(): ISessionContext {
    return this.document.panel.sessionContext;
  }

  get kernel(): Kernel.IKernelConnection | null {
    return this.sessionContext.session?.kernel ?? null;
  }

  /** Whether the lock came from somebody else and waits for an approval. */
  get needsTrust(): boolean {
    return !!this.state && this.state.digest !== null && !this.state.trusted;
  }

  /** Why nothing of this notebook's environment is there; null while it is being made. */
  get fallback(): IFailure | null {
    return this.activity?.verb === 'kernel'
      ? null
      : (this.state?.running?.fallback ?? null);
  }

  /** Whether the running kernel wants a restart, and how much. */
  get restart(): Restart | null {
    if (this.activity?.verb === 'kernel') {
      return null;
    }
    return strongest(this.state?.running?.restart, this.move?.restart);
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this.isDisposed = true;
    this._refresher.dispose();
    Signal.clearData(this);
  }

  /** Ask the server for the state of the document as it is now. */
  async refresh(): Promise<void> {
    const turn = ++this._turn;
    this._isAlone = false;
    try {
      const state = await this.api.state(this.document.target);
      if (this.isDisposed || turn !== this._turn) {
        return;
      }
      const isFirst = this.state === null;
      this.state = state;
      this._work.adopt(state.jobs);
      if (isFirst) {
        void this._deliver(state);
      }
      if (this.problem?.what === 'state') {
        this.problem = null;
      }
    } catch (reason) {
      if (this.isDisposed || turn !== this._turn) {
        return;
      }
      this._fail('state', reason, () => this.refresh());
      if (this.problem?.failure.code === OTHER_HALF) {
        // Nothing that it says can be shown, and it will not say anything else by itself.
        this.state = null;
        this._isAlone = true;
      }
    }
    this._changed.emit();
  }

  /** Ask the index what is newer. */
  async checkOutdated(): Promise<void> {
    this.isChecking = true;
    this._clear();
    try {
      const answer = await this.api.outdated(this.document.target);
      this.outdated = new Map(answer.rows.map(row => [row.name, row]));
      this.notes = answer.notes;
    } catch (reason) {
      this._fail('outdated', reason, () => this.checkOutdated());
    }
    this.isChecking = false;
    this._changed.emit();
  }

  /** Ask which versions there are; null if that fails, which is shown with `retry` then. */
  versions(name: string, retry: Retry): Promise<IVersions | null> {
    const { target } = this.document;
    return this._ask(
      'versions',
      signal => this.api.versions(target, name, signal),
      retry
    );
  }

  /** Work out what a change would do; null if that fails, which is shown with `retry` then. */
  plan(change: IChangeRequest, retry: Retry): Promise<IPlan | null> {
    const { target } = this.document;
    return this._ask(
      'plan',
      signal => this.api.plan(target, change, signal),
      retry
    );
  }

  /** Make a change that somebody has seen and wants. */
  apply(change: IChangeRequest): Promise<boolean> {
    const { target } = this.document;
    return this._change(change, () =>
      change.verb === 'undo'
        ? this.api.start('undo', target)
        : this.api.apply(target, change)
    );
  }

  /** Fetch what is missing, or hash what is here and repair it. */
  tend(verb: 'instantiate' | 'verify'): Promise<boolean> {
    return this._do(verb, () => this.api.start(verb, this.document.target));
  }

  gc(): Promise<boolean> {
    return this._do('gc', () => this.api.gc(false));
  }

  /** Approve the lock of this digest, the one that was shown, and start the kernel that waits for it. */
  async trust(digest: string | null): Promise<boolean> {
    if (!digest) {
      return false;
    }
    this._clear();
    try {
      await this.api.trust(this.document.target, digest);
    } catch (reason) {
      this._fail('trust', reason, () => this.refresh());
      this._changed.emit();
      return false;
    }
    const waits = this.fallback !== null;
    await this.refresh();
    if (waits) {
      await this.restartKernel();
    }
    return true;
  }

  /** Restart the kernel without a question. */
  async restartKernel(): Promise<void> {
    this._clear();
    this.move = null;
    this._changed.emit();
    try {
      await this.sessionContext.restartKernel();
    } catch (reason) {
      this._fail('restart', reason, () => this.restartKernel());
      this._changed.emit();
    }
  }

  /** Ask that what goes on stops; what was fetched stays. */
  async cancel(): Promise<void> {
    try {
      await this._work.cancel();
    } catch (reason) {
      this._fail('cancel', reason, null);
      this._changed.emit();
    }
  }

  dismiss(): void {
    this._clear();
    this._changed.emit();
  }

  /** Ask the server something that takes a moment, and show that it does. */
  private async _ask<T>(
    verb: string,
    ask: (signal: AbortSignal) => Promise<T>,
    retry: Retry
  ): Promise<T | null> {
    this._clear();
    try {
      return await this._work.ask(verb, ask);
    } catch (reason) {
      this._fail(verb, reason, retry);
      this._changed.emit();
      return null;
    }
  }

  /** Have a job done that makes another lock, and take it, if need be after a reload. */
  private async _change(
    change: IChangeRequest,
    start: () => Promise<IJob>
  ): Promise<boolean> {
    const { path } = this.document;
    const remembered = async (): Promise<IJob> => {
      const job = await start();
      rememberChange(path, { job: job.id, change });
      return job;
    };
    try {
      return await this._do(
        change.verb,
        remembered,
        result => this._take(result),
        // Anew: what was started before has ended, and the document may have another lock.
        () => this.apply(change)
      );
    } finally {
      rememberChange(path, null);
    }
  }

  /** Have a job done and say what came of it; tell whether it is done. */
  private async _do(
    verb: string,
    start: () => Promise<IJob>,
    finish?: (result: IJobResult) => Promise<void>,
    again: Retry = () => this._do(verb, start, finish)
  ): Promise<boolean> {
    this._clear();
    try {
      const job = await this._work.run(verb, start, async ended => {
        if (ended.state === 'done') {
          await finish?.(ended.result ?? {});
        }
      });
      if (job.state === 'done') {
        this.result = job.result ?? {};
        this.notes = [...new Set([...(this.result.notes ?? []), ...job.notes])];
        this.notice = verb;
      } else if (job.state === 'failed') {
        const failure = job.error ?? failureOf('');
        this.problem = { failure, what: verb, retry: again };
      }
      return job.state === 'done';
    } catch (reason) {
      this._fail(verb, reason, again);
      return false;
    } finally {
      this._refreshSoon();
      this._changed.emit();
    }
  }

  /** Put a new lock where it belongs: document, file, running kernel. */
  private async _take(result: IJobResult): Promise<void> {
    const lock = result.lock ?? null;
    this.outdated = null;
    if (this.isDisposed || !this.document.writeLock(lock)) {
      return;
    }
    await this.document.save();
    // Not waited for: a busy kernel moves when its turn comes.
    void this._moveKernel();
  }

  private async _moveKernel(): Promise<void> {
    const kernel = this.kernel;
    if (!kernel || this.fallback) {
      return;
    }
    try {
      const move = await moveKernel(kernel, this.document.lock);
      if (this.kernel === kernel) {
        this.move = move;
      }
    } catch {
      // The kernel went away meanwhile: the next one starts with the new lock.
    }
    this._refreshSoon();
  }

  /**
   * Take the lock that was made while this page was reloaded: by the kernel, or by a job that it
   * had asked for, whether that still goes on or not.
   */
  private async _deliver({ running }: INotebookState): Promise<void> {
    const lock = running?.undelivered;
    if (lock !== undefined && this.document.writeLock(lock)) {
      void this.document.save();
    }
    const pending = rememberedChange(this.document.path);
    const job = pending && (await this.api.job(pending.job).catch(() => null));
    if (job) {
      await this._change(pending.change, () => Promise.resolve(job));
    }
  }

  private _onEvent(_: ProgressFeed, event: IProgressEvent): void {
    const kernel = this.kernel?.id;
    const isHere =
      event.notebook === this.document.path ||
      (event.kernel_id !== null && event.kernel_id === kernel);
    if (isHere && this._work.hear(event)) {
      this._refreshSoon();
    }
  }

  private _onLockChanged(): void {
    this.outdated = null;
    this._refreshSoon();
  }

  private _onKernelChanged(): void {
    this.move = null;
    this._refreshSoon();
  }

  private _onStatus(_: ISessionContext, status: Kernel.Status): void {
    if (status === 'restarting' || status === 'autorestarting') {
      this.move = null;
    }
    // Between two cells a kernel is idle, too: that is news only where it differs from the lock,
    // as a cell may have loaded what it should not.
    const news =
      status !== this._status && status !== 'busy' && this._status !== 'busy';
    const differs = status === 'idle' && this.restart !== null;
    this._status = status;
    if (news || differs) {
      this._refreshSoon();
    }
  }

  private _refreshSoon(): void {
    if (!this.isDisposed && !this._isAlone) {
      void this._refresher.invoke().catch(() => undefined);
    }
  }

  private _clear(): void {
    this.problem = null;
    this.notice = null;
    this.notes = [];
  }

  private _fail(what: string, reason: unknown, retry: Retry | null): void {
    this.problem = { failure: failureOf(reason), what, retry };
  }

  private readonly _work: Work;
  private readonly _refresher: Debouncer;
  private _status: Kernel.Status | null = null;
  private _turn = 0;
  private _isAlone = false;
  private _changed = new Signal<this, void>(this);
}
