// Installs the pinned clients of the tests, and the Nodes on which the package is tried, once for each set of versions, into a folder outside of the repository:
// COORD_CLIENTS, else the user's cache. Prints what is missing, and never fails: tests of a client that is not there are skipped in words.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const pinned = JSON.parse(readFileSync(new URL('../test/clients/clients.json', import.meta.url), 'utf8'));
const folder = process.env.COORD_CLIENTS ?? join(homedir(), '.cache', 'coord-clients');
/** What puts its program into its place in a script of its own; no other package's script is run. */
const UNPACKS = ['@anthropic-ai/claude-code', 'opencode-ai'];
/** Programs alone, as npm has them for this machine. */
const NODES = { 'node-22': '22.23.5', 'node-24': '24.22.3' };
const newest = process.argv.includes('--newest');
mkdirSync(folder, { recursive: true });
if (!existsSync(join(folder, 'package.json'))) writeFileSync(join(folder, 'package.json'), '{"private":true}\n');
for (const [name, version] of Object.entries(pinned)) {
  if (!newest && isReady(name, version)) continue;
  const status = install(`${name}@${newest ? 'latest' : version}`);
  if (UNPACKS.includes(name)) {
    spawnSync('npm', ['run', 'postinstall'], {
      cwd: join(folder, 'node_modules', name),
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }
  const unpacked = isReady(name, newest ? null : version);
  const trouble =
    status !== 0 ? ' could not be installed: its tests are skipped' : unpacked ? '' : ' does not start: its tests fail';
  console.log(`${name} ${version}${trouble}`);
}

for (const [name, version] of Object.entries(NODES)) {
  if (isReady(name, version)) continue;
  const status = install(`${name}@npm:node-${process.platform}-${process.arch}@${version}`);
  console.log(`${name} ${version}${status === 0 ? '' : ' could not be installed: the package is not tried on it'}`);
}

/** @returns the exit code of npm */
function install(spec) {
  const args = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--save-exact', spec];
  return spawnSync('npm', args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] }).status;
}

/** Whether a package is installed at this version (null: at any), and one that unpacks itself has done so. */
function isReady(name, version) {
  const about = join(folder, 'node_modules', name, 'package.json');
  if (!existsSync(about)) return false;
  const { version: there, bin } = JSON.parse(readFileSync(about, 'utf8'));
  if (version !== null && there !== version) return false;
  if (!UNPACKS.includes(name)) return true;
  const program = join(folder, 'node_modules', '.bin', Object.keys(bin)[0]);
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;
}
