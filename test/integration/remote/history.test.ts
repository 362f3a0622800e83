import { execSync } from 'node:child_process';
import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { coordInProcess } from '../../support/in-process.js';
import { type Sandbox, sandbox } from '../../support/sandbox.js';
import { looseCommit, refsOf } from './rig.js';

interface World {
  readonly box: Sandbox;
  readonly remote: string;
  readonly one: string;
  readonly two: string;
  as(agent: string, clone: string, ...args: readonly string[]): ReturnType<typeof coordInProcess>;
}

/** Two clones; both have seen two claims of maya. */
async function world(): Promise<World> {
  const box = sandbox();
  const remote = box.bareRemote();
  const [one, two] = [box.clone(remote), box.clone(remote)];
  const as = (agent: string, clone: string, ...args: readonly string[]) =>
    coordInProcess(box, clone, args, { env: { COORD_AGENT: agent } });
  for (const clone of [one, two]) expect(await as('maya', clone, 'init')).toMatchObject({ code: 0 });
  for (const target of ['a', 'b']) expect(await as('maya', one, 'claim', target)).toMatchObject({ code: 0 });
  expect(await as('noor', two, 'status')).toMatchObject({ code: 0 });
  return { box, remote, one, two, as };
}

const REF = 'refs/coord/state';

/** What somebody did to the remote's branch, with the reason that is given for the refusal. */
const THERE: Record<string, readonly [reason: string, words: string, act: (world: World) => void]> = {
  deleted: ['deleted', 'is gone from origin', ({ box, remote }) => box.git(remote, 'update-ref', '-d', REF)],
  rewound: ['rewritten', 'was rewound', ({ box, remote }) => box.git(remote, 'update-ref', REF, `${REF}~1`)],
  'force-pushed': [
    'rewritten',
    'was rewritten',
    ({ box, two }) => {
      const other = looseCommit(box, two, `${REF}~1`, 'another history');
      box.git(two, 'push', '--quiet', '--force', 'origin', `${other}:${REF}`);
    },
  ],
  'deleted and started over in another clone': [
    'recreated',
    'was started over',
    ({ box, remote }) => {
      box.git(remote, 'update-ref', '-d', REF);
      const tree = box.git(remote, 'mktree', '--missing', '-z');
      box.git(remote, 'update-ref', REF, box.git(remote, 'commit-tree', tree, '-m', 'begin coordination'));
    },
  ],
};

describe.each(Object.entries(THERE))('the branch of the remote, %s', (_, [reason, words, act]) => {
  it.each([['claim', 'c'], ['claim', 'a'], ['renew'], ['status'], ['init'], ['note', 'hello']])(
    'is noticed by %s %s, refused and explained; nothing is reset',
    async (...args) => {
      const all = await world();
      act(all);
      const { box, remote, one, as } = all;
      const before = [refsOf(box, remote), refsOf(box, one)];
      for (const round of [1, 2]) {
        const refused = await as('maya', one, ...args, '--json');
        const { error } = refused.json();
        expect([round, refused.code, error.details.reason]).toEqual([round, 8, reason]);
        expect(error.message).toContain(words);
        expect(error.hint).toMatch(/git (push|update-ref) /);
      }
      expect([refsOf(box, remote), refsOf(box, one)]).toEqual(before);
      expect(await as('maya', one, 'status', '--no-fetch')).toMatchObject({ code: 0 });
    },
  );
});

it('the hints do what they say: the old history put back, or the new one taken', async () => {
  const { box, remote, one, two, as } = await world();
  const tip = box.git(remote, 'rev-parse', REF);
  box.git(remote, 'update-ref', REF, `${REF}~1`);
  const hint = (await as('maya', one, 'claim', 'c', '--json')).json().error.details.next as string;
  const [putBack = '', take = ''] = [...hint.matchAll(/git (?:push|update-ref)[^;]*/g)].map(String);
  const run = (clone: string, line: string) => {
    for (const command of line.split('&&')) box.git(clone, ...command.trim().split(' ').slice(1));
  };
  run(two, take);
  expect(await as('noor', two, 'claim', 'b')).toMatchObject({ code: 0 });
  box.git(remote, 'update-ref', REF, `${tip}~1`);
  run(one, putBack);
  expect(box.git(remote, 'rev-parse', REF)).toBe(tip);
  expect(await as('maya', one, 'claim', 'c')).toMatchObject({ code: 0 });
});

it('deleted on the remote, and put back as the hint says, everything goes on', async () => {
  const { box, remote, one, two, as } = await world();
  box.git(remote, 'update-ref', '-d', REF);
  const hint = (await as('maya', one, 'status', '--json')).json().error.hint as string;
  box.git(one, ...(/git (push .*)$/.exec(hint)?.[1] ?? '').split(' '));
  expect(await as('maya', one, 'claim', 'c')).toMatchObject({ code: 0 });
  expect(await as('noor', two, 'claim', 'c')).toMatchObject({ code: 3 });
});

