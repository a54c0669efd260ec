/** The server's progress events, as far as they are ours. */
import { Event } from '@jupyterlab/services';
import { ISignal, Signal } from '@lumino/signaling';

import { IProgressEvent } from './shapes';

const SCHEMA = /pyartifacts.*\/progress$/;

/**
 * What the server says about work on notebooks and their kernels.
 *
 * The stream is server-wide: it tells of notebooks of other pages as well.
 */
export class ProgressFeed {
  constructor(manager: Event.IManager) {
    manager.stream.connect((_, emission) => {
      if (SCHEMA.test(emission.schema_id)) {
        this._heard.emit(emission as unknown as IProgressEvent);
      }
    });
  }

  get heard(): ISignal<this, IProgressEvent> {
    return this._heard;
  }

  /** Wait until a job has ended, as far as is heard; not longer than so many milliseconds. */
  ended(job: string, timeout: number): Promise<void> {
    return new Promise(resolve => {
      const finish = (): void => {
        clearTimeout(timer);
        this._heard.disconnect(listen);
        resolve();
      };
      const listen = (_: unknown, event: IProgressEvent): void => {
        if (event.job === job && event.state !== 'running') {
          finish();
        }
      };
      const timer = setTimeout(finish, timeout);
      this._heard.connect(listen);
    });
  }

  private _heard = new Signal<this, IProgressEvent>(this);
}
