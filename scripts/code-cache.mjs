// Writes V8's code cache of the built program, after it has run the everyday commands once: what they compile is then
// compiled in advance. Without git the cache holds less, and everything works all the same.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const { loadProgram } = createRequire(import.meta.url)('../bin/load.js');

const EVERYDAY = [
  ['init', '--local'],
  ['session', 'start', '--agent', 'build'],
  ['claim', 'src', '--reason', 'warm up', '--agent', 'build'],
  ['claim', 'src/a', '--agent', 'other'],
  ['status', '--agent', 'build'],
  ['release', '--all', '--agent', 'build'],
  ['claim', '--help'],
];

const { exports: program, script, cache } = loadProgram(root);
const directory = mkdtempSync(join(tmpdir(), 'coord-build-'));
const silent = { write: () => true };
const env = { ...process.env, HOME: directory, GIT_CONFIG_NOSYSTEM: '1' };
try {
  execFileSync('git', ['init', '--quiet', directory], { env, stdio: 'ignore' });
  for (const argv of EVERYDAY) {
    await program.main({
      packageRoot: root,
      argv,
      cwd: directory,
      env,
      stdout: silent,
      stderr: silent,
      interactive: false,
      onStop: () => () => undefined,
      now: Date.now,
      monotonic: { boot: null, seconds: () => 0 },
      random: Math.random,
    });
  }
} catch {
  // A machine without git builds, too.
} finally {
  rmSync(directory, { recursive: true, force: true });
}
const temporary = `${cache}.${process.pid}.tmp`;
writeFileSync(temporary, script.createCachedData());
renameSync(temporary, cache);
