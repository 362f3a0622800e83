import { once } from 'node:events';
import { createServer as createTcpServer } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { expect, onTestFinished, test, vi } from 'vitest';
import { CutOff, endpoint, look, NEW, OLD, selfSigned } from '../../support/endpoints.js';
import { sandbox } from '../../support/sandbox.js';
import { deafPort, silentServer } from '../../support/servers.js';

const ONCE = { timeoutSeconds: 0 };

test.each([404, 500, 503, 204])('status %i is no answer, whatever its body shows', async (status) => {
  const { origin } = await endpoint((response) => response.writeHead(status).end(NEW));
  const seen = await look(origin, ONCE);
  expect(seen).toMatchObject({ ok: false, reason: 'status', status, finding: `${origin}/ answers ${status}, not 200` });
});

test('another status can be what is expected, a redirect too', async () => {
  const { origin } = await endpoint((response) => response.writeHead(302, { location: '/x', 'x-commit': NEW }).end());
  expect(await look(origin, { ...ONCE, status: 302, header: 'X-Commit' })).toMatchObject({ ok: true, status: 302 });
});

test('a header is looked at in place of the body', async () => {
  const { origin } = await endpoint((response) => response.setHeader('X-Commit', OLD).end(NEW));
  expect(await look(origin, { ...ONCE, header: 'x-commit' })).toMatchObject({ reason: 'old-version', seen: OLD });
  const none = await look(origin, { ...ONCE, header: 'x-revision' });
  expect(none).toMatchObject({ reason: 'missing', seen: null });
  expect(none.finding).toContain('without the header');
});

test('where a header is looked at, the body is not waited for', async () => {
  const left: Promise<unknown>[] = [];
  const { origin } = await endpoint((response) => {
    left.push(once(response, 'close'));
    response.setHeader('x-commit', NEW);
    response.write('the rest never comes');
  });
  expect(await look(origin, { ...ONCE, header: 'x-commit' })).toMatchObject({ ok: true });
  // The connections are left, so that nothing keeps the program from ending.
  expect(await Promise.all(left)).toHaveLength(2);
});

test.each([
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
] as const)('a body in %s is decoded', async (encoding, encode) => {
  const { origin } = await endpoint((response) => response.setHeader('content-encoding', encoding).end(encode(NEW)));
  expect(await look(origin, ONCE)).toMatchObject({ ok: true });
});

test.each([
  ['gzip', Buffer.from(NEW)],
  ['gzip', gzipSync(NEW).subarray(0, 20)],
  ['br', Buffer.from(`${NEW}${OLD}`)],
  ['br', brotliCompressSync(NEW.repeat(9)).subarray(0, 8)],
  ['deflate', Buffer.from(NEW)],
  ['rot13', Buffer.from(NEW)],
  ['constructor', Buffer.from(NEW)],
] as const)('a body that is not in %s as it says cannot be read', async (encoding, body) => {
  const { origin } = await endpoint((response) => response.setHeader('content-encoding', encoding).end(body));
  expect(await look(origin, ONCE)).toMatchObject({ ok: false, reason: 'unreadable', status: 200 });
});

test.each([
  ['plain', (body: Buffer) => body, {}],
  ['packed', gzipSync, { 'content-encoding': 'gzip' }],
] as const)('a %s body of more than a megabyte is not read to its end', async (_, encode, headers) => {
  const { origin } = await endpoint((response) =>
    response.writeHead(200, headers).end(encode(Buffer.alloc(2 ** 24, NEW))),
  );
  expect(await look(origin, ONCE)).toMatchObject({ ok: false, reason: 'too-large' });
});

test('a body without an end is too large, not waited for', async () => {
  const { origin } = await endpoint((response) => {
    const more = () => response.write('x'.repeat(65_536), (error) => error || more());
    more();
  });
  expect(await look(origin, ONCE)).toMatchObject({ reason: 'too-large' });
});

test('an answer that is cut short does not count, though it holds the commit', async () => {
  const { origin } = await endpoint((response) => {
    response.writeHead(200, { 'content-length': 1000 });
    response.write(NEW, () => response.destroy());
  });
  expect(await look(origin, ONCE)).toMatchObject({ ok: false, reason: 'unreachable' });
});

test('nor does one that is cut short while it is unpacked', async () => {
  const { origin } = await endpoint((response) => {
    response.writeHead(200, { 'content-length': 1000, 'content-encoding': 'gzip' });
    response.write(gzipSync(NEW).subarray(0, 12), () => response.destroy());
  });
  expect(await look(origin, ONCE)).toMatchObject({ ok: false, reason: 'unreachable' });
});

test('nobody at the port: unreachable, and why', async () => {
  const seen = await look(`http://127.0.0.1:${await deafPort()}`, ONCE);
  expect(seen).toMatchObject({ reason: 'unreachable', status: null, seen: null });
  expect(seen.finding).toContain('ECONNREFUSED');
});

test('a name that is none is unreachable', async () => {
  expect(await look('http://endpoint.invalid/', ONCE)).toMatchObject({ reason: 'unreachable' });
});

test('a server that takes the connection and says nothing: no whole answer in time', async () => {
  const cutOff = new CutOff();
  const port = await silentServer(() => cutOff.now());
  expect(await look(`http://127.0.0.1:${port}`, ONCE, { cutOff })).toMatchObject({ reason: 'timeout' });
});

test('a server that speaks no HTTP, or another protocol, is unreachable', async () => {
  const { origin } = await endpoint((response) =>
    response.socket?.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
  );
  expect(await look(origin, ONCE)).toMatchObject({ reason: 'unreachable' });
  const { origin: other } = await endpoint((response) => response.socket?.end('SSH-2.0-OpenSSH_9.2\r\n'));
  expect(await look(other, ONCE)).toMatchObject({ reason: 'unreachable' });
});

test('https to a server that has no certificate is not trusted', async () => {
  const { origin } = await endpoint((response) => response.end(NEW));
  expect(await look(origin.replace('http:', 'https:'), ONCE)).toMatchObject({ reason: 'tls', status: null });
});

test('a certificate that nobody vouches for is not trusted, whatever the environment says', async () => {
  const box = sandbox();
  const { origin, asked } = await endpoint((response) => response.end(NEW), selfSigned(box));
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
  onTestFinished(() => void vi.unstubAllEnvs());
  const seen = await look(origin, ONCE);
  expect(seen).toMatchObject({ reason: 'tls', status: null });
  expect(seen.finding).toContain('SELF_SIGNED');
  expect(asked).toEqual([]);
});

test('a server that resets each connection is unreachable', async () => {
  const server = createTcpServer((socket) => socket.on('error', () => undefined).resetAndDestroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  expect(await look(`http://127.0.0.1:${port}`, ONCE)).toMatchObject({ reason: 'unreachable' });
  server.close();
});
