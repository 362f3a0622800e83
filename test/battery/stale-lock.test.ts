import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { ownMark } from '../../src/git/process-mark.js';
import { localFleet } from '../support/fleet.js';
import { sized, tally } from './support/battery.js';
import { checkBranch } from './support/history/check.js';
import { Recorder } from './support/history/client.js';

const TRIALS = sized(4, 1000);

describe('a stale lock, stolen by several processes at once', () => {
  it.each([2, 4, 8])('%i processes: one holder', async (processes) => {
    const fleet = await localFleet();
    const folder = join(fleet.clone, '.git', 'coord', 'queue');
    const gone = [spawnSync('true').pid, ...ownMark().split('.').slice(1)].join('.');
    const recorder = new Recorder((agent, args) => fleet.as(agent, args));
    const failures: string[] = [];
    for (let trial = 0; trial < TRIALS; trial += 1) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'lock'), `${gone} 1`);
      const agents = Array.from({ length: processes }, (_, number) => `agent${number}`);
      const calls = await Promise.all(agents.map((agent) => recorder.call(agent, ['claim', 'src/one.ts'])));
      const codes = calls.map(({ exit }) => exit).sort();
      if (codes.join() !== [0, ...Array(processes - 1).fill(3)].join()) failures.push(`${trial}: exits ${codes}`);
      const winner = calls.find(({ exit }) => exit === 0);
      if (winner) await recorder.call(winner.agent, ['release', 'src/one.ts', '--uncommitted']);
    }
    const checked = checkBranch(fleet.box, fleet.clone, recorder.calls);
    tally({
      test: `1 a stale lock, stolen by ${processes} processes at once`,
      tried: `${TRIALS} trials`,
      bar: '0 double grants',
      failures: [...failures, ...checked.problems],
    });
  });
});
