import { spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { type Environment, gitEnvironment } from './environment.js';

/**
 * Starts a git command that nobody waits for: it outlives this process, says nothing, and has the lowest priority, as
 * have the processes that it starts. Best effort: where it cannot be started, nothing happens.
 */
export function gitInBackground(directory: string, env: Environment, args: readonly string[]): void {
  try {
    const child = spawn('git', args, {
      cwd: directory,
      env: gitEnvironment(env),
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
