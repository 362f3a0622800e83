// Pictures of the dashboard in its main states, for docs/: npm run screenshots. Each state is made in a repository of its own,
// by the built program. It needs a Chromium (COORD_CHROMIUM, or one on the PATH).
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { chromiumPath } from '../test/browser/chromium.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const program = join(root, 'bin', 'coord.js');
const place = mkdtempSync(join(tmpdir(), 'coord-pictures-'));
const env = { PATH: process.env.PATH, HOME: place, GIT_CONFIG_NOSYSTEM: '1', TMPDIR: place };
writeFileSync(
  join(place, '.gitconfig'),
  '[user]\nname = Team\nemail = team@coord.example\n[init]\ndefaultBranch = main\n',
);

const FILES = {
  'src/api': ['users', 'orders', 'payments', 'sessions', 'search', 'health', 'limits'],
  'src/api/middleware': ['auth', 'log', 'cors', 'trace'],
  'src/web/pages': ['home', 'users', 'orders', 'cart', 'checkout', 'profile', 'settings', 'help'],
  'src/web/components': ['button', 'table', 'dialog', 'form', 'chart', 'menu', 'toast', 'tabs', 'avatar', 'list'],
  'src/worker': ['queue', 'mail', 'export', 'retry'],
  'src/db': ['schema', 'client', 'pool'],
  'db/migrations': ['001', '002', '003', '004', '005', '006'],
  'test/api': ['users', 'orders', 'payments', 'search'],
  'test/web': ['pages', 'components'],
  'docs/guides': ['start', 'deploy', 'operate'],
  'infra/terraform': ['main', 'network', 'database', 'cache'],
};

const git = (cwd, ...args) => execFileSync('git', args, { cwd, env, encoding: 'utf8' });

/** Runs coord; what is refused is part of the picture. */
function coord(cwd, agent, ...args) {
  try {
    return execFileSync(process.execPath, [program, ...args], {
      cwd,
      env: { ...env, COORD_AGENT: agent },
      encoding: 'utf8',
      stdio: 'pipe',
    });
  } catch (error) {
    if (error.status === undefined || error.status === null || error.status === 1) throw error;
    return error.stdout;
  }
}

/** A clone of a remote, set up, with some files. */
function clone(
  name,
  files = Object.entries(FILES).flatMap(([folder, names]) => names.map((one) => `${folder}/${one}.ts`)),
  config = {},
) {
  git(place, 'init', '--quiet', '--bare', `${name}.git`);
  git(place, 'clone', '--quiet', `${name}.git`, name);
  const cwd = join(place, name);
  for (const file of files) {
    mkdirSync(join(cwd, dirname(file)), { recursive: true });
    writeFileSync(join(cwd, file), `${file}\n`.repeat(20));
  }
  git(cwd, 'add', '.');
  git(cwd, 'commit', '--quiet', '--message', 'begin');
  git(cwd, 'push', '--quiet', 'origin', 'HEAD:main');
  coord(cwd, 'lead', 'init');
  if (Object.keys(config).length > 0) {
    const path = join(cwd, 'coord.config.json');
    const before = JSON.parse(execFileSync('cat', [path], { encoding: 'utf8' }));
    writeFileSync(path, JSON.stringify({ ...before, ...config }, null, 2));
  }
  git(cwd, 'add', '.');
  git(cwd, 'commit', '--quiet', '--message', 'set coord up');
  git(cwd, 'push', '--quiet', 'origin', 'main');
  return cwd;
}

function team(cwd) {
  coord(cwd, 'lead', 'session', 'start', '--role', 'orchestrator');
  for (const [title, ...options] of [
    ['paginate users', '--scope', 'src/api/users.ts', '--priority', '0'],
    ['show pages of users', '--scope', 'src/web/pages/users.ts', '--after', 't1'],
    ['export in the background', '--scope', 'src/worker'],
    ['one table for all lists', '--scope', 'src/web/components/table.ts'],
    ['document pages', '--scope', 'docs/guides', '--after', 't1,t2'],
    ['trace each request', '--scope', 'src/api/middleware'],
  ]) {
    coord(cwd, 'lead', 'task', 'add', title, ...options);
  }
  coord(cwd, 'maya', 'task', 'take', 't1');
  coord(cwd, 'noor', 'task', 'take', 't4');
  coord(cwd, 'omar', 'task', 'take', 't3', '--ttl', '2h');
  coord(cwd, 'ines', 'claim', 'db/migrations', '--reason', 'column for pages', '--ttl', '1h');
  coord(cwd, 'sam', 'claim', 'docs', '--shared', '--reason', 'reading the guides');
  coord(cwd, 'kai', 'claim', 'src/api/payments.ts', 'test/api/payments.ts', '--reason', 'refunds');
  coord(cwd, 'kai', 'claim', '@staging', '--reason', 'trying refunds');
  coord(cwd, 'ines', 'claim', 'src/api/users.ts');
  coord(cwd, 'kai', 'claim', 'src/web/components');
  coord(cwd, 'maya', 'note', 'users come in pages of 50 from now on', '--kind', 'intent', '--target', 'src/api');
  coord(cwd, 'noor', 'note', 'may I rename Table to List?', '--kind', 'proposal', '--needs-ack', 'maya,kai');
}

