import * as v from 'valibot';
import { isReadablePattern } from '../domain/deploy/verification.js';
import { notAGate } from '../domain/gates/lint.js';
import { problemOfPattern } from '../domain/ground/patterns.js';
import { problemOfStateRef } from '../domain/state-ref.js';
import { parseDuration } from '../domain/time.js';

/* What a value of the configuration may be: the types that keys.ts gives to its keys. */

export const duration = v.pipe(
  v.string('must be a duration such as "30m"'),
  v.check((text) => (parseDuration(text) ?? 0) > 0, 'must be a duration above zero, such as "30s", "15m" or "2h"'),
);
export const durationOrNone = v.pipe(
  v.string('must be a duration such as "30s"'),
  v.check((text) => parseDuration(text) !== null, 'must be a duration such as "30s", or "0s"'),
);
/** No file, argument or address can hold one. */
const NO_NUL = 'must not contain a NUL character';
const holdsNoNul = (text: string) => !text.includes('\0');
export const name = v.pipe(
  v.string('must be a text'),
  v.minLength(1, 'must not be empty'),
  v.check(holdsNoNul, NO_NUL),
);
export const texts = v.array(name, 'must be a list of texts');
const pattern = v.pipe(
  name,
  v.check(
    (text) => problemOfPattern(text) === null,
    ({ input }) => `must be a path or a glob that can be read: ${problemOfPattern(input) ?? ''}`,
  ),
);
export const inside = v.pipe(
  name,
  v.check(
    (path) => !path.startsWith('/') && !path.split('/').some((segment) => segment === '..' || /^\.git$/i.test(segment)),
    'must be a path inside the repository, and not in .git',
  ),
);
/** Most file systems take names of 255 bytes, and git adds `.lock`. */
const MOST_REF_NAME_BYTES = 250;
/** What git takes for the name of a branch or remote, as far as it matters here: see git check-ref-format. */
export const refName = v.pipe(
  name,
  v.check(
    (text) => !/^[-./]|[\0-\x20~^:?*[\\\x7f]|\.\.|\/\/|@\{|[./]$|\.lock$/.test(text),
    'must be a name that git allows',
  ),
  v.check(
    (text) => Buffer.byteLength(text) <= MOST_REF_NAME_BYTES,
    `must be no longer than ${MOST_REF_NAME_BYTES} bytes`,
  ),
);
export const stateRef = v.pipe(
  refName,
  v.check(
    (text) => problemOfStateRef(text) === null,
    ({ input }) => problemOfStateRef(input) ?? '',
  ),
);
/** As etcd prints it in answers: an unsigned number of 64 bits. */
export const clusterId = v.pipe(
  name,
  v.regex(/^\d{1,20}$/, 'must be the id of a cluster, as a decimal number in quotes'),
);
export const keyPrefix = v.pipe(
  name,
  v.regex(/^\/?[\w.-]+(?:\/[\w.-]+)*$/, 'must be names of letters, digits, dots and dashes with slashes between them'),
);
/** A program and its arguments, of which some may be empty. */
const commandLine = v.pipe(
  v.array(v.pipe(v.string('must be a text'), v.check(holdsNoNul, NO_NUL)), 'must be a list of texts'),
  v.check(([program = '']) => program !== '', 'must name a program'),
);

export const gateCommand = v.pipe(
  commandLine,
  v.check(
    (command) => notAGate(command) === null,
    ({ input }) => notAGate(input) ?? '',
  ),
);

/** The configuration is committed for all to read, and the URL stands in every record of a deploy. */
export const endpointUrl = v.pipe(
  v.string('must be a text'),
  v.url('must be a URL'),
  v.check((url) => /^https?:\/\//i.test(url), 'must begin with https:// or http://'),
  v.check((url) => !/^[^/]*\/\/[^/?#]*@/.test(url), 'must not contain a name or password'),
);
/** The verbs of `coord deploy`: `coord deploy list` could mean either. */
const DEPLOY_VERBS = ['list', 'show', 'verify'];
export const targetName = v.pipe(
  name,
  v.check((text) => !DEPLOY_VERBS.includes(text), 'cannot be the name of a target: it is a verb of coord deploy'),
);

export const flag = v.boolean('must be true or false');

export const count = v.pipe(
  v.number('must be a number'),
  v.integer('must be a whole number'),
  v.minValue(1, 'must be at least 1'),
);
export const httpStatus = v.pipe(
  v.number('must be a number'),
  v.integer('must be a whole number'),
  v.minValue(200, 'must be an HTTP status'),
  v.maxValue(599, 'must be an HTTP status'),
);
export const headerName = v.pipe(name, v.regex(/^[\w!#$%&'*+.^`|~-]+$/, 'must be the name of a header'));
export const regularExpression = v.pipe(name, v.check(isReadablePattern, 'must be a regular expression'));
export const redirects = v.union(
  [
    v.picklist(['none', 'same-origin']),
    v.array(
      v.pipe(
        v.string(),
        v.regex(/^[\w.-]+(:\d+)?$|^\[[\da-fA-F:.]+\](:\d+)?$/, 'must be a host such as "www.example.com"'),
      ),
    ),
  ],
  'must be "none", "same-origin", or a list of hosts such as "www.example.com" or "www.example.com:8443"',
);
export const patterns = v.array(pattern, 'must be a list of texts');
export const paths = v.array(inside, 'must be a list of texts');
export const resourceName = v.pipe(v.string(), v.startsWith('@', 'a resource name starts with @'));

/** One of these words. */
export function choice<const T extends readonly [string, string]>(words: T) {
  return v.picklist(words, `must be ${words.map((word) => `"${word}"`).join(' or ')}`);
}
