import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Request } from '../../../src/domain/request-table.js';
import { instantOf } from '../../../src/domain/time.js';
import { ownMark } from '../../../src/git/process-mark.js';
import { RequestQueue as Queue, type RequestQueue } from '../../../src/store/queue/request-queue.js';
import { settle, write } from '../../../src/store/swap/deciding.js';
import type { GitStore } from '../../../src/store/swap/git-store.js';
import { transact } from '../../../src/store/swap/transact.js';
import { readBranch } from '../../battery/support/history/branch.js';
import { replayHistory } from '../../battery/support/history/replay.js';
import { until } from '../../support/fleet.js';
import { inProcess } from '../../support/in-process.js';
import { claimOf, POLICY } from '../../support/requests.js';
import { type Sandbox, sandbox } from '../../support/sandbox.js';
import { begin, failureOf, SHARED } from './rig.js';

const effects = {
  now: () => instantOf(Date.now()),
  random: Math.random,
  pause: (ms: number) => delay(ms),
  hasWork: async () => ({}),
  claimed: () => undefined,
  watch: () => ({}),
};

interface Clones {
  readonly box: Sandbox;
  readonly remote: string;
  readonly clones: readonly [string, string, string];
}

async function threeClones(): Promise<Clones> {
  const box = sandbox();
  const remote = box.bareRemote();
  const clones = [box.clone(remote), box.clone(remote), box.clone(remote)] as const;
  for (const clone of clones) await begin(box, clone);
  return { box, remote, clones: [...clones] };
}

/** A store as a process of its own would open it. */
function open(box: Sandbox, clone: string): Promise<GitStore> {
  const host = inProcess(box);
  host.clock.ms = Date.now();
  return host.context(clone).stores.open(SHARED);
}

async function queueOf(box: Sandbox, clone: string): Promise<RequestQueue> {
  const queue = await (await open(box, clone)).queue();
  if (queue === undefined) throw new Error('no queue');
  return queue;
}

const asks = (agent: string, target: string, changes: object = {}) =>
  claimOf(agent, target, { reach: 'remote', ...changes });
const commits = (box: Sandbox, remote: string) => readBranch(box, remote).length;
const tipOf = (box: Sandbox, directory: string) => box.git(directory, 'rev-parse', 'refs/coord/state');
const waiting = (queue: RequestQueue) =>
  readdirSync(queue.directory).filter((name) => name.endsWith('~request')).length;

/** Asks from these clones while somebody has the lock; all wait in the queue when it resolves. */
async function gathered({ box }: Clones, asked: readonly (readonly [clone: string, Request])[]) {
  const queue = await queueOf(box, asked[0]?.[0] ?? '');
  const release = queue.tryLock();
  onTestFinished(() => release?.());
  const answers: ReturnType<typeof transact>[] = [];
  for (const [clone, request] of asked) {
    answers.push(transact(await open(box, clone), request, effects));
    await until(async () => waiting(queue) === answers.length, 'a place in the queue');
  }
  return { queue, release: () => release?.(), answers };
}

