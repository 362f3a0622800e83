import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { generator } from '../support/random.js';
import { submitted, treeOf, type Workshop, workshop } from '../support/workers.js';

/** Claims all of the surface as the orchestrator, and integrates. */
async function integrate({ maya }: Workshop, id: string, ...options: string[]) {
  expect((await maya('claim', 'src')).code).toBe(0);
  return maya('integrate', id, ...options, '--json');
}

describe('who integrates', () => {
  it('is an orchestrator, or the peer that was named; never a worker', async () => {
    const shop = await workshop();
    const { box, bench, remote } = shop;
    const third = box.clone(remote);
    const as = (agent: string, ...args: string[]) => box.coord(third, args, { env: { COORD_AGENT: agent } });
    await as('noor', 'claim', '@x');
    await as('w2', 'session', 'start', '--role', 'worker');
    box.write(bench, 'free/x', 'x');
    const forAll = await submitted(shop, 'free');
    box.write(bench, 'free/y', 'y');
    const forNoor = await submitted(shop, 'free/y', '--to', 'noor');
    for (const [agent, id] of [
      ['w2', forAll],
      ['w2', forNoor],
      ['noor', forAll],
    ] as const) {
      const result = await as(agent, 'integrate', id, '--json');
      expect([agent, result.code, result.json().error.details.reason]).toEqual([agent, 6, 'not-integrator']);
      expect((await as(agent, 'integrate', id, '--decline', '--reason', 'no')).code).toBe(6);
    }
    const listed = (await as('noor', 'integrate', '--json')).json().data;
    expect([listed.submissions.map(({ id }: { id: string }) => id), listed.others]).toEqual([[forNoor], 1]);
    expect((await as('noor', 'integrate', forNoor)).code).toBe(0);
    for (const told of [[`noor on your ${forNoor}: "integrated ${forNoor}"`], undefined]) {
      expect((await shop.w1('status', '--json')).json().notices).toEqual(told);
    }
    expect(treeOf(third, 'free')).toEqual({ 'free/y': 'y' });
    expect((await shop.w1('submit', 'free/x', '--note', 'x', '--to', 'w2')).code).toBe(2);
  });

  it('may decline, and its author is told why', async () => {
    const shop = await workshop();
    const { box, bench, maya, w1, boss } = shop;
    box.write(bench, 'src/x', 'x');
    const id = await submitted(shop, 'src');
    expect((await maya('integrate', id, '--decline')).code).toBe(2);
    expect((await maya('integrate', id, '--decline', '--reason', 'the API stays')).stdout).toBe(
      `declined ${id}; w1 is told why\n`,
    );
    const inbox = (await w1('inbox', '--json')).json();
    expect(inbox.data.notes).toMatchObject([{ text: `declined ${id}: the API stays` }]);
    expect(inbox.notices).toEqual([`maya on your ${id}: "declined ${id}: the API stays"`]);
    expect((await w1('status')).stderr).not.toContain('declined');
    expect((await integrate(shop, id)).code).toBe(4);
    expect(existsSync(join(boss, 'src/x'))).toBe(false);
  });

  it('is one of two that do it at once; the other is told', async () => {
    const shop = await workshop();
    const { box, bench, boss, maya, remote } = shop;
    const third = box.clone(remote);
    const noor = (...args: string[]) => box.coord(third, args, { env: { COORD_AGENT: 'noor' } });
    await noor('session', 'start', '--role', 'orchestrator');
    for (let round = 0; round < 3; round += 1) {
      box.write(bench, `free/${round}`, 'x');
      const id = await submitted(shop, `free/${round}`);
      const results = await Promise.all([maya('integrate', id), noor('integrate', id)]);
      expect(results.map(({ code }) => code).sort()).toEqual([0, 4]);
      const there = [boss, third].map((clone) => existsSync(join(clone, `free/${round}`)));
      expect(there).toEqual(results.map(({ code }) => code === 0));
      expect(results.find(({ code }) => code === 4)?.stderr).toMatch(/was integrated by (maya|noor) at/);
    }
  });
});

