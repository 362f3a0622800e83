import { existsSync, rmSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { replayHistory } from '../../battery/support/history/replay.js';
import { coordInProcess } from '../../support/in-process.js';
import { type Sandbox, sandbox } from '../../support/sandbox.js';
import { type HttpRemote, httpRemote, sshHere } from '../../support/servers.js';
import { addHook, refsOf } from './rig.js';

interface World {
  readonly box: Sandbox;
  /** The bare repository on disk. */
  readonly remote: string;
  readonly one: string;
  readonly two: string;
  readonly http: HttpRemote | null;
  as(agent: string, clone: string, ...args: readonly string[]): ReturnType<typeof coordInProcess>;
}

const WAYS = ['path', 'file', 'http', 'ssh'] as const;

async function world(way: (typeof WAYS)[number] = 'path'): Promise<World> {
  const box = sandbox();
  const remote = box.bareRemote({ name: 'fleet.git' });
  const http = way === 'http' ? await httpRemote(box, box.directory) : null;
  const urls = {
    path: remote,
    file: `file://${remote}`,
    http: `${http?.url}/fleet.git`,
    ssh: `ssh://host.invalid${remote}`,
  };
  const env = way === 'ssh' ? sshHere(box) : {};
  const [one, two] = [box.clone(remote), box.clone(remote)];
  const as = (agent: string, clone: string, ...args: readonly string[]) =>
    coordInProcess(box, clone, args, { env: { ...env, COORD_AGENT: agent } });
  for (const clone of [one, two]) {
    box.git(clone, 'remote', 'set-url', 'origin', urls[way]);
    expect(await as('maya', clone, 'init')).toMatchObject({ code: 0 });
  }
  return { box, remote, one, two, http, as };
}

/** The claim is on the remote once, in one commit unless it was asked for again, and the other clone is refused by it. */
async function heldOnce({ box, remote, two, as }: World, commits = 2): Promise<void> {
  expect(await as('noor', two, 'claim', 'a')).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('held by maya'),
  });
  expect(replayHistory(box, remote, 'refs/coord/state')).toMatchObject({
    commits,
    grants: 1,
    problems: [],
    held: [expect.anything()],
  });
}

describe.each(WAYS)('over %s', (way) => {
  it('clones see one truth', async () => {
    const all = await world(way);
    expect(await all.as('maya', all.one, 'claim', 'a')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('valid in all clones'),
    });
    await heldOnce(all);
  });

  it('an answer that was lost after the remote had accepted is found by reading: granted, once', async () => {
    const all = await world(way);
    // The hook runs after the refs have moved; killing its git cuts the connection before the client hears of it.
    const hook = addHook(all.box, all.remote, 'post-update', 'rm -f "$0"; kill -9 $PPID');
    expect(await all.as('maya', all.one, 'claim', 'a')).toMatchObject({ code: 0 });
    expect(existsSync(hook)).toBe(false);
    await heldOnce(all);
  });

  it.each(['pre-receive', 'update'])(
    'a %s hook that declines is named, exit 6, and nothing is granted',
    async (name) => {
      const { box, remote, one, as } = await world(way);
      addHook(box, remote, name, 'echo "the fleet rests on Sundays" >&2; exit 1');
      const before = [refsOf(box, remote), refsOf(box, one)];
      const refused = await as('maya', one, 'claim', 'a');
      expect(refused).toMatchObject({ code: 6, stderr: expect.stringContaining('the fleet rests on Sundays') });
      expect(refused.stderr).toContain('next: nothing was changed; do not bypass it');
      expect([refsOf(box, remote), refsOf(box, one)]).toEqual(before);
    },
  );
});

