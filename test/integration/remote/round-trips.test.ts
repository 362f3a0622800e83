import { expect, it } from 'vitest';
import { coordInProcess, NOON } from '../../support/in-process.js';
import { type Sandbox, sandbox } from '../../support/sandbox.js';
import { type WatchedGit, watchedGit } from '../../support/servers.js';
import { refsOf } from './rig.js';

interface Rig {
  readonly box: Sandbox;
  readonly one: string;
  readonly two: string;
  readonly watched: WatchedGit;
  as(agent: string, clone: string, args: readonly string[], now?: number): ReturnType<typeof coordInProcess>;
  /** The network commands of this work alone. */
  during(work: () => Promise<unknown>): Promise<string[]>;
}

async function rig(): Promise<Rig> {
  const box = sandbox();
  const remote = box.bareRemote();
  const [one, two] = [box.clone(remote), box.clone(remote)];
  const watched = watchedGit(box);
  const as = (agent: string, clone: string, args: readonly string[], now = NOON) =>
    coordInProcess(box, clone, args, { now, env: { ...watched.env, COORD_AGENT: agent } });
  for (const clone of [one, two]) expect((await as('maya', clone, ['init'])).code).toBe(0);
  const during = async (work: () => Promise<unknown>) => {
    const before = watched.network().length;
    await work();
    return watched.network().slice(before);
  };
  return { box, one, two, watched, as, during };
}

it('a success that nobody contests costs one push, and no fetch', async () => {
  const { one, as, during } = await rig();
  for (const args of [['claim', 'a', 'b'], ['renew'], ['note', 'hello'], ['release', 'a'], ['release', '--all']]) {
    const asked = await during(async () => expect((await as('maya', one, args)).code).toBe(0));
    expect([args, asked]).toEqual([args, ['push']]);
  }
});

it('a clone of the same host goes on from where another one has pushed, and asks for nothing before', async () => {
  const { one, two, as, during } = await rig();
  await as('maya', one, ['claim', 'a']);
  const asked = await during(async () => expect((await as('noor', two, ['claim', 'b'])).code).toBe(0));
  expect(asked).toEqual(['push']);
});

/** Makes a clone reach the remote in another way, as one on another host would. */
function elsewhere(box: Sandbox, clone: string): void {
  box.git(clone, 'config', 'http.userAgent', 'elsewhere');
}

it('a clone that is behind loses one push, fetches once, and wins the next', async () => {
  const { box, one, two, as, during } = await rig();
  elsewhere(box, two);
  await as('maya', one, ['claim', 'a']);
  const asked = await during(async () => expect((await as('noor', two, ['claim', 'b'])).code).toBe(0));
  expect(asked).toEqual(['push', 'fetch', 'push']);
});

it('a refusal asks once before it is given, and is not given on old knowledge', async () => {
  const { box, one, two, as, during } = await rig();
  elsewhere(box, two);
  await as('maya', one, ['claim', 'a']);
  await as('noor', two, ['status']);
  const refused = await during(async () => expect((await as('noor', two, ['claim', 'a'])).code).toBe(3));
  expect(refused).toEqual(['fetch']);
  await as('maya', one, ['release', 'a']);
  const granted = await during(async () => expect((await as('noor', two, ['claim', 'a'])).code).toBe(0));
  expect(granted).toEqual(['fetch', 'push']);
});

it('an answer that writes nothing is not given on old knowledge either', async () => {
  const { box, one, two, as, during } = await rig();
  elsewhere(box, two);
  await as('maya', one, ['claim', 'a']);
  const asked = await during(async () => {
    const renewed = await as('maya', two, ['renew', '--json'], NOON + 60_000);
    expect(renewed.json().data.claims).toMatchObject([{ target: 'a' }]);
  });
  expect(asked).toEqual(['fetch', 'push']);
});

