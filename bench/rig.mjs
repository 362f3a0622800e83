// A place for benchmarks: repositories in a temporary directory, and programs that see nothing of this machine's settings.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const PROGRAM = fileURLToPath(new URL('../bin/coord.js', import.meta.url));

/** NODE_EXTRA_CA_CERTS would add some 70 ms to every node process: it is not among these. */
export function makePlace() {
  const place = realpathSync(mkdtempSync(join(tmpdir(), 'coord-bench-')));
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: join(place, 'home'),
    TMPDIR: place,
    GIT_CONFIG_NOSYSTEM: '1',
    COORD_AGENT: 'bench',
  };
  mkdirSync(env.HOME);
  const settings = '[user]\nname = Bench\nemail = bench@coord.example\n[init]\ndefaultBranch = main\n';
  writeFileSync(join(env.HOME, '.gitconfig'), settings);
  return { place, env, remove: () => rmSync(place, { recursive: true, force: true, maxRetries: 5 }) };
}

/** Runs a program, which must end as expected; returns what it wrote. */
export function run(rig, cwd, program, args, { expect = 0, input } = {}) {
  const options = { cwd, env: rig.env, encoding: 'utf8', input, maxBuffer: 2 ** 28 };
  const { status, stdout, stderr, error } = spawnSync(program, args, options);
  if (error) throw error;
  if (status !== expect)
    throw new Error(`${program} ${args.slice(0, 5).join(' ')}: exit ${status}\n${stderr}${stdout}`);
  return stdout;
}

export function git(rig, cwd, ...args) {
  return run(rig, cwd, 'git', args).trimEnd();
}

/** The milliseconds of one whole process, which must end as expected. */
export function timed(rig, cwd, program, args, { expect = 0, input = '', env = rig.env } = {}) {
  const started = performance.now();
  const { status, stderr, error } = spawnSync(program, args, { cwd, env, input, stdio: ['pipe', 'ignore', 'pipe'] });
  const ms = performance.now() - started;
  if (error) throw error;
  if (status !== expect) throw new Error(`${args.slice(0, 5).join(' ')}: exit ${status}\n${stderr}`);
  return ms;
}

/** As {@link timed}, without waiting for it: many at once. */
export function timedAtOnce(rig, cwd, program, args, { env = rig.env } = {}) {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(program, args, { cwd, env, stdio: 'ignore' });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ms: performance.now() - started }));
  });
}
