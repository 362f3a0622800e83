import type { CoordEvent } from '../../../../src/domain/events.js';
import { isDeferredEvent } from '../../../../src/domain/events.js';
import { contains, overlaps } from '../../../../src/domain/ground/index.js';
import type { Target, TargetKind } from '../../../../src/domain/ground/targets.js';
import type { Waiter } from '../../../../src/domain/model.js';
import { addSeconds, secondsBetween } from '../../../../src/domain/time.js';
import type { Sandbox } from '../../../support/sandbox.js';
import { type BranchCommit, readBranch } from './branch.js';
import { carrierOf, type Operation, operationsOf } from './operations.js';
import { contradictions, type Holding } from './stated.js';

/** How things stood after an operation: also between the operations of one commit. */
export interface Step {
  /** Index of the commit. */
  readonly index: number;
  readonly holdings: readonly Holding[];
  /** Ids of those who wait, in their turn. */
  readonly waiting: readonly string[];
  readonly killed: ReadonlySet<string>;
}

export interface Replay {
  readonly commits: number;
  readonly events: number;
  readonly grants: number;
  /** What is wrong with the history; empty when all holds. */
  readonly problems: readonly string[];
  /** Ids of the claims that are held at the end. */
  readonly held: readonly string[];
  readonly operations: readonly Operation[];
  readonly steps: readonly Step[];
  /** All who ever waited, as they stood last, by id. */
  readonly waiters: ReadonlyMap<string, Waiter>;
}

export interface ReplayOptions {
  /** Seconds after its expiry before a claim may be taken over. */
  readonly toleranceSeconds?: number;
  /** Whether this grant need not wait its turn; absent: turns are not looked at. */
  readonly mayOvertake?: (grant: CoordEvent) => boolean;
}

/** Replays the history of a clone's state ref: see {@link replayCommits}. */
export function replayHistory(box: Sandbox, clone: string, branch = 'coord/state'): Replay {
  return replayCommits(readBranch(box, clone, branch));
}

/**
 * Replays the events of a history, and checks that at no instant two claims conflict, that tokens only grow, that no claim
 * ends before its time, or is given to anybody out of turn, that nothing is given back that is not held, that an operation
 * is one agent's, that no event appears twice, and that each commit holds the very claims, waiters and releases which
 * the events up to it make.
 */
export function replayCommits(commits: readonly BranchCommit[], options: ReplayOptions = {}): Replay {
  const waiters = new Map(commits.flatMap((commit) => commit.waiters.map((waiter) => [waiter.id, waiter] as const)));
  const replay = new Replayer(waiters, options);
  for (const [index, commit] of commits.entries()) replay.commit(commit, commits[index - 1] ?? null, index);
  return {
    commits: commits.length,
    events: replay.seen.size,
    grants: replay.grants,
    problems: replay.problems,
    held: [...replay.held.keys()],
    operations: replay.operations,
    steps: replay.steps,
    waiters,
  };
}

const DEFAULT_TOLERANCE_SECONDS = 30;

class Replayer {
  readonly held = new Map<string, Holding>();
  readonly seen = new Set<string>();
  readonly problems: string[] = [];
  readonly operations: Operation[] = [];
  readonly steps: Step[] = [];
  grants = 0;
  private readonly killed = new Set<string>();
  private waiting: readonly string[] = [];
  /** Who stood before the one whose turn it is; null: nobody's turn. */
  private ahead: readonly string[] | null = null;
  private lastToken = 0;

  constructor(
    private readonly waiters: ReadonlyMap<string, Waiter>,
    private readonly options: ReplayOptions,
  ) {}

  commit(commit: BranchCommit, before: BranchCommit | null, index: number): void {
    const operations = operationsOf(commit, index);
    this.checkMessage(commit, before, operations);
    for (const operation of operations) this.operation(operation, index);
    if (operations.length === 0) this.step(index);
    const { held, waiting, lastToken, binding } = this;
    this.problems.push(...contradictions(commit, before, { held, waiting, lastToken, binding }));
    binding.length = 0;
    for (const { id, ttlSeconds } of commit.claims) {
      const holding = held.get(id);
      if (holding) held.set(id, { ...holding, ttlSeconds });
    }
    // Told once, and not again at each commit that follows.
    for (const id of held.keys()) if (!commit.claims.some((claim) => claim.id === id)) held.delete(id);
  }

