import { describe, expect, it } from 'vitest';
import {
  type Finding,
  postureOf,
  type Settings,
  settingFindings,
  stateFindings,
  worst,
} from '../../../src/domain/doctor/checkup.js';
import { EMPTY_STATE, type State } from '../../../src/domain/model.js';
import { agentRecord, claimRecord, stateOf, waiterRecord } from '../../support/records.js';
import { at, POLICY } from '../../support/requests.js';

const SOUND: Settings = {
  ttl: { defaultSeconds: 1800, maxSeconds: 14_400 },
  ...{ skewSeconds: 30, waitSeconds: 540, takeover: 'clock', lockOrder: 'detect', requireSession: true },
  surface: ['src/**', 'coord.config.json'],
  resources: { '@deploy/prod': { ttlSeconds: 600 }, '@db': { ttlSeconds: null } },
  deploy: { prod: {} },
};
const LED: State = { ...EMPTY_STATE, agents: [agentRecord('olga', { role: 'orchestrator' })] };

function bad(changes: Partial<Settings>, state = LED) {
  return settingFindings({ ...SOUND, ...changes }, state, at(0)).filter(({ ok }) => !ok);
}

it('finds nothing in sound settings, and says each of them', () => {
  const all = settingFindings(SOUND, LED, at(0));
  expect(all.filter(({ ok }) => !ok)).toEqual([]);
  expect(all.map(({ id }) => id)).toEqual(['surface', 'ttl', 'order', 'resources', 'sessions', 'kill-switch']);
});

it.each([
  ['surface', { surface: [] }, 'empty'],
  ['surface', { surface: ['src/**'] }, 'not on it'],
  ['ttl', { ttl: { defaultSeconds: 60, maxSeconds: 14_400 } }, 'ttl.default 1m'],
  ['ttl', { ttl: { defaultSeconds: 10_000, maxSeconds: 14_400 } }, 'blocks the others'],
  ['ttl', { skewSeconds: 1800 }, 'skewTolerance'],
  ['ttl', { waitSeconds: 601 }, 'wait.max'],
  ['ttl', { resources: { '@deploy/prod': { ttlSeconds: 20_000 } } }, 'resources.@deploy/prod.ttl'],
  ['resources', { deploy: { prod: {}, 'te\nst': {} } }, '@deploy/te\\nst'],
  ['sessions', { requireSession: false }, 'no session'],
] as const)('finds what is wrong with %s in %j', (id, changes, words) => {
  const found = bad(changes);
  expect(found).toMatchObject([{ id, message: expect.stringContaining(words), next: expect.any(String) }]);
});

it('names resources that are held and stand in no configuration, once each', () => {
  const resource = (token: number, target: string) => claimRecord(token, { kind: 'resource', target });
  const held = ['@db', '@db/main', '@depoly/prod', '@depoly/prod', '@once/key'];
  const state = { ...LED, claims: [...held.map((name, index) => resource(index, name)), claimRecord(9)] };
  expect(bad({}, state)).toMatchObject([{ id: 'resources', message: expect.stringMatching(/: @depoly\/prod$/) }]);
});

it('wants somebody who may stop an agent, and was not stopped', () => {
  expect(bad({}, EMPTY_STATE)).toMatchObject([{ id: 'kill-switch' }]);
  const killed = agentRecord('olga', { role: 'orchestrator', killed: { by: 'x', at: at(0), reason: 'y' } });
  expect(bad({}, { ...EMPTY_STATE, agents: [killed] })).toMatchObject([{ id: 'kill-switch' }]);
});

it.each([
  { ttl: { defaultSeconds: 300, maxSeconds: 14_400 } },
  { ttl: { defaultSeconds: 7200, maxSeconds: 14_400 } },
  { waitSeconds: 600 },
  { skewSeconds: 1799 },
  { resources: { '@deploy/prod': { ttlSeconds: 14_400 } } },
])('%j is still sound', (changes) => {
  expect(bad(changes)).toEqual([]);
});

it('says how claims are ordered, taken over, and bound to sessions, and which resources there are', () => {
  const said = (id: string, changes: Partial<Settings>) =>
    settingFindings({ ...SOUND, ...changes }, LED, at(0)).find((one) => one.id === id)?.message ?? '';
  const orders = (['detect', 'strict'] as const).flatMap((lockOrder) =>
    (['clock', 'observed'] as const).map((takeover) => said('order', { lockOrder, takeover })),
  );
  expect(new Set(orders).size).toBe(4);
  expect(said('order', { lockOrder: 'strict' })).toContain('ascending order');
  expect(said('order', { takeover: 'observed' })).toContain('seen it lapse');
  expect(said('resources', {})).toBe('2 named: @deploy/prod, @db');
  expect(said('resources', { resources: {}, deploy: {} })).toMatch(/^none/);
  expect(said('surface', {})).toBe('src/** coord.config.json');
  expect(said('ttl', {})).toBe('30m, at most 4h');
  expect(said('kill-switch', {})).toContain('olga');
});