describe('clones of one host that push to one remote', () => {
  it('are decided in one commit and one push, each with its own answer, and each has what was written', async () => {
    const all = await threeClones();
    const { box, remote, clones } = all;
    const before = commits(box, remote);
    const { queue, release, answers } = await gathered(all, [
      [clones[0], asks('maya', 'a')],
      [clones[1], asks('noor', 'b')],
      [clones[1], asks('wim', 'a')],
      [clones[2], asks('ana', 'c')],
    ]);
    release();
    const [maya, noor, wim, ana] = await Promise.all(answers);
    expect([maya?.ok, noor?.ok, wim?.ok, ana?.ok]).toEqual([true, true, false, true]);
    expect(wim).toMatchObject({ refusal: { conflicts: [{ agent: 'maya' }] } });
    expect(commits(box, remote)).toBe(before + 1);
    expect(replayHistory(box, remote).problems).toEqual([]);
    expect(clones.map((clone) => tipOf(box, clone))).toEqual(Array(3).fill(tipOf(box, remote)));
    for (const clone of clones) expect(box.tryGit(clone, 'fsck', '--connectivity-only').code).toBe(0);
    // The refusal rides with the next write of the clone that asked.
    expect((await open(box, clones[1])).deferred()).toMatchObject([{ agent: 'wim', type: 'claim.refused' }]);
    expect((await open(box, clones[0])).deferred()).toEqual([]);
    expect(readdirSync(queue.directory).sort()).toEqual(['about', 'tip']);
  });

  it('leave what only its own clone can tell to that one', async () => {
    const all = await threeClones();
    const { box, remote, clones } = all;
    const needs: string[] = [];
    const zoe = { agent: 'zoe', session: null, policy: POLICY, targets: null, commit: 'f'.repeat(40) };
    const gives = {
      ...zoe,
      kind: 'release',
      operation: 'gave',
      commitNamed: true,
      changes: null,
      uncommitted: false,
    } as const;
    for (const request of [asks('zoe', 'a'), gives]) await transact(await open(box, clones[0]), request, effects);
    const queue = await queueOf(box, clones[0]);
    const release = queue.tryLock();
    const maya = transact(await open(box, clones[0]), asks('maya', 'b'), effects);
    await until(async () => waiting(queue) === 1, 'the first');
    const hasWork = async (head: string | null) => {
      needs.push(head ?? '');
      return {};
    };
    const noor = transact(await open(box, clones[1]), asks('noor', 'a', { head: 'e'.repeat(40) }), {
      ...effects,
      hasWork,
    });
    await until(async () => waiting(queue) === 2, 'the second');
    release?.();
    expect([(await maya).ok, (await noor).ok]).toEqual([true, false]);
    expect(needs).toEqual(['e'.repeat(40)]);
    expect(replayHistory(box, remote).problems).toEqual([]);
  });

  it('are not told what is wrong with the clone that decides for them', async () => {
    const all = await threeClones();
    const { box, clones } = all;
    const { release, answers } = await gathered(all, [
      [clones[0], asks('maya', 'a')],
      [clones[1], asks('noor', 'b')],
    ]);
    box.write(clones[0], '.git/refs/coord/state', 'torn');
    release();
    expect((await failureOf(answers[0] ?? Promise.resolve())).code).toBe('corrupt');
    expect(await answers[1]).toMatchObject({ ok: true });
  });

  it('lose nothing when the clone that decided for them is deleted', async () => {
    const { box, remote, clones } = await threeClones();
    const queue = await queueOf(box, clones[1]);
    const release = queue.tryLock();
    const noor = transact(await open(box, clones[1]), asks('noor', 'b'), effects);
    await until(async () => waiting(queue) === 1, 'a place in the queue');
    const [taken] = new Queue(queue.directory, join(clones[0], '.git'), effects.now).take('other', 1);
    const other = await open(box, clones[0]);
    const decided = await settle(other, [taken?.request as Request], effects);
    let revision = '';
    await write(other, [taken?.request as Request], decided, effects.now(), (next) => {
      revision = next;
    });
    const [decision] = decided.decisions;
    if (!decision?.ok) throw new Error('not granted');
    rmSync(clones[0], { recursive: true, force: true });
    const { result, summary } = decision;
    const answer = { ok: true, result, summary } as never;
    queue.answer(taken?.ticket ?? '', { answer, standing: { revision, clone: join(clones[0], '.git') } });
    expect(await noor).toMatchObject({ ok: true });
    release?.();
    expect(tipOf(box, clones[1])).toBe(tipOf(box, remote));
  });

  it.each(['took', 'announced', 'wrote'] as const)(
    'lose nothing when the process of another that decides for them is killed after it %s',
    async (reached) => {
      const { box, remote, clones } = await threeClones();
      const queue = await queueOf(box, clones[1]);
      const release = queue.tryLock();
      const noor = transact(await open(box, clones[1]), asks('noor', 'b'), effects);
      await until(async () => waiting(queue) === 1, 'a place in the queue');
      const combiner = new Queue(queue.directory, join(clones[0], '.git'), effects.now);
      const requests = combiner.take('dead', 1).map(({ request }) => request);
      const gone = [spawnSync('true').pid, ...ownMark().split('.').slice(1)].join('.');
      for (const name of readdirSync(queue.directory).filter((one) => one.includes('~taken~dead~'))) {
        renameSync(join(queue.directory, name), join(queue.directory, name.replace(ownMark(), gone)));
      }
      if (reached !== 'took') {
        const other = await open(box, clones[0]);
        const decided = await settle(other, requests, effects);
        const [decision] = decided.decisions;
        if (!decision?.ok) throw new Error('not granted');
        const { result, summary } = decision;
        const answers = { [requests[0]?.operation ?? '']: { ok: true, result, summary } as never };
        const announce = (revision: string) =>
          combiner.announce('dead', { revision, base: decided.from.revision, clone: combiner.clone, answers });
        if (reached === 'announced') announce('0'.repeat(40));
        else await write(other, requests, decided, effects.now(), announce);
      }
      release?.();
      expect(await noor).toMatchObject({ ok: true, result: { claims: [{ agent: 'noor', target: 'b' }] } });
      const events = readBranch(box, remote).flatMap((commit) => commit.events);
      expect(events.filter(({ type, agent }) => type === 'claim.granted' && agent === 'noor')).toHaveLength(1);
      expect(replayHistory(box, remote).problems).toEqual([]);
      expect(tipOf(box, clones[1])).toBe(tipOf(box, remote));
    },
  );
});

