import * as v from 'valibot';
import { STATE_REF } from '../domain/state-ref.js';
import {
  choice,
  clusterId,
  count,
  duration,
  durationOrNone,
  endpointUrl,
  flag,
  gateCommand,
  headerName,
  httpStatus,
  inside,
  keyPrefix,
  name,
  paths,
  patterns,
  redirects,
  refName,
  regularExpression,
  resourceName,
  stateRef,
  targetName,
  texts,
} from './values.js';

/*
 * The one table of the keys of `coord.config.json`. Each key stands once, with its type, its default and its words; what is
 * read of the file, the JSON schema that editors read, `coord help config` and docs/reference/configuration.md come from it.
 */

type Schema = v.GenericSchema;
/** What a key means, in a sentence, and a value that it may have. */
type About = readonly [what: string, example?: unknown];

const described = <S extends Schema>(schema: S, [what, example]: About, more: { readonly default?: unknown } = {}) =>
  v.pipe(schema, v.metadata({ description: what, ...more, ...(example === undefined ? {} : { examples: [example] }) }));

/** A key that need not be set, and has no default. */
const key = <S extends Schema>(schema: S, ...about: About) => v.optional(described(schema, about));

/** A key with the value that counts where it is not set. */
const keyWith = <S extends Schema, const D extends v.InferInput<S>>(schema: S, value: D, ...about: About) =>
  v.optional(described(schema, about, { default: value }), value);

/** A key that must be set where what it belongs to is. */
const needed = <S extends Schema>(schema: S, ...about: About) => described(schema, about);

/** A key that only holds others, all of which may be missing. */
const group = <E extends v.ObjectEntries>(entries: E, ...about: About) => {
  const schema = described(v.strictObject(entries), about);
  return v.optional(schema, {} as v.InferInput<typeof schema>);
};

/** The time to live of a claim that asks for none; ttl.max where that is shorter. */
export const DEFAULT_TTL = '30m';

const signerFiles = {
  revokedSigners: key(
    inside,
    'The file of the keys that no longer count: public keys, gpg:FINGERPRINT lines, or a key revocation list of ssh-keygen.',
    '.coord/revoked_signers',
  ),
  gpgKeys: key(
    inside,
    'The file of the public GPG keys of those who sign with one, as gpg --armor --export prints them.',
    '.coord/gpg_keys.asc',
  ),
};

const gateType = <const T extends 'command' | 'signed-tag'>(type: T) =>
  needed(
    v.literal(type),
    'command: a program whose exit 0 opens the gate. signed-tag: a tag on the commit, signed by a person.',
    'command',
  );

const gate = v.variant(
  'type',
  [
    v.strictObject({
      type: gateType('command'),
      command: needed(gateCommand, 'The program and its arguments; no shell reads them.', ['npm', 'test']),
      timeout: keyWith(duration, '10m', 'How long the program may run.', '5m'),
    }),
    v.strictObject({
      type: gateType('signed-tag'),
      allowedSigners: needed(
        inside,
        'The file of the keys that may sign, as ssh-keygen has it: a name and a key on each line; name gpg:FINGERPRINT for a GPG key.',
        '.coord/allowed_signers',
      ),
      ...signerFiles,
      signers: keyWith(count, 1, 'How many different people must sign.', 2),
    }),
  ],
  'must be "command" or "signed-tag": a note is not a gate',
);

const verification = v.pipe(
  v.strictObject({
    url: needed(endpointUrl, 'The address to ask; without a name or password in it.', 'https://app.example/version'),
    expect: key(
      name,
      'The text that the answer must contain; {commit} stands for the commit, {short} for 7 or more of its first digits. {commit} where neither this nor pattern is set.',
      '"commit":"{commit}"',
    ),
    pattern: key(
      regularExpression,
      'A JavaScript regular expression that must match in the answer, in place of expect; ^ and $ stand for the ends of a line.',
      '"commit":\\s*"{commit}"',
    ),
    header: key(headerName, 'The header to look at, in place of the body.', 'x-commit'),
    status: keyWith(httpStatus, 200, 'The HTTP status that is expected.', 204),
    redirects: keyWith(
      redirects,
      'none',
      'Where the answer may lead to: none (nowhere), same-origin, or a list of hosts.',
      ['www.app.example'],
    ),
    interval: keyWith(duration, '2s', 'The pause between two attempts.', '5s'),
    timeout: keyWith(duration, '2m', 'How long to try again before the deploy counts as failed.', '5m'),
  }),
  v.check(
    ({ expect, pattern }) => expect === undefined || pattern === undefined,
    'must have expect or pattern, not both',
  ),
);

