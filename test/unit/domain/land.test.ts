import { describe, expect, it } from 'vitest';
import { groundToClaim, type LandRequest } from '../../../src/domain/claims/land.js';
import { patternTarget } from '../../../src/domain/ground/patterns.js';
import { EMPTY_STATE, type State } from '../../../src/domain/model.js';
import { at, baseOf, claimOf, granted, refused, stateAfter } from '../../support/decisions.js';

const FROM = 'a'.repeat(40);
const WORK = 'b'.repeat(40);

function landOf(agent: string, paths: readonly string[], changes: Partial<LandRequest> = {}): LandRequest {
  const where = { commit: WORK, from: FROM, branch: 'main', renames: [], tasks: null, open: {} };
  return { ...baseOf(agent), kind: 'land', paths, ...where, ...changes };
}

/** Why each path may not land. */
function reasons(state: State, request: LandRequest, seconds = 0): string[] {
  const refusal = refused(state, request, at(seconds));
  if (refusal.reason !== 'unclaimed') throw new Error(refusal.reason);
  return refusal.paths.map(({ path, why, holder }) => `${path} ${why}${holder ? ` ${holder.agent}` : ''}`);
}

const held = granted(EMPTY_STATE, claimOf('maya', ['src/**', '@db/prod', 'docs/**'], { head: FROM })).state;

describe('land', () => {
  it('releases the claims that the changes were made under, and no others', () => {
    const { state, result, events, summary } = granted(held, landOf('maya', ['src/a.ts', 'README.md']), at(60));
    expect(result.released.map(({ target }) => target)).toEqual(['src/**']);
    expect(state.claims.map(({ target }) => target)).toEqual(['@db/prod', 'docs/**']);
    expect(state.releases).toMatchObject([{ target: 'src/**', agent: 'maya', commit: WORK, at: at(60) }]);
    expect(events).toMatchObject([
      { type: 'claim.released', target: 'src/**', commit: WORK },
      { type: 'work.landed', commit: WORK, from: FROM, branch: 'main', paths: 2 },
    ]);
    expect(summary).toBe('land bbbbbbb on main by maya, releasing src/**');
  });

  it('binds the next holder also when HEAD did not move since the claim', () => {
    const late = granted(EMPTY_STATE, claimOf('maya', 'src/**', { head: WORK })).state;
    expect(granted(late, landOf('maya', ['src/a.ts'])).state.releases).toMatchObject([{ commit: WORK }]);
  });

  it('is on the record, and so a write, where there is nothing to release', () => {
    const { state, events, result } = granted(EMPTY_STATE, landOf('maya', ['README.md']));
    expect(result.released).toEqual([]);
    expect(state).not.toBe(EMPTY_STATE);
    expect(events).toMatchObject([{ type: 'work.landed' }]);
  });

  it('releases every claim that covers a changed path', () => {
    const both = stateAfter(EMPTY_STATE, [claimOf('maya', 'src/**'), claimOf('maya', 'src/api/**')]);
    const { result } = granted(both, landOf('maya', ['src/api/a.ts']));
    expect(result.released.map(({ target }) => target)).toEqual(['src/**', 'src/api/**']);
  });

  it('refuses surface paths that are not claimed, all of them named', () => {
    expect(reasons(EMPTY_STATE, landOf('maya', ['src/a.ts', 'README.md', 'src/b.ts']))).toEqual([
      'src/a.ts not-held',
      'src/b.ts not-held',
    ]);
  });

  it('refuses ground of others, off the surface too, unless they only read it', () => {
    const others = granted(EMPTY_STATE, claimOf('noor', ['src/**', 'docs/**'])).state;
    expect(reasons(others, landOf('maya', ['src/a.ts', 'docs/a.md']))).toEqual([
      'src/a.ts held-by-other noor',
      'docs/a.md held-by-other noor',
    ]);
    const readers = granted(EMPTY_STATE, claimOf('noor', 'docs/**', { mode: 'shared' })).state;
    expect(granted(readers, landOf('maya', ['docs/a.md'])).result.released).toEqual([]);
  });

  it('tells an expired claim, a shared one, another session’s, and a lost one apart', () => {
    const paths = ['src/a.ts'];
    expect(reasons(held, landOf('maya', paths), 1800)).toEqual(['src/a.ts expired']);
    const shared = granted(EMPTY_STATE, claimOf('maya', 'src/**', { mode: 'shared' })).state;
    expect(reasons(shared, landOf('maya', paths))).toEqual(['src/a.ts shared maya']);
    const session = granted(EMPTY_STATE, claimOf('maya', 'src/**', { session: 'one' })).state;
    expect(reasons(session, landOf('maya', paths, { session: 'two' }))).toEqual(['src/a.ts other-session maya']);
    expect(granted(session, landOf('maya', paths, { session: 'one' })).result.released).toHaveLength(1);
    const theft = { ...baseOf('noor'), kind: 'take-over' as const, claim: claimOf('noor', 'src/**') };
    const stolen = granted(held, { ...theft, claim: { ...theft.claim, reason: 'gone' } }).state;
    expect(reasons(stolen, landOf('maya', paths))).toEqual(['src/a.ts taken-over noor']);
  });

  it('a resource covers no path, whatever the path is called', () => {
    const surface = { ...baseOf('maya').policy, surface: [patternTarget('**')] };
    expect(reasons(held, landOf('maya', ['@db/prod'], { policy: surface }))).toEqual(['@db/prod not-held']);
  });

  it('refuses a worker, whatever it holds', () => {
    const start = { kind: 'session-start' as const, person: false, rules: null };
    const state = stateAfter(EMPTY_STATE, [
      { ...baseOf('rae'), ...start, role: 'worker' },
      { ...baseOf('owner'), ...start, role: 'orchestrator' },
    ]);
    expect(refused(state, landOf('rae', ['scratch/rae/a']))).toMatchObject({
      code: 'closed',
      reason: 'role',
      orchestrators: ['owner'],
    });
  });

  it('takes the obligation along with a path that left the ground by a rename', () => {
    const renames = [{ base: FROM, from: 'src/a.ts', to: 'lib/a.ts' }];
    const { releases } = granted(held, landOf('maya', ['src/a.ts', 'lib/a.ts'], { renames })).state;
    expect(releases.map(({ target }) => target)).toEqual(['src/**', 'lib/a.ts']);
  });
});

