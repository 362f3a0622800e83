import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decide } from '../../../src/domain/decide.js';
import { overlaps } from '../../../src/domain/ground/index.js';
import { patternTarget } from '../../../src/domain/ground/patterns.js';
import { EMPTY_STATE, type Mode, type State } from '../../../src/domain/model.js';
import type { Request } from '../../../src/domain/request-table.js';
import { baseOf, releaseOf, renewOf, stateAfter } from '../../support/decisions.js';
import { PROPERTY_RUNS } from '../../support/properties.js';
import { at, claimOf } from '../../support/requests.js';

const AGENTS = ['boss', 'maya', 'noor'] as const;
const GROUND = ['src/**', 'src/api/**', 'src/api/users.ts', 'docs/**', '@db/main'] as const;
const OFTEN = ['claim', 'take-over', 'handoff', 'accept'] as const;
const SELDOM = ['decline', 'release', 'renew', 'kill', 'revive'] as const;

const step = fc.record({
  kind: fc.constantFrom(...OFTEN, ...OFTEN, ...OFTEN, ...SELDOM),
  agent: fc.constantFrom(...AGENTS),
  other: fc.constantFrom(...AGENTS),
  target: fc.constantFrom(...GROUND),
  mode: fc.constantFrom<Mode>('exclusive', 'shared'),
  wait: fc.constantFrom(0, 1, 600, 1800, 1830),
});

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function requestOf(state: State, { kind, agent, other, target, mode }: Step): Request {
  const base = baseOf(agent);
  const claim = claimOf(agent, target, { mode, reason: 'because' });
  const targets = state.claims.filter((held) => held.agent === agent).map((held) => patternTarget(held.target));
  switch (kind) {
    case 'claim':
      return claim;
    case 'take-over':
      return { ...base, operation: claim.operation, kind, claim };
    case 'handoff':
      return { ...base, kind, targets, to: other, commit: null, commitNamed: false, note: null };
    case 'accept':
      return {
        ...base,
        kind,
        targets: null,
        head: null,
        contains: {},
        allowBehind: false,
        reach: 'clone',
        rules: null,
      };
    case 'decline':
      return { ...base, kind, targets: null, reason: null };
    case 'release':
      return releaseOf(agent);
    case 'renew':
      return renewOf(agent);
    case 'kill':
      return { ...base, kind, victim: other, reason: 'because', person: false };
    case 'revive':
      return { ...base, kind, victim: other, person: false };
  }
}

function conflictsIn({ claims }: State): string[] {
  return claims.flatMap((a, index) =>
    claims.slice(index + 1).flatMap((b) => {
      const meet = overlaps({ kind: a.kind, text: a.target }, { kind: b.kind, text: b.target });
      const coexist = a.agent === b.agent || (a.mode === 'shared' && b.mode === 'shared') || !meet;
      return coexist ? [] : [`${a.agent} ${a.target} and ${b.agent} ${b.target}`];
    }),
  );
}

const ENDS = ['claim.released', 'claim.expired', 'claim.lost', 'claim.handed-off', 'claim.granted'];

it('whatever is taken, passed on or revoked: one holder, tokens that only grow, and a record of each end', () => {
  const begin = AGENTS.map((agent): Request => {
    const role = agent === 'boss' ? 'orchestrator' : 'peer';
    return { ...baseOf(agent), kind: 'session-start', role, person: false, rules: null };
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 30, maxLength: 50 }), (steps) => {
      let state = stateAfter(EMPTY_STATE, begin);
      let clock = 0;
      for (const one of steps) {
        clock += one.wait;
        const decision = decide(state, requestOf(state, one), at(clock));
        if (!decision.ok) continue;
        const next = decision.state;
        expect(conflictsIn(next)).toEqual([]);
        expect(new Set(next.claims.map(({ token }) => token)).size).toBe(next.claims.length);
        const known = new Set(state.claims.map(({ id }) => id));
        for (const claim of next.claims.filter(({ id }) => !known.has(id))) {
          expect(claim.token).toBeGreaterThan(state.lastToken);
        }
        expect(next.lastToken).toBe(Math.max(state.lastToken, ...next.claims.map(({ token }) => token)));
        const left = new Set(next.claims.map(({ id }) => id));
        for (const gone of state.claims.filter(({ id }) => !left.has(id))) {
          const told = decision.events.filter(({ type }) => ENDS.includes(type));
          expect(
            told.some(
              (event) => event.claim === gone.id || event.fromClaim === gone.id || event.target === gone.target,
            ),
          ).toBe(true);
        }
        state = next;
      }
    }),
    { numRuns: PROPERTY_RUNS },
  );
});
