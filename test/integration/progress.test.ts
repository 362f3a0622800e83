import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { PATIENCE_MS } from '../../src/workspace/host.js';
import { type Fleet, localFleet, sharedFleet } from '../support/fleet.js';
import { coordInProcess } from '../support/in-process.js';

const { setTimeout: later } = globalThis;

// The second after which somebody at a terminal is told is over at once.
beforeEach(() => {
  vi.spyOn(globalThis, 'setTimeout').mockImplementation(((act: () => void, ms?: number, ...rest: []) => {
    if (ms !== PATIENCE_MS) return later(act, ms, ...rest);
    act();
    return later(() => undefined, 0);
  }) as typeof setTimeout);
});
afterEach(() => void vi.restoreAllMocks());

const WIPED = '\r\u001b[K';

/** What somebody who waits for a command reads meanwhile; all of it is wiped away at the end. */
async function told({ box, clone }: Fleet, words: readonly string[], person = true): Promise<string[]> {
  const env = { COORD_AGENT: 'maya' };
  const { code, stderr } = await coordInProcess(box, clone, words, { env, person });
  expect([words, code]).toEqual([words, 0]);
  const parts = stderr.split(WIPED);
  const lines = parts.filter((part) => part.endsWith(' …')).map((part) => part.slice(0, -2));
  if (lines.length > 0) expect(parts.findLastIndex((part) => part.endsWith(' …'))).toBeLessThan(parts.length - 1);
  return lines;
}

const SHARED: readonly (readonly [what: string, line: string, words: readonly string[]])[] = [
  ['a fetch', 'fetching from origin', ['status']],
  ['a fetch of the main branch', 'fetching from origin', ['sync-check']],
  ['a push', 'pushing to origin', ['claim', 'src/api']],
  ['an audit', 'reading the history of claims', ['audit', 'HEAD~0..HEAD']],
  ['an audit for programs', 'reading the history of claims', ['audit', 'HEAD~0..HEAD', '--sarif']],
  ['compaction', 'shortening the history of the state', ['doctor', '--compact', '--keep-history', '2']],
];

it.each(SHARED)('%s that takes more than a second says "%s …"', async (_, line, words) => {
  const fleet = await sharedFleet();
  await told(fleet, ['session', 'start', '--role', 'orchestrator'], false);
  expect(await told(fleet, words)).toContain(line);
  expect(await told(fleet, ['status'], false)).toEqual([]);
});

it.each([
  ['trying each layer in a copy', ['doctor', '--prove']],
  ['trying the merges', ['conflicts']],
])('a clone of its own says "%s …"', async (line, words) => {
  expect(await told(await localFleet(), words)).toContain(line);
});
