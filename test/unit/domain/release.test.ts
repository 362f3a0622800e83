import { describe, expect, it } from 'vitest';
import { recordReleases } from '../../../src/domain/claims/release.js';
import { decide } from '../../../src/domain/decide.js';
import { directoryTarget } from '../../../src/domain/ground/targets.js';
import { EMPTY_STATE } from '../../../src/domain/model.js';
import { at, claimOf, granted, path, refused, releaseOf, START } from '../../support/decisions.js';
import { releaseRecord } from '../../support/records.js';

const BASE = 'a'.repeat(40);
const WORK = 'b'.repeat(40);

const held = granted(EMPTY_STATE, claimOf('maya', ['src/**', 'README.md'], { head: BASE })).state;

describe('release', () => {
  it('gives the claim back and records the commit that the next holder must have', () => {
    const { state, result, events, summary } = granted(
      held,
      releaseOf('maya', { targets: [directoryTarget('src')], commit: WORK }),
      at(60),
    );
    expect(state.claims.map(({ target }) => target)).toEqual(['README.md']);
    expect(state.releases).toMatchObject([
      {
        target: 'src/**',
        kind: 'directory',
        agent: 'maya',
        token: 1,
        at: at(60),
        commit: WORK,
        base: BASE,
        changes: null,
      },
    ]);
    expect(result).toMatchObject({ released: [{ target: 'src/**', token: 1 }], commit: WORK });
    expect(events).toMatchObject([{ type: 'claim.released', target: 'src/**', token: 1, commit: WORK }]);
    expect(summary).toBe('release src/** by maya at bbbbbbb');
  });

  it('of all takes this agent’s claims only', () => {
    const two = granted(held, claimOf('noor', 'docs/**')).state;
    const { state, result } = granted(two, releaseOf('maya', { commit: WORK }));
    expect(state.claims.map(({ agent }) => agent)).toEqual(['noor']);
    expect(result.released).toHaveLength(2);
  });

  it('binds nobody when HEAD did not move, when it was only read, or where there is no commit', () => {
    expect(granted(held, releaseOf('maya', { commit: BASE })).state.releases).toEqual([]);
    expect(granted(held, releaseOf('maya', { commit: null })).state.releases).toEqual([]);
    const shared = granted(EMPTY_STATE, claimOf('maya', 'docs/**', { mode: 'shared', head: BASE })).state;
    expect(granted(shared, releaseOf('maya', { commit: WORK })).state.releases).toEqual([]);
  });

  it('binds when a commit was named, whatever it is', () => {
    const { releases } = granted(held, releaseOf('maya', { commit: BASE, commitNamed: true })).state;
    expect(releases.map(({ target, commit }) => [target, commit])).toEqual([
      ['src/**', BASE],
      ['README.md', BASE],
    ]);
  });

  it('records uncommitted changes when it was asked to', () => {
    expect(granted(held, releaseOf('maya', { uncommitted: true })).events[0]).toMatchObject({ uncommitted: true });
    expect(granted(held, releaseOf('maya')).events[0]).not.toHaveProperty('uncommitted');
  });

  it('keeps the last release of each target only', () => {
    let state = held;
    for (const commit of [WORK, 'c'.repeat(40)]) {
      state = granted(state, releaseOf('maya', { commit })).state;
      state = granted(state, claimOf('maya', ['src/**', 'README.md'], { head: commit })).state;
    }
    expect(state.releases.map(({ commit }) => commit[0])).toEqual(['c', 'c']);
    expect(state.releases.map(({ target }) => target)).toEqual(['src/**', 'README.md']);
  });

  it('binds each claim to what changed on its ground, a path that a rename took away under its new name', () => {
    const changes = [
      { base: BASE, path: 'src/a.ts', from: null, blob: 'd'.repeat(40) },
      { base: BASE, path: 'lib/b.ts', from: 'src/b.ts', blob: 'e'.repeat(40) },
      { base: 'f'.repeat(40), path: 'README.md', from: null, blob: null },
    ];
    const { state } = granted(held, releaseOf('maya', { commit: WORK, changes }));
    expect(state.releases).toMatchObject([
      { target: 'src/**', commit: WORK, base: BASE, changes: [{ path: 'src/a.ts' }, { path: 'lib/b.ts' }] },
    ]);
    const behind = (target: string) => decide(state, claimOf('noor', target, { head: BASE }), START).ok;
    expect(['src/a.ts', 'src/**', 'lib/b.ts', 'src/c.ts', 'README.md'].map(behind)).toEqual([
      ...[false, false, false, true, true],
    ]);
  });

  it('binds all of the ground where a commit was named that changed nothing there, and where it is not known', () => {
    const named = granted(held, releaseOf('maya', { commit: WORK, commitNamed: true, changes: [] })).state;
    expect(named.releases).toMatchObject([{ changes: null }, { changes: null }]);
    expect(granted(held, releaseOf('maya', { commit: WORK, changes: null })).state.releases).toHaveLength(2);
    expect(granted(held, releaseOf('maya', { commit: WORK, changes: [] })).state.releases).toEqual([]);
  });

  it('keeps of each path the last release that changed it', () => {
    const of = (target: string, commit: string, ...paths: string[]) =>
      releaseRecord(target, { commit, changes: paths.map((path) => ({ path, blob: null })) });
    const first = recordReleases([], [of('src/**', WORK, 'src/a', 'src/b')], false);
    const second = recordReleases(first, [of('src/a', BASE, 'src/a')], false);
    expect(second.map(({ target, changes }) => [target, changes?.map(({ path }) => path)])).toEqual([
      ['src/**', ['src/b']],
      ['src/a', ['src/a']],
    ]);
    expect(recordReleases(second, [of('src/b', BASE, 'src/b')], false).map(({ target }) => target)).toEqual([
      ...['src/a', 'src/b'],
    ]);
  });

  it('leaves word of uncommitted changes that binds nobody', () => {
    const { state } = granted(held, releaseOf('maya', { commit: BASE, changes: [], uncommitted: true }));
    expect(state.releases).toMatchObject([{ changes: [], uncommitted: true }, { uncommitted: true }]);
    expect(decide(state, claimOf('noor', 'src/a.ts', { head: 'f'.repeat(40) }), START).ok).toBe(true);
  });

  it('forgets the oldest releases beyond five hundred', () => {
    const of = (target: string) => releaseRecord(target, { commit: WORK });
    const many = Array.from({ length: 500 }, (_, index) => of(`f${index}`));
    const kept = recordReleases(many, [of('new')], false);
    expect(kept).toHaveLength(500);
    expect([kept[0]?.target, kept.at(-1)?.target]).toEqual(['f1', 'new']);
  });

  it('is refused as lost for what is not held, and nothing is released then', () => {
    const refusal = refused(held, releaseOf('maya', { targets: [path('README.md'), path('other')] }));
    expect(refusal).toMatchObject({ code: 'lost', targets: [{ target: 'other', why: 'not-held' }] });
    const theirs = granted(EMPTY_STATE, claimOf('noor', 'other')).state;
    expect(refused(theirs, releaseOf('maya', { targets: [path('other')] }))).toMatchObject({
      targets: [{ why: 'held-by-other', holder: { agent: 'noor' } }],
    });
  });

  it('is refused as lost once the claim has expired', () => {
    expect(refused(held, releaseOf('maya', { targets: [path('README.md')] }), at(1800))).toMatchObject({
      code: 'lost',
      targets: [{ why: 'expired' }],
    });
  });

  it('needs the very target, not a part of it or more', () => {
    for (const target of [path('src/a.ts'), directoryTarget('')]) {
      expect(refused(held, releaseOf('maya', { targets: [target] }))).toMatchObject({ code: 'lost' });
    }
  });

  it('knows a directory that is gone, and a path that became a directory', () => {
    expect(granted(held, releaseOf('maya', { targets: [path('src')] })).result.released).toHaveLength(1);
    expect(granted(held, releaseOf('maya', { targets: [directoryTarget('README.md')] })).result.released).toHaveLength(
      1,
    );
  });

  it('of nothing writes nothing', () => {
    const { state, result } = granted(EMPTY_STATE, releaseOf('maya', { commit: WORK }));
    expect(result.released).toEqual([]);
    expect(state).toBe(EMPTY_STATE);
  });
});
