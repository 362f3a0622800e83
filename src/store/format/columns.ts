import type { Claim } from '../../domain/model.js';
import type { Instant } from '../../domain/time.js';

/**
 * Claims, of which there may be thousands, as columns: what is the same in many of them stands there once. That is read in
 * a third of the time that their JSON takes.
 */
export interface Columns {
  /** One of each kind of claims that differ in nothing but what stands in the other columns. */
  readonly kinds: Claim[];
  readonly instants: Instant[];
  /** For each claim, its place in `kinds`. */
  readonly kind: number[];
  /** The number of an ordinary id. */
  readonly id: (number | string)[];
  readonly target: string[];
  readonly token: number[];
  /** Places in `instants`. */
  readonly acquiredAt: number[];
  readonly renewedAt: number[];
  readonly expiresAt: number[];
}

/** Claims, and the columns that they were made of. */
export interface Copied {
  readonly claims: readonly Claim[];
  readonly columns: Columns;
}

export function claimsOf(columns: Columns): readonly Claim[] {
  const { kinds, instants, kind, id, target, token, acquiredAt, renewedAt, expiresAt } = columns;
  return target.map((text, at) => ({
    ...(kinds[kind[at] as number] as Claim),
    id: typeof id[at] === 'number' ? `c${id[at]}` : (id[at] as string),
    target: text,
    token: token[at] as number,
    acquiredAt: instants[acquiredAt[at] as number] as Instant,
    renewedAt: instants[renewedAt[at] as number] as Instant,
    expiresAt: instants[expiresAt[at] as number] as Instant,
  }));
}

/** @param copied what most of them were read from */
export function columnsOf(claims: readonly Claim[], copied?: Copied): Columns {
  const columns = copiedOf(claims, copied);
  const { kinds, instants, kind, id, target, token, acquiredAt, renewedAt, expiresAt } = columns;
  const kindNumbers = new Map(kinds.map((claim, number) => [JSON.stringify(claim), number]));
  const instantNumbers = new Map(instants.map((instant, number) => [instant, number]));
  const numberOf = <T, K>(value: T, key: K, numbers: Map<K, number>, values: T[]): number => {
    const known = numbers.get(key);
    if (known !== undefined) return known;
    numbers.set(key, values.length);
    return values.push(value) - 1;
  };
  const instantNumber = (instant: Instant) => numberOf(instant, instant, instantNumbers, instants);
  for (const claim of claims.slice(target.length)) {
    const none = { id: '', target: '', token: 0, acquiredAt: '', renewedAt: '', expiresAt: '' };
    const alike = { ...claim, ...none } as Claim;
    kind.push(numberOf(alike, JSON.stringify(alike), kindNumbers, kinds));
    id.push(/^c(?:0|[1-9]\d{0,14})$/.test(claim.id) ? Number(claim.id.slice(1)) : claim.id);
    target.push(claim.target);
    token.push(claim.token);
    acquiredAt.push(instantNumber(claim.acquiredAt));
    renewedAt.push(instantNumber(claim.renewedAt));
    expiresAt.push(instantNumber(claim.expiresAt));
  }
  return columns;
}

/** The columns of those claims that were copied, up to the first that was not. */
function copiedOf(claims: readonly Claim[], { claims: read, columns }: Copied = NOTHING): Columns {
  const first = claims.findIndex((claim, at) => claim !== read[at]);
  const end = first < 0 ? claims.length : first;
  const { kinds, instants, kind, id, target, token, acquiredAt, renewedAt, expiresAt } = columns;
  return {
    ...{ kinds: [...kinds], instants: [...instants], kind: kind.slice(0, end), id: id.slice(0, end) },
    ...{ target: target.slice(0, end), token: token.slice(0, end), acquiredAt: acquiredAt.slice(0, end) },
    ...{ renewedAt: renewedAt.slice(0, end), expiresAt: expiresAt.slice(0, end) },
  };
}

const NOTHING: Copied = {
  claims: [],
  columns: {
    ...{ kinds: [], instants: [], kind: [], id: [], target: [], token: [] },
    ...{ acquiredAt: [], renewedAt: [], expiresAt: [] },
  },
};