it('names what to write for each resource that is in use and unknown', () => {
  const claims = ['@a', '@b/c'].map((target, index) => claimRecord(index + 1, { kind: 'resource', target }));
  const [finding] = bad({}, { ...LED, claims });
  expect(finding?.next).toContain('"@a": {}, "@b/c": {}');
});

describe('what the state itself tells', () => {
  const found = (changes: Parameters<typeof stateOf>[0], seconds = 100) =>
    stateFindings(stateOf(changes), POLICY, at(seconds));
  const bads = (all: readonly Finding[]) => all.filter(({ ok }) => !ok);

  it('is well where clocks agree, nobody is stuck, and nobody was stopped', () => {
    const all = found({ agents: [agentRecord('maya')], waiters: [waiterRecord('w1', { expiresAt: at(200) })] });
    expect(all.map(({ id, ok, next }) => [id, ok, next])).toEqual([
      ['clock', true, null],
      ['waiters', true, null],
      ['agents', true, null],
    ]);
    expect(all[1]?.message).toMatch(/^1 waiter\b/);
    expect(all[2]?.message).toMatch(/^1 agent\b/);
    for (const { message } of all) expect(message).toMatch(/\w/);
  });

  it('says by how much this clock is behind', () => {
    const [clock, ...others] = bads(found({ claims: [claimRecord(1, { renewedAt: at(700), expiresAt: at(2500) })] }));
    expect(clock).toMatchObject({ id: 'clock', severity: 'medium', message: expect.stringContaining('by 10m') });
    expect(clock?.next).toMatch(/clock/);
    expect(others).toEqual([]);
  });

  it.each([
    ['is over', { expiresAt: at(100) }, 100, true],
    ['runs', { expiresAt: at(100.001) }, 100, false],
    ['lasts an hour', { expiresAt: at(9000) }, 3600, false],
    ['lasts more than an hour', { expiresAt: at(9000) }, 3601, true],
  ])('a waiter whose wait %s is stuck: %s', (_, changes, seconds, isStuck) => {
    const targets = ['a', 'b'].map((text) => ({ kind: 'path' as const, text }));
    const finding = found({ waiters: [waiterRecord('w1', { ...changes, targets })] }, seconds)[1];
    expect(finding).toMatchObject({ id: 'waiters', ok: !isStuck, severity: 'low' });
    if (isStuck) expect(finding?.message).toMatch(/noor for a b since \d+/);
    if (isStuck) expect(finding?.next).toContain('status');
  });

  it('names who was stopped, by whom and why', () => {
    const killed = (by: string, reason: string) => ({ killed: { by, at: at(0), reason } });
    const agents = [
      agentRecord('noor', killed('boss', 'loops\n')),
      agentRecord('kim', killed('olga', 'x')),
      agentRecord('maya'),
    ];
    const [finding] = bads(found({ agents }));
    expect(finding).toMatchObject({ id: 'agents', severity: 'low' });
    expect(finding?.message).toContain('noor (by boss: loops\\n), kim (by olga: x)');
    expect(finding?.next).toContain('agent revive');
  });
});

it('the worst of what was found is the first that is not well and of severity high', () => {
  const finding = (id: string, ok: boolean, severity: Finding['severity']) => ({
    id,
    ok,
    severity,
    message: '',
    next: null,
  });
  const high = finding('c', false, 'high');
  expect(worst([finding('a', true, 'high'), finding('b', false, 'medium'), high, finding('d', false, 'high')])).toBe(
    high,
  );
  expect(worst([finding('a', true, 'high'), finding('b', false, 'low')])).toBeNull();
});

describe('the posture', () => {
  const finding = (severity: Finding['severity'], ok = false): Finding => ({
    ...{ id: 'x', message: 'm', next: null },
    severity,
    ok,
  });

  it('counts what is wrong by severity, and names the highest', () => {
    const findings = [finding('low'), finding('medium'), finding('medium'), finding('high', true)];
    expect(postureOf(findings)).toEqual({ checks: 4, high: 0, medium: 2, low: 1, highest: 'medium' });
    expect(postureOf([...findings, finding('high')])).toMatchObject({ checks: 5, high: 1, highest: 'high' });
    expect(postureOf([finding('low')]).highest).toBe('low');
    expect(postureOf([finding('high', true)])).toEqual({ checks: 1, high: 0, medium: 0, low: 0, highest: null });
  });
});
