import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { asTyped } from '../../../src/domain/suggestion.js';
import { judgeSync, type SyncFacts, type UpstreamFacts } from '../../../src/domain/sync/sync.js';

const ID = '1f3c2a9'.padEnd(40, '0');
const commit = (digit: string) => ({ commit: digit.repeat(40), subject: 'a change', author: 'maya' });

const FETCHED = {
  kind: 'fetched',
  branch: 'main',
  commit: ID,
  fetchedAt: '2026-11-21T14:02:00.000Z',
  ahead: 0,
  behind: 0,
  missing: [],
  related: true,
  cutOff: false,
  dropped: null,
} as const;

const CURRENT: SyncFacts = {
  remote: 'origin',
  head: ID,
  branch: 'main',
  unfinished: null,
  upstream: FETCHED,
  submodules: [],
  dirty: [],
};

function judge(upstream: Partial<typeof FETCHED> | object = {}, rest: Partial<SyncFacts> = {}) {
  return judgeSync({ ...CURRENT, upstream: { ...FETCHED, ...upstream } as UpstreamFacts, ...rest });
}

const dropped = { count: 2, newest: [commit('d'), commit('e')], rewound: true };
const submodules = [{ path: 'lib', pin: ID, at: null }];
const dirty = ['a', 'b'];

describe('judgeSync', () => {
  test('passes what is current, and own commits on top', () => {
    expect(judge()).toMatchObject({ ok: true, report: { inSync: true, ahead: 0, behind: 0, upstream: 'origin/main' } });
    expect(judge({ ahead: 3 })).toMatchObject({ ok: true, report: { inSync: true, ahead: 3 } });
  });

  test.each([
    ['behind', { behind: 1 }, {}],
    ['diverged', { behind: 1, ahead: 1 }, {}],
    ['rewound', { ahead: 2, dropped }, {}],
    ['rewritten', { ahead: 2, behind: 1, dropped: { ...dropped, rewound: false } }, {}],
    ['rewritten', { ahead: 2, behind: 1, related: false, dropped: { ...dropped, rewound: false } }, {}],
    ['submodule', {}, { submodules }],
    ['dirty', {}, { dirty }],
    ['behind', { behind: 1 }, { dirty, submodules }],
    ['submodule', {}, { dirty, submodules }],
  ])('exit 5, %s: %j %j', (reason, upstream, rest) => {
    expect(judge(upstream, rest)).toMatchObject({ ok: false, code: 'behind', reason, report: { inSync: false } });
  });

  test.each([
    ['unborn', {}, { head: null }],
    ['interrupted', {}, { unfinished: 'merge' as const }],
    ['interrupted', { behind: 1 }, { unfinished: 'bisect' as const, dirty }],
    ['no-remote', { kind: 'no-remote' }, {}],
    ['no-branch', { kind: 'no-branch', branch: null, defaultBranch: null }, {}],
    ['fetch-failed', { kind: 'fetch-failed', reason: 'x' }, { dirty }],
    ['shallow', { cutOff: true }, {}],
    ['shallow', { cutOff: true, behind: 1, dropped, related: false }, {}],
    ['unrelated', { related: false, behind: 1, ahead: 1 }, {}],
  ])('exit 7, %s: %j %j', (reason, upstream, rest) => {
    expect(judge(upstream, rest)).toMatchObject({ ok: false, code: 'unavailable', reason, report: { inSync: false } });
  });

  test('counts nothing that it does not know', () => {
    const unknown = { ahead: null, behind: null, missing: [], dropped: [], rewritten: false };
    expect(judge({ kind: 'no-remote' }).report).toMatchObject({ ...unknown, upstreamCommit: null, fetchedAt: null });
    expect(judge({ cutOff: true, behind: 1, missing: [commit('a')], dropped }).report).toMatchObject({
      ...unknown,
      upstreamCommit: ID,
    });
  });

  test('is in sync for nothing but a related, whole, fetched history that HEAD contains, and a clean tree', () => {
    const upstreams = fc.oneof(
      fc.constantFrom<UpstreamFacts>(
        { kind: 'not-asked' },
        { kind: 'no-remote' },
        { kind: 'no-branch', branch: 'main', defaultBranch: null },
        { kind: 'fetch-failed', branch: 'main', reason: '' },
      ),
      fc.record({
        ...Object.fromEntries(Object.entries(FETCHED).map(([key, value]) => [key, fc.constant(value)])),
        ahead: fc.nat(2),
        behind: fc.nat(1),
        related: fc.boolean(),
        cutOff: fc.boolean(),
        dropped: fc.constantFrom(null, dropped),
      }) as fc.Arbitrary<UpstreamFacts>,
    );
    const facts = fc.record<SyncFacts>({
      remote: fc.constant('origin'),
      head: fc.constantFrom(ID, ID, null),
      branch: fc.constantFrom('main', null),
      unfinished: fc.constantFrom(null, null, 'rebase'),
      upstream: upstreams,
      submodules: fc.constantFrom([], [], submodules),
      dirty: fc.constantFrom([], [], dirty),
    });
    fc.assert(
      fc.property(facts, (known) => {
        const { upstream } = known;
        const current =
          upstream.kind === 'fetched' &&
          upstream.behind === 0 &&
          upstream.related &&
          !upstream.cutOff &&
          upstream.dropped === null &&
          known.head !== null &&
          known.unfinished === null &&
          known.submodules.length + known.dirty.length === 0;
        const verdict = judgeSync(known);
        expect(verdict.ok).toBe(current);
        expect(verdict.report.inSync).toBe(current);
      }),
    );
  });
});

