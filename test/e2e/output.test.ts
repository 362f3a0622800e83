import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fleetWithClaims } from '../support/envelope.js';
import { localFleet } from '../support/fleet.js';
import { sandbox } from '../support/sandbox.js';

// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape sequences of colour are what is looked for
const COLOUR = /\u001b\[\d+m/;

describe('words', () => {
  it('of a claim, a refusal, the status and a release say what to do', async () => {
    const { box, clone, as } = await localFleet();
    const claimed = await as('maya', ['claim', 'src/api', '--reason', 'pagination']);
    expect(claimed.stdout).toMatch(
      /^claimed src\/api\/\*\* until \d\d:\d\d \(30m\) · token \d+ · valid in this clone\n$/,
    );
    const refused = await as('noor', ['claim', 'src/api/users.ts', 'README.md']);
    expect(refused.stderr).toMatch(
      /^refused: src\/api\/users.ts is inside src\/api\/\*\*, held by maya for 30m more \(since \d\d:\d\d, "pagination"\)\nfree of what you asked: README.md\nnext: coord claim README.md /,
    );
    expect(refused.stdout).toBe('');
    const status = await as('noor', ['status']);
    expect(status.stdout).toMatch(
      /^TARGET +HOLDER +MODE +LEFT +SINCE +WHY\nsrc\/api\/\*\* +maya +exclusive +30m +\d\d:\d\d +pagination\n$/,
    );
    const work = box.commit(clone, 'src/api/users.ts', 'more users\n');
    const released = await as('maya', ['release', 'src/api']);
    expect(released.stdout).toBe(`released src/api/** at ${work.slice(0, 7)} · the next holder must have it\n`);
    expect((await as('noor', ['status'])).stdout).toBe('no claims\n');
  });

  it.each(['two\nlines', 'a\rreturn', '\u001b[2J\u001b[31mred\u0007', 'tab\there', '\u2028', '\u202etxt.exe'])(
    'keep a reason with control characters (%j) on its line',
    async (reason) => {
      const { as, box, clone } = await localFleet();
      await as('maya', ['claim', 'src/api', `--reason=why: ${reason}`]);
      const outputs = [
        (await as('noor', ['status'])).stdout,
        (await as('noor', ['claim', 'src/api'])).stderr,
        box.git(clone, 'log', '-1', '--format=%s', 'coord/state'),
      ];
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is what is checked
      for (const output of outputs) expect(output).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u2028\u2029\u202a-\u202e]/);
      expect(outputs[0]?.trimEnd().split('\n')).toHaveLength(2);
      // The refusal, what is free nearby, and the next step.
      expect(outputs[1]?.trimEnd().split('\n')).toHaveLength(3);
      const status = await as('noor', ['status', '--json']);
      expect(status.json().data.claims[0].reason).toBe(`why: ${reason}`);
    },
  );

  it('are coloured only where it is asked for, or a terminal, and JSON never', async () => {
    const { as } = await fleetWithClaims();
    const coloured = async (env: Record<string, string>, ...args: string[]) => {
      const { stdout, stderr } = await as('maya', args, { env });
      return COLOUR.test(stdout + stderr);
    };
    expect(await coloured({}, 'renew')).toBe(false);
    expect(await coloured({ FORCE_COLOR: '1' }, 'renew')).toBe(true);
    expect(await coloured({ FORCE_COLOR: '1', NO_COLOR: '1' }, 'renew')).toBe(true);
    expect(await coloured({ FORCE_COLOR: '0' }, 'renew')).toBe(false);
    expect(await coloured({ NO_COLOR: '1' }, 'renew')).toBe(false);
    expect(await coloured({ FORCE_COLOR: '1' }, 'renew', '--json')).toBe(false);
    expect(await coloured({ FORCE_COLOR: '1' }, 'release', 'nothing')).toBe(true);
  });
});

describe('a reader that goes away', () => {
  it.each([['status'], ['status', '--json'], ['--help']])(
    'before coord %s has written all is no fault',
    async (...args) => {
      const { box, clone, as } = await localFleet();
      await as('maya', ['claim', ...Array.from({ length: 400 }, (_, index) => `${'long/'.repeat(40)}${index}.ts`)]);
      const result = await new Promise<{ code: number | null; stderr: string }>((resolve) => {
        const child = spawn(process.execPath, [box.program, ...args], { cwd: clone, env: box.env });
        let stderr = '';
        child.stderr.on('data', (chunk: Buffer) => {
          stderr += chunk.toString();
        });
        child.stdout.destroy();
        child.on('close', (code) => resolve({ code, stderr }));
      });
      expect(result).toEqual({ code: 0, stderr: '' });
    },
  );
});

describe('a directory that is gone', () => {
  it('is exit 2, in words', async () => {
    const box = sandbox();
    const clone = box.repository();
    box.write(clone, 'gone/x', '');
    const script = `cd '${join(clone, 'gone')}' && rm -r '${join(clone, 'gone')}' && exec '${process.execPath}' '${box.program}' status`;
    const result = await new Promise<{ code: number | null; stderr: string }>((resolve) => {
      const child = spawn('/bin/sh', ['-c', script], { env: box.env });
      let stderr = '';
      child.stderr.on('data', (chunk: Buffer) => {
        stderr += chunk.toString();
      });
      child.on('close', (code) => resolve({ code, stderr }));
    });
    expect(result.stderr).not.toMatch(/\n +at /);
    expect([result.code, result.stderr]).toEqual([2, expect.stringContaining('next: ')]);
    rmSync(clone, { recursive: true });
  });
});
