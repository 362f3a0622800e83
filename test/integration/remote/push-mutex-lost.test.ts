import { expect, it } from 'vitest';
import { instantOf } from '../../../src/domain/time.js';
import type { RemoteGit } from '../../../src/git/porcelain.js';
import { pushMutexAt } from '../../../src/store/swap/push-mutex.js';
import { RemoteArbiter } from '../../../src/store/swap/remote-arbiter.js';
import { NOON } from '../../support/in-process.js';
import { sandbox } from '../../support/sandbox.js';
import { begin, branchIn, claim, contextIn, looseCommit, socketFree } from './rig.js';

/** A writer of this host. @param faster before which of its pushes a writer of another host comes first */
async function overtaken(...faster: readonly number[]) {
  const box = sandbox();
  const remote = box.bareRemote();
  const [clone, elsewhere] = [box.clone(remote), box.clone(remote)];
  await begin(box, clone);
  let pushes = 0;
  const overtake = () => {
    pushes += 1;
    if (!faster.includes(pushes)) return;
    box.git(elsewhere, 'fetch', '--quiet', 'origin', 'refs/coord/state');
    const commit = looseCommit(box, elsewhere, 'FETCH_HEAD', `faster ${pushes}`);
    box.git(elsewhere, 'push', '--quiet', 'origin', `${commit}:refs/coord/state`);
  };
  const pauses: number[] = [];
  const pause = async (ms: number) => void pauses.push(ms);
  const { repository, git, remoteGit } = contextIn(box, clone);
  const door: RemoteGit = {
    ...remoteGit,
    push: (...args) => {
      overtake();
      return remoteGit.push(...args);
    },
  };
  const effects = { pause, random: () => 1, now: () => instantOf(NOON) };
  const local = branchIn(box, clone, pause);
  const arbiter = new RemoteArbiter({ repository, git, remoteGit: door, remote: 'origin', local, effects });
  const turn = pushMutexAt(remote);
  return {
    /** Writes once; whether it counted, whether the turn is there for others to have, and how long it paused. */
    async write() {
      const from = await local.tip();
      const won = await arbiter.publish(looseCommit(box, clone, from ?? '', 'work'), from);
      return { won, free: await socketFree(turn), paused: pauses.splice(0) };
    },
  };
}

const linux = it.runIf(process.platform === 'linux');

linux('who loses again in its turn keeps it, and goes on at once', async () => {
  const { write } = await overtaken(1, 2);
  expect(await write()).toEqual({ won: false, free: false, paused: [] });
  expect(await write()).toEqual({ won: false, free: false, paused: [] });
  expect(await write()).toEqual({ won: true, free: true, paused: [] });
});

linux('who loses twice in its turn gives it up, and gives way for a time that gets shorter', async () => {
  const { write } = await overtaken(1, 2, 3, 4, 5, 6, 7, 8);
  for (const paused of [[], [], [650], [500], [350], [200], [50], [0]]) {
    expect(await write()).toEqual({ won: false, free: paused.length > 0, paused });
  }
  expect(await write()).toEqual({ won: true, free: true, paused: [] });
});

linux('who has won takes a turn again when it loses the next race', async () => {
  const { write } = await overtaken(1, 2, 4);
  await write();
  await write();
  expect(await write()).toEqual({ won: true, free: true, paused: [] });
  expect(await write()).toEqual({ won: false, free: false, paused: [] });
  expect(await write()).toEqual({ won: true, free: true, paused: [] });
});

linux('who has lost a race and is refused then keeps nobody waiting', async () => {
  const box = sandbox();
  const remote = box.bareRemote();
  const [one, two] = [box.clone(remote), box.clone(remote)];
  for (const clone of [one, two]) await begin(box, clone);
  expect((await claim(box, one, 'maya', 'src')).ok).toBe(true);
  expect((await claim(box, two, 'noor', 'src')).ok).toBe(false);
  expect(await socketFree(pushMutexAt(remote))).toBe(true);
});
