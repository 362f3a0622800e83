import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { policyFor } from '../../config/config.js';
import { decide } from '../../domain/decide.js';
import type { State, Submission } from '../../domain/model.js';
import {
  type DropSubmissionRequest,
  type IntegrateRequest,
  mayIntegrate,
  type SubmissionEnd,
} from '../../domain/submissions/submissions.js';
import { type CoordError, usage } from '../../errors.js';
import { ScratchIndex } from '../../git/scratch-index.js';
import { type Placement, placeInWorktree } from '../../git/worktree.js';
import {
  conflictError,
  declinedLines,
  integratedLines,
  integrationRefused,
  markedError,
  obstacleError,
  overwriteError,
  submissionLines,
} from '../../render/submissions.js';
import { transact } from '../../store/swap/transact.js';
import type { Context } from '../../workspace/context.js';
import { isPerson } from '../../workspace/identity.js';
import { protectedConfig } from '../../workspace/main-branch.js';
import { readText } from '../input.js';
import type { Input, Outcome, Verb } from '../verb.js';
import { type PlannedFile, planIntegration } from './merge-plan.js';
import { submissionNamed } from './submit.js';

const LONGEST_REASON = 1_000;

export const integrate: Verb = {
  arguments: [['[note]', 'the id of a submission, such as n42; without one, lists them']],
  options: [
    ['--dry-run', 'show what would be done, and change nothing'],
    ['--patch', 'show it line by line; changes nothing'],
    ['--conflicts', 'write conflicts into the files, with conflict markers'],
    ['--decline', 'turn it down; its author is told the reason'],
    ['--reason <text>', 'why; with --decline'],
    ['--all', 'all of them; including those for others to integrate'],
  ],
  examples: [
    ['coord integrate', 'what workers have submitted to you'],
    ['coord integrate n42 --patch', 'look at one'],
    ['coord integrate n42', 'apply it to your worktree, under your claims'],
    ['coord integrate n42 --decline --reason "the API stays"', 'answer its author'],
  ],
  notes: [
    'For an orchestrator, a person at a terminal, or the agent that it was submitted to; never for a worker.',
    'Each path that it changes must be under your live exclusive claim, or off the surface and unclaimed. What you have',
    'not committed is never overwritten. All of it is applied, or nothing; you review, commit and land it. It can be',
    'applied again until it has landed: discard the changes, and integrate it again.',
  ],
  answers: {
    'submissions?': ['Submission[]', 'without an id, as others'],
    'others?': 'number',
    'submission?': ['Submission', 'with an id, as the rest'],
    'files?': 'object[]',
    'applied?': 'boolean',
    'again?': 'boolean',
    'patch?': 'text',
  },
  async run(context, input) {
    const id = input.argument(0);
    const store = await context.store();
    const { state } = await store.latest(['submissions']);
    if (id === undefined) return list(context, input, state);
    const submission = submissionNamed(state, id);
    if (input.flag('decline')) return decline(context, input, submission);
    if (input.text('reason') !== undefined) throw usage('--reason goes with --decline', 'use both, or neither');
    return apply(context, input, state, submission);
  },
};

function list(context: Context, input: Input, state: State): Outcome {
  const { agent } = context.identity();
  const asker = { agent, person: isPerson(context.host) };
  const open = state.submissions.filter(({ closed }) => closed === null);
  const mine = open.filter((one) => one.agent === agent || mayIntegrate(state, asker, one));
  const submissions = input.flag('all') ? open : mine;
  const others = open.length - submissions.length;
  const now = context.now();
  return { data: { submissions, others }, text: (style) => submissionLines(submissions, others, now, style) };
}

