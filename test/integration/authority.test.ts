import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inProcess } from '../support/in-process.js';
import { type Sandbox, sandbox } from '../support/sandbox.js';

const FILE = 'coord.config.json';

interface World {
  readonly box: Sandbox;
  readonly remote: string;
  /** Maya's clone, and noor's, whose copy is tampered with. */
  readonly one: string;
  readonly two: string;
  run(agent: string, cwd: string, ...args: string[]): ReturnType<ReturnType<typeof inProcess>['run']>;
  /** Changes the configuration in noor's copy. */
  edit(change: object): void;
}

/** A shared fleet: the main branch has the configuration, both clones have known the state. */
async function world(settings: object = {}): Promise<World> {
  const box = sandbox();
  const remote = box.bareRemote();
  const one = box.clone(remote);
  const host = inProcess(box);
  const run: World['run'] = (agent, cwd, ...args) => host.run(agent, cwd, [...args, '--json']);
  box.commit(one, 'src/a', 'a');
  await run('maya', one, 'init');
  const put = (clone: string, change: object) => {
    const before = JSON.parse(readFileSync(join(clone, FILE), 'utf8'));
    box.write(clone, FILE, `${JSON.stringify({ ...before, ...change }, null, 2)}\n`);
  };
  put(one, settings);
  box.git(one, 'add', '.');
  box.git(one, 'commit', '--quiet', '--message', 'set up');
  box.git(one, 'push', '--quiet', 'origin', 'main');
  const two = box.clone(remote);
  await run('noor', two, 'status');
  return { box, remote, one, two, run, edit: (change) => put(two, change) };
}

