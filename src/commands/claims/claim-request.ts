import type { ClaimRequest, ClaimTerms } from '../../domain/claims/claim.js';
import { isWide, narrowerGround } from '../../domain/claims/conflicts.js';
import type { Target } from '../../domain/ground/targets.js';
import type { Claim } from '../../domain/model.js';
import type { Answer, OfflineRequest } from '../../domain/request-table.js';
import { coord, targetWord, targetWords } from '../../domain/suggestion.js';
import { oneLine } from '../../domain/text.js';
import { usage } from '../../errors.js';
import { changedPaths, onGround } from '../../git/changes.js';
import { offlineWarning } from '../../render/claims.js';
import type { GitStore } from '../../store/swap/git-store.js';
import type { Store } from '../../store/swap/store.js';
import { transact } from '../../store/swap/transact.js';
import type { Context } from '../../workspace/context.js';
import { loadedRules } from '../../workspace/rules.js';
import { readDuration, readTtl, ttlFor } from '../input.js';
import type { Input } from '../verb.js';

const LONGEST_REASON = 1_000;

/** The options of every command that makes claims. */
export const CLAIM_OPTIONS = [
  ['-r, --reason <text>', 'why; shown to agents that are refused'],
  ['--ttl <duration>', 'time to live, such as 45m; kept, and reused by renewals'],
  ['--shared', 'read only; coexists with other shared claims'],
  ['--expect <duration>', 'how long you expect to need; a wait twice as long raises an alert'],
  ['--allow-behind', "even though HEAD lacks the last holder's work; this is recorded"],
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
  const rules = await loadedRules(context, store);
  // While the claim is decided; who has loaded no rules has none that could have changed.
  if (rules !== null && !input.flag('offline')) {
    context.askedMain ??= import('../../workspace/sync-facts.js')
      .then(({ lookAtMain }) => lookAtMain(context))
      .catch(() => undefined);
  }
  return {
    targets: targets.map((target) => ({ target, ttlSeconds: ttlFor(target.text, ttl, config) })),
    mode: input.flag('shared') ? 'shared' : 'exclusive',
    reason: readReason(input.text('reason')),
    expectSeconds: expect === undefined ? null : readDuration('--expect', expect),
    head: (await context.head()).commit,
    contains: {},
    allowBehind: input.flag('allowBehind'),
    reach: store.reach,
    rules,
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

/** The claim that a verb makes on the resource that is its own, such as that of a deploy; nobody types it. */
export async function ownVerbClaim(
  context: Context,
  store: GitStore,
  terms: Pick<ClaimTerms, 'targets' | 'reason' | 'head' | 'allowBehind'>,
): Promise<ClaimRequest> {
  return {
    kind: 'claim',
    ...(await context.requestBase()),
    ...terms,
    mode: 'exclusive',
    expectSeconds: null,
    contains: {},
    reach: store.reach,
    rules: await loadedRules(context, store),
    ticket: null,
    byOwnVerb: true,
  };
}

/** @throws CoordError `usage` when it is too long to be read. */
export function readReason(text: string | undefined): string | null {
  if (text === undefined || text.trim() === '') return null;
  if (text.length > LONGEST_REASON) {
    throw usage(`a reason longer than ${LONGEST_REASON} characters`, 'shorten it; put the rest into a note');
  }
  return text;
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
    return `${oneLine(claim.target)} covers a lot and stops others; ${suggestion}`;
  });
}

export const OFFLINE_OPTION = [
  '--offline',
  'do not ask the remote: it is valid in this clone only, until the next command that reaches the remote',
] as const;

/** Decides the request with the remote, or with `--offline` on this host alone. */
export async function transactHere<R extends OfflineRequest>(
  context: Context,
  input: Input,
  request: R,
): Promise<Answer<R['kind']>> {
  if (!input.flag('offline')) return transact(await context.store(), request, context.effects);
  const offline = offlineForm(request);
  return transact(await context.stores.here({ request: offline, asked: true }), offline, context.effects);
}

/** The state that the request of this command line is decided on first. */
export async function storeToRead(context: Context, input: Input): Promise<Store> {
  return input.flag('offline') ? context.stores.here(null) : context.store();
}

/** What `--offline` must not be asked together with. @throws CoordError `usage` */
export async function checkOffline(context: Context, input: Input): Promise<void> {
  if (!input.flag('offline')) return;
  const { share } = await context.config();
  if (!share)
    throw usage('this clone uses no remote: its claims are valid in this clone anyway', 'leave --offline out');
  if (input.flag('wait')) throw usage('--wait and --offline cannot be used together', 'use one');
}

/** Said by each command that grants something offline. */
export async function offlineWarnings(
  context: Context,
  input: Input,
  claims: readonly Pick<Claim, 'target' | 'reach'>[] = [],
): Promise<string[]> {
  if (!input.flag('offline')) return [];
  return [
    offlineWarning(
      (await context.config()).remote,
      claims.filter(({ reach }) => reach === 'clone'),
    ),
  ];
}

function offlineForm<R extends OfflineRequest>(request: R): R {
  const requestId = request.requestId ?? `offline ${request.operation}`;
  return request.kind === 'claim' ? { ...request, requestId, reach: 'clone' } : { ...request, requestId };
}
