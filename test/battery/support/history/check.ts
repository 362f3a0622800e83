import type { Note } from '../../../../src/domain/model.js';
import type { Sandbox } from '../../../support/sandbox.js';
import { type BranchCommit, readBranch, readNotes } from './branch.js';
import { type Call, isUnknown, type Spoken } from './client.js';
import { checkEffects } from './effects.js';
import { type HistoryIndex, indexHistory } from './index-of.js';
import { checkLosses } from './losses.js';
import type { Operation } from './operations.js';
import { place, told } from './place.js';
import { checkReads } from './reads.js';
import { justification } from './refusals.js';
import { type ReplayOptions, replayCommits } from './replay.js';
import { type CheckedTasks, checkTasks } from './tasks.js';
import { checkWords } from './words.js';

export interface CheckedHistory {
  readonly commits: number;
  readonly grants: number;
  readonly calls: number;
  /** Calls of which nobody was told what came of them. */
  readonly unknown: number;
  readonly refused: number;
  readonly tasks: CheckedTasks;
  /** What does not hold; empty when all does. */
  readonly problems: readonly string[];
}

/** A call, where its effect stands in the history, and what it can have seen. */
export interface Placed {
  readonly call: Call;
  /** null when it wrote nothing that can be told from the others' writes. */
  readonly operation: Operation | null;
  /** Indices of commits, both included: see {@link windowsOf}. */
  readonly window: readonly [first: number, last: number];
}

type CheckOptions = Pick<ReplayOptions, 'toleranceSeconds'> & {
  /** Calls that were answered in sentences; they stand among the others as calls of which nothing is known. */
  readonly spoken?: readonly Spoken[];
};

/** {@link checkHistory} of a clone's state ref. */
export function checkBranch(
  box: Sandbox,
  clone: string,
  calls: readonly Call[],
  { branch = 'coord/state', ...options }: { readonly branch?: string } & CheckOptions = {},
): CheckedHistory {
  return checkHistory(readBranch(box, clone, branch), calls, readNotes(box, clone, branch), options);
}

/**
 * Checks what clients were told against the first-parent history of the branch, which is the total order of operations:
 * the history itself holds (see {@link replayCommits}); every acknowledged operation is there exactly once, and every
 * unknown one at most once; what was acknowledged before another began stands before it; each answer is what the state
 * at its place implies; every refusal was justified by a state that the client can have seen, and changed nothing; what was
 * read is such a state, and so is what was said in sentences; whatever stands in the history, somebody has asked for; and whoever lost a claim was told. The
 * method is that of linearizability checkers such as Knossos and Porcupine, made easy by a total order that the store
 * itself writes down.
 * @param log the notes of the branch at its end
 */
export function checkHistory(
  commits: readonly BranchCommit[],
  calls: readonly Call[],
  log: readonly Note[],
  { toleranceSeconds, spoken = [] }: CheckOptions = {},
): CheckedHistory {
  const forced = new Set(calls.filter(isForced).map(({ mark }) => mark));
  const replay = replayCommits(commits, {
    ...(toleranceSeconds === undefined ? {} : { toleranceSeconds }),
    mayOvertake: ({ reason }) => forced.has(String(reason)),
  });
  const problems = [...replay.problems];
  const index = indexHistory(replay.operations, log);
  const found = calls.map((call) => ({ call, operation: place(call, index, problems) }));
  const placed = windowsOf(found, commits.length);
  checkOrder(placed, problems);
  const tasks = checkTasks(commits, placed);
  problems.push(...tasks.problems);
  checkTimes(calls, index, problems);
  checkEffects(placed, replay.operations, problems);
  checkReads(placed, commits, replay, problems);
  checkLosses(placed, replay.operations, problems);
  checkWords(spoken, found, { commits, replay, log }, problems);
  const refused = placed.filter(({ call }) => call.exit !== 0 && !isUnknown(call));
  for (const one of refused) {
    const problem = justification(one, commits, replay, toleranceSeconds);
    if (problem !== null) problems.push(`${told(one.call)}: ${problem}`);
  }
  return {
    commits: commits.length,
    grants: replay.grants,
    calls: calls.length,
    unknown: calls.filter(({ end }) => end === null).length,
    refused: refused.length,
    tasks,
    problems,
  };
}

function isForced({ verb, args }: Call): boolean {
  return verb === 'claim' && args.includes('--take-over');
}

/** What was acknowledged before another call began stands before it. */
function checkOrder(placed: readonly Placed[], problems: string[]): void {
  const repeated = repeatedIn(placed.map(({ call }) => call));
  for (const { call, operation, window } of placed) {
    // The same request asked again stands where it stood.
    if (operation && operation.index < window[0] && !repeated.has(call)) {
      problems.push(`${told(call)}: stands before commit ${window[0]}, which was acknowledged before it began`);
    }
  }
}

/** What was refused is not there; nobody knows whether the unknown was done: done twice it must not be. */
function checkTimes(calls: readonly Call[], index: HistoryIndex, problems: string[]): void {
  const byMark = new Map<string, Call[]>();
  for (const call of calls) byMark.set(call.mark, [...(byMark.get(call.mark) ?? []), call]);
  for (const [mark, same] of byMark) {
    const targets = [...(index.marked.get(mark) ?? [])];
    for (const [target, times] of targets) {
      if (times > 1) problems.push(`${mark}: ${target} was given to it ${times} times`);
    }
    const [call] = same;
    if (call && targets.length > 0 && same.every((one) => one.exit !== 0 && !isUnknown(one)) && call.verb !== 'run') {
      problems.push(`${told(call)}: was refused, and done: ${targets.map(([target]) => target).join(', ')}`);
    }
    const notes = targets.filter(([target]) => target.startsWith('note '));
    if (notes.length > 1) problems.push(`${mark}: noted ${notes.length} times`);
  }
}

/**
 * The states that a call can have seen: from the last write that was acknowledged before it began to the last one before
 * any write that began after it had ended.
 */
export function windowsOf(found: readonly Omit<Placed, 'window'>[], commits: number): Placed[] {
  const repeated = repeatedIn(found.map(({ call }) => call));
  return found.map(({ call, operation }) => {
    let first = 0;
    let last = commits - 1;
    for (const other of found) {
      if (other.operation === null) continue;
      if (other.call.end !== null && other.call.end < call.start) first = Math.max(first, other.operation.index);
      // The same request asked again stands where it stood.
      const begun = !repeated.has(other.call) && call.end !== null && other.call.start > call.end;
      if (begun) last = Math.min(last, other.operation.index - 1);
    }
    return { call, operation, window: [first, Math.max(first, last)] };
  });
}

/** The calls that asked again for what may have been done before: what they were told may stand there. */
function repeatedIn(calls: readonly Call[]): ReadonlySet<Call> {
  const unknown = new Set<string>();
  const repeated = new Set<Call>();
  for (const call of [...calls].sort((a, b) => a.start - b.start)) {
    const words = JSON.stringify([call.agent, call.args]);
    if (call.requestId !== null || unknown.has(words)) repeated.add(call);
    if (isUnknown(call)) unknown.add(words);
  }
  return repeated;
}
