import type { Context } from '../context.js';
import { unfitToHold } from '../domain/handoff.js';
import { ownClaims } from '../domain/ownership.js';
import type { Target } from '../domain/targets.js';
import { type CoordError, usage } from '../errors.js';
import { uncommittedPaths } from '../git/changes.js';
import { heldBackWarnings, offeredLines } from '../render/handoff.js';
import { refusalError, uncommittedError } from '../render/refusals.js';
import { isAnswered } from '../store/answered.js';
import { transact } from '../store/transact.js';
import { commitToRecord } from './release.js';
import { readTargets, TARGET_OPTIONS } from './target-input.js';
import { readText } from './text-input.js';
import type { Input, Verb } from './verb.js';

const LONGEST_NOTE = 1_000;

export const handoff: Verb = {
  arguments: [['<target...>', 'claims of yours to hand over']],
  options: [
    ['--to <id>', 'the agent that shall hold them'],
    ['--note <text>', 'what it should know; goes into the log, addressed to it'],
    ['--commit <commit>', 'the commit that holds the work; HEAD when not named'],
    ['--uncommitted', 'hand over although the ground has uncommitted changes'],
    ['--withdraw', 'take an offer back'],
    ...TARGET_OPTIONS,
  ],
  examples: [
    ['coord handoff src/api --to noor --note "tests are left"', 'offer it; you hold it until noor accepts'],
    ['coord handoff src/api --withdraw', 'keep it after all'],
  ],
  async run(context, input) {
    const targets = readTargets(context, input, input.list(0));
    const to = readReceiver(input);
    const noteText = input.text('note');
    const note = noteText === undefined ? null : readText('the note', noteText, LONGEST_NOTE);
    const problem = to === null || input.flag('uncommitted') ? null : await leftBehind(context, targets, to);
    const base = await context.requestBase();
    const store = await context.store();
    if (problem && !(await isAnswered(store, base.requestId))) return problem;
    const decision = await transact(
      store,
      {
        kind: 'handoff',
        ...base,
        targets,
        to,
        commit: await commitToRecord(context, input),
        commitNamed: input.text('commit') !== undefined,
        note,
      },
      context.surroundings,
    );
    if (!decision.ok) return refusalError(decision.refusal, context.now());
    const { claims, note: logged, heldBack } = decision.result;
    return {
      data: { claims, to, note: logged },
      text: (style) => offeredLines(claims, style),
      warnings: heldBackWarnings(heldBack, to),
    };
  },
};

function readReceiver(input: Input): string | null {
  const to = input.text('to');
  if (input.flag('withdraw')) {
    if (to === undefined) return null;
    throw usage('--to and --withdraw exclude each other', 'use one');
  }
  if (to === undefined) throw usage('--to is required: the agent that shall hold it', 'coord agents lists them');
  return to;
}

/** What no commit holds would not reach the one who accepts. */
async function leftBehind(context: Context, targets: readonly Target[], to: string): Promise<CoordError | null> {
  const { state } = await (await context.store()).read();
  const base = await context.requestBase();
  const owned = ownClaims(state, base, targets, context.now());
  if (unfitToHold(state, base.agent, to) || 'refusal' in owned) return null;
  const dirty = await uncommittedPaths(context.git, owned.claims, context.repository.foldsCase);
  return dirty.length === 0 ? null : uncommittedError(dirty);
}
