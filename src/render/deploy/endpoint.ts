import { type EndpointReason, exitNameOf, type Verification } from '../../domain/deploy/verification.js';
import { coord, shellWord } from '../../domain/suggestion.js';
import { oneLine, plural } from '../../domain/text.js';
import { formatDuration, secondsBetween } from '../../domain/time.js';
import { CoordError } from '../../errors.js';
import type { Style } from '../style.js';

const SAID_BY = { option: '', deployments: ', as it was deployed', HEAD: ', which is HEAD' } as const;

/** `verified: https://app.example/version shows 1f3c2a9…, which is HEAD`. */
export function verifiedLine({ finding }: Verification, commitFrom: keyof typeof SAID_BY, style: Style): string {
  return `${style.good('verified:')} ${oneLine(finding)}${SAID_BY[commitFrom]}`;
}

/** What is true beside an endpoint that was verified. */
export function verifiedWarnings({ cached, namesCommit, expected }: Verification, target: string): string[] {
  const warnings: string[] = [];
  if (cached !== null) {
    const age = cached.ageSeconds === null ? '' : `, ${formatDuration(cached.ageSeconds)} old`;
    const what = cached.seen === null ? 'something else' : oneLine(cached.seen);
    warnings.push(`a cache still shows ${what} to whoever reads through it${age}`);
  }
  if (!namesCommit) {
    const key = `deploy.${oneLine(target)}.verify`;
    warnings.push(
      `"${oneLine(expected)}" names no commit, so another version may show it too: put {commit} into ${key}`,
    );
  }
  return warnings;
}

/** A endpoint that was not verified, as the refusal it is. */
export function verificationError(
  verification: Verification & { readonly reason: EndpointReason | null },
  details: Readonly<Record<string, unknown>> & { readonly target: string },
): CoordError {
  const { finding, attempts, firstAt, lastAt } = verification;
  const reason = verification.reason ?? 'unreachable';
  const tried = `${plural(attempts, 'attempt')} in ${formatDuration(secondsBetween(firstAt, lastAt))}`;
  const code = exitNameOf(reason);
  const opening = code === 'behind' ? 'not verified' : 'cannot know';
  return new CoordError(code, `${opening}: ${oneLine(finding)} (${tried})`, {
    hint: HINTS[reason](details.target),
    details: { ...verification, ...details },
  });
}

const again = (target: string) => coord(`deploy verify ${shellWord(target)}`);
const key = (target: string, name: string) => `"${name}" of deploy.${oneLine(target)}.verify in coord.config.json`;

const HINTS: Readonly<Record<EndpointReason, (target: string) => string>> = {
  'old-version': (target) => `the deploy has not arrived: look at what it wrote, then ${again(target)}`,
  'other-version': (target) => `find out who deployed that; when it is put right, ${again(target)}`,
  missing: (target) => `let the URL show the commit, or fix ${key(target, 'expect')}`,
  ambiguous: (target) => `name more than the commit, such as "commit":"{commit}", in ${key(target, 'expect')}`,
  status: (target) => `look at the log of the server, then ${again(target)}`,
  redirect: (target) =>
    `name the address where it ends in ${key(target, 'url')}, or allow it in ${key(target, 'redirects')}`,
  'too-large': (target) => `name an address with a short answer in ${key(target, 'url')}`,
  unreadable: (target) => `name an address with a plain answer in ${key(target, 'url')}`,
  'slow-pattern': (target) => `name a simpler one in ${key(target, 'pattern')}`,
  timeout: (target) => `look whether the server runs, then ${again(target)}`,
  unreachable: (target) => `look whether the server runs, then ${again(target)}`,
  tls: (target) => `fix its certificate (NODE_EXTRA_CA_CERTS names further authorities), then ${again(target)}`,
};

/** One attempt, for a terminal: `attempt 3, 6s: https://app.example/version still shows …`. */
export function attemptLine(
  { number, finding }: { readonly number: number; readonly finding: string },
  seconds: number,
): string {
  return `attempt ${number}, ${formatDuration(seconds)}: ${oneLine(finding)}\n`;
}
