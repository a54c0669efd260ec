/** What the server's REST interface takes and answers, and what its events say. */
import { PartialJSONObject } from '@lumino/coreutils';

/** A lock as it lies in the metadata; null where the document has none. */
export type LockDocument = PartialJSONObject | null;

/** One pinned distribution; `size` in bytes, null where not for this platform. */
export interface IDistribution {
  name: string;
  version: string;
  size: number | null;
  direct: boolean;
  kernel: boolean;
  required_by: string[];
  dependencies: string[];
  marker: string | null;
  index: string | null;
  instantiated: boolean;
  kind: string;
}

/** An error of the engine, with what to do about it. */
export interface IFailure {
  message: string;
  hint: string | null;
  where?: string | null;
  expected?: string | null;
  found?: string | null;
  details?: string | null;
  code?: string | null;
}

/** A platform that the lock does not cover. */
export interface ILeftOut {
  platform: string;
  reason: string;
}

/** An index that packages come from; `projects` are those asked of it alone. */
export interface IIndex {
  name: string;
  url: string;
  projects: string[];
}

export interface IPython {
  implementation: string;
  version: string;
  in_use: {
    path: string;
    version: string;
    source: string;
    why: string;
  } | null;
  problem: string | null;
}

/** What runs in the notebook's kernel compared with what is locked. */
export interface IRunning {
  kernel_id: string;
  digest: string | null;
  fallback: IFailure | null;
  drift: { name: string; loaded: string | null; locked: string | null }[];
  restart: 'recommended' | 'required' | null;
  /** A lock that the kernel made and no save has carried yet; absent if there is none. */
  undelivered?: LockDocument;
}

/** All there is to know about one notebook without asking an index. */
export interface INotebookState {
  /** The version of the server's half; what came before it was told has none. */
  version?: string;
  path: string;
  digest: string | null;
  trusted: boolean;
  question: string | null;
  requirements: string[];
  kernel: string[];
  python: IPython | null;
  platform: string;
  platforms: string[];
  left_out: ILeftOut[];
  indexes: IIndex[];
  as_of: string | null;
  distributions: IDistribution[];
  artifacts: {
    total: number;
    present: number;
    bytes: number;
    bytes_missing: number;
  } | null;
  history: { when: string; what: string }[];
  running: IRunning | null;
  jobs: IJob[];
  notes: string[];
}

/** What is newer than one pin. */
export interface IOutdatedRow {
  name: string;
  current: string;
  compatible: string | null;
  latest: string | null;
  released: string | null;
  yanked: boolean;
  direct: boolean;
}

export interface IOutdated {
  rows: IOutdatedRow[];
  notes: string[];
}

/** Whether a requirement can be added, as far as that can be told while typing. */
export interface ICheck {
  valid: boolean;
  name: string | null;
  problem: string | null;
  hint: string | null;
  exists: boolean | null;
}

export interface IVersion {
  version: string;
  released: string | null;
  yanked: boolean;
  prerelease: boolean;
}

export interface IVersions {
  name: string;
  versions: IVersion[];
}

/** A verb that changes the lock. */
export type ChangeVerb =
  | 'add'
  | 'remove'
  | 'upgrade'
  | 'undo'
  | 'lock'
  | 'python';

/** A change that somebody asks for. */
export interface IChangeRequest {
  verb: ChangeVerb;
  arguments: string[];
  options?: {
    python?: string;
    platforms?: string[];
    indexes?: string[];
    as_of?: string;
    prereleases?: boolean;
  };
}

/** One pin before and after; null where it was not or is no more. */
export interface IChange {
  name: string;
  before: string | null;
  after: string | null;
  direct: boolean;
}

/** What a change would do; nothing is written yet. */
export interface IPlan {
  verb: string;
  digest: string | null;
  changes: IChange[];
  notes: string[];
  size: number;
  size_missing: number | null;
  python: { before: string | null; after: string | null } | null;
  platforms: string[];
  left_out: ILeftOut[];
}

export type JobState = 'running' | 'done' | 'failed' | 'cancelled';

/** How far something is; `done` and `total` count `unit`. */
export interface IProgress {
  stage: string | null;
  done: number | null;
  total: number | null;
  unit: string | null;
  item: string | null;
  distributions_done: number | null;
  distributions_total: number | null;
}

/** What a job of a changing verb results in. */
export interface IJobResult {
  lock?: LockDocument;
  digest?: string | null;
  changes?: IChange[];
  notes?: string[];
  removed?: string[];
  size?: number;
  kept?: number;
  files?: number;
  damaged?: { path: string }[];
  repaired?: string[];
}

/** Work that goes on in the server. */
export interface IJob {
  id: string;
  verb: string;
  path: string | null;
  kernel_id?: string | null;
  state: JobState;
  /** Seconds since it began. */
  elapsed: number;
  progress: IProgress | null;
  notes: string[];
  result: IJobResult | null;
  error: IFailure | null;
}

/** One event of the server's stream. */
export interface IProgressEvent extends IProgress {
  notebook: string | null;
  kernel_id: string | null;
  job: string | null;
  verb: string;
  state: JobState;
  /** Seconds since it began. */
  elapsed: number;
  message: string | null;
  hint: string | null;
}

export interface IApproved {
  digest: string;
  distributions: number;
  indexes: string[];
}

export interface IStore {
  path: string;
  size: number;
  /** What it may hold at most; null for what the disk takes. */
  quota: number | null;
  artifacts: number;
  views: number;
  free: number;
  /** The read-only layers below it. */
  layers: string[];
}
