import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { EMPTY_STATE } from '../../../src/domain/model.js';
import type { Request } from '../../../src/domain/request-table.js';
import { instantOf } from '../../../src/domain/time.js';
import { ownMark } from '../../../src/git/process-mark.js';
import { tryLocalLock } from '../../../src/store/queue/local-lock.js';
import { RequestQueue } from '../../../src/store/queue/request-queue.js';
import { settle, write } from '../../../src/store/swap/deciding.js';
import type { GitStore } from '../../../src/store/swap/git-store.js';
import { transact } from '../../../src/store/swap/transact.js';
import { readBranch } from '../../battery/support/history/branch.js';
import { replayHistory } from '../../battery/support/history/replay.js';
import { localFleet, until } from '../../support/fleet.js';
import { inProcess } from '../../support/in-process.js';
import { claimOf, POLICY } from '../../support/requests.js';
import { type Sandbox, sandbox } from '../../support/sandbox.js';

const LOCAL = { ref: 'refs/coord/state', share: false, remote: 'origin' };

/** Added to the clock: a test is out of patience when it says so. */
let later = 0;
const effects = {
  now: () => instantOf(Date.now() + later),
  random: Math.random,
  pause: (ms: number) => delay(ms),
  hasWork: async () => ({}),
  claimed: () => undefined,
  watch: () => ({}),
};

let box: Sandbox;
let clone: string;

beforeEach(async () => {
  later = 0;
  box = sandbox();
  clone = box.repository();
  const begin = { operation: 'begin', agent: 'maya', at: effects.now(), summary: 'begin coordination', events: [] };
  await (await open()).life.create(EMPTY_STATE, begin);
});

/** A store as a process of its own would open it. */
function open(): Promise<GitStore> {
  const host = inProcess(box);
  host.clock.ms = Date.now();
  return host.context(clone).stores.open(LOCAL);
}

const directory = () => join(clone, '.git', 'coord', 'queue');
const queue = (now = effects.now) => new RequestQueue(directory(), join(clone, '.git'), now);
const left = () => (readdirSync(join(clone, '.git', 'coord')).includes('queue') ? readdirSync(directory()) : []);
const subjects = () => readBranch(box, clone).map(({ subject }) => subject);
const grants = (agent: string) =>
  readBranch(box, clone).flatMap(({ events }) =>
    events.filter((one) => one.type === 'claim.granted' && one.agent === agent),
  );

function note(agent: string, requestId: string | null): Request {
  const base = { operation: `n-${agent}-${Math.random()}`, agent, session: null, policy: POLICY, requestId };
  return {
    kind: 'note',
    ...base,
    noteKind: 'note',
    text: 'a word',
    to: [],
    target: null,
    needsAck: [],
    answerSeconds: null,
    ref: null,
    refused: false,
  };
}

/** Puts a request into the queue, as a process that was killed right afterwards, a second before whoever comes now. */
function forgotten(request: Request): string {
  const ticket = queue(() => instantOf(Date.now() + later - 1000)).enqueue(request);
  if (ticket === null) throw new Error('the queue took nothing');
  return ticket;
}

/** Somebody waits already, so that whoever comes joins the queue. */
async function withSomebodyWaiting(): Promise<void> {
  forgotten(claimOf('zoe', 'zoe.ts'));
}

/** Asks while another holds the lock; resolves when the request stands in the queue. */
async function askWhileLocked(request: Request) {
  await withSomebodyWaiting();
  const release = tryLocalLock(directory(), effects.now);
  onTestFinished(() => release?.());
  const answer = transact(await open(), request, effects);
  await until(async () => left().some((name) => name.endsWith(`${request.operation}~request`)), 'a place in the queue');
  return { answer, release };
}

describe('requests that wait together', () => {
  it('are decided in their order, in one commit, each with its own answer', async () => {
    const release = tryLocalLock(directory(), effects.now);
    forgotten(claimOf('noor', 'src/a.ts'));
    const asked = [claimOf('maya', 'src/b.ts'), claimOf('wim', 'src/b.ts'), note('ana', null)];
    const stores = await Promise.all(asked.map(open));
    const answers = asked.map((request, index) => transact(stores[index] as GitStore, request, effects));
    await until(async () => left().filter((name) => name.endsWith('~request')).length === 4, 'all in the queue');
    release?.();
    const [maya, wim, own] = await Promise.all(answers);
    // Of two that come in the same millisecond, either may be the first.
    expect([[maya?.ok, wim?.ok].sort(), own?.ok]).toEqual([[false, true], true]);
    expect(grants('noor')).toHaveLength(1);
    expect(subjects()).toHaveLength(2);
    expect(subjects()[1]).toMatch(/^3 requests: claim src\/a.ts by noor/);
    expect(replayHistory(box, clone).problems).toEqual([]);
    expect(left()).toHaveLength(1);
  });

  it('with one request id are one', async () => {
    await withSomebodyWaiting();
    const answers = await Promise.all(
      [1, 2, 3].map(async () =>
        transact(await open(), { ...note('ana', 'once'), operation: `${Math.random()}` }, effects),
      ),
    );
    expect(new Set(answers.map((answer) => JSON.stringify(answer.ok && answer.result))).size).toBe(1);
    const notes = readBranch(box, clone).flatMap(({ events }) => events.filter(({ type }) => type === 'note.added'));
    expect(notes).toHaveLength(1);
  });

  it('do not mind what else lies in the folder', async () => {
    mkdirSync(join(directory(), 'stranger~request'), { recursive: true });
    const { pid: dead = 0 } = spawnSync('true');
    const gone = [dead, ...ownMark().split('.').slice(1)].join('.');
    for (const [name, text] of [
      ['garbage~request', 'not JSON'],
      ['of-another-format~request', '{"format":99,"request":{"kind":"claim"},"clone":"/"}'],
      ['no-request~request', '{"format":2,"clone":"/","request":{"__proto__":{"kind":"claim"}}}'],
      ['no-clone~request', '{"format":2,"request":{"kind":"claim"}}'],
      ['00000000000001-old~answer', '{}'],
      ['00000000000001-old~taken~another~1.2.3.4.5', '{}'],
      [`lock-${gone}-1`, ''],
      [`staged-${gone}`, ''],
      ['tip', '{"format":2,"revision":7}'],
      ['a-file', ''],
    ] as const) {
      writeFileSync(join(directory(), name), text);
    }
    expect((await transact(await open(), claimOf('maya', 'src/b.ts'), effects)).ok).toBe(true);
    expect(left().sort()).toEqual(['a-file', 'tip']);
  });

  it('are dropped when the process that asked is gone', async () => {
    const request = claimOf('noor', 'src/a.ts');
    const ticket = forgotten(request);
    const { pid: dead = 0 } = spawnSync('true');
    const path = join(directory(), `${ticket}~request`);
    const gone = [dead, ...ownMark().split('.').slice(1)].join('.');
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), process: gone }));
    expect((await transact(await open(), claimOf('maya', 'src/a.ts'), effects)).ok).toBe(true);
    expect([grants('noor'), left()]).toEqual([[], []]);
  });
});

