// The whole reliability battery, with one table at the end: npm run battery [-- kill clocks …]. Each word picks the files
// of test/battery whose name has it. `npm test` runs a short version of all of them. docs/reliability.md says what for.
// What is missing for some of it is installed where that may be (Debian, as root); what is skipped all the same is in the table.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
/** What tests are skipped without, by the package that has it. */
const NEEDED = { faketime: '/usr/bin/faketime', 'openssh-server': '/usr/sbin/sshd' };
const missing = Object.keys(NEEDED).filter((name) => !existsSync(NEEDED[name]));
if (missing.length > 0 && process.getuid?.() === 0) {
  for (const words of [['update'], ['install', '-y', ...missing]])
    spawnSync('apt-get', ['-qq', ...words], { stdio: 'ignore' });
}

const place = mkdtempSync(join(tmpdir(), 'coord-battery-'));
const report = join(place, 'report.jsonl');
const results = join(place, 'results.json');
writeFileSync(report, '');

try {
  const words = process.argv.slice(2).map((word) => `test/battery/${word}`);
  const { status, signal } = spawnSync(
    process.execPath,
    [
      join(root, 'node_modules', 'vitest', 'vitest.mjs'),
      'run',
      ...(words.length === 0 ? ['test/battery/'] : words),
      '--testTimeout=3600000',
      '--hookTimeout=3600000',
      '--no-file-parallelism',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${results}`,
    ],
    {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, COORD_BATTERY: 'full', COORD_BATTERY_REPORT: report },
    },
  );
  print(
    readFileSync(report, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line)),
  );
  const skipped = skippedTests();
  console.log(`\n${skipped.length === 0 ? 'nothing was skipped' : `skipped: ${skipped.join('; ')}`}`);
  if (signal !== null) console.log(`\nnot all of it: ended by ${signal}`);
  process.exitCode = status ?? 1;
} finally {
  rmSync(place, { recursive: true, force: true });
}

/** By their whole names; all where nobody can tell. */
function skippedTests() {
  if (!existsSync(results)) return ['not known, since the run did not end'];
  const { testResults } = JSON.parse(readFileSync(results, 'utf8'));
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  return tests.filter(({ status }) => status !== 'passed' && status !== 'failed').map(({ fullName }) => fullName);
}

function print(rows) {
  const cells = rows.map(({ test, tried, bar, figures, failures }) => [
    test,
    tried,
    bar,
    [failures === 0 ? 'held' : `${failures} FAILED`, ...(figures ? [figures] : [])].join('; '),
  ]);
  const lines = [['test', 'tried', 'bar', 'seen'], ...cells];
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  console.log();
  for (const line of lines) {
    const padded = line.map((cell, column) => cell.padEnd(widths[column]));
    console.log(padded.join('  ').trimEnd());
  }
}