describe('groundToClaim', () => {
  const many = (folder: string, count: number) => [...Array(count).keys()].map((index) => `${folder}${index}.ts`);

  it('names few paths as they are, more by their folders, and many folders by the outermost', () => {
    expect(groundToClaim(['src/a.ts', 'b'])).toEqual(['src/a.ts', 'b']);
    expect(groundToClaim([...many('src/api/', 7), 'src/x.ts', 'README.md'])).toEqual(['src/', 'README.md']);
    expect(groundToClaim([...many('src/api/', 7), ...many('src/web/', 7)])).toEqual(['src/api/', 'src/web/']);
    const deep = [...Array(9).keys()].flatMap((index) => [`src/${index}/a.ts`]);
    expect(groundToClaim([...deep, 'AGENTS.md'])).toEqual(['src/', 'AGENTS.md']);
  });

  it('names the folder of a file whose name is not UTF-8, for no claim can name the file', () => {
    expect(groundToClaim(['src/a/b\uFFFD', 'src/a/c'])).toEqual(['src/a/']);
    expect(groundToClaim(['src/\uFFFD/c.ts', 'd'])).toEqual(['src/', 'd']);
    expect(groundToClaim(['\uFFFD'])).toEqual(['/']);
  });

  it('covers every path', () => {
    const paths = [...many('src/', 3), ...many('src/api/', 9), ...many('d/e/f/', 9), 'x', 'y/z'];
    const ground = groundToClaim(paths);
    expect(paths.filter((path) => !ground.some((one) => path === one || path.startsWith(one)))).toEqual([]);
  });
});
