import type { Waiter } from '../../domain/model.js';
import type { ClaimRow, Hot } from '../picture.js';

/** What is known of one place of the map. */
export interface Marks {
  /** Claims on just this place, with all below it. */
  readonly whole: readonly ClaimRow[];
  /** How many claims there are below it, and whose. */
  readonly inside: number;
  readonly insiders: readonly string[];
  readonly waiting: number;
  /** How often somebody was stopped here or below. */
  readonly stops: number;
}

const NONE: Marks = { whole: [], inside: 0, insiders: [], waiting: 0, stops: 0 };

/** The names of a place that are kept: more than it has room for. */
export const MOST_INSIDERS = 8;

interface Mutable {
  whole: ClaimRow[];
  inside: number;
  insiders: string[];
  waiting: number;
  stops: number;
}

/** Where a target begins: the path up to its first pattern; null for a resource. */
export function baseOf(target: string): { readonly path: string; readonly isWhole: boolean } | null {
  if (target.startsWith('@')) return null;
  if (target === '**') return { path: '', isWhole: true };
  const folder = target.endsWith('/**') ? target.slice(0, -3) : target;
  const wild = folder.search(/[*?[{\\]/);
  if (wild < 0) return { path: folder, isWhole: true };
  return { path: folder.slice(0, Math.max(0, folder.lastIndexOf('/', wild))), isWhole: false };
}

/** A path and all folders above it, the root last. */
export function* upwards(path: string): Generator<string> {
  for (let rest = path; rest !== ''; rest = rest.slice(0, Math.max(0, rest.lastIndexOf('/')))) yield rest;
  yield '';
}

/** Everything that is known of the places of the repository. */
export class Ground {
  private readonly places = new Map<string, Mutable>();
  /** Claims on resources, by name. */
  readonly resources: readonly ClaimRow[];

  constructor(claims: readonly ClaimRow[], waiters: readonly Waiter[], hot: readonly Hot[]) {
    for (const claim of claims) this.addClaim(claim);
    for (const { targets } of waiters) {
      const paths = targets.flatMap(({ text }) => [...upwards(baseOf(text)?.path ?? '')]);
      for (const path of new Set(paths)) this.at(path).waiting += 1;
    }
    for (const { target, refusals, waits } of hot) {
      const base = baseOf(target);
      if (base !== null) for (const path of upwards(base.path)) this.at(path).stops += refusals + waits;
    }
    this.resources = claims.filter(({ target }) => target.startsWith('@'));
  }

  private addClaim(claim: ClaimRow): void {
    const base = baseOf(claim.target);
    if (base === null) return;
    if (base.isWhole) this.at(base.path).whole.push(claim);
    for (const path of upwards(base.path)) {
      if (path === base.path && base.isWhole) continue;
      const place = this.at(path);
      place.inside += 1;
      if (place.insiders.length < MOST_INSIDERS && !place.insiders.includes(claim.agent))
        place.insiders.push(claim.agent);
    }
  }

  marks(path: string): Marks {
    return this.places.get(path) ?? NONE;
  }

  private at(path: string): Mutable {
    const known = this.places.get(path);
    if (known) return known;
    const made: Mutable = { whole: [], inside: 0, insiders: [], waiting: 0, stops: 0 };
    this.places.set(path, made);
    return made;
  }
}

/** By the id of a claim, those who wait for its ground; under `''`, who waits for ground that is not known here. */
export function waitersBelow(claims: readonly ClaimRow[], waiters: readonly Waiter[]): ReadonlyMap<string, Waiter[]> {
  const byPath = new Map<string, string>();
  for (const { id, target } of claims) byPath.set(baseOf(target)?.path ?? target, id);
  const below = new Map<string, Waiter[]>();
  for (const waiter of waiters) {
    const id = waiter.targets.map(({ text }) => claimAt(byPath, claims, text)).find((found) => found !== null) ?? '';
    below.set(id, [...(below.get(id) ?? []), waiter]);
  }
  return below;
}

function claimAt(byPath: ReadonlyMap<string, string>, claims: readonly ClaimRow[], text: string): string | null {
  const base = baseOf(text);
  if (base === null) return byPath.get(text) ?? null;
  for (const path of upwards(base.path)) {
    const id = byPath.get(path);
    if (id !== undefined) return id;
  }
  return claims.find(({ target }) => baseOf(target)?.path.startsWith(`${base.path}/`))?.id ?? null;
}
