import { command, coord } from '../../domain/suggestion.js';
import { AS_DATA, fenced, oneLine, shorten } from '../../domain/text.js';
import { CoordError, type ErrorCode } from '../../errors.js';
import type { PorcelainResult } from '../../git/porcelain.js';
import { lacksAtomic, reasonOf, rejectionOf, wordsOf } from '../../git/push-status.js';
import { isRateLimited } from '../../git/rate-limit.js';
import { UNKNOWN_OUTCOME } from './store.js';

/** What a remote's answer is about. It only chooses the words: what happened is found out by reading the remote. */
export interface Trouble {
  readonly kind: string;
  /** A clause: what is wrong. */
  readonly what: string;
  /** What to do. */
  readonly todo: string;
  readonly code: Extract<ErrorCode, 'unavailable' | 'closed'>;
}

type Known = readonly [kind: string, pattern: RegExp, what: string, todo: string, code?: 'closed'];

/** As much of a server's own words is shown. */
const MOST_SAID = 600;
const MOST_LINES = 12;

const ASK_ADMIN = 'do not bypass it: ask whoever administers the remote to let you push that ref';

/** Before git could ask anything: nothing can have been written there. */
const UNREACHED: readonly Known[] = [
  [
    'no-such-host',
    /could not resolve (?:host|proxy)|Name or service not known|nodename nor servname/i,
    'its host name is unknown here',
    `check the network and the address: ${command('git remote -v')}`,
  ],
  [
    'no-connection',
    /Connection refused|Failed to connect|No route to host|Network is unreachable|unable to connect/i,
    'nothing answers there',
    `check the network and the address: ${command('git remote -v')}`,
  ],
  [
    'certificate',
    /certificate|Host key verification failed/i,
    'it is not trusted',
    `connect once by hand, and look at what git says: ${command('git ls-remote')}`,
  ],
  [
    'login',
    /Authentication failed|could not read (?:Username|Password)|read askpass response|terminal prompts disabled|Permission denied \(|error: 401/i,
    'it does not know who you are',
    `log in, so that this works without a question (a credential helper, ssh-agent): ${command('git ls-remote')}`,
  ],
  [
    'forbidden',
    /error: 403|HTTP 403|Permission to .* denied|access denied|not allowed to|you don't have permission|service not enabled/i,
    'you may not',
    ASK_ADMIN,
    'closed',
  ],
  [
    'no-such-repository',
    /does not appear to be a git repository|not found|error: 404|error: 410/i,
    'there is no such repository, or none that you may see',
    `check the address (${command('git remote -v')}), and that the repository is still there`,
  ],
  ['broken', /unable to access/, 'it answers with an error', 'check that server, or ask whoever administers it'],
];

/** Said by a server that was reached. */
const REFUSED: readonly Known[] = [
  [
    'signatures',
    /must have (?:verified |valid )?signatures|commits? (?:must|have to) be signed|unsigned commits?|not signed/i,
    'it takes signed commits only',
    '"signCommits": true in coord.config.json on the main branch has coord sign its commits, as git\'s own settings say',
    'closed',
  ],
  [
    'protected',
    /protected branch|protected ref|GH006|GH013|cannot (?:force-)?push to|not allowed to push/i,
    'that ref is protected there',
    ASK_ADMIN,
    'closed',
  ],
  ['hook', /hook declined|declined by hook/i, 'a hook there refused it', ASK_ADMIN, 'closed'],
  [
    'forbidden',
    /hidden ref|deny|prohibited|funny refname|not permitted|not allowed/i,
    'you may not',
    ASK_ADMIN,
    'closed',
  ],
  [
    'cannot-write',
    /unpacker error|insufficient permission|Permission denied|Read-only|No space left|quota|unable to migrate/i,
    'it could not write',
    'check the permissions and the disk of that repository, or ask whoever administers it',
  ],
  [
    'locked',
    /failed to update ref|cannot lock ref|failed to start transaction|\.lock/i,
    'it could not move that ref, which has not moved in the meantime either',
    'a git that was killed there may have left a lock: ask for its .lock to be removed from that repository',
  ],
  ['hidden', /stale info|fetch first/, 'it does not show that ref to those who push', ASK_ADMIN, 'closed'],
];

const UNKNOWN: Trouble = {
  kind: 'unknown',
  what: 'for a reason that coord does not know',
  todo: `look at what git says: ${command('git ls-remote')}; then repeat`,
  code: 'unavailable',
};

/** Whatever number it is said with. */
const RATE_LIMITED: Trouble = {
  kind: 'rate-limited',
  what: 'it asks for fewer requests',
  todo: 'wait some minutes, then repeat',
  code: 'unavailable',
};

const TIMED_OUT: Trouble = {
  kind: 'timeout',
  what: 'it did not answer in time',
  todo: 'check the network and that server, then repeat',
  code: 'unavailable',
};

/** Why a remote could not be asked, or did not accept a push. */
export function troubleIn(result: PorcelainResult): Trouble {
  if (result.timedOut) return TIMED_OUT;
  if (isRateLimited(result)) return RATE_LIMITED;
  // What the remote says is put in front of git's own words, which are the same for many causes.
  const text = `${result.stdout}\n${result.stderr}`;
  const table = /^!/m.test(result.stdout) ? REFUSED : [...UNREACHED, ...REFUSED];
  const known = table.find(([, pattern]) => pattern.test(text));
  if (!known) return UNKNOWN;
  const [kind, , what, todo, code = 'unavailable'] = known;
  return { kind, what, todo, code };
}

/**
 * Whether a push that failed is known to have moved nothing, whatever became of the connection: the server, or git itself, said
 * so of one of the refs, or git never got so far as to send anything. What a server sends on its way is no sign of that.
 */
export function surelyNotPushed(pushed: PorcelainResult, refs: readonly string[]): boolean {
  if (pushed.timedOut) return false;
  if (refs.some((ref) => rejectionOf(pushed, ref) !== null) || lacksAtomic(pushed)) return true;
  if (isRateLimited(pushed) && !HAS_SENT.test(pushed.stderr)) return true;
  const own = pushed.stderr.split('\n').filter((line) => !line.startsWith('remote: '));
  const hasSent = own.some((line) => HAS_SENT.test(line));
  return !hasSent && own.some((line) => NOT_BEGUN.test(line) || UNREACHED.some(([, pattern]) => pattern.test(line)));
}

/** Git's own words for a connection that was lost once there was one. */
const HAS_SENT = /RPC failed|unexpected disconnect|hung up unexpectedly|early EOF|Broken pipe|write error/i;
/** And for one that ended before the server had shown its refs. */
const NOT_BEGUN = /^fatal: (?:Could not read from remote repository|the remote end hung up upon initial contact)/;

/** The remote could not be asked at all. */
export function unreachable(remote: string, result: PorcelainResult): CoordError {
  const trouble = troubleIn(result);
  const message = `the remote ${remote} could not be asked: ${trouble.what} (${reasonOf(result)})`;
  return failure(trouble, remote, result, message);
}

/** The remote's ref (full name) did not move, and this is why. */
export function declined(remote: string, ref: string, result: PorcelainResult): CoordError {
  const trouble = troubleIn(result);
  const lines = wordsOf(result).filter((line) => !/^(?:fatal|hint|To) ?|^error: failed to push/.test(line));
  const what = `the remote ${remote} did not accept ${ref}: ${trouble.what} (${oneLine(reasonOf(result))})`;
  const message = [what, ...quoted(lines)].join('\n');
  return failure(trouble, remote, result, message, { ref, refusedBy: rejectionOf(result, ref)?.by ?? null });
}

/** What a server wrote, as far as it fits: each line behind a mark that it cannot forge. */
function quoted(lines: readonly string[]): string[] {
  const text = lines.map((line) => shorten(line, MOST_SAID)).join('\n');
  return lines.length === 0 ? [] : [`its words (${AS_DATA}):`, ...fenced(text).slice(0, MOST_LINES)];
}

/** Another ref of the remote has a name that git cannot have beside this one. */
export function nameInTheWay(remote: string, ref: string, other: string): CoordError {
  return new CoordError('unavailable', `the remote ${remote} has ${other}, which cannot exist beside ${ref}`, {
    hint: `nothing was changed; rename that ref there, or give the state another one: ${coord('init --ref refs/coord/claims')}`,
    details: { reason: 'name', remote, ref: other },
  });
}

/** The remote answered, but this clone could not take the answer in. */
export function notTaken(remote: string, ref: string, result: PorcelainResult): CoordError {
  const message = `the remote ${remote} answered, but its ${ref} could not be fetched: ${reasonOf(result)}`;
  return new CoordError('unavailable', message, {
    hint: 'nothing was changed; check permissions and disk space of .git, and git fsck at the remote',
    alternative: { why: 'see what this clone knows', command: coord('status --no-fetch') },
    details: { reason: 'clone', remote, stderr: result.stderr.slice(0, 2000) },
  });
}

/**
 * The push may have been accepted, or may be so still.
 * @param why the remote could not be asked; null: it could, and has not moved yet
 */
export function unknownOutcome(remote: string, pushed: PorcelainResult, why: CoordError | null): CoordError {
  const then = why === null ? 'the server may still be at it' : why.message;
  const message = `unknown whether ${remote} has recorded this: the push got no answer (${reasonOf(pushed)}), and ${then}`;
  return new CoordError('unavailable', message, {
    hint: `unknown: repeat the same command${why === null ? '' : ' when the remote answers again'}: it finds out, and has no second effect`,
    details: { ...why?.details, reason: UNKNOWN_OUTCOME, remote },
    ...(why === null ? {} : { cause: why }),
  });
}

function failure(
  trouble: Trouble,
  remote: string,
  result: PorcelainResult,
  message: string,
  more: Readonly<Record<string, unknown>> = {},
): CoordError {
  return new CoordError(trouble.code, message, {
    hint: `nothing was changed; ${trouble.todo}`,
    ...(trouble.code === 'unavailable'
      ? { alternative: { why: 'see what this clone knows', command: coord('status --no-fetch') } }
      : {}),
    details: { reason: trouble.kind, remote, ...more, stderr: result.stderr.slice(0, 2000) },
  });
}
