import { describe, expect, it } from 'vitest';
import { CoordError } from '../../../src/errors.js';
import {
  DOCUMENTS,
  decodeClaims,
  decodeLog,
  decodeVerifiedClaims,
  encodeClaims,
  encodeLog,
} from '../../../src/store/format/documents.js';
import {
  agentRecord,
  claimRecord,
  HOSTILE_TEXTS,
  noteRecord,
  releaseRecord,
  stateOf,
  waiterRecord,
} from '../../support/records.js';
import { at, START } from '../../support/requests.js';

function failureOf(work: () => unknown): CoordError {
  try {
    work();
  } catch (error) {
    if (error instanceof CoordError) return error;
    throw error;
  }
  throw new Error('was read');
}

function problemsOf(source: string): readonly string[] {
  const error = failureOf(() => decodeClaims(source));
  expect(error.code).toBe('corrupt');
  expect(error.hint).toBeTruthy();
  return error.details.problems as string[];
}

const full = stateOf({
  lastToken: 9,
  claims: [claimRecord(3), claimRecord(9, { mode: 'shared', session: 's', reason: 'why', base: 'b'.repeat(64) })],
  waiters: [waiterRecord('w1'), waiterRecord('w2', { passive: true })],
  releases: [releaseRecord('src/old.ts')],
});

/** The document with one claim whose fields were changed by hand. */
function withClaim(changes: Record<string, unknown>): string {
  const value = JSON.parse(encodeClaims(stateOf({ lastToken: 3, claims: [claimRecord(3)] })));
  value.claims[0] = { ...value.claims[0], ...changes };
  return JSON.stringify(value);
}

/** Each list alone. */
function singles(lists: object): Record<string, object> {
  return Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, { [name]: list }]));
}

describe('claims.json', () => {
  it('is read as it was written', () => {
    expect(stateOf(decodeClaims(encodeClaims(full)))).toEqual(full);
  });

  it.each(['written', 'checked'] as const)('is read so, and written again, when it is known to be %s', (soundness) => {
    const lists = { claims: full.claims, waiters: full.waiters, releases: full.releases };
    for (const [name, kept] of Object.entries({ all: lists, none: {}, ...singles(lists) })) {
      const state = stateOf({ lastToken: 9, ...kept });
      const source = encodeClaims(state);
      const read = decodeVerifiedClaims(source, soundness);
      expect([name, stateOf(read)]).toEqual([name, state]);
      expect(encodeClaims(stateOf(read), read)).toBe(source);
    }
  });

  it('has one record a line, keys in a fixed order, and a last line that ends', () => {
    const source = encodeClaims(full);
    expect(
      source.startsWith(
        '{\n"format": 1,\n"lastToken": 9,\n"lastClaim": 9,\n"lastWaiter": 2,\n"claims": [\n{"id":"c3","target":"src/3.ts","kind":"path"',
      ),
    ).toBe(true);
    expect(source.endsWith('}\n')).toBe(true);
    for (const record of [...full.claims, ...full.waiters, ...full.releases]) {
      expect(source.split('\n').filter((line) => line.startsWith(JSON.stringify(record)))).toHaveLength(1);
    }
  });

  it('is the same text whatever the order of keys and claims in memory', () => {
    const shuffled = {
      ...full,
      claims: full.claims
        .toReversed()
        .map((claim) => Object.fromEntries(Object.entries(claim).toReversed()) as unknown as typeof claim),
    };
    expect(encodeClaims(shuffled)).toBe(encodeClaims(full));
  });

  it('keeps the queue in its order: it is the order of service', () => {
    const waiters = [waiterRecord('z'), waiterRecord('a')];
    expect(decodeClaims(encodeClaims(stateOf({ waiters }))).waiters.map(({ id }) => id)).toEqual(['z', 'a']);
  });

  it.each(HOSTILE_TEXTS)('keeps %j on one line, unchanged', (text) => {
    const state = stateOf({ lastToken: 1, claims: [claimRecord(1, { target: text, reason: text })] });
    const source = encodeClaims(state);
    expect(source.split('\n')).toHaveLength(encodeClaims(stateOf({ claims: [claimRecord(1)] })).split('\n').length);
    expect(decodeClaims(source).claims).toEqual(state.claims);
  });

  it.each([2, 99, 1.5])('of the newer format %d is refused with what to upgrade', (format) => {
    const error = failureOf(() => decodeClaims(JSON.stringify({ format, other: true })));
    expect(error).toMatchObject({ code: 'corrupt', hint: expect.stringContaining('upgrade coord') });
    expect(error.details).toMatchObject({ format, supported: 1 });
  });

  it.each([
    ['', 'not JSON'],
    ['{"format":1', 'not JSON'],
    ['null', 'format: missing, not 1'],
    ['[]', 'format: missing, not 1'],
    ['"1"', 'format: missing, not 1'],
    ['{"format":"1"}', 'format: "1", not 1'],
    ['{"format":0}', 'format: 0, not 1'],
    ['{"format":-1}', 'format: -1, not 1'],
    ['<<<<<<< HEAD\n{}', 'not JSON'],
  ])('%j is damaged', (source, problem) => {
    expect(problemsOf(source)).toEqual(expect.arrayContaining([expect.stringContaining(problem)]));
  });

  it('lists every problem, with its place', () => {
    const value = JSON.parse(encodeClaims(full));
    value.extra = 1;
    value.lastToken = '9';
    value.claims[0].expiresAt = 'tomorrow';
    delete value.claims[0].agent;
    value.claims[1].mode = 'both';
    value.claims[1].surprise = true;
    value.waiters[1] = null;
    value.releases = {};
    const problems = problemsOf(JSON.stringify(value));
    expect([...problems].sort()).toEqual([
      'claims[0].agent: missing',
      'claims[0].expiresAt: not an ISO instant',
      'claims[1].mode: not one of exclusive, shared',
      'claims[1].surprise: unknown',
      'extra: unknown',
      'lastToken: not a token (a whole number)',
      'releases: not a list',
      'waiters[1]: not a record',
    ]);
  });

  it('lists fifty problems in words, and all in the details', () => {
    const claims = Array.from({ length: 80 }, (_, index) => ({ ...claimRecord(index), token: 'x' }));
    const value = { ...JSON.parse(encodeClaims(stateOf())), claims };
    const error = failureOf(() => decodeClaims(JSON.stringify(value)));
    expect(error.details.problems).toHaveLength(80);
    expect(error.message).toContain('and 30 more');
    expect(error.message.split('\n')).toHaveLength(52);
  });

  it.each([
    [{ token: 4 }, 'claims[0].token: larger than lastToken'],
    [{ token: -1 }, 'claims[0].token: not a token (a whole number)'],
    [{ token: 1.5 }, 'claims[0].token: not a token (a whole number)'],
    [{ token: 2 ** 60 }, 'claims[0].token: not a token (a whole number)'],
    [{ ttlSeconds: -5 }, 'claims[0].ttlSeconds: not a number of seconds'],
    [{ ttlSeconds: null }, 'claims[0].ttlSeconds: not a number of seconds'],
    [{ base: 'HEAD' }, 'claims[0].base: not a commit id'],
    [{ base: 'a'.repeat(41) }, 'claims[0].base: not a commit id'],
    [{ target: null }, 'claims[0].target: not a text'],
    [{ kind: 'file' }, 'claims[0].kind: not one of path, directory, glob, resource'],
    [{ allowedBehind: 'no' }, 'claims[0].allowedBehind: not true or false'],
    [{ renewedAt: '2026-11-21T12:00:00Z' }, 'claims[0].renewedAt: not an ISO instant'],
    [{ offer: { to: 'noor' } }, 'claims[0].offer: at: missing, commit: missing, declined: missing'],
  ])('refuses a claim with %j', (changes, problem) => {
    expect(problemsOf(withClaim(changes))).toEqual([problem]);
  });

  it('refuses a key called __proto__ and an inherited one that is missing', () => {
    const source = encodeClaims(stateOf({ lastToken: 3, claims: [claimRecord(3)] })).replace(
      '{"id"',
      '{"__proto__":{},"id"',
    );
    expect(problemsOf(source)).toEqual(['claims[0].__proto__: unknown']);
  });

  it('refuses an id that two claims have', () => {
    const twice = stateOf({ lastToken: 9, claims: [claimRecord(3), claimRecord(4, { id: 'c3' })] });
    expect(problemsOf(encodeClaims(twice))).toEqual(['claims[1].id: used twice']);
  });
});