describe('the local branch of a clone that shares', () => {
  it('deleted by hand, comes back from the remote', async () => {
    const { box, one, as } = await world();
    box.git(one, 'update-ref', '-d', 'refs/coord/state');
    expect(await as('noor', one, 'claim', 'a')).toMatchObject({ code: 3 });
    box.git(one, 'update-ref', '-d', 'refs/coord/state');
    expect(await as('noor', one, 'claim', 'c')).toMatchObject({ code: 0 });
  });

  it('deleted by hand, does not come back from a remote that was rewound meanwhile', async () => {
    const { box, remote, one, as } = await world();
    box.git(one, 'update-ref', '-d', 'refs/coord/state');
    box.git(remote, 'update-ref', REF, `${REF}~1`);
    expect(await as('noor', one, 'claim', 'b')).toMatchObject({ code: 8 });
    expect(box.tryGit(one, 'rev-parse', '--verify', '--quiet', REF).code).toBe(1);
  });

  it('rewound by hand, catches up before anything is granted', async () => {
    const { box, remote, one, as } = await world();
    box.git(one, 'update-ref', REF, `${REF}~2`);
    expect(await as('noor', one, 'claim', 'a')).toMatchObject({ code: 3 });
    expect(box.git(one, 'rev-parse', REF)).toBe(box.git(remote, 'rev-parse', REF));
  });

  it('emptied, comes back from the remote when it is removed', async () => {
    const { one, as } = await world();
    truncateSync(join(one, '.git', REF));
    const refused = await as('noor', one, 'claim', 'a', '--json');
    expect(refused.json().error).toMatchObject({ exit: 8, details: { reason: 'damaged' } });
    execSync(refused.json().error.hint, { cwd: one });
    expect(await as('noor', one, 'claim', 'a')).toMatchObject({ code: 3 });
  });

  it('moved to what the remote never had, is refused and explained', async () => {
    const { box, remote, one, as } = await world();
    box.git(one, 'update-ref', REF, looseCommit(box, one, REF, 'by hand'));
    const before = [refsOf(box, remote), refsOf(box, one)];
    const refused = await as('noor', one, 'claim', 'c', '--json');
    expect(refused.code).toBe(8);
    expect(refused.json().error).toMatchObject({
      details: { reason: 'ahead' },
      message: expect.stringMatching(/by hand/),
    });
    expect([refsOf(box, remote), refsOf(box, one)]).toEqual(before);
  });

  it('begun apart from the remote’s, is refused, and can be put aside', async () => {
    const { box, remote, as } = await world();
    const late = box.clone(remote);
    expect(await as('omar', late, 'init', '--local')).toMatchObject({ code: 0 });
    box.git(late, 'config', 'user.name', 'x');
    box.write(late, 'coord.config.json', '{"share": true, "remote": "origin"}\n');
    const refused = await as('omar', late, 'claim', 'c', '--json');
    expect(refused.json().error).toMatchObject({ exit: 8, details: { reason: 'apart' } });
    const aside = refused.json().error.hint;
    for (const command of aside.split(' && ')) box.git(late, ...command.split(' ').slice(1));
    expect(await as('omar', late, 'claim', 'a')).toMatchObject({ code: 3 });
  });
});

describe('the branch of a clone that shares with nobody', () => {
  async function alone() {
    const box = sandbox();
    const clone = box.repository();
    const as = (agent: string, ...args: readonly string[]) =>
      coordInProcess(box, clone, args, { env: { COORD_AGENT: agent } });
    expect(await as('maya', 'init')).toMatchObject({ code: 0 });
    for (const target of ['a', 'b']) expect(await as('maya', 'claim', target)).toMatchObject({ code: 0 });
    return { box, clone, as };
  }

  const HERE: Record<string, readonly [reason: string, act: (box: Sandbox, clone: string) => void]> = {
    deleted: ['deleted', (box, clone) => box.git(clone, 'update-ref', '-d', 'refs/coord/state')],
    rewound: ['rewritten', (box, clone) => box.git(clone, 'update-ref', REF, `${REF}~1`)],
    rewritten: [
      'rewritten',
      (box, clone) => box.git(clone, 'update-ref', REF, looseCommit(box, clone, `${REF}~1`, 'x')),
    ],
    emptied: ['damaged', (_, clone) => truncateSync(join(clone, '.git', REF))],
  };

  it.each(Object.entries(HERE))(
    '%s, is refused and explained, and comes back as the hint says',
    async (_, [reason, act]) => {
      const { box, clone, as } = await alone();
      act(box, clone);
      for (const args of [['claim', 'c'], ['claim', 'b'], ['status'], ['renew']]) {
        const refused = await as('noor', ...args, '--json');
        expect([args, refused.code, refused.json().error.details.reason]).toEqual([args, 8, reason]);
      }
      const { hint } = (await as('noor', 'status', '--json')).json().error;
      execSync(hint, { cwd: clone, env: box.env });
      expect(await as('noor', 'claim', 'b')).toMatchObject({ code: 3 });
      expect(await as('noor', 'claim', 'c')).toMatchObject({ code: 0 });
    },
  );

  it('moved forward by hand, is followed', async () => {
    const { box, clone, as } = await alone();
    box.git(clone, 'update-ref', REF, looseCommit(box, clone, REF, 'by hand'));
    expect(await as('noor', 'claim', 'b')).toMatchObject({ code: 3 });
    expect(await as('noor', 'claim', 'c')).toMatchObject({ code: 0 });
  });

  it('packed away with all refs, is the same', async () => {
    const { box, clone, as } = await alone();
    box.git(clone, 'pack-refs', '--all', '--prune');
    expect(await as('noor', 'claim', 'b')).toMatchObject({ code: 3 });
    box.git(clone, 'update-ref', REF, `${REF}~1`);
    expect(await as('noor', 'claim', 'b')).toMatchObject({ code: 8 });
  });
});
