import { overlaps } from '../../../src/domain/ground/index.js';
import type { TargetKind } from '../../../src/domain/targets.js';
import type { BranchCommit } from './branch.js';
import type { Call } from './client.js';

/** What a refusal names as being in the way, as far as it is checked. */
interface NamedConflict {
  readonly target: string;
  readonly heldTarget: string;
  readonly agent: string;
  readonly claimId: string;
  readonly mode: string;
}

/**
 * Whether some state in the window justifies what the client was told; why not, when none does.
 * @param window indices of commits, both included
 */
export function justification(
  call: Call,
  commits: readonly BranchCommit[],
  [first, last]: readonly [number, number],
): string | null {
  const error = call.answer?.error;
  if (!error) return 'answered neither data nor an error';
  const states = commits.slice(first, last + 1);
  if (error.code === 'held' && Array.isArray(error.details.conflicts)) {
    const conflicts: readonly NamedConflict[] = error.details.conflicts;
    if (conflicts.length === 0) return 'refused as held, and names no conflict';
    return states.some((state) => conflicts.every((conflict) => stands(conflict, call, state)))
      ? null
      : `no state between commits ${first} and ${last} has all of ${conflicts.map(({ claimId }) => claimId).join(', ')}`;
  }
  if (error.code === 'lost' && Array.isArray(error.details.targets)) {
    const targets: readonly string[] = error.details.targets.map(({ target }: { target: string }) => target);
    return states.some((state) => targets.some((target) => !holds(state, call, target)))
      ? null
      : `was told that ${targets.join(', ')} is lost, but holds it in every state between commits ${first} and ${last}`;
  }
  return null;
}

/** Whether what is said to be in the way stands there, and is in the way. */
function stands(conflict: NamedConflict, { agent }: Call, state: BranchCommit): boolean {
  const claim = state.claims.find(({ id }) => id === conflict.claimId);
  if (claim) {
    const ground = { kind: claim.kind, text: claim.target };
    const named =
      claim.agent === conflict.agent && claim.target === conflict.heldTarget && claim.mode === conflict.mode;
    return named && claim.agent !== agent && overlaps(ground, { kind: kindOf(conflict.target), text: conflict.target });
  }
  return state.waiters.some((waiter) => waiter.id === conflict.claimId && waiter.agent === conflict.agent);
}

function holds(state: BranchCommit, { agent, endedAt }: Call, target: string): boolean {
  return state.claims.some(
    (claim) => claim.agent === agent && claim.target === target && (endedAt === null || claim.expiresAt > endedAt),
  );
}

/** The kind of a target that a fleet of the tests asks for: none of their paths looks like a glob. */
function kindOf(text: string): TargetKind {
  if (text.startsWith('@')) return 'resource';
  if (text.endsWith('/**') && !/[*?[{]/.test(text.slice(0, -3))) return 'directory';
  return /[*?[{]/.test(text) ? 'glob' : 'path';
}
