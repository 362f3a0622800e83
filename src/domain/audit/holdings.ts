import { groundOf } from '../claims/conflicts.js';
import type { CoordEvent } from '../events.js';
import { matches } from '../ground/index.js';
import type { TargetKind } from '../ground/targets.js';
import type { Claim, Mode } from '../model.js';
import type { Instant } from '../time.js';

/** A time in which a claim held its ground exclusively; both ends belong to it. */
export interface Span {
  readonly from: Instant;
  readonly until: Instant;
}

/** How the end of a claim, or what its holder pushed, shows which commits were made under it. */
export type WorkKind = 'landed' | 'released' | 'handed-over' | 'pushed';

/** The commits that a claim answers for: those of `to` that `from` lacks. */
export interface Work {
  readonly kind: WorkKind;
  /** Where the work began; null: with the first commit. */
  readonly from: string | null;
  readonly to: string;
}

/** What the history of the state ref tells of one claim, from its grant to its end. */
export interface Holding {
  readonly claim: string;
  readonly target: string;
  readonly kind: TargetKind;
  readonly agent: string;
  /** Digest of the rules that the holder had loaded; null: none, or not recorded. */
  readonly rules: string | null;
  /** HEAD of the holder when it was granted; null: an unborn branch. */
  readonly base: string | null;
  /** Empty for a claim that was only ever shared. */
  readonly spans: readonly Span[];
  readonly end: 'held' | 'expired' | 'released' | 'lost' | 'handed-over';
  readonly works: readonly Work[];
}

interface Open extends Pick<Holding, 'claim' | 'target' | 'kind' | 'agent' | 'rules' | 'base'> {
  readonly exclusiveFrom: Instant | null;
  readonly expiresAt: Instant;
  readonly spans: readonly Span[];
  readonly works: readonly Work[];
}

const KINDS: readonly TargetKind[] = ['path', 'directory', 'glob', 'resource'];
const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/**
 * Every claim that the events tell of, in the order of their ends. What does not read as an event of a claim is passed
 * over: it grants nothing. Resources are left out, since no commit changes one.
 * @param events in the order of the history
 * @param begun claims that were held already where the events begin
 */
export function holdingsOf(events: readonly CoordEvent[], begun: readonly Claim[], now: Instant): Holding[] {
  const ledger = new Ledger(begun);
  for (const event of events) ledger.enter(event);
  return ledger.close(now).filter(({ kind }) => kind !== 'resource');
}

/** Claims as the events open and end them. */
class Ledger {
  private readonly open: Map<string, Open>;
  private readonly ended = new Map<string, Holding>();
  /** What each operation released. */
  private readonly released = new Map<string, string[]>();

  constructor(begun: readonly Claim[]) {
    this.open = new Map(begun.map((claim) => [claim.id, fromClaim(claim)]));
  }

  enter(event: CoordEvent): void {
    const id = text(event.claim) ?? '';
    switch (event.type) {
      case 'claim.granted':
        this.open.set(id, granted(event, id, kindOf(event.kind)));
        break;
      case 'claim.handed-off':
        this.handOff(event, id);
        break;
      case 'claim.renewed':
        this.renew(event, id);
        break;
      case 'claim.released':
        this.release(event, id);
        break;
      case 'claim.expired':
        this.end(id, 'expired', event.at, null);
        break;
      case 'claim.lost':
        this.end(id, 'lost', event.at, null);
        break;
      case 'work.landed':
        this.land(event);
        break;
      case 'work.pushed':
        this.push(event);
        break;
      default:
    }
  }

  /** Everything that ended, and what is still held. */
  close(now: Instant): Holding[] {
    for (const { claim, expiresAt } of [...this.open.values()]) {
      if (expiresAt > now) this.end(claim, 'held', now, null);
      else this.end(claim, 'expired', expiresAt, null);
    }
    return [...this.ended.values()];
  }

  private handOff(event: CoordEvent, id: string): void {
    const former = this.open.get(text(event.fromClaim) ?? '');
    if (former) this.end(former.claim, 'handed-over', event.at, workOf('handed-over', former, event.commit));
    this.open.set(id, granted(event, id, former?.kind ?? kindOf(event.kind)));
  }

  private renew(event: CoordEvent, id: string): void {
    const before = this.open.get(id);
    if (before) this.open.set(id, renewed(before, event));
  }

  private release(event: CoordEvent, id: string): void {
    this.end(id, 'released', event.at, workOf('released', this.open.get(id), event.commit));
    const operation = operationOf(event);
    this.released.set(operation, [...(this.released.get(operation) ?? []), id]);
  }

  /** What landed is known exactly, so it takes the place of what the release alone would tell. */
  private land(event: CoordEvent): void {
    const to = commitOf(event.commit);
    if (to === null) return;
    const landed: Work = { kind: 'landed', from: commitOf(event.from), to };
    for (const id of this.released.get(operationOf(event)) ?? []) {
      const before = this.ended.get(id);
      if (!before) continue;
      const works = [...before.works.filter(({ kind }) => kind === 'pushed'), landed];
      this.ended.set(id, { ...before, works });
    }
  }

