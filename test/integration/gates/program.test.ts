import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runProgram } from '../../../src/gates/program.js';
import { sandbox } from '../../support/sandbox.js';

/** Says when it is ready to be asked to end, and does not. */
const STUBBORN = `
  process.once('SIGTERM', () => process.on('SIGTERM', () => {}) && console.log('no'));
  setInterval(() => {}, 1000);
  console.log('ready');
  require('node:fs').writeFileSync(process.argv[1], '');`;

function options(script: string, changes: Partial<Parameters<typeof runProgram>[0]> = {}) {
  return {
    ...{ command: [process.execPath, '-e', script], cwd: process.cwd(), env: process.env, timeoutMs: 60_000 },
    onStop: () => () => undefined,
    ...changes,
  };
}

describe('the program of a gate', () => {
  it('that does not end when it is asked to is killed', async () => {
    const ready = join(sandbox().directory, 'ready');
    const onStop = (listener: (signal: string) => void) => {
      const timer = setInterval(() => existsSync(ready) && listener('SIGHUP'), 20);
      return () => clearInterval(timer);
    };
    const command = [process.execPath, '-e', STUBBORN, ready];
    const { end, lastLines } = await runProgram({ ...options(''), command, onStop, graceMs: 2000 });
    expect(end).toEqual({ kind: 'stopped', signal: 'SIGHUP' });
    expect(lastLines).toEqual(['ready', 'no']);
  });

  it('is stopped when we are, and nothing listens afterwards', async () => {
    let listening = 0;
    const onStop = (listener: (signal: string) => void) => {
      listening += 1;
      const timer = setTimeout(() => listener('SIGINT'), 100);
      return () => {
        clearTimeout(timer);
        listening -= 1;
      };
    };
    const { end } = await runProgram(options('setInterval(() => {}, 1000)', { onStop }));
    expect(end).toEqual({ kind: 'stopped', signal: 'SIGINT' });
    expect(listening).toBe(0);
  });

  it('that ends by a signal of its own has failed', async () => {
    const { end } = await runProgram(options("process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1000)"));
    expect(end).toEqual({ kind: 'killed', signal: 'SIGKILL' });
  });
});
