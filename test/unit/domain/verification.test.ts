import { describe, expect, it } from 'vitest';
import {
  type Answer,
  exitNameOf,
  expectationOf,
  isReadablePattern,
  judgeAnswer,
} from '../../../src/domain/deploy/verification.js';

const COMMIT = `9b1d0e4${'a'.repeat(33)}`;
const BEFORE = `51c77aa${'b'.repeat(33)}`;
const OTHER = `77deaf0${'c'.repeat(33)}`;
const bare = expectationOf({ expect: null, pattern: null }, COMMIT);

/** What a look comes to, as coord finds it: the pattern is run on the text. */
function look(
  text: string | null,
  { expect: words = null as string | null, pattern = null as string | null, ...rest } = {},
) {
  const { previous = BEFORE, ...answer } = rest as Partial<Answer> & { previous?: string | null };
  const wanted = expectationOf({ expect: words, pattern }, COMMIT);
  const isMatch = text !== null && new RegExp(wanted.source, 'm').test(text);
  return judgeAnswer({ text, status: 200, ageSeconds: null, ...answer }, wanted, { commit: COMMIT, previous }, isMatch);
}

describe('what an endpoint is expected to show', () => {
  const finds = (wanted: { expect?: string; pattern?: string }, text: string) =>
    new RegExp(expectationOf({ expect: null, pattern: null, ...wanted }, COMMIT).source, 'm').test(text);

  it('is the commit itself, where nothing else is said', () => {
    expect(bare).toMatchObject({ shown: COMMIT, namesCommit: true, bare: true });
    expect(finds({}, `version: ${COMMIT}\n`)).toBe(true);
    expect(finds({}, COMMIT.slice(0, 39))).toBe(false);
  });

  it.each([
    ['v={commit}', `v=${COMMIT}`, true, false],
    ['{short}', '9b1d0e4', true, true],
    [' {commit} {short} ', ` ${COMMIT} 9b1d0e4 `, true, true],
    ['ready', 'ready', false, false],
    ['a.b+{short}', 'a.b+9b1d0e4', true, false],
  ])('%j shows as %j', (expected, shown, namesCommit, isBare) => {
    expect(expectationOf({ expect: expected, pattern: null }, COMMIT)).toMatchObject({
      shown,
      namesCommit,
      bare: isBare,
    });
    expect(finds({ expect: expected }, `<p>${shown}</p>`)).toBe(true);
  });

  it('takes a text for itself, sign by sign, and a pattern for a pattern', () => {
    const signs = '\\^$.*+?()[]{}|/-';
    expect(finds({ expect: signs }, signs)).toBe(true);
    for (const other of ['a', 'x^$', 'ab']) expect(finds({ expect: 'a.b' }, other)).toBe(false);
    expect(finds({ pattern: '^v[0-9]+ {short}$' }, 'v12 9b1d0e4')).toBe(true);
    expect(finds({ pattern: '^v[0-9]+ {short}$' }, 'v 9b1d0e4')).toBe(false);
  });

  it('finds a commit where it stands alone, by any length of it from seven signs where the short form is meant', () => {
    for (const length of [7, 8, 39, 40])
      expect(finds({ expect: '{short}' }, `x ${COMMIT.slice(0, length)}.`)).toBe(true);
    for (const text of [COMMIT.slice(0, 6), `0${COMMIT.slice(0, 7)}`, `${COMMIT.slice(0, 7)}0`, `${COMMIT}a`])
      expect(finds({ expect: '{short}' }, text)).toBe(false);
    expect(finds({ expect: '{commit}' }, COMMIT.slice(0, 12))).toBe(false);
  });

  it.each([
    ['v{short}', true],
    ['[0-9', false],
    ['(', false],
    ['a{commit}b', true],
  ])('the pattern %j can be read: %s', (pattern, isReadable) => {
    expect(isReadablePattern(pattern)).toBe(isReadable);
  });
});

