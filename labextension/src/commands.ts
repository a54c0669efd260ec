/** The commands: in the palette, on the notebook's toolbar, for shortcuts. */
import { JupyterFrontEnd } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';

import { IActions } from './context';
import { CurrentPackages } from './current';
import { packagesIcon } from './icons';
import { NotebookPackages } from './packages';
import { Sidebar } from './sidebar';

/** The names of the commands. */
export const CommandIDs = {
  show: 'pyartifacts:show-sidebar',
  add: 'pyartifacts:add',
  upgrade: 'pyartifacts:upgrade',
  outdated: 'pyartifacts:outdated',
  undo: 'pyartifacts:undo',
  verify: 'pyartifacts:verify',
  trust: 'pyartifacts:trust',
  restart: 'pyartifacts:restart'
} as const;

interface IParts {
  current: CurrentPackages;
  actions: IActions;
  sidebar: Sidebar;
  trans: TranslationBundle;
}

/** Register all commands, and list them in the palette if there is one. */
export function registerCommands(
  app: JupyterFrontEnd,
  { current, actions, sidebar, trans }: IParts,
  palette: ICommandPalette | null
): void {
  const { commands, shell } = app;

  const show = (): void => shell.activateById(sidebar.id);

  const addCommand = (
    id: string,
    label: string,
    run: (packages: NotebookPackages) => unknown,
    isEnabled: (packages: NotebookPackages) => boolean = () => true
  ): void => {
    commands.addCommand(id, {
      label,
      isEnabled: () => {
        const { packages } = current;
        return packages !== null && isEnabled(packages);
      },
      execute: async () => {
        if (current.packages) {
          show();
          await run(current.packages);
        }
      }
    });
  };

  commands.addCommand(CommandIDs.show, {
    label: args =>
      args.toolbar ? '' : trans.__('Show the Packages of This Notebook'),
    caption: trans.__("Show this notebook's packages"),
    icon: args => (args.toolbar ? packagesIcon : undefined),
    execute: show
  });
  const isFree = (packages: NotebookPackages): boolean =>
    packages.activity === null && !packages.needsTrust;
  const isLocked = (packages: NotebookPackages): boolean =>
    packages.activity === null && !!packages.state?.digest;
  const isOwn = (packages: NotebookPackages): boolean =>
    isFree(packages) && isLocked(packages);

  addCommand(
    CommandIDs.add,
    trans.__('Add a Package to This Notebook…'),
    () => sidebar.focusNext('add'),
    isFree
  );
  addCommand(
    CommandIDs.upgrade,
    trans.__('Upgrade All Packages of This Notebook…'),
    packages =>
      actions.propose(packages, { verb: 'upgrade', arguments: [] }),
    isOwn
  );
  addCommand(
    CommandIDs.outdated,
    trans.__('Check for Newer Packages'),
    packages => packages.checkOutdated(),
    isLocked
  );
  addCommand(
    CommandIDs.undo,
    trans.__('Undo the Last Change of Packages…'),
    packages => actions.propose(packages, { verb: 'undo', arguments: [] }),
    packages => isOwn(packages) && !!packages.state?.history.length
  );
  addCommand(
    CommandIDs.verify,
    trans.__('Verify the Files of This Notebook’s Packages'),
    packages => packages.tend('verify'),
    isOwn
  );
  addCommand(
    CommandIDs.trust,
    trans.__('Trust the Packages of This Notebook…'),
    packages => actions.trust(packages),
    packages => packages.needsTrust
  );
  addCommand(
    CommandIDs.restart,
    trans.__('Restart the Kernel With This Notebook’s Packages…'),
    packages => actions.restart(packages)
  );

  if (palette) {
    const category = trans.__('Notebook Packages');
    for (const command of Object.values(CommandIDs)) {
      palette.addItem({ command, category });
    }
  }
  current.changed.connect(() => commands.notifyCommandChanged());
}
