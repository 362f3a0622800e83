// Many real processes at once on real repositories: npm run stress [-- --rounds 100 --processes 20].
// Each round has a repository of its own with two worktrees. Prints a table; any other outcome than the promised one
// is printed with the round's output, and ends the run with exit 1.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const PROGRAM = fileURLToPath(new URL('../bin/coord.js', import.meta.url));
const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '100' }, processes: { type: 'string', default: '20' } },
});
const rounds = Number(values.rounds);
const processes = Number(values.processes);

const place = realpathSync(mkdtempSync(join(tmpdir(), 'coord-stress-')));
const env = { PATH: process.env.PATH ?? '', HOME: join(place, 'home'), TMPDIR: place, GIT_CONFIG_NOSYSTEM: '1' };

/** What is promised of each kind of round; `check` returns what was wrong. */
const KINDS = [
  {
    name: `${processes} processes, one path`,
    targetOf: () => 'src/one.ts',
    check(results, held) {
      const [winner, ...more] = results.filter(({ code }) => code === 0);
      if (!winner || more.length > 0) return `${more.length + (winner ? 1 : 0)} processes hold the path`;
      const naming = results.filter(({ code, output }) => code === 3 && output.includes(`held by ${winner.agent}`));
      if (naming.length !== processes - 1) return `${naming.length} of ${processes - 1} got exit 3 naming the holder`;
      if (held.length !== 1 || held[0] !== winner.agent) return `status names ${held.join(', ') || 'nobody'}`;
      return null;
    },
  },
  {
    name: `${processes} processes, different paths`,
    targetOf: (index) => `src/file-${index}.ts`,
    check(results, held) {
      const lost = results.filter(({ code }) => code !== 0);
      if (lost.length > 0) return `${lost.length} did not get their path`;
      if (new Set(held).size !== processes) return `status names ${held.length} of ${processes} holders`;
      return null;
    },
  },
];

const rows = [];
try {
  setUp();
  for (const kind of KINDS) rows.push(await series(kind));
  printTable(rows);
} finally {
  rmSync(place, { recursive: true, force: true, maxRetries: 5 });
}
if (rows.some(({ failures }) => failures > 0)) process.exitCode = 1;

async function series(kind) {
  const times = [];
  let failures = 0;
  for (let round = 1; round <= rounds; round += 1) {
    const { problem, seconds, results } = await playRound(kind);
    times.push(seconds);
    if (problem === null) continue;
    failures += 1;
    console.error(`round ${round} of ${kind.name}: ${problem}`);
    for (const { agent, code, output } of results) console.error(`  ${agent}: exit ${code} ${output.trim()}`);
  }
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  return { name: kind.name, rounds, failures, median: at(0.5), p95: at(0.95), worst: at(1) };
}

async function playRound({ targetOf, check }) {
  const clone = join(place, 'clone');
  const worktree = join(place, 'worktree');
  git(place, 'clone', '--quiet', 'seed', clone);
  git(clone, 'remote', 'remove', 'origin');
  git(clone, 'worktree', 'add', '--quiet', '-b', 'second', worktree);
  const init = await coord(clone, ['init', '--local']);
  if (init.code !== 0) throw new Error(init.output);
  const started = performance.now();
  const results = await Promise.all(
    Array.from({ length: processes }, async (_, index) => {
      const agent = `agent${index}`;
      const claimed = await coord(index % 2 === 0 ? clone : worktree, ['claim', targetOf(index), '--agent', agent]);
      return { agent, ...claimed };
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  const status = await coord(worktree, ['status', '--json']);
  const held = JSON.parse(status.output).data.claims.map(({ agent }) => agent);
  const fsck = spawnSync('git', ['fsck', '--strict', '--no-dangling'], { cwd: clone, env, encoding: 'utf8' });
  const unclean = fsck.status === 0 && fsck.stdout === '' ? null : `git fsck: ${fsck.stdout}${fsck.stderr}`;
  for (const directory of [clone, worktree]) rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  return { problem: check(results, held) ?? unclean, seconds, results };
}

function setUp() {
  mkdirSync(env.HOME);
  const settings = '[user]\nname = Stress\nemail = stress@coord.example\n[init]\ndefaultBranch = main\n';
  writeFileSync(join(env.HOME, '.gitconfig'), settings);
  git(place, 'init', '--quiet', 'seed');
  git(join(place, 'seed'), 'commit', '--quiet', '--allow-empty', '--message', 'begin');
}

function git(cwd, ...args) {
  const { status, stderr } = spawnSync('git', args, { cwd, env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`);
}

function coord(cwd, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [PROGRAM, ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
      });
    }
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 128, output }));
  });
}

function printTable(all) {
  const cells = all.map(({ name, rounds: count, failures, median, p95, worst }) => [
    name,
    String(count),
    String(failures),
    ...[median, p95, worst].map((seconds) => `${seconds.toFixed(2)}s`),
  ]);
  const lines = [['round', 'rounds', 'failed', 'median', '95%', 'worst'], ...cells];
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  for (const line of lines)
    console.log(
      line
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    );
}