describe('a file that went on since', () => {
  const LINES = ['one', 'two', 'three', 'four', 'five', 'six', 'seven'];
  const withLine = (at: number, line: string) => `${LINES.with(at, line).join('\n')}\n`;

  async function movedOn(theirs: string, ours: string | null): Promise<{ shop: Workshop; id: string }> {
    const shop = await workshop();
    const { box, boss, bench } = shop;
    box.commit(boss, 'src/list', `${LINES.join('\n')}\n`);
    box.git(boss, 'push', '--quiet', 'origin', 'main');
    box.git(bench, 'pull', '--quiet');
    box.write(bench, 'src/list', theirs);
    box.write(bench, 'src/beside', 'new\n');
    const id = await submitted(shop, 'src');
    if (ours === null) box.git(boss, 'rm', '--quiet', 'src/list');
    else box.write(boss, 'src/list', ours);
    box.git(boss, 'commit', '--quiet', '--all', '--message', 'went on');
    return { shop, id };
  }

  it('is merged where both changed other lines', async () => {
    const { shop, id } = await movedOn(withLine(0, 'ONE'), withLine(6, 'SEVEN'));
    const { data } = (await integrate(shop, id)).json();
    expect(data.files).toMatchObject([
      { path: 'src/beside' },
      { path: 'src/list', how: 'merged', added: 1, deleted: 1 },
    ]);
    expect(treeOf(shop.boss, 'src')['src/list']).toBe(`${LINES.with(0, 'ONE').with(6, 'SEVEN').join('\n')}\n`);
  });

  it('with the same line changed is a conflict: nothing is applied, or all of it with marks', async () => {
    const { shop, id } = await movedOn(withLine(3, 'theirs'), withLine(3, 'mine'));
    const refused = await integrate(shop, id);
    expect([refused.code, refused.json().error]).toMatchObject([
      5,
      {
        hint: expect.stringContaining('--conflicts'),
        details: { conflicts: [{ path: 'src/list', conflict: 'text' }] },
      },
    ]);
    expect(shop.box.git(shop.boss, 'status', '--porcelain')).toBe('');
    const marked = await shop.maya('integrate', id, '--conflicts', '--json');
    expect([marked.code, marked.json().error.details]).toMatchObject([
      5,
      {
        applied: true,
        conflicts: ['src/list'],
        files: [{ path: 'src/beside' }, { path: 'src/list', how: 'conflict' }],
      },
    ]);
    const list = treeOf(shop.boss, 'src')['src/list'];
    expect(list).toContain(`<<<<<<< yours\nmine\n=======\ntheirs\n>>>>>>> w1 (${id})\n`);
    expect(existsSync(join(shop.boss, 'src/beside'))).toBe(true);
  });

  it('and was deleted is a conflict that no mark can show', async () => {
    const { shop, id } = await movedOn(withLine(0, 'ONE'), null);
    for (const options of [[], ['--conflicts']]) {
      const refused = await integrate(shop, id, ...options);
      expect([refused.code, refused.stdout]).toEqual([5, expect.stringContaining('deleted-here')]);
    }
    expect(shop.box.git(shop.boss, 'status', '--porcelain')).toBe('');
  });

  it('to the very same content is already so', async () => {
    const { shop, id } = await movedOn(withLine(0, 'ONE'), withLine(0, 'ONE'));
    const { data } = (await integrate(shop, id)).json();
    expect(data.files).toMatchObject([{ path: 'src/beside' }, { path: 'src/list', change: 'none', how: 'already' }]);
  });

  it('needs nothing that the integrator’s clone does not have', async () => {
    const shop = await workshop();
    const { box, boss, bench } = shop;
    // The worker's HEAD is a commit that was never pushed.
    box.commit(bench, 'src/api/users.ts', `${LINES.join('\n')}\n`);
    box.commit(boss, 'src/api/users.ts', withLine(6, 'SEVEN'));
    box.write(bench, 'src/api/users.ts', withLine(0, 'ONE'));
    const id = await submitted(shop, 'src');
    expect((await integrate(shop, id)).json().data.files).toMatchObject([{ how: 'merged' }]);
  });
});

