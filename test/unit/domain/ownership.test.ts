import { describe, expect, it } from 'vitest';
import { names, ownClaims, sameSession } from '../../../src/domain/agents/ownership.js';
import { directoryTarget } from '../../../src/domain/ground/targets.js';
import { EMPTY_STATE } from '../../../src/domain/model.js';
import { at, claimOf, granted, POLICY, path } from '../../support/decisions.js';

const maya = { agent: 'maya', session: null, policy: POLICY };
const mine = granted(EMPTY_STATE, claimOf('maya', ['src/**', 'README.md'], { session: 's1' })).state;
const both = granted(mine, claimOf('noor', 'docs/a.md')).state;

function targetsOf(owned: ReturnType<typeof ownClaims>): string[] {
  return 'claims' in owned ? owned.claims.map(({ target }) => target) : ['refused'];
}

describe('own claims', () => {
  it('are those of the agent that still live; all of them when none is named', () => {
    expect(targetsOf(ownClaims(both, maya, null, at(0)))).toEqual(['src/**', 'README.md']);
    expect(targetsOf(ownClaims(both, maya, null, at(1800)))).toEqual([]);
    expect(targetsOf(ownClaims(both, { ...maya, session: 's2' }, null, at(0)))).toEqual([]);
  });

  it('are found by their very target, each once', () => {
    const twice = [path('README.md'), path('README.md')];
    expect(targetsOf(ownClaims(both, maya, twice, at(0)))).toEqual(['README.md']);
    expect(targetsOf(ownClaims(both, maya, [path('src/a.ts')], at(0)))).toEqual(['refused']);
  });

  it.each([
    ['README.md', maya, 1800, 'expired'],
    ['docs/a.md', maya, 0, 'held-by-other'],
    ['nothing', maya, 0, 'not-held'],
    ['README.md', { ...maya, session: 's2' }, 0, 'other-session'],
  ])('on %s say why they are lost', (text, owner, seconds, why) => {
    const owned = ownClaims(both, owner, [path(text)], at(seconds));
    expect(owned).toMatchObject({ refusal: { code: 'lost', targets: [{ target: text, why }] } });
  });

  it('say how they were lost: the last loss of the target counts', () => {
    const loss = { claim: 'c', target: 'gone', token: 1, at: at(0), session: null, by: 'noor', reason: 'stuck' };
    const agents = both.agents.map((agent) =>
      agent.id === 'maya'
        ? {
            ...agent,
            losses: [
              { ...loss, how: 'expired' as const },
              { ...loss, how: 'taken-over' as const },
            ],
          }
        : agent,
    );
    expect(ownClaims({ ...both, agents }, maya, [path('gone')], at(0))).toMatchObject({
      refusal: { targets: [{ why: 'taken-over', loss: { by: 'noor', reason: 'stuck' } }] },
    });
  });
});

describe('sessions', () => {
  it('differ only when both are known', () => {
    expect(sameSession({ session: 's1' }, { session: 's1' })).toBe(true);
    expect(sameSession({ session: 's1' }, { session: 's2' })).toBe(false);
    expect(sameSession({ session: null }, { session: 's2' })).toBe(true);
    expect(sameSession({ session: 's1' }, { session: null })).toBe(true);
  });
});

describe('the name of a claim', () => {
  it('is the same for a path and the directory that it was or became', () => {
    expect(names(path('src'), directoryTarget('src'), false)).toBe(true);
    expect(names(directoryTarget('src'), path('src'), false)).toBe(true);
    expect(names(path('src'), path('SRC'), false)).toBe(false);
    expect(names(path('src'), path('SRC'), true)).toBe(true);
  });

  it('is never that of a glob or a resource with the same text', () => {
    expect(names(path('@a/b'), { kind: 'resource', text: '@a/b' }, false)).toBe(false);
    expect(names(path('a/*'), { kind: 'glob', text: 'a/*' }, false)).toBe(false);
    expect(names({ kind: 'glob', text: 'src/**' }, directoryTarget('src'), false)).toBe(false);
    expect(names(directoryTarget(''), { kind: 'resource', text: '@a' }, false)).toBe(false);
    expect(names(directoryTarget('a'), { kind: 'glob', text: 'a/*' }, true)).toBe(false);
  });
});
