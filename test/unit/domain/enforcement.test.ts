import { expect, it } from 'vitest';
import { brokenLayers, enforcementOf, type LayerId } from '../../../src/domain/doctor/checkup.js';

const ALL: readonly LayerId[] = ['claims', 'harness', 'hooks', 'ci'];
const given = (live: readonly LayerId[], surface = true) =>
  enforcementOf(
    ALL.map((layer) => ({ layer, live: live.includes(layer), why: layer })),
    surface,
  );

it.each([
  [['claims'], 'advisory'],
  [['claims', 'hooks'], 'advisory'],
  [['claims', 'harness', 'ci'], 'advisory'],
  [['claims', 'hooks', 'harness'], 'guarded'],
  [['claims', 'hooks', 'ci'], 'guarded'],
  [ALL, 'guarded'],
] as const)('with %j it is %s', (live, level) => {
  const { level: is, missing, why } = given(live);
  expect(is).toBe(level);
  expect(missing).toEqual(ALL.filter((layer) => !(live as readonly LayerId[]).includes(layer)));
  expect(why).toMatch(/^[a-z]/);
});

it('says something else of each set-up that is not the same, and guards nothing without a surface', () => {
  const words = [[], ['ci'], ['hooks'], ['hooks', 'harness'], ['hooks', 'ci']].map(
    (live) => given(live as LayerId[]).why,
  );
  expect(new Set(words).size).toBe(words.length);
  expect(given(ALL, false).level).toBe('advisory');
});

it('a layer is broken when it is said to be live, and lets through what is its to stop', () => {
  const attempt = { id: 'commit', what: 'git commit', by: null, why: '' } as const;
  const attempts = [
    { ...attempt, layer: 'hooks', outcome: 'not-stopped' },
    { ...attempt, layer: 'harness', outcome: 'not-tried' },
    { ...attempt, layer: null, outcome: 'not-stopped' },
    { ...attempt, layer: 'ci', outcome: 'found' },
  ] as const;
  const proof = { path: 'a', holder: 'x', intruder: 'y', attempts };
  expect(brokenLayers(proof, ALL)).toEqual(['hooks']);
  expect(brokenLayers(proof, ['claims', 'harness', 'ci'])).toEqual([]);
});
