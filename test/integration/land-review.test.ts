import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { hook, type LandingPair, landingPair } from '../support/landing.js';
import { httpRemote } from '../support/servers.js';

let fleet: LandingPair['fleet'];
let coord: LandingPair['coord'];
let maya: LandingPair['maya'];
let noor: LandingPair['noor'];
let held: LandingPair['held'];
let work: LandingPair['work'];

beforeEach(async () => {
  ({ fleet, coord, maya, noor, held, work } = await landingPair());
});

/** The second clone merges a branch of the remote into its main branch as a person at a forge would, and pushes it. */
function merge(how: readonly string[], branch = 'feature'): string {
  const { box, other } = fleet;
  box.git(other, 'pull', '--quiet', '--ff-only', 'origin', 'main');
  box.git(other, 'fetch', '--quiet', 'origin');
  box.git(other, 'merge', '--quiet', ...how, `origin/${branch}`);
  if (how.includes('--squash')) box.git(other, 'commit', '--quiet', '--message', 'squashed');
  box.git(other, 'push', '--quiet', 'origin', 'main');
  return box.git(other, 'rev-parse', 'HEAD');
}

describe('coord land --to', () => {
  it('whose answer is lost is unknown, and the same command finds out', async () => {
    await maya(0, 'claim', 'src/api');
    work();
    const { box, clone, remote } = fleet;
    const http = await httpRemote(box, box.directory);
    box.git(clone, 'remote', 'set-url', 'origin', `${http.url}/${remote.slice(box.directory.length + 1)}`);
    http.setDoorman(({ method, url }) => (method === 'POST' && url.includes('receive-pack') ? 'cut' : undefined));
    const { error } = (await maya(7, 'land', '--to', 'feature')).json();
    expect(error).toMatchObject({
      message: expect.stringMatching(/^unknown whether origin has feature: the push got no answer/),
      hint: expect.stringContaining('repeat the command: it finds out'),
      details: { reason: 'unknown-outcome' },
    });
    http.setDoorman(() => undefined);
    expect((await maya(0, 'land', '--to', 'feature')).json().data).toMatchObject({ pushed: true });
    // What the server says no to is no.
    hook(fleet, join(remote, 'hooks'), 'pre-receive', ['exit 1']);
    work('once more\n');
    expect((await maya(6, 'land', '--to', 'feature')).json().error.message).not.toContain('unknown');
  });

  it('pushes HEAD to the branch, records under which claims, moves nothing else, and keeps them', async () => {
    await maya(0, 'claim', 'src/api');
    const before = [fleet.at('main'), fleet.box.git(fleet.remote, 'show', 'coord/state:claims.json')];
    const from = fleet.at('main');
    const commit = work();
    const { data } = (await maya(0, 'land', '--to', 'feature')).json();
    expect(data).toMatchObject({ landed: false, pushed: true, commit, to: 'origin/feature', held: ['src/api/**'] });
    expect(fleet.at('feature')).toBe(commit);
    expect([fleet.at('main'), fleet.box.git(fleet.remote, 'show', 'coord/state:claims.json')]).toEqual(before);
    const [claim] = (await noor(0, 'status')).json().data.claims;
    const { events } = (await noor(0, 'events', '--type', 'work.pushed')).json().data;
    expect(events).toMatchObject([{ agent: 'maya', commit, from, branch: 'feature', claims: [claim.id], paths: 1 }]);
    const words = (await coord.run('maya', fleet.clone, ['land', '--to', 'feature'])).stdout;
    expect(words).toContain(`after the merge: coord release --merged ${commit.slice(0, 7)}`);
    const recorded = async () => (await noor(0, 'events', '--type', 'work.pushed')).json().data.events.length;
    expect(await recorded()).toBe(1);
    await maya(0, 'release', 'src/api');
    await maya(0, 'claim', 'src/api');
    await maya(0, 'land', '--to', 'feature');
    expect(await recorded()).toBe(2);
  });

  it('checks the claims as a landing does', async () => {
    work();
    expect((await maya(4, 'land', '--to', 'feature')).json().error.details.reason).toBe('unclaimed');
    expect(fleet.at('feature')).toBeNull();
  });

  it('works behind the main branch, with only its own paths, and says so', async () => {
    await maya(0, 'claim', 'src/api');
    work();
    fleet.box.commit(fleet.other, 'src/web/page.ts', 'page\n');
    fleet.box.git(fleet.other, 'push', '--quiet', 'origin', 'main');
    const pushed = await maya(0, 'land', '--to', 'feature');
    expect(pushed.json().data.paths).toEqual(['src/api/users.ts']);
    expect(pushed.stderr).toContain('HEAD lacks 1');
  });

  it('shows with --dry-run what it would push', async () => {
    await maya(0, 'claim', 'src/api');
    work();
    expect((await maya(0, 'land', '--to', 'feature', '--dry-run')).json().data).toMatchObject({ pushed: false });
    expect(fleet.at('feature')).toBeNull();
  });

  it.each(['main', 'refs/coord/state', 'coord/state', '-x', 'a..b', ''])('refuses %j as a branch', async (branch) => {
    await maya(0, 'claim', 'src/api');
    work();
    const before = [fleet.at('main'), fleet.at('refs/coord/state')];
    await maya(2, 'land', `--to=${branch}`);
    expect([fleet.at('main'), fleet.at('refs/coord/state')]).toEqual(before);
  });

  it('never overwrites what others pushed to the branch', async () => {
    await maya(0, 'claim', 'src/api');
    work();
    fleet.box.commit(fleet.other, 'docs/a.md', 'a\n');
    fleet.box.git(fleet.other, 'push', '--quiet', 'origin', 'HEAD:feature');
    const theirs = fleet.at('feature');
    expect((await maya(5, 'land', '--to', 'feature')).json().error.hint).toContain('git pull --rebase origin feature');
    expect(fleet.at('feature')).toBe(theirs);
  });

  it('minds the hooks of the user and of the server', async () => {
    await maya(0, 'claim', 'src/api');
    work();
    fleet.serverHook('update', 'case "$1" in refs/heads/feature) exit 1;; esac');
    expect((await maya(6, 'land', '--to', 'feature')).json().error.details.reason).toBe('protected');
    hook(fleet, join(fleet.clone, '.git/hooks'), 'pre-push', ['echo red >&2', 'exit 1']);
    const { error } = (await maya(6, 'land', '--to', 'feature')).json();
    expect(error.details).toEqual({ reason: 'pre-push', said: ['red'] });
  });
});

