import { spawn } from 'node:child_process';
import { type AddressInfo, connect, createServer } from 'node:net';
import { expect, it } from 'vitest';
import { PushMutex, pushMutexAt } from '../../../src/store/swap/push-mutex.js';
import { coordInProcess } from '../../support/in-process.js';
import { type Sandbox, sandbox } from '../../support/sandbox.js';
import { watchedGit } from '../../support/servers.js';

const atOnce = () => Promise.resolve();
const socketIn = (box: Sandbox) => box.path('turn.sock');
/** Turns at a socket of this test alone. */
function turnsIn(box: Sandbox) {
  const turns = new PushMutex(atOnce);
  return { take: () => turns.take(socketIn(box)), release: () => turns.release() };
}

it('who asks while another has the turn gets it when that one lets go', async () => {
  const box = sandbox();
  const [first, second] = [turnsIn(box), turnsIn(box)];
  expect(await first.take()).toBe(true);
  const order: string[] = [];
  const waiting = second.take().then((mine) => order.push(`second ${mine}`));
  await new Promise((resolve) => connect(socketIn(box)).on('connect', resolve));
  order.push('first lets go');
  first.release();
  await waiting;
  expect(order).toEqual(['first lets go', 'second true']);
  second.release();
});

it('all who wait get it, one at a time', async () => {
  const box = sandbox();
  let having = 0;
  let done = 0;
  const work = async () => {
    const turns = turnsIn(box);
    expect(await turns.take()).toBe(true);
    having += 1;
    expect(having).toBe(1);
    await new Promise((resolve) => setImmediate(resolve));
    having -= 1;
    turns.release();
    done += 1;
  };
  await Promise.all(Array.from({ length: 8 }, work));
  expect(done).toBe(8);
});

it.runIf(process.platform === 'linux')('a turn ends with the process that has it', async () => {
  const address = pushMutexAt(sandbox().directory);
  const script = `require('node:net').createServer().listen('\\0' + process.argv[1], () => console.log('mine'))`;
  const holder = spawn(process.execPath, ['--eval', script, address.slice(1)], { stdio: ['ignore', 'pipe', 'ignore'] });
  await new Promise((resolve) => holder.stdout.once('data', resolve));
  const turns = new PushMutex(atOnce);
  const waiting = turns.take(address);
  const seen = connect(address).on('error', () => undefined);
  await new Promise((resolve) => seen.on('connect', resolve));
  holder.kill('SIGKILL');
  expect(await waiting).toBe(true);
  turns.release();
});

it('who has the turn has it when it asks again, and may let go twice', async () => {
  const box = sandbox();
  const turns = turnsIn(box);
  expect([await turns.take(), await turns.take()]).toEqual([true, true]);
  turns.release();
  turns.release();
  expect(await turns.take()).toBe(true);
  turns.release();
});

it('where there are no such sockets there are no turns, and that is found out once', async () => {
  const box = sandbox();
  const turns = new PushMutex(atOnce);
  expect(await turns.take(box.path('no/such/folder/turn.sock'))).toBe(false);
  expect(await turns.take(socketIn(box))).toBe(false);
});

/** How a clone may be told where the remote is; coord goes by where git says that it pushed. */
const ADDRESSES: readonly (readonly [how: string, settings: (remote: string) => Record<string, string>])[] = [
  ['its path', () => ({})],
  ['insteadOf', (remote) => ({ 'remote.origin.url': 'hub:x', [`url.${remote}.insteadOf`]: 'hub:x' })],
  [
    'pushInsteadOf',
    (remote) => ({ 'remote.origin.url': `file://${remote}`, [`url.${remote}.pushInsteadOf`]: `file://${remote}` }),
  ],
  ['pushUrl', (remote) => ({ 'remote.origin.url': `file://${remote}`, 'remote.origin.pushUrl': remote })],
];

it.runIf(process.platform === 'linux').each(ADDRESSES)(
  'who has lost a race asks the remote when its turn has come, not before: known by %s',
  async (known, settings) => {
    const box = sandbox();
    const remote = box.bareRemote();
    const [one, two] = [box.clone(remote), box.clone(remote)];
    for (const [name, value] of Object.entries(settings(remote))) box.git(two, 'config', name, value);
    const watched = watchedGit(box);
    const as = (agent: string, clone: string, args: readonly string[]) =>
      coordInProcess(box, clone, args, { env: { ...watched.env, COORD_AGENT: agent } });
    for (const clone of [one, two]) await as('maya', clone, ['init']);
    await as('maya', one, ['claim', 'a']);
    const before = watched.network().length;
    const seen: string[][] = [];
    const holder = createServer((socket) => {
      seen.push(watched.network().slice(before));
      holder.close();
      socket.end('0');
    });
    await new Promise<void>((resolve) => holder.listen(pushMutexAt(remote), resolve));
    expect(holder.address() as AddressInfo | string).toContain('coord-');
    expect((await as('noor', two, ['claim', 'b'])).code).toBe(0);
    // Where it is pushed to another address, git is asked whether that is the same repository, which counts as no push.
    const asks = known.startsWith('push');
    expect(seen).toEqual([asks ? ['push', 'push'] : ['push']]);
    const network = watched.network().slice(before);
    expect(network).toEqual(asks ? ['push', 'push', 'fetch', 'push', 'push'] : ['push', 'fetch', 'push']);
    expect(box.read('git-calls').includes('get-url')).toBe(asks);
    // It has let go: the next one listens at once.
    const next = new PushMutex(atOnce);
    expect(await next.take(pushMutexAt(remote))).toBe(true);
    next.release();
  },
);
