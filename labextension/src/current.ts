/** The notebook that the user works with, which the views follow. */
import { JupyterFrontEnd } from '@jupyterlab/application';
import { ConsolePanel, IConsoleTracker } from '@jupyterlab/console';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { ISignal, Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import { Api } from './api';
import { NotebookDocument } from './document';
import { ProgressFeed } from './feed';
import { NotebookPackages } from './packages';

/**
 * The packages of the notebook that was used last: an active notebook, or that of an active
 * console on its kernel.
 */
export class CurrentPackages {
  constructor(
    shell: JupyterFrontEnd.IShell,
    private readonly _notebooks: INotebookTracker,
    consoles: IConsoleTracker | null,
    private readonly _api: Api,
    private readonly _feed: ProgressFeed
  ) {
    _notebooks.forEach(panel => this._watch(panel));
    _notebooks.widgetAdded.connect((_, panel) => this._watch(panel));
    _notebooks.currentChanged.connect((_, panel) => this._follow(panel));
    consoles?.currentChanged.connect((_, console) => this._follow(console));
    shell.currentChanged?.connect((_, { newValue }) => this._follow(newValue));
    this._follow(_notebooks.currentWidget);
  }

  /** Another notebook is current, or none. */
  get changed(): ISignal<this, NotebookPackages | null> {
    return this._changed;
  }

  /** The current notebook's packages, null where there is no notebook. */
  get packages(): NotebookPackages | null {
    return this._packages;
  }

  /** Return the packages of an open notebook. */
  of(panel: NotebookPanel): NotebookPackages {
    let packages = this._known.get(panel);
    if (!packages) {
      const document = NotebookDocument.of(panel);
      packages = new NotebookPackages(document, this._api, this._feed);
      this._known.set(panel, packages);
    }
    return packages;
  }

  /** Call back once for each notebook whose packages wait for a decision of the user's. */
  onAttention(call: () => void): void {
    const told = new WeakSet<NotebookPackages>();
    const look = (packages: NotebookPackages): void => {
      const wants = packages.needsTrust || packages.fallback !== null;
      if (wants && packages === this._packages && !told.has(packages)) {
        told.add(packages);
        call();
      }
    };
    const watch = (packages: NotebookPackages | null): void => {
      if (packages) {
        packages.changed.disconnect(look);
        packages.changed.connect(look);
        look(packages);
      }
    };
    this._changed.connect((_, packages) => watch(packages));
    watch(this._packages);
  }

  private _watch(panel: NotebookPanel): void {
    panel.disposed.connect(() => {
      if (this._packages?.document.panel === panel) {
        this._show(this._notebooks.currentWidget);
      }
    });
  }

  private _follow(widget: Widget | null): void {
    if (widget instanceof NotebookPanel) {
      this._show(widget);
    } else if (widget && isConsole(widget)) {
      const kernel = widget.sessionContext.session?.kernel?.id;
      const panel = this._notebooks.find(
        each => each.sessionContext.session?.kernel?.id === kernel
      );
      if (kernel && panel) {
        this._show(panel);
      }
    }
  }

  private _show(panel: NotebookPanel | null): void {
    const alive = panel && !panel.isDisposed ? panel : null;
    const packages = alive ? this.of(alive) : null;
    if (packages !== this._packages) {
      this._packages = packages;
      this._changed.emit(packages);
    }
  }

  private _packages: NotebookPackages | null = null;
  private readonly _known = new WeakMap<NotebookPanel, NotebookPackages>();
  private _changed = new Signal<this, NotebookPackages | null>(this);
}

function isConsole(widget: Widget): widget is ConsolePanel {
  return 'console' in widget && 'sessionContext' in widget;
}