describe('what a refusal says', () => {
  const words = (upstream: object, rest: Partial<SyncFacts> = {}) => {
    const verdict = judge(upstream, rest);
    if (verdict.ok) throw new Error('in sync');
    return { message: verdict.message, hint: asTyped(verdict.hint, { atRoot: true, agent: undefined }) };
  };

  test('names the next command', () => {
    expect(words({ behind: 1 })).toEqual({
      message: 'behind: HEAD lacks 1 commit of origin/main',
      hint: 'git pull --rebase origin main, look at your change again, then repeat',
    });
    expect(words({ dropped })).toEqual({
      message: 'origin/main was rewound: HEAD still holds 2 commits that it dropped',
      hint: `remove them (git rebase --onto ${ID.slice(0, 12)} dddddddddddd), or, if they belong there, push them again; then repeat`,
    });
    expect(words({}, { dirty: ['src/a.ts'] })).toEqual({
      message: 'not clean: src/a.ts is not committed',
      hint: 'commit them, or stash them (git stash --include-untracked), then repeat',
    });
  });

  test.each([
    [
      { kind: 'fetch-failed', branch: null, reason: 'fatal: no route\nmore' },
      'origin could not be fetched: fatal: no route',
    ],
    [{ kind: 'no-branch', branch: null, defaultBranch: null }, 'origin does not say which branch is its main one'],
    [{ kind: 'no-branch', branch: 'main', defaultBranch: null }, 'origin has no branch main'],
  ])('%j', (upstream, message) => {
    expect(words(upstream).message).toBe(`cannot know: ${message}`);
  });

  test('a name from the remote cannot act on the terminal, nor on the shell that a hint is pasted into', () => {
    const { message, hint } = words({ behind: 1, branch: "x'$(id);\u001b[2J" });
    expect(message).toBe("behind: HEAD lacks 1 commit of origin/x'$(id);\\u001b[2J");
    const option = words({ behind: 1, branch: '--upload-pack=id' }).hint;
    expect(option).toContain('git pull --rebase origin ./--upload-pack=id, ');
    expect(hint).toContain(`git pull --rebase origin $'x\\'$(id);\\u001b[2J', `);
  });
});

