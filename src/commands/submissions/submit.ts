import type { State, Submission } from '../../domain/model.js';
import { coord } from '../../domain/suggestion.js';
import { NO_TASK } from '../../domain/tasks/landed.js';
import { usage } from '../../errors.js';
import { refusalError } from '../../render/refusals.js';
import { submittedLines, withdrawnLines } from '../../render/submissions.js';
import { answerBefore } from '../../store/queue/combine.js';
import { transact } from '../../store/swap/transact.js';
import type { Context } from '../../workspace/context.js';
import { checkAgentId, isPerson } from '../../workspace/identity.js';
import { commitToRecord } from '../claims/release.js';
import { readTargets } from '../target-input.js';
import { readTaskId } from '../tasks/tasks.js';
import { readText } from '../text-input.js';
import type { Input, Outcome, Verb } from '../verb.js';
import { MOST_BYTES, MOST_BYTES_TOGETHER, MOST_FILES, submittedFiles } from './submitted-files.js';

const LONGEST_NOTE = 2_000;
const MB = 1024 * 1024;

export const submit: Verb = {
  arguments: [['[path...]', 'files and folders whose changes are handed over']],
  options: [
    ['--note <text>', 'what the other should know; required'],
    ['--to <id>', 'the agent that it is meant for; any orchestrator when not named'],
    ['--base <commit>', 'what it is a change of; HEAD when not named'],
    ['--task <id>', 'the task that it belongs to, or none; the one that you have when not named'],
    ['--take-back <id>', 'withdraw your submission'],
    ['--literal', 'take each target as a path, whatever characters it has'],
  ],
  examples: [
    ['coord submit src/api/users.ts --note "paginate users"', 'edited here, not committed: an orchestrator applies it'],
    ['coord submit scratch/w1/report.md --note "what I found"', 'results from your scratch'],
    ['coord submit --take-back n42', 'take it back'],
  ],
  notes: [
    'The contents travel on the state ref; nothing is committed on yours, and no claim is needed. Deletions',
    'go with it. Files that git ignores go when they are named, or are in your scratch. At most',
    `${MOST_FILES} files, ${MOST_BYTES / MB} MB each and ${MOST_BYTES_TOGETHER / MB} MB together; no symbolic links.`,
  ],
  async run(context, input) {
    const withdrawn = input.text('takeBack');
    return withdrawn === undefined ? handOver(context, input) : takeBack(context, withdrawn);
  },
};

async function handOver(context: Context, input: Input): Promise<Outcome> {
  const text = readText('--note', input.text('note') ?? '', LONGEST_NOTE);
  const receiver = input.text('to');
  const to = receiver === undefined ? null : checkAgentId(receiver);
  const targets = await readTargets(context, input, input.list(0));
  if (targets.length === 0) throw usage('nothing to submit: no path is named', coord('submit PATH --note "…"'));
  const base = await context.requestBase();
  const store = await context.store();
  const commit = await commitToRecord(context, input.text('base'));
  const files = await submittedFiles(context, targets, base.policy.scratch, commit);
  const named = input.text('task');
  const task = named === undefined || named === NO_TASK ? (named ?? null) : readTaskId(named);
  const request = { kind: 'submit' as const, ...base, to, text, commit, files, task };
  if (files.length === 0 && !(await answerBefore(store, request, context.now()))) {
    throw usage(
      'nothing to submit: the worktree has no changes there',
      'git status; what you have committed goes with --base COMMIT',
    );
  }
  const decision = await transact(store, request, context.effects);
  if (!decision.ok) return refusalError(decision.refusal, context.now());
  const { submission, added, late } = decision.result;
  const of = decision.result.task;
  const warnings =
    late && of ? [`${of.id} is ${of.state} by ${of.agent} now: your result is kept for review beside it`] : [];
  return {
    data: { submission, added, task: of?.id ?? null, late },
    text: (style) => submittedLines(submission, added, style),
    warnings,
  };
}

async function takeBack(context: Context, id: string): Promise<Outcome> {
  const base = await context.requestBase();
  const store = await context.store();
  const found: Submission = findSubmission((await store.latest(['submissions'])).state, id);
  if (found.agent !== base.agent) {
    throw usage(`${found.id} was submitted by ${found.agent}, not by you`, coord(`integrate ${found.id} --decline`));
  }
  const person = isPerson(context.host);
  const request = { kind: 'drop-submission' as const, ...base, submission: found.id, reason: null, person };
  const decision = await transact(store, request, context.effects);
  if (!decision.ok) return refusalError(decision.refusal, context.now());
  const { submission, again } = decision.result;
  return { data: { submission, again }, text: (style) => withdrawnLines(submission, again, style) };
}

/** @throws CoordError `usage` when there is no submission with this id. */
export function findSubmission({ submissions }: Pick<State, 'submissions'>, id: string): Submission {
  const found = submissions.find((one) => one.id === id);
  if (found) return found;
  const open = submissions.filter(({ closed }) => closed === null).map((one) => one.id);
  // An instant stands only in the words of other refusals.
  throw refusalError({ code: 'usage', reason: 'unknown-submission', submission: id, open }, '');
}
