import { existsSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Fleet, sharedFleet, until } from '../support/fleet.js';
import { generator } from '../support/random.js';
import { FULL, sized, tally } from './support/battery.js';
import { HAS_FAKETIME, playClocks, TOLERANCE_MS, wrongClock } from './support/clocks.js';

const STEPS = sized(30, 1000);
const HOUR_MS = 3_600_000;
const WRONG = [0, HOUR_MS, -HOUR_MS, 24 * HOUR_MS, -24 * HOUR_MS];
const WITHIN = [0, TOLERANCE_MS / 2, -TOLERANCE_MS / 2, TOLERANCE_MS / 4];

describe('machines whose clocks are wrong, and jump', () => {
  it('takeover: observed, by ±1 h and ±1 day: nobody loses a claim before its time', async () => {
    const { inTime, early, seen, faults } = await playClocks({
      takeover: 'observed',
      offsets: WRONG,
      steps: STEPS,
      random: generator(44),
    });
    tally({
      test: '4 clocks of ±1 h and ±1 day that jump, observed',
      tried: `${STEPS} commands on 3 machines`,
      bar: '0 early take-overs',
      figures: `${inTime} take-overs in time`,
      failures: [...early, ...seen, ...faults],
    });
    expect(inTime).toBeGreaterThan(0);
  });

  it('takeover: clock, within the tolerance: nobody loses a claim before its time', async () => {
    const { inTime, early, seen, faults } = await playClocks({
      takeover: 'clock',
      offsets: WITHIN,
      steps: STEPS,
      random: generator(44),
    });
    tally({
      test: '4 clocks within the tolerance that jump, clock',
      tried: `${STEPS} commands on 3 machines`,
      bar: '0 early take-overs',
      figures: `${inTime} take-overs in time`,
      failures: [...early, ...seen, ...faults],
    });
    expect(inTime).toBeGreaterThan(0);
  });

  it('takeover: clock, by ±1 h and ±1 day: nobody who can see the disagreement takes anything over', async () => {
    const { inTime, early, seen, faults } = await playClocks({
      takeover: 'clock',
      offsets: WRONG,
      steps: STEPS,
      random: generator(44),
    });
    tally({
      test: '4 clocks of ±1 h and ±1 day that jump, clock',
      tried: `${STEPS} commands on 3 machines`,
      bar: '0 early take-overs where the disagreement could be seen',
      figures: `${inTime} in time, ${early.length} early where it could not`,
      failures: [...seen, ...faults],
    });
    // Otherwise there was nothing to tell apart.
    expect(early.length).toBeGreaterThan(0);
  });
});

/** Noor asks on a machine whose clock is wrong. */
function asNoor(fleet: Fleet, by: string, ...args: string[]) {
  return fleet.as('noor', args, { env: wrongClock({ by }) });
}

function configure({ box, clone }: Fleet, config: object): void {
  box.commit(clone, 'coord.config.json', JSON.stringify({ share: true, remote: 'origin', ...config }));
  // What decides is that of the main branch.
  box.git(clone, 'push', '--quiet', 'origin', 'HEAD:main');
}

describe.skipIf(!HAS_FAKETIME)('processes under libfaketime (skipped where faketime is not installed)', () => {
  it.each(FULL ? ['-1h', '-1d', '+1h', '+1d'] : ['+1d'])(
    'takeover: observed, %s: waits for the whole life',
    async (by) => {
      const fleet = await sharedFleet();
      configure(fleet, { takeover: 'observed', skewTolerance: '1s' });
      const start = performance.now();
      await fleet.as('maya', ['claim', 'src/a.ts', '--ttl', '1s']);
      const refused = await asNoor(fleet, by, 'claim', 'src/a.ts');
      await until(async () => (await asNoor(fleet, by, 'claim', 'src/a.ts')).code === 0, 'the take-over');
      // Some of it passed before the claim was there, so a right program can only be later.
      const seconds = (performance.now() - start) / 1000;
      tally({
        test: `4 libfaketime ${by}, observed`,
        tried: '1 take-over',
        bar: 'refused until the whole life was watched',
        failures: refused.code === 3 && seconds >= 2 ? [] : [`exit ${refused.code}, granted after ${seconds} s`],
      });
    },
  );

  it.each(FULL ? ['-1h', '-1d'] : ['-1d'])('takeover: clock, %s: is told, and takes nothing over', async (by) => {
    const fleet = await sharedFleet();
    configure(fleet, { skewTolerance: '0s' });
    await fleet.as('omar', ['claim', 'src/other.ts']);
    await fleet.as('maya', ['claim', 'src/a.ts', '--ttl', '1s']);
    const tries = [];
    for (const args of [
      ['claim', 'src/a.ts'],
      ['claim', 'src/a.ts', '--reason', 'late'],
      ['claim', 'src'],
    ]) {
      tries.push(await asNoor(fleet, by, ...args));
    }
    const wrong = tries.filter(({ code, stderr }) => code !== 3 || !stderr.includes('this clock is behind'));
    tally({
      test: `4 libfaketime ${by}, clock`,
      tried: `${tries.length} commands`,
      bar: 'told, and nothing taken over',
      failures: wrong.map(({ code, stderr }) => `exit ${code} ${stderr}`),
    });
  });

  it.each(FULL ? ['-1h', '+1h', '-1d', '+1d'] : ['-1d', '+1h'])(
    'the clock jumps by %s while a program runs under a claim',
    async (by) => {
      const fleet = await sharedFleet();
      const { box } = fleet;
      const offset = box.write(box.directory, 'offset', '+0s\n');
      const [running, go] = [box.path('running'), box.path('go')];
      const script = `echo > ${running}; while [ ! -e ${go} ]; do sleep 0.02; done`;
      const run = fleet.as('maya', ['run', '@job', '--ttl', '2s', '--', 'sh', '-c', script], {
        env: wrongClock({ file: offset }),
      });
      await until(async () => existsSync(running), 'the program of run');
      writeFileSync(offset, `${by}\n`);
      const failures: string[] = [];
      let alive = true;
      const ended = run.finally(() => {
        alive = false;
      });
      for (let ask = 0; ask < sized(5, 50) && alive; ask += 1) {
        const { code, stderr } = await fleet.as('noor', ['claim', '@job']);
        if (code === 3) continue;
        // Whoever holds it now must not share it with a program that still ends well.
        if (code !== 0 || (await ended).code !== 4) failures.push(`noor: exit ${code} ${stderr}`);
        break;
      }
      writeFileSync(go, '');
      const { code, stderr } = await ended;
      if (code !== 0 && code !== 4) failures.push(`run: exit ${code} ${stderr}`);
      tally({
        test: `4 libfaketime, jumps by ${by} while a program runs`,
        tried: '1 run',
        bar: 'it ends with 0 and nobody had it, or with 4',
        figures: `exit ${code}`,
        failures,
      });
    },
  );
});
