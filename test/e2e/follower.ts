import { type ChildProcess, spawn } from 'node:child_process';
import { onTestFinished } from 'vitest';
import type { CoordEvent } from '../../src/domain/events.js';
import type { Sandbox } from '../support/sandbox.js';

/** A command that prints one JSON object a line, and runs beside the test. */
export interface Follower<T = CoordEvent> {
  readonly process: ChildProcess;
  /** Everything that it printed so far. */
  readonly events: readonly T[];
  readonly stderr: () => string;
  /** Resolves when it has printed an event that fits, also when it has already. */
  sees(fits: (event: T) => boolean): Promise<T>;
  /** Resolves when it has written this text to standard error. */
  says(text: string): Promise<void>;
  /** Resolves with its exit code and the signal that ended it, once it has ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
}

/** Runs `coord events --follow`, or another command that goes on. */
export function follow<T = CoordEvent>(
  box: Sandbox,
  cwd: string,
  args: readonly string[] = [],
  command: readonly string[] = ['events', '--follow'],
): Follower<T> {
  const child = spawn(process.execPath, [box.program, ...command, '--json', ...args], { cwd, env: box.env });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const events: T[] = [];
  let wake: () => void = () => undefined;
  let rest = '';
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    wake();
  });
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    events.push(...lines.map((line) => JSON.parse(line) as T));
    wake();
  });
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal }));
  });
  let over = false;
  const end = ended.then(() => {
    over = true;
  });
  const find = async <F>(look: () => F | undefined, what: string): Promise<F> => {
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (over) throw new Error(`it ended without ${what}\n${stderr}`);
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      await Promise.race([end, woken]);
    }
  };
  return {
    process: child,
    events,
    stderr: () => stderr,
    ended,
    sees: (fits) => find(() => events.find(fits), `an event with ${fits}`),
    says: (text) => find(() => (stderr.includes(text) ? null : undefined), text).then(() => undefined),
  };
}
