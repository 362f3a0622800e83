import type { Placed } from './check.js';
import { isOffline, isUnknown } from './client.js';
import { type Operation, onlyKeepsAlive, onlyQueues } from './operations.js';
import { PLACED } from './place.js';

/** Verbs that hold claims for as long as a program runs, and renew them all the while. */
const KEEPERS: readonly string[] = ['run', 'once', 'deploy'];

/** Whatever an agent did according to the history, a call of that agent asked for. */
export function checkEffects(placed: readonly Placed[], operations: readonly Operation[], problems: string[]): void {
  const known = new Map(placed.flatMap((one) => (one.operation ? [[one.operation.id, one] as const] : [])));
  const byAgent = new Map<string, Placed[]>();
  for (const one of placed) byAgent.set(one.call.agent, [...(byAgent.get(one.call.agent) ?? []), one]);
  for (const operation of operations) {
    const { id, actor, early, events } = operation;
    if (actor === null) continue;
    const what = `${id}: ${events.map(({ type, target = '' }) => `${type} ${target}`).join(', ')} by ${actor}`;
    const own = known.get(id);
    const calls = (byAgent.get(actor) ?? []).filter((one) => reaches(one, operation));
    if (own ? own.call.agent !== actor : !calls.some((one) => explains(one, operation))) {
      problems.push(`${what}, which it did not ask for`);
    }
    const mayBeEarly = own ? own.call.verb === 'renew' : calls.some(({ call }) => renewsAtWill(call));
    if (early.length > 0 && !mayBeEarly)
      problems.push(`${what}, before half of the life of ${early.join(', ')} was over`);
  }
}

/** A request of a process that was killed may be decided by another one, whenever that comes to it. */
function reaches({ call, window: [first, last] }: Placed, { index }: Operation): boolean {
  return index >= first && (isUnknown(call) || isOffline(call) || index <= last);
}

function explains({ call, operation }: Placed, what: Operation): boolean {
  if (isUnknown(call) || isOffline(call) || onlyKeepsAlive(what)) return true;
  if (call.args.some((word) => word.startsWith('--wait')) && onlyQueues(what)) return true;
  // An offer that stood already, or an ack that was given before, was found, and not placed.
  const vague = !PLACED.includes(call.verb) || call.verb === 'handoff' || call.verb === 'ack';
  // What is taken in with conflicts is on the record though its command fails; nothing else is.
  if (call.verb === 'integrate' && what.events.some(({ type }) => type === 'work.integrated'))
    return operation === null;
  // A result that came too late is kept, though its command fails.
  if (call.verb === 'task done' && what.events.some(({ type }) => type === 'task.late')) return operation === null;
  return operation === null && vague && (call.exit === 0 || !PLACED.includes(call.verb));
}

function renewsAtWill(call: Placed['call']): boolean {
  return KEEPERS.includes(call.verb) || (call.verb === 'renew' && (isUnknown(call) || isOffline(call)));
}
