import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'vitest';
import { type Fleet, localFleet, sharedFleet } from '../support/fleet.js';
import { killedAfter } from '../support/killing.js';
import { generator, type Random } from '../support/random.js';
import { sized, tally } from './support/battery.js';
import { checkBranch } from './support/history/check.js';
import { type Call, Recorder } from './support/history/client.js';

const KILLS = sized(4, 250);

/** A whole run takes some 60 ms on a quiet machine, and more with a remote: the kill strikes anywhere in it. */
const someMs = (random: Random, longest: number) => 20 + random() * longest;

/** What the recorder runs next is killed after so many milliseconds; null: not at all. */
function killable(fleet: Fleet): { readonly recorder: Recorder; kill(ms: number | null): void } {
  let next: number | null = null;
  const recorder = new Recorder((agent, args) =>
    next === null ? fleet.as(agent, args) : killedAfter(fleet.box, fleet.clone, agent, args, next),
  );
  return {
    recorder,
    kill: (ms) => {
      next = ms;
    },
  };
}

/** Each does one thing to ground of its own; the same again must answer the same. */
const ACTS: readonly ((round: number) => readonly string[])[] = [
  (round) => ['claim', `src/${round}.ts`],
  (round) => ['renew', `src/${round - 1}.ts`],
  (round) => ['release', `src/${round - 2}.ts`, '--uncommitted'],
  () => ['note'],
];

describe('kill -9 at a random moment', () => {
  it('claim, renew, release, note: nothing acknowledged is lost, nothing is done twice, and the next command works', async () => {
    const fleet = await localFleet();
    const random = generator(1);
    const { recorder, kill } = killable(fleet);
    const failures: string[] = [];
    let killed = 0;
    for (let round = 0; round < KILLS * ACTS.length; round += 1) {
      const args = ACTS[round % ACTS.length]?.(round) ?? [];
      const again = { requestId: `request-${round}` };
      kill(someMs(random, 100));
      if ((await recorder.call('maya', args, again)).end === null) killed += 1;
      kill(null);
      const repeated = await recorder.call('maya', args, again);
      if (repeated.exit !== 0) failures.push(complaint(repeated));
      const other = await recorder.call('noor', ['claim', `docs/${round}.md`]);
      if (other.exit !== 0) failures.push(complaint(other));
    }
    failures.push(...checkBranch(fleet.box, fleet.clone, recorder.calls).problems, ...unsound(fleet));
    tally({
      test: '2 kill -9 of claim, renew, release, note',
      tried: `${KILLS * ACTS.length} runs, ${killed} killed before they answered`,
      bar: '0 lost acknowledgements, 0 unusable repositories',
      failures,
    });
  });

  it('land: the main branch moves with the release or not at all, and the same again says which', async () => {
    const fleet = await sharedFleet();
    const random = generator(2);
    const { recorder, kill } = killable(fleet);
    const failures: string[] = [];
    let killed = 0;
    for (let round = 0; round < KILLS; round += 1) {
      const path = `src/land-${round}.ts`;
      kill(null);
      await recorder.call('maya', ['claim', path]);
      const commit = fleet.box.commit(fleet.clone, path, `${round}\n`);
      kill(someMs(random, 250));
      if ((await recorder.call('maya', ['land'])).end === null) killed += 1;
      kill(null);
      const repeated = await recorder.call('maya', ['land']);
      if (repeated.exit !== 0) failures.push(complaint(repeated));
      const main = fleet.box.git(fleet.remote, 'rev-parse', 'main');
      if (main !== commit) failures.push(`${path}: main is ${main}, not ${commit}`);
      const status = await fleet.as('maya', ['status', '--json']);
      if (status.code !== 0 || status.json().data.claims.length > 0) failures.push(`${path}: ${status.stdout}`);
    }
    failures.push(...checkBranch(fleet.box, fleet.clone, recorder.calls).problems, ...unsound(fleet));
    tally({
      test: '2 kill -9 of land',
      tried: `${KILLS} runs, ${killed} killed before they answered`,
      bar: 'both branches or neither, then done',
      failures,
    });
  });

  it('once: the program runs at most once to success, and an unknown end is told', async () => {
    const fleet = await localFleet();
    const random = generator(3);
    const { recorder, kill } = killable(fleet);
    const failures: string[] = [];
    let killed = 0;
    let unknown = 0;
    for (let round = 0; round < KILLS; round += 1) {
      const file = fleet.box.path(`ran-${round}`);
      const args = ['once', `key-${round}`, '--', 'sh', '-c', `echo ran >> ${file}`];
      kill(someMs(random, 150));
      if ((await recorder.call('maya', args)).end === null) killed += 1;
      kill(null);
      const repeated = await recorder.call('maya', args);
      const ran = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').length : 0;
      if (repeated.exit === 7) unknown += 1;
      failures.push(...wrongAfterOnce(repeated, ran));
    }
    failures.push(...unsound(fleet));
    tally({
      test: '2 kill -9 of once',
      tried: `${KILLS} runs, ${killed} killed before they answered, ${unknown} then told as unknown`,
      bar: 'at most one run each',
      failures,
    });
  });
});

function wrongAfterOnce(repeated: Call, ran: number): string[] {
  // Done before, unknown, or still held by the run that was killed.
  if (![0, 3, 7].includes(repeated.exit ?? -1)) return [complaint(repeated)];
  if (ran > 1 || (repeated.exit === 0 && ran !== 1)) return [`ran ${ran} times, and then: ${complaint(repeated)}`];
  return [];
}

function complaint({ args, exit, answer }: Call): string {
  return `${args.join(' ')}: exit ${exit} ${JSON.stringify(answer?.error ?? null)}`;
}

function unsound(fleet: Fleet): string[] {
  const { code, stdout, stderr } = fleet.box.tryGit(fleet.clone, 'fsck', '--strict', '--no-dangling');
  return code === 0 ? [] : [`git fsck: ${stdout}${stderr}`];
}
