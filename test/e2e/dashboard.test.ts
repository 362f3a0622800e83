import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Picture } from '../../src/dashboard/picture.js';
import { ask, serve } from '../support/dashboards.js';
import { configure, localFleet, sharedFleet } from '../support/fleet.js';

/** The picture in a page. */
function pictureIn(html: string): Picture {
  return JSON.parse(/<script type="application\/json" id="picture">(.*?)<\/script>/s.exec(html)?.[1] ?? '');
}

const HOSTILE = '</script><img src=x onerror=alert(1)>\u202e"\'&';

describe('coord dashboard', () => {
  it('prints one line of JSON once it listens, serves the state, and ends with Ctrl-C', async () => {
    const fleet = await localFleet();
    await fleet.as('maya', ['claim', 'src/api', '--reason', HOSTILE]);
    const { url, pid, said, end } = await serve(fleet);
    expect(JSON.parse(said.stdout)).toEqual({
      ...{ schema: 'coord/1', command: 'dashboard', ok: true },
      ...{ data: { url, pid }, url, pid },
    });
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{32}\/\?token=[\w-]{32}$/);
    const { code, headers, text } = await ask(url);
    expect([code, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(text.replace(/<script type="application\/json".*?<\/script>/s, '')).not.toMatch(/<script>|onerror|alert/);
    expect(text).not.toContain(HOSTILE);
    const picture = pictureIn(text);
    expect(picture.claims).toMatchObject([{ target: 'src/api/**', agent: 'maya', reason: HOSTILE }]);
    expect(picture.tree.children.map(({ name }) => name)).toContain('src');
    expect([await end(), said.stderr]).toEqual([0, '']);
    await expect(ask(url)).rejects.toThrow('ECONNREFUSED');
  });

  it('gives nothing without the token or the cookie that it becomes, and no file in any way', async () => {
    const fleet = await localFleet();
    const { url } = await serve(fleet);
    const { origin, pathname } = new URL(url);
    const first = await ask(url);
    const [cookie = ''] = first.headers['set-cookie'] ?? [];
    const port = new URL(url).port;
    expect(cookie).toMatch(new RegExp(`^coord-${port}=[\\w-]{32}; Path=${pathname}; HttpOnly; SameSite=Strict$`));
    const mine = { Cookie: cookie.split(';')[0] ?? '' };
    const page = `${origin}${pathname}`;
    expect((await ask(page, { headers: mine })).code).toBe(200);
    expect((await ask(page, { headers: mine })).headers['set-cookie']).toBeUndefined();
    for (const file of ['page.js', 'page.css', 'events?after=0']) {
      expect([file, (await ask(page + file, { headers: mine })).code]).toEqual([file, 200]);
      expect([file, (await ask(page + file)).code]).toEqual([file, 403]);
      const token = new URL(url).search.slice(1);
      expect([file, (await ask(`${page}${file}${file.includes('?') ? '&' : '?'}${token}`)).code]).toEqual([file, 403]);
    }
    expect((await ask(page)).code).toBe(403);
    expect((await ask(`${page}?token=${'x'.repeat(32)}`)).code).toBe(403);
    expect((await ask(page, { headers: { Cookie: `coord-${port}=${'x'.repeat(32)}` } })).code).toBe(403);
    const paths = ['/', '/etc/passwd', '/page.js', `${pathname}../page.js`, `${pathname}..%2f..%2fetc/passwd`];
    for (const path of [
      ...paths,
      `${pathname}README.md`,
      `//evil.example${pathname}`,
      'http://evil.example/',
      `${pathname}%zz`,
    ]) {
      expect([path, (await ask(url, { path, headers: mine })).code]).toEqual([path, 404]);
    }
  });

  it('answers GET alone, by its own names alone, and nothing that another site asks for', async () => {
    const { url } = await serve(await localFleet());
    const { port } = new URL(url);
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH']) {
      expect([method, (await ask(url, { method })).code]).toEqual([method, 405]);
    }
    const hosts = ['evil.example', `evil.example:${port}`, '127.0.0.1', 'localhost', `127.0.0.1:${port}.evil.example`];
    for (const Host of hosts) expect([Host, (await ask(url, { headers: { Host } })).code]).toEqual([Host, 421]);
    expect((await ask(url, { headers: { Host: `localhost:${port}` } })).code).toBe(200);
    for (const site of ['cross-site', 'same-site']) {
      expect([site, (await ask(url, { headers: { 'Sec-Fetch-Site': site } })).code]).toEqual([site, 403]);
    }
    const { headers } = await ask(url);
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    });
    expect(headers['content-security-policy']).toMatch(
      /^default-src 'none'; script-src 'self'; .*frame-ancestors 'none'$/,
    );
    expect(headers['access-control-allow-origin']).toBeUndefined();
    const outside = Object.values(networkInterfaces())
      .flat()
      .find((one) => one?.family === 'IPv4' && !one.internal);
    if (outside) await expect(ask(`http://${outside.address}:${port}/`)).rejects.toThrow('ECONNREFUSED');
  });

  it('sends each change with the revision as its id, and only the parts that have changed', async () => {
    const fleet = await localFleet();
    const { url } = await serve(fleet);
    const first = await ask(url);
    const cookie = first.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
    const version = /data-version="(\d+)"/.exec(first.text)?.[1];
    const events = `${url.split('?')[0]}events?after=${version}`;
    const waiting = ask(events, { headers: { Cookie: cookie } });
    await fleet.as('maya', ['claim', 'src/api']);
    const { text } = await waiting;
    const [, id = '', data = ''] = /^id: \d+ (\w+)\ndata: (.*)$/m.exec(text) ?? [];
    const { parts, lists } = JSON.parse(data);
    expect(parts.about?.revision ?? id).toBe(id);
    expect(Object.keys(parts)).not.toContain('tree');
    expect(lists).toEqual({ claims: { isAll: false, gone: [], rows: [expect.objectContaining({ agent: 'maya' })] } });
    const later = await ask(events.replace(/\d+$/, '0'), { headers: { Cookie: cookie, 'Last-Event-ID': '0' } });
    const all = JSON.parse(/^data: (.*)$/m.exec(later.text)?.[1] ?? '{}');
    expect(Object.keys(all.parts)).toContain('tree');
    expect(all.lists.claims).toMatchObject({ isAll: true, rows: [{ agent: 'maya' }] });
  });

  it('says that a port is in use, and refuses what is no port', async () => {
    const fleet = await localFleet();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const taken = await fleet.as('maya', ['dashboard', '--port', String(port), '--json']);
    expect([taken.code, taken.json().error]).toEqual([
      2,
      expect.objectContaining({
        message: `port ${port} is in use`,
        hint: 'coord dashboard',
        details: expect.objectContaining({ reason: 'port', port }),
      }),
    ]);
    for (const text of ['70000', '-1', 'http', '1.5']) {
      expect(await fleet.as('maya', ['dashboard', `--port=${text}`])).toMatchObject({ code: 2, stdout: '' });
    }
    expect(await fleet.as('maya', ['dashboard', '--port', '1', '--out', 'x'])).toMatchObject({ code: 2, stdout: '' });
  });

  it('is refused as status is where the state cannot be read', async () => {
    const fleet = await localFleet();
    fleet.box.git(fleet.clone, 'update-ref', '-d', 'refs/coord/state');
    const error = (await fleet.as('maya', ['status', '--json'])).json().error;
    expect(error.exit).toBe(8);
    for (const words of [[], ['--out', 'x.html']]) {
      expect((await fleet.as('maya', ['dashboard', ...words, '--json'])).json().error).toEqual(error);
    }
    expect(existsSync(join(fleet.clone, 'x.html'))).toBe(false);
  });

  it('--out writes the page as one file that loads nothing, and says so', async () => {
    const fleet = await sharedFleet();
    await fleet.as('maya', ['claim', 'src/api', '--reason', HOSTILE]);
    await fleet.as('noor', ['claim', 'src/api/users.ts']);
    const { code, json, stderr } = await fleet.as('ci', ['dashboard', '--out', 'report.html', '--json']);
    expect([code, stderr]).toEqual([0, '']);
    const text = readFileSync(join(fleet.clone, 'report.html'), 'utf8');
    expect(json().data).toEqual({
      file: join(fleet.clone, 'report.html'),
      bytes: Buffer.byteLength(text),
      revision: fleet.box.git(fleet.clone, 'rev-parse', 'refs/coord/state'),
    });
    expect(text).not.toMatch(/ (?:src|href)="(?!data:)/);
    expect(text).not.toContain(HOSTILE);
    expect(pictureIn(text)).toMatchObject({
      about: { stale: null, madeAt: expect.stringMatching(/Z$/) },
      claims: [{ agent: 'maya', reason: HOSTILE }],
      events: expect.arrayContaining([expect.objectContaining({ type: 'claim.refused', agent: 'noor' })]),
    });
    expect(
      await fleet.as('ci', ['agent', 'list', '--json']).then((listed) => JSON.stringify(listed.json())),
    ).not.toContain('"ci"');
  });

  it.each([
    ['a folder', 'src', 'not a file: src'],
    ['standard output', '-', 'not a file: -'],
    ['a device', '/dev/null', 'not a file: /dev/null'],
    ['a file in no folder', 'no/such/x.html', 'no such folder: no/such'],
    ['a file in a file', 'src/api/users.ts/x.html', 'no such folder: src/api/users.ts'],
  ])('--out writes no page to %s, and leaves nothing behind', async (_, file, message) => {
    const fleet = await localFleet();
    const before = readdirSync(fleet.clone);
    const { code, json } = await fleet.as('ci', ['dashboard', '--out', file, '--json']);
    expect([code, json().error.message]).toEqual([2, message]);
    expect(readdirSync(fleet.clone)).toEqual(before);
  });

  it('renews nothing, and writes nothing into the repository', async () => {
    const fleet = await localFleet();
    configure(fleet, { ttl: { default: '6s', max: '1h' } });
    const [claim] = (await fleet.as('watcher', ['claim', 'src/api', '--json'])).json().data.claims;
    const before = fleet.box.git(fleet.clone, 'for-each-ref');
    const { url, end } = await serve(fleet);
    await ask(url);
    // In the second half of its life any other command would renew it.
    await expect.poll(() => Date.parse(claim.expiresAt) - Date.now(), { timeout: 10_000 }).toBeLessThan(3_000);
    await end();
    expect(fleet.box.git(fleet.clone, 'for-each-ref')).toBe(before);
    expect(fleet.box.git(fleet.clone, 'status', '--porcelain')).toBe('');
  });

  it('keeps what is sent to a first visitor below 100 KB, without the state', () => {
    const bytes = ['page.js', 'page.css'].map((name) => readFileSync(join('dist', name)).length);
    expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThan(100 * 1024);
  });
});
