import { chmodSync, cpSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EMPTY_STATE } from '../../../src/domain/model.js';
import { CoordError } from '../../../src/errors.js';
import type { GitStore } from '../../../src/store/swap/git-store.js';
import { transact } from '../../../src/store/swap/transact.js';
import { commitByHand } from '../../support/by-hand.js';
import { inProcess } from '../../support/in-process.js';
import { noteRecord } from '../../support/records.js';
import { claimOf, START } from '../../support/requests.js';
import { type Sandbox, sandbox } from '../../support/sandbox.js';

interface Rig {
  readonly box: Sandbox;
  readonly clone: string;
  store(): Promise<GitStore>;
  claim(agent: string, target: string): ReturnType<typeof transact>;
  tip(): string;
}

const CONFIG = { ref: 'refs/coord/state', share: false, remote: 'origin' };

async function rig(): Promise<Rig> {
  const box = sandbox();
  const clone = box.repository();
  const context = () => inProcess(box).context(clone);
  const store = () => context().stores.open(CONFIG);
  const entry = { operation: 'begin', agent: 'coord', at: START, summary: 'begin coordination', events: [] };
  await (await store()).life.create(EMPTY_STATE, entry);
  return {
    box,
    clone,
    store,
    claim: async (agent, target) => transact(await store(), claimOf(agent, target), context().effects),
    tip: () => box.git(clone, 'rev-parse', 'coord/state'),
  };
}

async function failureOf(work: Promise<unknown>): Promise<CoordError> {
  const error: unknown = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof CoordError) return error;
  throw new Error(`not refused: ${error}`);
}