describe('what stands in the integrator’s worktree', () => {
  it.each<[string, (shop: Workshop) => void]>([
    ['an uncommitted change', ({ box, boss }) => box.write(boss, 'src/api/users.ts', 'mine\n')],
    [
      'a staged change, although the file is as in HEAD',
      ({ box, boss }) => {
        box.write(boss, 'src/api/users.ts', 'mine\n');
        box.git(boss, 'add', 'src');
        box.write(boss, 'src/api/users.ts', 'users\n');
      },
    ],
    ['an untracked file', ({ box, boss }) => box.write(boss, 'src/new', 'mine\n')],
    ['a deletion', ({ boss }) => rmSync(join(boss, 'src/api/users.ts'))],
  ])('%s is never written over', async (_, change) => {
    const shop = await workshop();
    const { box, boss, bench } = shop;
    box.write(bench, 'src/api/users.ts', 'theirs\n');
    box.write(bench, 'src/new', 'theirs\n');
    const id = await submitted(shop, 'src');
    change(shop);
    const before = [treeOf(boss, 'src'), box.git(boss, 'diff', '--cached')];
    const result = await integrate(shop, id);
    expect([result.code, result.json().error.details.reason]).toEqual([5, 'uncommitted']);
    expect([treeOf(boss, 'src'), box.git(boss, 'diff', '--cached')]).toEqual(before);
    expect((await shop.maya('integrate', '--json')).json().data.submissions).toHaveLength(1);
  });

  it.each<[string, (boss: string) => void]>([
    ['a link in the place of a folder', (boss) => symlinkSync(join(boss, '..'), join(boss, 'src/deep'))],
    ['a file in the place of a folder', (boss) => writeFileSync(join(boss, 'src/deep'), 'x')],
    ['a folder in the place of a file', (boss) => mkdirSync(join(boss, 'src/deep/new'), { recursive: true })],
  ])('%s is in the way', async (_, block) => {
    const shop = await workshop();
    shop.box.write(shop.bench, 'src/deep/new', 'theirs\n');
    const id = await submitted(shop, 'src');
    block(shop.boss);
    const result = await integrate(shop, id);
    expect([result.code, result.json().error.details]).toMatchObject([5, { reason: 'obstacle' }]);
    expect(existsSync(join(shop.boss, '../new'))).toBe(false);
  });

  it('is shown what would become of it, and left alone', async () => {
    const shop = await workshop();
    const { box, boss, bench, maya } = shop;
    box.write(bench, 'src/api/users.ts', 'users\n\u001b[31mred\n');
    const id = await submitted(shop, 'src');
    const dry = await maya('integrate', id, '--dry-run');
    expect([dry.code, dry.stdout]).toEqual([0, expect.stringContaining('  src/api/users.ts: modified +1 -0\n')]);
    expect(dry.stderr).toContain('warning: not integrated: 1 path is not under an exclusive claim that you hold');
    const patch = await maya('integrate', id, '--patch');
    expect(patch.stdout).toContain('\n+\\u001b[31mred\n');
    expect(patch.stdout).not.toContain('\u001b[31mred');
    expect(box.git(boss, 'status', '--porcelain')).toBe('');
    expect((await maya('integrate', '--json')).json().data.submissions).toHaveLength(1);
  });
});

