import * as v from 'valibot';
import { isReadablePattern } from '../domain/deploy/verification.js';
import { notAGate } from '../domain/gates/lint.js';
import { problemOfPattern } from '../domain/ground/patterns.js';
import { problemOfStateRef } from '../domain/state-ref.js';
import { oneLine } from '../domain/text.js';
import { parseDuration } from '../domain/time.js';

const duration = v.pipe(
  v.string('must be a duration such as "30m"'),
  v.check((text) => (parseDuration(text) ?? 0) > 0, 'must be a duration above zero, such as "30s", "15m" or "2h"'),
);
const durationOrNone = v.pipe(
  v.string('must be a duration such as "30s"'),
  v.check((text) => parseDuration(text) !== null, 'must be a duration such as "30s", or "0s"'),
);
const name = v.pipe(v.string('must be a text'), v.minLength(1, 'must not be empty'));
const texts = v.array(name, 'must be a list of texts');
const pattern = v.pipe(
  name,
  v.check(
    (text) => problemOfPattern(text) === null,
    ({ input }) => `must be a path or a glob that can be read: ${problemOfPattern(input) ?? ''}`,
  ),
);
const inside = v.pipe(
  name,
  v.check((path) => !path.startsWith('/') && !path.split('/').includes('..'), 'must be a path inside the repository'),
);
/** Most file systems take names of 255 bytes, and git adds `.lock`. */
const MOST_REF_NAME_BYTES = 250;
/** What git takes for the name of a branch or remote, as far as it matters here: see git check-ref-format. */
const refName = v.pipe(
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
const stateRef = v.pipe(
  refName,
  v.check(
    (text) => problemOfStateRef(text) === null,
    ({ input }) => problemOfStateRef(input) ?? '',
  ),
);
/** A program and its arguments, of which some may be empty. */
const words = v.pipe(
  v.array(v.string('must be a text'), 'must be a list of texts'),
  v.check(([program = '']) => program !== '', 'must name a program'),
);

const gateCommand = v.pipe(
  words,
  v.check(
    (command) => notAGate(command) === null,
    ({ input }) => notAGate(input) ?? '',
  ),
);

const gate = v.variant(
  'type',
  [
    v.strictObject({ type: v.literal('command'), command: gateCommand, timeout: v.optional(duration) }),
    v.strictObject({
      type: v.literal('signed-tag'),
      allowedSigners: inside,
      revokedSigners: v.optional(inside),
      gpgKeys: v.optional(inside),
      signers: v.optional(
        v.pipe(v.number('must be a number'), v.integer('must be whole'), v.minValue(1, 'must be at least 1')),
      ),
    }),
  ],
  'must be "command" or "signed-tag": a note is not a gate',
);

/** The configuration is committed for all to read, and the URL stands in every record of a deploy. */
const endpointUrl = v.pipe(
  v.string('must be a text'),
  v.url('must be a URL'),
  v.check((url) => /^https?:\/\//i.test(url), 'must begin with https:// or http://'),
  v.check((url) => !/^[^/]*\/\/[^/?#]*@/.test(url), 'must hold no name or password'),
);
const verification = v.pipe(
  v.strictObject({
    url: endpointUrl,
    expect: v.optional(name),
    pattern: v.optional(v.pipe(name, v.check(isReadablePattern, 'must be a regular expression'))),
    header: v.optional(v.pipe(name, v.regex(/^[\w!#$%&'*+.^`|~-]+$/, 'must be the name of a header'))),
    status: v.optional(
      v.pipe(
        v.number('must be a number'),
        v.integer('must be whole'),
        v.minValue(200, 'must be an HTTP status'),
        v.maxValue(599, 'must be an HTTP status'),
      ),
    ),
    redirects: v.optional(
      v.union(
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
      ),
    ),
    interval: v.optional(duration),
    timeout: v.optional(duration),
  }),
  v.check(
    ({ expect, pattern }) => expect === undefined || pattern === undefined,
    'must have expect or pattern, not both',
  ),
);

/** The verbs of `coord deploy`: `coord deploy list` could mean either. */
const DEPLOY_VERBS = ['list', 'show', 'verify'];
const targetName = v.pipe(
  name,
  v.check((text) => !DEPLOY_VERBS.includes(text), 'cannot be the name of a target: it is a verb of coord deploy'),
);

const flag = v.boolean('must be true or false');

/** The shape of `coord.config.json`; every key is optional. The JSON schema that editors read is made from it. */
export const ConfigSchema = v.strictObject({
  $schema: v.optional(v.string()),
  ref: v.optional(stateRef),
  remote: v.optional(refName),
  mainBranch: v.optional(refName),
  share: v.optional(flag),
  ttl: v.optional(v.strictObject({ default: v.optional(duration), max: v.optional(duration) })),
  wait: v.optional(v.strictObject({ max: v.optional(duration) })),
  skewTolerance: v.optional(durationOrNone),
  takeover: v.optional(v.picklist(['clock', 'observed'], 'must be "clock" or "observed"')),
  lockOrder: v.optional(v.picklist(['detect', 'strict'], 'must be "detect" or "strict"')),
  surface: v.optional(v.array(pattern, 'must be a list of texts')),
  resources: v.optional(
    v.record(
      v.pipe(v.string(), v.startsWith('@', 'a resource name starts with @')),
      v.strictObject({ ttl: v.optional(duration) }),
      'must be a record of resources',
    ),
  ),
  rules: v.optional(inside),
  memory: v.optional(v.array(inside, 'must be a list of texts')),
  roles: v.optional(
    v.strictObject({
      worker: v.optional(v.strictObject({ scratch: v.optional(v.array(pattern, 'must be a list of texts')) })),
    }),
  ),
  autoClaim: v.optional(flag),
  requireSession: v.optional(flag),
  tasks: v.optional(
    v.strictObject({
      by: v.optional(v.picklist(['everybody', 'orchestrator'], 'must be "everybody" or "orchestrator"')),
      attempts: v.optional(
        v.pipe(v.number('must be a number'), v.integer('must be whole'), v.minValue(1, 'must be at least 1')),
      ),
    }),
  ),
  signCommits: v.optional(flag),
  signers: v.optional(
    v.strictObject({
      allowedSigners: v.optional(inside),
      revokedSigners: v.optional(inside),
      gpgKeys: v.optional(inside),
    }),
  ),
  gates: v.optional(v.record(name, gate, 'must be a record of gates')),
  deploy: v.optional(
    v.record(
      targetName,
      v.strictObject({
        gates: v.optional(texts),
        verify: v.optional(verification),
        requirePushed: v.optional(flag),
        commands: v.optional(texts),
        untracked: v.optional(v.array(pattern, 'must be a list of texts')),
      }),
      'must be a record of deploy targets',
    ),
  ),
});

export type RawConfig = v.InferOutput<typeof ConfigSchema>;

/** All problems of a parsed configuration as `path: what is wrong`, or the configuration. */
export function validateConfig(
  value: unknown,
): { readonly config: RawConfig } | { readonly problems: readonly string[] } {
  if (Array.isArray(value)) return { problems: ['(root): must be a record'] };
  const unknown = namesSkipped(value);
  const rest: unknown = structuredClone(value);
  // The library names one unknown key of a record and stops there: it is noted, taken out, and the rest looked at again.
  for (;;) {
    const result = v.safeParse(ConfigSchema, rest);
    if (result.success) return unknown.length === 0 ? { config: result.output } : { problems: unknown };
    const unknownKeys = result.issues.filter(isUnknownKey);
    if (unknownKeys.length === 0) return { problems: [...unknown, ...result.issues.map(describeIssue)] };
    for (const issue of unknownKeys) {
      unknown.push(describeIssue(issue));
      const last = issue.path?.at(-1);
      if (last) Reflect.deleteProperty(last.input as object, last.key as string);
    }
  }
}

/** The keys that hold records whose names the project chooses. */
const NAMING = new Set(['gates', 'deploy']);
const SKIPPED = ['__proto__', 'prototype', 'constructor'];

/** Gates and targets of these names the library would leave out without a word. */
function namesSkipped(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, record]) =>
    NAMING.has(key) && typeof record === 'object' && record !== null
      ? SKIPPED.filter((one) => Object.hasOwn(record, one)).map((one) => `${key}.${one}: cannot be a name`)
      : [],
  );
}

function isUnknownKey(issue: v.BaseIssue<unknown>): boolean {
  return issue.type === 'strict_object' && issue.expected === 'never';
}

function describeIssue(issue: v.BaseIssue<unknown>): string {
  const path = oneLine(v.getDotPath(issue) ?? '(root)');
  if (isUnknownKey(issue)) return `${path}: unknown key`;
  if (issue.type === 'strict_object') return `${path}: must be a record`;
  return `${path}: ${issue.message}`;
}