it('leaves nothing of what it asked, and takes no lock for that which outlives a git that is killed', async () => {
  const { box, one, two, as } = await rig();
  await as('maya', one, ['claim', 'a']);
  // As git leaves it that is killed while it deletes a ref; whoever deletes one with git fails from then on.
  box.write(two, '.git/packed-refs.lock', '');
  for (let times = 0; times < 2; times += 1) expect((await as('noor', two, ['status'])).code).toBe(0);
  expect((await as('noor', two, ['claim', 'b'])).code).toBe(0);
  expect(refsOf(box, two)).not.toContain('refs/coord-local/asked');
});

it('status asks once; with --no-fetch it asks nobody, and says from when its knowledge is', async () => {
  const { one, two, as, during } = await rig();
  await as('maya', one, ['claim', 'a']);
  const asked = await during(async () => {
    const { data } = (await as('noor', two, ['status', '--json'])).json();
    expect(data.claims).toHaveLength(1);
    expect(data.fetchedAt).toBe(new Date(NOON).toISOString());
  });
  expect(asked).toEqual(['fetch']);
  await as('maya', one, ['claim', 'b']);
  const later = NOON + 12 * 60_000;
  const offline = await during(async () => {
    const status = await as('noor', two, ['status', '--no-fetch', '--json'], later);
    expect(status.json().data).toMatchObject({ claims: [{ target: 'a' }], fetchedAt: new Date(NOON).toISOString() });
    expect(status.stderr).toContain('as origin last told it 12m ago');
  });
  expect(offline).toEqual([]);
});

it('takes and moves nothing but the state ref, by whatever a user has set', async () => {
  const { box, one, two, as } = await rig();
  const settings: Record<string, string> = {
    'push.followTags': 'true',
    'push.default': 'matching',
    'push.gpgSign': 'true',
    'push.autoSetupRemote': 'true',
    'push.useForceIfIncludes': 'true',
    'push.recurseSubmodules': 'on-demand',
    'remote.origin.push': 'refs/heads/*:refs/heads/*',
    'remote.origin.tagOpt': '--tags',
    'remote.origin.prune': 'true',
    'fetch.prune': 'true',
    'fetch.pruneTags': 'true',
    'fetch.writeCommitGraph': 'true',
    'fetch.recurseSubmodules': 'true',
    'core.logAllRefUpdates': 'always',
  };
  for (const clone of [one, two]) {
    for (const [name, value] of Object.entries(settings)) box.git(clone, 'config', name, value);
    box.git(clone, 'branch', 'mine');
    box.git(clone, 'tag', '-a', '-m', 'x', 'mine-too');
  }
  box.write(one, '.git/hooks/pre-push', '#!/bin/sh\nexit 1\n');
  const { chmodSync, existsSync } = await import('node:fs');
  chmodSync(`${one}/.git/hooks/pre-push`, 0o755);
  const remote = box.git(one, 'remote', 'get-url', 'origin');
  const others = (directory: string) =>
    refsOf(box, directory)
      .split('\n')
      .filter((line) => !/^refs\/(coord|coord-local\/remote\/origin\/coord)\/state /.test(line));
  const before = [remote, one, two].map(others);
  expect((await as('maya', one, ['claim', 'a'])).code).toBe(0);
  expect((await as('noor', two, ['claim', 'b'])).code).toBe(0);
  expect((await as('maya', one, ['claim', 'b'])).code).toBe(3);
  expect([remote, one, two].map(others)).toEqual(before);
  expect(existsSync(`${two}/.git/FETCH_HEAD`)).toBe(false);
});

it('two worktrees, and many commands of each, ask at the same time without failing each other', async () => {
  const { box, one, two, as } = await rig();
  const worktree = box.worktree(two);
  box.write(worktree, 'coord.config.json', box.read(`${two.slice(box.directory.length + 1)}/coord.config.json`));
  await as('maya', one, ['claim', 'a']);
  const results = await Promise.all(
    Array.from({ length: 12 }, (_, index) => as('noor', index % 2 === 0 ? two : worktree, ['status', '--json'])),
  );
  for (const result of results) expect(result.json().data.claims).toHaveLength(1);
  expect(refsOf(box, two)).not.toContain('refs/coord-local/asked');
});
