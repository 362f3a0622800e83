import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'vitest';
import { type Fleet, localFleet } from '../support/fleet.js';
import { FULL, tally } from './support/battery.js';

const FAULT = fileURLToPath(new URL('./support/fault.cjs', import.meta.url));

/** Exit codes that say what happened; a fault of the program (1) is not one of them. */
const STATED = new Set([0, 2, 7, 8]);

/** Every so many operations one is made to fail: all of them in the battery. */
const STEP = FULL ? 1 : 20;

interface Faulty {
  readonly exit: number;
  readonly output: string;
  /** How many file operations there were. */
  readonly operations: number;
}

function runWithFault(
  fleet: Fleet,
  args: readonly string[],
  at: number,
  fault: Readonly<Record<string, string>>,
): Faulty {
  const report = fleet.box.path('operations.json');
  rmSync(report, { force: true });
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--require', FAULT, fleet.box.program, ...args], {
    cwd: fleet.clone,
    encoding: 'utf8',
    env: {
      ...fleet.box.env,
      COORD_AGENT: 'maya',
      COORD_FAULT_AT: String(at),
      COORD_FAULT_UNDER: fleet.clone,
      COORD_FAULT_REPORT: report,
      ...fault,
    },
  });
  const { operations } = JSON.parse(readFileSync(report, 'utf8')) as { operations: number };
  return { exit: status ?? 128, output: stdout + stderr, operations };
}

/** What was promised of a command that met a fault: an answer that is true, and a repository that goes on working. */
async function wrongAfter(fleet: Fleet, faulty: Faulty, path: string, before: string): Promise<string[]> {
  const problems: string[] = [];
  const { exit, output } = faulty;
  const status = await fleet.as('looker', ['status', '--json']);
  if (status.code !== 0) return [`status afterwards: exit ${status.code} ${status.stderr}`];
  const held = status.json().data.claims.some(({ target }: { target: string }) => target === path);
  const moved = fleet.box.git(fleet.clone, 'rev-parse', 'coord/state') !== before;
  if (!STATED.has(exit)) problems.push(`exit ${exit}: ${output.slice(0, 300)}`);
  if (exit === 0 && !held) problems.push('acknowledged, and not held');
  if (exit !== 0 && held !== moved) problems.push('moved the branch without the claim');
  const again = await fleet.as('maya', ['claim', path]);
  if (again.code !== 0) problems.push(`the same again: exit ${again.code} ${again.stderr}`);
  const released = await fleet.as('maya', ['release', path, '--uncommitted']);
  if (released.code !== 0) problems.push(`release: exit ${released.code} ${released.stderr}`);
  return problems;
}

describe('a fault at the k-th file operation of a claim, for each k', () => {
  it.each([
    ['a disk that is full from then on', { COORD_FAULT_CODE: 'ENOSPC', COORD_FAULT_STAYS: '1' }],
    ['EACCES', { COORD_FAULT_CODE: 'EACCES' }],
    ['EROFS from then on', { COORD_FAULT_CODE: 'EROFS', COORD_FAULT_STAYS: '1' }],
    ['EIO, of reads as well', { COORD_FAULT_CODE: 'EIO', COORD_FAULT_READS: '1' }],
  ])('%s', async (name, fault) => {
    const fleet = await localFleet();
    await fleet.as('maya', ['claim', 'src/warm.ts']);
    const failures: string[] = [];
    let tried = 0;
    const { operations } = runWithFault(fleet, ['claim', 'src/count.ts'], 0, fault);
    for (let at = 1; at <= operations; at += STEP) {
      const before = fleet.box.git(fleet.clone, 'rev-parse', 'coord/state');
      const faulty = runWithFault(fleet, ['claim', 'src/k.ts'], at, fault);
      tried += 1;
      const wrong = await wrongAfter(fleet, faulty, 'src/k.ts', before);
      failures.push(...wrong.map((problem) => `at ${at}: ${problem}`));
    }
    tally({
      test: `8 ${name}, at the k-th file operation of a claim`,
      tried: `${tried} runs`,
      bar: 'a stated exit code, the state untouched or the claim held, the next command works',
      failures,
    });
  });
});
