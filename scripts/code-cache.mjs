// Writes V8's code cache of what was built, a program after it has run the everyday commands once: what they compile is
// then compiled in advance. Without git the cache holds less, and everything works all the same.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const { LIBRARIES, load, programFor } = createRequire(import.meta.url)('../bin/load.js');

const EDIT = { hook_event_name: 'PreToolUse', session_id: 'build', tool_name: 'Edit' };

/** What is run, by whom, with what on standard input, and the exit code that shows that it did its work. */
const COMMANDS = [
  ['init --local', 'build', 0],
  ['claim src --reason warm-up', 'build', 0],
  ['claim src/a', 'other', 3],
  ['status', 'build', 0],
  ['status --json', 'build', 0],
  ['renew', 'build', 0],
  ['hook claude-code', 'build', 0, { ...EDIT, tool_input: { file_path: 'src/a' } }],
  ['hook claude-code', 'other', 2, { ...EDIT, tool_input: { file_path: 'src/a' } }],
  ['hooks run pre-commit', 'build', 0],
  ['release --all', 'build', 0],
  ['claim --help', 'build', 0],
];

const [name] = process.argv.slice(2);
const { exports: own, script, cache } = load(root, name);
const whole = name === 'coord' ? own : load(root, 'coord').exports;
const directory = realpathSync(mkdtempSync(join(tmpdir(), 'coord-build-')));
try {
  for (const command of gitIsHere() && !LIBRARIES.includes(name) ? COMMANDS : []) await warmUp(...command);
} catch (error) {
  process.stderr.write(`warning: coord starts slower than it could: ${error.message}\n`);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
const temporary = `${cache}.${process.pid}.tmp`;
writeFileSync(temporary, script.createCachedData());
renameSync(temporary, cache);

function gitIsHere() {
  try {
    execFileSync('git', ['init', '--quiet', directory], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function warmUp(words, agent, expected, input) {
  const argv = words.split(' ');
  const said = [];
  const stream = { write: (text) => said.push(text) };
  const code = await (programFor(argv) === name ? own : whole).main({
    packageRoot: root,
    argv,
    cwd: directory,
    env: { PATH: process.env.PATH, HOME: directory, GIT_CONFIG_NOSYSTEM: '1', COORD_AGENT: agent },
    stdout: stream,
    stderr: stream,
    interactive: false,
    readInput: async () => Buffer.from(JSON.stringify({ ...input, cwd: directory })),
    node: process.execPath,
    onStop: () => () => undefined,
    now: Date.now,
    monotonic: { boot: null, seconds: () => 0 },
    random: Math.random,
  });
  if (code !== expected) throw new Error(`coord ${words}: exit ${code}, not ${expected}\n${said.join('')}`);
}
