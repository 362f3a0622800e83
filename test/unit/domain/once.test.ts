import { describe, expect, it } from 'vitest';
import { ONCE_ROWS, type OnceBeginRequest, type OnceFinishRequest } from '../../../src/domain/claims/once.js';
import { onceTarget } from '../../../src/domain/ground/targets.js';
import { EMPTY_STATE, type Once } from '../../../src/domain/model.js';
import { at, baseOf, claimOf, granted, refused, START } from '../../support/decisions.js';

const TARGET = onceTarget('seed').text;

function beginOf(agent: string, changes: Partial<OnceBeginRequest> = {}): OnceBeginRequest {
  const key = changes.key ?? 'seed';
  const { kind: _, ...terms } = claimOf(agent, onceTarget(key).text, { byOwnVerb: true });
  return { ...baseOf(agent), kind: 'once-begin', key, claim: terms, command: 'npm run seed', retry: false, ...changes };
}

function finishOf(agent: string, changes: Partial<OnceFinishRequest> = {}): OnceFinishRequest {
  const ended = { claimId: 'c1', exit: 0, output: 'seeded', truncated: false };
  return { ...baseOf(agent), kind: 'once-finish', key: 'seed', ...ended, ...changes };
}

const forgetOf = (agent: string, key = 'seed') => ({ ...baseOf(agent), kind: 'once-forget' as const, key });

const running: Once = {
  key: 'seed',
  status: 'running',
  agent: 'maya',
  session: null,
  claim: 'c1',
  command: 'npm run seed',
  startedAt: START,
  finishedAt: null,
  output: '',
  truncated: false,
};
const succeeded: Once = { ...running, status: 'succeeded', finishedAt: at(5), output: 'seeded' };

/** Another key is running as well, and another claim of maya's stands before that of the run. */
const other = granted(EMPTY_STATE, beginOf('noor', { key: 'other' })).state;
const begun = granted(EMPTY_STATE, beginOf('maya'));
const both = granted(begun.state, beginOf('noor', { key: 'other' }), at(1)).state;
const done = granted(both, finishOf('maya'), at(5)).state;

describe('the first run of a key', () => {
  it('starts under a claim, and is on record as running', () => {
    expect(begun).toMatchObject({
      result: { status: 'started', claims: [{ id: 'c1', target: TARGET, agent: 'maya' }] },
      events: [{ type: 'claim.granted', claim: 'c1' }],
      summary: 'once seed by maya starts',
    });
    expect(begun.state.onces).toEqual([running]);
  });

  it('leaves the records of other keys alone', () => {
    expect(granted(other, beginOf('maya')).state.onces.map(({ key }) => key)).toEqual(['other', 'seed']);
    expect(done.onces.map(({ key, status }) => [key, status])).toEqual([
      ['other', 'running'],
      ['seed', 'succeeded'],
    ]);
  });

  it('starts nothing where its ground is refused', () => {
    const claim = { ...beginOf('noor').claim, targets: claimOf('noor', 'src/**').targets };
    const held = granted(EMPTY_STATE, claimOf('maya', 'src/**')).state;
    expect(refused(held, beginOf('noor', { claim }))).toMatchObject({ code: 'held', reason: 'held' });
  });
});

describe('a second run of a key', () => {
  it.each(['noor', 'maya'])('is refused to %s while the first one holds its claim', (agent) => {
    expect(refused(both, beginOf(agent), at(10))).toMatchObject({
      code: 'held',
      reason: 'held',
      conflicts: [{ target: TARGET, agent: 'maya', claimId: 'c1' }],
    });
  });

  it('is refused as unknown once the claim of the first is over without a word, unless asked for', () => {
    const late = at(1800);
    expect(refused(both, beginOf('noor'), at(1900))).toEqual({
      code: 'unavailable',
      reason: 'unknown-outcome',
      once: running,
    });
    expect(refused(both, beginOf('maya'), late)).toMatchObject({ reason: 'unknown-outcome' });
    const again = granted(both, beginOf('noor', { retry: true, command: 'again' }), at(1900));
    expect(again.result).toMatchObject({ status: 'started', claims: [{ agent: 'noor' }] });
    const first = again.state.onces.find(({ key }) => key === 'seed');
    expect(first).toMatchObject({ status: 'running', agent: 'noor', command: 'again', startedAt: at(1900) });
    expect(again.state.onces).toHaveLength(2);
  });

  it('is told what the first one said, for ever, and writes nothing', () => {
    for (const agent of ['noor', 'maya']) {
      const result = { status: 'done', once: succeeded };
      const told = { ok: true, state: done, events: [], result, summary: `once seed by ${agent}` };
      expect(granted(done, beginOf(agent, { retry: true }), at(6))).toEqual(told);
      expect(granted(done, beginOf(agent), at(90_000)).result).toEqual(result);
    }
  });

  it('needs no ground where there is only something to be told', () => {
    const { ground } = ONCE_ROWS['once-begin'];
    expect(ground(done, beginOf('noor'))).toBeNull();
    expect(ground(both, beginOf('noor'))).toEqual([onceTarget('seed')]);
    expect(ground(done, beginOf('noor', { key: 'third' }))).toEqual([onceTarget('third')]);
  });
});

