import { matches, overlaps } from '../../../../src/domain/ground/index.js';
import type { Target, TargetKind } from '../../../../src/domain/ground/targets.js';
import type { Claim, Waiter } from '../../../../src/domain/model.js';
import type { Conflict, LostTarget, MissingWork, UnclaimedPath, WaitEdge } from '../../../../src/domain/refusal.js';
import { addSeconds } from '../../../../src/domain/time.js';
import type { BranchCommit } from './branch.js';
import type { Placed } from './check.js';
import { type Call, isOffline } from './client.js';
import type { Replay, Step } from './replay.js';
import type { Holding } from './stated.js';

/** The details of a refusal, as far as they are checked. */
interface Details {
  readonly reason?: string;
  readonly conflicts?: readonly Conflict[];
  readonly asked?: readonly Target[];
  readonly free?: readonly string[];
  readonly queue?: readonly Waiter[];
  readonly mode?: string;
  readonly cycle?: readonly WaitEdge[];
  readonly targets?: readonly LostTarget[];
  readonly paths?: readonly UnclaimedPath[];
  readonly missing?: readonly MissingWork[];
  readonly claims?: readonly Claim[];
}

interface Seen {
  readonly call: Call;
  readonly details: Details;
  readonly waiters: Replay['waiters'];
  readonly toleranceSeconds: number;
}

/**
 * Whether some state that the client can have seen justifies what it was told, in every particular; why not, when none
 * does. What was refused offline was refused for what the host knew, and is not looked at.
 */
export function justification(
  { call, window: [first, last] }: Placed,
  commits: readonly BranchCommit[],
  replay: Replay,
  toleranceSeconds = 30,
): string | null {
  const error = call.answer?.error;
  if (!error) return call.answer?.ok === true ? null : 'answered neither data nor an error';
  // What a task was refused for is looked at with the tasks.
  if (isOffline(call) || call.verb === 'task take') return null;
  const details = error.details as Details;
  const seen = { call, details, waiters: replay.waiters, toleranceSeconds };
  const begun = replay.steps.findLastIndex(({ index }) => index === first);
  const steps = replay.steps.slice(Math.max(0, begun)).filter(({ index }) => index <= last);
  const between = `between commits ${first} and ${last}`;
  const reason = `${error.code} ${details.reason ?? ''}`.trim();
  const unless = (right: boolean, why: string) => (right ? null : `no state ${between} ${why}`);
  switch (reason) {
    case 'held held':
    case 'held deadlock':
      return (
        malformed(seen) ??
        unless(
          steps.some((step) => standsAll(seen, step) && (reason === 'held held' || closes(seen, step))),
          `has all that was named: ${JSON.stringify(details.conflicts)}`,
        )
      );
    case 'timeout timeout':
      return unless(
        steps.some((step) => (details.conflicts ?? []).every((conflict) => stands(conflict, seen, step))),
        'has all that was waited for',
      );
    case 'held not-offered':
      return unless(
        steps.some(({ holdings }) =>
          (details.claims ?? []).every(({ id }) =>
            holdings.some((one) => one.id === id && one.offeredTo !== call.agent),
          ),
        ),
        'has these claims, not offered to it',
      );
    case 'lost no-offer':
      return unless(
        steps.some(({ holdings }) => !holdings.some((one) => one.offeredTo === call.agent && isNamed(call, one))),
        'lacks an offer to it',
      );
    case 'lost lost':
      return unless(
        steps.some((step) => (details.targets ?? []).every((target) => isLost(target, call, step))),
        `has lost ${(details.targets ?? []).map(({ target }) => target).join(', ')}`,
      );
    case 'lost unclaimed':
      return unless(
        steps.some((step) => (details.paths ?? []).every((path) => isUnclaimed(path, call, step))),
        `leaves ${(details.paths ?? []).map(({ path }) => path).join(', ')} without a live claim of its own`,
      );
    case 'behind behind':
      // What HEAD lacks of the main branch is no work that was released here.
      if (details.missing?.some(({ released }) => released === undefined)) return null;
      return unless(
        commits.slice(first, last + 1).some((state) => (details.missing ?? []).every((work) => isMissing(work, state))),
        'has this work released on this ground',
      );
    case 'closed killed':
      return unless(
        steps.some(({ killed }) => killed.has(call.agent)),
        'has it stopped',
      );
    default:
      return null;
  }
}

/** What contradicts itself, or what was asked. */
function malformed({ call, details }: Seen): string | null {
  const { conflicts = [], asked = [], free = [] } = details;
  if (conflicts.length === 0) return 'refused as held, and names no conflict';
  const mode = call.args.includes('--shared') ? 'shared' : 'exclusive';
  if (details.mode !== mode && call.verb !== 'handoff accept') return `asked ${mode}, and was refused ${details.mode}`;
  const stopped = new Set(conflicts.map(({ target }) => target));
  const left = asked.map(({ text }) => text).filter((text) => !stopped.has(text));
  return left.join() === free.join() ? null : `was told that ${free.join(', ')} is free, but named no other conflict`;
}

/** All that is named stands in the way, and nothing stands in the way that is not named. */
function standsAll(seen: Seen, step: Step): boolean {
  const { call, details, toleranceSeconds } = seen;
  const { conflicts = [], asked = [], queue = [] } = details;
  if (!conflicts.every((conflict) => stands(conflict, seen, step))) return false;
  // What it is offered does not stop it, and each claim is accepted in the mode that it has.
  if (call.verb === 'handoff accept') return true;
  const over = ({ expiresAt }: Holding) =>
    call.endedAt !== null && addSeconds(expiresAt, toleranceSeconds) <= call.endedAt;
  const inTheWay = step.holdings.filter((one) => excludes(one, call, details) && !over(one));
  const named = new Set(conflicts.map(({ claimId, target }) => `${claimId} ${target}`));
  const complete = inTheWay.every((one) =>
    asked.every((target) => !overlaps(groundOf(one), target) || named.has(`${one.id} ${target.text}`)),
  );
  return (
    complete &&
    isSublist(
      queue.map(({ id }) => id),
      step.waiting,
    )
  );
}

