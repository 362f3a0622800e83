import { describe, expect, it } from 'vitest';
import { workToCheck } from '../../../src/domain/claims/claim.js';
import { decide } from '../../../src/domain/decide.js';
import { directoryTarget, type Target } from '../../../src/domain/ground/targets.js';
import { type Claim, EMPTY_STATE, type State } from '../../../src/domain/model.js';
import { at, baseOf, claimOf, granted, POLICY, refused, releaseOf, START } from '../../support/decisions.js';
import { waiterRecord } from '../../support/records.js';

const NOTHING = EMPTY_STATE;
const COMMIT = 'a'.repeat(40);
const HEAD = 'b'.repeat(40);

function holding(agent: string, targets: string | string[], changes = {}): State {
  return granted(NOTHING, claimOf(agent, targets, changes)).state;
}

describe('a claim on free ground', () => {
  it('gets an id, a token above every earlier one, and a life of its time to live', () => {
    const { result, state, events, summary } = granted(
      { ...NOTHING, lastToken: 41, lastClaim: 7 },
      claimOf('maya', ['src/api/**', 'README.md'], {
        reason: 'pagination',
        head: HEAD,
        session: 's1',
        operation: 'op',
      }),
    );
    expect(result.claims).toEqual([
      {
        id: 'c8',
        target: 'src/api/**',
        kind: 'directory',
        mode: 'exclusive',
        agent: 'maya',
        session: 's1',
        token: 42,
        ttlSeconds: 1800,
        acquiredAt: START,
        renewedAt: START,
        expiresAt: at(1800),
        reason: 'pagination',
        reach: 'clone',
        base: HEAD,
        expectSeconds: null,
        rules: null,
        allowedBehind: false,
        offer: null,
        tasks: [],
        byHand: true,
      } satisfies Claim,
      expect.objectContaining({ id: 'c9', target: 'README.md', kind: 'path', token: 43 }),
    ]);
    expect(state.lastToken).toBe(43);
    expect(events.map(({ type, target }) => [type, target])).toEqual([
      ['claim.granted', 'src/api/**'],
      ['claim.granted', 'README.md'],
    ]);
    expect(summary).toBe('claim src/api/**, README.md by maya for 30m');
  });

  it('leaves the state that it was given as it was', () => {
    const before = structuredClone(NOTHING);
    granted(NOTHING, claimOf('maya', 'src/**'));
    expect(NOTHING).toEqual(before);
  });

  it('registers the agent at its first write', () => {
    expect(holding('maya', 'a').agents).toMatchObject([{ id: 'maya', role: 'peer', lastSeen: START, killed: null }]);
  });
});

describe('a claim on ground that another holds', () => {
  const held = holding('maya', 'src/api/**', { reason: 'pagination', session: 'm1' });

  it('is refused with the overlap, the holder, since when, until when, and why', () => {
    expect(refused(held, claimOf('noor', ['src/api/users.ts', 'README.md']))).toEqual({
      code: 'held',
      reason: 'held',
      conflicts: [
        {
          target: 'src/api/users.ts',
          heldTarget: 'src/api/**',
          overlap: 'src/api/users.ts',
          agent: 'maya',
          session: 'm1',
          claimId: held.claims[0]?.id,
          since: START,
          expiresAt: at(1800),
          reason: 'pagination',
          mode: 'exclusive',
          waiting: false,
        },
      ],
      free: ['README.md'],
      queue: [],
      asked: [
        { kind: 'path', text: 'src/api/users.ts' },
        { kind: 'path', text: 'README.md' },
      ],
      mode: 'exclusive',
    });
  });

  it('grants all or nothing', () => {
    const decision = decide(held, claimOf('noor', ['README.md', 'src/api/users.ts']), START);
    expect(decision).not.toHaveProperty('state');
    expect(decision.ok).toBe(false);
  });

  it('is refused until expiry plus the tolerance, to the millisecond, and granted from then on', () => {
    const last = at(1800 + POLICY.skewSeconds - 0.001);
    expect(refused(held, claimOf('noor', 'src/api/**'), last)).toMatchObject({ reason: 'held' });
    const { state, events, result } = granted(held, claimOf('noor', 'src/api/**'), at(1830));
    expect(events.map(({ type, agent }) => [type, agent])).toEqual([
      ['claim.expired', 'maya'],
      ['claim.granted', 'noor'],
    ]);
    expect(state.claims.map(({ agent }) => agent)).toEqual(['noor']);
    expect(result.claims[0]?.token).toBeGreaterThan(held.claims[0]?.token ?? Number.POSITIVE_INFINITY);
  });

  it.each([
    ['src/app/**', 'src/apple/**'],
    ['src/app', 'src/apple'],
    ['@db/main', '@db/mainline'],
    ['src/*.ts', 'src/*.js'],
  ])('%s does not stop %s', (mine, yours) => {
    expect(granted(holding('maya', mine), claimOf('noor', yours)).result.claims).toHaveLength(1);
  });

  it.each([
    ['**', 'any/thing.ts'],
    ['src', 'src/deep/file.ts'],
    ['src/**/x.ts', 'src/{a,b}/x.ts'],
    ['@db', '@db/main'],
    ['@db/main', '@db'],
  ])('%s stops %s', (mine, yours) => {
    expect(refused(holding('maya', mine), claimOf('noor', yours))).toMatchObject({ code: 'held' });
  });

  it.each([true, false])('with names that differ in case only, folding %s decides', (foldCase) => {
    const policy = { ...POLICY, foldCase };
    const state = holding('maya', 'src/File.ts', { policy });
    const decision = decide(state, claimOf('noor', 'SRC/file.ts', { policy }), START);
    expect(decision.ok).toBe(!foldCase);
  });
});

