import { existsSync, readFileSync } from 'node:fs';

/** Whether a process runs: one that has ended, and that nobody has collected yet, does not count. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const stat = `/proc/${pid}/stat`;
  return !existsSync(stat) || !readFileSync(stat, 'utf8').includes(') Z ');
}
