import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inProcess } from '../../support/in-process.js';
import { commitFiles } from '../../support/plumbing.js';
import { type Sandbox, sandbox } from '../../support/sandbox.js';
import { addHook, refsOf } from './rig.js';

const REF = 'refs/coord/state';
const BRANCH = 'refs/heads/coord';

interface World {
  readonly box: Sandbox;
  readonly remote: string;
  readonly one: string;
  readonly two: string;
  run(agent: string | null, cwd: string, ...args: string[]): ReturnType<ReturnType<typeof inProcess>['run']>;
}

/** A remote with two clones, of which nobody has set anything up. */
function world(): World {
  const box = sandbox();
  const remote = box.bareRemote();
  const [one, two] = [box.clone(remote), box.clone(remote)];
  const host = inProcess(box);
  return { box, remote, one, two, run: (agent, cwd, ...args) => host.run(agent, cwd, [...args, '--json']) };
}

/** The same, set up from the first clone; its main branch has the configuration. */
async function setUp(all: World = world(), ...args: string[]): Promise<World> {
  const done = await all.run('maya', all.one, 'init', ...args);
  if (done.code !== 0) throw new Error(done.stdout);
  all.box.git(all.one, 'add', '.');
  all.box.git(all.one, 'commit', '--quiet', '--message', 'coord');
  all.box.git(all.one, 'push', '--quiet', 'origin', 'main');
  all.box.git(all.two, 'pull', '--quiet');
  return all;
}

const configOf = (clone: string) => JSON.parse(readFileSync(join(clone, 'coord.config.json'), 'utf8'));
const tipAt = ({ box, remote }: World, ref: string) =>
  box.tryGit(remote, 'rev-parse', '--verify', '--quiet', ref).stdout.trim();

/** Refuses every ref whose name matches, as the rules of a host do. */
function refuses(all: World, pattern: string): void {
  addHook(all.box, all.remote, 'update', `case $1 in ${pattern}) echo "refused by a rule" >&2; exit 1;; esac`);
}

