import { describe, expect, it } from 'vitest';
import { judgeTag, judgeTags, type TagFound, type TagVerdict } from '../../../src/domain/gates/judge.js';
import type { GatePayload } from '../../../src/domain/gates/payload.js';

const NOW = '2026-11-21T12:00:00.000Z';
const COMMIT = 'a'.repeat(40);
const QUESTION = { gate: 'owner', target: 'prod', commit: COMMIT, action: 'deploy' } as const;
const PAYLOAD: GatePayload = { ...QUESTION, expires: '2026-11-21T12:00:00.001Z', nonce: 'n1' };

function tag(changes: Partial<NonNullable<TagFound['tag']>> = {}, payload: Partial<GatePayload> = {}): TagFound {
  const sound = { name: 't', object: COMMIT, type: 'commit', payload: { ...PAYLOAD, ...payload }, signed: true };
  return { name: 't', tag: { ...sound, ...changes } };
}

const reason = (found: TagFound, used: string[] = []) => judgeTag(QUESTION, found, NOW, new Set(used))?.closed ?? null;

describe('a tag', () => {
  it('is left to the verifier when all that it says fits', () => {
    expect(reason(tag())).toBeNull();
  });

  it.each([
    ['unsigned', { name: 't', tag: null }],
    ['unsigned', tag({ signed: false })],
    ['malformed', tag({ payload: { problem: 'x' } })],
    ['replayed', tag({ name: 'other' })],
    ['wrong-gate', tag({}, { gate: 'legal' })],
    ['wrong-target', tag({}, { target: 'stage' })],
    ['wrong-commit', tag({}, { commit: 'b'.repeat(40) })],
    ['wrong-commit', tag({ object: 'b'.repeat(40) })],
    ['wrong-commit', tag({ type: 'tree' })],
    ['wrong-action', tag({}, { action: 'rollback' })],
    ['expired', tag({}, { expires: NOW })],
  ])('is %s otherwise', (closed, found) => {
    expect(reason(found)).toBe(closed);
  });

  it('counts for one deploy', () => {
    expect(reason(tag(), ['n2'])).toBeNull();
    expect(reason(tag(), ['n1'])).toBe('replayed');
  });
});

function verdict(person: string | null, changes: Partial<TagVerdict> = {}): TagVerdict {
  const good = { name: 't', closed: null, why: 'signed', person, payload: { ...PAYLOAD, nonce: `${person}` } };
  return { ...good, ...changes };
}

describe('the signatures together', () => {
  it('are of different people, no more of them than are needed, first the one that ends first', () => {
    const late = verdict('maya', { payload: { ...PAYLOAD, expires: '2027-01-01T00:00:00.000Z', nonce: 'late' } });
    const all = [late, verdict('maya'), verdict('MAYA'), verdict('noor'), verdict('omar')];
    expect(judgeTags(QUESTION, 1, all)).toMatchObject({ closed: null, people: ['maya'], nonces: ['maya'] });
    expect(judgeTags(QUESTION, 3, all)).toMatchObject({ closed: null, people: ['maya', 'noor', 'omar'] });
    expect(judgeTags(QUESTION, 4, all)).toMatchObject({
      closed: 'too-few-signers',
      finding: expect.stringContaining('3 of 4'),
    });
  });

  it('tell what came nearest when none counts, and each other reason', () => {
    const no = (closed: TagVerdict['closed'], why: string) => verdict(null, { closed, why });
    const all = [no('unsigned', 'U'), no('bad-signature', 'B'), no('expired', 'E')];
    expect(judgeTags(QUESTION, 1, all)).toMatchObject({ closed: 'expired', finding: 't E; t B; t U' });
    const finding = (...more: TagVerdict[]) => judgeTags(QUESTION, 1, [...all, ...more]).finding;
    expect(finding(no('expired', 'E2'))).toBe('t E; t B; t U; 1 more tag does not count');
    expect(finding(no('expired', 'E2'), no('replayed', 'R'))).toMatch(
      /^t \w+; t \w+; t \w+; 2 more tags do not count$/,
    );
    expect(judgeTags(QUESTION, 1, [])).toMatchObject({
      closed: 'unsigned',
      finding: expect.stringContaining('nobody'),
    });
    expect(judgeTags(QUESTION, 2, [verdict('maya'), no('revoked', 'R')]).finding).toContain('t R');
  });
});

describe('what is said of a tag that does not count', () => {
  const why = (found: TagFound, used: string[] = []) => judgeTag(QUESTION, found, NOW, new Set(used))?.why;
  const other = 'b'.repeat(40);

  it.each([
    [{ name: 't', tag: null }, 'annotated tag'],
    [tag({ signed: false }), 'not signed'],
    [tag({ payload: { problem: 'so and so' } }), 'so and so'],
    [tag({ name: 'elsewhere' }), 'elsewhere'],
    [tag({}, { gate: 'legal' }), 'gate legal'],
    [tag({}, { target: 'stage' }), 'target stage'],
    [tag({}, { commit: other }), `commit ${other.slice(0, 12)}`],
    [tag({ object: other }), `on ${other.slice(0, 12)}`],
    [tag({ type: 'tree' }), 'on a tree'],
    [tag({}, { action: 'rollback' }), 'for a rollback'],
    [tag({}, { expires: '2026-11-21T11:00:00.000Z' }), 'expired 1h ago'],
  ])('%j: %s', (found, words) => {
    expect(why(found)).toContain(words);
    expect(why(found)).not.toMatch(/[0-9a-f]{13}/);
  });

  it('or was used before', () => {
    expect(why(tag(), ['n1'])).toContain('before');
  });
});

it('too few signatures are told of with those that count, and why others do not', () => {
  const revoked = verdict('kim', { closed: 'revoked', why: 'was revoked' });
  expect(judgeTags(QUESTION, 3, [verdict('maya'), verdict('noor')]).finding).toBe(
    '2 of 3 people: signed by maya, noor',
  );
  expect(judgeTags(QUESTION, 2, [verdict('maya'), revoked]).finding).toBe(
    '1 of 2 people: signed by maya; t was revoked',
  );
  expect(judgeTags(QUESTION, 2, [verdict('maya'), verdict('noor')])).toMatchObject({
    ...{ closed: null, finding: 'signed by maya, noor', people: ['maya', 'noor'], nonces: ['maya', 'noor'] },
  });
  expect(judgeTags(QUESTION, 1, []).finding).toContain(`signed ${'a'.repeat(12)} for`);
  expect(judgeTags(QUESTION, 1, [])).toMatchObject({ people: [], nonces: [] });
});
