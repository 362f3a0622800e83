import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { addHook } from '../integration/remote/rig.js';
import { type Fleet, sharedFleet } from '../support/fleet.js';
import { coordInProcess } from '../support/in-process.js';
import { addressOf, HAS_SSHD, WAYS } from '../support/servers.js';
import { sized, tally } from './support/battery.js';
import { checkBranch } from './support/history/check.js';
import { Recorder } from './support/history/client.js';

const TRIALS = sized(4, 300);

/** Lets nobody move the branch before two have come who would both move it from the same commit. */
const BARRIER = `while read -r old new ref; do
  [ "$ref" = refs/coord/state ] || continue
  mkdir -p meeting
  echo here >> "meeting/$old"
  tries=0
  while [ "$(wc -l < "meeting/$old")" -lt 2 ] && [ $tries -lt 300 ]; do sleep 0.01; tries=$((tries + 1)); done
done`;

/** How many pairs stood before the branch at once, with the same parent. */
function meetings(remote: string): number {
  const folder = join(remote, 'meeting');
  return readdirSync(folder).filter((name) => readFileSync(join(folder, name), 'utf8').trim().includes('\n')).length;
}

async function twoClones(way: (typeof WAYS)[number]) {
  const { box, clone, remote }: Fleet & { remote: string } = await sharedFleet();
  const { url, env } = await addressOf(box, remote, way);
  const clones = { maya: clone, noor: box.clone(remote) };
  // As on another host: clones of one share a queue, and would never meet.
  box.git(clones.noor, 'config', 'http.userAgent', 'elsewhere');
  for (const cwd of Object.values(clones)) {
    box.git(cwd, 'remote', 'set-url', 'origin', url);
    const status = await coordInProcess(box, cwd, ['status'], { env });
    if (status.code !== 0) throw new Error(status.stderr);
  }
  const recorder = new Recorder((agent, args) =>
    coordInProcess(box, clones[agent as keyof typeof clones], args, { env: { ...env, COORD_AGENT: agent } }),
  );
  return { box, clone, remote, recorder };
}

describe.each(WAYS)('two pushers from one parent, by %s', (way) => {
  it.skipIf(way === 'ssh' && !HAS_SSHD)('have one winner (ssh is skipped where there is no sshd)', async () => {
    const { box, clone, remote, recorder } = await twoClones(way);
    addHook(box, remote, 'pre-receive', BARRIER);
    const failures: string[] = [];
    for (let trial = 0; trial < TRIALS; trial += 1) {
      const args = ['claim', `src/${trial}.ts`];
      const calls = await Promise.all(['maya', 'noor'].map((agent) => recorder.call(agent, args)));
      const codes = calls.map(({ exit }) => exit).sort();
      if (codes.join() !== '0,3') failures.push(`${trial}: exits ${codes} ${JSON.stringify(calls[0]?.answer?.error)}`);
    }
    box.git(clone, 'fetch', '--quiet', remote, 'coord/state:refs/remotes/origin/coord');
    const { problems } = checkBranch(box, clone, recorder.calls, { branch: 'refs/remotes/origin/coord' });
    const met = meetings(remote);
    if (met === 0) failures.push('they never met: nothing was tried');
    tally({
      test: `5 two pushers from one parent, by ${way}`,
      tried: `${TRIALS} trials`,
      bar: 'exactly one winner',
      figures: `${met} met at the branch itself`,
      failures: [...failures, ...problems],
    });
  });
});
