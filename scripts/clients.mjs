// Installs the pinned clients of the tests, once for each set of versions, into a folder outside of the repository:
// COORD_CLIENTS, else the user's cache. Prints what is missing, and never fails: tests of a client that is not there are skipped in words.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const pinned = JSON.parse(readFileSync(new URL('../test/clients/clients.json', import.meta.url), 'utf8'));
const folder = process.env.COORD_CLIENTS ?? join(homedir(), '.cache', 'coord-clients');
/** What puts its program into its place in a script of its own; no other package's script is run. */
const UNPACKS = ['@anthropic-ai/claude-code', 'opencode-ai'];
const newest = process.argv.includes('--newest');
mkdirSync(folder, { recursive: true });
if (!existsSync(join(folder, 'package.json'))) writeFileSync(join(folder, 'package.json'), '{"private":true}\n');
for (const [name, version] of Object.entries(pinned)) {
  const installed = join(folder, 'node_modules', name, 'package.json');
  if (!newest && existsSync(installed)) {
    const { version: there, bin } = JSON.parse(readFileSync(installed, 'utf8'));
    if (there === version && (!UNPACKS.includes(name) || starts(Object.keys(bin)[0]))) continue;
  }
  const args = [
    'install',
    '--no-audit',
    '--no-fund',
    '--ignore-scripts',
    '--save-exact',
    `${name}@${newest ? 'latest' : version}`,
  ];
  const { status } = spawnSync('npm', args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  if (UNPACKS.includes(name)) {
    spawnSync('npm', ['run', 'postinstall'], {
      cwd: join(folder, 'node_modules', name),
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }
  console.log(status === 0 ? `${name} ${version}` : `${name} ${version} could not be installed: its tests are skipped`);
}

/** Whether an installed program starts. */
function starts(program) {
  return spawnSync(join(folder, 'node_modules', '.bin', program), ['--version'], { stdio: 'ignore' }).status === 0;
}