/** A deploy is kept out by an earlier one of the same agent too: that may still be running. */
function excludes(
  one: { readonly agent: string; readonly mode: string },
  { agent, verb }: Call,
  { mode }: Details,
): boolean {
  return (one.agent !== agent || verb === 'deploy') && !(one.mode === 'shared' && mode === 'shared');
}

/** Whether what is said to be in the way stands there, is in the way, and is as it was told. */
function stands(conflict: Conflict, { call, details, waiters }: Seen, step: Step): boolean {
  const asked = { kind: kindOf(conflict.target), text: conflict.target };
  const about = { ...details, mode: details.mode ?? (call.args.includes('--shared') ? 'shared' : 'exclusive') };
  const claim = step.holdings.find(({ id }) => id === conflict.claimId);
  if (claim) {
    const same = (['agent', 'session', 'mode', 'since', 'expiresAt', 'reason'] as const).every(
      (name) => claim[name] === conflict[name],
    );
    const named = same && claim.target === conflict.heldTarget && !conflict.waiting;
    return named && excludes(claim, call, about) && overlaps(groundOf(claim), asked);
  }
  const waiter = step.waiting.includes(conflict.claimId) ? waiters.get(conflict.claimId) : undefined;
  if (!waiter || !conflict.waiting || waiter.passive || !excludes(waiter, call, about)) return false;
  const own = step.waiting.findIndex((id) => isOwnPlace(waiters.get(id), call, about));
  const before = own < 0 || step.waiting.indexOf(waiter.id) < own;
  const wanted = waiter.targets.find(({ text }) => text === conflict.heldTarget);
  return before && waiter.agent === conflict.agent && wanted !== undefined && overlaps(wanted, asked);
}

/** Whether it is the place of this very request in the queue: an earlier wait for other ground is none. */
function isOwnPlace(waiter: Waiter | undefined, { agent, args }: Call, { asked = [], mode }: Details): boolean {
  if (waiter?.agent !== agent || waiter.mode !== mode || !args.some((word) => word.startsWith('--wait'))) return false;
  return waiter.targets.every(({ text }) => asked.some((target) => target.text === text));
}

/** A cycle goes from the one who asks back to it, each other one of whom waits. */
function closes({ call, details, waiters }: Seen, step: Step): boolean {
  const { cycle = [] } = details;
  const linked = cycle.every(({ heldBy }, at) => heldBy === cycle[(at + 1) % cycle.length]?.agent);
  const waiting = new Set(step.waiting.map((id) => waiters.get(id)?.agent));
  const others = cycle.filter(({ agent }) => agent !== call.agent);
  return (
    cycle.length > 1 && linked && cycle[0]?.agent === call.agent && others.every(({ agent }) => waiting.has(agent))
  );
}

/** Whether the agent has no live claim on the target there, and another holds it who is said to. */
function isLost({ target, why, holder }: LostTarget, { agent, endedAt }: Call, { holdings }: Step): boolean {
  if (why === 'other-session') return holdings.some(({ id, session }) => id === holder?.id && session !== null);
  const live = holdings.some(
    (claim) => claim.agent === agent && claim.target === target && (endedAt === null || claim.expiresAt > endedAt),
  );
  return !live && (holder === null || holdings.some(({ id, token }) => id === holder.id && token === holder.token));
}

/** Whether the agent has no claim there under which it may change this path. */
function isUnclaimed({ path, why }: UnclaimedPath, { agent, endedAt }: Call, { holdings }: Step): boolean {
  const allows = (one: Holding) =>
    one.agent === agent && one.mode === 'exclusive' && one.kind !== 'resource' && matches(groundOf(one), path);
  const over = ({ expiresAt }: Holding) => endedAt !== null && expiresAt <= endedAt;
  return why === 'other-session' || !holdings.some((one) => allows(one) && !over(one));
}

function isMissing({ target, released, commit, agent }: MissingWork, { releases }: BranchCommit): boolean {
  const asked: Target = { kind: kindOf(target), text: target };
  return releases
    .filter((one) => one.target === released && one.commit === commit && one.agent === agent)
    .some((one) =>
      one.changes === null
        ? overlaps(groundOf(one), asked)
        : one.changes.some(({ path }) => overlaps({ kind: 'path', text: path }, asked)),
    );
}

function isNamed({ args }: Call, { target }: Holding): boolean {
  return args.length < 2 || args.slice(1).some((word) => target === word || target === `${word}/**`);
}

function groundOf({ kind, target }: Pick<Holding, 'kind' | 'target'>): Target {
  return { kind, text: target };
}

function isSublist(part: readonly string[], whole: readonly string[]): boolean {
  const places = part.map((id) => whole.indexOf(id));
  return places.every((place, at) => place >= 0 && place > (places[at - 1] ?? -1));
}

/** The kind of a target that a fleet of the tests asks for: none of their paths looks like a glob. */
function kindOf(text: string): TargetKind {
  if (text.startsWith('@')) return 'resource';
  if (text.endsWith('/**') && !/[*?[{]/.test(text.slice(0, -3))) return 'directory';
  return /[*?[{]/.test(text) ? 'glob' : 'path';
}
