/** The work that goes on for one notebook: in jobs of this page, of others, in a kernel's start. */
import { ISignal, Signal } from '@lumino/signaling';

import { Api, RequestError } from './api';
import { ProgressFeed } from './feed';
import { IFailure, IJob, IProgress, IProgressEvent } from './shapes';

/** Milliseconds between two looks at a job of which nothing is heard. */
const POLL = 1500;

/** What is shown of the work that goes on. `id` is null before the server has named it. */
export interface IActivity {
  id: string | null;
  verb: string;
  progress: IProgress | null;
  /** Seconds that it has taken so far, as far as the server has said. */
  elapsed: number | null;
  cancelling: boolean;
  canCancel: boolean;
}

/** What tries something again. */
export type Retry = () => Promise<unknown>;

/** Something that failed, and how to try it again. */
export interface IProblem {
  failure: IFailure;
  what: string;
  retry: Retry | null;
}

/** One thing at a time, with progress; the work of others is shown where this page does nothing. */
export class Work {
  constructor(
    private readonly _api: Api,
    private readonly _feed: ProgressFeed
  ) {}

  /** What goes on has moved, begun or ended. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** What goes on, null if nothing does. */
  get activity(): IActivity | null {
    return this._activity;
  }

  /** Tell whether this page looks after a job. */
  owns(job: string | null): boolean {
    return job !== null && this._own.has(job);
  }

  /** Wait for an answer that takes a moment, and show that; null if nobody wants it any more. */
  async ask<T>(
    verb: string,
    ask: (signal: AbortSignal) => Promise<T>
  ): Promise<T | null> {
    const asked = new AbortController();
    const activity = { ...begun(verb), canCancel: true };
    this._asked = asked;
    this._show(activity);
    try {
      return await ask(asked.signal);
    } catch (reason) {
      if (asked.signal.aborted) {
        return null;
      }
      throw reason;
    } finally {
      if (this._asked === asked) {
        this._asked = null;
      }
      if (this._activity === activity) {
        this._show(null);
      }
    }
  }

  /** Start a job and follow it; return it once it has ended and `finish` is through. */
  async run(
    verb: string,
    start: () => Promise<IJob>,
    finish: (job: IJob) => Promise<void>
  ): Promise<IJob> {
    this._show(begun(verb));
    try {
      let job = await start();
      this._own.add(job.id);
      while (job.state === 'running') {
        this._move(job);
        await this._feed.ended(job.id, POLL);
        job = await this._api.job(job.id);
      }
      await finish(job);
      return job;
    } finally {
      this._show(null);
    }
  }

  /** Ask that what goes on stops; what was fetched stays. */
  async cancel(): Promise<void> {
    this._asked?.abort();
    const id = this._activity?.id;
    if (!this._activity || !id) {
      return;
    }
    this._show({ ...this._activity, cancelling: true });
    try {
      await this._api.cancel(id);
    } catch (reason) {
      // It may have ended a moment before.
      if (!(reason instanceof RequestError && reason.status === 404)) {
        throw reason;
      }
    }
  }

  /** Show what the server says is going on, and no longer what has ended. */
  adopt(jobs: readonly IJob[]): void {
    const running = jobs.filter(job => job.state === 'running');
    const shown = this._activity?.id ?? null;
    if (shown && !this.owns(shown) && !running.some(job => job.id === shown)) {
      this._show(null);
    }
    const other = running.find(job => !this.owns(job.id));
    if (other && !this._activity) {
      const { id, verb, progress, elapsed } = other;
      this._show({ ...begun(verb), id, progress, elapsed, canCancel: true });
    }
  }

  /** Hear of a job on this notebook; tell whether one of others has ended. */
  hear(event: IProgressEvent): boolean {
    const { job: id, verb, elapsed } = event;
    const shown = this._activity;
    if (event.state === 'running') {
      if (!shown) {
        const activity = { ...begun(verb), id, elapsed, canCancel: true };
        this._show({ ...activity, progress: event });
      } else if (shown.id === id) {
        this._show({ ...shown, elapsed, progress: event });
      }
      return false;
    }
    if (this.owns(id)) {
      return false;
    }
    if (shown && shown.id === id) {
      this._show(null);
    }
    return true;
  }

  private _move({ id, progress, elapsed }: IJob): void {
    if (this._activity) {
      this._show({
        ...this._activity,
        id,
        elapsed,
        canCancel: true,
        progress: progress ?? this._activity.progress
      });
    }
  }

  private _show(activity: IActivity | null): void {
    this._activity = activity;
    this._changed.emit();
  }

  private _activity: IActivity | null = null;
  private _asked: AbortController | null = null;
  private readonly _own = new Set<string>();
  private readonly _changed = new Signal<this, void>(this);
}

/** Return what is shown of work before anything is heard of it. */
function begun(verb: string): IActivity {
  const unknown = { id: null, progress: null, elapsed: null };
  return { ...unknown, verb, cancelling: false, canCancel: false };
}
