import { ownClaims } from '../../domain/agents/ownership.js';
import { unfitToHold } from '../../domain/claims/handoff.js';
import type { Target } from '../../domain/ground/targets.js';
import type { Claim } from '../../domain/model.js';
import type { Refusal } from '../../domain/refusal.js';
import { coord, targetWord, targetWords } from '../../domain/suggestion.js';
import { oneLine } from '../../domain/text.js';
import type { Instant } from '../../domain/time.js';
import { CoordError, usage } from '../../errors.js';
import { claimedLines, uncommittedError } from '../../render/claims.js';
import { shortCommit } from '../../render/format.js';
import { bringIn, refusalError } from '../../render/refusals.js';
import type { Style } from '../../render/style.js';
import { isAnswered } from '../../store/queue/combine.js';
import { transact } from '../../store/swap/transact.js';
import { uncommittedOn } from '../../workspace/clean.js';
import type { Context } from '../../workspace/context.js';
import { changedRulesWarning, loadedRules } from '../../workspace/rules.js';
import { readTargets, readText, TARGET_OPTIONS } from '../input.js';
import type { Input, Verb } from '../verb.js';
import { readReason } from './claim-request.js';
import { commitToRecord } from './release.js';
import { placed } from './whereabouts.js';

const LONGEST_NOTE = 1_000;

export const handoff: Verb = {
  arguments: [['<target...>', 'your claims to hand over']],
  options: [
    ['--to <id>', 'the agent it is for'],
    ['--note <text>', 'what the other should know; goes into the log'],
    ['--commit <commit>', 'the commit; HEAD by default'],
    ['--uncommitted', 'even with uncommitted changes; this is recorded'],
    ['--withdraw', 'take an offer back'],
    ...TARGET_OPTIONS,
  ],
  examples: [
    ['coord handoff src/api --to noor --note "tests are left"', 'offer it; you hold it until noor accepts'],
    ['coord handoff src/api --withdraw', 'keep it after all'],
  ],
  answers: { claims: 'Claim[]', to: 'text', note: 'Note | null' },
  async run(context, input) {
    const targets = await readTargets(context, input, input.list(0));
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
        commit: await commitToRecord(context, input.text('commit')),
        commitNamed: input.text('commit') !== undefined,
        note,
      },
      context.effects,
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
    throw usage('--to and --withdraw cannot be used together', 'use one');
  }
  if (to === undefined) throw usage('--to is required: the agent who gets it', `${coord('agent list')} lists them`);
  return to;
}

/** What no commit holds would not reach the one who accepts. */
async function leftBehind(context: Context, targets: readonly Target[], to: string): Promise<CoordError | null> {
  const { state } = await (await context.store()).read();
  const base = await context.requestBase();
  const owned = ownClaims(state, base, targets, context.now());
  if (unfitToHold(state, base.agent, to) || 'refusal' in owned) return null;
  const dirty = await uncommittedOn(context, owned.claims, { stashes: true });
  return dirty.length === 0 ? null : uncommittedError(dirty);
}

export const accept: Verb = {
  arguments: [['[target...]', 'offered claims; all that are offered to you by default']],
  options: [['--allow-behind', "even though HEAD lacks the last holder's work; this is recorded"], ...TARGET_OPTIONS],
  examples: [
    ['coord handoff accept', 'take everything that is offered to you'],
    ['coord handoff accept src/api', 'take one claim: same mode and time to live, a new token'],
  ],
  answers: { claims: 'Claim[]', handedOver: 'object[]' },
  async run(context, input) {
    const texts = input.list(0);
    const store = await context.store();
    // Nothing to take is no refusal, so nothing else would ask the remote.
    await store.latest();
    const targets = texts.length === 0 ? null : await readTargets(context, input, texts);
    const rules = await loadedRules(context, store);
    const decision = await transact(
      store,
      {
        kind: 'accept',
        ...(await context.requestBase()),
        targets,
        head: (await context.head()).commit,
        contains: {},
        allowBehind: input.flag('allowBehind'),
        reach: store.reach,
        rules,
      },
      context.effects,
    );
    const now = context.now();
    if (!decision.ok) return acceptRefused(await placed(context, decision.refusal), texts, now);
    const { claims, handedOver } = decision.result;
    return {
      data: { claims, handedOver },
      text: (style) =>
        claims.length === 0 ? 'nothing is offered to you' : claimedLines(claims, now, style, 'accepted'),
      warnings: await changedRulesWarning(context, rules),
    };
  },
};

export const decline: Verb = {
  arguments: [['[target...]', 'offered claims; all that are offered to you by default']],
  options: [['-r, --reason <text>', 'why; the holder reads it'], ...TARGET_OPTIONS],
  examples: [['coord handoff decline src/api --reason "busy until noon"', 'the holder keeps it, and is told']],
  answers: { claims: 'Claim[]' },
  async run(context, input) {
    const texts = input.list(0);
    const store = await context.store();
    // Nothing to decline is no refusal, so nothing else would ask the remote.
    await store.latest();
    const decision = await transact(
      store,
      {
        kind: 'decline',
        ...(await context.requestBase()),
        targets: texts.length === 0 ? null : await readTargets(context, input, texts),
        reason: readReason(input.text('reason')),
      },
      context.effects,
    );
    if (!decision.ok) return refusalError(decision.refusal, context.now());
    const { claims } = decision.result;
    return { data: { claims }, text: (style) => declinedLines(claims, style) };
  },
};

function offeredLines(claims: readonly Claim[], style: Style): string[] {
  return claims.map(({ target, offer }) => {
    const name = style.target(oneLine(target));
    if (offer === null) return `${style.good('withdrawn')} the offer of ${name}; you hold it`;
    const at = offer.commit === null ? '' : ` at ${shortCommit(offer.commit)}`;
    return `${style.good('offered')} ${name}${at} to ${offer.to}; you hold it until ${offer.to} accepts`;
  });
}

function heldBackWarnings(heldBack: readonly Claim[], to: string | null): string[] {
  return heldBack.map(
    ({ target }) =>
      `${to} cannot accept while you keep ${oneLine(target)}, which overlaps: ${coord(`handoff ${targetWord(target)} --to ${to}`)}, or ${coord(`release ${targetWord(target)}`)}`,
  );
}

function declinedLines(claims: readonly Claim[], style: Style): string[] {
  if (claims.length === 0) return ['nothing is offered to you'];
  return claims.map(({ target, agent }) => `${style.good('declined')} ${oneLine(target)}; ${agent} still holds it`);
}

/** An offer that was not accepted; when HEAD lacks the work, what brings it in. */
function acceptRefused(refusal: Refusal, targets: readonly string[], now: Instant): CoordError {
  const error = refusalError(refusal, now);
  if (refusal.reason === 'held') {
    const [first] = refusal.conflicts;
    const hint = `${first?.agent} must hand over or release ${oneLine(first?.heldTarget ?? '')} too; then ${coord(`handoff accept ${targetWords(targets)}`.trimEnd())}`;
    return new CoordError('held', error.message, { hint, details: error.details });
  }
  if (error.code !== 'behind' || refusal.reason !== 'behind') return error;
  return new CoordError('behind', error.message, {
    hint: `${bringIn(refusal.missing)}; then ${coord(`handoff accept ${targetWords(targets)}`.trimEnd())}`,
    details: error.details,
  });
}
