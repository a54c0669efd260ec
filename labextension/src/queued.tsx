/** Progress below the first cell that waits for a notebook's packages. */
import { CodeCell } from '@jupyterlab/cells';
import { NotebookActions, NotebookPanel } from '@jupyterlab/notebook';
import { ReactWidget } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import { PanelLayout } from '@lumino/widgets';
import * as React from 'react';

import { ActivityBar } from './activity';
import { NotebookPackages } from './packages';
import { IActivity } from './work';

/** The line below a cell; no part of its outputs, so that nothing of it is ever saved. */
class QueuedLine extends ReactWidget {
  constructor(
    private readonly _packages: NotebookPackages,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('jp-pyartifacts-queued');
    _packages.changed.connect(this.update, this);
  }

  render(): JSX.Element | null {
    const activity: IActivity | null = this._packages.activity;
    return activity ? (
      <ActivityBar
        activity={activity}
        trans={this._trans}
        onCancel={() => void this._packages.cancel()}
      />
    ) : null;
  }
}

/**
 * Show the progress of a notebook's kernel below the first of its cells that waits for it.
 *
 * The line goes away when the kernel is there and the cell runs, or when nothing waits any more.
 */
export class QueuedCells {
  constructor(
    private readonly _panel: NotebookPanel,
    private readonly _packages: NotebookPackages,
    private readonly _trans: TranslationBundle
  ) {
    NotebookActions.executionScheduled.connect(this._onScheduled, this);
    NotebookActions.executed.connect(this._onExecuted, this);
    _packages.changed.connect(this._update, this);
    _panel.disposed.connect(() => {
      NotebookActions.executionScheduled.disconnect(this._onScheduled, this);
      NotebookActions.executed.disconnect(this._onExecuted, this);
      this._line?.dispose();
    });
  }

  private _onScheduled(_: unknown, args: { notebook: unknown; cell: unknown }): void {
    if (args.notebook === this._panel.content && args.cell instanceof CodeCell) {
      this._waiting.add(args.cell);
      this._update();
    }
  }

  private _onExecuted(_: unknown, args: { cell: unknown }): void {
    if (this._waiting.delete(args.cell as CodeCell)) {
      this._update();
    }
  }

  private _update(): void {
    const { activity } = this._packages;
    const first =
      activity?.verb === 'kernel'
        ? [...this._waiting].find(cell => !cell.isDisposed)
        : undefined;
    if (this._line && (!first || this._line.parent !== first)) {
      this._line.dispose();
      this._line = null;
    }
    if (first && !this._line) {
      this._line = new QueuedLine(this._packages, this._trans);
      const layout = first.layout as PanelLayout;
      // Above the footer, which is the last.
      layout.insertWidget(layout.widgets.length - 1, this._line);
    }
  }

  private readonly _waiting = new Set<CodeCell>();
  private _line: QueuedLine | null = null;
}
