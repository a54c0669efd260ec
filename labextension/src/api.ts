/** Typed requests to the server's REST interface. */
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { TranslationBundle } from '@jupyterlab/translation';

import {
  IApproved,
  IChangeRequest,
  ICheck,
  IFailure,
  IJob,
  INotebookState,
  IOutdated,
  IPlan,
  IStore,
  IVersions,
  LockDocument
} from './shapes';
import { VERSION } from './version';

/** The code of the failure to find the very server that belongs to this page. */
export const OTHER_HALF = 'other-half';

/** Which notebook a request is about, and the lock of the open document. */
export interface ITarget {
  path: string;
  lock: LockDocument;
}

/** A request that the server refused, or that never arrived. */
export class RequestError extends Error {
  constructor(
    readonly status: number,
    readonly failure: IFailure
  ) {
    super(failure.message);
  }
}

/** Say of anything that was thrown what a person can read. */
export function failureOf(reason: unknown): IFailure {
  if (reason instanceof RequestError) {
    return reason.failure;
  }
  const message = reason instanceof Error ? reason.message : String(reason);
  return { message, hint: null };
}

/** The requests, bound to one server. */
export class Api {
  constructor(
    private readonly _settings: ServerConnection.ISettings,
    private readonly _trans: TranslationBundle
  ) {}

  /** Ask for the state of a notebook; refuse a server of another version than this page's. */
  async state(target: ITarget): Promise<INotebookState> {
    const state = await this._post<INotebookState>('state', target);
    if (state.version !== VERSION) {
      throw new RequestError(200, this._otherHalf(state.version));
    }
    return state;
  }

  outdated(target: ITarget): Promise<IOutdated> {
    return this._post('outdated', target);
  }

  check(target: ITarget, requirement: string): Promise<ICheck> {
    return this._post('check', { ...target, requirement });
  }

  versions(
    target: ITarget,
    name: string,
    signal: AbortSignal
  ): Promise<IVersions> {
    return this._post('versions', { ...target, name }, signal);
  }

  plan(
    target: ITarget,
    change: IChangeRequest,
    signal: AbortSignal
  ): Promise<IPlan> {
    return this._post('plan', { ...target, ...change }, signal);
  }

  async apply(target: ITarget, change: IChangeRequest): Promise<IJob> {
    return (await this._post<IStarted>('apply', { ...target, ...change })).job;
  }

  async start(
    verb: 'instantiate' | 'verify' | 'undo',
    target: ITarget
  ): Promise<IJob> {
    return (await this._post<IStarted>(verb, target)).job;
  }

  async gc(dryRun: boolean): Promise<IJob> {
    return (await this._post<IStarted>('gc', { dry_run: dryRun })).job;
  }

  job(id: string): Promise<IJob> {
    return this._request(`jobs/${encodeURIComponent(id)}`, { method: 'GET' });
  }

  async cancel(id: string): Promise<void> {
    await this._request(`jobs/${encodeURIComponent(id)}`, {
      method: 'DELETE'
    });
  }

  trust(target: ITarget, digest: string): Promise<IApproved> {
    return this._post('trust', { ...target, digest });
  }

  store(): Promise<IStore> {
    return this._request('store', { method: 'GET' });
  }

  private _post<T>(
    endpoint: string,
    body: object,
    signal?: AbortSignal
  ): Promise<T> {
    return this._request(endpoint, {
      method: 'POST',
      body: JSON.stringify(body),
      signal
    });
  }

  private async _request<T>(endpoint: string, init: RequestInit): Promise<T> {
    const url = URLExt.join(this._settings.baseUrl, 'pyartifacts', endpoint);
    const response = await ServerConnection.makeRequest(
      url,
      init,
      this._settings
    );
    const text = await response.text();
    let answer: unknown;
    try {
      answer = text ? JSON.parse(text) : null;
    } catch {
      answer = null;
    }
    if (!response.ok) {
      throw new RequestError(
        response.status,
        response.status === 404 && !(answer as IRefusal | null)?.error
          ? this._otherHalf(null)
          : refusal(response, answer)
      );
    }
    return answer as T;
  }

  /** Say that the server's half is missing, or another one than this page knows. */
  private _otherHalf(version: string | null | undefined): IFailure {
    const trans = this._trans;
    return version === null
      ? {
          code: OTHER_HALF,
          message: trans.__('The server does not know of notebooks’ packages.'),
          hint: trans.__(
            'Install jupyter_pyartifacts where the server runs, or enable it there (jupyter server extension enable jupyter_pyartifacts), then restart the server.'
          )
        }
      : {
          code: OTHER_HALF,
          message: trans.__(
            'This page and the server have different versions of jupyter_pyartifacts.'
          ),
          expected: trans.__('version %1, as this page has', VERSION),
          found: version ?? trans.__('an older version'),
          hint: trans.__('Restart the server, then reload this page.')
        };
  }
}

interface IRefusal {
  message?: string;
  error?: IFailure;
}

interface IStarted {
  job: IJob;
}

/** Read what a refused request was answered with. */
function refusal(response: Response, answer: unknown): IFailure {
  const body = (answer ?? {}) as IRefusal;
  return {
    hint: null,
    ...body.error,
    message:
      body.error?.message ||
      body.message ||
      `${response.status} ${response.statusText}`
  };
}