describe('what keeps clones apart', () => {
  const place = async (box: Sandbox, clone: string) => (await queueOf(box, clone)).directory;

  it('is another address, another way to it, another name of it, or another signature', async () => {
    const { box, remote, clones } = await threeClones();
    const [one, two, three] = clones;
    expect(await place(box, two)).toBe(await place(box, one));
    const changes: (readonly string[])[] = [
      ['remote.origin.url', box.bareRemote()],
      ['remote.origin.proxy', 'http://localhost:9'],
      ['core.sshCommand', 'ssh -i other'],
      ['credential.helper', 'other'],
    ];
    for (const [name = '', value = ''] of changes) {
      const before = box.tryGit(two, 'config', name).stdout.trim();
      box.git(two, 'config', name, value);
      expect([name, (await place(box, two)) === (await place(box, one))]).toEqual([name, false]);
      if (before === '') box.git(two, 'config', '--unset', name);
      else box.git(two, 'config', name, before);
    }
    // Another spelling of one path is the same address.
    const link = box.path('link.git');
    symlinkSync(remote, link);
    box.git(three, 'remote', 'set-url', 'origin', link);
    expect(await place(box, three)).toBe(await place(box, one));
  });

  it('is a folder that is not this user’s alone: then each clone has its own queue', async () => {
    const { box, clones } = await threeClones();
    const folder = join(box.env.TMPDIR ?? '', `coord-${process.getuid?.()}`);
    const shared = await place(box, clones[0]);
    expect(shared.startsWith(`${folder}/`)).toBe(true);
    chmodSync(folder, 0o755);
    expect(await place(box, clones[0])).toBe(join(clones[0], '.git', 'coord', 'queue'));
    rmSync(folder, { recursive: true });
    const elsewhere = box.path('elsewhere');
    mkdirSync(elsewhere, { mode: 0o700 });
    symlinkSync(elsewhere, folder);
    expect(await place(box, clones[0])).toBe(join(clones[0], '.git', 'coord', 'queue'));
    rmSync(folder);
    expect(await place(box, clones[0])).toBe(shared);
    // Two remotes whose digests are the same: the folder is the first one's.
    writeFileSync(join(shared, 'about'), 'another');
    expect(await place(box, clones[0])).toBe(join(clones[0], '.git', 'coord', 'queue'));
  });
});
