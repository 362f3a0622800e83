import { describe, it } from 'vitest';
import { sharedFleet } from '../support/fleet.js';
import { killedOnce } from '../support/killing.js';
import { addressOf, HAS_SSHD, WAYS } from '../support/servers.js';
import { FULL, sized, tally } from './support/battery.js';
import { checkBranch } from './support/history/check.js';
import { type Call, Recorder } from './support/history/client.js';

const ROUNDS = sized(1, 25);
const TRIED = FULL ? WAYS : (['path', 'http'] as const);

/** Each does one thing; asked again, it must find what it did. */
const ACTS: readonly ((round: number) => readonly string[])[] = [
  (round) => ['claim', `src/${round}.ts`, `src/${round}.css`],
  (round) => ['renew', `src/${round}.ts`, '--ttl', '2h'],
  (round) => ['release', `src/${round}.ts`, '--uncommitted'],
  (round) => ['claim', `src/${round}.ts`, '--allow-behind'],
  (round) => ['claim', `src/${round}.css`, '--take-over'],
  () => ['note'],
];

async function rig(way: (typeof WAYS)[number]) {
  const { box, clone, remote } = await sharedFleet();
  const { url, env } = await addressOf(box, remote, way);
  box.git(clone, 'remote', 'set-url', 'origin', url);
  let dies = false;
  const recorder = new Recorder((agent, args) =>
    dies
      ? killedOnce('accepted', box, { remote, clone, env }, agent, args)
      : box.coord(clone, args, { env: { ...env, COORD_AGENT: agent } }),
  );
  const call = (killed: boolean, ...words: Parameters<Recorder['call']>) => {
    dies = killed;
    return recorder.call(...words);
  };
  const history = () => {
    box.git(clone, 'fetch', '--quiet', remote, 'refs/coord/state:refs/remotes/origin/coord');
    return checkBranch(box, clone, recorder.calls, { branch: 'refs/remotes/origin/coord' });
  };
  return { call, history };
}

function complaint({ agent, args, exit, answer }: Call): string {
  return `${agent} ${args.join(' ')}: exit ${exit} ${JSON.stringify(answer?.error)}`;
}

describe.each(TRIED)('killed once the remote has accepted, by %s', (way) => {
  it.skipIf(way === 'ssh' && !HAS_SSHD)(
    'the same request again finds its operation (ssh is skipped where there is no sshd)',
    async () => {
      const { call, history } = await rig(way);
      const failures: string[] = [];
      for (let number = 0; number < ROUNDS * ACTS.length; number += 1) {
        const args = ACTS[number % ACTS.length]?.(Math.floor(number / ACTS.length)) ?? [];
        const agent = args.includes('--take-over') ? 'noor' : 'maya';
        const again = { requestId: `request-${number}` };
        await call(true, agent, args, again);
        const commits = history().commits;
        const repeated = await call(false, agent, args, again);
        if (repeated.exit !== 0) failures.push(complaint(repeated));
        if (history().commits !== commits) failures.push(`${args.join(' ')}: was written a second time`);
      }
      const { problems, unknown } = history();
      tally({
        test: `6 killed once the remote has accepted, by ${way}`,
        tried: `${unknown} kills`,
        bar: 'a retry finds its own operation, 0 duplicates',
        failures: [...failures, ...problems],
      });
    },
  );

  it.skipIf(way === 'ssh' && !HAS_SSHD)(
    'the same claim again is the same claim, without a request id too',
    async () => {
      const { call, history } = await rig(way);
      const failures: string[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        const args = ['claim', `src/${round}.ts`];
        await call(true, 'maya', args);
        const { grants } = history();
        const repeated = await call(false, 'maya', args);
        if (repeated.exit !== 0) failures.push(complaint(repeated));
        if (history().grants !== grants) failures.push(`${args.join(' ')}: was granted a second time`);
      }
      tally({
        test: `6 the same, without a request id, by ${way}`,
        tried: `${ROUNDS} kills`,
        bar: 'one grant',
        failures: [...failures, ...history().problems],
      });
    },
  );
});
