import { groundOf } from '../conflicts.js';
import { matches } from '../ground/index.js';
import type { Holding } from './holdings.js';

/** Finds the claims over a path, in the order in which they are given; each path is compared with each ground once. */
export function claimsOver(holdings: readonly Holding[], foldCase: boolean): (path: string) => readonly Holding[] {
  const order = new Map(holdings.map((holding, index) => [holding, index]));
  const byGround = new Map<string, Holding[]>();
  for (const holding of holdings) {
    const key = `${holding.kind} ${holding.target}`;
    const same = byGround.get(key);
    if (same) same.push(holding);
    else byGround.set(key, [holding]);
  }
  const grounds = [...byGround.values()].flatMap((same) => (same[0] ? [{ ground: groundOf(same[0]), same }] : []));
  const known = new Map<string, readonly Holding[]>();
  return (path) => {
    const before = known.get(path);
    if (before) return before;
    const found = grounds.flatMap(({ ground, same }) => (matches(ground, path, { foldCase }) ? same : []));
    found.sort((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0));

    known.set(path, found);
    return found;
  };
}
