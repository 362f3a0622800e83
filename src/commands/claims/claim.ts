import type { ClaimRequest, ClaimTerms } from '../../domain/claims/claim.js';
import { isWide, narrowerGround } from '../../domain/claims/verify-token.js';
import type { Target } from '../../domain/ground/targets.js';
import type { Claim } from '../../domain/model.js';
import { coord, targetWord, targetWords } from '../../domain/suggestion.js';
import { oneLine } from '../../domain/text.js';
import { CoordError, usage } from '../../errors.js';
import { changedPaths, onGround } from '../../git/changes.js';
import { claimedLines } from '../../render/claims.js';
import type { GitStore } from '../../store/swap/git-store.js';
import { transact } from '../../store/swap/transact.js';
import type { Context } from '../../workspace/context.js';
import { changedRulesWarning, loadedRules } from '../../workspace/rules.js';
import { readDuration, readTtl, readWait, ttlFor } from '../durations.js';
import { readTargets, TARGET_OPTIONS } from '../target-input.js';
import type { Input, Verb } from '../verb.js';
import { refusedClaim } from '../waiting/queueing.js';
import { checkOffline, OFFLINE_OPTION, offlineWarnings, transactHere } from './offline.js';

const LONGEST_REASON = 1_000;

/** The options of every command that makes claims. */
export const CLAIM_OPTIONS = [
  ['-r, --reason <text>', 'why; a refused agent reads it'],
  ['--ttl <duration>', 'time to live, such as 45m; kept, and reused by renewals'],
  ['--shared', 'read only: coexists with other shared claims'],
  ['--expect <duration>', 'how long you think you need; a wait twice as long raises an alert'],
  ['--allow-behind', "claim although HEAD lacks the last holder's commit; goes on the record"],
] as const;

/** The terms of the claim that the command line asks for. @throws CoordError `usage` for options that make no sense. */
export async function claimTerms(
  context: Context,
  input: Input,
  store: GitStore,
  targets: readonly Target[],
): Promise<ClaimTerms> {
  const config = await context.config();
  const asked = input.text('ttl');
  const ttl = asked === undefined ? undefined : readTtl(asked, config);
  const expect = input.text('expect');
  return {
    targets: targets.map((target) => ({ target, ttlSeconds: ttlFor(target.text, ttl, config) })),
    mode: input.flag('shared') ? 'shared' : 'exclusive',
    reason: readReason(input.text('reason')),
    expectSeconds: expect === undefined ? null : readDuration('--expect', expect),
    head: (await context.head()).commit,
    contains: {},
    allowBehind: input.flag('allowBehind'),
    reach: store.reach,
    rules: await loadedRules(context, store),
    ticket: null,
  };
}

/** The claim that the command line asks for. @throws CoordError `usage` for options that make no sense. */
export async function claimRequest(
  context: Context,
  input: Input,
  store: GitStore,
  targets: readonly Target[],
): Promise<ClaimRequest> {
  const terms = await claimTerms(context, input, store, targets);
  return { kind: 'claim', ...(await context.requestBase()), ...terms };
}

/** @throws CoordError `usage` when it is too long to be read. */
export function readReason(text: string | undefined): string | null {
  if (text === undefined || text.trim() === '') return null;
  if (text.length > LONGEST_REASON) {
    throw usage(`a reason longer than ${LONGEST_REASON} characters`, 'say it shortly; leave the rest in a note');
  }
  return text;
}

export const claim: Verb = {
  arguments: [['<target...>', 'paths, directories, globs or @resources; all are granted, or none']],
  options: [
    ...CLAIM_OPTIONS,
    ['--wait [duration]', 'queue for it, first come first served; at most 9m unless the config says otherwise'],
    ['--take-over', 'take it from whoever holds it, before its time is over; needs --reason'],
    OFFLINE_OPTION,
    ...TARGET_OPTIONS,
  ],
  examples: [
    ['coord claim src/api --reason "pagination"', 'claim a directory for the default time'],
    ["coord claim 'src/**/*.test.ts' @db/main --ttl 1h", 'a glob and a resource, both or neither'],
    ['coord claim src/api/users.ts --wait=5m', 'wait your turn, for at most five minutes'],
    ['coord claim src/api --take-over --reason "maya\'s machine died"', 'take it now; the former holder is told why'],
  ],
  notes: [
    'Ground whose time is over is simply claimed. With --take-over, whoever held any of the ground loses that whole claim,',
    'is told so by its next command, and has an older token; nobody in the queue comes first.',
  ],
  async run(context, input) {
    const targets = readTargets(context, input, input.list(0));
    const seconds = readWait(input, await context.config());
    if (input.flag('takeOver')) {
      if (seconds !== null) throw usage('--wait and --take-over exclude each other', 'use one');
      if (input.flag('offline'))
        throw usage('--offline and --take-over exclude each other', 'a claim is taken over where all clones see it');
      return (await import('./take-over.js')).takeOver(context, input, targets);
    }
    await checkOffline(context, input);
    const store = await context.store();
    const request = await claimRequest(context, input, store, targets);
    const claims = input.flag('offline')
      ? await claimOffline(context, input, request)
      : await claimOrWait(context, store, request, seconds);
    if (claims instanceof CoordError) return claims;
    const now = context.now();
    return {
      data: { claims },
      text: (style) => claimedLines(claims, now, style),
      warnings: [
        ...(await offlineWarnings(context, input, claims)),
        ...(await wideWarnings(context, claims)),
        ...(await changedRulesWarning(context, request.rules)),
      ],
    };
  },
};

async function claimOffline(context: Context, input: Input, request: ClaimRequest) {
  const decision = await transactHere(context, input, request);
  return decision.ok ? decision.result.claims : refusedClaim(context, decision.refusal);
}

/** Claims at once, or after at most this many seconds in the queue; null: does not wait. */
export async function claimOrWait(
  context: Context,
  store: GitStore,
  request: ClaimRequest,
  waitSeconds: number | null,
): Promise<readonly Claim[] | CoordError> {
  if (waitSeconds !== null) {
    const { waitForTurn } = await import('../waiting/queueing.js');
    return waitForTurn(context, store, request, { seconds: waitSeconds, passive: false });
  }
  const decision = await transact(store, request, context.surroundings);
  return decision.ok ? decision.result.claims : refusedClaim(context, decision.refusal);
}

/** Says of each new claim that stops many others how it could be narrower, from what the agent has changed. */
export async function wideWarnings(context: Context, claims: readonly Claim[]): Promise<string[]> {
  const { surface } = await context.policy(claims[0]?.agent ?? '');
  const wide = claims.filter(
    (claim) => claim.mode === 'exclusive' && claim.acquiredAt === claim.renewedAt && isWide(claim, surface),
  );
  if (wide.length === 0) return [];
  const changed = await changedPaths(context.git);
  return wide.map((claim) => {
    const narrower = narrowerGround(onGround(changed, [claim], context.repository.foldsCase));
    const suggestion =
      narrower.length === 0
        ? 'claim only the files that you will change'
        : `you have changed ${narrower.map(oneLine).join(' ')}: ${coord(`claim ${targetWords(narrower)}`)} && ${coord(`release ${targetWord(claim.target)}`)}`;
    return `${oneLine(claim.target)} is wide ground and stops others; ${suggestion}`;
  });
}
