// What the dashboard weighs, in a real browser: npm run bench:dashboard [-- 10 10000 --hour]. For each number of claims a
// repository of 10,000 files is made; printed are the time to the first picture, and from the end of a command to its
// event on the page. --hour: the operations of a busy hour (1,200: claims, refusals, releases, notes), as fast as they go, and
// what the process and the page hold after each tenth of them. It needs a Chromium (COORD_CHROMIUM, or one on the PATH).
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import { open } from '../bin/api.js';
import { chromiumPath } from '../test/browser/chromium.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const program = join(root, 'bin', 'coord.js');
const place = mkdtempSync(join(tmpdir(), 'coord-dashboard-'));
const env = { PATH: process.env.PATH, HOME: place, TMPDIR: place, GIT_CONFIG_NOSYSTEM: '1' };
writeFileSync(join(place, '.gitconfig'), '[user]\nname = T\nemail = t@coord.example\n[init]\ndefaultBranch = main\n');

const FILES = Array.from(
  { length: 10_000 },
  (_, one) => `apps/app${one % 40}/part${Math.floor(one / 40) % 10}/file${one}.ts`,
);
const EACH = 50;
const HOUR_OPERATIONS = 1_200;
const PROBES = 9;

const git = (cwd, ...words) => execFileSync('git', words, { cwd, env, encoding: 'utf8' });
const coord = (cwd, agent, ...words) =>
  execFileSync(process.execPath, [program, ...words], { cwd, env: { ...env, COORD_AGENT: agent }, stdio: 'pipe' });

function repository(claims) {
  const cwd = join(place, `with-${claims}`);
  git(place, 'init', '--quiet', cwd);
  for (const file of FILES) {
    mkdirSync(join(cwd, dirname(file)), { recursive: true });
    writeFileSync(join(cwd, file), `${file}\n`);
  }
  coord(cwd, 'lead', 'init', '--local');
  git(cwd, 'add', '.');
  git(cwd, 'commit', '--quiet', '--message', 'begin');
  for (let at = 0; at < claims; at += EACH)
    coord(cwd, `agent-${at / EACH}`, 'claim', ...FILES.slice(at, Math.min(at + EACH, claims)), '--ttl', '4h');
  return cwd;
}

async function serve(cwd) {
  const begin = performance.now();
  const child = spawn(process.execPath, [program, 'dashboard', '--json'], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const line = await new Promise((resolve) => child.stdout.once('data', resolve));
  const ended = new Promise((resolve) => child.once('close', resolve));
  const end = () => {
    child.kill('SIGINT');
    return ended;
  };
  return { ...JSON.parse(line), listens: performance.now() - begin, end };
}

const browser = await chromium.launch({
  executablePath: chromiumPath(),
  args: ['--no-sandbox', '--enable-precise-memory-info'],
});
const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
const ms = (numbers) =>
  `${Math.round(median(numbers))} ms (${Math.round(Math.min(...numbers))} to ${Math.round(Math.max(...numbers))})`;
const mb = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MB`;

async function opened(url) {
  const page = await browser.newPage({ viewport: { width: 1680, height: 1050 } });
  await page.goto(url);
  await page.locator('.place').first().waitFor();
  return page;
}

/** Milliseconds from the end of a claim's process until the page shows its event. */
async function delayOf(page, cwd, name) {
  const seen = page.evaluate(
    `new Promise((resolve) => {
      const look = () => {
        if (!document.querySelector('.events')?.textContent.includes('${name}')) return setTimeout(look, 2);
        requestAnimationFrame(() => resolve(performance.timeOrigin + performance.now()));
      };
      look();
    })`,
  );
  coord(cwd, 'prober', 'claim', name);
  const end = performance.timeOrigin + performance.now();
  return (await seen) - end;
}

async function figures(claims) {
  const cwd = repository(claims);
  const { url, listens, end } = await serve(cwd);
  const [paints, delays] = [[], []];
  const page = await opened(url);
  for (let round = 0; round < PROBES; round += 1) {
    await page.reload();
    await page.locator('.place').first().waitFor();
    paints.push(await page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"));
  }
  for (let round = 0; round < PROBES; round += 1) {
    await page.waitForTimeout(1_000);
    delays.push(await delayOf(page, cwd, `probe-${round}.ts`));
  }
  console.log(
    `${claims} claims: listens after ${Math.round(listens)} ms; first picture ${ms(paints)}; an event is there after ${ms(delays)}`,
  );
  await page.close();
  await end();
  return cwd;
}

/** What the process and the page hold, the page after its garbage was collected. */
async function held(pid, session) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  await session.send('HeapProfiler.collectGarbage');
  const { metrics } = await session.send('Performance.getMetrics');
  const of = (name) => metrics.find((metric) => metric.name === name)?.value ?? 0;
  return {
    process: Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) * 1024,
    page: of('JSHeapUsedSize'),
    nodes: of('Nodes'),
    listeners: of('JSEventListeners'),
  };
}

async function hour(cwd, claims) {
  const { url, pid, end } = await serve(cwd);
  const page = await opened(url);
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const agents = Array.from({ length: 20 }, (_, one) => open({ directory: cwd, env, agent: `busy-${one}` }));
  const begin = performance.now();
  const tell = async (count) => {
    await page.waitForTimeout(1_000);
    const now = await held(pid, session);
    console.log(
      `${claims} claims, after ${count} operations: process ${mb(now.process)}, page ${mb(now.page)}, ${now.nodes} nodes, ${now.listeners} listeners`,
    );
  };
  await tell(0);
  for (let count = 1; count <= HOUR_OPERATIONS; count += 1) {
    const agent = agents[count % agents.length];
    const step = Math.floor(count / agents.length) % 4;
    const path = `busy/${count % (agents.length / 2)}.ts`;
    if (step === 0 || step === 1) await agent.claim([path], { reason: `operation ${count}` });
    else if (step === 2) await agent.notes.add(`note of operation ${count}`);
    else await agent.release([], { all: true });
    if (count % (HOUR_OPERATIONS / 10) === 0) await tell(count);
  }
  console.log(`in ${Math.round((performance.now() - begin) / 1000)} s`);
  await page.close();
  await end();
}

try {
  const words = process.argv.slice(2);
  const counts = words.filter((word) => /^\d+$/.test(word)).map(Number);
  const assets = ['page.js', 'page.css'].map((name) => readFileSync(join(root, 'dist', name)));
  const packed = assets.reduce((sum, asset) => sum + gzipSync(asset).length, 0);
  console.log(`page: ${(Buffer.concat(assets).length / 1024).toFixed(1)} KB, ${(packed / 1024).toFixed(1)} KB packed`);
  for (const claims of counts.length > 0 ? counts : [10, 10_000]) {
    const cwd = await figures(claims);
    if (words.includes('--hour')) await hour(cwd, claims);
  }
} finally {
  await browser.close();
  rmSync(place, { recursive: true, force: true, maxRetries: 5 });
}
