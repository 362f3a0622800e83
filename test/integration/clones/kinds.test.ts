import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inProcess } from '../../support/in-process.js';
import { type Sandbox, sandbox } from '../../support/sandbox.js';

interface Kind {
  readonly name: string;
  /** Makes the clone, and returns the directory in which its agent works. */
  make(box: Sandbox, remote: string, first: string): string;
  /** What shows that it is of this kind. */
  proof(box: Sandbox, clone: string): boolean;
}

const url = (remote: string) => `file://${remote}`;
const setting = (box: Sandbox, clone: string, name: string) => box.tryGit(clone, 'config', name).stdout.trim();
const isShallow = (box: Sandbox, clone: string) => box.git(clone, 'rev-parse', '--is-shallow-repository') === 'true';
const hasAlternates = (box: Sandbox, clone: string) =>
  existsSync(join(clone, box.git(clone, 'rev-parse', '--git-path', 'objects/info/alternates')));

const KINDS: readonly Kind[] = [
  {
    name: 'shallow',
    make: (box, remote) => box.clone(url(remote), { args: ['--depth=1'] }),
    proof: isShallow,
  },
  {
    name: 'shallow with all branches',
    make: (box, remote) => box.clone(url(remote), { args: ['--depth=1', '--no-single-branch'] }),
    proof: isShallow,
  },
  {
    name: 'partial, without blobs',
    make: (box, remote) => box.clone(url(remote), { args: ['--filter=blob:none'] }),
    proof: (box, clone) => setting(box, clone, 'remote.origin.partialclonefilter') === 'blob:none',
  },
  {
    name: 'partial, without trees',
    make: (box, remote) => box.clone(url(remote), { args: ['--filter=tree:0'] }),
    proof: (box, clone) => setting(box, clone, 'remote.origin.partialclonefilter') === 'tree:0',
  },
  {
    name: 'partial and shallow',
    make: (box, remote) => box.clone(url(remote), { args: ['--filter=blob:none', '--depth=1'] }),
    proof: (box, clone) => isShallow(box, clone) && setting(box, clone, 'remote.origin.promisor') === 'true',
  },
  {
    name: 'single-branch',
    make: (box, remote) => box.clone(remote, { args: ['--single-branch'] }),
    proof: (box, clone) => !setting(box, clone, 'remote.origin.fetch').includes('*'),
  },
  {
    name: 'with a reference (alternates)',
    make: (box, remote, first) => box.clone(remote, { args: ['--reference', first] }),
    proof: hasAlternates,
  },
  {
    name: 'shared with the remote’s objects',
    make: (box, remote) => box.clone(remote, { args: ['--shared'] }),
    proof: hasAlternates,
  },
  {
    name: 'with its git directory elsewhere',
    make: (box, remote) => box.clone(remote, { args: ['--separate-git-dir', box.path('elsewhere.git')] }),
    proof: (box, clone) => box.git(clone, 'rev-parse', '--absolute-git-dir') === box.path('elsewhere.git'),
  },
  {
    name: 'sparse',
    make: (box, remote) => box.clone(remote, { args: ['--sparse'] }),
    proof: (box, clone) => setting(box, clone, 'core.sparseCheckout') === 'true',
  },
  {
    name: 'linked worktree',
    make: (box, remote) => box.worktree(box.clone(remote)),
    proof: (box, clone) => box.git(clone, 'rev-parse', '--git-dir').includes('/worktrees/'),
  },
  {
    name: 'linked worktree of a bare clone',
    make(box, remote) {
      const bare = box.clone(remote, { args: ['--bare'] });
      box.git(bare, 'worktree', 'add', '--quiet', '-b', 'work', box.path('of-bare'), 'main');
      return box.path('of-bare');
    },
    proof: (box, clone) => box.git(clone, 'rev-parse', '--git-dir').includes('/worktrees/'),
  },
  {
    name: 'submodule',
    make(box, remote) {
      const outer = box.repository();
      box.git(outer, '-c', 'protocol.file.allow=always', 'submodule', 'add', '--quiet', remote, 'inner');
      box.git(outer, 'commit', '--quiet', '--message', 'add inner');
      return join(outer, 'inner');
    },
    proof: (box, clone) => box.git(clone, 'rev-parse', '--show-superproject-working-tree') !== '',
  },
  {
    name: 'submodule in a linked worktree',
    make(box, remote) {
      const outer = box.repository();
      box.git(outer, '-c', 'protocol.file.allow=always', 'submodule', 'add', '--quiet', remote, 'inner');
      box.git(outer, 'commit', '--quiet', '--message', 'add inner');
      const linked = box.worktree(outer);
      box.git(linked, '-c', 'protocol.file.allow=always', 'submodule', 'update', '--quiet', '--init');
      return join(linked, 'inner');
    },
    proof: (box, clone) => box.git(clone, 'rev-parse', '--git-dir').includes('/worktrees/'),
  },
];