describe('modes', () => {
  it('lets readers share, and no writer beside them', () => {
    const shared = { mode: 'shared' as const };
    const first = holding('maya', 'docs/**', shared);
    const both = granted(first, claimOf('noor', 'docs/a.md', shared)).state;
    expect(both.claims).toHaveLength(2);
    expect(refused(both, claimOf('omar', 'docs/a.md'))).toMatchObject({
      conflicts: [{ agent: 'maya' }, { agent: 'noor' }],
    });
    expect(refused(holding('maya', 'docs/**'), claimOf('noor', 'docs/a.md', shared))).toMatchObject({ code: 'held' });
  });

  it('gives a reader that becomes the writer a new token, and refuses it while others read', () => {
    const shared = { mode: 'shared' as const };
    const one = holding('maya', 'a', shared);
    const other = granted(one, claimOf('noor', 'a', shared)).state;
    expect(refused(other, claimOf('maya', 'a'))).toMatchObject({ conflicts: [{ agent: 'noor' }] });
    const alone = granted(other, releaseOf('noor')).state;
    const { result } = granted(alone, claimOf('maya', 'a'));
    expect(result.claims).toMatchObject([{ id: one.claims[0]?.id, mode: 'exclusive' }]);
    expect(result.claims[0]?.token).toBe(alone.lastToken + 1);
  });
});