describe('agents.json', () => {
  const agents = [
    agentRecord('maya', { killed: { by: 'boss', at: START, reason: 'runaway\nloop' } }),
    agentRecord('noor', {
      losses: [{ claim: 'c', target: 'a', token: 1, at: at(1), how: 'expired', session: null, by: null, reason: null }],
    }),
  ];

  it('is read as it was written, sorted by id', () => {
    expect(DOCUMENTS.agents.decode(DOCUMENTS.agents.encode(agents))).toEqual(agents);
    expect(DOCUMENTS.agents.encode(agents.toReversed())).toBe(DOCUMENTS.agents.encode(agents));
  });

  it('lists every problem', () => {
    const value = JSON.parse(DOCUMENTS.agents.encode(agents));
    value.agents[0].role = 'king';
    value.agents[1].losses[0].how = 'stolen';
    value.agents[1].killed = {};
    const error = failureOf(() => DOCUMENTS.agents.decode(JSON.stringify(value)));
    expect(error.details.problems).toEqual([
      'agents[0].role: not one of peer, orchestrator, worker',
      'agents[1].killed: by: missing, at: missing, reason: missing',
      expect.stringContaining('agents[1].losses: has an item that is how: not one of expired'),
    ]);
  });
});

describe('log.jsonl', () => {
  const notes = HOSTILE_TEXTS.map((text, index) => noteRecord(`n${index}`, text, { to: [text], target: text }));

  it('is read as it was written, a line a note', () => {
    const source = encodeLog(notes);
    expect(source.split('\n')).toHaveLength(notes.length + 2);
    expect(decodeLog('log.jsonl', source)).toEqual(notes);
    expect(decodeLog('log.jsonl', encodeLog([]))).toEqual([]);
  });

  it.each([
    [(source: string) => source.slice(0, -1), 'the last line is torn: no newline at its end'],
    [(source: string) => source.slice(0, -20), 'the last line is torn: no newline at its end'],
    [(source: string) => source.replace('"kind":"note"', '"kind":"approval"'), 'line 2.kind: not one of'],
    [(source: string) => source.replace('{"format":1}', '{}'), 'format: missing, not 1'],
    [(source: string) => source.replace('{"id":"n1"', '\n{"id":"n1"'), 'line 3: not JSON'],
    [() => '', 'not JSON'],
  ])('is refused when it is damaged (%#)', (damage, problem) => {
    const error = failureOf(() => decodeLog('log/x.jsonl', damage(encodeLog(notes))));
    expect(error.code).toBe('corrupt');
    expect(error.message).toContain('log/x.jsonl is damaged');
    expect(error.details.problems).toEqual(expect.arrayContaining([expect.stringContaining(problem)]));
  });

  it('of a newer format is refused with what to upgrade', () => {
    const error = failureOf(() => decodeLog('log.jsonl', '{"format":2}\n'));
    expect(error.hint).toContain('upgrade coord');
  });
});