describe('what is said of it', () => {
  const words = (upstream: object, rest: Partial<SyncFacts> = {}) => {
    const verdict = judge(upstream, rest);
    if (verdict.ok) throw new Error('in sync');
    return verdict;
  };
  const two = { ...dropped, newest: [commit('d'), commit('e')] };

  test.each([
    ['unborn', {}, { head: null }, ['no commit'], ['git pull origin']],
    ['interrupted', {}, { unfinished: 'rebase' }, ['rebase'], ['git rebase --continue', 'repeat']],
    ['interrupted', {}, { unfinished: 'bisect' }, ['bisect'], ['git bisect reset']],
    ['interrupted', { kind: 'not-asked' }, {}, ['merge'], ['git merge --abort']],
    ['no-remote', { kind: 'no-remote' }, {}, ['no remote origin'], ['git remote add origin']],
    [
      'fetch-failed',
      { kind: 'fetch-failed', branch: null, reason: ' gone\nmore' },
      {},
      ['origin', ': gone'],
      ['git fetch origin'],
    ],
    ['shallow', { cutOff: true }, {}, ['shallow', 'origin/main'], ['--unshallow origin']],
    ['unrelated', { related: false }, {}, ['origin/main', 'no history'], ['git remote get-url origin']],
    [
      'no-branch',
      { kind: 'no-branch', branch: null, defaultBranch: null },
      {},
      ['origin', 'which branch'],
      ['"mainBranch"'],
    ],
    [
      'no-branch',
      { kind: 'no-branch', branch: 'dev', defaultBranch: null },
      {},
      ['no branch dev'],
      ['to a branch that is there'],
    ],
    [
      'no-branch',
      { kind: 'no-branch', branch: 'dev', defaultBranch: 'trunk' },
      {},
      ['no branch dev'],
      ['"mainBranch": "trunk"'],
    ],
    ['behind', { behind: 1 }, {}, ['1 commit ', 'origin/main'], ['git pull --rebase origin main']],
    [
      'diverged',
      { behind: 3, ahead: 2 },
      {},
      ['3 commits', 'has 2 commits of its own'],
      ['git pull --rebase origin main'],
    ],
    ['rewound', { dropped: two }, {}, ['was rewound', '2 commits'], [`--onto ${ID.slice(0, 12)} ${'d'.repeat(12)}`]],
    ['rewritten', { dropped: { ...two, rewound: false } }, {}, ['rewritten', '2 commits'], ['--onto']],
    ['dirty', {}, { dirty: ['a'] }, ['a is not'], ['git stash']],
    ['dirty', {}, { dirty }, ['a, b are not'], ['git stash']],
    [
      'submodule',
      {},
      { submodules },
      ['submodule lib is not checked out', `pin is ${ID.slice(0, 12)}`],
      ['git submodule update'],
    ],
  ] as const)('%s (%j %j)', (reason, upstream, rest, said, hinted) => {
    const { message, hint, ...verdict } = words(upstream, rest as Partial<SyncFacts>);
    expect(verdict.reason).toBe(reason);
    for (const word of said) expect(message).toContain(word);
    for (const word of hinted) expect(hint).toContain(word);
    expect(`${message} ${hint}`).not.toMatch(/[0-9a-f]{13}|\n|undefined/);
  });

  test('names each submodule that is off its pin, and where it is', () => {
    const at = { path: 'vendor/x', pin: ID, at: 'e'.repeat(40) };
    const { message } = words({}, { submodules: [...submodules, at] });
    expect(message).toMatch(/^submodule lib .*; submodule vendor\/x is at e{12}, its pin is 1f3c2a9/);
  });

  test('reports nothing of what it does not know, and whose history was rewritten', () => {
    expect(judgeSync({ ...CURRENT, upstream: { kind: 'no-remote' } }).report).toMatchObject({
      upstream: null,
      rewritten: false,
      dropped: [],
      missing: [],
    });
    expect(words({ cutOff: true, dropped }).report).toMatchObject({
      rewritten: false,
      dropped: [],
      ahead: null,
      behind: null,
    });
    expect(words({ dropped }).report).toMatchObject({ rewritten: true, dropped: dropped.newest });
    expect(words({ behind: 1 }).report).toMatchObject({ rewritten: false, upstream: 'origin/main' });
  });
});
