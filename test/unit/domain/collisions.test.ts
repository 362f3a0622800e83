import { describe, expect, it } from 'vitest';
import { forecastOf, type MergeOutcome } from '../../../src/domain/sync/collisions.js';

const conflict = (...paths: readonly (string | readonly [string])[]): MergeOutcome => ({
  kind: 'conflict',
  paths: paths.map((path) =>
    typeof path === 'string' ? { path, submodule: false } : { path: path[0], submodule: true },
  ),
});
const CLEAN: MergeOutcome = { kind: 'clean' };
const forecast = (outcome: MergeOutcome, driven: readonly string[] = [], unread: readonly string[] = []) =>
  forecastOf(outcome, new Set(driven), unread);

describe('what two pieces of work come to', () => {
  it('is not known where it could not be tried, whatever else is', () => {
    expect(forecast({ kind: 'unknown', why: 'too old a git' }, ['a'], ['b'])).toEqual({
      ...{ verdict: 'unknown', paths: [], why: 'too old a git' },
    });
  });

  it('is clean text where git merges it, and read all of it by itself', () => {
    expect(forecast(CLEAN)).toEqual({ verdict: 'clean', paths: [], why: null });
  });

  it('is a conflict by the paths of which that is sure', () => {
    expect(forecast(conflict('b', 'a'))).toEqual({ verdict: 'conflict', paths: ['b', 'a'], why: null });
    expect(forecast(conflict('a', 'driven', ['sub']), ['driven'], ['large'])).toEqual({
      ...{ verdict: 'conflict', paths: ['a'], why: null },
    });
    expect(forecast(conflict())).toEqual({ verdict: 'conflict', paths: [], why: null });
  });

  it.each([
    [CLEAN, ['z', 'a'], [], ['a', 'z'], ['driver']],
    [CLEAN, [], ['large'], ['large'], ['too large']],
    [conflict('a'), ['a'], [], ['a'], ['driver']],
    [conflict(['sub']), [], [], ['sub'], ['submodule']],
    [conflict(['sub'], 'a'), ['a'], ['z', 'a'], ['a', 'sub', 'z'], ['driver', 'submodule', 'too large']],
  ] as const)('of %j with %j driven and %j unread nothing can be said', (outcome, driven, unread, paths, reasons) => {
    const found = forecast(outcome, driven, unread);
    expect(found).toMatchObject({ verdict: 'unknown', paths });
    const words = found.why?.split('; ') ?? [];
    expect(words).toHaveLength(reasons.length);
    for (const [index, reason] of reasons.entries()) expect(words[index]).toContain(reason);
  });
});
