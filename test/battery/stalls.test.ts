import { spawn, spawnSync } from 'node:child_process';
import { existsSync, linkSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'vitest';
import { CoordError } from '../../src/errors.js';
import { ownMark } from '../../src/git/process-mark.js';
import { branchIn, lockOf, looseCommit } from '../integration/remote/rig.js';
import { type Fleet, localFleet } from '../support/fleet.js';
import { FULL, tally } from './support/battery.js';

const FAULT = fileURLToPath(new URL('./support/fault.cjs', import.meta.url));
const REF = 'refs/coord/state';
const KNOWN = 'refs/coord-local/known/coord/state';

/** What of the clone's files is stalled: all that a command touches in the battery, else what it does to refs. */
const UNDER = FULL ? '.git' : '.git/refs';
/** Every so many operations one is stalled: all of them in the battery. */
const STEP = FULL ? 1 : 3;

function environment(fleet: Fleet, more: Readonly<Record<string, string>>) {
  const reads = FULL ? '1' : '0';
  const under = join(fleet.clone, UNDER);
  return { ...fleet.box.env, COORD_AGENT: 'maya', COORD_FAULT_UNDER: under, COORD_FAULT_READS: reads, ...more };
}

function note(text: string, fleet: Fleet): readonly string[] {
  return ['--require', FAULT, fleet.box.program, 'note', text];
}

function countOperations(fleet: Fleet): number {
  const report = fleet.box.path('operations.json');
  const env = environment(fleet, { COORD_FAULT_AT: '0', COORD_FAULT_REPORT: report });
  spawnSync(process.execPath, note('count', fleet), { cwd: fleet.clone, env });
  return (JSON.parse(readFileSync(report, 'utf8')) as { operations: number }).operations;
}

/** A note whose process stands still at its k-th file operation until it is let go on. */
async function stalledAt(fleet: Fleet, at: number) {
  const reached = fleet.box.path('reached');
  const env = environment(fleet, {
    COORD_FAULT_AT: String(at),
    COORD_FAULT_CODE: 'STALL',
    COORD_FAULT_REACHED: reached,
  });
  const child = spawn(process.execPath, note(`stalled at ${at}`, fleet), { cwd: fleet.clone, env, stdio: 'ignore' });
  const ended = new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? 128)));
  while (!existsSync(reached) && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 5));
  return {
    goOn: () => {
      rmSync(reached, { force: true });
      return ended;
    },
  };
}

/** Another writer, whose waiting costs no time. @returns the commit that it wrote; null: it said that it could not */
async function otherWrites(fleet: Fleet, name: string): Promise<string | null> {
  const branch = branchIn(fleet.box, fleet.clone, async () => undefined);
  const from = fleet.box.git(fleet.clone, 'rev-parse', REF);
  const commit = looseCommit(fleet.box, fleet.clone, from, name);
  try {
    return (await branch.publish(commit, from)) ? commit : null;
  } catch (error) {
    if (error instanceof CoordError && error.details.reason === 'lock-held') return null;
    throw error;
  }
}

/** What does not hold once both have ended: each write is there once or was said not to be, and the clone goes on. */
async function wrongAfter(fleet: Fleet, at: number, exit: number, others: readonly (string | null)[]) {
  const problems: string[] = [];
  const line = fleet.box.git(fleet.clone, 'rev-list', '--first-parent', REF).split('\n');
  for (const other of others)
    if (other !== null && !line.includes(other)) problems.push(`${at}: another's write is gone`);
  const { notes } = (await fleet.as('looker', ['log', '--json'])).json().data;
  const written = notes.filter(({ text }: { text: string }) => text === `stalled at ${at}`).length;
  if (written !== (exit === 0 ? 1 : 0)) problems.push(`${at}: exit ${exit}, written ${written} times`);
  if (![0, 7].includes(exit)) problems.push(`${at}: exit ${exit}`);
  if (!line.includes(fleet.box.git(fleet.clone, 'rev-parse', KNOWN)))
    problems.push(`${at}: what is known is not there`);
  const status = await fleet.as('looker', ['status']);
  if (status.code !== 0) problems.push(`${at}: status: exit ${status.code} ${status.stderr}`);
  const next = await fleet.as('looker', ['note', `after ${at}`]);
  if (next.code !== 0) problems.push(`${at}: the next write: exit ${next.code} ${next.stderr}`);
  const left = readdirSync(join(fleet.clone, '.git/refs/coord')).filter((name) => name.endsWith('.lock'));
  if (left.length > 0) problems.push(`${at}: left behind ${left}`);
  return problems;
}

/** The lock of a writer that was killed with it in its hands. */
function leaveLock(fleet: Fleet): void {
  const { pid } = spawnSync('true');
  const mark = ownMark().replace(/^\d+/, String(pid));
  const held = fleet.box.write(fleet.clone, `.git/refs/coord/held-${mark}-000000000000.lock`, `${'0'.repeat(40)}\n`);
  linkSync(held, lockOf(fleet.clone));
}

describe('a writer that stands still at its k-th file operation, for each k, while another writes', () => {
  it.each([
    ['nothing is in its way', () => undefined],
    ['a lock that was left over is in its way', leaveLock],
  ])('%s', async (name, prepare) => {
    const fleet = await localFleet();
    await fleet.as('maya', ['note', 'first']);
    prepare(fleet);
    const operations = countOperations(fleet);
    const failures: string[] = [];
    for (let at = 1; at <= operations; at += STEP) {
      prepare(fleet);
      const stalled = await stalledAt(fleet, at);
      const others = [await otherWrites(fleet, `one ${at}`), await otherWrites(fleet, `two ${at}`)];
      failures.push(...(await wrongAfter(fleet, at, await stalled.goOn(), others)));
    }
    tally({
      test: `7 stalled at each file operation, ${name}`,
      tried: `${Math.ceil(operations / STEP)} operations, two writes in each stall`,
      bar: '0 lost, doubled or undone; no exit 8; no lock left',
      failures,
    });
  });
});