describe('the end of a run', () => {
  it('records a success for ever, and gives back its claim alone', () => {
    const { state, events, result, summary } = granted(both, finishOf('maya'), at(5));
    expect(state).toEqual({
      ...both,
      claims: both.claims.filter(({ id }) => id !== 'c1'),
      onces: [both.onces[1], succeeded],
      agents: state.agents,
    });
    expect(events).toMatchObject([{ type: 'claim.released', claim: 'c1', target: TARGET, commit: null, exit: 0 }]);
    expect(result).toEqual({ once: succeeded });
    expect(summary).toBe('once seed by maya succeeded');
  });

  it('forgets a failure, so that the key may run again', () => {
    const { state, events, result, summary } = granted(both, finishOf('maya', { exit: 3, output: 'half' }), at(5));
    expect(state.onces).toEqual([both.onces[1]]);
    expect(state.claims.map(({ id }) => id)).toEqual(['c2']);
    expect(events).toMatchObject([{ type: 'claim.released', commit: null, exit: 3 }]);
    expect(result).toEqual({ once: null });
    expect(summary).toBe('once seed by maya failed with exit 3');
    expect(granted(state, beginOf('noor'), at(6)).result).toMatchObject({ status: 'started' });
  });

  it('keeps of the output what it is given, and says where that was cut', () => {
    const { once } = granted(both, finishOf('maya', { output: 'x', truncated: true })).result;
    expect(once).toMatchObject({ output: 'x', truncated: true, command: 'npm run seed', startedAt: START });
  });

  it.each([
    ['its claim is over', 'maya', {}, 1800],
    ['it names another claim', 'maya', { claimId: 'c2' }, 5],
    ['it names a claim that is gone', 'maya', { claimId: 'c9' }, 5],
    ['another agent says so', 'noor', {}, 5],
    ['it names another key', 'maya', { key: 'other' }, 5],
    ['the key never ran', 'maya', { key: 'never' }, 5],
  ] as const)('does not count where %s', (_, agent, changes, seconds) => {
    const target = onceTarget(finishOf(agent, changes).key).text;
    expect(refused(both, finishOf(agent, changes), at(seconds))).toMatchObject({
      code: 'lost',
      reason: 'lost',
      targets: [{ target, why: 'expired', loss: null }],
      held: [],
    });
  });

  it('that comes late names who has the claim of the run', () => {
    const [mine] = both.claims;
    expect(refused(both, finishOf('maya'), at(1800))).toMatchObject({ targets: [{ holder: mine }] });
    expect(refused(both, finishOf('maya', { claimId: 'c9' }))).toMatchObject({ targets: [{ holder: null }] });
  });
});

describe('forgetting a key', () => {
  it('is refused while it runs, to its own agent too', () => {
    for (const agent of ['maya', 'noor'])
      expect(refused(both, forgetOf(agent), at(5))).toMatchObject({ code: 'held', conflicts: [{ claimId: 'c1' }] });
  });

  it('lets it run again, and touches nothing else', () => {
    const { state, events, result, summary } = granted(done, forgetOf('noor'), at(6));
    expect({ ...state, agents: [] }).toEqual({ ...done, onces: [done.onces[0]], agents: [] });
    expect({ events, result, summary }).toEqual({
      events: [],
      result: { forgotten: succeeded },
      summary: 'once seed forgotten by noor',
    });
    expect(granted(state, beginOf('noor'), at(7)).result).toMatchObject({ status: 'started' });
  });

  it('takes the claim of an own run away that is over, and of nobody else', () => {
    const own = granted(both, forgetOf('maya'), at(1801));
    expect(own.state.claims.map(({ id }) => id)).toEqual(['c2']);
    expect(own.events).toMatchObject([{ type: 'claim.expired', claim: 'c1' }]);
    const others = granted(both, forgetOf('noor'), at(1801));
    expect(others.state.claims.map(({ id }) => id)).toEqual(['c1', 'c2']);
    expect(others.events).toEqual([]);
    expect(others.state.onces.map(({ key }) => key)).toEqual(['other']);
  });

  it('that never ran writes nothing', () => {
    expect(granted(both, forgetOf('maya', 'never'))).toEqual({
      ok: true,
      state: both,
      events: [],
      result: { forgotten: null },
      summary: 'once never forgotten by maya',
    });
  });
});