describe('whatever an agent does to its checkout, the same arbitrates', () => {
  it.each<[string, (all: World) => void]>([
    ['share is switched off', ({ edit }) => edit({ share: false })],
    ['another ref is named', ({ edit }) => edit({ ref: 'refs/coord/other' })],
    [
      'another remote is named, which is there',
      ({ edit, box, two }) => {
        box.git(two, 'remote', 'add', 'mine', box.bareRemote());
        edit({ remote: 'mine' });
      },
    ],
    ['another main branch is named', ({ edit }) => edit({ mainBranch: 'mine' })],
    ['the file is deleted', ({ two }) => rmSync(join(two, FILE))],
    ['an old line of history is checked out', ({ box, two }) => box.git(two, 'checkout', '--quiet', '--orphan', 'old')],
    [
      'HEAD is detached, and no branch is here',
      ({ box, two }) => {
        box.git(two, 'checkout', '--quiet', '--detach');
        box.git(two, 'branch', '--quiet', '-D', 'main');
      },
    ],
    [
      'the tracking branch was pruned',
      ({ box, two }) => {
        rmSync(join(two, FILE));
        box.git(two, 'update-ref', '-d', 'refs/remotes/origin/main');
        box.git(two, 'remote', 'set-head', 'origin', '--delete');
      },
    ],
    ['.git/coord is deleted', ({ two }) => rmSync(join(two, '.git', 'coord'), { recursive: true })],
  ])('%s', async (_, tamper) => {
    const all = await world();
    tamper(all);
    expect((await all.run('maya', all.one, 'claim', 'docs/x')).code).toBe(0);
    const second = await all.run('noor', all.two, 'claim', 'docs/x');
    expect([second.code, second.stdout]).toEqual([3, expect.stringContaining('maya')]);
  });

  it.each<[string, string]>([
    ['a key that appears twice', '"share": true,\n  "share": false,'],
    ['an unknown key', '"share": true,\n  "shore": false,'],
  ])('%s is exit 2 that names it, and nothing is granted', async (_, text) => {
    const all = await world();
    const before = readFileSync(join(all.two, FILE), 'utf8');
    all.box.write(all.two, FILE, before.replace('"share": true,', text));
    const refused = await all.run('noor', all.two, 'claim', 'docs/x');
    expect([refused.code, refused.stdout]).toEqual([2, expect.stringMatching(/shar|shore/)]);
    expect((await all.run('maya', all.one, 'claim', 'docs/x')).code).toBe(0);
  });

  it.each<[string, (path: string, box: World['box']) => void]>([
    ['a folder', (path) => mkdirSync(path)],
    ['a pipe', (path) => void spawnSync('mkfifo', [path])],
    ['a link to a device', (path) => symlinkSync('/dev/zero', path)],
    ['a link that leads out', (path, box) => symlinkSync(box.write(box.directory, 'x', 'SECRET'), path)],
    ['a link into .git', (path) => symlinkSync('.git/config', path)],
    ['a link to nothing', (path) => symlinkSync('nowhere', path)],
  ])('a configuration that is %s is exit 2, and nothing of it is shown', async (_, make) => {
    const all = await world();
    rmSync(join(all.two, FILE));
    make(join(all.two, FILE), all.box);
    const refused = await all.run('noor', all.two, 'claim', 'docs/x');
    expect([refused.code, refused.stdout]).toEqual([2, expect.stringContaining('cannot be read')]);
    expect(refused.stdout).not.toMatch(/SECRET|\[core/);
  });

  it('where the main branch and the memory of the clone disagree, exit 2 names both', async () => {
    const all = await world();
    for (const change of [{ share: false }, { ref: 'refs/coord/other' }, { remote: 'elsewhere' }]) {
      const good = readFileSync(join(all.one, FILE), 'utf8');
      all.box.commit(all.one, FILE, JSON.stringify({ ...JSON.parse(good), ...change }));
      all.box.git(all.one, 'push', '--quiet', 'origin', 'main');
      all.box.git(all.two, 'fetch', '--quiet');
      const refused = await all.run('noor', all.two, 'claim', 'docs/x');
      expect(refused.json().error).toMatchObject({
        exit: 2,
        details: { reason: 'authority', known: { remote: 'origin' } },
      });
      expect(refused.json().error.message).toContain('refs/coord/state of origin');
      all.box.commit(all.one, FILE, good);
    }
  });

  it('init --adopt takes over what the main branch says now, on the record', async () => {
    const all = await world();
    const { box, one, two } = all;
    const arbiter = box.bareRemote({ seeded: false });
    for (const clone of [one, two]) box.git(clone, 'remote', 'add', 'arbiter', arbiter);
    box.git(one, 'push', '--quiet', 'arbiter', 'refs/coord/state', 'main');
    box.commit(one, FILE, JSON.stringify({ ...JSON.parse(readFileSync(join(one, FILE), 'utf8')), remote: 'arbiter' }));
    for (const name of ['origin', 'arbiter']) box.git(one, 'push', '--quiet', name, 'main');
    box.git(two, 'pull', '--quiet');
    for (const clone of [one, two]) {
      expect((await all.run('noor', clone, 'claim', 'docs/x')).code).toBe(2);
      expect((await all.run('noor', clone, 'init', '--adopt')).json().data).toMatchObject({ remote: 'arbiter' });
    }
    expect(box.git(arbiter, 'log', '--format=%s', 'coord/state')).toContain('adopt refs/coord/state of arbiter');
    expect((await all.run('noor', two, 'claim', 'docs/x')).code).toBe(0);
    expect((await all.run('maya', one, 'claim', 'docs/x')).code).toBe(3);
  });

  it('a remote may be called otherwise in one clone', async () => {
    const all = await world();
    const other = all.box.clone(all.remote, { args: ['--origin', 'vendor'] });
    const refused = await all.run('vera', other, 'claim', 'docs/x');
    expect([refused.code, refused.json().error.hint]).toEqual([
      2,
      expect.stringContaining('git config coord.remote vendor'),
    ]);
    all.box.git(other, 'config', 'coord.remote', 'vendor');
    await all.run('maya', all.one, 'claim', 'docs/x');
    expect((await all.run('vera', other, 'claim', 'docs/x')).code).toBe(3);
    expect((await all.run('vera', other, 'sync-check')).code).toBe(0);
  });

  it('the main branch was renamed: who was told goes by the new one', async () => {
    const all = await world();
    const { box, one, two, remote } = all;
    box.git(one, 'push', '--quiet', 'origin', 'main:trunk');
    box.git(remote, 'symbolic-ref', 'HEAD', 'refs/heads/trunk');
    box.git(one, 'push', '--quiet', 'origin', ':main');
    const text = JSON.parse(readFileSync(join(one, FILE), 'utf8'));
    box.commit(one, FILE, JSON.stringify({ ...text, ttl: { default: '1m', max: '2m' } }));
    box.git(one, 'push', '--quiet', 'origin', 'HEAD:trunk');
    box.git(two, 'pull', '--quiet', 'origin', 'trunk');
    expect((await all.run('noor', two, 'sync-check')).code).toBe(0);
    expect((await all.run('noor', two, 'claim', 'docs/x', '--ttl', '1h')).code).toBe(2);
  });
});

describe('a configuration is opened as the file that it is', () => {
  it.each([
    ['a device', '/dev/zero'],
    ['a file outside', '../outside.json'],
    ['nothing', 'absent.json'],
    ['a folder', '.'],
  ])('a link to %s is exit 2', async (_, target) => {
    const all = await world();
    all.box.write(all.two, '../outside.json', '{}');
    rmSync(join(all.two, FILE));
    symlinkSync(target, join(all.two, FILE));
    expect(await all.run('noor', all.two, 'claim', 'docs/x')).toMatchObject({ code: 2 });
  });

  it('one that is larger than any that people write is exit 2', async () => {
    const all = await world();
    all.box.write(all.two, FILE, `{}${' '.repeat(8 * 1024 * 1024)}`);
    expect(await all.run('noor', all.two, 'claim', 'docs/x')).toMatchObject({ code: 2 });
  });

  it('no memory or rules in .git', async () => {
    const all = await world();
    for (const change of [{ memory: ['.git/config'] }, { memory: ['a/.GIT/x'] }, { rules: '.git' }]) {
      all.edit(change);
      expect(await all.run('noor', all.two, 'session', 'start')).toMatchObject({ code: 2 });
    }
  });
});

describe('what an agent is judged by, its copy can only make stricter', () => {
  it.each<[string, object, object, (all: World) => Promise<number>, number]>([
    ['a worker gets no surface', {}, { surface: [] }, worker('src/a'), 6],
    ['a worker gets no more scratch', {}, { roles: { worker: { scratch: ['**'] } } }, worker('src/a'), 6],
    ['no longer time to live', {}, { ttl: { max: '99h' } }, claim('docs/x', '--ttl', '90h'), 2],
    ['a shorter time to live', {}, { ttl: { default: '1m', max: '2m' } }, claim('docs/x', '--ttl', '1h'), 2],
    ['strict order stays', { lockOrder: 'strict' }, { lockOrder: 'detect' }, inWrongOrder, 3],
    ['more surface', {}, { surface: ['docs/**'] }, worker('docs/x'), 6],
  ])('%s', async (_, settings, edited, attempt, code) => {
    const all = await world({ roles: { worker: { scratch: ['scratch/{agent}/**'] } }, ...settings });
    all.edit(edited);
    expect(await attempt(all)).toBe(code);
  });

  function worker(target: string) {
    return async ({ run, two }: World) => {
      await run('noor', two, 'session', 'start', '--role', 'worker');
      return (await run('noor', two, 'claim', target)).code;
    };
  }

  function claim(...args: string[]) {
    return async ({ run, two }: World) => (await run('noor', two, 'claim', ...args)).code;
  }

  async function inWrongOrder({ run, two }: World): Promise<number> {
    await run('noor', two, 'claim', 'docs/z');
    return (await run('noor', two, 'claim', 'docs/a')).code;
  }
});
