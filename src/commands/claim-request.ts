import type { Context } from '../context.js';
import type { ClaimRequest } from '../domain/claim-requests.js';
import type { Target } from '../domain/targets.js';
import { usage } from '../errors.js';
import type { GitStore } from '../store/git-store.js';
import { readDuration, readTtl, ttlFor } from './durations.js';
import { loadedRules } from './rules/loaded.js';
import type { Input } from './verb.js';

const LONGEST_REASON = 1_000;

/** The options of every command that makes claims. */
export const CLAIM_OPTIONS = [
  ['-r, --reason <text>', 'why; a refused agent reads it'],
  ['--ttl <duration>', 'time to live, such as 45m; kept, and reused by renewals'],
  ['--shared', 'read only: coexists with other shared claims'],
  ['--expect <duration>', 'how long you think you need; a wait twice as long raises an alert'],
  ['--allow-behind', "claim although HEAD lacks the last holder's commit; goes on the record"],
] as const;

/** The request that the command line asks for. @throws CoordError `usage` for options that make no sense. */
export async function claimRequest(
  context: Context,
  input: Input,
  store: GitStore,
  targets: readonly Target[],
): Promise<ClaimRequest> {
  const config = await context.config();
  const asked = input.text('ttl');
  const ttl = asked === undefined ? undefined : readTtl(asked, config);
  const expect = input.text('expect');
  return {
    kind: 'claim',
    ...(await context.requestBase()),
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

/** @throws CoordError `usage` when it is too long to be read. */
export function readReason(text: string | undefined): string | null {
  if (text === undefined || text.trim() === '') return null;
  if (text.length > LONGEST_REASON) {
    throw usage(`a reason longer than ${LONGEST_REASON} characters`, 'say it shortly; leave the rest in a note');
  }
  return text;
}
