import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { connect, createServer, type Socket } from 'node:net';
import { beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { PushMutex } from '../../../src/store/swap/push-mutex.js';
import { type Sandbox, sandbox } from '../../support/sandbox.js';
import { socketFree } from './rig.js';

let box: Sandbox;
const pauses: number[] = [];
const pause = async (ms: number) => void pauses.push(ms);
const address = () => box.path('turn.sock');
const turns = (effects = pause) => {
  const own = new PushMutex(effects);
  return { take: () => own.take(address()), release: () => own.release() };
};

/** Only the timers of turns stand still; sockets go on. */
beforeEach(() => {
  box = sandbox();
  pauses.length = 0;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
});

/** Resolves when so many of those who wait have been heard by the one who has the turn. */
function heard(count: number): Promise<void> {
  return new Promise((resolve) => {
    let left = count;
    const onSocket = (message: unknown) => {
      (message as { readonly socket: Socket }).socket.on('data', () => {
        left -= 1;
        if (left === 0) resolve();
      });
    };
    subscribe('net.server.socket', onSocket);
    onTestFinished(() => void unsubscribe('net.server.socket', onSocket));
  });
}

/** Waits as somebody who has waited for so many turns; resolves to what it is told when the turn is over. */
function waiting(turnsBefore: string): Promise<string> {
  return new Promise((resolve) => {
    let told = '';
    const socket = connect(address(), () => socket.write(turnsBefore));
    socket.on('data', (chunk) => {
      told += String(chunk);
    });
    socket.on('close', () => resolve(told));
  });
}

/** Has the turn, and does with each who comes what it is told to. */
async function holder(meet: (said: string, socket: Socket, count: number) => void): Promise<() => void> {
  let count = 0;
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.once('data', (said) => {
      count += 1;
      meet(String(said), socket, count);
    });
  });
  await new Promise<void>((resolve) => server.listen(address(), resolve));
  const close = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(close);
  return close;
}

it('who has waited for the most turns comes first, whoever came first', async () => {
  const first = turns();
  expect(await first.take()).toBe(true);
  const all = heard(3);
  const told = Promise.all(['1', '0', '12'].map(waiting));
  await all;
  first.release();
  expect(await told).toEqual(['1', '2', '0']);
});

it('who waits says for how many turns it has, and comes back after those who go before it', async () => {
  const said: string[] = [];
  const answers = ['3', '0', 'nonsense', '999999'];
  const close = await holder((words, socket, count) => {
    said.push(words);
    const answer = answers[count - 1];
    if (answer === undefined) close();
    else socket.end(answer);
  });
  const own = turns();
  expect(await own.take()).toBe(true);
  own.release();
  expect(said).toEqual(['0', '1', '2', '3', '4']);
  // Who goes first comes back at once, and nobody waits for more than twenty others; what was cut off says nothing.
  expect(pauses).toEqual([30, 200, 10]);
});

it('a turn ends after two seconds, though its holder does not let go', async () => {
  const [first, second] = [turns(), turns()];
  expect(await first.take()).toBe(true);
  const one = heard(1);
  const waits = second.take();
  await one;
  vi.advanceTimersByTime(1_999);
  expect(await socketFree(address())).toBe(false);
  vi.advanceTimersByTime(1);
  expect(await waits).toBe(true);
  // It has no turn any more to let go of.
  first.release();
  expect(await socketFree(address())).toBe(false);
  second.release();
});

it('who let go before the two seconds were over has the whole of its next turn', async () => {
  const own = turns();
  await own.take();
  vi.advanceTimersByTime(1_500);
  own.release();
  expect(await own.take()).toBe(true);
  vi.advanceTimersByTime(1_500);
  expect(await socketFree(address())).toBe(false);
  own.release();
});

it('who has waited for five seconds goes on without, and waits no more', async () => {
  let met = 0;
  let meet: (socket: Socket) => void = () => undefined;
  const first = new Promise<Socket>((resolve) => {
    meet = resolve;
  });
  await holder((_, socket) => {
    met += 1;
    meet(socket);
  });
  const own = turns();
  const waits = own.take();
  const socket = await first;
  // Whatever is said to it meanwhile.
  socket.write('1');
  vi.advanceTimersByTime(4_999);
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(1);
  expect(await waits).toBe(false);
  expect(await own.take()).toBe(false);
  expect(met).toBe(1);
});

it('who waits for turn after turn of others goes on without after five seconds in all', async () => {
  let met = 0;
  await holder((_, socket) => {
    met += 1;
    socket.end('1');
  });
  const own = turns(async () => void vi.advanceTimersByTime(1_000));
  expect(await own.take()).toBe(false);
  expect(met).toBe(5);
});