const deployTarget = v.strictObject({
  gates: keyWith(texts, [], 'The gates that must be open.', ['tests']),
  requirePushed: keyWith(flag, true, "Whether HEAD must be on the remote's main branch.", false),
  commands: keyWith(
    texts,
    [],
    'The beginnings of command lines that deploy it: agent harnesses that ask coord may run those only through coord deploy.',
    ['npm run deploy', './deploy.sh'],
  ),
  untracked: keyWith(
    patterns,
    [],
    'Files that no commit has and that may go along all the same; others are refused unless a .gitignore ignores them.',
    ['dist/**', '.env.production'],
  ),
  verify: key(verification, 'How the live URL shows that the deploy arrived.', {
    url: 'https://app.example/version',
    expect: '{commit}',
  }),
});

/** The shape of `coord.config.json`; every key is optional. */
export const ConfigSchema = v.strictObject({
  $schema: key(v.string(), 'Where editors find the schema of this file.'),
  ref: keyWith(
    stateRef,
    STATE_REF,
    'The ref that carries the coordination state, by its full name. It shares no history with the code. A branch (refs/heads/…) only where the server takes nothing else.',
    'refs/heads/coord',
  ),
  remote: keyWith(
    refName,
    'origin',
    'The remote that decides between clones: a name that git knows here. It may be a bare repository of the fleet’s own, without the code.',
    'arbiter',
  ),
  mainRemote: key(
    refName,
    'The remote that has the main branch, where that is not the one that decides: of a fork, or beside an arbiter of the fleet’s own. A clone may name both otherwise: git config coord.remote, git config coord.mainRemote.',
    'upstream',
  ),
  mainBranch: key(
    refName,
    "The branch that everybody's work ends in. Where it is not set, the remote is asked for its default branch.",
    'main',
  ),
  share: keyWith(
    flag,
    false,
    'true: a claim is granted only when the remote has accepted it (valid in all clones). false: claims are valid in the worktrees of this clone (valid in this clone).',
    true,
  ),
  pushesPerMinute: key(
    count,
    'How many pushes a minute the remote’s host takes; coord metrics and coord doctor warn above it. Without it, what the host documents: github.com recommends at most 6 for a repository; gitlab.com takes 600 of a user, bitbucket.org 500; of others nothing is known.',
    30,
  ),
  store: key(
    v.strictObject({
      etcd: needed(
        v.strictObject({
          cluster: needed(clusterId, 'The id of the cluster, which its answers must bear.', '14841639068965178418'),
          prefix: needed(keyPrefix, 'What the keys of this state begin with.', '/coord/shop'),
        }),
        'The etcd that decides; its addresses are each clone’s own (git config coord.etcd.endpoints).',
        { cluster: '14841639068965178418', prefix: '/coord/shop' },
      ),
    }),
    'What decides between clones in the place of the remote, whose ref is then a mirror for reading. coord init --store etcd moves the state there.',
    { etcd: { cluster: '14841639068965178418', prefix: '/coord/shop' } },
  ),
  ttl: group(
    {
      default: v.optional(
        described(duration, ['Time to live of a claim that asks for none.', '45m'], { default: DEFAULT_TTL }),
      ),
      max: keyWith(duration, '4h', 'The longest time to live that a claim may ask for.', '2h'),
    },
    'How long claims live.',
  ),
  land: group(
    {
      check: key(
        gateCommand,
        'A program that must pass on what lands before the main branch moves, such as the tests; it gets a second try.',
        ['npm', 'test'],
      ),
      turn: keyWith(duration, '5m', 'How long one may take to rebase when it is one’s turn to land.', '10m'),
    },
    'How work lands on the main branch.',
  ),
  wait: group(
    {
      max: keyWith(
        duration,
        '9m',
        "The longest wait of one command, and its default. Agents' tools often stop a command after 10 minutes.",
        '2m',
      ),
    },
    'How long commands wait.',
  ),
  skewTolerance: keyWith(
    durationOrNone,
    '30s',
    "How far clocks may differ: another agent's claim is free only this long after it expired.",
    '2m',
  ),
  takeover: keyWith(
    choice(['clock', 'observed']),
    'clock',
    'What shows that a claim is over: clock (its expiry plus the tolerance), or observed (this clone has watched it unrenewed for its whole life plus the tolerance).',
    'observed',
  ),
  lockOrder: keyWith(
    choice(['detect', 'strict']),
    'detect',
    'detect: a wait that would close a cycle is refused. strict: targets must also be claimed in ascending order.',
    'strict',
  ),
  surface: keyWith(patterns, [], 'The paths whose change needs a claim, as globs. Workers may not claim them.', [
    'src/**',
    'db/migrations/**',
    'rules/**',
  ]),
  resources: keyWith(
    v.record(
      resourceName,
      described(
        v.strictObject({
          ttl: key(duration, 'Time to live of its claims, in place of ttl.default.', '10m'),
        }),
        ['Settings of one resource.'],
      ),
      'must be a record of resources',
    ),
    {},
    'Named things that are not paths, such as a deploy target; each name begins with @.',
    { '@deploy/prod': { ttl: '10m' } },
  ),
  rules: keyWith(inside, 'rules', 'The folder of the rules.', 'docs/rules'),
  memory: keyWith(
    paths,
    ['STATE.md', 'DECISIONS.md', 'LESSONS.md'],
    'The files that every session reads at its start, after the rules.',
    ['docs/STATE.md'],
  ),
  roles: group(
    {
      worker: group(
        {
          scratch: keyWith(
            patterns,
            ['scratch/{agent}/**'],
            'Globs that a worker may claim all the same; {agent} stands for its id.',
            ['scratch/{agent}/**', 'reports/{agent}.md'],
          ),
        },
        'Workers read; they write only here.',
      ),
    },
    'What the roles may do.',
  ),
  autoClaim: keyWith(
    flag,
    true,
    'Whether the edit guard claims for the agent what it is about to change, where it is free.',
    false,
  ),
  requireSession: keyWith(flag, false, 'Whether a claim needs a session that has loaded the current rules.', true),
  tasks: group(
    {
      by: keyWith(
        choice(['everybody', 'orchestrator']),
        'everybody',
        'Who adds, edits and drops tasks: everybody, or orchestrator (the holder of @orchestrator alone).',
        'orchestrator',
      ),
      attempts: keyWith(
        count,
        3,
        'After so many tries without success a task is stuck: nobody is given it until somebody has looked.',
        5,
      ),
    },
    'How work is given out.',
  ),
  signCommits: keyWith(
    flag,
    false,
    "Whether each commit of the state ref is signed, as git's own settings for signing say. coord audit then looks at the signatures.",
    true,
  ),
  signers: group(
    {
      // Not the file of any gate: who lets agents sign here must not let them open a gate by it.
      allowedSigners: keyWith(
        inside,
        '.coord/agent_signers',
        'The file of the keys that count, in the form of a gate’s allowedSigners. Not the file of a gate: its keys open that gate.',
        '.coord/coordination_signers',
      ),
      ...signerFiles,
    },
    'Whose signatures count on the state ref: files of the main branch.',
  ),
  gates: keyWith(
    v.record(name, described(gate, ['One gate.']), 'must be a record of gates'),
    {},
    'Independent authorisations by name, for deploys.',
    { tests: { type: 'command', command: ['npm', 'test'] } },
  ),
  deploy: keyWith(
    v.record(targetName, described(deployTarget, ['One deploy target.']), 'must be a record of deploy targets'),
    {},
    'Deploy targets by name.',
    { prod: { gates: ['tests'] } },
  ),
});

