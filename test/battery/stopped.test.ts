import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { type Fleet, sharedFleet, until } from '../support/fleet.js';
import { coordInProcess } from '../support/in-process.js';
import { sized, tally } from './support/battery.js';

const TRIALS = sized(2, 100);
const HOUR_MS = 3_600_000;

interface Stopped {
  readonly child: ChildProcess;
  readonly ended: Promise<number>;
}

function start(fleet: Fleet, args: readonly string[]): Stopped {
  const env = { ...fleet.box.env, COORD_AGENT: 'maya' };
  const child = spawn(process.execPath, [fleet.box.program, ...args], { cwd: fleet.clone, env, stdio: 'ignore' });
  return { child, ended: new Promise((resolve) => child.on('close', (code) => resolve(code ?? 128))) };
}

/** Another agent takes the ground over, an hour later by its clock. */
async function takenOver(fleet: Fleet, target: string): Promise<string[]> {
  const taken = await coordInProcess(fleet.box, fleet.clone, ['claim', target, '--agent', 'noor', '--allow-behind'], {
    now: Date.now() + HOUR_MS,
  });
  return taken.code === 0 ? [] : [`taking ${target} over: exit ${taken.code} ${taken.stderr}`];
}

describe('a process that is stopped beyond the life of its claim, and goes on after it was taken over', () => {
  it('land: the main branch does not move', async () => {
    const fleet = await sharedFleet();
    const failures: string[] = [];
    for (let trial = 0; trial < TRIALS; trial += 1) {
      const path = `src/stopped-${trial}.ts`;
      await fleet.as('maya', ['claim', path, '--ttl', '15m']);
      fleet.box.commit(fleet.clone, path, `${trial}\n`);
      const before = fleet.box.git(fleet.remote, 'rev-parse', 'main');
      const [reached, goOn] = [fleet.box.path(`reached-${trial}`), fleet.box.path(`go-on-${trial}`)];
      // It stands in the user's hook, between its decision and its push.
      const hook = `#!/bin/sh\necho > ${reached}\nwhile [ ! -e ${goOn} ]; do sleep 0.02; done\n`;
      writeFileSync(join(fleet.clone, '.git', 'hooks', 'pre-push'), hook, { mode: 0o755 });
      const { child, ended } = start(fleet, ['land']);
      await until(async () => existsSync(reached), 'the hook of land');
      child.kill('SIGSTOP');
      failures.push(...(await takenOver(fleet, path)));
      writeFileSync(goOn, '');
      child.kill('SIGCONT');
      const code = await ended;
      if (code !== 4) failures.push(`trial ${trial}: land ended with ${code}`);
      const after = fleet.box.git(fleet.remote, 'rev-parse', 'main');
      if (after !== before) failures.push(`trial ${trial}: main moved to ${after}`);
      fleet.box.git(fleet.clone, 'reset', '--quiet', '--hard', before);
      await fleet.as('noor', ['release', path, '--uncommitted']);
    }
    tally({
      test: '3 stopped beyond the TTL, taken over, then land',
      tried: `${TRIALS} trials`,
      bar: '0 stale landings',
      failures,
    });
  });

  it('run: the program is stopped, and the exit says that the claim was lost', async () => {
    const fleet = await sharedFleet();
    const failures: string[] = [];
    for (let trial = 0; trial < TRIALS; trial += 1) {
      const target = `@job/${trial}`;
      const [reached, done] = [fleet.box.path(`running-${trial}`), fleet.box.path(`done-${trial}`)];
      const script = `echo > ${reached}; while :; do sleep 0.05; done; echo > ${done}`;
      const { child, ended } = start(fleet, ['run', target, '--ttl', '1s', '--', 'sh', '-c', script]);
      await until(async () => existsSync(reached), 'the program of run');
      child.kill('SIGSTOP');
      failures.push(...(await takenOver(fleet, target)));
      child.kill('SIGCONT');
      const code = await ended;
      if (code !== 4) failures.push(`trial ${trial}: run ended with ${code}`);
      if (existsSync(done)) failures.push(`trial ${trial}: the program was not stopped`);
      await fleet.as('noor', ['release', target]);
    }
    tally({
      test: '3 stopped beyond the TTL, taken over, then run',
      tried: `${TRIALS} trials`,
      bar: 'exit 4, the program stopped',
      failures,
    });
  });
});
