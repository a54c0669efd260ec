/** An open notebook as the place where its lock lies. */
import { NotebookPanel } from '@jupyterlab/notebook';
import {
  JSONExt,
  PartialJSONObject,
  PartialJSONValue
} from '@lumino/coreutils';
import { ISignal, Signal } from '@lumino/signaling';

import { ITarget } from './api';
import { LockDocument } from './shapes';

/** Where the lock lives in the notebook's metadata. */
export const METADATA_KEY = 'pyartifacts';

/**
 * The lock in an open notebook's metadata.
 *
 * The document model carries every change, so that real-time collaboration sees it, no dialog
 * about a changed file comes up, and the undo of cell edits leaves it alone.
 */
export class NotebookDocument {
  /** Return the one of a panel; there is only ever one, so that saves stay in line. */
  static of(panel: NotebookPanel): NotebookDocument {
    let document = NotebookDocument._known.get(panel);
    if (!document) {
      document = new NotebookDocument(panel);
      NotebookDocument._known.set(panel, document);
    }
    return document;
  }

  private constructor(readonly panel: NotebookPanel) {
    const { context } = panel;
    context.pathChanged.connect(() => this._pathChanged.emit());
    void context.ready.then(() => {
      if (!context.isDisposed) {
        context.model.metadataChanged.connect((_, change) => {
          if (change.key === METADATA_KEY) {
            this._lockChanged.emit();
          }
        });
      }
    });
  }

  /** The lock was set, replaced or taken out, by whomever. */
  get lockChanged(): ISignal<this, void> {
    return this._lockChanged;
  }

  /** The notebook was renamed or moved. */
  get pathChanged(): ISignal<this, void> {
    return this._pathChanged;
  }

  /** The contents manager's path, without the name of a drive. */
  get path(): string {
    return this.panel.context.localPath;
  }

  /** Whether the notebook says that its kernel runs another language. */
  get isForeign(): boolean {
    const { model } = this.panel.context;
    const spec = model.getMetadata('kernelspec') as { language?: string } | null;
    const info = model.getMetadata('language_info') as { name?: string } | null;
    const language = spec?.language ?? info?.name;
    return !!language && !/python/i.test(language);
  }

  /** Whether the file may be written. */
  get writable(): boolean {
    return this.panel.context.contentsModel?.writable !== false;
  }

  get isDisposed(): boolean {
    return this.panel.context.isDisposed;
  }

  /** The lock as it is in the document now; what is no object is given as it is. */
  get lock(): LockDocument {
    const lock = this.panel.context.model.getMetadata(METADATA_KEY);
    return lock === undefined ? null : (lock as PartialJSONObject);
  }

  /** What a request about this notebook carries. */
  get target(): ITarget {
    return { path: this.path, lock: this.lock };
  }

  /** Write the lock into the model; tell whether that changed anything. */
  writeLock(lock: LockDocument): boolean {
    const model = this.panel.context.model;
    const current = model.getMetadata(METADATA_KEY) as PartialJSONValue;
    if (lock === null) {
      if (current === undefined) {
        return false;
      }
      model.deleteMetadata(METADATA_KEY);
      return true;
    }
    if (current !== undefined && JSONExt.deepEqual(current, lock)) {
      return false;
    }
    model.setMetadata(METADATA_KEY, lock);
    return true;
  }

  /**
   * Save once `settled` has come true. One save after the other: two at once look like a foreign
   * change.
   */
  save(settled: Promise<void> = Promise.resolve()): Promise<void> {
    this._saving = this._saving.then(async () => {
      await settled;
      if (this.isDisposed || !this.writable) {
        return;
      }
      try {
        await this.panel.context.save();
      } catch (reason) {
        // The document context has shown the reason already.
        console.warn('jupyter-pyartifacts: the lock is not saved yet', reason);
      }
    });
    return this._saving;
  }

  private static _known = new WeakMap<NotebookPanel, NotebookDocument>();
  private _saving = Promise.resolve();
  private _lockChanged = new Signal<this, void>(this);
  private _pathChanged = new Signal<this, void>(this);
}
