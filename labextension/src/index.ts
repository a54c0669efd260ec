import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';

import { receiveLocks } from './model';

/**
 * Puts the lock that a kernel sends into its notebook. No user interface.
 *
 * The tracker is optional: Notebook 7 has pages without one.
 */
const plugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-pyartifacts:lock',
  description: "Puts the lock that a kernel sends into the notebook's metadata.",
  autoStart: true,
  optional: [INotebookTracker],
  activate: (_: JupyterFrontEnd, tracker: INotebookTracker | null): void => {
    tracker?.forEach(receiveLocks);
    tracker?.widgetAdded.connect((_, panel) => receiveLocks(panel));
  }
};

export default plugin;
