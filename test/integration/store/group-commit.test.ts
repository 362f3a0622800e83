import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { EMPTY_STATE } from '../../../src/domain/model.js';
import type { Request } from '../../../src/domain/request-table.js';
import { instantOf } from '../../../src/domain/time.js';
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
  await (await open()).create(EMPTY_STATE, begin);
});

/** A store as a process of its own would open it. */
function open(): Promise<GitStore> {
  const host = inProcess(box);
  host.clock.ms = Date.now();
  return host.context(clone).stores.open(LOCAL);
}

const directory = () => join(clone, '.git', 'coord', 'queue');
const queue = (now = effects.now) => new RequestQueue(directory(), join(clone, '.git', 'coord'), { ...effects, now });
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
async function askWhileLocked(request: Request): Promise<{ answer: ReturnType<typeof transact> }> {
  await withSomebodyWaiting();
  const release = await tryLocalLock(join(clone, '.git', 'coord'));
  onTestFinished(() => release?.());
  const answer = transact(await open(), request, effects);
  await until(async () => left().some((ticket) => ticket.endsWith(request.operation)), 'a place in the queue');
  return { answer };
}

describe('requests that wait together', () => {
  it('are decided in their order, in one commit, each with its own answer', async () => {
    forgotten(claimOf('noor', 'src/a.ts'));
    const [maya, wim, own] = await Promise.all([
      transact(await open(), claimOf('maya', 'src/b.ts'), effects),
      transact(await open(), claimOf('wim', 'src/b.ts'), effects),
      transact(await open(), note('ana', null), effects),
    ]);
    // Of two that come in the same millisecond, either may be the first.
    expect([[maya.ok, wim.ok].sort(), own.ok]).toEqual([[false, true], true]);
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
    mkdirSync(join(directory(), 'stranger'), { recursive: true });
    for (const [folder, file, text] of [
      ['garbage', 'request', 'not JSON'],
      ['of-another-format', 'request', '{"format":99,"request":{"kind":"claim"}}'],
      ['no-request', 'request', '{"format":1,"request":{"__proto__":{"kind":"claim"}}}'],
      ['stranger', 'name', '{}'],
    ] as const) {
      mkdirSync(join(directory(), folder), { recursive: true });
      writeFileSync(join(directory(), folder, file), text);
    }
    writeFileSync(join(directory(), 'a-file'), '');
    expect((await transact(await open(), claimOf('maya', 'src/b.ts'), effects)).ok).toBe(true);
    expect(left().sort()).toEqual(['a-file', 'stranger']);
  });
});

describe('a request that is cleared away', () => {
  it('may be written to by another process at that very moment', async () => {
    const ticket = forgotten(claimOf('maya', 'src/b.ts'));
    const folder = join(directory(), ticket);
    const script = `const { writeFileSync } = require('node:fs');
      const { workerData: folder, parentPort } = require('node:worker_threads');
      const write = (name) => { try { writeFileSync(folder + '/' + name, ''); } catch {} };
      parentPort.postMessage('begun');
      for (let name = 0; ; name += 1) write(name % 50);`;
    const writer = new Worker(script, { eval: true, workerData: folder });
    onTestFinished(async () => void (await writer.terminate()));
    await new Promise((resolve) => writer.once('message', resolve));
    for (let times = 0; times < 500; times += 1) {
      mkdirSync(folder, { recursive: true });
      queue().clear(ticket);
    }
    await writer.terminate();
    queue().clear(ticket);
    expect(left()).toEqual([]);
  });
});

describe('a combiner that died', () => {
  /** Takes what waits and decides it, as far as it got before it was killed. */
  async function dying(reached: 'took' | 'announced' | 'wrote'): Promise<void> {
    const store = await open();
    const taken = queue().take('dead', 10);
    if (reached === 'took') return;
    const requests = taken.map(({ request }) => request);
    const decided = await settle(store, requests, effects);
    const announce = (revision: string) => {
      for (const [index, { ticket }] of taken.entries()) {
        const { result, summary } = decided.decisions[index] as never;
        const answer = { ok: true, result, summary } as never;
        queue().announce(ticket, 'dead', { revision, base: decided.from.revision, answer });
      }
    };
    if (reached === 'wrote') await write(store, requests, decided, effects.now(), announce);
    else announce('0'.repeat(40));
  }

  it.each(['took', 'announced', 'wrote'] as const)(
    'after it %s: each request is done once, and answered',
    async (reached) => {
      const { answer } = await askWhileLocked(claimOf('maya', 'src/b.ts'));
      await dying(reached);
      // Time passes, however often what is waited for changes.
      const passing = setInterval(() => {
        later += 6_000;
      }, 20);
      onTestFinished(() => clearInterval(passing));

      expect(await answer).toMatchObject({ ok: true, result: { claims: [{ agent: 'maya', target: 'src/b.ts' }] } });
      expect(grants('maya')).toHaveLength(1);
      expect(replayHistory(box, clone).problems).toEqual([]);
    },
  );
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
