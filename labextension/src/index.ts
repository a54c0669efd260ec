import {
  ILayoutRestorer,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  ICommandPalette,
  ISessionContextDialogs,
  SessionContextDialogs
} from '@jupyterlab/apputils';
import { IConsoleTracker } from '@jupyterlab/console';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import '../style/index.css';

import { Actions } from './actions';
import { Api } from './api';
import { CommandIDs, registerCommands } from './commands';
import { CurrentPackages } from './current';
import { ProgressFeed } from './feed';
import { receiveLocks } from './model';
import { QueuedCells } from './queued';
import { Sidebar } from './sidebar';
import { StatusItem } from './status';

/**
 * Puts the lock that a kernel sends into its notebook. No user interface.
 *
 * The tracker is optional: Notebook 7 has pages without one.
 */
const lock: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-pyartifacts:lock',
  description: "Puts the lock that a kernel sends into the notebook's metadata.",
  autoStart: true,
  optional: [INotebookTracker, IConsoleTracker],
  activate: (
    _: JupyterFrontEnd,
    tracker: INotebookTracker | null,
    consoles: IConsoleTracker | null
  ): void => {
    const isConsole = (session: string): boolean =>
      !!consoles?.find(
        each => each.sessionContext.session?.kernel?.clientId === session
      );
    tracker?.forEach(panel => receiveLocks(panel, isConsole));
    tracker?.widgetAdded.connect((_, panel) => receiveLocks(panel, isConsole));
  }
};

/** Shows the packages of the current notebook, and changes them. */
const packages: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-pyartifacts:plugin',
  description: "Shows a notebook's packages in a sidebar and changes them.",
  autoStart: true,
  optional: [
    INotebookTracker,
    IConsoleTracker,
    ICommandPalette,
    ILayoutRestorer,
    ISessionContextDialogs,
    ISettingRegistry,
    IStatusBar,
    ITranslator
  ],
  activate: async (
    app: JupyterFrontEnd,
    notebooks: INotebookTracker | null,
    consoles: IConsoleTracker | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    dialogs: ISessionContextDialogs | null,
    registry: ISettingRegistry | null,
    statusBar: IStatusBar | null,
    translator: ITranslator | null
  ): Promise<void> => {
    if (!notebooks) {
      return;
    }
    const words = translator ?? nullTranslator;
    const trans = words.load('jupyter_pyartifacts');
    const { serviceManager } = app;
    const feed = new ProgressFeed(serviceManager.events);
    const api = new Api(serviceManager.serverSettings, trans);
    const current = new CurrentPackages(
      app.shell,
      notebooks,
      consoles,
      api,
      feed
    );
    const actions = new Actions(
      dialogs ?? new SessionContextDialogs({ translator: words }),
      trans
    );
    const sidebar = new Sidebar(current, actions, trans);
    app.shell.add(sidebar, 'left', { rank: 150, type: 'Packages' });
    restorer?.add(sidebar, sidebar.id);
    registerCommands(app, { current, actions, sidebar, trans }, palette);
    notebooks.forEach(panel => new QueuedCells(panel, current.of(panel), trans));
    notebooks.widgetAdded.connect(
      (_, panel) => new QueuedCells(panel, current.of(panel), trans)
    );

    const settings = await registry?.load('jupyter-pyartifacts:plugin');
    const wants = (key: string): boolean =>
      settings?.get(key).composite !== false;
    if (statusBar && wants('statusItem')) {
      const open = (): void => void app.commands.execute(CommandIDs.show);
      statusBar.registerStatusItem('jupyter-pyartifacts:status', {
        item: new StatusItem(current, trans, open),
        align: 'left',
        rank: 90
      });
    }
    if (wants('openWhenAttentionIsNeeded')) {
      current.onAttention(() => {
        // Shown, but whoever works in the notebook goes on there.
        sidebar.focusNext('nowhere');
        app.shell.activateById(sidebar.id);
      });
    }
  }
};

export default [lock, packages];