describe('a combiner that died', () => {
  /** Takes what waits and decides it, as far as it got before it was killed. */
  async function dying(reached: 'took' | 'announced' | 'wrote'): Promise<void> {
    const store = await open();
    const taken = queue().take('dead', 10);
    const { pid: dead = 0 } = spawnSync('true');
    const gone = [dead, ...ownMark().split('.').slice(1)].join('.');
    for (const name of left()) {
      if (name.includes('~taken~dead~'))
        renameSync(join(directory(), name), join(directory(), name.replace(ownMark(), gone)));
    }
    if (reached === 'took') return;
    const requests = taken.map(({ request }) => request);
    const decided = await settle(store, requests, effects);
    const announce = (revision: string) => {
      const answers = Object.fromEntries(
        requests.map(({ operation }, index) => {
          const { result, summary } = decided.decisions[index] as never;
          return [operation, { ok: true, result, summary } as never];
        }),
      );
      queue().announce('dead', { revision, base: decided.from.revision, clone: join(clone, '.git'), answers });
    };
    if (reached === 'wrote') await write(store, requests, decided, effects.now(), announce);
    else announce('0'.repeat(40));
  }

  it.each(['took', 'announced', 'wrote'] as const)(
    'after it %s: each request is done once, and answered, and nobody waits for a time to be over',
    async (reached) => {
      const { answer, release } = await askWhileLocked(claimOf('maya', 'src/b.ts'));
      await dying(reached);
      release?.();
      expect(await answer).toMatchObject({ ok: true, result: { claims: [{ agent: 'maya', target: 'src/b.ts' }] } });
      expect(grants('maya')).toHaveLength(1);
      expect(replayHistory(box, clone).problems).toEqual([]);
    },
  );

  it('or is only stopped is waited for some seconds, and then not any more', async () => {
    const { answer } = await askWhileLocked(claimOf('maya', 'src/b.ts'));
    queue().take('stopped', 10);
    // Time passes, however often what is waited for changes.
    const passing = setInterval(() => {
      later += 2_000;
    }, 20);
    onTestFinished(() => clearInterval(passing));
    expect(await answer).toMatchObject({ ok: true, result: { claims: [{ agent: 'maya', target: 'src/b.ts' }] } });
    expect(grants('maya')).toHaveLength(1);
  });
});

describe('a queue that is deleted while somebody waits', () => {
  it('costs nothing but the order', async () => {
    const { answer } = await askWhileLocked(claimOf('maya', 'src/b.ts'));
    rmSync(directory(), { recursive: true, force: true });
    expect((await answer).ok).toBe(true);
    expect(grants('maya')).toHaveLength(1);
  });
});

it('many processes at once write fewer commits than they are, and leave nothing behind', async () => {
  const fleet = await localFleet();
  const worktree = fleet.box.worktree(fleet.clone);
  const before = readBranch(fleet.box, fleet.clone).length;
  const results = await Promise.all(
    Array.from({ length: 24 }, (_, number) =>
      fleet.as(`agent${number}`, ['claim', `src/${number}.ts`, '--json'], { cwd: number % 2 ? worktree : fleet.clone }),
    ),
  );
  expect(results.map(({ code }) => code)).toEqual(Array(24).fill(0));
  for (const [number, result] of results.entries()) {
    expect(result.json().data.claims).toMatchObject([{ agent: `agent${number}`, target: `src/${number}.ts` }]);
  }
  const commits = readBranch(fleet.box, fleet.clone).length - before;
  expect(commits).toBeGreaterThan(0);
  expect(commits).toBeLessThan(24);
  expect(replayHistory(fleet.box, fleet.clone).problems).toEqual([]);
  const queued = join(fleet.clone, '.git', 'coord', 'queue');
  expect(readdirSync(join(fleet.clone, '.git', 'coord')).includes('queue') ? readdirSync(queued) : []).toEqual([]);
});