async function decline(context: Context, input: Input, { id }: Submission): Promise<Outcome> {
  const reason = readText('--reason', input.text('reason') ?? '', LONGEST_REASON);
  const person = isPerson(context.host);
  const base = await context.requestBase();
  const request: DropSubmissionRequest = { kind: 'drop-submission', ...base, submission: id, reason, person };
  const decision = await transact(await context.store(), request, context.effects);
  if (!decision.ok) return integrationRefused(decision.refusal, id, context.now());
  const { submission, again } = decision.result;
  return { data: { submission, again }, text: (style) => declinedLines(submission, again, style) };
}

async function apply(context: Context, input: Input, state: State, submission: Submission): Promise<Outcome> {
  const request = await integrateRequest(context, submission);
  // Who may not, or comes too late, is told so before the worktree is looked at.
  const first = decide(state, { ...request, requestId: null }, context.now());
  if (!first.ok) return integrationRefused(first.refusal, submission.id, context.now());
  const plan = await planIntegration(context, submission);
  const ready = { ...request, ...factsOf(plan) };
  const dryRun = input.flag('dryRun') || input.flag('patch');
  const judged = decide(state, { ...ready, requestId: null }, context.now());
  if (!judged.ok && !dryRun) return integrationRefused(judged.refusal, submission.id, context.now());
  return withResult(context, plan, async (result) => {
    const report = reportOf(plan, await result.counts());
    if (dryRun) {
      const patch = input.flag('patch') ? await result.patch() : null;
      return {
        data: { submission, files: report, applied: false, again: false, ...(patch === null ? {} : { patch }) },
        text: (style) => integratedLines(submission, report, 'dry-run', style, patch),
        warnings: judged.ok ? [] : [integrationRefused(judged.refusal, submission.id, context.now()).message],
      };
    }
    const problem = problemOf(plan, submission, input.flag('conflicts'));
    if (problem) return problem;
    await result.prepare();
    const decision = await transact(await context.store(), ready, context.effects);
    if (!decision.ok) return integrationRefused(decision.refusal, submission.id, context.now());
    result.place();
    return appliedOutcome(plan, decision.result, report);
  });
}

/** Conflicts that were written with marks are no success: nothing of it can land as it is. */
function appliedOutcome(
  plan: readonly PlannedFile[],
  { submission, again }: SubmissionEnd,
  report: readonly IntegratedFile[],
): Outcome {
  const marked = plan.filter(({ conflict }) => conflict !== null);
  if (marked.length > 0) return markedError(marked, submission, report);
  const came = plan.every(({ how }) => how === 'already') ? 'already' : 'applied';
  return {
    data: { submission, files: report, applied: true, again },
    text: (style) => integratedLines(submission, report, came, style),
  };
}

/** The surface is that of the main branch, as for every guard. */
async function integrateRequest(context: Context, submission: Submission): Promise<IntegrateRequest> {
  const base = await context.requestBase();
  const { config } = await protectedConfig(context);
  const { foldsCase } = context.repository;
  const { surface } = policyFor(config, base.agent, foldsCase);
  const { scratch } = policyFor(config, submission.agent, foldsCase);
  const policy = { ...base.policy, surface };
  const person = isPerson(context.host);
  return { kind: 'integrate', ...base, policy, submission: submission.id, paths: [], scratch, conflicts: 0, person };
}

function factsOf(plan: readonly PlannedFile[]): Pick<IntegrateRequest, 'paths' | 'conflicts'> {
  const changed = plan.filter(({ how }) => how !== 'already');
  return {
    paths: changed.map(({ path }) => path.normalize('NFC')),
    conflicts: changed.filter(({ conflict }) => conflict !== null).length,
  };
}

/** What keeps the whole of it from being applied. */
function problemOf(plan: readonly PlannedFile[], { id }: Submission, marks: boolean): CoordError | null {
  const blocked = plan.filter(({ obstacle, how }) => obstacle !== null && how !== 'already');
  if (blocked.length > 0) return obstacleError(blocked, id);
  const dirty = plan.filter((file) => file.dirty);
  if (dirty.length > 0)
    return overwriteError(
      dirty.map(({ path }) => path),
      id,
    );
  const conflicts = plan.filter(({ conflict }) => conflict !== null && !(marks && conflict === 'text'));
  return conflicts.length === 0 ? null : conflictError(conflicts, id, marks);
}

