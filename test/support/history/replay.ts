import type { CoordEvent } from '../../../src/domain/events.js';
import { overlaps } from '../../../src/domain/ground/index.js';
import type { TargetKind } from '../../../src/domain/targets.js';
import type { Sandbox } from '../sandbox.js';
import { type BranchCommit, readBranch } from './branch.js';

interface Holding {
  readonly id: string;
  readonly agent: string;
  readonly target: string;
  readonly kind: TargetKind;
  readonly mode: string;
  readonly token: number;
}

export interface Replay {
  readonly commits: number;
  readonly events: number;
  readonly grants: number;
  /** What is wrong with the history; empty when all holds. */
  readonly problems: readonly string[];
  /** Ids of the claims that are held at the end. */
  readonly held: readonly string[];
}

/** Replays the history of a clone's coordination branch: see {@link replayCommits}. */
export function replayHistory(box: Sandbox, clone: string, branch = 'coord'): Replay {
  return replayCommits(readBranch(box, clone, branch));
}

/**
 * Replays the events of a history, and checks that at no instant two claims conflict, that tokens only grow, that nothing
 * is given back that is not held, that no event stands there twice, and that each commit holds the very claims which the
 * events up to it make.
 */
export function replayCommits(commits: readonly BranchCommit[]): Replay {
  const replay = new Replayer();
  for (const [index, commit] of commits.entries()) replay.commit(commit, commits[index - 1] ?? null);
  return {
    commits: commits.length,
    events: replay.seen.size,
    grants: replay.grants,
    problems: replay.problems,
    held: [...replay.held.keys()],
  };
}

class Replayer {
  readonly held = new Map<string, Holding>();
  readonly seen = new Set<string>();
  readonly problems: string[] = [];
  grants = 0;
  private kinds = new Map<string, TargetKind>();
  private lastToken = 0;

  commit(commit: BranchCommit, before: BranchCommit | null): void {
    if (commit.parents.join(' ') !== (before?.id ?? '')) {
      this.problems.push(`${commit.id}: does not follow ${before?.id ?? 'nothing'} alone`);
    }
    for (const event of commit.events) {
      if (this.seen.has(event.id)) this.problems.push(`${event.id}: recorded twice`);
      this.seen.add(event.id);
      this.apply(event);
    }
    this.compare(commit);
  }

  /** The events and the state of a commit tell the same. */
  private compare({ id, claims }: BranchCommit): void {
    const told = new Set(this.held.keys());
    for (const claim of claims) {
      const holding = this.held.get(claim.id);
      if (!holding) this.problems.push(`${id}: holds ${claim.id} (${claim.target}), which no event granted`);
      else if (holding.agent !== claim.agent || holding.token !== claim.token || holding.mode !== claim.mode) {
        this.problems.push(`${id}: ${claim.id} differs from what the events made of it`);
      }
      told.delete(claim.id);
    }
    for (const missing of told) this.problems.push(`${id}: lacks ${missing}, which was granted and not given back`);
  }

  private apply(event: CoordEvent): void {
    switch (event.type) {
      case 'claim.granted':
        this.grants += 1;
        this.kinds.set(String(event.target), event.kind as TargetKind);
        this.take(event, String(event.claim));
        break;
      case 'claim.handed-off':
        this.drop(event, String(event.fromClaim));
        this.take(event, String(event.claim));
        break;
      case 'claim.renewed':
        this.renew(event);
        break;
      case 'claim.released':
      case 'claim.expired':
      case 'claim.lost':
        this.drop(event, String(event.claim));
        break;
      default:
    }
  }

  private take(event: CoordEvent, id: string): void {
    const token = Number(event.token);
    if (token <= this.lastToken) this.problems.push(`${event.id}: token ${token} does not exceed ${this.lastToken}`);
    this.lastToken = Math.max(this.lastToken, token);
    const target = String(event.target);
    const kind = this.kinds.get(target) ?? 'path';
    if (this.held.has(id)) this.problems.push(`${event.id}: grants ${id} a second time`);
    const taken = { id, agent: event.agent, target, kind, mode: String(event.mode), token };
    this.checkConflicts(event, taken);
    this.held.set(id, taken);
  }

  private renew(event: CoordEvent): void {
    const id = String(event.claim);
    const before = this.held.get(id);
    if (!before) {
      this.problems.push(`${event.id}: renews ${id}, which nobody holds`);
      return;
    }
    const token = Number(event.token);
    if (token < before.token) this.problems.push(`${event.id}: token went back to ${token}`);
    this.lastToken = Math.max(this.lastToken, token);
    const renewed = { ...before, mode: String(event.mode), token };
    this.held.delete(id);
    this.checkConflicts(event, renewed);
    this.held.set(id, renewed);
  }

  private drop(event: CoordEvent, id: string): void {
    if (!this.held.delete(id)) this.problems.push(`${event.id}: ${event.type} of ${id}, which nobody holds`);
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
