import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { constants, setPriority } from 'node:os';
import { deflateSync } from 'node:zlib';
import type { Repository } from './repository.js';
import { type Environment, type Git, gitText, type Place, settingOf } from './run.js';

/**
 * Starts a git command that nobody waits for: it outlives this process, says nothing, and has the lowest priority, as
 * have the processes that it starts. Best effort: where it cannot be started, nothing happens.
 */
export function gitInBackground(place: Place, env: Environment, args: readonly string[]): void {
  const { cwd, environment } = settingOf(place, env);
  try {
    const child = spawn('git', args, {
      cwd,
      env: environment,
      detached: true,
      stdio: 'ignore',
      windowsHide: true,
    });
    child.on('error', () => undefined);
    child.unref();
    if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
  } catch {
    // It ended at once, or may not be slowed down; either way it is no concern of the command.
  }
}

/** Number of a commit in git's pack format (gitformat-pack). */
const COMMIT = 1;

/** Writes many commits at once, as one pack: a loose file for each would cost a flush of the disk for each. */
export async function writeCommits(repository: Repository, git: Git, bodies: readonly Buffer[]): Promise<void> {
  const header = Buffer.alloc(12);
  header.write('PACK', 'latin1');
  header.writeUInt32BE(2, 4);
  header.writeUInt32BE(bodies.length, 8);
  const entries = bodies.flatMap((body) => [entryHeader(body.length), deflateSync(body)]);
  const content = Buffer.concat([header, ...entries]);
  const checksum = createHash(repository.objectFormat).update(content).digest();
  await gitText(git, ['index-pack', '--stdin'], { input: Buffer.concat([content, checksum]) });
}

/** Type and size: four bits of the size in the first byte, seven in each that follows, the lowest first. */
function entryHeader(size: number): Buffer {
  const bytes = [(COMMIT << 4) | (size & 15)];
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes.push((bytes.pop() ?? 0) | 128, rest & 127);
  }
  return Buffer.from(bytes);
}
