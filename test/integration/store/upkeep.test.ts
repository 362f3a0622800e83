import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { gitInBackground } from '../../../src/git/background.js';
import { discoverRepository } from '../../../src/git/repository.js';
import { gitIn } from '../../../src/git/run.js';
import { Upkeep } from '../../../src/store/upkeep/upkeep.js';
import { until } from '../../support/fleet.js';
import { inProcess } from '../../support/in-process.js';
import { type Sandbox, sandbox } from '../../support/sandbox.js';

const REF = 'refs/coord/state';
/** Git thinks of packing at more than 27 objects in the folder that stands for all. */
const TOO_MANY = 28;

function rig(box: Sandbox, clone: string) {
  const repository = discoverRepository(clone);
  const started: string[][] = [];
  const clock = { ms: Date.now() };
  const upkeep = new Upkeep({
    repository,
    git: gitIn(clone, box.env),
    background: (args) => started.push([...args]),
    ref: { name: REF },
    now: () => clock.ms,
  });
  return {
    repository,
    clock,
    started,
    /** What one write leads to. */
    async afterWrite() {
      await upkeep.afterWrite();
      return started.splice(0);
    },
  };
}

function repository() {
  const box = sandbox();
  const clone = box.repository();
  box.commit(clone, 'README.md', 'hello\n');
  return { box, clone };
}

/** Leaves so many files where git counts its loose objects. */
function pileUp(clone: string, count: number): void {
  const folder = join(clone, '.git', 'objects', '17');
  mkdirSync(folder, { recursive: true });
  for (let index = 0; index < count; index += 1) {
    writeFileSync(join(folder, `${index}`.padStart(38, '0')), '');
  }
}

/** Makes so many unlike objects that nobody can tell from those of coord. */
function makeLoose(box: Sandbox, clone: string, count: number): void {
  const paths = Array.from({ length: count }, (_, index) => box.write(clone, `loose/${index}`, `object ${index}\n`));
  box.git(clone, 'add', '--', ...paths);
  box.git(clone, 'commit', '--quiet', '--message', 'many');
}

function packsOf(clone: string): string[] {
  return readdirSync(join(clone, '.git', 'objects', 'pack')).filter((name) => name.endsWith('.pack'));
}

function looseOf(clone: string): number {
  const objects = join(clone, '.git', 'objects');
  const folders = readdirSync(objects).filter((name) => /^[0-9a-f]{2}$/.test(name));
  return folders.reduce((sum, name) => sum + readdirSync(join(objects, name)).length, 0);
}

