import { closeSync, openSync, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { expect, it, onTestFinished } from 'vitest';
import { inputFrom } from '../../src/workspace/host.js';
import { sandbox } from '../support/sandbox.js';

function stream(text: string): NodeJS.ReadStream {
  return Readable.from(text === '' ? [] : [Buffer.from(text)]) as unknown as NodeJS.ReadStream;
}

const never = (): NodeJS.ReadStream => {
  throw new Error('not needed');
};

function open(text: string): number {
  const path = sandbox().path('input');
  writeFileSync(path, text);
  const descriptor = openSync(path, 'r');
  onTestFinished(() => closeSync(descriptor));
  return descriptor;
}

it('a file is read to its end, without a stream', async () => {
  const text = 'é'.repeat(100_000);
  expect((await inputFrom(open(text), never, 1_000_000))?.toString()).toBe(text);
  expect(await inputFrom(open(''), never, 0)).toEqual(Buffer.alloc(0));
});

it('what is longer than asked for is not read', async () => {
  expect(await inputFrom(open('12345'), never, 5)).toEqual(Buffer.from('12345'));
  expect(await inputFrom(open('123456'), never, 5)).toBeNull();
  expect(await inputFrom(openSync('/dev/null', 'r'), () => stream('123456'), 5)).toBeNull();
});

it('what is not a file, pipe or socket is left to Node', async () => {
  expect(await inputFrom(openSync('/dev/null', 'r'), () => stream('hello'), 10)).toEqual(Buffer.from('hello'));
  expect(await inputFrom(9_999, () => stream(''), 10)).toEqual(Buffer.alloc(0));
});

it('at a terminal there is nothing to read', async () => {
  const terminal = Object.assign(stream('typed'), { isTTY: true as const });
  expect(await inputFrom(openSync('/dev/null', 'r'), () => terminal, 10)).toEqual(Buffer.alloc(0));
});
