import type { BranchCommit } from './branch.js';
import type { Call } from './client.js';
import { type HistoryIndex, indexHistory } from './index-of.js';
import { justification } from './refusals.js';
import { replayCommits } from './replay.js';

export interface CheckedHistory {
  readonly commits: number;
  readonly grants: number;
  readonly calls: number;
  /** Calls of which nobody was told what came of them. */
  readonly unknown: number;
  readonly refused: number;
  /** What does not hold; empty when all does. */
  readonly problems: readonly string[];
}

/** A call, and where its effect stands in the history. */
interface Placed {
  readonly call: Call;
  /** Index of the commit; null when it wrote nothing that can be told from the others' writes. */
  readonly index: number | null;
}

/**
 * Checks what clients were told against the first-parent history of the branch, which is the total order of operations:
 * the history itself holds (see {@link replayCommits}); every acknowledged operation is there exactly once, and every
 * unknown one at most once; what was acknowledged before another began stands before it; each answer is what the state
 * at its place implies; and every refusal was justified by a state that the client can have seen. The method is that of
 * linearizability checkers such as Knossos and Porcupine, made easy by a total order that the store itself writes down.
 */
export function checkHistory(commits: readonly BranchCommit[], calls: readonly Call[]): CheckedHistory {
  const replay = replayCommits(commits);
  const problems = [...replay.problems];
  const index = indexHistory(commits);
  const placed = calls.map((call) => ({ call, index: place(call, index, problems) }));
  checkOrder(placed, problems);
  checkUnknown(calls, index, problems);
  const refused = placed.filter(({ call }) => call.exit !== null && call.exit !== 0);
  for (const { call } of refused) {
    const window = windowOf(call, placed, commits.length);
    const problem = justification(call, commits, window);
    if (problem !== null) problems.push(`${told(call)}: ${problem}`);
  }
  return {
    commits: commits.length,
    grants: replay.grants,
    calls: calls.length,
    unknown: calls.filter(({ end }) => end === null).length,
    refused: refused.length,
    problems,
  };
}

function told({ mark, agent, verb, args, exit }: Call): string {
  return `${mark} (${agent}: ${verb} ${args.slice(1).join(' ')}, exit ${exit})`;
}

/** Where an acknowledged operation stands; what it answers is compared with the state there. */
function place(call: Call, index: HistoryIndex, problems: string[]): number | null {
  if (call.exit !== 0 || call.answer === null) return null;
  const { data } = call.answer;
  switch (call.verb) {
    case 'claim':
    case 'steal':
      return placeClaims(call, data.claims, index, problems);
    case 'release':
      return placeReleases(call, data.released, index, problems);
    case 'note': {
      const found = index.notes.get(data.notes?.[0]?.id) ?? [];
      if (found.length !== 1) problems.push(`${told(call)}: its note stands ${found.length} times in the history`);
      return found[0] ?? null;
    }
    default:
      return null;
  }
}

interface AnsweredClaim {
  readonly id: string;
  readonly token: number;
  readonly target: string;
  readonly agent: string;
  readonly mode: string;
}

function placeClaims(
  call: Call,
  claims: readonly AnsweredClaim[],
  index: HistoryIndex,
  problems: string[],
): number | null {
  const places = new Set<number>();
  for (const claim of claims) {
    const grants = index.grants.get(claim.id) ?? [];
    if (grants.length !== 1) problems.push(`${told(call)}: ${claim.id} was granted ${grants.length} times`);
    const own = [...grants, ...(index.renewals.get(claim.id) ?? [])].filter(({ event }) => event.reason === call.mark);
    const [first] = own;
    if (!first) continue;
    places.add(first.index);
    const { event } = first;
    const same = event.target === claim.target && event.agent === claim.agent && event.mode === claim.mode;
    if (!same || event.token !== claim.token) {
      problems.push(`${told(call)}: was told ${JSON.stringify(claim)}, but the history has ${JSON.stringify(event)}`);
    }
  }
  if (places.size > 1) problems.push(`${told(call)}: its claims stand in ${places.size} commits`);
  return [...places][0] ?? null;
}

function placeReleases(
  call: Call,
  released: readonly AnsweredClaim[],
  index: HistoryIndex,
  problems: string[],
): number | null {
  const places = released.map(({ id }) => {
    const found = index.releases.get(id) ?? [];
    if (found.length !== 1) problems.push(`${told(call)}: ${id} was released ${found.length} times`);
    return found[0] ?? null;
  });
  if (new Set(places).size > 1) problems.push(`${told(call)}: its releases stand in several commits`);
  return places[0] ?? null;
}

interface Done {
  readonly call: Call;
  readonly index: number;
  readonly end: number;
}

/** What was acknowledged before another call began stands before it. */
function checkOrder(placed: readonly Placed[], problems: string[]): void {
  const done = placed.flatMap(({ call, index }): Done[] =>
    call.end === null || index === null ? [] : [{ call, index, end: call.end }],
  );
  const acknowledged = [...done].sort((a, b) => b.end - a.end);
  let latest: Done | null = null;
  for (const later of [...done].sort((a, b) => a.call.start - b.call.start)) {
    for (let next = acknowledged.at(-1); next && next.end < later.call.start; next = acknowledged.at(-1)) {
      if (latest === null || next.index > latest.index) latest = next;
      acknowledged.pop();
    }
    // The same request asked again stands where it stood.
    if (latest && latest.index >= later.index && latest.call.mark !== later.call.mark) {
      problems.push(`${told(later.call)}: began after ${told(latest.call)} was acknowledged, but stands before it`);
    }
  }
}

/** Nobody knows whether it was done; done twice it must not be. */
function checkUnknown(calls: readonly Call[], index: HistoryIndex, problems: string[]): void {
  for (const mark of new Set(calls.map((call) => call.mark))) {
    for (const [target, times] of index.marked.get(mark) ?? []) {
      if (times > 1) problems.push(`${mark}: ${target} was granted to it ${times} times`);
    }
  }
}

/**
 * The states that a call can have seen: from the last write that was acknowledged before it began to the last one before
 * any write that began after it had ended. Indices of commits, both included.
 */
function windowOf({ start, end }: Call, placed: readonly Placed[], commits: number): readonly [number, number] {
  let first = 0;
  let last = commits - 1;
  for (const { call, index } of placed) {
    if (index === null) continue;
    if (call.end !== null && call.end < start) first = Math.max(first, index);
    if (end !== null && call.start > end) last = Math.min(last, index - 1);
  }
  return [first, Math.max(first, last)];
}