/** What the file may say. */
export type RawConfig = v.InferInput<typeof ConfigSchema>;
/** What it says, with the default of every key that has one. */
export type FilledConfig = v.InferOutput<typeof ConfigSchema>;

/** One key, for those who print them. */
export interface ConfigKey {
  /** Path of the key; NAME stands for a name that the project chooses. */
  readonly key: string;
  readonly what: string;
  /** The value that counts where the key is not set; undefined where there is none. */
  readonly default?: unknown;
  readonly example?: unknown;
}

/** Every key, each once, those that hold others before these. */
export function configKeys(): readonly ConfigKey[] {
  const rows = rowsBelow(ConfigSchema, '');
  return [...new Map(rows.map((row) => [row.key, row])).values()];
}

/** Of the library's schemas, what is needed to walk through them. */
interface Node {
  readonly type: string;
  readonly wrapped?: Schema;
  readonly entries?: Readonly<Record<string, Schema>>;
  readonly options?: readonly Schema[];
  readonly value?: Schema;
}

function rowsBelow(schema: Schema, path: string): ConfigKey[] {
  const inner = (schema as Node).wrapped ?? schema;
  const { type, entries = {}, value, options = [] } = inner as Node;
  const { description, examples, ...rest } = v.getMetadata(inner) as Record<string, unknown>;
  const [example] = (examples ?? []) as unknown[];
  const own = { key: path, what: description as string, ...rest, ...(example === undefined ? {} : { example }) };
  return [
    ...(description === undefined ? [] : [own]),
    ...Object.entries(entries).flatMap(([name, child]) => rowsBelow(child, path === '' ? name : `${path}.${name}`)),
    ...(type === 'record' && value ? rowsBelow(value, `${path}.NAME`) : []),
    ...(type === 'variant' ? options.flatMap((option) => rowsBelow(option, path)) : []),
  ];
}