  /** Only the holder's own word counts, and only for what it held. */
  private push(event: CoordEvent): void {
    const to = commitOf(event.commit);
    const claims: unknown[] = Array.isArray(event.claims) ? event.claims : [];
    for (const id of claims) {
      const before = this.open.get(text(id) ?? '');
      if (to === null || before === undefined || before.agent !== event.agent) continue;
      const pushed: Work = { kind: 'pushed', from: commitOf(event.from), to };
      this.open.set(before.claim, { ...before, works: [...before.works, pushed] });
    }
  }

  private end(id: string, how: Holding['end'], until: Instant, work: Work | null): void {
    const before = this.open.get(id);
    if (before === undefined) return;
    this.open.delete(id);
    const { exclusiveFrom: _, expiresAt: __, works, ...facts } = before;
    this.ended.set(id, { ...facts, end: how, spans: spansOf(before, until), works: work ? [...works, work] : works });
  }
}

function fromClaim(claim: Claim): Open {
  const { id, target, kind, agent, rules, base, mode, acquiredAt, expiresAt } = claim;
  const exclusiveFrom = mode === 'exclusive' ? acquiredAt : null;
  return { claim: id, target, kind, agent, rules, base, exclusiveFrom, expiresAt, spans: [], works: [] };
}

function granted(event: CoordEvent, claim: string, kind: TargetKind): Open {
  return {
    ...{ claim, kind, agent: event.agent },
    target: text(event.target) ?? '',
    rules: text(event.rules),
    base: commitOf(event.base),
    exclusiveFrom: modeOf(event) === 'exclusive' ? event.at : null,
    expiresAt: text(event.expiresAt) ?? event.at,
    spans: [],
    works: [],
  };
}

/** A renewal may also change the mode: only the time as the only holder counts. */
function renewed(before: Open, event: CoordEvent): Open {
  const after = { ...before, expiresAt: text(event.expiresAt) ?? before.expiresAt };
  const exclusive = modeOf(event) === 'exclusive';
  if (exclusive === (before.exclusiveFrom !== null)) return after;
  if (exclusive) return { ...after, exclusiveFrom: event.at };
  return { ...after, exclusiveFrom: null, spans: spansOf(before, event.at) };
}

function spansOf({ spans, exclusiveFrom, expiresAt }: Open, until: Instant): readonly Span[] {
  if (exclusiveFrom === null) return spans;
  return [...spans, { from: exclusiveFrom, until: until < expiresAt ? until : expiresAt }];
}

function workOf(kind: WorkKind, claim: Open | undefined, commit: unknown): Work | null {
  const to = commitOf(commit);
  return claim === undefined || to === null ? null : { kind, from: claim.base, to };
}

/** The part of an event's id that all events of one operation share. */
function operationOf({ id }: CoordEvent): string {
  return id.slice(0, id.lastIndexOf('.'));
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** Only what is an id: it is put to git. */
function commitOf(value: unknown): string | null {
  return typeof value === 'string' && COMMIT.test(value) ? value : null;
}

function kindOf(value: unknown): TargetKind {
  return KINDS.find((kind) => kind === value) ?? 'path';
}

function modeOf({ mode }: CoordEvent): Mode {
  return mode === 'shared' ? 'shared' : 'exclusive';
}

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

/** A commit with its parents. */
export interface Node {
  readonly id: string;
  readonly parents: readonly string[];
}

/** Which commits of a range contain which, answered from the graph that was read once. */
export class Lineage {
  private readonly place: ReadonlyMap<string, number>;

  /** @param nodes children before parents, as `git log --topo-order` lists them */
  constructor(private readonly nodes: readonly Node[]) {
    this.place = new Map(nodes.map(({ id }, index) => [id, index]));
  }

  has(commit: string): boolean {
    return this.place.has(commit);
  }

  /** The commits of the range that contain a commit which the whole range is made to begin after. */
  containing(base: string): ReadonlySet<string> {
    const found = new Set<string>();
    for (const { id, parents } of this.nodes.toReversed()) {
      if (id === base || parents.some((parent) => parent === base || found.has(parent))) found.add(id);
    }
    return found;
  }

  /**
   * The commits of the range that `to` contains and none of `without` does. All of them must be in the range, or contain
   * nothing of it. Walks no further than the answer does.
   */
  between(to: string, without: readonly string[]): string[] {
    const start = this.place.get(to);
    if (start === undefined) return [];
    const unwanted = new Set(without);
    const open = new Set([to]);
    const found: string[] = [];
    const places = without.flatMap((id) => this.place.get(id) ?? []);
    for (let at = Math.min(start, ...places); open.size > 0 && at < this.nodes.length; at += 1) {
      const { id, parents } = this.nodes[at] as Node;
      const asked = open.delete(id);
      if (!asked && !unwanted.has(id)) continue;
      const inside = parents.filter((parent) => this.place.has(parent));
      if (unwanted.has(id)) for (const parent of inside) unwanted.add(parent);
      else {
        found.push(id);
        for (const parent of inside) open.add(parent);
      }
    }
    return found;
  }
}