describe('the state ref', () => {
  it('shares no history with the code, and is in order for git', async () => {
    const { box, clone, claim } = await rig();
    box.commit(clone, 'a.txt', 'a');
    await claim('maya', 'src/a.ts');
    await claim('noor', 'src/b.ts');
    expect(box.tryGit(clone, 'merge-base', 'main', 'refs/coord/state').code).toBe(1);
    expect(box.git(clone, 'rev-list', '--count', 'coord/state')).toBe('3');
    const { stdout, stderr } = box.tryGit(clone, 'fsck', '--strict', '--full');
    expect([stdout, stderr]).toEqual(['', '']);
  });

  it('keeps files that are not coord’s, folders, modes and links too', async () => {
    const { box, clone, claim } = await rig();
    const script = '#!/bin/sh\n';
    commitByHand(box, clone, {
      'README.md': 'what this is',
      'deep/er/x.txt': 'x',
      'claims.json.orig': '{}',
      'z.sh': script,
    });
    const before = box.git(clone, 'ls-tree', '-r', 'coord/state').split('\n');
    await claim('maya', 'src/a.ts');
    const after = box.git(clone, 'ls-tree', '-r', 'coord/state').split('\n');
    const others = (lines: string[]) => lines.filter((line) => !/\t(claims|agents)\.json$/.test(line));
    expect(others(after)).toEqual(others(before));
    expect(others(after)).toHaveLength(6);
    expect(box.tryGit(clone, 'fsck', '--strict', '--no-dangling').stdout).toBe('');
  });

  it('reads past what a stranger wrote into a commit message', async () => {
    const { box, clone, claim, store } = await rig();
    await claim('maya', 'src/a.ts');
    commitByHand(box, clone, { 'README.md': 'hello' });
    expect(await claim('noor', 'src/b.ts')).toMatchObject({ ok: true });
    expect((await (await store()).read()).state.claims).toHaveLength(2);
  });

  it('may be checked out in a worktree: that neither stops nor breaks coord', async () => {
    const { box, clone, claim } = await rig();
    box.git(clone, 'worktree', 'add', '--quiet', box.path('looking'), 'coord/state');
    expect(await claim('maya', 'src/a.ts')).toMatchObject({ ok: true });
    expect(existsSync(join(box.path('looking'), 'claims.json'))).toBe(true);
  });

  it.each([
    ['claims.json', '{"format":1', ['claims.json: not JSON']],
    ['claims.json', null, ['claims.json: missing']],
    ['agents.json', null, ['agents.json: missing']],
    ['claims.json', '', ['claims.json: not JSON']],
    ['agents.json', '{"format":1,"agents":[{}],"x":1}', ['agents[0].id: missing', 'x: unknown']],
  ])('with a damaged %s (%j) is refused with every problem, and nothing is written', async (file, text, problems) => {
    const { box, clone, claim, tip } = await rig();
    await claim('maya', 'src/a.ts');
    const damaged = commitByHand(box, clone, { [file]: text });
    const error = await failureOf(claim('noor', 'src/b.ts'));
    expect(error.code).toBe('corrupt');
    expect(error.hint).toBeTruthy();
    for (const problem of problems) {
      expect(error.details.problems).toEqual(expect.arrayContaining([expect.stringContaining(problem)]));
    }
    expect(tip()).toBe(damaged);
  });

  it.each([
    ['claims.json', { 'claims.json/inside': 'x' }],
    ['agents.json', { 'agents.json/inside': 'x' }],
  ])('with a folder in the place of %s is refused', async (file, files) => {
    const { box, clone, claim } = await rig();
    commitByHand(box, clone, { [file]: null });
    commitByHand(box, clone, files);
    expect((await failureOf(claim('maya', 'a'))).code).toBe('corrupt');
  });

  it('with a file in the place of the folder of old log segments is refused, and a claim does not mind it', async () => {
    const { box, clone, claim, store } = await rig();
    commitByHand(box, clone, { log: 'this is no folder, and it is long enough to be taken for a tree' });
    expect(await claim('maya', 'a')).toMatchObject({ ok: true });
    expect((await failureOf((await store()).readLog())).code).toBe('corrupt');
  });

  it('closes a segment of the log before it outgrows 64 KiB', async () => {
    const { box, clone, store } = await rig();
    for (let round = 0; round < 12; round += 1) {
      const opened = await store();
      const snapshot = await opened.read(['log']);
      const notes = [...snapshot.state.notes, noteRecord(`n${String(round).padStart(2, '0')}`, 'x'.repeat(12_000))];
      const entry = { operation: `o${round}`, agent: 'maya', at: START, summary: 'note', events: [] };
      await opened.swap(snapshot, { ...snapshot.state, notes }, entry);
    }
    const sizes = box
      .git(clone, 'ls-tree', '-r', '-l', 'coord/state')
      .split('\n')
      .filter((line) => line.includes('log'));
    expect(sizes.map((line) => line.split('\t')[1])).toEqual(['log.jsonl', 'log/n00.jsonl', 'log/n05.jsonl']);
    for (const line of sizes) expect(Number(line.split(/\s+/)[3])).toBeLessThanOrEqual(64 * 1024);
  });

  it('whose objects are missing is refused, not taken for empty', async () => {
    const { box, clone, claim } = await rig();
    const blob = box.git(clone, 'rev-parse', 'coord/state:claims.json');
    rmSync(join(clone, '.git', 'objects', blob.slice(0, 2), blob.slice(2)));
    const error = await failureOf(claim('maya', 'a'));
    expect(error).toMatchObject({ code: 'corrupt', message: expect.stringContaining(blob) });
  });

  it('whose object is damaged is refused', async () => {
    const { box, clone, claim } = await rig();
    const blob = box.git(clone, 'rev-parse', 'coord/state:claims.json');
    const path = join(clone, '.git', 'objects', blob.slice(0, 2), blob.slice(2));
    chmodSync(path, 0o644);
    writeFileSync(path, 'not an object');
    expect((await failureOf(claim('maya', 'a'))).code).toBe('corrupt');
  });

  it('is not looked for under a name that only ends like it', async () => {
    const { box, clone, claim, tip } = await rig();
    box.git(clone, 'update-ref', 'refs/heads/coord/state', 'coord/state');
    box.git(clone, 'update-ref', 'refs/other/refs/coord/state', 'coord/state');
    await claim('maya', 'a');
    const moved = tip();
    box.git(clone, 'pack-refs', '--all');
    box.git(clone, 'update-ref', '-d', 'refs/other/refs/coord/state');
    expect(tip()).toBe(moved);
    expect(await claim('noor', 'a')).toMatchObject({ ok: false });
  });

  it('that is gone is not started over by a claim', async () => {
    const { box, clone, claim } = await rig();
    box.git(clone, 'update-ref', '-d', 'refs/coord/state');
    expect(await failureOf(claim('maya', 'a'))).toMatchObject({ code: 'corrupt', details: { reason: 'deleted' } });
    expect(box.tryGit(clone, 'rev-parse', '--verify', '--quiet', 'coord/state').code).toBe(1);
  });

  it('is written although all that is machine-local was deleted, or is damaged', async () => {
    const { clone, claim } = await rig();
    await claim('maya', 'a');
    expect(await claim('noor', 'a')).toMatchObject({ ok: false });
    const local = join(clone, '.git', 'coord');
    expect(readdirSync(local)).toContain('outbox');
    rmSync(local, { recursive: true });
    expect(await claim('noor', 'a')).toMatchObject({ ok: false });
    expect(await claim('noor', 'b')).toMatchObject({ ok: true });
    rmSync(local, { recursive: true });
    writeFileSync(local, 'a file in the way');
    expect(await claim('noor', 'a')).toMatchObject({ ok: false });
  });
});