describe('the same agent again', () => {
  const held = holding('maya', 'src/a.ts', { reason: 'first', session: 's1' });
  const [before] = held.claims;

  it('gets the same claim and token, extended', () => {
    const { state, result, events } = granted(held, claimOf('maya', 'src/a.ts'), at(600));
    expect(result.claims).toEqual([{ ...before, renewedAt: at(600), expiresAt: at(2400) }]);
    expect(state.claims).toHaveLength(1);
    expect(state.lastToken).toBe(held.lastToken);
    expect(events.map(({ type }) => type)).toEqual(['claim.renewed']);
  });

  it('never shortens: a shorter time to live is not taken', () => {
    const target = { target: { kind: 'path', text: 'src/a.ts' } as Target, ttlSeconds: 60 };
    const { result } = granted(held, claimOf('maya', [], { targets: [target] }), at(10));
    expect(result.claims).toMatchObject([{ ttlSeconds: 1800, expiresAt: at(1810) }]);
  });

  it('takes a new reason, and keeps the old one when none is given', () => {
    expect(granted(held, claimOf('maya', 'src/a.ts', { reason: 'second' })).result.claims[0]?.reason).toBe('second');
    expect(granted(held, claimOf('maya', 'src/a.ts')).result.claims[0]?.reason).toBe('first');
  });

  it('gets a new token once its claim has expired, even if nobody else came', () => {
    const { result, state, events } = granted(held, claimOf('maya', 'src/a.ts'), at(1801));
    expect(result.claims[0]?.token).toBe(held.lastToken + 1);
    expect(state.claims).toHaveLength(1);
    // The record has the end of every claim.
    expect(events.map(({ type, claim }) => [type, claim])).toEqual([
      ['claim.expired', held.claims[0]?.id],
      ['claim.granted', result.claims[0]?.id],
    ]);
  });

  it('takes what is said again of its need and its rules, keeps what is not, and says on the record how long it runs', () => {
    const said = holding('maya', 'src/a.ts', { expectSeconds: 60, rules: 'old', reason: 'first' });
    const kept = granted(said, claimOf('maya', 'src/a.ts'), at(5));
    expect(kept.result.claims).toMatchObject([{ expectSeconds: 60, rules: 'old' }]);
    const again = granted(said, claimOf('maya', 'src/a.ts', { expectSeconds: 900, rules: 'new' }), at(5));
    expect(again.result.claims).toMatchObject([{ expectSeconds: 900, rules: 'new' }]);
    expect(again.events).toMatchObject([{ type: 'claim.renewed', expiresAt: at(1805), reason: 'first' }]);
  });

  it('stays a reader, with its token, when it asks to read again', () => {
    const reading = holding('maya', 'docs/**', { mode: 'shared' });
    const { state, result } = granted(reading, claimOf('maya', 'docs/**', { mode: 'shared' }), at(5));
    expect(result.claims).toMatchObject([{ mode: 'shared', token: reading.lastToken }]);
    expect(state.lastToken).toBe(reading.lastToken);
  });

  it('replaces of its own claims that are over none but that on the very target', () => {
    const two = granted(holding('maya', ['src/a.ts', 'src/b.ts']), claimOf('noor', 'src/c.ts')).state;
    const { state, events } = granted(two, claimOf('maya', ['src/a.ts', 'src/new.ts']), at(1801));
    expect(state.claims.map(({ target }) => target)).toEqual(['src/b.ts', 'src/c.ts', 'src/a.ts', 'src/new.ts']);
    expect(events[0]).toMatchObject({ type: 'claim.expired', target: 'src/a.ts', expiresAt: at(1800) });
    expect(events.map(({ type }) => type)).toEqual(['claim.expired', 'claim.granted', 'claim.granted']);
  });

  it.each([
    ['another agent’s claim', 'noor', 's1', 'src/**', 'held'],
    ['its own claim of no known session', 'maya', null, 'src/**', 'granted'],
    ['its own claim of this session', 'maya', 's2', 'src/**', 'granted'],
    ['its own claim of another session', 'maya', 's1', 'src/**', 'session'],
    ['its own claim of another session elsewhere', 'maya', 's1', 'docs/**', 'granted'],
  ] as const)('of two sessions of one name, %s', (_, holder, session, target, answer) => {
    const state = holding(holder, target, { session });
    const decision = decide(state, claimOf('maya', 'src/a.ts', { session: 's2' }), at(1));
    expect(decision.ok ? 'granted' : decision.refusal.reason).toBe(answer);
  });

  it('is told of its other session what it would be told of another agent', () => {
    expect(refused(held, claimOf('maya', ['src/a.ts', 'b.ts'], { session: 's2', mode: 'shared' }))).toEqual({
      code: 'held',
      reason: 'session',
      conflicts: [
        {
          ...{ target: 'src/a.ts', heldTarget: 'src/a.ts', overlap: 'src/a.ts', agent: 'maya', session: 's1' },
          ...{
            claimId: before?.id,
            since: START,
            expiresAt: at(1800),
            reason: 'first',
            mode: 'exclusive',
            waiting: false,
          },
        },
      ],
      asked: [
        { kind: 'path', text: 'src/a.ts' },
        { kind: 'path', text: 'b.ts' },
      ],
      mode: 'shared',
      free: ['b.ts'],
      queue: [],
    });
    const policy = { ...POLICY, foldCase: true };
    expect(refused(held, claimOf('maya', 'SRC/A.ts', { session: 's2', policy }))).toMatchObject({ reason: 'session' });
  });

  it('is refused from another live session, on overlapping ground too', () => {
    expect(refused(held, claimOf('maya', 'src/**', { session: 's2' }))).toMatchObject({
      code: 'held',
      reason: 'session',
      conflicts: [{ agent: 'maya', session: 's1', heldTarget: 'src/a.ts' }],
    });
    expect(granted(held, claimOf('maya', 'docs/**', { session: 's2' })).result.claims).toHaveLength(1);
    expect(granted(held, claimOf('maya', 'src/a.ts', { session: null })).result.claims).toHaveLength(1);
    expect(granted(held, claimOf('maya', 'src/a.ts', { session: 's2' }), at(1801)).result.claims).toHaveLength(1);
  });
});

