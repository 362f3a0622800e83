import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { kill } from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { namesIn } from './if-there.js';

/** Milliseconds that a stopped git gets to remove its lock files, and the files that it signs. */
const GRACE_MS = 500;

export interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/**
 * Stops a git with all that it has started: a helper, a signer, a hook. What has left its parents is not found, so a daemon
 * that one of them began, such as gpg-agent, goes on.
 * @param isGit finds it in the process table
 * @param ask asks it to end by itself; what has not ended soon is killed
 */
export async function stopTree(isGit: (process: Process) => boolean, ask: () => void): Promise<void> {
  const processes = withDescendants(await processTable(), isGit);
  ask();
  await delay(GRACE_MS);
  killAll(await survivors(processes));
}

/**
 * Those of the processes that still run, and what they have started since. An id that another program has got in the
 * meantime is not among them.
 */
async function survivors(processes: readonly Process[]): Promise<Process[]> {
  const before = new Map(processes.map(({ pid, command }) => [pid, command]));
  return withDescendants(await processTable(), ({ pid, command }) => before.get(pid) === command);
}

function withDescendants(all: readonly Process[], isRoot: (process: Process) => boolean): Process[] {
  const found = new Set(all.filter(isRoot).map(({ pid }) => pid));
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const { pid, parent } of all) if (found.has(parent)) found.add(pid);
  }
  return all.filter(({ pid }) => found.has(pid));
}

function killAll(processes: readonly Process[]): void {
  for (const { pid } of processes) {
    try {
      kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself in the meantime, as it should.
    }
  }
}

async function processTable(): Promise<Process[]> {
  return readProc() ?? (await askPs());
}

/** Linux's process table, read directly, since small images lack `ps`; undefined elsewhere. */
function readProc(): Process[] | undefined {
  const pids = namesIn('/proc').filter((name) => /^\d+$/.test(name));
  return pids.length === 0 ? undefined : pids.flatMap((pid) => describe(pid));
}

function describe(pid: string): Process[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the program's name in brackets, which may itself hold blanks and brackets.
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    return [{ pid: Number(pid), parent, command: readFileSync(`/proc/${pid}/cmdline`, 'utf8') }];
  } catch {
    return [];
  }
}

/** The process table by POSIX `ps`; empty where there is none. */
function askPs(): Promise<Process[]> {
  return new Promise((resolve) => {
    execFile('ps', ['-A', '-o', 'pid=,ppid=,args='], { maxBuffer: 16 * 1024 * 1024 }, (_error, stdout) => {
      const rows = stdout.matchAll(/^\s*(\d+)\s+(\d+)\s+(.*)$/gm);
      resolve(
        Array.from(rows, ([, pid, parent, command]) => ({
          pid: Number(pid),
          parent: Number(parent),
          command: command ?? '',
        })),
      );
    });
  });
}
