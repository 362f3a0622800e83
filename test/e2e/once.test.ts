import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { localFleet, sharedFleet, until } from '../support/fleet.js';
import { inProcess } from '../support/in-process.js';

const node = process.execPath;

describe('once', () => {
  it('runs a program once, and repeats its result to later callers', async () => {
    const fleet = await localFleet();
    const work = 'echo done; echo x >> ../runs';
    const first = await fleet.as('maya', ['once', 'migrate/1', '--', 'sh', '-c', work]);
    expect(first).toMatchObject({ code: 0, stdout: 'done\n' });
    const second = await fleet.as('noor', ['once', 'migrate/1', '--', 'sh', '-c', work]);
    expect(second).toMatchObject({ code: 0, stdout: 'done\n' });
    expect(second.stderr).toContain('ran already: by maya');
    expect(fleet.box.read('runs')).toBe('x\n');
    const status = await fleet.as('maya', ['status', '--json']);
    expect(status.json().data.claims).toEqual([]);
  });

  it('may run again after a failure, whose exit code it passes on', async () => {
    const fleet = await localFleet();
    const failed = await fleet.as('maya', ['once', 'job', '--json', '--', 'sh', '-c', 'exit 5']);
    expect(failed.json()).toMatchObject({ ok: false, data: { exit: 5 }, error: { code: 'program', exit: 5 } });
    expect(failed.code).toBe(5);
    expect(await fleet.as('noor', ['once', 'job', '--', 'echo', 'again'])).toMatchObject({
      code: 0,
      stdout: 'again\n',
    });
  });

  it('may run again when the program could not be started', async () => {
    const fleet = await localFleet();
    expect((await fleet.as('maya', ['once', 'job', '--', 'no-such-program-anywhere'])).code).toBe(2);
    expect(await fleet.as('maya', ['once', 'job', '--', 'echo', 'ran'])).toMatchObject({ code: 0, stdout: 'ran\n' });
  });

  it('runs once among many at once, also of one agent, across clones', async () => {
    const fleet = await sharedFleet();
    const other = fleet.box.clone(fleet.remote);
    const args = ['once', 'job', '--wait=1m', '--', 'sh', '-c', 'echo x >> "$RUNS"'];
    const env = { RUNS: fleet.box.path('runs') };
    const results = await Promise.all([
      fleet.as('maya', args, { env }),
      fleet.as('maya', args, { env, cwd: other }),
      fleet.as('noor', args, { env }),
      fleet.as('omar', args, { env, cwd: other }),
    ]);
    expect(results.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect(fleet.box.read('runs')).toBe('x\n');
  });

  it('refuses a second caller while it runs, even the same agent', async () => {
    const fleet = await localFleet();
    const running = fleet.as('maya', ['once', 'job', '--', node, '-e', WAIT_FOR_GO], {
      env: { GO: fleet.box.path('go') },
    });
    const held = async () => (await fleet.as('noor', ['status', '--json'])).json().data.claims.length > 0;
    await until(held, 'the run has begun');
    for (const agent of ['maya', 'noor']) {
      const refused = await fleet.as(agent, ['once', 'job', '--json', '--', 'true']);
      expect(refused.code).toBe(3);
      expect(refused.json().error.details.conflicts).toMatchObject([{ heldTarget: '@once/job', agent: 'maya' }]);
    }
    expect((await fleet.as('noor', ['once', 'job', '--forget'])).code).toBe(3);
    fleet.box.write(fleet.box.directory, 'go', '');
    expect((await running).code).toBe(0);
  });

  it('reports a run that was killed as unknown, and never repeats it silently', async () => {
    const fleet = await localFleet();
    const kill = 'process.kill(process.ppid, "SIGKILL")';
    await fleet.as('maya', ['once', 'job', '--', node, '-e', kill]);
    expect((await fleet.as('maya', ['once', 'job', '--', 'echo', 'ran'])).code).toBe(3);
    // The claim of the run that was killed is over.
    const { clock, run } = inProcess(fleet.box);
    clock.ms = Date.now() + 3_600_000;
    const once = (...words: string[]) => run('maya', fleet.clone, ['once', 'job', ...words]);
    const unknown = await once('--json', '--', 'echo', 'ran');
    expect(unknown.code).toBe(7);
    expect(unknown.json().error).toMatchObject({ details: { reason: 'unknown-outcome', once: { agent: 'maya' } } });
    expect(unknown.json().error.hint).toContain('--retry');
    const retried = await once('--retry', '--', 'touch', 'ran');
    expect([retried.code, existsSync(join(fleet.clone, 'ran'))]).toEqual([0, true]);
    expect((await once('--forget')).stdout).toBe('forgot job\n');
    expect(await fleet.as('maya', ['once', 'job', '--', 'echo', 'again'])).toMatchObject({
      code: 0,
      stdout: 'again\n',
    });
  });

  it.each([
    ['', 'true'],
    ['a b', 'true'],
    ['*', 'true'],
    ['../x', 'true'],
    ['__proto__', 'true'],
  ])('takes no odd key: %j', async (key, program) => {
    const fleet = await localFleet();
    const expected = key === '__proto__' ? 0 : 2;
    expect((await fleet.as('maya', ['once', key, '--', program])).code).toBe(expected);
  });
});

const WAIT_FOR_GO = `
const { existsSync } = require('node:fs');
const look = () => (existsSync(process.env.GO) ? process.exit(0) : setImmediate(look));
look();
`;
