import { expect, it } from 'vitest';
import {
  type PushCommand,
  type PushSettings,
  pushedRefs,
  refOfPreCommit,
  remoteOfPush,
  targetsOfPush,
} from '../../../src/guards/pushed-refs.js';

const A = 'a'.repeat(40);
const B = 'b'.repeat(40);
const ZERO = '0'.repeat(40);

it('reads each ref that a push moves, makes or deletes', () => {
  const input = [
    `refs/heads/main ${A} refs/heads/main ${B}`,
    `HEAD~1 ${A} refs/heads/new ${ZERO}`,
    `(delete) ${ZERO} refs/heads/old ${B}`,
    `refs/heads/x ${'a'.repeat(64)} refs/heads/x ${'0'.repeat(64)}`,
    '',
  ].join('\n');
  expect(pushedRefs(input)).toEqual([
    { local: A, ref: 'refs/heads/main', remote: B },
    { local: A, ref: 'refs/heads/new', remote: null },
    { local: null, ref: 'refs/heads/old', remote: B },
    { local: 'a'.repeat(64), ref: 'refs/heads/x', remote: null },
  ]);
});

it('takes a revision with spaces for the local name that it is', () => {
  expect(pushedRefs(`main@{one week ago} ${A} refs/heads/main ${B}\n`)).toEqual([
    { local: A, ref: 'refs/heads/main', remote: B },
  ]);
});

it.each(['', '\n\n', 'nonsense', `refs/heads/main ${A} refs/heads/main`, `x ${A} refs/heads/ma in ${B}`])(
  '%j names no ref',
  (input) => {
    expect(pushedRefs(input)).toEqual([]);
  },
);

it('reads the variables of the pre-commit framework', () => {
  const env = { PRE_COMMIT_REMOTE_BRANCH: 'refs/heads/main', PRE_COMMIT_TO_REF: A, PRE_COMMIT_FROM_REF: B };
  expect(refOfPreCommit(env)).toEqual([{ local: A, ref: 'refs/heads/main', remote: B }]);
  expect(refOfPreCommit({ ...env, PRE_COMMIT_FROM_REF: '' })).toEqual([
    { local: A, ref: 'refs/heads/main', remote: null },
  ]);
  expect(refOfPreCommit({ PRE_COMMIT_TO_REF: A })).toEqual([]);
  expect(refOfPreCommit({})).toEqual([]);
});

const settings = (
  config: Readonly<Record<string, readonly string[]>> = {},
  branch: string | null = 'x',
): PushSettings => ({
  branch,
  refs: ['refs/heads/main', 'refs/heads/x', 'refs/heads/a/b', 'refs/coord/state'],
  config: new Map(Object.entries(config)),
});

it.each<[string, Partial<PushCommand>, PushSettings, string[]]>([
  ['nothing typed', {}, settings(), ['HEAD → x']],
  ['no branch', {}, settings({}, null), []],
  [
    'push.default upstream',
    {},
    settings({ 'push.default': ['upstream'], 'branch.x.merge': ['refs/heads/main'] }),
    ['HEAD → main'],
  ],
  ['push.default nothing', {}, settings({ 'push.default': ['nothing'] }), []],
  [
    'push.default matching',
    {},
    settings({ 'push.default': ['matching'] }),
    ['refs/heads/main → main', 'refs/heads/x → x', 'refs/heads/a/b → a/b'],
  ],
  [
    'a configured refspec',
    {},
    settings({ 'remote.origin.push': ['refs/heads/*:refs/heads/main'] }, null),
    ['refs/heads/main → main', 'refs/heads/x → main', 'refs/heads/a/b → main'],
  ],
  ['a branch', { refspecs: ['main'] }, settings(), ['main → main']],
  ['a branch by force', { refspecs: ['+x:main'] }, settings(), ['x → main']],
  ['HEAD', { refspecs: ['HEAD'] }, settings(), ['HEAD → x']],
  ['HEAD with no branch', { refspecs: ['HEAD'] }, settings({}, null), []],
  ['a commit to a full name', { refspecs: ['0123abc:refs/heads/main'] }, settings(), ['0123abc → main']],
  ['a deletion', { refspecs: [':main', ':heads/x'] }, settings(), ['null → main', 'null → x']],
  [
    'a deletion by option',
    { what: 'delete', refspecs: ['main', 'coord'] },
    settings(),
    ['null → main', 'null → coord'],
  ],
  ['a pattern', { refspecs: ['refs/heads/a/*:refs/heads/*'] }, settings(), ['refs/heads/a/b → b']],
  ['all', { what: 'all' }, settings(), ['refs/heads/main → main', 'refs/heads/x → x', 'refs/heads/a/b → a/b']],
  [
    'a mirror',
    { what: 'mirror' },
    settings(),
    ['refs/heads/main → main', 'refs/heads/x → x', 'refs/heads/a/b → a/b', 'refs/coord/state → refs/coord/state'],
  ],
  ['everything', { refspecs: ['+refs/coord/*:refs/coord/*'] }, settings(), ['refs/coord/state → refs/coord/state']],
  ['an exclusion', { refspecs: ['x', '^main'] }, settings(), ['x → x']],
  ['a tag', { refspecs: ['refs/tags/v1'] }, settings(), ['refs/tags/v1 → refs/tags/v1']],
])('a push as it was typed: %s', (_, command, known, expected) => {
  const all = targetsOfPush({ remote: null, refspecs: [], what: 'refs', ...command }, known);
  expect(all.map(({ source, ref }) => `${source} → ${ref.replace(/^refs\/heads\//, '')}`)).toEqual(expected);
});

it('goes where git would send it', () => {
  const to = (
    config: Readonly<Record<string, readonly string[]>>,
    remote: string | null = null,
    branch: string | null = 'x',
  ) => remoteOfPush({ remote, refspecs: [], what: 'refs' }, settings(config, branch));
  expect(to({})).toBe('origin');
  expect(to({ 'branch.x.remote': ['up'] })).toBe('up');
  expect(to({ 'branch.x.remote': ['up'] }, null, null)).toBe('origin');
  expect(to({ 'branch.x.remote': ['up'], 'remote.pushdefault': ['mine'] })).toBe('mine');
  expect(to({ 'remote.pushdefault': ['mine'], 'branch.x.pushremote': ['own'] })).toBe('own');
  expect(to({ 'branch.x.pushremote': ['own'] }, 'typed')).toBe('typed');
});
