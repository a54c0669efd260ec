/** The list of pins in their groups, with a filter and arrow keys. */
import * as React from 'react';

import { useView } from './context';
import { formatBytes } from './format';
import { NotebookPackages } from './packages';
import { PinRow } from './pinrow';
import { canonicalName, groupPins, requirementName, requirementRest } from './pins';
import { IDistribution, INotebookState } from './shapes';

interface IProps {
  packages: NotebookPackages;
  state: INotebookState;
}

type GroupName = 'direct' | 'dependencies' | 'kernel';

const STEPS: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };
/** Shorter lists need no filter. */
const FILTER_FROM = 12;

/** All pins; the rows that are out of sight cost the browser no layout (see the style sheet). */
export function PinList({ packages, state }: IProps): JSX.Element {
  const { trans } = useView();
  const [filter, setFilter] = React.useState('');
  const [open, setOpen] = React.useState<ReadonlySet<string>>(new Set());
  const [focused, setFocused] = React.useState<string | null>(null);
  const [folded, setFolded] = React.useState<ReadonlySet<GroupName>>(
    new Set<GroupName>(['kernel'])
  );
  const list = React.useRef<HTMLDivElement>(null);
  const groups = React.useMemo(() => groupPins(state), [state]);
  const byName = React.useMemo(
    () => new Map(state.distributions.map(each => [each.name, each])),
    [state]
  );
  const typed = React.useMemo(() => {
    const pairs = state.requirements.map(
      text => [requirementName(text), requirementRest(text)] as const
    );
    return new Map(pairs);
  }, [state]);

  const toggle = React.useCallback((name: string) => {
    setOpen(before => toggled(before, name));
  }, []);

  // One row takes part in the tab order; the arrow keys go on from there.
  const onKeyDown = (event: React.KeyboardEvent): void => {
    const rows = [
      ...(list.current?.querySelectorAll<HTMLElement>(
        '.jp-pyartifacts-pin-main'
      ) ?? [])
    ];
    const at = rows.indexOf(event.target as HTMLElement);
    if (at < 0) {
      return;
    }
    const last = rows.length - 1;
    const to =
      event.key === 'Home'
        ? 0
        : event.key === 'End'
          ? last
          : at + (STEPS[event.key] ?? 0);
    if (to !== at && rows[to]) {
      event.preventDefault();
      rows[to].focus();
    }
  };

  const isChecked = !!packages.outdated?.size;
  const wanted = canonicalName(filter.trim());
  const matches = (pin: IDistribution): boolean =>
    !wanted || pin.name.includes(wanted);
  const titles: Record<GroupName, string> = {
    direct: trans.__('Requirements'),
    dependencies: trans.__('What they need'),
    kernel: trans.__('The kernel itself')
  };
  const shown = (Object.keys(titles) as GroupName[])
    .map(name => ({ name, pins: groups[name].filter(matches) }))
    .filter(each => each.pins.length > 0);
  const visible = shown.flatMap(({ name, pins }) =>
    wanted || !folded.has(name) ? pins : []
  );
  const entry = visible.some(each => each.name === focused)
    ? focused
    : visible[0]?.name;
  return (
    <div
      className={`jp-pyartifacts-pins${isChecked ? ' jp-mod-checked' : ''}`}
      ref={list}
      onKeyDown={onKeyDown}
      role="region"
      aria-label={trans.__('Pinned packages')}
    >
      {state.distributions.length >= FILTER_FROM && (
        <input
          className="jp-pyartifacts-input jp-pyartifacts-filter"
          type="search"
          placeholder={trans.__('Filter %1 packages', state.distributions.length)}
          aria-label={trans.__('Filter the packages by name')}
          value={filter}
          onChange={event => setFilter(event.target.value)}
        />
      )}
      {shown.map(({ name, pins }) => {
        const isOpen = !!wanted || !folded.has(name);
        const bytes = pins.reduce((sum, pin) => sum + (pin.size ?? 0), 0);
        return (
          <section key={name} className="jp-pyartifacts-group">
            <h3>
              <button
                aria-expanded={isOpen}
                onClick={() => setFolded(before => toggled(before, name))}
              >
                <span>{titles[name]}</span>
                <span className="jp-pyartifacts-count">{pins.length}</span>
                <span className="jp-pyartifacts-group-size">
                  {formatBytes(bytes)}
                </span>
              </button>
            </h3>
            {isOpen && (
              <ul aria-label={titles[name]}>
                {pins.map(pin => (
                  <PinRow
                    key={pin.name}
                    packages={packages}
                    pin={pin}
                    typed={(pin.direct && typed.get(pin.name)) || ''}
                    newer={packages.outdated?.get(pin.name) ?? null}
                    isChecked={isChecked}
                    byName={byName}
                    isOpen={open.has(pin.name)}
                    isFocusable={pin.name === entry}
                    isBusy={packages.activity !== null || packages.needsTrust}
                    onToggle={toggle}
                    onFocus={setFocused}
                  />
                ))}
              </ul>
            )}
          </section>
        );
      })}
      {shown.length === 0 && wanted && (
        <p className="jp-pyartifacts-muted" role="status">
          {trans.__('No package has “%1” in its name.', filter.trim())}
        </p>
      )}
    </div>
  );
}

function toggled<T>(before: ReadonlySet<T>, item: T): ReadonlySet<T> {
  const after = new Set(before);
  if (!after.delete(item)) {
    after.add(item);
  }
  return after;
}