describe('upkeep after a write', () => {
  it('does nothing while there are few loose objects', async () => {
    const { box, clone } = repository();
    pileUp(clone, TOO_MANY - 1);
    expect(await rig(box, clone).afterWrite()).toEqual([]);
  });

  it('has git pack them when there are many, once in a while', async () => {
    const { box, clone } = repository();
    pileUp(clone, TOO_MANY);
    const { afterWrite, clock } = rig(box, clone);
    expect(await afterWrite()).toEqual([
      ['-c', 'pack.threads=1', 'maintenance', 'run', '--quiet', '--task=loose-objects'],
    ]);
    clock.ms += 19_000;
    expect(await afterWrite()).toEqual([]);
    clock.ms += 2_000;
    expect(await afterWrite()).toHaveLength(1);
    clock.ms -= 3_600_000;
    expect(await afterWrite()).toHaveLength(1);
  });

  it('asks what another process of the clone has begun already', async () => {
    const { box, clone } = repository();
    pileUp(clone, TOO_MANY);
    expect(await rig(box, clone).afterWrite()).toHaveLength(1);
    expect(await rig(box, clone).afterWrite()).toEqual([]);
  });

  it.each([
    ['gc.auto', '0'],
    ['maintenance.auto', 'false'],
    ['maintenance.auto', 'off'],
    ['gc.auto', '100000'],
  ])('leaves it to a user who set %s to %s', async (name, value) => {
    const { box, clone } = repository();
    pileUp(clone, TOO_MANY);
    box.git(clone, 'config', name, value);
    expect(await rig(box, clone).afterWrite()).toEqual([]);
  });

  it('merges packs when there are many of them, but never in a partial clone', async () => {
    const { box, clone } = repository();
    pileUp(clone, TOO_MANY);
    const folder = join(clone, '.git', 'objects', 'pack');
    for (let index = 0; index < 11; index += 1) writeFileSync(join(folder, `pack-${index}.pack`), '');
    const { afterWrite, clock } = rig(box, clone);
    expect((await afterWrite())[0]).toContain('--task=incremental-repack');
    writeFileSync(join(folder, 'pack-1.promisor'), '');
    clock.ms += 60_000;
    expect((await afterWrite())[0]?.slice(-1)).toEqual(['--task=loose-objects']);
  });

  it('trims a reflog that somebody’s git began', async () => {
    const { box, clone } = repository();
    box.git(clone, 'update-ref', '--create-reflog', REF, 'HEAD');
    const log = join(clone, '.git', 'logs', REF);
    const [id, zero] = [box.git(clone, 'rev-parse', 'coord/state'), '0'.repeat(40)];
    const line = (old: string, seconds: number) => `${old} ${id} Test <test@coord.example> ${seconds} +0000\tmoved\n`;
    const now = Math.floor(Date.now() / 1000);
    writeFileSync(log, `${line(zero, now - 200_000)}${line(id, now - 190_000).repeat(9_000)}${line(id, now - 60)}`);
    const { afterWrite, repository: found } = rig(box, clone);
    const [args = [], ...more] = await afterWrite();
    expect(more).toEqual([]);
    box.git(found.root, ...args);
    expect(statSync(log).size).toBe(line(id, now).length);
    expect(box.git(clone, 'rev-parse', 'coord/state')).toBe(id);
  });

  it('fails nobody where nothing can be written', async () => {
    const { box, clone } = repository();
    pileUp(clone, TOO_MANY);
    writeFileSync(join(clone, '.git', 'coord'), 'in the way');
    expect(await rig(box, clone).afterWrite()).toEqual([]);
  });
});

describe('what upkeep starts', () => {
  it('packs all loose objects, and in the next round removes them, with nothing lost', async () => {
    const box = sandbox();
    const clone = box.repository();
    pileUp(clone, TOO_MANY);
    const [args = []] = await rig(box, clone).afterWrite();
    rmSync(join(clone, '.git', 'objects', '17'), { recursive: true });
    makeLoose(box, clone, 100);
    box.git(clone, ...args);
    box.git(clone, ...args);
    expect(looseOf(clone)).toBe(0);
    expect(packsOf(clone)).toHaveLength(1);
    box.git(clone, 'fsck', '--strict');
    expect(box.git(clone, 'ls-tree', '-r', '--name-only', 'HEAD').split('\n')).toHaveLength(100);
  });

  it('runs without anybody waiting for it', async () => {
    const { box, clone } = repository();
    makeLoose(box, clone, 10);
    gitInBackground(clone, box.env, ['maintenance', 'run', '--quiet', '--task=loose-objects']);
    await until(async () => packsOf(clone).length === 1, 'a pack');
  });

  it('may fail to start', () => {
    expect(() => gitInBackground('/nowhere/at/all', {}, ['maintenance', 'run'])).not.toThrow();
  });
});

describe('the state after git has packed it', () => {
  it('is read through git once, and directly from then on', async () => {
    const box = sandbox();
    const clone = box.repository();
    box.commit(clone, 'README.md', 'hello\n');
    const { run } = inProcess(box);
    await run('maya', clone, ['init', '--local']);
    await run('maya', clone, ['claim', 'src']);
    box.git(clone, 'gc', '--quiet');
    expect(looseOf(clone)).toBe(0);
    const status = async () => {
      const trace = box.path('trace');
      rmSync(trace, { force: true });
      const result = await run('maya', clone, ['status', '--json'], { GIT_TRACE: trace });
      expect(result.json().data.claims).toMatchObject([{ target: 'src', agent: 'maya' }]);
      return existsSync(trace) ? box.read('trace') : '';
    };
    expect(await status()).toContain('cat-file');
    // The commit, its tree, and what status shows of it: claims, agents, the log.
    expect(looseOf(clone)).toBe(5);
    expect(await status()).not.toContain('cat-file');
    box.git(clone, 'fsck', '--strict');
  });
});
