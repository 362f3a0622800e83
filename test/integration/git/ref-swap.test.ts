import fs, { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { swapRefFile } from '../../../src/git/ref-swap.js';
import { compareAndSwapRef, readRef } from '../../../src/git/refs.js';
import { discoverRepository, type Repository } from '../../../src/git/repository.js';
import { gitIn, gitText } from '../../../src/git/run.js';
import { type Sandbox, sandbox } from '../../support/sandbox.js';

const REF = 'refs/coord/state';

let box: Sandbox;
let clone: string;
let repository: Repository;
/** Commits that refer to nothing. */
let commits: string[];

beforeEach(() => {
  box = sandbox();
  clone = box.repository();
  const tree = box.git(clone, 'mktree');
  commits = ['a', 'b', 'c', 'd'].map((name) => box.git(clone, 'commit-tree', tree, '-m', name));
  box.git(clone, 'update-ref', REF, commits[0] as string);
  repository = discoverRepository(clone);
});

const commit = (index: number) => commits[index] as string;
const tip = () => box.git(clone, 'rev-parse', REF);
const lock = () => join(clone, '.git', `${REF}.lock`);

/** Has something happen while a file is being flushed to the disk, at the next time. */
function onceAtFlush(happens: () => void): void {
  const flush = vi.spyOn(fs, 'fsyncSync').mockImplementationOnce(happens);
  syncBuiltinESMExports();
  onTestFinished(() => {
    flush.mockRestore();
    syncBuiltinESMExports();
  });
}

describe('a ref in a file of its own', () => {
  it('is moved when it is where it is expected, and not otherwise', () => {
    expect(swapRefFile(repository, REF, commit(1), commit(0))).toEqual({ ok: true });
    expect(tip()).toBe(commit(1));
    expect(swapRefFile(repository, REF, commit(2), commit(0))).toMatchObject({ ok: false });
    expect(tip()).toBe(commit(1));
    expect(swapRefFile(repository, REF, commit(2), 'any')).toEqual({ ok: true });
    expect(tip()).toBe(commit(2));
    expect(existsSync(lock())).toBe(false);
  });

  it('is left alone while another holds its lock, and so is the lock', () => {
    writeFileSync(lock(), 'theirs');
    expect(swapRefFile(repository, REF, commit(1), commit(0))).toMatchObject({ ok: false });
    expect([tip(), readFileSync(lock(), 'utf8')]).toEqual([commit(0), 'theirs']);
  });

  it.each([
    ['taken away', () => rmSync(lock())],
    [
      'replaced by another’s',
      () => {
        rmSync(lock());
        writeFileSync(lock(), `${commit(2)}\n`);
      },
    ],
  ])('is left alone when its lock was %s during the flush, and so is that lock', (_, meanwhile) => {
    onceAtFlush(meanwhile);
    expect(swapRefFile(repository, REF, commit(1), commit(0))).toMatchObject({ ok: false });
    expect(tip()).toBe(commit(0));
    expect(swapRefFile(repository, REF, commit(1), commit(0))).toMatchObject({ ok: !existsSync(lock()) });
  });

  it('has one winner when git and coord race for it', async () => {
    const git = gitIn(clone, box.env);
    for (let round = 0; round < 25; round += 1) {
      const from = tip();
      const [own, theirs] = [1, 2].map((number) =>
        box.git(clone, 'commit-tree', `${from}^{tree}`, '-p', from, '-m', `${round}.${number}`),
      ) as [string, string];
      const asked = git(['update-ref', REF, theirs, from]);
      const swapped = await compareAndSwapRef(repository, git, { ref: REF, to: own, from });
      const { code } = await asked;
      expect([swapped.ok, code === 0].filter(Boolean)).toHaveLength(1);
      expect(tip()).toBe(swapped.ok ? own : theirs);
    }
  });
});

describe('a ref that was for one question only', () => {
  const ASKED = 'refs/coord-local/asked/1';
  const drop = async () => {
    const update = { ref: REF, to: commit(1), from: commit(0) };
    const processes: (readonly string[])[] = [];
    const git = gitIn(clone, box.env);
    const counting: typeof git = (args, options) => {
      processes.push(args);
      return git(args, options);
    };
    expect(await compareAndSwapRef(repository, counting, update, { drop: ASKED })).toEqual({ ok: true });
    expect(tip()).toBe(commit(1));
    return processes.length;
  };
  const refs = () => box.git(clone, 'for-each-ref', '--format=%(refname)');

  beforeEach(() => {
    box.git(clone, 'update-ref', ASKED, commit(0));
  });

  it('goes with the move, without a git process', async () => {
    expect(await drop()).toBe(0);
    expect(refs()).not.toContain(ASKED);
    expect(existsSync(join(clone, '.git', `${ASKED}.lock`))).toBe(false);
  });

  it.each<readonly [name: string, prepare: () => void]>([
    [
      'packed',
      () => {
        box.git(clone, 'pack-refs', '--all');
        box.git(clone, 'update-ref', REF, commit(2));
        box.git(clone, 'update-ref', REF, commit(0));
      },
    ],
    [
      'packed, and moved since',
      () => {
        box.git(clone, 'pack-refs', '--all');
        for (const ref of [REF, ASKED]) {
          box.git(clone, 'update-ref', ref, commit(2));
          box.git(clone, 'update-ref', ref, commit(0));
        }
        box.git(clone, 'update-ref', ASKED, commit(3));
      },
    ],
    ['in a reflog', () => box.git(clone, 'update-ref', '--create-reflog', ASKED, commit(2))],
  ])('is left to git when it is %s', async (_, prepare) => {
    prepare();
    expect(await drop()).toBe(1);
    expect(refs()).not.toContain(ASKED);
    expect(existsSync(join(clone, '.git', 'logs', ASKED))).toBe(false);
  });

  it('stays while another has its lock, and the move counts', async () => {
    writeFileSync(join(clone, '.git', `${ASKED}.lock`), '');
    const update = { ref: REF, to: commit(1), from: commit(0) };
    await compareAndSwapRef(repository, gitIn(clone, box.env), update, { drop: ASKED });
    expect([tip(), refs().includes(ASKED)]).toEqual([commit(1), true]);
  });
});

describe('a packed ref', () => {
  it('is moved when it is where it is expected, and not otherwise', () => {
    box.git(clone, 'pack-refs', '--all');
    expect(swapRefFile(repository, REF, commit(2), commit(1))).toMatchObject({ ok: false });
    expect(swapRefFile(repository, REF, commit(1), commit(0))).toEqual({ ok: true });
    expect([tip(), existsSync(lock())]).toEqual([commit(1), false]);
  });

  it('is moved where git has taken its folder away', () => {
    const ref = 'refs/coord-local/known/coord/state';
    box.git(clone, 'update-ref', ref, commit(0));
    box.git(clone, 'pack-refs', '--all');
    rmSync(join(clone, '.git', 'refs', 'coord'), { recursive: true, force: true });
    expect(swapRefFile(repository, ref, commit(1), 'any')).toEqual({ ok: true });
    expect(box.git(clone, 'rev-parse', ref)).toBe(commit(1));
  });

  it('loses no move while git packs again and again, as git itself may', async () => {
    const git = gitIn(clone, box.env);
    const tree = box.git(clone, 'mktree');
    const moved: string[] = [];
    let goesOn = true;
    const pack = async () => {
      while (goesOn) await git(['pack-refs', '--all']);
    };
    const write = async (name: string) => {
      for (let count = 0; count < 250; count += 1) {
        const from = (await readRef(repository, git, REF)) ?? '';
        const to = await gitText(git, ['commit-tree', tree, '-p', from, '-m', `${name} ${count}`]);
        if ((await compareAndSwapRef(repository, git, { ref: REF, to, from })).ok) moved.push(to);
      }
    };
    const packing = [pack(), pack()];
    await Promise.all(['one', 'two', 'three', 'four'].map(write));
    goesOn = false;
    await Promise.all(packing);
    const line = new Set(box.git(clone, 'rev-list', REF).split('\n'));
    expect(moved.length).toBeGreaterThan(100);
    expect(moved.filter((id) => !line.has(id))).toEqual([]);
  });
});

describe('is git’s to move:', () => {
  it.each<readonly [name: string, prepare: () => void]>([
    [
      'a symbolic ref',
      () => {
        box.git(clone, 'update-ref', 'refs/heads/other', commit(0));
        box.git(clone, 'symbolic-ref', REF, 'refs/heads/other');
      },
    ],
  ])('%s', async (_name, prepare) => {
    prepare();
    expect(swapRefFile(repository, REF, commit(1), commit(0))).toBeNull();
    const update = { ref: REF, to: commit(1), from: commit(0) };
    expect(await compareAndSwapRef(repository, gitIn(clone, box.env), update)).toEqual({ ok: true });
    expect(tip()).toBe(commit(1));
  });

  it.each(['.git/hooks', '.husky'])('any ref, where a hook in %s watches them', async (folder) => {
    const seen = box.path('seen');
    const hook = box.write(clone, `${folder}/reference-transaction`, `#!/bin/sh\necho "$1" >>'${seen}'\n`);
    chmodSync(hook, 0o755);
    if (folder !== '.git/hooks') box.git(clone, 'config', 'core.hooksPath', folder);
    expect(swapRefFile(repository, REF, commit(1), commit(0))).toBeNull();
    const update = { ref: REF, to: commit(1), from: commit(0) };
    await compareAndSwapRef(repository, gitIn(clone, box.env), update, {
      follower: 'refs/coord-local/known/coord/state',
    });
    expect(readFileSync(seen, 'utf8')).toContain('committed');
    expect(box.git(clone, 'rev-parse', REF, 'refs/coord-local/known/coord/state')).toBe(`${commit(1)}\n${commit(1)}`);
  });
});
