import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { serve } from '../support/dashboards.js';
import { localFleet } from '../support/fleet.js';
import { browserForAll, CHROMIUM, pageFor } from './page.js';

/** A page of somebody else on this host, at another port: the same site, and another origin. */
async function otherPage(html: string): Promise<string> {
  const server = createServer((_, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end(html));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

describe.skipIf(CHROMIUM === null)('a hostile page in another tab', () => {
  // What DNS rebinding does: a name of the attacker leads to this host.
  browserForAll(['--host-resolver-rules=MAP evil.example 127.0.0.1']);

  /** The dashboard open in one tab, so that its cookie is there; and a tab for the other page. */
  async function twoTabs() {
    const fleet = await localFleet();
    await fleet.as('maya', ['claim', 'src/api', '--reason', 'a secret']);
    const { url } = await serve(fleet);
    const { page } = await pageFor();
    await page.goto(url);
    await page.getByText('a secret').first().waitFor();
    const other = await page.context().newPage();
    const bare = url.replace(/\?.*/, '');
    /** What was answered to the other page; what the browser itself kept from it has no status. */
    const answers: [string, number | null][] = [];
    other.on('response', (response) => {
      if (response.url().startsWith(bare)) answers.push([response.url(), response.status()]);
    });
    other.on('requestfailed', (request) => {
      if (request.url().startsWith(bare)) answers.push([request.url(), null]);
    });
    return { url, bare, other, answers };
  }

  it('gets nothing by a name that leads here', async () => {
    const { url, other } = await twoTabs();
    const answer = await other.goto(url.replace('127.0.0.1', 'evil.example'));
    expect([answer?.status(), await other.content()]).toEqual([421, expect.not.stringContaining('a secret')]);
  });

  it('gets nothing by fetching, with or without the token', async () => {
    const { url, bare, other, answers } = await twoTabs();
    await other.goto(await otherPage('<p>hello</p>'));
    for (const address of [bare, url, `${bare}events`, `${bare}page.js`]) {
      for (const mode of ['cors', 'no-cors']) {
        const got = await other.evaluate(
          async ([asked = '', how = '']) => {
            try {
              const response = await fetch(asked, { credentials: 'include', mode: how as 'cors' });
              return await response.text();
            } catch (error) {
              return `refused: ${(error as Error).message}`;
            }
          },
          [address, mode],
        );
        expect([address, mode, got]).toEqual([address, mode, expect.not.stringContaining('secret')]);
      }
    }
    expect(answers.filter(([, status]) => status === 200)).toEqual([]);
  });

  it('cannot frame it, nor load it as a script, a style or a stream', async () => {
    const { url, bare, other, answers } = await twoTabs();
    const tags = [
      `<iframe src="${url}"></iframe>`,
      `<iframe src="${bare}"></iframe>`,
      `<script src="${bare}page.js"></script>`,
    ];
    await other.goto(
      await otherPage(
        `${tags.join('')}<link rel=stylesheet href="${bare}page.css"><script>new EventSource("${bare}events", {withCredentials:true})</script>`,
      ),
    );
    await expect
      .poll(() => new Set(answers.map(([address]) => address)))
      .toEqual(new Set([url, bare, `${bare}page.js`, `${bare}page.css`, `${bare}events`]));
    expect(answers.filter(([, status]) => status === 200)).toEqual([]);
    for (const frame of other.frames().slice(1)) expect(await frame.content()).not.toContain('a secret');
  });

  it('cannot lead a browser there from a link: the cookie stays at home', async () => {
    const { bare, other } = await twoTabs();
    await other.goto(await otherPage(`<a href="${bare}">look</a>`));
    const [answer] = await Promise.all([other.waitForResponse(bare), other.getByText('look').click()]);
    expect(answer.status()).toBe(403);
  });
});