describe('what an endpoint shows', () => {
  it('is right where it names the commit, or what else was expected', () => {
    expect(look(`at ${COMMIT}`)).toEqual({ reason: null, seen: COMMIT, finding: `shows ${COMMIT}` });
    expect(look(`at ${COMMIT}`, { previous: null } as never).reason).toBeNull();
    expect(look('all\n  ready  now', { expect: 'ready' })).toEqual({
      reason: null,
      seen: 'all ready now',
      finding: 'shows ready',
    });
  });

  it('tells nothing where it names what ran before too, unless more than the bare commit was expected', () => {
    const both = `${BEFORE} ${COMMIT}`;
    expect(look(both)).toMatchObject({ reason: 'ambiguous', seen: BEFORE });
    expect(look(both).finding).toContain(`both ${BEFORE}`);
    expect(look(`old ${BEFORE} v=${COMMIT}`, { expect: 'v={commit}' }).reason).toBeNull();
    expect(look(both, { previous: COMMIT } as never).reason).toBeNull();
    expect(look(both, { previous: null } as never).reason).toBeNull();
  });

  it.each([
    ['what ran before', `x ${BEFORE}`, 'old-version', BEFORE],
    ['a beginning of what ran before', 'x 51c77aa', 'old-version', BEFORE],
    ['another commit', `x ${OTHER}`, 'other-version', OTHER],
    ['a short one', 'x 77deaf0', 'other-version', '77deaf0'],
    ['a full one beside a short one', `77deaf0 ${OTHER}`, 'other-version', OTHER],
    ['the commit in another form', `x ${COMMIT.slice(0, 12)}`, 'missing', COMMIT.slice(0, 12)],
    ['no commit', 'hello\n world', 'missing', 'hello world'],
    ['a number without a letter', 'x 1234567890', 'missing', 'x 1234567890'],
    ['letters without a number', 'x abcdefabc', 'missing', 'x abcdefabc'],
    ['nothing', ' \n ', 'missing', null],
  ] as const)('is wrong where it is %s', (_, text, reason, seen) => {
    const found = look(text);
    expect(found).toMatchObject({ reason, seen });
    expect(found.finding).toContain(reason === 'old-version' ? `not ${COMMIT}` : seen === null ? 'nothing' : seen);
    expect(found.finding).not.toContain('cache');
  });

  it('is taken for another version only where the commit was to be named', () => {
    expect(look(`x ${OTHER}`, { expect: 'ready' })).toMatchObject({ reason: 'missing', seen: `x ${OTHER}` });
    expect(look(`x ${OTHER}`, { expect: 'ready' }).finding).toContain('not "ready"');
  });

  it('says that a cache has kept it, and how long, whatever it is', () => {
    for (const text of [`x ${BEFORE}`, `x ${OTHER}`, COMMIT.slice(0, 12), 'hello']) {
      expect(look(text, { ageSeconds: 90 } as never).finding).toMatch(/, from a cache \(90s old\)$/);
      expect(look(text, { ageSeconds: 0 } as never).finding).not.toContain('cache');
    }
  });

  it('is missing where the header is, and unknown where the pattern took too long', () => {
    expect(look(null, { status: 204 } as never)).toEqual({
      reason: 'missing',
      seen: null,
      finding: 'answers 204 without the header',
    });
    const slow = (text: string | null) =>
      judgeAnswer({ text, status: 200, ageSeconds: null }, bare, { commit: COMMIT, previous: null }, null);
    expect(slow('a\nb')).toMatchObject({ reason: 'slow-pattern', seen: 'a b' });
    expect(slow(null)).toMatchObject({ reason: 'slow-pattern', seen: null });
    expect(slow(null).finding).toContain('took too long');
  });

  it('keeps of a long answer one line of eighty signs', () => {
    const { seen, finding } = look(`${'word '.repeat(500)}`);
    expect(seen).toMatch(/^word word/);
    expect(seen?.length).toBeLessThanOrEqual(80);
    expect(finding).not.toContain('\n');
    expect(look(`${' '.repeat(900)}late`).seen).toBeNull();
  });
});

it.each([
  ...(['old-version', 'other-version', 'missing'] as const).map((reason) => [reason, 'behind'] as const),
  ...(
    [
      'ambiguous',
      'status',
      'redirect',
      'too-large',
      'unreadable',
      'slow-pattern',
      'timeout',
      'unreachable',
      'tls',
    ] as const
  ).map((reason) => [reason, 'unavailable'] as const),
])('%s ends with %s', (reason, name) => {
  expect(exitNameOf(reason)).toBe(name);
});