/** How much of a file changes, in lines; null for what has no lines. */
export interface LineCounts {
  readonly added: number | null;
  readonly deleted: number | null;
}

/** One file of an integration, as it is told. */
interface IntegratedFile extends LineCounts {
  readonly path: string;
  readonly change: 'added' | 'modified' | 'deleted' | 'none';
  readonly how: PlannedFile['how'];
  readonly conflict: PlannedFile['conflict'];
}

/** What an integration would leave in the worktree, beside it. */
export interface IntegrationResult {
  counts(): Promise<ReadonlyMap<string, LineCounts>>;
  /** As `git diff` shows it. */
  patch(): Promise<string>;
  /** Makes the files ready: what can fail, such as a filter, fails before anything is decided. */
  prepare(): Promise<void>;
  /** Puts all of it in its place, or nothing. */
  place(): void;
}

/** Makes the result of a plan beside the worktree, for as long as the work takes. */
async function withResult<T>(
  context: Context,
  plan: readonly PlannedFile[],
  work: (result: IntegrationResult) => Promise<T>,
): Promise<T> {
  const id = context.newId();
  const { repository, git } = context;
  const { commit } = await context.head();
  const changed = plan.filter(({ how }) => how !== 'already');
  const waiting = changed.filter(({ done }) => !done);
  const folder = join(repository.gitDir, `coord-integrate-${id}`);
  const index = new ScratchIndex(repository, git, id);
  const paths = changed.map(({ path }) => path);
  try {
    await index.copyFromCommit(commit);
    // What is put back when a file cannot be placed.
    await index.writeBelow(join(folder, 'before'), pathsOf(changed, 'from'));
    // What was merged is not where git finds it until then.
    await context.objects.flush();
    if (changed.length > 0) await index.put(changed.map(({ path, to }) => ({ path, file: to })));
    return await work({
      counts: async () => countsIn(await index.diff(commit, paths, '--numstat', '-z')),
      patch: () => index.diff(commit, paths, '--patch'),
      prepare: () => index.writeBelow(join(folder, 'after'), pathsOf(waiting, 'to')),
      place: () =>
        placeInWorktree(
          repository.root,
          waiting.map((file) => placementOf(file, folder)),
        ),
    });
  } finally {
    index.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Where there is a file or a link; a folder or a submodule is not written. */
function pathsOf(files: readonly PlannedFile[], side: 'from' | 'to'): string[] {
  return files.filter((file) => /^1[02]0/.test(file[side]?.mode ?? '')).map(({ path }) => path);
}

function placementOf({ path, from, to, trace }: PlannedFile, folder: string): Placement {
  const side = (file: object | null, name: string) => (file === null ? null : join(folder, name, path));
  return { path, before: side(from, 'before'), after: side(to, 'after'), trace };
}

function countsIn(numstat: string): Map<string, LineCounts> {
  const counts = new Map<string, LineCounts>();
  for (const line of numstat.split('\0')) {
    const [added = '', deleted = '', ...path] = line.split('\t');
    const count = (text: string) => (text === '-' ? null : Number(text));
    if (path.length > 0) counts.set(path.join('\t'), { added: count(added), deleted: count(deleted) });
  }
  return counts;
}

function reportOf(plan: readonly PlannedFile[], counts: ReadonlyMap<string, LineCounts>): readonly IntegratedFile[] {
  return plan.map(({ path, how, from, to, conflict }) => {
    const change = how === 'already' ? 'none' : from === null ? 'added' : to === null ? 'deleted' : 'modified';
    return { path, change, how, conflict, ...(counts.get(path) ?? { added: 0, deleted: 0 }) };
  });
}