describe('the first adoption', () => {
  it('takes the ref; nothing of it is a branch, and git log reads it by its short name', async () => {
    const all = await setUp();
    expect(tipAt(all, REF)).not.toBe('');
    expect(all.box.git(all.remote, 'branch', '--list', '--all')).toBe('* main');
    expect(all.box.git(all.one, 'log', '-1', '--format=%s', 'coord/state')).toBe('begin coordination');
    expect(existsSync(join(all.one, '.git', 'coord', 'state'))).toBe(false);
    expect(configOf(all.one).ref).toBe(REF);
  });

  it.each([
    ['refuses it by a hook', (all: World) => refuses(all, 'refs/coord/*')],
    ['hides it from all', ({ box, remote }: World) => box.git(remote, 'config', 'transfer.hideRefs', 'refs/coord')],
    [
      'takes it, but does not show it',
      ({ box, remote }: World) => box.git(remote, 'config', 'uploadpack.hideRefs', 'refs/coord'),
    ],
  ])('takes a branch where the server %s, says so, and writes it down', async (_, forbid) => {
    const all = world();
    forbid(all);
    const done = await all.run('maya', all.one, 'init');
    expect(done.json().data).toMatchObject({ ref: BRANCH, outcome: 'created', refused: { ref: REF } });
    expect(configOf(all.one).ref).toBe(BRANCH);
    expect(refsOf(all.box, all.remote)).not.toContain(REF);
    expect(refsOf(all.box, all.one)).not.toMatch(/ ?refs\/coord\//);
    expect((await all.run('noor', all.two, 'init')).json().data).toMatchObject({ ref: BRANCH, outcome: 'adopted' });
    expect((await all.run('maya', all.one, 'claim', 'a')).code).toBe(0);
    expect((await all.run('noor', all.two, 'claim', 'a')).code).toBe(3);
  });

  it('says in words why it is a branch', async () => {
    const all = world();
    refuses(all, 'refs/coord/*');
    const { stdout } = await inProcess(all.box).run('maya', all.one, ['init']);
    expect(stdout).toContain(`state ${BRANCH} created`);
    expect(stdout).toMatch(/refused refs\/coord\/state: .*refused by a rule/);
  });

  it.each([
    ['the remote is out of reach', ({ box, one }: World) => box.git(one, 'remote', 'set-url', 'origin', '/nowhere'), 7],
    ['everything is refused there', (all: World) => refuses(all, '*'), 6],
    ['a ref was asked for that the server refuses', (all: World) => refuses(all, 'refs/coord/*'), 6],
  ])('takes no branch where %s', async (what, spoil, code) => {
    const all = world();
    spoil(all);
    const asked = what.startsWith('a ref') ? ['--ref', REF] : [];
    expect(await all.run('maya', all.one, 'init', ...asked)).toMatchObject({ code });
    expect(existsSync(join(all.one, 'coord.config.json'))).toBe(false);
    expect(refsOf(all.box, all.remote)).not.toContain('coord');
  });

  it('with a prefix that alone may be pushed', async () => {
    const all = world();
    addHook(all.box, all.remote, 'update', 'case $1 in refs/heads/claude/*|refs/heads/main) ;; *) exit 1;; esac');
    expect(await all.run('maya', all.one, 'init')).toMatchObject({ code: 6 });
    const ref = 'refs/heads/claude/coord';
    expect((await all.run('maya', all.one, 'init', '--ref', ref)).json().data).toMatchObject({ ref });
    expect((await all.run('noor', all.two, 'init')).json().data).toMatchObject({ ref, outcome: 'adopted' });
  });

  it.each([
    'coord',
    'refs/coord',
    'refs/tags/coord',
    'refs/coord-local/x',
    'refs/remotes/origin/x',
    '',
    'refs/coord/a..b',
  ])('takes no %j for a ref', async (ref) => {
    const all = world();
    expect((await all.run('maya', all.one, 'init', '--ref', ref)).code).toBe(2);
    expect(refsOf(all.box, all.remote)).not.toContain('coord');
  });
});

describe('afterwards', () => {
  it('nobody falls back: a clone that may not push the ref is refused, and told by whom', async () => {
    const all = await setUp();
    refuses(all, 'refs/coord/*');
    for (const args of [['claim', 'a'], ['note', 'x'], ['session', 'start', '--request-id', 'r'], ['init']]) {
      const { code, stdout } = await all.run('noor', all.two, ...args);
      if (args[0] === 'init') continue;
      expect([args, code, stdout]).toEqual([args, 6, expect.stringContaining('refused by a rule')]);
    }
    expect(tipAt(all, BRANCH)).toBe('');
  });

  it('on a branch, and there alone, each commit tells build hosts to skip it, first and last', async () => {
    const onBranch = await setUp(world(), '--ref', BRANCH);
    await onBranch.run('maya', onBranch.one, 'claim', 'a');
    const message = onBranch.box.git(onBranch.remote, 'log', '-1', '--format=%B', BRANCH);
    expect(message).toMatch(/^\[skip ci\] claim a by maya/);
    for (const mark of ['[ci skip]', '[no ci]', '[skip netlify]', '***NO_CI***']) expect(message).toContain(mark);
    expect(message.trimEnd().endsWith('[skip-cd]')).toBe(true);
    expect((await onBranch.run('noor', onBranch.two, 'events')).json().data.events).not.toEqual([]);

    const onRef = await setUp();
    await onRef.run('maya', onRef.one, 'claim', 'a');
    expect(onRef.box.git(onRef.remote, 'log', '--format=%B', REF)).not.toMatch(/skip|NO_CI/i);
  });

  it('what a branch met is nobody’s business any more', async () => {
    const all = await setUp();
    const { box, remote, one, two } = all;
    box.git(remote, 'branch', 'coord/x', 'main');
    box.git(remote, 'branch', 'coord/state', 'main');
    for (const at of [remote, one, two]) box.git(at, 'tag', 'coord', 'main');
    box.git(one, 'push', '--quiet', '--all', 'origin');
    box.git(two, 'fetch', '--quiet', '--prune', '--tags');
    box.git(two, 'remote', 'prune', 'origin');
    expect((await all.run('maya', one, 'claim', 'a')).code).toBe(0);
    expect((await all.run('noor', two, 'claim', 'a')).code).toBe(3);
    expect(box.git(one, 'branch', '--list', '--all', '--format=%(refname)')).not.toContain(`${BRANCH}\n`);
  });

  it('a plain fetch in sibling worktrees beside running claims never fails', async () => {
    const { box, one, two } = await setUp();
    const siblings = [box.worktree(one), box.worktree(one), two];
    let busy = 2;
    const claiming = ['maya', 'noor'].map(async (agent) => {
      for (let round = 0; round < 4; round += 1) {
        expect((await box.coord(one, ['claim', `${agent}/f`], { env: { COORD_AGENT: agent } })).code).toBe(0);
        expect((await box.coord(one, ['release', `${agent}/f`], { env: { COORD_AGENT: agent } })).code).toBe(0);
      }
      busy -= 1;
    });
    const failed: string[] = [];
    const fetching = siblings.map(async (cwd) => {
      while (busy > 0) {
        const git = spawn('git', ['fetch', '--quiet'], { cwd, env: box.env });
        let said = '';
        git.stderr.on('data', (chunk: Buffer) => {
          said += chunk;
        });
        const code = await new Promise((resolve) => git.on('close', resolve));
        if (code !== 0) failed.push(said);
      }
    });
    await Promise.all([...claiming, ...fetching]);
    expect(failed).toEqual([]);
  });
});

describe('what a ref that is no branch makes new', () => {
  it('a fresh clone knows nothing of it until its first command, which may be any', async () => {
    const all = await setUp();
    await all.run('maya', all.one, 'claim', 'a');
    for (const args of [['status'], ['claim', 'a'], ['session', 'start'], ['log'], ['doctor']]) {
      const fresh = all.box.clone(all.remote);
      expect(refsOf(all.box, fresh)).not.toContain(REF);
      const { code } = await all.run('zoe', fresh, ...args);
      expect([args, code]).toEqual([args, args[0] === 'claim' ? 3 : 0]);
      expect(all.box.git(fresh, 'rev-parse', REF)).toBe(tipAt(all, REF));
    }
  });

  it('git gc and prune, here and there, lose nothing of it', async () => {
    const all = await setUp();
    await all.run('maya', all.one, 'claim', 'a');
    const before = tipAt(all, REF);
    for (const at of [all.one, all.two, all.remote]) {
      all.box.git(at, 'reflog', 'expire', '--expire=now', '--all');
      all.box.git(at, 'gc', '--quiet', '--prune=now');
      all.box.git(at, 'pack-refs', '--all');
    }
    expect(tipAt(all, REF)).toBe(before);
    expect((await all.run('noor', all.two, 'claim', 'a')).code).toBe(3);
    expect((await all.run('maya', all.one, 'release', 'a')).code).toBe(0);
  });

  it('clone --mirror brings it along, and the copy serves as the remote', async () => {
    const all = await setUp();
    await all.run('maya', all.one, 'claim', 'a');
    const copy = all.box.path('copy.git');
    all.box.git(all.box.directory, 'clone', '--quiet', '--mirror', all.remote, copy);
    for (const clone of [all.one, all.two]) all.box.git(clone, 'remote', 'set-url', 'origin', copy);
    expect((await all.run('noor', all.two, 'claim', 'a')).code).toBe(3);
    expect((await all.run('noor', all.two, 'claim', 'b')).code).toBe(0);
  });

  it('push --mirror of a clone that knows it moves it with the rest; of one that does not, its loss is noticed', async () => {
    const all = await setUp();
    await all.run('maya', all.one, 'claim', 'a');
    await all.run('noor', all.two, 'status');
    all.box.git(all.two, 'push', '--quiet', '--mirror', 'origin');
    expect((await all.run('noor', all.two, 'claim', 'a')).code).toBe(3);

    const fresh = all.box.clone(all.remote);
    all.box.git(fresh, 'push', '--quiet', '--mirror', 'origin');
    expect(tipAt(all, REF)).toBe('');
    const noticed = await all.run('maya', all.one, 'claim', 'b');
    expect(noticed).toMatchObject({ code: 8 });
    const [, back] = /^(git push \S+ \w+:refs\/coord\/state)$/.exec(noticed.json().error.hint) ?? [];
    all.box.git(all.one, ...(back ?? '').split(' ').slice(1));
    expect((await all.run('noor', all.two, 'claim', 'a')).code).toBe(3);
  });
});

describe('moving the state', () => {
  it('a stale clone follows, and never writes to the old ref again', async () => {
    const all = await setUp();
    await all.run('maya', all.one, 'claim', 'a');
    await all.run('noor', all.two, 'status');
    const moved = await all.run('maya', all.one, 'init', '--ref', 'refs/coord/other');
    expect(moved.json().data).toMatchObject({ ref: 'refs/coord/other', outcome: 'moved', movedFrom: REF });
    expect(configOf(all.one).ref).toBe('refs/coord/other');
    const last = tipAt(all, REF);
    expect(all.box.git(all.remote, 'log', '-1', '--format=%B', REF)).toContain('Coord-Moved-To: refs/coord/other');
    for (const [args, code] of [
      [['claim', 'a'], 3],
      [['claim', 'b'], 0],
      [['note', 'hello'], 0],
      [['status'], 0],
      [['release', 'b'], 0],
    ] as const) {
      expect([args, (await all.run('noor', all.two, ...args)).code]).toEqual([args, code]);
    }
    const fresh = all.box.clone(all.remote);
    expect((await all.run('zoe', fresh, 'claim', 'a')).code).toBe(3);
    expect(tipAt(all, REF)).toBe(last);
    expect((await all.run('maya', all.one, 'release', 'a')).code).toBe(0);
  });

  it('and back again, and in a clone without a remote', async () => {
    const all = await setUp();
    await all.run('maya', all.one, 'claim', 'a');
    for (const ref of [BRANCH, REF]) {
      expect((await all.run('maya', all.one, 'init', '--ref', ref)).json().data).toMatchObject({
        ref,
        outcome: 'moved',
      });
      expect((await all.run('noor', all.two, 'claim', 'a')).code).toBe(3);
    }
    const alone = all.box.repository();
    all.box.commit(alone, 'a', 'a');
    await all.run('maya', alone, 'init');
    await all.run('maya', alone, 'claim', 'a');
    const away = all.box.worktree(alone);
    all.box.write(away, 'coord.config.json', readFileSync(join(alone, 'coord.config.json'), 'utf8'));
    expect((await all.run('maya', alone, 'init', '--ref', 'refs/coord/other')).code).toBe(0);
    expect((await all.run('noor', away, 'claim', 'a')).code).toBe(3);
  });

  it('both refs move, or neither', async () => {
    const all = await setUp();
    const before = refsOf(all.box, all.remote);
    refuses(all, 'refs/coord/other');
    expect((await all.run('maya', all.one, 'init', '--ref', 'refs/coord/other')).code).toBe(6);
    all.box.git(all.remote, 'update-ref', 'refs/coord/taken', 'main');
    expect((await all.run('maya', all.one, 'init', '--ref', 'refs/coord/taken')).code).toBe(2);
    all.box.git(all.remote, 'update-ref', '-d', 'refs/coord/taken');
    expect(refsOf(all.box, all.remote)).toBe(before);
    expect((await all.run('maya', all.one, 'claim', 'a')).code).toBe(0);
  });

  it('a mover that was killed between the two is finished by whoever comes next', async () => {
    const all = await setUp();
    await all.run('maya', all.one, 'claim', 'a');
    await all.run('maya', all.one, 'init', '--ref', 'refs/coord/other');
    all.box.git(all.remote, 'update-ref', '-d', 'refs/coord/other');
    expect((await all.run('noor', all.two, 'claim', 'a')).code).toBe(3);
    expect(tipAt(all, 'refs/coord/other')).not.toBe('');
  });

  it('init moves a state that was begun on a branch, before there was another place', async () => {
    const all = await setUp(world(), '--ref', BRANCH);
    await all.run('maya', all.one, 'claim', 'a');
    const { box, one, two, remote } = all;
    // As it was then: no record of the set-up, and no ref in the configuration.
    const commit = commitFiles(box, one, { 'setup.json': null }, [box.git(one, 'rev-parse', BRANCH)]);
    box.git(one, 'update-ref', '-d', REF);
    box.git(one, 'push', '--quiet', 'origin', `${commit}:${BRANCH}`);
    const { ref, ...rest } = configOf(one);
    box.write(one, 'coord.config.json', `${JSON.stringify(rest, null, 2)}\n`);
    const done = await all.run('maya', one, 'init');
    expect(done.json().data).toMatchObject({ ref: REF, outcome: 'moved', movedFrom: ref });
    expect((await all.run('noor', two, 'claim', 'a')).code).toBe(3);
    expect(box.git(remote, 'rev-list', '--count', `${BRANCH}..${REF}`)).toBe('0');
  });
});
