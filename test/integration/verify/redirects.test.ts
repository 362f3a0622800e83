import { expect, test } from 'vitest';
import { endpoint, look, NEW } from '../../support/endpoints.js';

const ONCE = { timeoutSeconds: 0 };

async function leadingTo(location: string | ((origin: string) => string)) {
  let origin = '';
  const from = await endpoint((response, _, { path }) => {
    if (path === '/here') response.end(NEW);
    else response.writeHead(302, { location: typeof location === 'string' ? location : location(origin) }).end(NEW);
  });
  origin = from.origin;
  return from;
}

test('a redirect is not followed unless that is allowed, not even on the same host', async () => {
  const { origin, asked } = await leadingTo('/here');
  const seen = await look(`${origin}/`, ONCE);
  expect(seen).toMatchObject({
    ok: false,
    reason: 'redirect',
    status: 302,
    finding: `${origin}/ redirects to ${origin}/here`,
  });
  expect(asked).toHaveLength(1);
});

test('on the same origin it is followed where that is allowed, and no cache may answer there either', async () => {
  const { origin, asked } = await leadingTo('/here');
  expect(await look(`${origin}/`, { ...ONCE, redirects: 'same-origin' })).toMatchObject({ ok: true });
  expect(asked.slice(0, 2)).toEqual([
    expect.stringMatching(/^\/\?coord-verify=/),
    expect.stringMatching(/^\/here\?coord-verify=/),
  ]);
});

test('elsewhere is not asked, unless the host is one that is named', async () => {
  const elsewhere = await endpoint((response) => response.end(NEW));
  const { origin } = await leadingTo(`${elsewhere.origin}/x?token=secret`);
  const refused = await look(origin, { ...ONCE, redirects: 'same-origin' });
  expect(refused).toMatchObject({ ok: false, reason: 'redirect' });
  expect(refused.finding).toBe(`${origin}/ redirects to ${elsewhere.origin}/x`);
  expect(await look(origin, { ...ONCE, redirects: ['127.0.0.1'] })).toMatchObject({ reason: 'redirect' });
  expect(elsewhere.asked).toEqual([]);
  const named = { ...ONCE, redirects: [new URL(elsewhere.origin).host] };
  expect(await look(origin, named)).toMatchObject({ ok: true });
});

test.each([
  ['a loop', '/', 'redirects in a loop'],
  ['an address with a password', 'http://maya:secret@127.0.0.1/', 'redirects to http://127.0.0.1/'],
  ['a file', 'file:///etc/passwd', 'redirects to file:'],
  ['a script', 'javascript:alert(1)', 'redirects to javascript:'],
  ['nonsense', 'http://[', 'redirects to something that is not an address'],
])('a redirect to %s is refused', async (_, location, finding) => {
  const { origin } = await leadingTo(location);
  const seen = await look(`${origin}/`, { ...ONCE, redirects: 'same-origin' });
  expect(seen).toMatchObject({ ok: false, reason: 'redirect', finding: `${origin}/ ${finding}` });
  expect(JSON.stringify(seen)).not.toContain('secret');
});

test('a chain without an end is left', async () => {
  let step = 0;
  const { origin, asked } = await leadingTo(() => `/step-${++step}`);
  expect(await look(origin, { ...ONCE, redirects: 'same-origin' })).toMatchObject({ reason: 'redirect' });
  expect(asked).toHaveLength(6);
});

test('a redirect without a place to go is a status', async () => {
  const { origin } = await endpoint((response) => response.writeHead(302).end());
  expect(await look(origin, { ...ONCE, redirects: 'same-origin' })).toMatchObject({ reason: 'status', status: 302 });
});
