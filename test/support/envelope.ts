import { expect } from 'vitest';
import { EXIT_TABLE } from '../../src/errors.js';
import { type Fleet, localFleet } from './fleet.js';
import type { CoordResult } from './sandbox.js';

/** Held by maya: src/api and @db. Free: all else. */
export async function fleetWithClaims(): Promise<Fleet> {
  const fleet = await localFleet();
  await fleet.as('maya', ['claim', 'src/api', '@db', '--reason', 'pagination', '--ttl', '1h']);
  return fleet;
}

/** The error of a refused command, once its envelope is as promised. */
export function errorOf(result: CoordResult, command: string, code: string) {
  const envelope = result.json();
  const exit = EXIT_TABLE.findIndex((row) => row.code === code);
  expect(Object.keys(envelope)).toEqual(['schema', 'command', 'ok', 'error']);
  expect(envelope).toMatchObject({ schema: 'coord/1', command, ok: false });
  expect(Object.keys(envelope.error)).toEqual(['code', 'exit', 'message', 'hint', 'details']);
  expect(envelope.error).toMatchObject({ code, exit, message: expect.any(String), hint: expect.any(String) });
  expect(result.code).toBe(exit);
  expect(result.stdout.trimEnd().split('\n')).toHaveLength(1);
  return envelope.error;
}

/** The data of a command that did what it was asked, once its envelope is as promised. */
export function dataOf(result: CoordResult, command: string) {
  expect([result.code, result.stderr]).toEqual([0, '']);
  const envelope = result.json();
  expect(Object.keys(envelope)).toEqual(['schema', 'command', 'ok', 'data']);
  expect(envelope).toMatchObject({ schema: 'coord/1', command, ok: true });
  expect(result.stdout.trimEnd().split('\n')).toHaveLength(1);
  return envelope.data;
}
