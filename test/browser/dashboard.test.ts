import { spawn } from 'node:child_process';
import { renameSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { serve } from '../support/dashboards.js';
import { deployFleet } from '../support/deploying.js';
import { type Fleet, localFleet, sharedFleet } from '../support/fleet.js';
import { browserForAll, CHROMIUM, pageFor } from './page.js';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** What axe finds wrong with a page. The policy lets no script in, so it comes by the debugger. */
async function accessibilityOf(page: Page): Promise<string[]> {
  const { readFileSync } = await import('node:fs');
  await page.evaluate(readFileSync(AXE, 'utf8'));
  const found = await page.evaluate<{
    violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
  }>('axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] })');
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  );
}

/** A fleet whose page is open. */
async function opened<F extends Fleet>(fleet: F, options: Parameters<typeof pageFor>[0] = {}) {
  const served = await serve(fleet);
  const { page, complaints } = await pageFor(options);
  await page.goto(served.url);
  await page.locator('.standing').waitFor();
  return { ...fleet, ...served, page, complaints };
}

const claims = (page: Page) => page.getByRole('table', { name: /Claims/ });
const place = (page: Page, name: RegExp) => page.locator('.map').getByRole('button', { name });

describe.skipIf(CHROMIUM === null)('the dashboard in a browser', () => {
  browserForAll();

  it('takes the token out of the address, runs without complaint, and can be loaded again', async () => {
    const { page, complaints, url } = await opened(await localFleet());
    expect(page.url()).toBe(url.replace(/\?.*$/, ''));
    await page.reload();
    await page.getByText('Nobody holds anything').waitFor();
    expect(complaints).toEqual([]);
  });

  it('shows two agents at work, and a refusal, while it is open', async () => {
    const { page, as, complaints } = await opened(await localFleet());
    await as('maya', ['claim', 'src/api', '--reason', 'pagination']);
    await claims(page)
      .getByRole('row', { name: /src\/api\/\*\*.*maya.*pagination/ })
      .waitFor();
    await place(page, /^src\/api, 1 file, held by maya$/).waitFor();
    await as('noor', ['claim', 'src/web/page.ts']);
    await place(page, /^src\/web\/page.ts, held by noor$/).waitFor();
    expect((await as('noor', ['claim', 'src/api/users.ts'])).code).toBe(3);
    await page.getByLabel('Events', { exact: true }).getByText('claim.refused').first().waitFor();
    await place(page, /^src\/api, .*refused or kept waiting 1 time$/).waitFor();
    await as('maya', ['release', '--all']);
    await place(page, /^src\/api, 1 file, free, refused/).waitFor();
    expect(complaints).toEqual([]);
  });

  it('shows who waits below the claim, and how the waiter is served', async () => {
    const { page, as, box, clone } = await opened(await localFleet());
    await as('maya', ['claim', 'src/api']);
    const waiting = spawn(process.execPath, [box.program, 'claim', 'src/api/users.ts', '--wait=9m'], {
      ...{ cwd: clone, env: { ...box.env, COORD_AGENT: 'noor' }, stdio: 'ignore' },
    });
    onTestFinished(() => void waiting.kill('SIGKILL'));
    await claims(page)
      .getByRole('row', { name: /waits for src\/api\/users.ts.*noor/ })
      .waitFor();
    const names = await claims(page).getByRole('row').allInnerTexts();
    expect(names.findIndex((text) => text.includes('waits for'))).toBe(
      names.findIndex((text) => text.includes('maya')) + 1,
    );
    await as('maya', ['release', '--all']);
    await claims(page)
      .getByRole('row', { name: /^src\/api\/users.ts noor/ })
      .waitFor();
    await expect.poll(() => claims(page).getByText('waits for').count()).toBe(0);
  });

  it('moves a task over the board, with what it comes after', async () => {
    const { page, as } = await opened(await localFleet());
    await as('lead', ['task', 'add', 'paginate users', '--scope', 'src/api']);
    await as('lead', ['task', 'add', 'document pages', '--after', 't1']);
    await page.getByLabel('ready tasks').getByText('paginate users').waitFor();
    await page.getByLabel('blocked tasks').getByText('after').waitFor();
    await as('maya', ['task', 'take']);
    await page.getByLabel('taken tasks').getByText('paginate users').waitFor();
    await as('maya', ['task', 'done', '--result', 'as asked']);
    await page.getByLabel('done tasks').getByText('paginate users').waitFor();
    await page.getByLabel('ready tasks').getByText('document pages').waitFor();
  });

  it('says of a deploy that failed what to look at', async () => {
    const fleet = await opened(await deployFleet());
    const { page } = fleet;
    expect((await fleet.deploy('maya', [], ['false'])).code).not.toBe(0);
    const need = page.locator('.needs li', { hasText: "maya's deploy to prod failed" });
    await need.getByText('coord deploy show d1').waitFor();
    await page.getByLabel('Attempts to deploy').getByText('failed').waitFor();
  });

  it('says that it is stale, and since when, while the remote is away, and is live again after', async () => {
    const { page, remote, as } = await opened(await sharedFleet());
    await as('maya', ['claim', 'src/api']);
    await claims(page).getByText('maya').first().waitFor();
    renameSync(remote, `${remote}.gone`);
    const standing = page.getByRole('status').first();
    await standing.getByText(/stale for/).waitFor();
    expect(await standing.locator('time').getAttribute('datetime')).toMatch(/Z$/);
    await claims(page).getByText('maya').first().waitFor();
    renameSync(`${remote}.gone`, remote);
    await standing.getByText(/live/).waitFor();
  });

  it('says that it has ended when the program has', async () => {
    const { page, end } = await opened(await localFleet());
    expect(await end()).toBe(0);
    await page
      .getByRole('status')
      .first()
      .getByText(/the dashboard has ended/)
      .waitFor();
  });

  it('foretells a collision of uncommitted work, once it is there', async () => {
    const fleet = await localFleet();
    const { box, clone } = fleet;
    for (const name of ['one', 'two']) {
      const tree = box.worktree(clone, name);
      box.write(tree, 'src/api/users.ts', `${name}\n`);
    }
    const { page } = await opened(fleet);
    await page
      .locator('.needs li', { hasText: /would collide in src\/api\/users.ts; not all of it is committed/ })
      .waitFor();
  });

  it('copies the command of what needs somebody', async () => {
    const { page, as } = await opened(await localFleet(), { permissions: ['clipboard-read', 'clipboard-write'] });
    await as('noor', ['session', 'start']);
    await as('maya', ['agent', 'kill', 'noor', '--reason', 'loops']);
    await as('lead', ['session', 'start', '--role', 'orchestrator']);
    await as('lead', ['agent', 'kill', 'noor', '--reason', 'loops']);
    await page.locator('.needs').getByRole('button', { name: 'coord agent revive noor' }).click();
    await page.getByText('copied').waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe('coord agent revive noor');
  });

  it('says in its tab how much needs somebody', async () => {
    const { page, as } = await opened(await localFleet());
    const title = () => page.title();
    await expect.poll(title).not.toMatch(/^\(/);
    await as('maya', ['note', 'may I?', '--kind', 'proposal', '--needs-ack', 'noor']);
    await expect.poll(title).toMatch(/^\(1\) .* · coord$/);
  });

  it('shows one agent alone, on the map and in the lists, at a click', async () => {
    const { page, as } = await opened(await localFleet());
    await as('maya', ['claim', 'src/api']);
    await as('noor', ['claim', 'src/web']);
    await place(page, /^src\/web, .*held by noor/).waitFor();
    await page.getByRole('button', { name: 'maya', exact: true }).click();
    await expect.poll(() => place(page, /^src\/web, .*held by noor/).getAttribute('class')).toContain('faded');
    expect(await place(page, /^src\/api, .*held by maya/).getAttribute('class')).not.toContain('faded');
    expect(await claims(page).getByText('noor').count()).toBe(0);
    await page.getByRole('button', { name: 'maya', exact: true }).click();
    await claims(page).getByText('noor').waitFor();
  });

  it('keeps what agents wrote as text', async () => {
    const { page, as, complaints } = await opened(await localFleet());
    const markup = '<img src=x onerror="document.title=1"><b id=planted>bold</b>';
    await as('maya', ['claim', 'src/api', '--reason', markup]);
    await as('maya', ['note', `${markup} \u202e of nobody`]);
    await as('maya', ['task', 'add', markup]);
    await claims(page).getByText(markup).waitFor();
    await page.getByLabel('Log', { exact: true }).getByText('\\u202e of nobody').waitFor();
    await page.getByLabel('ready tasks').getByText(markup).waitFor();
    expect(await page.locator('#planted, img').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('shows 10,000 claims of 200 agents, and scrolls to the last of them', async () => {
    const fleet = await localFleet();
    const numbers = (from: number, count: number) => Array.from({ length: count }, (_, index) => from + index);
    // Those that write at once share a commit.
    for (let first = 10; first < 200; first += 19) {
      await Promise.all(numbers(first, 19).map((agent) => fleet.as(`agent-${agent}`, ['note', 'here'])));
    }
    for (const agent of numbers(0, 10)) {
      const paths = numbers(agent * 1_000, 1_000).map(
        (one) => `src/part${one % 40}/file${String(one).padStart(5, '0')}.ts`,
      );
      const { code, stderr } = await fleet.as(`agent-${agent}`, ['claim', ...paths]);
      expect([code, stderr]).toEqual([0, '']);
    }
    const { page } = await opened(fleet);
    await page.getByText('10,000').first().waitFor();
    const rows = claims(page).locator('.rows');
    expect(await rows.getByRole('row').count()).toBeLessThan(60);
    await rows.evaluate((element) => element.scrollTo(0, element.scrollHeight));
    await rows.getByText('src/part9/file09969.ts').waitFor();
    expect(await rows.getByRole('row').count()).toBeLessThan(60);
    await page.getByRole('searchbox').fill('file00777');
    await rows.getByText('src/part17/file00777.ts').waitFor();
    await expect.poll(() => rows.getByRole('row').count()).toBe(1);
    expect(await page.getByLabel('Agents', { exact: true }).getByRole('listitem').count()).toBe(0);
  });

  it('can be used with the keyboard alone', async () => {
    const { page, as } = await opened(await localFleet());
    await as('maya', ['claim', 'src/api']);
    await place(page, /^src\/api,/).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('maya');
    expect(await page.getByRole('searchbox').inputValue()).toBe('maya');
    await page.getByRole('searchbox').fill('');
    const focused = () => page.evaluate<string>('document.activeElement.textContent');
    await place(page, /^src,/).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('navigation').getByRole('button', { name: 'src' }).waitFor();
    await page.locator('.map button').first().focus();
    const first = await focused();
    await page.keyboard.press('ArrowRight');
    if ((await focused()) === first) await page.keyboard.press('ArrowDown');
    expect(await focused()).not.toBe(first);
    await page.keyboard.press('Escape');
    await place(page, /^src,/).waitFor();
    await page.getByRole('button', { name: 'Holder' }).press('Enter');
    await expect
      .poll(() => page.getByRole('columnheader', { name: 'Holder' }).getAttribute('aria-sort'))
      .toBe('ascending');
  });

  const STATES = [
    ['light', { colorScheme: 'light' }],
    ['dark', { colorScheme: 'dark' }],
    ['a phone', { viewport: { width: 390, height: 844 } }],
  ] as const;
  const KINDS = ['stopped', 'deploy failed', 'answer owed'];
  it.each(STATES)('has nothing that axe objects to, and nothing that is cut off: %s', async (_, options) => {
    const fleet = await deployFleet();
    const { as } = fleet;
    await as('lead', ['session', 'start', '--role', 'orchestrator']);
    await as('maya', ['claim', 'src/api', '--reason', 'pagination']);
    await as('sam', ['claim', 'docs', '--shared']);
    await as('noor', ['session', 'start']);
    await as('noor', ['claim', 'src/api/users.ts']);
    await as('lead', ['task', 'add', 'paginate users', '--scope', 'src/web', '--priority', '0']);
    await as('lead', ['task', 'add', 'tell of it', '--after', 't1']);
    await as('ines', ['task', 'take']);
    await as('maya', ['note', 'may I?', '--kind', 'proposal', '--needs-ack', 'noor']);
    await as('lead', ['agent', 'kill', 'noor', '--reason', 'loops']);
    await fleet.deploy('ines', [], ['false']);
    const { page } = await opened(fleet, options);
    await expect.poll(() => page.locator('.needs .kind').allInnerTexts()).toEqual(KINDS);
    await page.locator('.place').first().waitFor();
    expect(await accessibilityOf(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBe(0);
  });

  it('is dark or light as one likes, and remembers it', async () => {
    const { page } = await opened(await localFleet());
    const ground = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    const light = await ground();
    await page.getByRole('button', { name: /auto/ }).click();
    await page.getByRole('button', { name: /light/ }).click();
    await expect.poll(ground).not.toBe(light);
    await page.reload();
    await page.getByRole('button', { name: /dark/ }).waitFor();
    await expect.poll(ground).not.toBe(light);
  });

  it('is the same as a file, which asks for nothing', async () => {
    const fleet = await localFleet();
    await fleet.as('maya', ['claim', 'src/api', '--reason', '<b id=planted>']);
    expect((await fleet.as('ci', ['dashboard', '--out', 'report.html'])).code).toBe(0);
    const { page, complaints } = await pageFor();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    const file = `file://${join(fleet.clone, 'report.html')}`;
    await page.goto(file);
    await place(page, /^src\/api, 1 file, held by maya$/).waitFor();
    await page.getByText(/^as of /).waitFor();
    expect(asked.filter((url) => !url.startsWith('data:'))).toEqual([file]);
    expect(await page.locator('#planted').count()).toBe(0);
    expect(complaints).toEqual([]);
    expect(await accessibilityOf(page)).toEqual([]);
  });
});
