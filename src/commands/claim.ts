import type { ClaimRequest } from '../domain/request.js';
import { usage } from '../errors.js';
import { claimedLines } from '../render/claims.js';
import { refusalError } from '../render/refusals.js';
import { transact } from '../store/transact.js';
import { readDuration, readTtl, ttlFor } from './durations.js';
import { readTargets, TARGET_OPTIONS } from './target-input.js';
import type { Verb } from './verb.js';

const LONGEST_REASON = 1_000;

export const claim: Verb = {
  arguments: [['<target...>', 'paths, directories, globs or @resources; all are granted, or none']],
  options: [
    ['-r, --reason <text>', 'why; a refused agent reads it'],
    ['--ttl <duration>', 'time to live, such as 45m; kept, and reused by renewals'],
    ['--shared', 'read only: coexists with other shared claims'],
    ['--expect <duration>', 'how long you think you need'],
    ['--allow-behind', "claim although HEAD lacks the last holder's commit; goes on the record"],
    ...TARGET_OPTIONS,
  ],
  examples: [
    ['coord claim src/api --reason "pagination"', 'claim a directory for the default time'],
    ["coord claim 'src/**/*.test.ts' @db/main --ttl 1h", 'a glob and a resource, both or neither'],
  ],
  async run(context, input) {
    const config = await context.config();
    const targets = readTargets(context, input, input.list(0));
    const asked = input.text('ttl');
    const ttl = asked === undefined ? undefined : readTtl(asked, config);
    const expect = input.text('expect');
    const store = await context.store();
    const request: ClaimRequest = {
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
      rules: null,
    };
    const decision = await transact(store, request, context.surroundings);
    const now = context.now();
    if (!decision.ok) return refusalError(decision.refusal, now);
    const { claims } = decision.result;
    return { data: { claims }, text: (style) => claimedLines(claims, now, style) };
  },
};

/** @throws CoordError `usage` when it is too long to be read. */
export function readReason(text: string | undefined): string | null {
  if (text === undefined || text.trim() === '') return null;
  if (text.length > LONGEST_REASON) {
    throw usage(`a reason longer than ${LONGEST_REASON} characters`, 'say it shortly; leave the rest in a note');
  }
  return text;
}
