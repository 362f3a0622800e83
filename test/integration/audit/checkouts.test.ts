import { expect, it } from 'vitest';
import { type SharedFleet, sharedFleet } from '../../support/fleet.js';

/** How a checkout comes to have the branch `topic`, and nothing that was told it of the main branch. */
const CHECKOUTS: readonly [string, (fleet: SharedFleet, url: string, at: string) => void][] = [
  [
    'of one branch',
    ({ box }, url, at) => box.git(box.directory, 'clone', '-q', '--single-branch', '-b', 'topic', url, at),
  ],
  [
    'of the last commit',
    ({ box }, url, at) => box.git(box.directory, 'clone', '-q', '--depth=1', '-b', 'topic', url, at),
  ],
  [
    'of one branch, detached, under its own name',
    ({ box }, url, at) => {
      box.git(box.directory, 'init', '-q', at);
      box.git(at, 'remote', 'add', 'origin', url);
      box.git(at, 'fetch', '-q', 'origin', '+refs/heads/topic:refs/remotes/origin/topic');
      box.git(at, 'checkout', '-q', '--detach', 'origin/topic');
    },
  ],
  [
    'of what was fetched by its name, with no ref at all',
    ({ box }, url, at) => {
      box.git(box.directory, 'init', '-q', at);
      box.git(at, 'remote', 'add', 'origin', url);
      box.git(at, 'fetch', '-q', 'origin', 'topic');
      box.git(at, 'checkout', '-q', '--detach', 'FETCH_HEAD');
    },
  ],
];

/** A branch that takes everything off the surface, and then changes what was on it. */
async function withTopic(): Promise<SharedFleet> {
  const fleet = await sharedFleet();
  const { box, clone } = fleet;
  await fleet.as('maya', ['status']);
  box.git(clone, 'switch', '-q', '-c', 'topic');
  const config = JSON.parse(box.git(clone, 'show', 'HEAD:coord.config.json'));
  box.commit(clone, 'coord.config.json', JSON.stringify({ ...config, surface: [] }));
  box.commit(clone, 'src/api/users.ts', 'unclaimed\n');
  box.git(clone, 'push', '-q', 'origin', 'topic');
  return fleet;
}

it.each(CHECKOUTS)('a checkout %s is audited by the main branch, not by itself', async (_, check) => {
  const fleet = await withTopic();
  const { box, remote } = fleet;
  const at = box.path('ci');
  check(fleet, `file://${remote}`, at);
  const audited = await box.coord(at, ['audit', '--json']);
  expect(audited.code).toBe(4);
  const paths = audited.json().error.details.commits.flatMap((one: { paths: { path: string }[] }) => one.paths);
  expect(paths.map(({ path }: { path: string }) => path)).toContain('src/api/users.ts');
});

it('a range that begins on the branch itself is judged by the main branch too', async () => {
  const { box, clone } = await withTopic();
  const audited = await box.coord(clone, ['audit', 'HEAD~1..HEAD']);
  expect([audited.code, audited.stderr]).toEqual([4, expect.stringContaining('unclaimed: src/api/users.ts')]);
});

it('a checkout that cannot learn the main branch does not know, and says so', async () => {
  const fleet = await withTopic();
  const { box, remote } = fleet;
  const at = box.path('ci');
  box.git(box.directory, 'clone', '-q', '--single-branch', '-b', 'topic', `file://${remote}`, at);
  const held = await box.coord(at, ['audit', '--no-fetch', '--json']);
  expect([held.code, held.json().error.details.reason]).toEqual([7, 'main-unknown']);
  box.git(at, 'remote', 'set-url', 'origin', `file://${box.path('gone')}`);
  const cut = await box.coord(at, ['audit', '--json']);
  expect([cut.code, cut.json().error.details.reason]).toEqual([7, 'no-such-repository']);
});

it('the first command of a clone of one branch learns what judges it', async () => {
  const fleet = await withTopic();
  const { box, remote } = fleet;
  const at = box.path('sandbox');
  box.git(box.directory, 'clone', '-q', '--single-branch', '-b', 'topic', `file://${remote}`, at);
  const claim = await box.coord(at, ['claim', 'README.md', '--agent', 'noor']);
  expect([claim.code, claim.stderr]).toEqual([0, expect.stringContaining('that of origin/main judges')]);
});
