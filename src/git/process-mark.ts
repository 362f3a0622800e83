import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { kill, pid, ppid } from 'node:process';
import { textOf } from './if-there.js';

/**
 * Tells a process from every other, in a form that can stand in the name of a file: its id, when it was started (ticks since
 * the boot), the space of ids that it is in, the boot, the host. An id alone proves nothing, since it is used again.
 */
export function ownMark(): string {
  own ??= [pid, startOf(pid)?.at ?? 0, idSpace(), bootId() ?? '0', hostname().replace(/[^A-Za-z0-9-]/g, '-')].join('.');
  return own;
}

let own: string | undefined;

/** Whether the process of a mark still runs; `unknown`: on another host, or in a container, that cannot be seen from here. */
export function standingOf(mark: string): 'runs' | 'gone' | 'unknown' {
  const [id, start, space, boot, host, ...more] = mark.split('.');
  const [, , ownSpace, ownBoot, ownHost] = ownMark().split('.');
  if (!/^\d+$/.test(id ?? '') || more.length > 0 || host !== ownHost) return 'unknown';
  if (boot !== ownBoot) return 'gone';
  if (space !== ownSpace) return 'unknown';
  const process = startOf(Number(id));
  if (process === null || process.isDead) return isThere(Number(id)) && process === null ? 'unknown' : 'gone';
  return process.at === Number(start) ? 'runs' : 'gone';
}

const SHELLS = new Set(['sh', 'bash', 'dash', 'zsh', 'ksh', 'fish', 'ash', 'env']);

/**
 * Tells the process that has started this one, past the shells between them: two programs that the same one has started,
 * each in its own way, are told the same. null: there is no such table of processes as Linux has.
 */
export function starterMark(): string | null {
  for (let id = ppid; id > 1; ) {
    const found = describe(id);
    if (found === null) return null;
    if (!SHELLS.has(found.name)) return `${id}.${found.fields[19]}.${bootId()}`;
    id = Number(found.fields[1]);
  }
  return null;
}

/** A process in Linux's table: its name, and the fields that follow it. */
function describe(id: number): { readonly name: string; readonly fields: readonly string[] } | null {
  try {
    const stat = readFileSync(`/proc/${id}/stat`, 'latin1');
    // The second field is the program's name in brackets, which may itself hold blanks and brackets.
    const end = stat.lastIndexOf(')');
    return { name: stat.slice(stat.indexOf('(') + 1, end), fields: stat.slice(end + 2).split(' ') };
  } catch {
    return null;
  }
}

/** When a process was started, by Linux's process table; null where it is not there, or where there is no such table. */
export function startOf(id: number): { readonly at: number; readonly isDead: boolean } | null {
  const found = describe(id);
  if (found === null) return null;
  const [state] = found.fields;
  return { at: Number(found.fields[19]), isDead: state === 'Z' || state === 'X' };
}

function isThere(id: number): boolean {
  try {
    kill(id, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function idSpace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid').replace(/\D/g, '');
  } catch {
    return '0';
  }
}

/** Linux names each boot; elsewhere nothing tells one boot from the next. */
export function bootId(): string | null {
  return textOf('/proc/sys/kernel/random/boot_id').trim() || null;
}
