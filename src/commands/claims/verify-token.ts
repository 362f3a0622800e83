import { verifyToken as verify } from '../../domain/claims/conflicts.js';
import type { Claim } from '../../domain/model.js';
import { claimLine, coord, form, targetWord } from '../../domain/suggestion.js';
import { oneLine } from '../../domain/text.js';
import { formatDuration, type Instant, secondsBetween } from '../../domain/time.js';
import { CoordError, usage } from '../../errors.js';
import { clock } from '../../render/format.js';
import type { Style } from '../../render/style.js';
import { readTargets, TARGET_OPTIONS } from '../input.js';
import type { Verb } from '../verb.js';

export const verifyToken: Verb = {
  arguments: [
    ['<target>', 'what is about to be written'],
    ['<token>', 'the fencing token of whoever writes'],
  ],
  options: [['--no-fetch', 'do not fetch; use what this clone has'], ...TARGET_OPTIONS],
  examples: [['coord verify-token @deploy/prod 412', 'exit 0 when 412 still holds, 4 when there is a newer holder']],
  notes: ['For a program that writes under a claim: check just before each write. Anybody may check any token.'],
  answers: { target: 'text', token: 'number', valid: 'boolean', current: 'Claim | null' },
  refusals: { target: 'text', token: 'number', valid: 'boolean', current: 'Claim | null' },
  async run(context, input) {
    const token = readToken(input.argument(1) ?? '');
    const [target] = await readTargets(context, input, [input.argument(0) ?? '']);
    if (!target)
      throw usage(
        'no target was named',
        `${form('verify-token TARGET TOKEN')}; examples: ${coord('help verify-token')}`,
      );
    const store = await context.store();
    const { state } = input.negated('fetch') ? await store.read() : await store.latest();
    const now = context.now();
    const verdict = verify(state, target, token, { foldCase: context.repository.foldsCase }, now);
    const data = { target: target.text, token, ...verdict };
    if (!verdict.valid && token > state.lastToken) return unknownToken(data, state.lastToken);
    if (!verdict.valid) return staleToken(data, now);
    return { data, text: (style) => validTokenLine(data, now, style) };
  },
};

function readToken(text: string): number {
  const token = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(token)) return token;
  throw usage(`not a token: ${JSON.stringify(text.slice(0, 80))}`, 'a token is the number that coord claim printed');
}

export interface TokenReport {
  readonly target: string;
  readonly token: number;
  readonly valid: boolean;
  readonly current: Claim | null;
}

function validTokenLine({ token, current }: TokenReport, now: Instant, style: Style): string {
  if (!current) return '';
  return `${style.good('valid')}: token ${token} is of ${current.agent}, who holds ${oneLine(current.target)} until ${clock(current.expiresAt, now)}`;
}

/** A token that was never given out here: it was mistyped, or is of another repository. */
function unknownToken(report: TokenReport, last: number): CoordError {
  const { target, token } = report;
  return new CoordError('lost', `unknown: token ${token} was never given out here (the last one was ${last})`, {
    hint: `do not write; look at which token was meant: ${coord(`status ${targetWord(target)}`)}`,
    details: { ...report, reason: 'unknown' },
  });
}

/** A token that no longer holds: whoever comes with it must not write. */
function staleToken(report: TokenReport, now: Instant): CoordError {
  const { target, token, current } = report;
  return new CoordError('lost', `stale: ${whyStale(oneLine(target), token, current, now)}`, {
    hint: `do not write; whoever has this token claims again first: ${claimLine(target)}`,
    details: { ...report },
  });
}

function whyStale(target: string, token: number, current: Claim | null, now: Instant): string {
  if (current === null) return `nobody holds ${target} now; token ${token} was released or lost, or never given out`;
  const left = secondsBetween(now, current.expiresAt);
  const since = left > 0 ? '' : `, expired ${formatDuration(-left)} ago`;
  if (current.token === token)
    return `the claim of ${current.agent} on ${oneLine(current.target)} with token ${token} is over${since}`;
  return `${oneLine(current.target)} is held by ${current.agent} with token ${current.token}${since}, not ${token}`;
}
