/** What every view of the sidebar needs: words, and what its buttons do. */
import { TranslationBundle } from '@jupyterlab/translation';
import { createContext, useContext } from 'react';

import { NotebookPackages } from './packages';
import { IChangeRequest } from './shapes';

/** What buttons ask for; each shows its own dialogs. */
export interface IActions {
  /** Show what a change would do and make it if wanted; tells whether it was made. */
  propose(packages: NotebookPackages, change: IChangeRequest): Promise<boolean>;
  /** Let a version of a distribution be picked, then propose it. */
  pickVersion(packages: NotebookPackages, name: string): Promise<void>;
  /** Ask for another Python, then propose to lock for it. */
  choosePython(packages: NotebookPackages): Promise<void>;
  /** Restart the kernel after Lab's own question. */
  restart(packages: NotebookPackages): Promise<void>;
  /** Approve the lock after the question what that means. */
  trust(packages: NotebookPackages): Promise<void>;
}

export interface IViewContext {
  trans: TranslationBundle;
  actions: IActions;
}

export const ViewContext = createContext<IViewContext | null>(null);

/** Return the words and actions of the view that a component is in. */
export function useView(): IViewContext {
  const context = useContext(ViewContext);
  if (!context) {
    throw new Error('a component of jupyter-pyartifacts is outside its view');
  }
  return context;
}
