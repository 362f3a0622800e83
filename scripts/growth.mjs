// How a long history weighs on a repository: npm run growth [-- 10000 --plain].
// Makes that many operations in one repository through the store, in this process, and prints before and after: the
// time of `coord claim` (median of 15 real processes; beside each, one in a new repository, since the machine may be
// busy) and the size of .git. --plain does it without upkeep.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PROGRAM = join(ROOT, 'bin', 'coord.js');
const { values, positionals } = parseArgs({ options: { plain: { type: 'boolean' } }, allowPositionals: true });
const operations = Number(positionals[0] ?? 10_000);
const SAMPLES = 15;
const TARGETS = 50;

const place = realpathSync(mkdtempSync(join(tmpdir(), 'coord-growth-')));
const repository = join(place, 'repository');
const fresh = join(place, 'fresh');
const env = { PATH: process.env.PATH ?? '', HOME: join(place, 'home'), TMPDIR: place, GIT_CONFIG_NOSYSTEM: '1' };

try {
  setUp();
  const { Context, transact } = await loadSources();
  const rows = [['at the start', ...measure()]];
  const half = Math.floor(operations / 2);
  const started = performance.now();
  await operate(Context, transact, half, 0);
  rows.push([`after ${half} operations`, ...measure()]);
  await operate(Context, transact, operations - half, half);
  const each = (performance.now() - started) / operations;
  rows.push([`after ${operations} operations`, ...measure()]);
  print(rows);
  console.log(`\n${each.toFixed(1)} ms an operation in this process; git log of the branch: ${walk()} ms`);
} finally {
  rmSync(place, { recursive: true, force: true, maxRetries: 5 });
}

/** The sources as one module: the store is driven as the program does it. */
async function loadSources() {
  const outfile = join(place, 'sources.mjs');
  await build({
    stdin: {
      contents: `export { Context } from './src/workspace/context.ts'; export { transact } from './src/store/swap/transact.ts';`,
      resolveDir: ROOT,
    },
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    banner: { js: `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);` },
    outfile,
    logLevel: 'warning',
  });
  return import(pathToFileURL(outfile).href);
}

function setUp() {
  mkdirSync(env.HOME);
  for (const folder of [repository, fresh]) {
    git(place, 'init', '--quiet', folder);
    git(folder, 'config', 'user.name', 'Growth');
    git(folder, 'config', 'user.email', 'growth@coord.example');
    if (values.plain) git(folder, 'config', 'gc.auto', '0');
    writeFileSync(join(folder, 'README.md'), 'growth\n');
    git(folder, 'add', '.');
    git(folder, 'commit', '--quiet', '--message', 'begin');
    coord(folder, 'init', '--local');
  }
}

async function operate(Context, transact, count, from) {
  const silent = { write: () => true };
  const host = {
    packageRoot: ROOT,
    argv: [],
    cwd: repository,
    env: { ...env, COORD_AGENT: 'maya' },
    stdout: silent,
    stderr: silent,
    interactive: false,
    onStop: () => () => undefined,
    now: Date.now,
    monotonic: { boot: null, seconds: () => performance.now() / 1000 },
    random: Math.random,
  };
  const context = new Context(host, { json: false, agent: undefined });
  const store = await context.store();
  const { commit: head } = await context.head();
  for (let index = from; index < from + count; index += 1) {
    const target = { kind: 'path', text: `src/module-${Math.floor(index / 2) % TARGETS}.ts` };
    const base = await context.requestBase();
    const request =
      index % 2 === 0
        ? {
            ...{ ...base, kind: 'claim', targets: [{ target, ttlSeconds: 1800 }], mode: 'exclusive', reason: 'growth' },
            ...{
              expectSeconds: null,
              head,
              contains: {},
              allowBehind: true,
              reach: 'clone',
              rules: null,
              ticket: null,
            },
          }
        : {
            ...{ ...base, kind: 'release', targets: [target], commit: head, commitNamed: false, renames: [] },
            uncommitted: false,
          };
    const decision = await transact(store, request, context.effects);
    if (!decision.ok) throw new Error(JSON.stringify(decision.refusal));
  }
}

/** Milliseconds of `coord claim` here and in a new repository, size of .git in MB, loose objects, packs, KB of reflog. */
function measure() {
  const times = { [repository]: [], [fresh]: [] };
  for (let sample = 0; sample < SAMPLES; sample += 1) {
    for (const folder of [repository, fresh]) {
      const started = performance.now();
      coord(folder, 'claim', 'docs/guide.md', '--agent', 'noor');
      times[folder].push(performance.now() - started);
      coord(folder, 'release', 'docs/guide.md', '--agent', 'noor');
    }
  }
  const median = (folder) => times[folder].sort((a, b) => a - b)[Math.floor(SAMPLES / 2)];
  const objects = join(repository, '.git', 'objects');
  const loose = readdirSync(objects).filter((name) => /^[0-9a-f]{2}$/.test(name));
  const count = loose.reduce((sum, name) => sum + readdirSync(join(objects, name)).length, 0);
  const packs = readdirSync(join(objects, 'pack')).filter((name) => name.endsWith('.pack')).length;
  const size = Number(run('du', ['-sk', '.git']).split('\t')[0]) / 1024;
  const log = join(repository, '.git', 'logs', 'refs', 'coord', 'state');
  const reflog = existsSync(log) ? statSync(log).size / 1024 : 0;
  return [median(repository), median(fresh), size, count, packs, reflog];
}

function walk() {
  const started = performance.now();
  run('git', ['log', '--format=%H %s', 'coord/state']);
  return Math.round(performance.now() - started);
}

function print(rows) {
  const head = ['', 'claim ms', 'in a new one', '.git MB', 'loose', 'packs', 'reflog KB'];
  const text = rows.map(([name, ...numbers]) => [name, ...numbers.map((number) => number.toFixed(number % 1 ? 1 : 0))]);
  const widths = head.map((title, column) => Math.max(title.length, ...text.map((row) => row[column].length)));
  for (const row of [head, ...text]) {
    console.log(row.map((cell, at) => (at === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[at] + 2))).join(''));
  }
}

function coord(cwd, ...args) {
  return run(process.execPath, [PROGRAM, ...args], cwd);
}

function git(cwd, ...args) {
  return run('git', args, cwd);
}

function run(program, args, cwd = repository) {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, env, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: exit ${status}\n${stderr}`);
  return stdout;
}
