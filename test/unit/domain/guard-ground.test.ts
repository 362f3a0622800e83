import { expect, it } from 'vitest';
import { patternTarget } from '../../../src/domain/ground/patterns.js';
import type { Target } from '../../../src/domain/ground/targets.js';
import { type GuardedChanger, judgeGround, touchesSurface } from '../../../src/domain/guard/judge.js';
import { agentRecord, claimRecord, stateOf } from '../../support/records.js';
import { at, POLICY } from '../../support/requests.js';

const policy = { ...POLICY, surface: [patternTarget('src/**')], scratch: [patternTarget('scratch/maya/**')] };
const maya: GuardedChanger = { agent: 'maya', session: 's1', policy };
const claims = [
  claimRecord(1, { target: 'src/api/**', kind: 'directory', session: 's1' }),
  claimRecord(2, { target: 'docs/guide.md', agent: 'noor' }),
  claimRecord(3, { target: 'src/read/**', kind: 'directory', mode: 'shared', session: 's1' }),
  claimRecord(4, { target: 'src/other/**', kind: 'directory', session: 's2' }),
  claimRecord(5, { target: 'notes/**', kind: 'directory', agent: 'noor', mode: 'shared' }),
];

/** `ok`, or why not. Text that ends in a slash is a directory, with wildcards a pattern. */
function said(ground: readonly string[], state = stateOf({ claims }), seconds = 0): unknown {
  const targets = ground.map(
    (text): Target => (/[*/]$/.test(text) ? patternTarget(text.replace(/\/$/, '/**')) : { kind: 'path', text }),
  );
  const verdict = judgeGround(state, maya, targets, at(seconds));
  if (verdict.ok) return 'ok';
  const { refusal } = verdict;
  if (refusal.reason === 'unclaimed') return refusal.paths.map(({ path, why }) => `${path} ${why}`);
  return refusal.reason === 'role' ? `role ${refusal.targets.join(' ')}` : refusal.reason;
}

it.each<[string[], unknown]>([
  [['src/api/'], 'ok'],
  [['src/api/v1/', 'src/api/*', 'src/api/a.ts'], 'ok'],
  [['src/'], ['src/** not-held']],
  [['src/*'], ['src/* not-held']],
  [['s*'], ['s* not-held']],
  [['*.md/**'], 'ok'],
  [['s*/**'], ['s*/** not-held']],
  [['build/'], 'ok'],
  [['docs/'], ['docs/** held-by-other']],
  [['docs/*.md/**', 'build/'], ['docs/*.md/** held-by-other']],
  [['notes/'], 'ok'],
  [['src/read/'], ['src/read/** shared']],
  [['src/other/'], ['src/other/** other-session']],
  [
    ['src/new.ts', 'docs/'],
    ['src/new.ts not-held', 'docs/** held-by-other'],
  ],
  [[], 'ok'],
])('%j: %j', (ground, answer) => {
  expect(said(ground)).toEqual(answer);
});

it('a claim that is over covers nothing', () => {
  expect(said(['src/api/'], stateOf({ claims }), 1801)).toEqual(['src/api/** not-held']);
  expect(said(['docs/'], stateOf({ claims }), 1801)).toBe('ok');
});

it('a worker may change areas of its scratch, and no others', () => {
  const state = stateOf({ claims, agents: [agentRecord('maya', { role: 'worker' })] });
  expect(said(['scratch/maya/x/'], state)).toBe('ok');
  expect(said(['scratch/'], state)).toBe('role scratch/**');
  expect(said(['README.md', 'build/'], state)).toBe('role README.md build/**');
  expect(said(['README.md', 'scratch/maya/'], state)).toBe('role README.md');
});

it('a stopped agent changes no area', () => {
  const killed = { by: 'boss', at: at(0), reason: 'loops' };
  expect(said(['build/'], stateOf({ claims, agents: [agentRecord('maya', { killed })] }))).toBe('killed');
});

it('an area touches the surface where a path could be in both', () => {
  const touches = (text: string) => touchesSurface(policy, patternTarget(text));
  expect(['src/**', '**', 's*/a.ts', 'src/a.ts'].map(touches)).toEqual([true, true, true, true]);
  expect(['docs/**', 'srcs/**', '*.ts'].map(touches)).toEqual([false, false, false]);
});
