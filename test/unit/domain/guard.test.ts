import { describe, expect, it } from 'vitest';
import { patternTarget } from '../../../src/domain/ground/patterns.js';
import { type GuardedChanger, judgeGround, touchesSurface } from '../../../src/domain/guard/judge.js';
import { agentRecord, claimRecord, HOSTILE_TEXTS, stateOf } from '../../support/records.js';
import { at, POLICY, START } from '../../support/requests.js';

const ground = (paths: readonly string[]) => paths.map((text) => ({ kind: 'path' as const, text }));

const POLICY_WITH_SCRATCH = {
  ...POLICY,
  scratch: [patternTarget('scratch/maya/**'), patternTarget('src/tmp/maya/**')],
};

function maya(changes: Partial<GuardedChanger> = {}): GuardedChanger {
  return { agent: 'maya', session: null, policy: POLICY_WITH_SCRATCH, ...changes };
}

const claimed = stateOf({
  claims: [
    claimRecord(1, { target: 'src/api/**', kind: 'directory' }),
    claimRecord(2, { target: 'src/web/**', kind: 'directory', agent: 'noor' }),
    claimRecord(3, { target: 'docs/**', kind: 'directory', agent: 'noor' }),
    claimRecord(4, { target: 'src/read.ts', mode: 'shared' }),
    claimRecord(5, { target: 'notes/**', kind: 'directory', agent: 'noor', mode: 'shared' }),
  ],
});

/** `ok`, or why not. */
function said(state = claimed, changer = maya(), paths: readonly string[] = [], seconds = 0): unknown {
  const verdict = judgeGround(state, changer, ground(paths), at(seconds));
  if (verdict.ok) return 'ok';
  const { refusal } = verdict;
  switch (refusal.reason) {
    case 'killed':
      return `killed by ${refusal.kill.by}`;
    case 'role':
      return `role: ${refusal.targets.join(' ')} → ${refusal.orchestrators.join(' ')}`;
    case 'unclaimed':
      return refusal.paths.map(({ path, why }) => `${path} ${why}`);
  }
}

describe('a peer', () => {
  it('changes what it claims, and what is off the surface and free', () => {
    const verdict = judgeGround(
      claimed,
      maya(),
      ground(['src/api/a.ts', 'src/api/b.ts', 'README.md', 'notes/a']),
      START,
    );
    expect(verdict).toEqual({ ok: true, claims: [claimed.claims[0]] });
    expect(said(claimed, maya(), [])).toBe('ok');
  });

  it('changes nothing of the surface that it does not claim, nor what another holds anywhere', () => {
    const paths = ['src/api/a.ts', 'src/new.ts', 'src/web/a.ts', 'docs/a.md', 'src/read.ts'];
    expect(said(claimed, maya(), paths)).toEqual([
      'src/new.ts not-held',
      'src/web/a.ts held-by-other',
      'docs/a.md held-by-other',
      'src/read.ts shared',
    ]);
  });

  it('is told of a claim that has expired, and of one of another session', () => {
    expect(said(claimed, maya(), ['src/api/a.ts'], 1799)).toBe('ok');
    expect(said(claimed, maya(), ['src/api/a.ts'], 1801)).toEqual(['src/api/a.ts expired']);
    const other = stateOf({ claims: [claimRecord(1, { target: 'src/**', kind: 'directory', session: 's1' })] });
    expect(said(other, maya({ session: 's2' }), ['src/a.ts'])).toEqual(['src/a.ts other-session']);
    expect(said(other, maya({ session: 's1' }), ['src/a.ts'])).toBe('ok');
  });

  it('has no scratch of its own: only a worker needs one', () => {
    expect(said(stateOf(), maya(), ['src/tmp/maya/a'])).toEqual(['src/tmp/maya/a not-held']);
  });

  it.each(HOSTILE_TEXTS)('needs a claim on %j as on any other name', (name) => {
    const path = `src/${name}`.normalize('NFC');
    expect(said(stateOf(), maya(), [path])).toEqual([`${path} not-held`]);
    const exact = stateOf({ claims: [claimRecord(1, { target: path })] });
    expect(said(exact, maya(), [path])).toBe('ok');
    expect(said(exact, maya({ agent: 'noor' }), [path])).toEqual([`${path} held-by-other`]);
  });

  it('meets names in another case where the file system folds it', () => {
    const folding = maya({ policy: { ...POLICY_WITH_SCRATCH, foldCase: true } });
    expect(said(claimed, folding, ['SRC/API/a.ts'])).toBe('ok');
    expect(said(claimed, folding, ['SRC/new.ts'])).toEqual(['SRC/new.ts not-held']);
    expect(said(claimed, maya(), ['SRC/new.ts'])).toBe('ok');
  });
});

describe('a worker', () => {
  const orchestrators = [
    agentRecord('boss', { role: 'orchestrator' }),
    agentRecord('gone', { role: 'orchestrator', killed: { at: START, by: 'boss', reason: 'x' } }),
  ];
  const worker = { ...claimed, agents: [agentRecord('maya', { role: 'worker' }), ...orchestrators] };

  it('changes its scratch alone, also on the surface and without a claim', () => {
    expect(said(worker, maya(), ['scratch/maya/a', 'src/tmp/maya/a'])).toBe('ok');
    expect(said(worker, maya(), ['scratch/maya/a', 'README.md', 'src/api/a.ts', 'scratch/noor/a'])).toBe(
      'role: README.md src/api/a.ts scratch/noor/a → boss',
    );
  });

  it('does not change scratch that another holds', () => {
    const taken = { ...worker, claims: [claimRecord(9, { target: 'scratch/**', kind: 'directory', agent: 'noor' })] };
    expect(said(taken, maya(), ['scratch/maya/a'])).toEqual(['scratch/maya/a held-by-other']);
  });
});

it('a killed agent changes nothing at all, whatever its role', () => {
  const killed = { at: START, by: 'boss', reason: 'loops' };
  for (const role of ['peer', 'worker', 'orchestrator'] as const) {
    const state = { ...claimed, agents: [agentRecord('maya', { role, killed })] };
    expect(said(state, maya(), ['README.md'])).toBe('killed by boss');
    expect(said(state, maya(), [])).toBe('killed by boss');
    expect(said(state, maya({ agent: 'noor' }), ['README.md'])).toBe('ok');
  }
});

it('where nothing can be decided, the paths of the surface are what is stopped', () => {
  const touched = (policy: typeof POLICY, paths: readonly string[]) =>
    ground(paths).flatMap((target) => (touchesSurface(policy, target) ? [target.text] : []));
  expect(touched(POLICY, ['README.md', 'src/a', 'srcs/b', 'src/\n', 'src'])).toEqual(['src/a', 'src/\n', 'src']);
  expect(touched({ ...POLICY, surface: [] }, ['src/a'])).toEqual([]);
});
