// How the commands feel when claims.json is large: npm run bench:claims [-- --claims 10000]. Prints figures, judges none.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const PROGRAM = fileURLToPath(new URL('../bin/coord.js', import.meta.url));
const RUNS = 7;
const { values } = parseArgs({ options: { claims: { type: 'string', default: '10000' } } });
const count = Number(values.claims);

const place = realpathSync(mkdtempSync(join(tmpdir(), 'coord-many-')));
const clone = join(place, 'clone');
const env = {
  PATH: process.env.PATH ?? '',
  HOME: join(place, 'home'),
  TMPDIR: place,
  GIT_CONFIG_NOSYSTEM: '1',
  COORD_AGENT: 'bench',
};

try {
  setUp();
  const sizes = [await measure(0), await measure(count)];
  print(sizes);
} finally {
  rmSync(place, { recursive: true, force: true, maxRetries: 5 });
}

function setUp() {
  mkdirSync(env.HOME);
  const settings = '[user]\nname = Bench\nemail = bench@coord.example\n[init]\ndefaultBranch = main\n';
  writeFileSync(join(env.HOME, '.gitconfig'), settings);
  run(place, 'git', ['init', '--quiet', clone]);
  run(clone, 'git', ['commit', '--quiet', '--allow-empty', '--message', 'begin']);
  coord(['init']);
  coord(['claim', 'held.ts', '--agent', 'other']);
}

async function measure(claims) {
  if (claims > 0) fill(claims);
  const bytes = Number(run(clone, 'git', ['cat-file', '-s', 'coord:claims.json']).stdout);
  const times = {
    claim: timed((round) => coord(['claim', `src/fresh/${claims}-${round}.ts`])),
    'claim, a glob': timed((round) => coord(['claim', `src/fresh-${claims}-${round}/**/*.{ts,tsx}`])),
    'claim, refused': timed(() => coord(['claim', 'held.ts'], 3)),
    renew: timed((round) => coord(['renew', `src/fresh/${claims}-${round}.ts`])),
    release: timed((round) => coord(['release', `src/fresh/${claims}-${round}.ts`])),
    status: timed(() => coord(['status'])),
    'status --json': timed(() => coord(['status', '--json'])),
    'status of one path': timed(() => coord(['status', 'held.ts'])),
  };
  return { claims, bytes, times };
}

/** Puts this many claims of other agents on the branch, by one claim each of a thousand paths. */
function fill(claims) {
  const batch = 1_000;
  for (let start = 0; start < claims; start += batch) {
    const paths = Array.from({ length: Math.min(batch, claims - start) }, (_, index) => {
      const number = start + index;
      return `src/held/${Math.floor(number / 100)}/file-${number}.ts`;
    });
    coord(['claim', ...paths, '--ttl', '4h', '--reason', 'a reason of some words', '--agent', `agent${start / batch}`]);
  }
}

function timed(work) {
  const all = Array.from({ length: RUNS }, (_, round) => {
    const started = performance.now();
    work(round);
    return performance.now() - started;
  }).sort((a, b) => a - b);
  return all[Math.floor(RUNS / 2)];
}

function coord(args, expected = 0) {
  return run(clone, process.execPath, [PROGRAM, ...args], expected);
}

function run(cwd, program, args, expected = 0) {
  const result = spawnSync(program, args, { cwd, env, encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (result.status !== expected)
    throw new Error(`${args.slice(0, 4).join(' ')}: exit ${result.status} ${result.stderr}`);
  return result;
}

function print([few, many]) {
  const [processor] = cpus();
  console.log(`node ${process.version}, ${cpus().length} × ${processor?.model ?? 'processor'}, median of ${RUNS} runs`);
  console.log(`claims.json with ${many.claims} claims: ${(many.bytes / 1e6).toFixed(1)} MB\n`);
  const width = Math.max(...Object.keys(many.times).map((name) => name.length));
  console.log(`${'command'.padEnd(width)}  ${'no claims'.padStart(9)}  ${`${many.claims} claims`.padStart(13)}`);
  for (const [name, ms] of Object.entries(many.times)) {
    const cells = [`${few.times[name].toFixed(0)} ms`.padStart(9), `${ms.toFixed(0)} ms`.padStart(13)];
    console.log(`${name.padEnd(width)}  ${cells.join('  ')}`);
  }
}
