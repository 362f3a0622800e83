/** One key of `coord.config.json`, in words: for the JSON schema that editors read, and for `coord help config`. */
export interface ConfigKey {
  /** Path of the key; NAME stands for a name that the project chooses. */
  readonly key: string;
  readonly what: string;
  /** The value that counts where the key is not set; undefined where there is none. */
  readonly default?: unknown;
  readonly example?: unknown;
}

/** Every key that the schema knows; `npm run reference` fails when one is missing here or there. */
export const CONFIG_KEYS: readonly ConfigKey[] = [
  { key: '$schema', what: 'Where editors find the schema of this file.' },
  {
    key: 'ref',
    what: 'The ref that carries the coordination state, by its full name. It shares no history with the code. A branch (refs/heads/…) only where the server takes nothing else.',
    default: 'refs/coord/state',
    example: 'refs/heads/coord',
  },
  {
    key: 'remote',
    what: 'The remote that decides between clones, and that sync-check compares with.',
    default: 'origin',
    example: 'upstream',
  },
  {
    key: 'mainBranch',
    what: "The branch that everybody's work ends in. Where it is not set, the remote is asked for its default branch.",
    example: 'main',
  },
  {
    key: 'share',
    what: 'true: a claim is granted only when the remote has accepted it (valid in all clones). false: claims hold for the worktrees of this clone (valid in this clone).',
    default: false,
    example: true,
  },
  { key: 'ttl', what: 'How long claims live.' },
  { key: 'ttl.default', what: 'Time to live of a claim that asks for none.', default: '30m', example: '45m' },
  { key: 'ttl.max', what: 'The longest time to live that a claim may ask for.', default: '4h', example: '2h' },
  { key: 'wait', what: 'How long commands wait.' },
  {
    key: 'wait.max',
    what: "The longest wait of one command, and its default. Agents' tools often stop a command after 10 minutes.",
    default: '9m',
    example: '2m',
  },
  {
    key: 'skewTolerance',
    what: "How far clocks may differ: another agent's claim is free only this long after it expired.",
    default: '30s',
    example: '2m',
  },
  {
    key: 'takeover',
    what: 'What shows that a claim is over: clock (its expiry plus the tolerance), or observed (this clone has watched it unrenewed for its whole life plus the tolerance).',
    default: 'clock',
    example: 'observed',
  },
  {
    key: 'lockOrder',
    what: 'detect: a wait that would close a cycle is refused. strict: targets must also be claimed in ascending order.',
    default: 'detect',
    example: 'strict',
  },
  {
    key: 'surface',
    what: 'The paths whose change needs a claim, as globs. Workers may not claim them.',
    default: [],
    example: ['src/**', 'db/migrations/**', 'rules/**'],
  },
  {
    key: 'resources',
    what: 'Named things that are no paths, such as a deploy target; each name begins with @.',
    default: {},
    example: { '@deploy/prod': { ttl: '10m' } },
  },
  { key: 'resources.NAME', what: 'Settings of one resource.' },
  { key: 'resources.NAME.ttl', what: 'Time to live of its claims, in place of ttl.default.', example: '10m' },
  { key: 'rules', what: 'The folder of the rules.', default: 'rules', example: 'docs/rules' },
  {
    key: 'memory',
    what: 'The files that every session reads at its start, after the rules.',
    default: ['STATE.md', 'DECISIONS.md', 'LESSONS.md'],
    example: ['docs/STATE.md'],
  },
  { key: 'roles', what: 'What the roles may do.' },
  { key: 'roles.worker', what: 'Workers read; they write only here.' },
  {
    key: 'roles.worker.scratch',
    what: 'Globs that a worker may claim all the same; {agent} stands for its id.',
    default: ['scratch/{agent}/**'],
    example: ['scratch/{agent}/**', 'reports/{agent}.md'],
  },
  {
    key: 'autoClaim',
    what: 'Whether the edit guard claims for the agent what it is about to change, where it is free.',
    default: true,
    example: false,
  },
  {
    key: 'requireSession',
    what: 'Whether a claim needs a session that has loaded the current rules.',
    default: false,
    example: true,
  },
  { key: 'tasks', what: 'How work is given out.' },
  {
    key: 'tasks.by',
    what: 'Who adds, edits and drops tasks: everybody, or orchestrator (the holder of @orchestrator alone).',
    default: 'everybody',
    example: 'orchestrator',
  },
  {
    key: 'tasks.attempts',
    what: 'After so many tries in vain a task is stuck: nobody is given it until somebody has looked.',
    default: 3,
    example: 5,
  },
  {
    key: 'signCommits',
    what: "Whether each commit of the state ref is signed, as git's own settings for signing say. coord audit then looks at the signatures.",
    default: false,
    example: true,
  },
  { key: 'signers', what: 'Whose signatures count on the state ref: files of the main branch.' },
  {
    key: 'signers.allowedSigners',
    what: 'The file of the keys that count, in the form of a gate’s allowedSigners. Not the file of a gate: its keys open that gate.',
    default: '.coord/agent_signers',
    example: '.coord/coordination_signers',
  },
  {
    key: 'signers.revokedSigners',
    what: 'The file of the keys that count no more, in the form of a gate’s revokedSigners.',
    example: '.coord/revoked_signers',
  },
  {
    key: 'signers.gpgKeys',
    what: 'The file of the public GPG keys, in the form of a gate’s gpgKeys.',
    example: '.coord/gpg_keys.asc',
  },
  {
    key: 'gates',
    what: 'Independent authorisations by name, for deploys.',
    example: { tests: { type: 'command', command: ['npm', 'test'] } },
  },
  { key: 'gates.NAME', what: 'One gate.' },
  {
    key: 'gates.NAME.type',
    what: 'command: a program whose exit 0 opens the gate. signed-tag: a tag on the commit, signed by a person.',
    example: 'command',
  },
  {
    key: 'gates.NAME.command',
    what: 'The program and its arguments; no shell reads them.',
    example: ['npm', 'test'],
  },
  { key: 'gates.NAME.timeout', what: 'How long the program may run.', example: '10m' },
  {
    key: 'gates.NAME.allowedSigners',
    what: 'The file of the keys that may sign, as ssh-keygen has it: a name and a key on each line; name gpg:FINGERPRINT for a GPG key.',
    example: '.coord/allowed_signers',
  },
  {
    key: 'gates.NAME.revokedSigners',
    what: 'The file of the keys that count no more: public keys, gpg:FINGERPRINT lines, or a key revocation list of ssh-keygen.',
    example: '.coord/revoked_signers',
  },
  {
    key: 'gates.NAME.gpgKeys',
    what: 'The file of the public GPG keys of those who sign with one, as gpg --armor --export prints them.',
    example: '.coord/gpg_keys.asc',
  },
  { key: 'gates.NAME.signers', what: 'How many different people must sign.', example: 2 },
  {
    key: 'deploy',
    what: 'Deploy targets by name.',
    example: { prod: { gates: ['tests'] } },
  },
  { key: 'deploy.NAME', what: 'One deploy target.' },
  { key: 'deploy.NAME.gates', what: 'The gates that must be open.', example: ['tests'] },
  {
    key: 'deploy.NAME.requirePushed',
    what: "Whether HEAD must be on the remote's main branch.",
    example: true,
  },
  {
    key: 'deploy.NAME.commands',
    what: 'How command lines begin that deploy it: agent harnesses that ask coord may run them only through coord deploy.',
    example: ['npm run deploy', './deploy.sh'],
  },
  {
    key: 'deploy.NAME.untracked',
    what: 'Files that no commit has and that may go along all the same; others are refused unless a .gitignore ignores them.',
    example: ['dist/**', '.env.production'],
  },
  {
    key: 'deploy.NAME.verify',
    what: 'How the live URL shows that the deploy arrived.',
    example: { url: 'https://app.example/version', expect: '{commit}' },
  },
  {
    key: 'deploy.NAME.verify.url',
    what: 'The address to ask; without a name or password in it.',
    example: 'https://app.example/version',
  },
  {
    key: 'deploy.NAME.verify.expect',
    what: 'The text that the answer must hold; {commit} stands for the commit, {short} for 7 or more of its first digits. {commit} where neither this nor pattern is set.',
    example: '"commit":"{commit}"',
  },
  {
    key: 'deploy.NAME.verify.pattern',
    what: 'A JavaScript regular expression that must match in the answer, in place of expect; ^ and $ stand for the ends of a line.',
    example: '"commit":\\s*"{commit}"',
  },
  {
    key: 'deploy.NAME.verify.header',
    what: 'The header to look at, in place of the body.',
    example: 'x-commit',
  },
  { key: 'deploy.NAME.verify.status', what: 'The HTTP status that is expected (200).', example: 200 },
  {
    key: 'deploy.NAME.verify.redirects',
    what: 'Where the answer may lead to: none (nowhere), same-origin, or a list of hosts.',
    example: ['www.app.example'],
  },
  { key: 'deploy.NAME.verify.interval', what: 'The pause between two attempts (2s).', example: '5s' },
  {
    key: 'deploy.NAME.verify.timeout',
    what: 'How long to try again before the deploy counts as failed (2m).',
    example: '2m',
  },
];
