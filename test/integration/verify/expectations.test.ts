import { expect, test } from 'vitest';
import { endpoint, look, NEW, OLD } from '../../support/endpoints.js';

const SHORT = NEW.slice(0, 7);
const ONCE = { timeoutSeconds: 0 };

async function shown(body: string, config: Parameters<typeof look>[1] = {}) {
  const { origin } = await endpoint((response) => response.end(body));
  return look(origin, { ...ONCE, ...config });
}

test.each([
  ['{commit}', NEW, true],
  ['{commit}', `x${NEW}.`, true],
  ['{commit}', SHORT, false],
  ['{commit}', `${NEW}0`, false],
  ['{commit}', `0${NEW}`, false],
  ['{short}', SHORT, true],
  ['{short}', NEW.slice(0, 12), true],
  ['{short}', NEW, true],
  ['{short}', `v1.2-3-g${SHORT}`, true],
  ['{short}', `${SHORT}0`, false],
  ['{short}', `0${SHORT}`, false],
  ['{short}', NEW.slice(0, 6), false],
  ['"commit":"{commit}"', `{"commit":"${NEW}"}`, true],
  ['"commit":"{commit}"', `{"next":"${NEW}"}`, false],
  ['(.*) $1 {short}', `(.*) $1 ${SHORT}`, true],
  ['(.*) $1 {short}', `xxx $1 ${SHORT}`, false],
])('%j in %j: %s', async (text, body, ok) => {
  expect((await shown(body, { expect: text })).ok).toBe(ok);
});

test.each([
  ['"commit":\\s*"{commit}"', `{"commit": "${NEW}"}`, true],
  ['"commit":\\s*"{commit}"', `{"commit": "${OLD}"}`, false],
  ['^{short}$', `one\n${SHORT}\ntwo`, true],
  ['^{short}$', `one ${SHORT}`, false],
])('the pattern %j in %j: %s', async (pattern, body, ok) => {
  expect(await shown(body, { expect: null, pattern })).toMatchObject({ ok, namesCommit: true });
});

test('the commit in another form is told apart from another commit', async () => {
  const seen = await shown(`v ${SHORT}`);
  expect(seen).toMatchObject({ ok: false, reason: 'missing', seen: SHORT });
  expect(seen.finding).toContain('the commit in another form');
});

test('a page that shows the old version beside the new one tells nothing by the bare commit', async () => {
  const history = `deployed ${NEW}, before ${OLD}`;
  expect(await shown(history)).toMatchObject({ ok: false, reason: 'ambiguous', seen: OLD });
  expect(await shown(`${SHORT} ${OLD.slice(0, 9)}`, { expect: '{short}' })).toMatchObject({ reason: 'ambiguous' });
});

test.each([{ expect: ' {commit} ' }, { expect: null, pattern: '{commit}' }])(
  'nor by %o, which is no more',
  async (config) => {
    expect(await shown(`${OLD} ${NEW} ${OLD}`, config)).toMatchObject({ ok: false, reason: 'ambiguous' });
  },
);

test('where no commit is expected, none is missed', async () => {
  expect(await shown('cafe123 is ill', { expect: 'well' })).toMatchObject({
    reason: 'missing',
    seen: 'cafe123 is ill',
  });
});

test('of several numbers that may be a version, the one as long as a commit is named', async () => {
  const other = 'abcdef0123456789abcdef0123456789abcdef01';
  expect(await shown(`<script src="main.3f2a9bc1.js"></script>${other}`)).toMatchObject({ seen: other });
});

test('with words around the commit it does', async () => {
  expect(await shown(`deployed ${NEW}, before ${OLD}`, { expect: 'deployed {commit}' })).toMatchObject({ ok: true });
  const still = await shown(`deployed ${OLD}, next ${NEW}`, { expect: 'deployed {commit}' });
  expect(still).toMatchObject({ ok: false, reason: 'old-version', seen: OLD });
});

test('a deploy of what ran before already is not taken for an old version', async () => {
  const { origin } = await endpoint((response) => response.end(NEW));
  expect(await look(origin, ONCE, { previous: NEW })).toMatchObject({ ok: true });
});

test('what names no commit says so', async () => {
  expect(await shown('all is well', { expect: 'well' })).toMatchObject({
    ok: true,
    namesCommit: false,
    seen: 'all is well',
  });
});

test('an old version that is named in short is named so', async () => {
  expect(await shown(`v ${OLD.slice(0, 8)}`)).toMatchObject({ reason: 'old-version', seen: OLD });
});

test('a number without letters is no version', async () => {
  expect(await shown('{"startedAt":1763726400}')).toMatchObject({
    reason: 'missing',
    seen: '{"startedAt":1763726400}',
  });
});

test('a pattern that backtracks for ever is stopped', async () => {
  const seen = await shown(`${'a'.repeat(60)}!`, { expect: null, pattern: '(a+)+$' });
  expect(seen).toMatchObject({ ok: false, reason: 'slow-pattern' });
});

test.each(['ftp://endpoint.invalid/', 'nonsense', 'http://maya:secret@endpoint.invalid/'])(
  '%s is not asked, and not repeated',
  async (url) => {
    const error = await look(url).catch((caught: Error) => caught);
    expect(error).toMatchObject({ code: 'usage' });
    expect(JSON.stringify(error) + String(error)).not.toContain('secret');
  },
);
