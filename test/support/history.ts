import type { CoordEvent } from '../../src/domain/events.js';
import { overlaps } from '../../src/domain/ground/index.js';
import type { TargetKind } from '../../src/domain/targets.js';
import { eventsIn } from '../../src/store/commits.js';
import type { Sandbox } from './sandbox.js';

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

/**
 * Replays the branch's first-parent history, its total order, and checks that at no commit two claims conflict, that
 * tokens only grow, that nothing is given back that is not held, and that no event stands there twice.
 */
export function replayHistory(box: Sandbox, clone: string, branch = 'coord'): Replay {
  const log = box.git(clone, 'log', '--first-parent', '--reverse', '--format=%B%x00', branch);
  const messages = log.split('\0').slice(0, -1);
  const replay = new Replayer();
  for (const message of messages) replay.commit(eventsIn(message));
  return {
    commits: messages.length,
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

  commit(events: readonly CoordEvent[]): void {
    for (const event of events) {
      if (this.seen.has(event.id)) this.problems.push(`${event.id}: recorded twice`);
      this.seen.add(event.id);
      this.apply(event);
    }
    this.checkConflicts(events.map(({ id }) => id).join(' '));
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
    this.held.set(id, { id, agent: event.agent, target, kind, mode: String(event.mode), token });
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
    this.held.set(id, { ...before, mode: String(event.mode), token });
  }

  private drop(event: CoordEvent, id: string): void {
    if (!this.held.delete(id)) this.problems.push(`${event.id}: ${event.type} of ${id}, which nobody holds`);
  }

  private checkConflicts(where: string): void {
    const holdings = [...this.held.values()];
    for (const [index, one] of holdings.entries()) {
      for (const other of holdings.slice(index + 1)) {
        if (one.agent === other.agent || (one.mode === 'shared' && other.mode === 'shared')) continue;
        const ground = ({ kind, target }: Holding) => ({ kind, text: target });
        if (overlaps(ground(one), ground(other))) {
          this.problems.push(`${where}: ${one.target} of ${one.agent} and ${other.target} of ${other.agent}`);
        }
      }
    }
  }
}