/** What goes wrong in a team: who waits, what collides, what was stopped. Returns what must go on while it is looked at. */
function trouble(cwd) {
  for (const agent of ['ines', 'omar', 'ines', 'sam']) coord(cwd, agent, 'claim', 'src/api');
  for (const agent of ['kai', 'ines']) coord(cwd, agent, 'claim', 'src/web/components/table.ts');
  coord(cwd, 'rob', 'session', 'start');
  coord(cwd, 'lead', 'agent', 'kill', 'rob', '--reason', 'rewrites history');
  coord(cwd, 'kai', 'claim', 'db/migrations', '--take-over', '--reason', "ines's machine died");
  coord(cwd, 'kai', 'deploy', 'prod', '--', 'true');
  for (const [branch, line] of [
    ['pages', 'by page'],
    ['cursor', 'by cursor'],
  ]) {
    const worktree = `${cwd}-${branch}`;
    git(cwd, 'worktree', 'add', '--quiet', '-b', branch, worktree);
    writeFileSync(join(worktree, 'src/api/search.ts'), `${line}\n`);
    coord(worktree, branch === 'pages' ? 'pia' : 'quin', 'session', 'start');
  }
  return [
    ['lena', 'src/api/users.ts'],
    ['jon', 'src/worker/mail.ts'],
  ].map(([agent, path]) =>
    spawn(process.execPath, [program, 'claim', path, '--wait=9m'], {
      cwd,
      env: { ...env, COORD_AGENT: agent },
      stdio: 'ignore',
    }),
  );
}

/** 200 agents with 10,000 claims in a large repository. */
function crowd(agents, each) {
  const files = [];
  for (let app = 0; app < 40; app += 1) {
    for (let part = 0; part < 10; part += 1)
      for (let one = 0; one < 25; one += 1) files.push(`apps/app${app}/part${part}/file${one}.ts`);
  }
  const cwd = clone('crowd', files);
  for (let agent = 0; agent < agents; agent += 1) {
    const own = files.slice(agent * each, (agent + 1) * each);
    coord(cwd, `agent-${agent}`, 'claim', ...own, '--reason', `sweep ${agent}`, '--ttl', '2h');
  }
  return cwd;
}

/** The dashboard of a repository: its address, and how it ends. */
async function serve(cwd) {
  const child = spawn(process.execPath, [program, 'dashboard', '--json'], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const line = await new Promise((resolve) => child.stdout.once('data', resolve));
  return { url: JSON.parse(line).url, end: () => child.kill('SIGINT') };
}

const WIDE = { width: 1680, height: 1050 };
const browser = await chromium.launch({ executablePath: chromiumPath(), args: ['--no-sandbox'] });

async function picture(
  name,
  cwd,
  { viewport = WIDE, theme = 'light', fullPage = false, prepare = async () => undefined } = {},
) {
  const { url, end } = await serve(cwd);
  const page = await browser.newPage({ viewport, colorScheme: theme, deviceScaleFactor: 1 });
  try {
    await page.goto(url);
    await page.locator('.place').first().waitFor();
    await prepare(page);
    await page.waitForTimeout(1_500);
    await page.screenshot({ path: join(root, 'docs', 'pictures', `${name}.png`), fullPage });
    console.log(`docs/pictures/${name}.png`);
  } finally {
    await page.close();
    end();
  }
}

const asked = process.argv.slice(2);
const wanted = (name) => asked.length === 0 || asked.includes(name);
const waiting = [];
mkdirSync(join(root, 'docs', 'pictures'), { recursive: true });
try {
  const gates = {
    gates: { owner: { type: 'signed-tag', allowedSigners: 'signers' } },
    deploy: { prod: { gates: ['owner'] } },
  };
  const cwd = clone('shop', undefined, gates);
  team(cwd);
  if (wanted('team')) await picture('team', cwd);
  waiting.push(...trouble(cwd));
  const conflict = async (page) => page.locator('.needs .kind', { hasText: 'conflict ahead' }).first().waitFor();
  if (wanted('trouble')) await picture('trouble', cwd, { theme: 'dark', prepare: conflict });
  if (wanted('phone')) {
    const away = async (page) => {
      await conflict(page);
      execFileSync('mv', [join(place, 'shop.git'), join(place, 'gone.git')]);
      await page.locator('.standing.stale').waitFor({ timeout: 60_000 });
    };
    await picture('phone', cwd, { viewport: { width: 390, height: 844 }, prepare: away });
  }
  if (wanted('crowd')) await picture('crowd', crowd(200, 50));
} finally {
  for (const child of waiting) child.kill();
  await browser.close();
  rmSync(place, { recursive: true, force: true, maxRetries: 5 });
}
