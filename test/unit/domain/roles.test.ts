import { expect, it } from 'vitest';
import { decide } from '../../../src/domain/decide.js';
import { EMPTY_STATE, type Role } from '../../../src/domain/model.js';
import type { Request } from '../../../src/domain/request-table.js';
import { baseOf, granted, refused, START } from '../../support/decisions.js';

const startOf = (agent: string, role: Role, person = false): Request => {
  return { ...baseOf(agent), kind: 'session-start', role, person, rules: null };
};

it.each<Role>(['peer', 'orchestrator'])('a worker does not make itself a %s, but a person may', (role) => {
  const { state } = granted(EMPTY_STATE, startOf('boss', 'orchestrator'));
  const worker = granted(state, startOf('wim', 'worker')).state;
  expect(refused(worker, startOf('wim', role))).toEqual({
    code: 'closed',
    reason: 'authority',
    orchestrators: ['boss'],
  });
  expect(granted(worker, startOf('wim', 'worker')).result).toMatchObject({ agent: { role: 'worker' } });
  expect(decide(worker, startOf('wim', role, true), START).ok).toBe(true);
});
