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
import { readText } from '../text-input.js';
import type { Input, Outcome, Verb } from '../verb.js';
import { type IntegratedFile, reportOf, withResult } from './integration-result.js';
import { type PlannedFile, planIntegration } from './merge-plan.js';
import { findSubmission } from './submit.js';

const LONGEST_REASON = 1_000;

export const integrate: Verb = {
  arguments: [['[note]', 'the id of a submission, such as n42; lists them when not named']],
  options: [
    ['--dry-run', 'show what would be done, and change nothing'],
    ['--patch', 'show it line by line; changes nothing'],
    ['--conflicts', 'write what conflicts with marks, instead of nothing'],
    ['--decline', 'turn it down; its author is told the reason'],
    ['--reason <text>', 'why; with --decline'],
    ['--all', 'all of them; those too that are for others to integrate'],
  ],
  examples: [
    ['coord integrate', 'what workers have submitted to you'],
    ['coord integrate n42 --patch', 'look at one'],
    ['coord integrate n42', 'apply it to your worktree, under your claims'],
    ['coord integrate n42 --decline --reason "the API stays"', 'answer its author'],
  ],
  notes: [
    'For an orchestrator, a person at a terminal, or the agent that it was submitted to; never for a worker.',
    'Each path that it changes must be under your live exclusive claim, or off the surface and nobody’s. What you have',
    'not committed is never written over. All of it is applied, or nothing; you review, commit and land it. It can be',
    'applied again until it has landed: throw the changes away, and integrate it once more.',
  ],
  async run(context, input) {
    const id = input.argument(0);
    const store = await context.store();
    const { state } = await store.latest(['submissions']);
    if (id === undefined) return list(context, input, state);
    const submission = findSubmission(state, id);
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