describe('coord release --merged', () => {
  it('is refused while the work is not merged, and names what differs', async () => {
    await maya(0, 'claim', 'src/api');
    const commit = work();
    await maya(0, 'land', '--to', 'feature');
    const { error } = (await maya(5, 'release', '--merged', commit)).json();
    expect(error.details).toMatchObject({ reason: 'not-merged', paths: ['src/api/users.ts'] });
    expect(await held()).toEqual(['maya src/api/**']);
  });

  it.each([
    ['a fast-forward', ['--ff-only']],
    ['a merge commit', ['--no-ff', '--no-edit']],
  ])('releases at the commit itself after %s', async (_what, how) => {
    await maya(0, 'claim', 'src/api', 'src/web');
    const commit = work();
    await maya(0, 'land', '--to', 'feature');
    merge(how);
    const { data } = (await maya(0, 'release', '--merged', 'HEAD')).json();
    expect(data).toMatchObject({ commit, how: 'contained', released: [{ target: 'src/api/**' }], kept: [] });
    expect(await held()).toEqual(['maya src/web']);
    await noor(0, 'claim', 'src/api');
    expect((await maya(0, 'release', '--merged', commit)).json().data.released).toEqual([]);
  });

  it('after a squash, releases at a commit that the main branch has', async () => {
    await maya(0, 'claim', 'src/api');
    work('first\n');
    const commit = work();
    await maya(0, 'land', '--to', 'feature');
    const main = merge(['--squash']);
    expect((await maya(0, 'release', '--merged', commit)).json().data).toMatchObject({ how: 'same-content', commit });
    const late = fleet.box.clone(fleet.remote);
    fleet.box.git(late, 'reset', '--quiet', '--hard', 'HEAD~1');
    const refused = await coord.run('rae', late, ['claim', 'src/api', '--json']);
    expect(refused.json().error.details.missing).toMatchObject([{ commit: main }]);
    await noor(0, 'claim', 'src/api');
  });

  it('keeps a claim whose work the review changed, and releases the others', async () => {
    await maya(0, 'claim', 'src/api', 'src/web');
    work();
    const commit = work('page\n', 'src/web/page.ts');
    await maya(0, 'land', '--to', 'feature');
    const { box, other } = fleet;
    box.git(other, 'fetch', '--quiet', 'origin');
    box.git(other, 'merge', '--quiet', '--squash', 'origin/feature');
    box.commit(other, 'src/web/page.ts', 'better page\n');
    box.git(other, 'push', '--quiet', 'origin', 'main');
    const { data } = (await maya(0, 'release', '--merged', commit)).json();
    expect(data.released).toMatchObject([{ target: 'src/api/**' }]);
    expect(data.kept).toEqual([{ target: 'src/web', why: 'not-merged' }]);
  });

  it('keeps a claim that HEAD has later work on, and refuses uncommitted changes', async () => {
    await maya(0, 'claim', 'src/api');
    const commit = work();
    await maya(0, 'land', '--to', 'feature');
    merge(['--ff-only']);
    work('later\n');
    expect((await maya(0, 'release', '--merged', commit)).json().data.kept).toEqual([
      { target: 'src/api/**', why: 'later-work' },
    ]);
    fleet.box.git(fleet.clone, 'reset', '--quiet', '--soft', commit);
    expect((await maya(5, 'release', '--merged', commit)).json().error.details.reason).toBe('uncommitted');
    fleet.box.git(fleet.clone, 'commit', '--quiet', '--message', 'again');
    expect(await held()).toEqual(['maya src/api/**']);
  });

  it('follows a rename, deletions and names with line breaks through a squash', async () => {
    await maya(0, 'claim', 'src');
    const { box, clone } = fleet;
    box.git(clone, 'mv', 'src/api/users.ts', 'src/new\nname 🎉.ts');
    box.git(clone, 'commit', '--quiet', '--message', 'move');
    await maya(0, 'land', '--to', 'feature');
    merge(['--squash']);
    expect((await maya(0, 'release', '--merged', 'HEAD')).json().data.released).toMatchObject([{ target: 'src/**' }]);
  });

  it('refuses what is no commit, and cannot know without the remote', async () => {
    await maya(2, 'release', '--merged', 'nonsense');
    await maya(2, 'release', '--merged', '--', '--all');
    fleet.box.git(fleet.clone, 'remote', 'set-url', 'origin', fleet.box.path('nowhere.git'));
    await maya(7, 'release', '--merged', 'HEAD');
  });

  it('releases no claim of others', async () => {
    await maya(0, 'claim', 'src/api');
    const commit = work();
    await maya(0, 'land', '--to', 'feature');
    merge(['--ff-only']);
    expect((await noor(0, 'release', '--merged', commit)).json().data.released).toEqual([]);
    expect(await held()).toEqual(['maya src/api/**']);
  });
});