  private checkMessage(commit: BranchCommit, before: BranchCommit | null, operations: readonly Operation[]): void {
    if (commit.parents.join(' ') !== (before?.id ?? '')) {
      this.problems.push(`${commit.id}: does not follow ${before?.id ?? 'nothing'} alone`);
    }
    const [first] = commit.operations;
    for (const { id, actor } of operations) {
      if (!commit.operations.includes(carrierOf(id)))
        this.problems.push(`${commit.id}: has events of ${id}, which it does not name`);
      if (id === first && actor !== null && actor !== commit.author) {
        this.problems.push(`${commit.id}: of ${commit.author}, but ${id} is an operation of ${actor}`);
      }
    }
    for (const event of commit.events) {
      // Two who write at once may both find the same refusal waiting.
      if (this.seen.has(event.id) && !isDeferredEvent(event)) this.problems.push(`${event.id}: recorded twice`);
      this.seen.add(event.id);
    }
  }

  private operation(operation: Operation, index: number): void {
    this.problems.push(...operation.problems);
    this.operations.push(operation);
    this.ahead = null;
    const { actor, events } = operation;
    // The record of a program that was stopped with its agent is to say so.
    if (actor !== null && this.killed.has(actor) && !events.some(({ type }) => type.startsWith('deploy.'))) {
      this.problems.push(`${operation.id}: of ${actor}, who was stopped`);
    }
    for (const event of events) this.apply(event, operation);
    this.step(index);
  }

  private step(index: number): void {
    const { waiting } = this;
    this.steps.push({ index, holdings: [...this.held.values()], waiting, killed: new Set(this.killed) });
  }

  /** Releases of this commit that whoever comes next must have. */
  private readonly binding: Holding[] = [];

  private apply(event: CoordEvent, operation: Operation): void {
    switch (event.type) {
      case 'claim.granted':
        this.grants += 1;
        this.checkTurn(event);
        this.take(event, { kind: event.kind as TargetKind, since: event.at, reason: reasonIn(event) });
        break;
      case 'claim.handed-off':
        this.handOff(event, operation);
        break;
      case 'claim.renewed':
        this.renew(event, operation);
        break;
      case 'claim.offered':
        this.change(event, { offeredTo: (event.to as string | null) ?? null });
        break;
      case 'claim.declined':
        this.change(event, { offeredTo: null });
        break;
      case 'claim.released':
        this.release(event);
        break;
      case 'claim.expired':
        // Its own holder need not wait for long.
        this.mustBeOver(event, operation.actor === event.agent || isOnce(event) ? 0 : this.tolerance);
        this.drop(event, String(event.claim));
        break;
      case 'claim.lost':
        if (event.how === 'taken-over' && event.forced === false) this.mustBeOver(event, this.tolerance);
        this.drop(event, String(event.claim));
        break;
      case 'wait.started':
        this.waiting = [...this.waiting, String(event.waiter)];
        break;
      case 'wait.ended':
        this.leave(event, String(event.waiter));
        break;
      case 'agent.killed':
        this.killed.add(event.agent);
        break;
      case 'agent.revived':
        this.killed.delete(event.agent);
        break;
      default:
    }
  }

  private get tolerance(): number {
    return this.options.toleranceSeconds ?? DEFAULT_TOLERANCE_SECONDS;
  }

  private take(event: CoordEvent, facts: Pick<Holding, 'kind' | 'since' | 'reason'>): void {
    const id = String(event.claim);
    const token = Number(event.token);
    if (token <= this.lastToken) this.problems.push(`${event.id}: token ${token} does not exceed ${this.lastToken}`);
    this.lastToken = Math.max(this.lastToken, token);
    if (this.held.has(id)) this.problems.push(`${event.id}: grants ${id} a second time`);
    const taken = {
      ...facts,
      ...{ id, agent: event.agent, session: event.session, target: String(event.target), mode: String(event.mode) },
      ...{ token, expiresAt: String(event.expiresAt), ttlSeconds: Number(event.ttlSeconds), offeredTo: null },
      base: (event.base as string | null) ?? null,
    };
    this.checkConflicts(event, taken);
    this.held.set(id, taken);
  }

  private handOff(event: CoordEvent, { actor }: Operation): void {
    const from = String(event.fromClaim);
    const before = this.held.get(from);
    if (before && before.offeredTo !== actor) {
      this.problems.push(`${event.id}: ${actor} accepts ${from}, which is offered to ${before.offeredTo ?? 'nobody'}`);
    }
    this.drop(event, from);
    const since = addSeconds(String(event.expiresAt), -Number(event.ttlSeconds));
    this.take(event, { kind: before?.kind ?? 'path', since, reason: before?.reason ?? null });
  }

