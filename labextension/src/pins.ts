/** How pins belong together: who asked for them, who needs them. */
import { IDistribution, INotebookState } from './shapes';

/** The pins of a notebook, by why they are there. */
export interface IPinGroups {
  direct: IDistribution[];
  dependencies: IDistribution[];
  kernel: IDistribution[];
}

/** One step up from a pin to those that need it. */
export interface IReason {
  name: string;
  direct: boolean;
  kernel: boolean;
  /** Empty for what was shown further up, or lies too deep. */
  requiredBy: IReason[];
  /** Whether `requiredBy` was cut. */
  more: boolean;
}

const DEEPEST = 6;

/** Return the canonical name (PEP 503). */
export function canonicalName(name: string): string {
  return name.replace(/[-_.]+/g, '-').toLowerCase();
}

/** Return the canonical name of a requirement such as `pandas[excel]>=2`; null for paths and URLs. */
export function requirementName(requirement: string): string | null {
  const match = /^\s*([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)\s*(?:[[(<>=!~;@,]|$)/.exec(
    requirement
  );
  return match ? canonicalName(match[1]) : null;
}

/** Return what was typed after the name: extras, versions, marker. */
export function requirementRest(requirement: string): string {
  return requirement.replace(/^\s*[\w.-]*[A-Za-z0-9]\s*/, '').trim();
}

/** Put the pins into groups; what only the kernel's own packages need is theirs. */
export function groupPins(state: INotebookState): IPinGroups {
  const byName = new Map(state.distributions.map(each => [each.name, each]));
  const wanted = new Set<string>();
  const queue = state.distributions
    .filter(each => each.direct)
    .map(each => each.name);
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (!wanted.has(name)) {
      wanted.add(name);
      queue.push(...(byName.get(name)?.dependencies ?? []));
    }
  }
  const groups: IPinGroups = { direct: [], dependencies: [], kernel: [] };
  for (const each of state.distributions) {
    if (each.direct) {
      groups.direct.push(each);
    } else if (wanted.has(each.name)) {
      groups.dependencies.push(each);
    } else {
      groups.kernel.push(each);
    }
  }
  return groups;
}

/** Return why a pin is there: those that need it, up to what was asked for. */
export function reasonsFor(
  name: string,
  byName: ReadonlyMap<string, IDistribution>,
  above: readonly string[] = []
): IReason[] {
  const trail = [...above, name];
  return (byName.get(name)?.required_by ?? [])
    .filter(each => !trail.includes(each))
    .map(each => {
      const found = byName.get(each);
      const more = trail.length >= DEEPEST && !found?.direct;
      return {
        name: each,
        direct: found?.direct ?? false,
        kernel: found?.kernel ?? false,
        requiredBy:
          more || found?.direct ? [] : reasonsFor(each, byName, trail),
        more
      };
    });
}
