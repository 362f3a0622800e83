import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import { chromiumPath } from './chromium.mjs';

/** Of this machine; null: there is none, and what needs one is skipped. */
export const CHROMIUM = chromiumPath();

let browser: Browser;

/** One browser for all tests of a file. @param args more for its command line */
export function browserForAll(args: readonly string[] = []): void {
  if (CHROMIUM === null)
    console.warn('no Chromium is here (COORD_CHROMIUM, or one on the PATH): browser tests are skipped');
  beforeAll(async () => {
    if (CHROMIUM === null) return;
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', ...args] });
  });
  afterAll(() => browser?.close());
}

/** A page of its own, with what it complained of. */
export async function pageFor(options: BrowserContextOptions = {}): Promise<{ page: Page; complaints: string[] }> {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, ...options });
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  onTestFinished(() => context.close());
  return { page, complaints };
}
