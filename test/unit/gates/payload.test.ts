import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatPayload, type GatePayload, parsePayload, tagName } from '../../../src/domain/gates/payload.js';

const PAYLOAD: GatePayload = {
  ...{ gate: 'owner', target: 'prod', commit: 'a'.repeat(40), action: 'deploy' },
  ...{ expires: '2026-11-21T13:00:00.000Z', nonce: '0123456789abcdef' },
};
const TEXT = `coord-gate: 1
gate: owner
target: prod
commit: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
action: deploy
expires: 2026-11-21T13:00:00.000Z
nonce: 0123456789abcdef
`;

describe('what a person signs', () => {
  it('is this text', () => {
    expect(formatPayload(PAYLOAD)).toBe(TEXT);
    expect(parsePayload(TEXT)).toEqual(PAYLOAD);
  });

  it('comes back the same for all names, in printable ASCII on seven lines', () => {
    const name = fc.string({ unit: 'grapheme', minLength: 1 });
    fc.assert(
      fc.property(name, name, fc.constantFrom('deploy', 'rollback'), (gate, target, action) => {
        const payload: GatePayload = { ...PAYLOAD, gate, target, action: action as GatePayload['action'] };
        const text = formatPayload(payload);
        expect(text).toMatch(/^(?:[ -~]+\n){7}$/);
        expect(parsePayload(text)).toEqual(payload);
      }),
    );
  });

  it('is another text for another payload', () => {
    const pair = fc.tuple(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }));
    fc.assert(
      fc.property(pair, pair, ([gate, target], [otherGate, otherTarget]) => {
        const same = gate === otherGate && target === otherTarget;
        const texts = [
          formatPayload({ ...PAYLOAD, gate, target }),
          formatPayload({ ...PAYLOAD, gate: otherGate, target: otherTarget }),
        ];
        expect(texts[0] === texts[1]).toBe(same);
      }),
    );
  });

  it.each([
    ['nothing', ''],
    ['no line end', TEXT.trimEnd()],
    ['a blank line', `${TEXT}\n`],
    ['a line that is not known', `${TEXT}approved: yes\n`],
    ['a line twice', `${TEXT}gate: owner\n`],
    ['a line of another gate', TEXT.replace('gate: owner\n', 'gate: owner\ngate: legal\n')],
    ['another order', TEXT.replace(/^(gate.*\n)(target.*\n)/m, '$2$1')],
    ['another version', TEXT.replace('coord-gate: 1', 'coord-gate: 2')],
    ['a blank more', TEXT.replace('gate: owner', 'gate:  owner')],
    ['a blank at an end', TEXT.replace('owner\n', 'owner \n')],
    ['carriage returns', TEXT.replaceAll('\n', '\r\n')],
    ['a name in quotes that needs none', TEXT.replace('gate: owner', 'gate: "owner"')],
    ['a name with another escape', TEXT.replace('gate: owner', 'gate: "\\u0061 b"')],
    ['no name', TEXT.replace('gate: owner', 'gate: ')],
    ['a short commit', TEXT.replace('a'.repeat(40), 'a'.repeat(12))],
    ['a commit in capitals', TEXT.replace('a'.repeat(40), 'A'.repeat(40))],
    ['another action', TEXT.replace('action: deploy', 'action: anything')],
    ['another form of time', TEXT.replace('13:00:00.000Z', '13:00:00Z')],
    ['a day that is none', TEXT.replace('11-21', '02-31')],
    ['no time', TEXT.replace('2026-11-21T13:00:00.000Z', 'never')],
    ['a short nonce', TEXT.replace('0123456789abcdef', '0123')],
    ['a byte order mark', `\uFEFF${TEXT}`],
  ])('is refused with %s', (_what, text) => {
    expect(parsePayload(text)).toEqual({ problem: expect.stringMatching(/^it |^its |^a name /) });
  });

  it.each([
    [TEXT.trimEnd(), /end/],
    [`${TEXT}approved: yes\n`, /unknown line/],
    [`${TEXT}: yes\n`, /unknown line/],
    [`${TEXT}gate: owner\n`, /gate twice/],
    [TEXT.replace('coord-gate: 1', 'coord-gate: 2'), /version/],
    [TEXT.replace('gate: owner\n', 'gate: "\n'), /name/],
    [TEXT.replace('gate: owner\n', 'gate: "owner\n'), /name/],
    [TEXT.replace('target: prod\n', 'target: ü\n'), /name/],
    [TEXT.replace('target: prod\n', 'target: "x" y\n'), /name/],
    [TEXT.replace('a'.repeat(40), 'a'.repeat(39)), /commit/],
    [TEXT.replace('action: deploy', 'action: x'), /action/],
    [TEXT.replace('13:00:00.000Z', '13:00Z'), /expiry/],
    [TEXT.replace('0123456789abcdef', 'xyz'), /nonce/],
    [TEXT.replace('gate: owner', 'gate: "owner"'), /as coord writes/],
  ])('%j is refused with what is wrong', (text, problem) => {
    expect(parsePayload(text)).toEqual({ problem: expect.stringMatching(problem) });
  });

  it.each(['coord-gate', 'gate', 'target', 'commit', 'action', 'expires', 'nonce'])('is refused without %s', (key) => {
    const text = TEXT.replace(new RegExp(`^${key}: .*\n`, 'm'), '');
    expect(parsePayload(text)).toEqual({ problem: `it does not say ${key}` });
  });
});

describe('the name of its tag', () => {
  it('has what git would not allow in the bytes of it, and is not too long for a file', () => {
    const of = (gate: string) => tagName({ ...PAYLOAD, gate }, 'n').split('/')[2];
    expect(of('a-b_9')).toBe('a-b_9');
    expect(of('ü.\n')).toBe('%C3%BC%2E%0A');
    expect(of('x'.repeat(500))).toHaveLength(120);
  });

  it('is one that git allows, and another for other names', () => {
    const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(name, name, (gate, target) => {
        const tag = tagName({ ...PAYLOAD, gate, target }, PAYLOAD.nonce);
        expect(tag).toMatch(/^coord\/gate\/[\w%-]+\/[\w%-]+\/a{12}\/0123456789abcdef$/);
        if (gate !== target) expect(tag).not.toBe(tagName({ ...PAYLOAD, gate: target, target: gate }, PAYLOAD.nonce));
      }),
    );
  });
});