describe('a connection that is cut', () => {
  const isPush = (url: string) => url.endsWith('/git-receive-pack');

  it('before the remote has it: tried again', async () => {
    const all = await world('http');
    let cuts = 2;
    all.http?.setDoorman(({ method, url }) => (method === 'POST' && isPush(url) && cuts-- > 0 ? 'cut' : undefined));
    expect(await all.as('maya', all.one, 'claim', 'a')).toMatchObject({ code: 0 });
    expect(cuts).toBeLessThan(1);
    await heldOnce(all);
  });

  it('every time: given up, and said to be unknown, since what was sent may still be on its way', async () => {
    const { http, box, remote, one, as } = await world('http');
    const before = refsOf(box, remote);
    http?.setDoorman(({ method, url }) => (method === 'POST' && isPush(url) ? 'cut' : undefined));
    expect(await as('maya', one, 'claim', 'a')).toMatchObject({
      code: 7,
      stderr: expect.stringMatching(
        /^unknown whether origin has recorded this.*next: unknown: repeat the same command/s,
      ),
    });
    expect(refsOf(box, remote)).toBe(before);
    http?.setDoorman(() => undefined);
    expect(await as('maya', one, 'claim', 'a')).toMatchObject({ code: 0 });
  });

  it('for good, while pushing: the outcome is said to be unknown, and the same command tells it later', async () => {
    const all = await world('http');
    let gone = false;
    addHook(all.box, all.remote, 'post-update', 'rm -f "$0"; kill -9 $PPID');
    all.http?.setDoorman(({ method, url }) => {
      if (gone) return 'cut';
      gone = method === 'POST' && isPush(url);
      return undefined;
    });
    const unsure = await all.as('maya', all.one, 'claim', 'a', '--json');
    expect(unsure).toMatchObject({ code: 7 });
    expect(unsure.json().error.details.reason).toBe('unknown-outcome');
    expect(unsure.json().error.hint).toContain('repeat the same command');
    all.http?.setDoorman(() => undefined);
    expect(await all.as('maya', all.one, 'claim', 'a')).toMatchObject({ code: 0 });
    await heldOnce(all, 3);
  });
});

describe('a lock on the server', () => {
  it('that goes away is waited for', async () => {
    const all = await world();
    const lock = all.box.write(all.remote, 'refs/coord/state.lock', '');
    addHook(all.box, all.remote, 'pre-receive', `echo x >> tries; [ $(wc -l < tries) -lt 3 ] || rm -f "${lock}"`);
    expect(await all.as('maya', all.one, 'claim', 'a')).toMatchObject({ code: 0 });
    await heldOnce(all);
  });

  it('that was left over is named, exit 7, and nothing is granted until it is gone', async () => {
    const all = await world();
    const lock = all.box.write(all.remote, 'refs/coord/state.lock', '');
    const before = refsOf(all.box, all.remote);
    const failed = await all.as('maya', all.one, 'claim', 'a', '--json');
    expect(failed).toMatchObject({ code: 7 });
    expect(failed.json().error).toMatchObject({ details: { reason: 'locked' }, hint: expect.stringContaining('lock') });
    expect([refsOf(all.box, all.remote), existsSync(lock)]).toEqual([before, true]);
    rmSync(lock);
    expect(await all.as('maya', all.one, 'claim', 'a')).toMatchObject({ code: 0 });
    await heldOnce(all);
  });
});

describe('names', () => {
  it('a tag named like the branch is nobody’s business, on either side', async () => {
    const all = await world();
    all.box.git(all.remote, 'tag', 'coord', 'main');
    for (const clone of [all.one, all.two]) all.box.git(clone, 'tag', 'coord', 'main');
    expect(await all.as('maya', all.one, 'claim', 'a')).toMatchObject({ code: 0 });
    await heldOnce(all);
    expect(all.box.git(all.remote, 'rev-parse', 'refs/tags/coord')).toBe(all.box.git(all.remote, 'rev-parse', 'main'));
  });

  it('a branch of the remote that git cannot have beside it is named by init, and nothing is made', async () => {
    const box = sandbox();
    const remote = box.bareRemote();
    const clone = box.clone(remote);
    box.git(remote, 'branch', 'coord/x', 'main');
    const before = refsOf(box, remote);
    const failed = await coordInProcess(box, clone, ['init', '--ref', 'refs/heads/coord']);
    expect(failed).toMatchObject({
      code: 7,
      stderr: expect.stringContaining('has refs/heads/coord/x, which cannot exist beside refs/heads/coord'),
    });
    expect(refsOf(box, remote)).toBe(before);
    // The state's own ref stands beside any branch.
    expect(await coordInProcess(box, clone, ['init'])).toMatchObject({ code: 0 });
  });

  it('a branch of this clone that git cannot have beside it is named too', async () => {
    const { box, remote } = await world();
    const clone = box.clone(remote);
    box.git(clone, 'branch', 'coord/x');
    const failed = await coordInProcess(box, clone, ['init', '--ref', 'refs/heads/coord']);
    expect(failed).toMatchObject({ code: 7, stderr: expect.stringContaining('coord/x') });
    box.git(clone, 'branch', '-m', 'coord/x', 'mine');
    expect(await coordInProcess(box, clone, ['init', '--ref', 'refs/heads/coord'])).toMatchObject({ code: 0 });
  });

  it('an address that git is told to rewrite is used as git does', async () => {
    const all = await world();
    all.box.git(all.one, 'remote', 'set-url', 'origin', 'fleet:somewhere');
    all.box.git(all.one, 'config', `url.${all.remote}.insteadOf`, 'fleet:somewhere');
    expect(await all.as('maya', all.one, 'claim', 'a')).toMatchObject({ code: 0 });
    await heldOnce(all);
  });
});