describe('causal claims', () => {
  const released = granted(holding('maya', 'src/**', { head: HEAD }), releaseOf('maya', { commit: COMMIT })).state;

  it('are refused as behind when HEAD lacks the last holder’s commit, or nobody can tell', () => {
    for (const contains of [{}, { [COMMIT]: false }]) {
      expect(refused(released, claimOf('noor', 'src/a.ts', { head: HEAD, contains }))).toEqual({
        code: 'behind',
        reason: 'behind',
        missing: [{ target: 'src/a.ts', released: 'src/**', commit: COMMIT, agent: 'maya', at: START }],
        free: [],
        asked: [{ kind: 'path', text: 'src/a.ts' }],
        mode: 'exclusive',
      });
    }
  });

  it('are granted when HEAD is or contains that commit, and elsewhere', () => {
    expect(granted(released, claimOf('noor', 'src/a.ts', { head: COMMIT })).result.claims).toHaveLength(1);
    const contains = { [COMMIT]: true };
    expect(granted(released, claimOf('noor', 'src/a.ts', { head: HEAD, contains })).result.claims).toHaveLength(1);
    expect(granted(released, claimOf('noor', 'docs/a.md', { head: HEAD })).result.claims).toHaveLength(1);
  });

  it('are granted with --allow-behind, on the record', () => {
    const { result, events } = granted(released, claimOf('noor', 'src/a.ts', { head: HEAD, allowBehind: true }));
    expect(result.claims).toMatchObject([{ allowedBehind: true }]);
    expect(events).toMatchObject([{ type: 'claim.granted', allowedBehind: true }]);
  });

  it('bind nobody on a resource: it holds no files', () => {
    const resource = granted(holding('maya', '@db/main', { head: HEAD }), releaseOf('maya', { commit: COMMIT })).state;
    expect(granted(resource, claimOf('noor', '@db/main', { head: HEAD })).result.claims).toHaveLength(1);
  });
});

describe('what stands for something else than ground', () => {
  const boss = granted(NOTHING, {
    ...releaseOf('boss'),
    kind: 'session-start',
    role: 'orchestrator',
    person: true,
    rules: null,
  }).state;

  it.each(['@task', '@task/t1', '@deploy', '@deploy/prod', '@once/key', '@land', '@land/main'])(
    '%s is claimed by its own verb alone, whoever asks and however',
    (target) => {
      const asked = claimOf('boss', ['src/a.ts', target]);
      const wait = { ...baseOf('boss'), kind: 'wait' as const, claim: asked, ticketSeconds: 60, passive: false };
      const takeOver = { ...baseOf('boss'), kind: 'take-over' as const, claim: asked };
      for (const request of [asked, wait, takeOver])
        expect(refused(boss, request)).toEqual({ code: 'usage', reason: 'reserved', target });
      expect(granted(boss, { ...asked, byOwnVerb: true }).result.claims).toHaveLength(2);
    },
  );

  it('is no resource that is called alike', () => {
    for (const target of ['@tasks', '@deployment/prod', '@landing', '@constructor'])
      expect(granted(NOTHING, claimOf('maya', target)).result.claims).toHaveLength(1);
  });
});

describe('a worker', () => {
  const worker = granted(NOTHING, {
    ...releaseOf('wim'),
    kind: 'session-start',
    role: 'worker',
    person: false,
    rules: null,
  }).state;
  const policy = { ...POLICY, scratch: [directoryTarget('src/scratch/wim')] };

  it('may not claim the surface, wholly or in part, nor a resource', () => {
    for (const target of ['src/a.ts', '**', '@deploy/prod']) {
      expect(refused(worker, claimOf('wim', target, { policy }))).toMatchObject({ code: 'closed', reason: 'role' });
    }
  });

  it('may claim its scratch paths, and what is off the surface', () => {
    for (const target of ['src/scratch/wim/notes.md', 'docs/a.md']) {
      expect(granted(worker, claimOf('wim', target, { policy })).result.claims).toHaveLength(1);
    }
  });
});

