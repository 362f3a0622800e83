import { describe, expect, it } from 'vitest';
import { commitBody, movedTo, parseCommit, performs } from '../../../src/store/format/commits.js';
import {
  agentId,
  anyRecord,
  checkRecord,
  commit,
  flag,
  instant,
  listOf,
  oneOf,
  orNull,
  plainName,
  recordLine,
  recordOf,
  seconds,
  text,
  token,
  treePath,
  wholeNumber,
} from '../../../src/store/format/fields.js';
import { START } from '../../support/requests.js';

const CHECKS = { agentId, anyRecord, commit, flag, instant, plainName, seconds, text, token, treePath, wholeNumber };
const ID = 'a'.repeat(40);

describe('a field of a document', () => {
  it.each([
    ['text', ['', 'x'], [7, null, undefined, {}]],
    ['agentId', ['maya', 'a.b@c'], ['', '-x', 'a b', 7, null]],
    ['instant', [START], ['2026-11-21', 'x', 7, null]],
    ['flag', [true, false], ['true', 0, null]],
    ['seconds', [0, 1.5, 1800], [-1, '1', Number.NaN, Number.POSITIVE_INFINITY, null]],
    ['token', [0, 7, Number.MAX_SAFE_INTEGER], [-1, 1.5, '7', Number.MAX_SAFE_INTEGER + 1, null]],
    ['wholeNumber', [-3, 0, 7], [1.5, '7', null]],
    ['commit', [ID, 'b'.repeat(64)], ['A'.repeat(40), 'a'.repeat(39), 'a'.repeat(41), `${ID} `, 'a'.repeat(63), 7]],
    ['plainName', ['n1', 'a-b_C', 'x'.repeat(200)], ['', 'a/b', '..', 'x'.repeat(201), 'a b', 7]],
    [
      'treePath',
      ['a', 'src/a.ts', '.gitignore', '...'],
      ['', '/a', 'a/', 'a//b', '.', '..', 'a/../b', './a', '.git', 'a/.GIT/b', 'a\0b', 7, null],
    ],
    ['anyRecord', [{}, { a: 1 }], [[], null, 'x', 7]],
  ] as const)('that is a %s', (name, sound, wrong) => {
    const check = CHECKS[name];
    for (const value of sound) expect(check(value), String(value)).toBeNull();
    for (const value of wrong) expect(check(value), String(value)).toMatch(/^not /);
  });

  it('can be one of several, nothing, or a list', () => {
    expect([oneOf('a', 'b')('b'), oneOf('a', 'b')('c'), oneOf('a')(null)]).toEqual([
      null,
      'not one of a, b',
      'not one of a',
    ]);
    expect([orNull(text)(null), orNull(text)('x'), orNull(text)(7)]).toEqual([null, null, 'not a text']);
    const list = listOf(text);
    expect([list([]), list(['a', 'b']), list(['a', 7]), list('a')]).toEqual([
      ...[null, null, 'has an item that is not a text', 'not a list'],
    ]);
  });
});

describe('a record of a document', () => {
  interface Pair {
    readonly name: string;
    readonly token: number;
  }
  const shape = { name: text, token: token };
  const problems = (value: unknown, path = 'claims[3]') => {
    const found: string[] = [];
    checkRecord<Pair>(path, value, shape, found);
    return found;
  };

  it('has all of its fields, each as it should be, and no other', () => {
    expect(problems({ name: 'x', token: 1 })).toEqual([]);
    expect(problems({ token: -1, toString: 1 })).toEqual([
      ...['claims[3].name: missing', 'claims[3].token: not a token (a whole number)', 'claims[3].toString: unknown'],
    ]);
    expect(problems({ name: 7 }, '')).toEqual(['name: not a text', 'token: missing']);
    for (const none of [null, [], 'x', 7]) expect(problems(none)).toEqual(['claims[3]: not a record']);
    expect(problems(JSON.parse('{"name":"x","token":1,"__proto__":{}}'))).toEqual(['claims[3].__proto__: unknown']);
  });

  it('may stand in another, and is written with its fields in their order', () => {
    const nested = recordOf<Pair>(shape);
    expect(nested({ name: 'x', token: 1 })).toBeNull();
    expect(nested({ name: 7, token: -1 })).toBe('name: not a text, token: not a token (a whole number)');
    expect(recordLine<Pair>({ token: 1, name: 'x' }, shape)).toBe('{"name":"x","token":1}');
  });
});

describe('a coordination commit', () => {
  const entry = { operation: 'op1', agent: 'maya', at: START, summary: `claim a\nb ${'x'.repeat(300)}`, events: [] };
  const body = (place: { ref: string; movedTo?: string }, more: object = {}, parent: string | null = ID) =>
    parseCommit(commitBody('t'.repeat(40), parent, { ...entry, ...more }, [], place));

  it('names its tree, its parent and its writer, with one short line for a subject', () => {
    const { tree, parents, message } = body({ ref: 'refs/coord/state' });
    expect([tree, parents]).toEqual(['t'.repeat(40), [ID]]);
    expect(body({ ref: 'refs/coord/state' }, {}, null).parents).toEqual([]);
    const [subject = ''] = message.split('\n');
    expect(subject).toMatch(/^claim a\\nb x+…$/);
    expect(subject.length).toBeLessThan(210);
    const whole = commitBody('t', null, entry, [], { ref: 'refs/coord/state' }).toString();
    expect(whole).toMatch(
      /^tree t\nauthor maya <maya@coord\.invalid> \d+ \+0000\ncommitter maya <maya@coord\.invalid> \d+ \+0000\n\n/,
    );
  });

  it('is known by its operations, and by where the state went on', () => {
    const { message } = body({ ref: 'refs/coord/state', movedTo: 'refs/heads/x' }, { others: ['op2'] });
    expect(['op1', 'op2', 'op', 'op3'].map((operation) => performs(message, operation))).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(movedTo(message)).toBe('refs/heads/x');
    expect(movedTo(body({ ref: 'refs/coord/state' }).message)).toBeNull();
  });

  it('asks build hosts to pass it over, where it stands on a branch', () => {
    expect(body({ ref: 'refs/heads/coord' }).message).toMatch(/\[(?:skip ci|ci skip)\]/);
    expect(body({ ref: 'refs/coord/state' }).message).not.toContain('skip');
  });
});
