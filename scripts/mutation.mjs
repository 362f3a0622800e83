// Do the tests bite? Plants small bugs and counts those that the tests catch: npm run test:mutation [-- domain store git]
// [-- --mutate src/domain/time.ts]. Words that begin with a dash, and what follows them, go to the tool.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const PARTS = ['domain', 'store', 'git'];
const words = process.argv.slice(2);
const options = words.findIndex((word) => word.startsWith('-'));
const chosen = options === -1 ? words : words.slice(0, options);
const rest = options === -1 ? [] : words.slice(options);

for (const part of chosen.length === 0 ? PARTS : chosen) {
  if (!PARTS.includes(part)) throw new Error(`no part ${part}: ${PARTS.join(', ')}`);
  const { status } = spawnSync('npx', ['stryker', 'run', ...rest], {
    ...{ cwd: root, stdio: 'inherit' },
    env: { ...process.env, COORD_MUTATED: part, COORD_PROPERTY_RUNS: process.env.COORD_PROPERTY_RUNS ?? '30' },
  });
  if (status !== 0) process.exitCode = 1;
}