describe('a writer that was killed once its write had won', () => {
  it('before it had cleaned up: the refusals that it carried are not recorded again', async () => {
    const { box, clone, claim } = await rig();
    await claim('maya', 'a');
    expect(await claim('noor', 'a')).toMatchObject({ ok: false });
    const outbox = join(clone, '.git', 'coord', 'outbox');
    cpSync(outbox, box.path('as-it-was'), { recursive: true });
    await claim('maya', 'b');
    expect(readdirSync(outbox)).toEqual([]);
    cpSync(box.path('as-it-was'), outbox, { recursive: true });
    await claim('maya', 'c');
    const recorded = box.git(clone, 'log', '--format=%b', 'coord/state').match(/"type":"claim\.refused"/g);
    expect(recorded).toHaveLength(1);
    expect(readdirSync(outbox)).toEqual([]);
  });
});

describe('a lock of the branch that a killed git left behind', () => {
  const lockOf = (clone: string) => join(clone, '.git', 'refs', 'coord', 'state.lock');

  it('is fixed by the next write', async () => {
    const { clone, claim, box } = await rig();
    writeFileSync(lockOf(clone), '');
    expect(await claim('maya', 'a')).toMatchObject({ ok: true });
    expect(existsSync(lockOf(clone))).toBe(false);
    expect(box.git(clone, 'log', '-1', '--format=%s', 'coord/state')).toContain('claim a by maya');
  });

  it('stops nobody from reading', async () => {
    const { clone, claim, store } = await rig();
    await claim('maya', 'a');
    writeFileSync(lockOf(clone), 'half-writ');
    expect(await claim('noor', 'a')).toMatchObject({ ok: false });
    expect((await (await store()).read()).state.claims).toHaveLength(1);
    expect(existsSync(lockOf(clone))).toBe(true);
  });

  it('is fixed by one of several writers at once, and each write counts', async () => {
    const { clone, claim, store } = await rig();
    writeFileSync(lockOf(clone), '');
    const decisions = await Promise.all(['a', 'b', 'c', 'd'].map((name) => claim(name, name)));
    expect(decisions.every(({ ok }) => ok)).toBe(true);
    expect((await (await store()).read()).state.claims).toHaveLength(4);
    expect(existsSync(lockOf(clone))).toBe(false);
  });

  it('is waited for, not taken, while a live git holds it', async () => {
    const { box, clone, claim, store } = await rig();
    // A git that takes the lock, and lets go of it when its standard input says so.
    const { spawn } = await import('node:child_process');
    const holder = spawn('git', ['update-ref', '--stdin'], { cwd: clone, env: box.env });
    const said = new Promise<void>((resolve) => {
      let heard = '';
      holder.stdout.on('data', (chunk: Buffer) => {
        heard += chunk.toString();
        if (heard.includes('prepare: ok')) resolve();
      });
    });
    const tip = box.git(clone, 'rev-parse', 'coord/state');
    holder.stdin.write(`start\nverify refs/coord/state ${tip}\nprepare\n`);
    await said;
    expect(existsSync(lockOf(clone))).toBe(true);
    const claimed = claim('maya', 'a');
    const ended = new Promise((resolve) => holder.on('close', resolve));
    setTimeout(() => holder.stdin.end('abort\n'), 300);
    await ended;
    expect(await claimed).toMatchObject({ ok: true });
    expect((await (await store()).read()).state.claims).toHaveLength(1);
  });
});

describe('a hook that forbids the write', () => {
  it('is named, and nothing is granted', async () => {
    const { box, clone, claim, tip } = await rig();
    const before = tip();
    const hook = box.write(clone, '.git/hooks/reference-transaction', '#!/bin/sh\necho no such luck >&2\nexit 1\n');
    chmodSync(hook, 0o755);
    const error = await failureOf(claim('maya', 'a'));
    expect(error.code).toBe('unavailable');
    expect(error.message).toContain('no such luck');
    expect(tip()).toBe(before);
  });
});
