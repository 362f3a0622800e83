import { expect, it } from 'vitest';
import { adviceText, metricsLines, openMetrics } from '../../src/commands/events/metrics.js';
import type { CoordEvent, EventType } from '../../src/domain/events.js';
import { metricsOf } from '../../src/domain/metrics/metrics.js';
import { asTyped } from '../../src/domain/suggestion.js';
import { loadStyle } from '../../src/render/style.js';
import { openMetricsProblems } from '../support/openmetrics.js';
import { HOSTILE_TEXTS } from '../support/records.js';
import { at } from '../support/requests.js';

function event(type: EventType, seconds: number, facts: Record<string, unknown>): CoordEvent {
  return { id: `${type}${seconds}`, type, at: at(seconds), agent: 'maya', session: null, ...facts };
}

function metricsWith(target: string) {
  const events = [
    event('claim.granted', 0, { claim: 'c1', target }),
    event('claim.refused', 1, { code: 'held', reason: 'held', targets: [target], heldBy: ['c1'] }),
    event('wait.started', 2, { waiter: 'w1', targets: [target], heldBy: ['c1'] }),
    event('wait.ended', 5, { waiter: 'w1', outcome: 'granted', waitedSeconds: 3 }),
    event('claim.released', 9, { claim: 'c1' }),
  ];
  return metricsOf(events, () => true, at(10));
}

it('is valid OpenMetrics, also of nothing', () => {
  expect(openMetricsProblems(openMetrics(metricsWith('src/api/**')))).toEqual([]);
  expect(openMetricsProblems(openMetrics(metricsOf([], () => true, at(0))))).toEqual([]);
});

it('is checked by what finds mistakes', () => {
  expect(openMetricsProblems('# TYPE a counter\na 1\n# EOF\n')).toHaveLength(1);
  expect(openMetricsProblems('# TYPE a counter\na_total{b="x"y"} 1\n# EOF\n')).toHaveLength(1);
  expect(openMetricsProblems('# TYPE a counter\na_total 1\na_total 2\n')).toHaveLength(2);
});

it('has the figures', () => {
  const lines = openMetrics(metricsWith('src/api/**')).split('\n');
  expect(lines).toEqual(
    expect.arrayContaining([
      'coord_grants_total 1',
      'coord_refusals_total{reason="held"} 1',
      'coord_waits_ended_total{outcome="granted"} 1',
      'coord_wait_seconds{quantile="0.95"} 3',
      'coord_hold_seconds_sum 9',
      'coord_hold_longest_seconds 9',
      'coord_target_refusals_total{target="src/api/**"} 1',
      'coord_target_waited_seconds_total{target="src/api/**"} 3',
    ]),
  );
});

it.each(HOSTILE_TEXTS)('a target %j stays in its label', (target) => {
  const text = openMetrics(metricsWith(target));
  expect(openMetricsProblems(text)).toEqual([]);
  const label = /coord_target_refusals_total\{target="((?:[^"\\]|\\.)*)"\}/s.exec(text)?.[1] ?? '';
  const unescaped = label.replace(/\\(.)/gs, (_, character: string) => (character === 'n' ? '\n' : character));
  expect(unescaped).toBe(target);
});

it.each(HOSTILE_TEXTS)('a target %j is told in words without harm', async (target) => {
  const style = await loadStyle(false);
  const said = metricsLines(metricsWith(target), at(10), style).join('\n');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there.
  expect(said).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e\u2028]/);
});

it('every advice is a sentence that says what to do', () => {
  expect(adviceText('src/**', { kind: 'narrow', wanted: ['src/a', 'src/b'], more: 0 })).toBe(
    'claim less of it: others wanted only src/a, src/b',
  );
  expect(adviceText('src/**', { kind: 'narrow', wanted: ['src/a'], more: 2 })).toMatch(/only src\/a and 2 more$/);
  expect(adviceText('a', { kind: 'release', expiries: 1 })).toContain('left to expire once');
  expect(adviceText('a', { kind: 'shorten', p95: 7_200 })).toContain('one claim in twenty is held 2h or longer');
  const queue = adviceText('src/a b', { kind: 'queue', refusals: 4 });
  expect(asTyped(queue, { atRoot: true, agent: undefined })).toContain("coord claim 'src/a b' --wait");
  expect(adviceText('a', { kind: 'split', agents: 3 })).toContain('3 agents were stopped here: split');
  expect(adviceText('a', { kind: 'none' })).toContain('only one agent');
});
