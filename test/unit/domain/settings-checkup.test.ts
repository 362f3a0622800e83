import { expect, it } from 'vitest';
import { type Settings, settingFindings } from '../../../src/domain/doctor/checkup.js';
import { EMPTY_STATE, type State } from '../../../src/domain/model.js';
import { agentRecord, claimRecord } from '../../support/records.js';
import { at } from '../../support/requests.js';

const SOUND: Settings = {
  ttl: { defaultSeconds: 1800, maxSeconds: 14_400 },
  ...{ skewSeconds: 30, waitSeconds: 540, takeover: 'clock', lockOrder: 'detect', requireSession: true },
  surface: ['src/**', 'coord.config.json'],
  resources: { '@deploy/prod': { ttlSeconds: 600 }, '@db': { ttlSeconds: null } },
  deploy: { prod: {} },
};
const LED: State = { ...EMPTY_STATE, agents: [agentRecord('olga', { role: 'orchestrator' })] };

function bad(changes: Partial<Settings>, state = LED) {
  return settingFindings({ ...SOUND, ...changes }, state).filter(({ ok }) => !ok);
}

it('finds nothing in sound settings, and says each of them', () => {
  const all = settingFindings(SOUND, LED);
  expect(all.filter(({ ok }) => !ok)).toEqual([]);
  expect(all.map(({ id }) => id)).toEqual(['surface', 'ttl', 'order', 'resources', 'sessions', 'kill-switch']);
});

it.each([
  ['surface', { surface: [] }, 'empty'],
  ['surface', { surface: ['src/**'] }, 'not on it'],
  ['ttl', { ttl: { defaultSeconds: 60, maxSeconds: 14_400 } }, 'ttl.default 1m'],
  ['ttl', { ttl: { defaultSeconds: 10_000, maxSeconds: 14_400 } }, 'in the way'],
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
