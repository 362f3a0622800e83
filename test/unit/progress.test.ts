import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { withProgress } from '../../src/workspace/host.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function terminal(isTTY: boolean) {
  const written: string[] = [];
  return { written, stderr: { isTTY, write: (text: string) => void written.push(text) } };
}

/** What is written when the work takes so many milliseconds, and then ends or fails. */
async function writtenBy(isTTY: boolean, ms: number, fails = false): Promise<string[]> {
  const { written, stderr } = terminal(isTTY);
  const work = () =>
    new Promise<string>((resolve, reject) => {
      setTimeout(() => (fails ? reject(new Error('no')) : resolve('done')), ms);
    });
  const result = withProgress({ stderr }, 'asking origin', work).catch(({ message }: Error) => message);
  await vi.advanceTimersByTimeAsync(ms);
  expect(await result).toBe(fails ? 'no' : 'done');
  await vi.advanceTimersByTimeAsync(5_000);
  return written;
}

it('what takes more than a second is told on a terminal, and wiped away', async () => {
  const told = ['\r\u001b[Kasking origin …', '\r\u001b[K'];
  expect(await writtenBy(true, 1_500)).toEqual(told);
  expect(await writtenBy(true, 1_500, true)).toEqual(told);
  expect(await writtenBy(true, 900)).toEqual([]);
});

it('nothing is told where nobody looks', async () => {
  expect(await writtenBy(false, 1_500)).toEqual([]);
});