describe('a strict order of targets', () => {
  const policy = { ...POLICY, lockOrder: 'strict' as const };
  const ask = (agent: string, target: string) => claimOf(agent, target, { policy });
  const two = granted(granted(NOTHING, ask('maya', 'b')).state, ask('maya', 'd')).state;
  const held = granted(two, ask('noor', 'z')).state;

  it('refuses what sorts before anything held, with what is held and what comes too early', () => {
    expect(refused(held, ask('maya', 'c'))).toEqual({
      code: 'held',
      reason: 'order',
      held: 'd',
      early: 'c',
      ...{ conflicts: [], free: [], queue: [], asked: [{ kind: 'path', text: 'c' }], mode: 'exclusive' },
    });
  });

  it.each([
    ['what sorts after', 'e', 0],
    ['what is held already', 'b', 0],
    ['the last one again', 'd', 0],
    ['anything once the claims are over', 'a', 1801],
  ])('grants %s', (_, target, seconds) => {
    expect(granted(held, ask('maya', target), at(seconds)).result.claims).toMatchObject([{ target }]);
  });

  it('looks at what this agent holds alone, and asks for no order unless it is strict', () => {
    expect(granted(held, ask('noor', 'zz')).result.claims).toHaveLength(1);
    expect(granted(granted(NOTHING, ask('noor', 'z')).state, ask('maya', 'a')).result.claims).toHaveLength(1);
    expect(granted(held, claimOf('maya', 'a')).result.claims).toHaveLength(1);
  });

  it('leaves out what stands for tasks', () => {
    const task = granted(NOTHING, { ...ask('maya', '@task/t9'), byOwnVerb: true }).state;
    expect(granted(task, ask('maya', '@aaa')).result.claims).toHaveLength(1);
    const late = granted(NOTHING, ask('maya', '@zzz')).state;
    expect(granted(late, { ...ask('maya', '@task/t9'), byOwnVerb: true }).result.claims).toHaveLength(1);
  });
});

describe('what git must be asked before a claim is decided', () => {
  const first = granted(holding('maya', 'src/**', { head: HEAD }), releaseOf('maya', { commit: COMMIT })).state;
  const second = granted(
    granted(first, claimOf('maya', 'docs/**', { head: HEAD })).state,
    releaseOf('maya', { commit: HEAD, commitNamed: true }),
  ).state;
  const ask = (changes: object) => {
    const work = workToCheck(second, claimOf('noor', ['src/a.ts', 'src/b.ts', 'docs/x'], changes));
    return work.map(({ commit, ground }) => `${commit[0]} ${ground?.text}`);
  };

  it('is whether HEAD has the work that binds each target, but for HEAD itself and what is known', () => {
    const asked = ['a src/a.ts', 'a src/b.ts', 'b docs/x'];
    expect(ask({})).toEqual(asked);
    expect(ask({ head: HEAD })).toEqual(asked.slice(0, 2));
    const keys = workToCheck(second, claimOf('noor', 'src/a.ts')).map(({ key }) => key);
    expect(ask({ contains: { [keys[0] ?? '']: false } })).toEqual(asked.slice(1));
    expect(ask({ contains: { [COMMIT]: true, [HEAD]: true } })).toEqual([]);
    expect(workToCheck(second, claimOf('noor', 'lib/**'))).toEqual([]);
  });

  it('is nothing where the answer would not matter', () => {
    expect(ask({ allowBehind: true })).toEqual([]);
  });
});

describe('the queue, as a refused claim is told', () => {
  const waiting = (id: string, texts: string[]) =>
    waiterRecord(id, { agent: id, targets: texts.map((text) => ({ kind: 'path', text })) });
  const state = {
    ...holding('maya', 'src/**'),
    waiters: [waiting('w1', ['src/a.ts', 'x']), waiting('w2', ['lib/b.ts'])],
  };

  it('has those who wait for some of the same ground, as letters count here', () => {
    const queued = (target: string, foldCase: boolean) => {
      const refusal = refused(state, claimOf('noor', [target, 'src/q.ts'], { policy: { ...POLICY, foldCase } }));
      return 'queue' in refusal ? refusal.queue.map(({ id }) => id) : refusal;
    };
    expect(queued('src/a.ts', false)).toEqual(['w1']);
    expect(queued('src/A.ts', false)).toEqual([]);
    expect(queued('src/A.ts', true)).toEqual(['w1']);
  });
});