describe('what is cut off', () => {
  it('is finished by running it again', async () => {
    const shop = await workshop();
    const { box, boss, bench, maya } = shop;
    box.write(bench, 'src/api/users.ts', 'theirs\n');
    box.write(bench, 'src/new', 'theirs\n');
    const id = await submitted(shop, 'src');
    await integrate(shop, id);
    // As a run leaves it that was killed between two files.
    rmSync(join(boss, 'src/new'));
    const again = await maya('integrate', id, '--json');
    expect([again.code, again.json().data]).toMatchObject([0, { applied: true, again: true }]);
    expect(treeOf(boss, 'src')).toEqual(treeOf(bench, 'src'));
    box.git(boss, 'add', '--all');
    box.git(boss, 'commit', '--quiet', '--message', 'theirs');
    expect((await maya('integrate', id)).stdout).toMatch(/^HEAD has all of/);
  });

  it('by a file that was touched after the decision is finished by running it again', async () => {
    const shop = await workshop();
    const { box, boss, bench, maya, remote } = shop;
    box.write(bench, 'src/a', 'theirs\n');
    box.write(bench, 'src/b', 'theirs\n');
    const id = await submitted(shop, 'src');
    await maya('claim', 'src');
    // The remote takes the decision, and at that very moment somebody writes.
    const hook = box.write(remote, 'hooks/post-receive', `#!/bin/sh\necho mine > '${boss}/src/b'\n`);
    chmodSync(hook, 0o755);
    const stopped = await maya('integrate', id, '--json');
    expect([stopped.code, stopped.json().error.message]).toEqual([5, 'changed in the meantime: "src/b"']);
    expect([existsSync(join(boss, 'src/a')), treeOf(boss, 'src')['src/b']]).toEqual([false, 'mine\n']);
    rmSync(hook);
    expect((await maya('integrate', id)).code).toBe(5);
    rmSync(join(boss, 'src/b'));
    expect((await maya('integrate', id)).code).toBe(0);
    expect(treeOf(boss, 'src')).toEqual(treeOf(bench, 'src'));
  });

  it('by a remote out of reach is nowhere, and nothing is lost', async () => {
    const shop = await workshop();
    const { box, bench, boss, remote, w1, maya } = shop;
    box.write(bench, 'src/x', 'x');
    renameSync(remote, `${remote}.away`);
    const offline = await w1('submit', 'src', '--note', 'x');
    expect([offline.code, treeOf(bench, 'src')['src/x']]).toEqual([7, 'x']);
    renameSync(`${remote}.away`, remote);
    const id = await submitted(shop, 'src');
    await maya('claim', 'src');
    renameSync(remote, `${remote}.away`);
    expect((await maya('integrate', id)).code).toBe(7);
    expect(box.git(boss, 'status', '--porcelain')).toBe('');
    renameSync(`${remote}.away`, remote);
    expect((await maya('integrate', id)).code).toBe(0);
  });

  it('by a kill is all there or not at all, and is there after the same command again', async () => {
    const shop = await workshop();
    const { box, bench, maya } = shop;
    const random = generator(5);
    for (let round = 0; round < 4; round += 1) {
      for (let n = 0; n < 5; n += 1) box.write(bench, `src/${round}/${n}`, `${round} ${n}`);
      const words = ['submit', `src/${round}`, '--note', `round ${round}`];
      const env = { ...box.env, COORD_AGENT: 'w1' };
      spawnSync(process.execPath, [box.program, ...words], {
        cwd: bench,
        env,
        timeout: Math.floor(40 + random() * 250),
        killSignal: 'SIGKILL',
      });
      expect((await shop.w1(...words)).code).toBe(0);
      const { submissions } = (await maya('integrate', '--json')).json().data;
      expect(submissions).toHaveLength(round + 1);
      expect(submissions.at(-1).files).toHaveLength(5);
    }
    expect(box.git(bench, 'fsck', '--strict', '--no-dangling')).toBe('');
  });

  it('by a compaction of the history is still there while it is open', async () => {
    const shop = await workshop();
    const { box, bench, boss, maya } = shop;
    box.write(bench, 'src/x', 'x');
    const id = await submitted(shop, 'src');
    expect((await maya('doctor', '--compact', '--keep-history', '0s')).code).toBe(0);
    box.git(boss, 'reflog', 'expire', '--expire=now', '--all');
    box.git(boss, 'gc', '--quiet', '--prune=now');
    expect((await integrate(shop, id)).code).toBe(0);
    expect(treeOf(boss, 'src')['src/x']).toBe('x');
  });
});

it('a path that leads out of the repository is damage, whoever wrote it, and no bar to claims', async () => {
  const shop = await workshop();
  const { box, bench, boss, maya } = shop;
  box.write(bench, 'src/x', 'x');
  await submitted(shop, 'src');
  await maya('integrate');
  const input = box.git(boss, 'show', 'coord/state:submissions.json').replace('"src/x"', '"../evil"');
  const run = (...args: string[]) => {
    const env = { ...box.env, GIT_INDEX_FILE: box.path('forged') };
    return spawnSync('git', args, { cwd: boss, env, encoding: 'utf8', input }).stdout.trim();
  };
  const blob = run('hash-object', '-w', '--stdin');
  run('read-tree', 'coord/state');
  run('update-index', '--cacheinfo', `100644,${blob},submissions.json`);
  const commit = run('commit-tree', '-p', 'coord/state', '-m', 'forged', run('write-tree'));
  box.git(boss, 'push', '--quiet', 'origin', `${commit}:refs/coord/state`);
  const result = await maya('integrate', '--json');
  expect([result.code, result.stdout]).toEqual([8, expect.stringContaining('not a path inside the repository')]);
  expect((await maya('claim', '@still-works')).code).toBe(0);
});