  private renew(event: CoordEvent, operation: Operation): void {
    const id = String(event.claim);
    const before = this.held.get(id);
    if (!before) {
      this.problems.push(`${event.id}: renews ${id}, which nobody holds`);
      return;
    }
    const token = Number(event.token);
    const mode = String(event.mode);
    const expiresAt = String(event.expiresAt);
    if (token < before.token) this.problems.push(`${event.id}: token went back to ${token}`);
    if (before.mode === 'shared' && mode === 'exclusive' && token <= this.lastToken) {
      this.problems.push(
        `${event.id}: ${id} becomes exclusive, but its token ${token} does not exceed ${this.lastToken}`,
      );
    }
    if (expiresAt < before.expiresAt) this.problems.push(`${event.id}: ${id} ends earlier than before`);
    if (before.expiresAt <= event.at) {
      this.problems.push(`${event.id}: renews ${id}, which was over at ${before.expiresAt}`);
    }
    if (event.reason === undefined && secondsBetween(event.at, before.expiresAt) >= before.ttlSeconds / 2) {
      operation.early.push(id);
    }
    this.lastToken = Math.max(this.lastToken, token);
    const { agent, session } = event;
    const renewed = { ...before, agent, session, mode, token, expiresAt, reason: reasonIn(event) ?? before.reason };
    this.held.delete(id);
    this.checkConflicts(event, renewed);
    this.held.set(id, renewed);
  }

  private change(event: CoordEvent, changes: Partial<Holding>): void {
    const holding = this.held.get(String(event.claim));
    if (holding) this.held.set(holding.id, { ...holding, ...changes });
    else this.problems.push(`${event.id}: ${event.type} of ${event.claim}, which nobody holds`);
  }

  private release(event: CoordEvent): void {
    const holding = this.held.get(String(event.claim));
    if (holding && event.binds !== undefined) this.binding.push(holding);
    this.drop(event, String(event.claim));
  }

  private drop(event: CoordEvent, id: string): void {
    if (!this.held.delete(id)) this.problems.push(`${event.id}: ${event.type} of ${id}, which nobody holds`);
  }

  private mustBeOver(event: CoordEvent, tolerance: number): void {
    const holding = this.held.get(String(event.claim));
    if (holding && addSeconds(holding.expiresAt, tolerance) > event.at) {
      this.problems.push(
        `${event.id}: ${holding.id} is taken for over at ${event.at}, but lasts to ${holding.expiresAt}`,
      );
    }
  }

  private leave(event: CoordEvent, id: string): void {
    const place = this.waiting.indexOf(id);
    if (place < 0) this.problems.push(`${event.id}: ${id} stops waiting, and does not wait`);
    this.ahead = this.waiting.slice(0, Math.max(0, place));
    this.waiting = this.waiting.filter((one) => one !== id);
  }

  /** First come, first served: nobody who came before waits for this ground. */
  private checkTurn(event: CoordEvent): void {
    const { mayOvertake } = this.options;
    if (!mayOvertake || mayOvertake(event)) return;
    const ground: Target = { kind: event.kind as TargetKind, text: String(event.target) };
    const covers = (one: Holding) =>
      one.agent === event.agent &&
      (one.mode === 'exclusive' || event.mode === 'shared') &&
      contains({ kind: one.kind, text: one.target }, ground);
    if ([...this.held.values()].some(covers)) return;
    for (const id of this.ahead ?? this.waiting) {
      const waiter = this.waiters.get(id);
      if (!waiter || waiter.passive || waiter.agent === event.agent) continue;
      if (waiter.mode === 'shared' && event.mode === 'shared') continue;
      if (waiter.targets.some((wanted) => overlaps(wanted, ground))) {
        this.problems.push(
          `${event.id}: ${event.agent} is given ${ground.text} before ${waiter.agent}, who waits (${id})`,
        );
      }
    }
  }

  private checkConflicts(event: CoordEvent, taken: Holding): void {
    const ground = ({ kind, target }: Holding) => ({ kind, text: target });
    for (const other of this.held.values()) {
      if (taken.agent === other.agent || (taken.mode === 'shared' && other.mode === 'shared')) continue;
      if (overlaps(ground(taken), ground(other))) {
        this.problems.push(
          `${event.id}: ${taken.target} of ${taken.agent} while ${other.agent} holds ${other.target} (${other.id})`,
        );
      }
    }
  }
}

function isOnce({ target }: CoordEvent): boolean {
  return String(target).startsWith('@once/');
}

function reasonIn(event: CoordEvent): string | null {
  return (event.reason as string | null | undefined) ?? null;
}