async function rig(kind: Kind) {
  const box = sandbox();
  const remote = box.bareRemote();
  for (const name of ['uploadpack.allowFilter', 'uploadpack.allowAnySHA1InWant'])
    box.git(remote, 'config', name, 'true');
  const first = box.clone(remote);
  for (const name of ['one', 'two', 'three']) box.commit(first, `src/${name}.ts`, `${name}\n`);
  const host = inProcess(box);
  const coord = async (agent: string, cwd: string, ...args: string[]) => {
    const result = await host.run(agent, cwd, [...args, '--json']);
    return { code: result.code, ...result.json() };
  };
  await coord('maya', first, 'init');
  box.git(first, 'add', '.');
  box.git(first, 'commit', '--quiet', '--message', 'set coord up');
  box.git(first, 'push', '--quiet', 'origin', 'main');
  for (const name of ['one', 'two']) await coord('maya', first, 'claim', `src/${name}.ts`);
  const clone = kind.make(box, remote, first);
  expect(kind.proof(box, clone)).toBe(true);
  return { box, remote, first, clone, coord, host };
}

const targets = (claims: readonly { target: string }[]) => claims.map(({ target }) => target).sort();

describe.each(KINDS)('a clone: $name', (kind) => {
  it('sees the claims of others, and makes and gives back its own', async () => {
    const { first, clone, coord } = await rig(kind);
    const started = await coord('noor', clone, 'session', 'start');
    expect(started).toMatchObject({ code: 0, ok: true });
    expect(targets((await coord('noor', clone, 'status')).data.claims)).toEqual(['src/one.ts', 'src/two.ts']);
    expect(await coord('noor', clone, 'claim', 'src')).toMatchObject({
      code: 3,
      error: { details: { conflicts: [{ agent: 'maya' }, { agent: 'maya' }] } },
    });
    expect(await coord('noor', clone, 'claim', 'src/three.ts')).toMatchObject({
      code: 0,
      data: { claims: [{ target: 'src/three.ts', reach: 'remote' }] },
    });
    expect(await coord('maya', first, 'claim', 'src/three.ts')).toMatchObject({
      code: 3,
      error: { details: { conflicts: [{ agent: 'noor' }] } },
    });
    await coord('maya', first, 'release', 'src/one.ts');
    expect(targets((await coord('noor', clone, 'status')).data.claims)).toEqual(['src/three.ts', 'src/two.ts']);
    expect(await coord('noor', clone, 'release', 'src/three.ts')).toMatchObject({ code: 0 });
    expect(targets((await coord('maya', first, 'status')).data.claims)).toEqual(['src/two.ts']);
    expect(await coord('noor', clone, 'session', 'end')).toMatchObject({ code: 0 });
  });

  it('knows whether it is current, and must be, on ground where others have worked', async () => {
    const { box, first, clone, coord } = await rig(kind);
    expect(await coord('noor', clone, 'sync-check')).toMatchObject({ code: 0, data: { inSync: true, behind: 0 } });
    box.commit(first, 'src/four.ts', 'four\n');
    const work = box.commit(first, 'src/one.ts', 'better\n');
    box.git(first, 'push', '--quiet', 'origin', 'main');
    expect(await coord('noor', clone, 'sync-check')).toMatchObject({
      code: 5,
      error: { details: { behind: 2, missing: [{ commit: work }, { subject: 'change src/four.ts' }] } },
    });
    await coord('maya', first, 'release', 'src/one.ts');
    expect(await coord('noor', clone, 'claim', 'src/one.ts')).toMatchObject({
      code: 5,
      error: { details: { missing: [{ commit: work }] } },
    });
    box.git(clone, 'pull', '--quiet', '--ff-only', 'origin', 'main');
    expect(await coord('noor', clone, 'sync-check')).toMatchObject({ code: 0, data: { behind: 0 } });
    expect(await coord('noor', clone, 'claim', 'src/one.ts')).toMatchObject({ code: 0 });
  });
});

describe('a submodule', () => {
  it('has a coordination of its own, apart from that of the repository around it', async () => {
    const kind = KINDS.find(({ name }) => name === 'submodule');
    if (!kind) throw new Error('no such kind');
    const { box, clone, coord } = await rig(kind);
    const outer = join(clone, '..');
    await coord('zoe', outer, 'init', '--local');
    expect(await coord('zoe', outer, 'claim', 'inner/src/one.ts')).toMatchObject({ code: 2 });
    await coord('zoe', outer, 'claim', 'own.ts');
    await coord('noor', clone, 'claim', 'src/three.ts');
    expect(targets((await coord('zoe', outer, 'status')).data.claims)).toEqual(['own.ts']);
    expect(targets((await coord('noor', join(clone, 'src'), 'status')).data.claims)).toEqual([
      'src/one.ts',
      'src/three.ts',
      'src/two.ts',
    ]);
    expect(box.git(outer, 'status', '--porcelain', '--', 'inner')).toBe('');
  });
});

describe('a partial clone', () => {
  it('has the whole state at hand: reading it asks the remote for nothing more', async () => {
    const kind = KINDS.find(({ name }) => name === 'partial, without blobs');
    if (!kind) throw new Error('no such kind');
    const { box, clone, coord } = await rig(kind);
    await coord('noor', clone, 'status');
    box.git(clone, 'remote', 'set-url', 'origin', box.path('nowhere.git'));
    const status = await coord('noor', clone, 'status', '--no-fetch');
    expect(targets(status.data.claims)).toEqual(['src/one.ts', 'src/two.ts']);
  });
});
