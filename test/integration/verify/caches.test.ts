import { expect, test } from 'vitest';
import { bareServer, endpoint, look, NEW, OLD } from '../../support/endpoints.js';

test('a cache is gone round, and what it shows to others is told', async () => {
  const { origin, asked } = await endpoint((response, _, { query }) => {
    if (query.has('coord-verify')) response.end(NEW);
    else response.setHeader('age', '300').end(OLD);
  });
  const seen = await look(`${origin}/version`);
  expect(seen).toMatchObject({ ok: true, attempts: 1, seen: NEW, cached: { seen: OLD, ageSeconds: 300 } });
  expect(asked).toHaveLength(2);
});

test('each attempt asks for another address, with headers that caches heed; the last look has none of these', async () => {
  const { origin, asked, headers } = await endpoint((response, count) => response.end(count === 1 ? OLD : NEW));
  await look(`${origin}/version`);
  expect(headers.map(({ connection }) => connection)).toEqual(['close', 'close', 'close']);
  expect(new Set(asked).size).toBe(3);
  expect(headers.map((sent) => [sent['cache-control'], sent.pragma])).toEqual([
    ['no-cache', 'no-cache'],
    ['no-cache', 'no-cache'],
    [undefined, undefined],
  ]);
});

test('the last look has a connection of its own, though the server would keep the first', async () => {
  const { origin, connections } = await bareServer(`HTTP/1.1 200 OK\r\ncontent-length: ${NEW.length}\r\n\r\n${NEW}`);
  expect(await look(origin)).toMatchObject({ ok: true, attempts: 1 });
  expect(connections()).toBe(2);
});

test('the query of the address stays as it is written, and its fragment at home', async () => {
  const { origin, asked } = await endpoint((response) => response.end(NEW));
  const { url } = await look(`${origin}/v?a=%20b&b=1+2&&c#top`);
  expect(url).toBe(`${origin}/v?a=%20b&b=1+2&&c`);
  expect(asked[0]).toMatch(/^\/v\?a=%20b&b=1\+2&&c&coord-verify=\w+$/);
  expect(asked[1]).toBe('/v?a=%20b&b=1+2&&c');
});

test.each([
  ['another version', 'abcdef0123456789abcdef0123456789abcdef01'],
  ['no version', 'please wait'],
])('a cache that shows %s to others is told, too', async (_, kept) => {
  const { origin } = await endpoint((response, _count, { query }) =>
    response.end(query.has('coord-verify') ? NEW : kept),
  );
  expect(await look(origin)).toMatchObject({ ok: true, cached: { seen: kept, ageSeconds: null } });
});

test('a cache that heeds nothing is named with its age', async () => {
  const { origin } = await endpoint((response) => response.setHeader('age', '77').end(OLD));
  const seen = await look(origin, { timeoutSeconds: 0 });
  expect(seen.reason).toBe('old-version');
  expect(seen.finding).toMatch(/from a cache \(77s old\)$/);
});

test('a look round no cache that breaks does not undo what was seen', async () => {
  const { origin } = await endpoint((response, _, { query }) => {
    if (query.has('coord-verify')) response.end(NEW);
    else response.destroy();
  });
  expect(await look(origin)).toMatchObject({ ok: true, cached: null });
});
