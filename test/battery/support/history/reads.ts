import type { BranchCommit } from './branch.js';
import type { Placed } from './check.js';
import { type Call, isOffline } from './client.js';
import { told } from './place.js';
import type { Replay } from './replay.js';

interface Listed {
  readonly id: string;
  readonly agent: string;
  readonly token: number;
  readonly expiresAt: string;
  readonly mode: string;
}

/** What was read is a state that there was while it was read. */
export function checkReads(
  placed: readonly Placed[],
  commits: readonly BranchCommit[],
  replay: Replay,
  problems: string[],
): void {
  const granted = new Set(replay.steps.flatMap(({ holdings }) => holdings.map(({ id }) => id)));
  const apart = offlineTimes(placed.map(({ call }) => call));
  for (const one of placed) {
    const { call, window } = one;
    if (call.verb === 'verify-token') checkVerdict(one, replay, problems);
    if (call.verb !== 'status' || call.args.length > 1 || call.exit !== 0) continue;
    // What was done offline is shown on top of what the remote has.
    if (apart.some(([from, to]) => call.start < to && from < (call.end ?? Number.POSITIVE_INFINITY))) continue;
    const { claims, waiters } = call.answer?.data ?? { claims: [], waiters: [] };
    const seen = [...facts(claims.filter(({ id }: Listed) => granted.has(id))), ...waiters.map(idOf)].join('\n');
    const states = commits.slice(window[0], window[1] + 1);
    if (states.some((state) => [...facts(state.claims), ...state.waiters.map(idOf)].join('\n') === seen)) continue;
    problems.push(`${told(call)}: saw what stood in no commit from ${window[0]} to ${window[1]}:\n${seen}`);
  }
}

/** When something was done offline, and the agent's clone had not put it to the remote yet. */
function offlineTimes(calls: readonly Call[]): (readonly [from: number, to: number])[] {
  return calls.filter(isOffline).map(({ agent, start }) => {
    const back = calls.filter((one) => one.agent === agent && one.start > start && !isOffline(one) && one.exit !== 7);
    return [start, Math.min(...back.flatMap(({ end }) => end ?? []))];
  });
}

/** A token that is said to hold was that of a live claim, one that is said not to was not. */
function checkVerdict({ call, window: [first, last] }: Placed, replay: Replay, problems: string[]): void {
  if (call.exit !== 0 && call.exit !== 4) return;
  const token = Number(call.args[2]);
  const steps = replay.steps.filter(({ index }) => index >= first && index <= last);
  const right = steps.some(({ holdings }) => {
    const claim = holdings.find((one) => one.token === token);
    const expired = claim !== undefined && call.endedAt !== null && claim.expiresAt <= call.endedAt;
    return call.exit === 0 ? claim !== undefined : claim === undefined || expired || claim.target !== call.args[1];
  });
  if (!right) problems.push(`${told(call)}: the token ${call.exit === 0 ? 'did not hold' : 'held'}`);
}

function facts(claims: readonly Listed[]): string[] {
  const lines = claims.map(({ id, agent, token, expiresAt, mode }) => [id, agent, token, expiresAt, mode].join(' '));
  return lines.sort();
}

function idOf({ id }: { readonly id: string }): string {
  return id;
}
