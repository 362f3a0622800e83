import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { captureProgram, runProgram } from '../../../src/programs/run.js';
import { until } from '../../support/fleet.js';
import { sandbox } from '../../support/sandbox.js';

/** Says when it is ready to be asked to end, and does not. */
const STUBBORN = `
  process.once('SIGTERM', () => process.on('SIGTERM', () => {}) && console.log('no'));
  setInterval(() => {}, 1000);
  console.log('ready');
  require('node:fs').writeFileSync(process.argv[1], '');`;

/** Everything it writes, and that nobody asks it to stop. */
function options(script: string, changes: Partial<Parameters<typeof runProgram>[0]> = {}) {
  const written: string[] = [];
  const read = (chunk: Buffer) => written.push(chunk.toString());
  return {
    ...{ command: [process.execPath, '-e', script], cwd: process.cwd(), env: process.env, timeoutMs: 60_000 },
    ...{ ownGroup: true, stdout: read, stderr: read, written },
    ...changes,
  };
}

describe('a program with a group of its own', () => {
  it('that does not end when it is asked to is killed', async () => {
    const ready = join(sandbox().directory, 'ready');
    const onStop = (listener: (signal: 'SIGHUP') => void) => {
      const timer = setInterval(() => existsSync(ready) && listener('SIGHUP'), 20);
      return () => clearInterval(timer);
    };
    const command = [process.execPath, '-e', STUBBORN, ready];
    const asked = options('', { command, onStop, graceMs: 2000 });
    expect(await runProgram(asked)).toEqual({ kind: 'stopped', signal: 'SIGHUP', exit: 137 });
    expect(asked.written.join('')).toBe('ready\nno\n');
  });

  it('is stopped when we are, and nothing listens afterwards', async () => {
    let listening = 0;
    const onStop = (listener: (signal: 'SIGINT') => void) => {
      listening += 1;
      const timer = setTimeout(() => listener('SIGINT'), 100);
      return () => {
        clearTimeout(timer);
        listening -= 1;
      };
    };
    const end = await runProgram(options('setInterval(() => {}, 1000)', { onStop }));
    expect(end).toEqual({ kind: 'stopped', signal: 'SIGINT', exit: 143 });
    expect(listening).toBe(0);
  });

  it('that ends by a signal of its own has failed', async () => {
    const end = await runProgram(options("process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1000)"));
    expect(end).toEqual({ kind: 'killed', signal: 'SIGKILL', exit: 137 });
  });

  it('that cannot be started says why, and nothing listens afterwards', async () => {
    let listening = 0;
    const onStop = () => {
      listening += 1;
      return () => {
        listening -= 1;
      };
    };
    const end = await runProgram(options('', { command: ['./no-such-program'], onStop }));
    expect(end).toEqual({ kind: 'not-started', reason: 'there is no such program' });
    expect(listening).toBe(0);
  });

  it('is over when its time is', async () => {
    const end = await runProgram(options('setInterval(() => {}, 1000)', { timeoutMs: 200 }));
    expect(end).toEqual({ kind: 'timeout', exit: 143 });
  });

  it('takes what it has left running with it', async () => {
    const started = join(sandbox().directory, 'started');
    const child = `require('node:fs').writeFileSync(process.argv[1], ''); setInterval(() => {}, 1000)`;
    const script = `
      const { spawn } = require('node:child_process');
      const left = spawn(process.execPath, ['-e', ${JSON.stringify(child)}, process.argv[1]], { stdio: 'ignore' });
      console.log(left.pid);
      const timer = setInterval(() => require('node:fs').existsSync(process.argv[1]) && process.exit(3), 20);`;
    const asked = options('', { command: [process.execPath, '-e', script, started] });
    expect(await runProgram(asked)).toEqual({ kind: 'ended', exit: 3 });
    const pid = Number(asked.written.join(''));
    await until(async () => isOver(pid), 'the end of what it left running');
  });
});

/** A killed process that nobody has waited for yet counts as over. */
function isOver(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ');
  } catch {
    return true;
  }
}

describe('a program in our group', () => {
  it('is passed the signal that asks us to stop, as it is, and may go on', async () => {
    const ready = join(sandbox().directory, 'ready');
    const script = `
      process.on('SIGHUP', () => { console.log('told'); process.exit(7); });
      setInterval(() => {}, 1000);
      require('node:fs').writeFileSync(process.argv[1], '');`;
    const onStop = (listener: (signal: 'SIGHUP') => void) => {
      until(async () => existsSync(ready), ready).then(() => listener('SIGHUP'));
      return () => undefined;
    };
    const command = [process.execPath, '-e', script, ready];
    const asked = options('', { command, ownGroup: false, onStop, graceMs: 1 });
    expect(await runProgram(asked)).toEqual({ kind: 'ended', exit: 7 });
    expect(asked.written.join('')).toBe('told\n');
  });

  it('that does not end when its lease is over is killed', async () => {
    const ready = join(sandbox().directory, 'ready');
    const stopping = new AbortController();
    until(async () => existsSync(ready), ready).then(() => stopping.abort());
    const command = [process.execPath, '-e', STUBBORN, ready];
    const asked = options('', { command, ownGroup: false, stop: stopping.signal, graceMs: 2000 });
    expect(await runProgram(asked)).toEqual({ kind: 'stopped', signal: 'SIGTERM', exit: 137 });
    expect(asked.written.join('')).toBe('ready\nno\n');
  });

  it('is stopped at once where its lease was over before', async () => {
    const stop = AbortSignal.abort();
    const end = await runProgram(options('setInterval(() => {}, 1000)', { ownGroup: false, stop }));
    expect(end).toEqual({ kind: 'stopped', signal: 'SIGTERM', exit: 143 });
  });
});

describe('what a program writes', () => {
  const place = { cwd: process.cwd(), env: process.env };

  it('is kept, by stream, and it reads what it is given', async () => {
    const script = "process.stdin.on('data', (data) => console.log('<' + data + '>')); console.error('é');";
    const captured = await captureProgram({ ...place, command: [process.execPath, '-e', script], stdin: 'in' });
    expect(captured).toEqual({ end: { kind: 'ended', exit: 0 }, stdout: '<in>\n', stderr: 'é\n' });
  });

  it('is bounded: who writes more is stopped, and what came before is kept', async () => {
    const script = "process.stdout.write('x'.repeat(1000)); setInterval(() => process.stdout.write('y'), 5)";
    const { end, stdout } = await captureProgram({ ...place, command: [process.execPath, '-e', script] }, 1010);
    expect(end).toEqual({ kind: 'stopped', signal: 'SIGTERM', exit: 143 });
    expect(stdout).toMatch(/^x{1000}y{0,10}$/);
  });
});
