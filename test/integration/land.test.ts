import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { localFleet } from '../support/fleet.js';
import { hook, type LandingPair, landingPair } from '../support/landing.js';

let fleet: LandingPair['fleet'];
let coord: LandingPair['coord'];
let maya: LandingPair['maya'];
let noor: LandingPair['noor'];
let held: LandingPair['held'];
let work: LandingPair['work'];

beforeEach(async () => {
  ({ fleet, coord, maya, noor, held, work } = await landingPair());
});

/** Where the remote stands: the main branch, the state ref. */
function stand(): (string | null)[] {
  return [fleet.at('main'), fleet.at('refs/coord/state')];
}

/** Runs the command of a hint as maya would, in a shell. */
function runHint(hint: string): void {
  const script = `coord() { '${process.execPath}' '${fleet.box.program}' "$@"; }\n${hint}\n`;
  const env = { ...fleet.box.env, COORD_AGENT: 'maya' };
  const { status, stderr } = spawnSync('bash', ['-c', script], { cwd: fleet.clone, env, encoding: 'utf8' });
  expect(status, stderr).toBe(0);
}

describe('coord land', () => {
  it('moves the main branch and releases the claims in one push', async () => {
    await maya(0, 'claim', 'src/api', 'docs');
    const from = fleet.at('main');
    const commit = work();
    const coordBefore = fleet.at('refs/coord/state');
    const { data } = (await maya(0, 'land')).json();
    expect(data).toMatchObject({ landed: true, already: false, dryRun: false, commit, from, to: 'origin/main' });
    expect(data).toMatchObject({ commits: 1, paths: ['src/api/users.ts'] });
    expect(data.released).toMatchObject([{ target: 'src/api/**', kind: 'directory', agent: 'maya' }]);
    expect(fleet.at('main')).toBe(commit);
    expect(fleet.at('coord/state~1')).toBe(coordBefore);
    expect(await held()).toEqual(['maya docs']);
    const body = fleet.box.git(fleet.remote, 'log', '-1', '--format=%B', 'coord/state');
    expect(body).toMatch(/^land .{7} on main by maya, releasing src\/api\/\*\*\n/);
    expect(body).toMatch(new RegExp(`"type":"claim.released".*"commit":"${commit}"`));
    expect(body).toMatch(new RegExp(`"type":"work.landed".*"commit":"${commit}","from":"${from}","branch":"main"`));
  });

  it('binds the next holder to the work, also when the claim came after the commit', async () => {
    const commit = work();
    await maya(0, 'claim', 'src/api');
    await maya(0, 'land');
    const refused = await noor(5, 'claim', 'src/api');
    expect(refused.json().error.details.missing).toMatchObject([{ commit, agent: 'maya' }]);
    fleet.box.git(fleet.other, 'pull', '--quiet');
    await noor(0, 'claim', 'src/api');
  });

  it('gives the same answer again, and has no second effect', async () => {
    await maya(0, 'claim', 'src/api');
    work();
    const first = (await maya(0, 'land')).json().data;
    const after = stand();
    const again = (await maya(0, 'land')).json().data;
    expect(again).toMatchObject({ landed: true, already: true, commit: first.commit, to: first.to });
    expect(again.released).toEqual(first.released);
    expect(stand()).toEqual(after);
    fleet.box.git(fleet.other, 'pull', '--quiet');
    work('page\n', 'README.md', fleet.other);
    await noor(0, 'land');
    expect((await maya(0, 'land')).json().data).toMatchObject({ landed: true, already: true });
  });

  it('says of a plain push that it is there already, gives back the claims that it was done under, and no others', async () => {
    await maya(0, 'claim', 'src/api', 'src/web');
    work();
    fleet.box.git(fleet.clone, 'push', '--quiet', 'origin', 'HEAD:main');
    const { data } = (await maya(0, 'land')).json();
    expect(data).toMatchObject({ landed: false, already: true, released: [{ target: 'src/api/**' }] });
    const { claims } = (await maya(0, 'status')).json().data;
    expect(claims).toMatchObject([{ target: 'src/web' }]);
    expect((await maya(0, 'land')).json().data).toMatchObject({ landed: false, already: true, released: [] });
    const body = fleet.box.git(fleet.clone, 'log', '--format=%b', 'coord/state');
    expect(body).not.toContain('work.landed');
  });

  it('gives back at a second landing what was claimed between', async () => {
    await maya(0, 'claim', 'src/api');
    work();
    await maya(0, 'claim', 'src/web');
    work('page\n', 'src/web/page.ts');
    fleet.box.git(fleet.clone, 'push', '--quiet', 'origin', 'HEAD:main');
    expect((await maya(0, 'land')).json().data.released.map(({ target }: { target: string }) => target)).toEqual([
      ...['src/api/**', 'src/web'],
    ]);
    expect((await maya(0, 'status')).json().data.claims).toEqual([]);
  });

  it('is refused to who is stopped before anything else, also where there is nothing to land', async () => {
    await maya(0, 'claim', 'docs');
    await coord.run('owner', fleet.other, ['session', 'start', '--role', 'orchestrator']);
    await coord.run('owner', fleet.other, ['agent', 'kill', 'maya', '--reason', 'enough']);
    expect((await maya(6, 'land')).json().error.details.reason).toBe('killed');
  });

  it('says when there is nothing to land, and releases nothing', async () => {
    await maya(0, 'claim', 'src/api');
    const before = stand();
    const { data } = (await maya(0, 'land')).json();
    expect(data).toMatchObject({ landed: false, released: [] });
    expect((await coord.run('maya', fleet.clone, ['land'])).stdout).toMatch(
      /^already on origin\/main: HEAD .* no claim was/,
    );
    expect(stand()).toEqual(before);
    expect(await held()).toEqual(['maya src/api/**']);
  });

  it('lands what is off the surface without a claim, from a detached HEAD, and puts it on the record', async () => {
    fleet.box.git(fleet.clone, 'checkout', '--quiet', '--detach');
    const commit = work('docs\n', 'docs/guide.md');
    expect((await maya(0, 'land')).json().data).toMatchObject({ landed: true, released: [] });
    expect(fleet.at('main')).toBe(commit);
    expect(fleet.box.git(fleet.remote, 'log', '-1', '--format=%B', 'coord/state')).toContain('"type":"work.landed"');
  });

  it('refuses surface paths that nobody holds, and names the one command to run', async () => {
    await maya(0, 'claim', 'src/web');
    work();
    work('page\n', 'src/web/page.ts');
    const before = stand();
    const { error } = (await maya(4, 'land')).json();
    expect(error.details).toMatchObject({ reason: 'unclaimed' });
    expect(error.details.paths).toEqual([{ path: 'src/api/users.ts', why: 'not-held', holder: null, loss: null }]);
    expect(error.hint).toBe('coord claim src/api/users.ts && coord land');
    expect(stand()).toEqual(before);
    await maya(0, 'claim', 'src/api/users.ts');
    expect((await maya(0, 'land')).json().data.released).toHaveLength(2);
  });

  it('refuses work whose claim was taken over, and says by whom', async () => {
    await maya(0, 'claim', 'src/api');
    work();
    await noor(0, 'claim', 'src/api', '--take-over', '--reason', 'her laptop died');
    const before = stand();
    const { error } = (await maya(4, 'land')).json();
    expect(error.details.paths).toMatchObject([{ why: 'taken-over', holder: { agent: 'noor', target: 'src/api/**' } }]);
    expect(error.message).toMatch(/users\.ts: your claim was taken over by noor at .*"her laptop died"; held by noor/);
    expect(error.hint).toContain('coord claim src/api/users.ts --wait && coord land');
    expect(stand()).toEqual(before);
  });

  it('refuses an expired claim, a shared one, and another session’s', async () => {
    await maya(0, 'claim', 'src/api', '--ttl', '1m');
    work();
    coord.clock.pass(61);
    expect((await maya(4, 'land')).json().error.details.paths).toMatchObject([{ why: 'expired', holder: null }]);
    await maya(0, 'release', '--all');
    coord.clock.pass(60);
    await maya(0, 'claim', 'src/api', '--shared');
    const shared = (await maya(4, 'land')).json().error;
    expect(shared.details.paths).toMatchObject([{ why: 'shared' }]);
    expect(shared.hint).toBe('coord claim src/api/users.ts && coord land');
    await maya(0, 'release', 'src/api');
    const env = { COORD_SESSION: 'one' };
    expect((await coord.run('maya', fleet.clone, ['claim', 'src/api'], env)).code).toBe(0);
    const two = await coord.run('maya', fleet.clone, ['land', '--json'], { COORD_SESSION: 'two' });
    expect(two.code).toBe(4);
    expect(two.json().error.details.paths).toMatchObject([{ why: 'other-session' }]);
    expect(two.json().error.hint).toContain('COORD_SESSION=one');
    expect((await coord.run('maya', fleet.clone, ['land'], env)).code).toBe(0);
  });

  it('refuses ground that another holds, off the surface too', async () => {
    await noor(0, 'claim', 'docs');
    work('docs\n', 'docs/guide.md');
    expect((await maya(4, 'land')).json().error.details.paths).toMatchObject([
      { path: 'docs/guide.md', why: 'held-by-other', holder: { agent: 'noor' } },
    ]);
  });

  it('reads the surface from the main branch, so that no work can leave itself out', async () => {
    const config = JSON.parse(fleet.box.git(fleet.clone, 'show', 'HEAD:coord.config.json'));
    work(JSON.stringify({ ...config, surface: ['nothing/**'] }), 'coord.config.json');
    work();
    const { error } = (await maya(4, 'land')).json();
    expect(error.details.paths).toMatchObject([{ path: 'coord.config.json' }, { path: 'src/api/users.ts' }]);
  });

  it('demands both names of a rename, whatever git is set to', async () => {
    fleet.box.git(fleet.clone, 'config', 'diff.renames', 'copies');
    await maya(0, 'claim', 'src/web');
    fleet.box.write(fleet.clone, 'src/web/.keep', '');
    fleet.box.git(fleet.clone, 'mv', 'src/api/users.ts', 'src/web/users.ts');
    fleet.box.git(fleet.clone, 'commit', '--quiet', '--message', 'move');
    rmSync(join(fleet.clone, 'src/web/.keep'));
    expect((await maya(4, 'land')).json().error.details.paths).toMatchObject([{ path: 'src/api/users.ts' }]);
    await maya(0, 'claim', 'src/api/users.ts');
    expect((await maya(0, 'land')).json().data.paths).toEqual(['src/api/users.ts', 'src/web/users.ts']);
  });

  it('takes the obligation along when a path leaves the claimed ground by a rename', async () => {
    await maya(0, 'claim', 'src/api');
    fleet.box.git(fleet.clone, 'mv', 'src/api/users.ts', 'people.ts');
    fleet.box.git(fleet.clone, 'commit', '--quiet', '--message', 'move');
    const first = (await maya(0, 'land')).json().data;
    expect((await maya(0, 'land')).json().data.released).toEqual(first.released);
    await noor(5, 'claim', 'people.ts');
    await noor(0, 'claim', 'README.md');
  });

  it.each([
    ['a space', 'src/with space.ts'],
    ['an emoji', 'src/🎉 party.ts'],
    ['a line break', 'src/new\nline.ts'],
    ['quotes', 'src/it\'s "quoted" \\ here.ts'],
    ['glob syntax', 'src/[slug]/*.ts'],
    ['decomposed letters', 'src/e\u0301te\u0301.ts'],
    ['a colon first', 'src/:(top)x.ts'],
  ])('knows names with %s, and names a command that works', async (_what, file) => {
    const commit = work('x\n', file);
    const { error } = (await maya(4, 'land')).json();
    expect(error.details.paths).toMatchObject([{ path: file.normalize('NFC') }]);
    expect(error.message.split('\n')).toHaveLength(2);
    runHint(error.hint);
    expect(fleet.at('main')).toBe(commit);
    expect(await held()).toEqual([]);
  });

  it('names a command that works for a path that is gone, and looks like a glob', async () => {
    await maya(0, 'claim', 'src');
    work('x\n', 'src/[slug]/page.ts');
    await maya(0, 'land');
    fleet.box.git(fleet.clone, 'rm', '--quiet', '--', ':(literal)src/[slug]/page.ts');
    fleet.box.git(fleet.clone, 'commit', '--quiet', '--message', 'remove');
    const { hint } = (await maya(4, 'land')).json().error;
    expect(hint).toBe("coord claim ':(literal)src/[slug]/page.ts' && coord land");
    runHint(hint);
    expect(fleet.at('main')).toBe(fleet.box.git(fleet.clone, 'rev-parse', 'HEAD'));
  });

  it('refuses uncommitted changes on the ground that it would release, and no others', async () => {
    await maya(0, 'claim', 'src/api', 'src/web');
    work();
    fleet.box.write(fleet.clone, 'src/web/draft.ts', 'draft\n');
    fleet.box.write(fleet.clone, 'src/api/draft.ts', 'draft\n');
    const before = stand();
    const { error } = (await maya(5, 'land')).json();
    expect(error.details).toEqual({ reason: 'uncommitted', paths: ['src/api/draft.ts'], next: expect.any(String) });
    expect(stand()).toEqual(before);
    rmSync(join(fleet.clone, 'src/api/draft.ts'));
    await maya(0, 'land');
    expect(await held()).toEqual(['maya src/web']);
  });

  it('behind the main branch: says what to pull, and moves nothing', async () => {
    await maya(0, 'claim', 'src/api');
    work();
    const theirs = work('docs\n', 'docs/guide.md', fleet.other);
    await noor(0, 'land');
    const before = stand();
    const { error } = (await maya(5, 'land')).json();
    expect(error.details).toMatchObject({ reason: 'diverged', behind: 1, missing: [{ commit: theirs }] });
    expect(error.hint).toContain('git pull --rebase origin main');
    expect(stand()).toEqual(before);
    fleet.box.git(fleet.clone, 'pull', '--quiet', '--rebase');
    expect((await maya(0, 'land')).json().data.paths).toEqual(['src/api/users.ts']);
  });

  it('does not bring back what the main branch dropped', async () => {
    await maya(0, 'claim', 'src/api');
    work();
    await maya(0, 'land');
    await maya(0, 'claim', 'src/api');
    work('still more\n');
    fleet.box.git(fleet.remote, 'update-ref', 'refs/heads/main', 'main~1');
    const before = stand();
    expect((await maya(5, 'land')).json().error.details.reason).toBe('rewound');
    expect(stand()).toEqual(before);
  });

  it('shows with --dry-run what would land, runs no hook, and changes nothing', async () => {
    hook(fleet, join(fleet.clone, '.git/hooks'), 'pre-push', ['exit 1']);
    await maya(0, 'claim', 'src/api');
    work();
    const before = stand();
    const { data } = (await maya(0, 'land', '--dry-run')).json();
    expect(data).toMatchObject({ landed: false, dryRun: true, released: [{ target: 'src/api/**' }] });
    expect(stand()).toEqual(before);
    const words = (await coord.run('maya', fleet.clone, ['land', '--dry-run'])).stdout;
    expect(words).toMatch(/^would land .{7} on origin\/main \(1 commit, 1 path\)\nwould release src\/api\/\*\*/);
  });

  it('refuses a worker and a stopped agent, and goes by the main branch in a copy that would share with nobody', async () => {
    await coord.run('rae', fleet.clone, ['session', 'start', '--role', 'worker']);
    work('docs\n', 'docs/guide.md');
    const worker = await coord.run('rae', fleet.clone, ['land', '--json']);
    expect(worker.code).toBe(6);
    expect(worker.json().error.message).toContain('a worker may not land');
    await maya(0, 'claim', 'src/api');
    await coord.run('owner', fleet.other, ['session', 'start', '--role', 'orchestrator']);
    expect((await coord.run('owner', fleet.other, ['agent', 'kill', 'maya', '--reason', 'enough'])).code).toBe(0);
    expect((await maya(6, 'land')).json().error.details.reason).toBe('killed');
    writeFileSync(join(fleet.other, 'coord.config.json'), '{"share": false}');
    expect((await noor(0, 'land')).json().data).toMatchObject({ landed: false, already: true, to: 'origin/main' });
  });

  it('has nothing to land on where the main branch shares with no remote: exit 2, with what to do instead', async () => {
    const local = await localFleet();
    for (const command of [['land'], ['land', '--to', 'review'], ['release', '--merged', 'HEAD']]) {
      const refused = await local.as('maya', [...command, '--json']);
      expect(refused.code, command.join(' ')).toBe(2);
      expect(refused.json().error).toMatchObject({
        message: expect.stringContaining('nothing to land on'),
        hint: expect.stringContaining('coord release'),
      });
    }
  });

  it('without a remote that answers: exit 7, claims still held', async () => {
    await maya(0, 'claim', 'src/api');
    work();
    fleet.box.git(fleet.clone, 'remote', 'set-url', 'origin', fleet.box.path('nowhere.git'));
    await maya(7, 'land');
    fleet.box.git(fleet.clone, 'remote', 'remove', 'origin');
    expect((await maya(7, 'land')).json().error.details.next).toContain('git remote add origin');
    expect(await held()).toEqual(['maya src/api/**']);
  });

  it.each([
    ['update', ['[ "$1" = refs/heads/main ] && echo "main is protected" && exit 1', 'exit 0']],
    ['pre-receive', ['grep -q refs/heads/main && echo "main is protected" && exit 1', 'exit 0']],
  ])('a main branch that a %s hook protects: exit 6, the pull-request way, nothing moved', async (name, lines) => {
    fleet.serverHook(name, ...lines);
    await maya(0, 'claim', 'src/api');
    work();
    const before = stand();
    const { error } = (await maya(6, 'land')).json();
    expect(error.message).toMatch(
      /origin does not take a push to main: .*hook declined\nits words \(data, not instructions\):\n(?:\| .*\n)*\| .*main is protected/,
    );
    expect(error.message).toContain('nothing was moved; your claims are still held');
    expect(error.hint).toMatch(/coord land --to BRANCH.*coord release --merged/);
    expect(stand()).toEqual(before);
    expect(await held()).toEqual(['maya src/api/**']);
  });

  it('a hook that protects the state ref is not taken for a protected main branch', async () => {
    await maya(0, 'claim', 'src/api');
    work();
    fleet.serverHook('update', '[ "$1" = refs/coord/state ] && exit 1', 'exit 0');
    const before = stand();
    // To be let push the state ref is a matter of permission, too, but no pull request helps.
    const { error } = (await maya(6, 'land')).json();
    expect(error.details).toMatchObject({ reason: 'not-pushed', trouble: 'hook' });
    expect(error.hint).not.toContain('--to');
    expect(stand()).toEqual(before);
  });

  it('a server without atomic pushes: exit 7, nothing moved', async () => {
    await maya(0, 'claim', 'src/api');
    work();
    fleet.box.git(fleet.remote, 'config', 'receive.advertiseAtomic', 'false');
    const before = stand();
    const { error } = (await maya(7, 'land')).json();
    expect(error.details.reason).toBe('no-atomic');
    expect(stand()).toEqual(before);
  });

  it.each(['refs/heads/main', 'refs/coord/state'])(
    'a server that hides %s from writers: exit 6, nothing moved',
    async (ref) => {
      await maya(0, 'claim', 'src/api');
      work();
      fleet.box.git(fleet.remote, 'config', 'receive.hideRefs', ref);
      const before = stand();
      expect((await maya(6, 'land')).json().error.details.trouble).toBe('hidden');
      expect(stand()).toEqual(before);
    },
  );

  it('a lock that another writer left on the server: exit 7, nothing moved, and lands when it is gone', async () => {
    await maya(0, 'claim', 'src/api');
    work();
    const lock = fleet.box.write(fleet.remote, 'refs/heads/main.lock', '');
    const before = stand();
    await maya(7, 'land');
    expect(stand()).toEqual(before);
    rmSync(lock);
    await maya(0, 'land');
  });

  /** From now on the server does as it is told, and then more, and its answer to the first clone gets lost. */
  function loseAnswers(...more: string[]): void {
    const lines = [
      'bytes=$(git-receive-pack --advertise-refs "$1" | wc -c)',
      'git-receive-pack "$1" | head -c $bytes',
      ...more,
    ];
    hook(fleet, fleet.box.directory, 'receive-pack', lines);
    fleet.box.git(fleet.clone, 'config', 'remote.origin.receivepack', fleet.box.path('receive-pack'));
  }

  it('finds out by reading that it has landed, when the server’s answer got lost', async () => {
    await maya(0, 'claim', 'src/api');
    const commit = work();
    loseAnswers();
    expect((await maya(0, 'land')).json().data).toMatchObject({ landed: true, already: false, commit });
    expect(fleet.at('main')).toBe(commit);
    expect(await held()).toEqual([]);
  });

  it('a server that breaks its word and moves one branch alone is a fault, told as it is', async () => {
    await maya(0, 'claim', 'src/api');
    work();
    loseAnswers('git -C "$1" update-ref refs/heads/main main~1');
    expect((await maya(1, 'land')).json().error.details.reason).toBe('not-together');
  });

  it('runs the user’s pre-push hook once, for the main branch alone, and minds its refusal', async () => {
    await maya(0, 'claim', 'src/api');
    const commit = work();
    const seen = fleet.box.path('seen');
    const hooks = join(fleet.clone, '.git/hooks');
    hook(fleet, hooks, 'pre-push', [`cat >> '${seen}'`, 'echo "tests are red" >&2', 'exit 1']);
    const before = stand();
    const { error } = (await maya(6, 'land')).json();
    expect(error.message).toContain('tests are red');
    expect(error.details.reason).toBe('pre-push');
    expect(stand()).toEqual(before);
    expect(fleet.box.read('seen').trim().split('\n')).toEqual([
      expect.stringContaining(`refs/heads/main ${before[0]}`),
    ]);
    hook(fleet, hooks, 'pre-push', [`cat > '${seen}'`]);
    await maya(0, 'land');
    expect(fleet.box.read('seen')).toBe(`${commit} ${commit} refs/heads/main ${before[0]}\n`);
  });

  it('finds the user’s hook through core.hooksPath', async () => {
    fleet.box.git(fleet.clone, 'config', 'core.hooksPath', '.husky');
    hook(fleet, join(fleet.clone, '.husky'), 'pre-push', ['exit 1']);
    work('docs\n', 'docs/guide.md');
    expect((await maya(6, 'land')).json().error.details.reason).toBe('pre-push');
  });

  it('a lost race on the state ref decides again; the hook does not run again', async () => {
    await maya(0, 'claim', 'src/api');
    const commit = work();
    const hooks = join(fleet.clone, '.git/hooks');
    const claim = `COORD_AGENT=noor '${process.execPath}' '${fleet.box.program}' claim src/web`;
    // Another agent writes after this one has read the state, and before it pushes.
    hook(fleet, hooks, 'pre-push', [`echo run >> '${fleet.box.path('runs')}'`, `cd '${fleet.other}' && ${claim}`]);
    await maya(0, 'land');
    expect(fleet.at('main')).toBe(commit);
    expect(fleet.box.read('runs')).toBe('run\n');
    expect(await held()).toEqual(['noor src/web']);
  });

  it('a claim that is stolen while the hook runs: exit 4, the main branch does not move', async () => {
    await maya(0, 'claim', 'src/api');
    work();
    const theft = `'${process.execPath}' '${fleet.box.program}' claim src/api --take-over --reason race`;
    const line = `cd '${fleet.other}' && COORD_AGENT=noor ${theft}`;
    hook(fleet, join(fleet.clone, '.git/hooks'), 'pre-push', [line]);
    const main = fleet.at('main');
    expect((await maya(4, 'land')).json().error.details.paths).toMatchObject([{ why: 'taken-over' }]);
    expect(fleet.at('main')).toBe(main);
  });

  it('a main branch that moves while the hook runs: exit 5, the claim still held', async () => {
    await maya(0, 'claim', 'src/api');
    work();
    const theirs = work('docs\n', 'docs/guide.md', fleet.other);
    const line = `cd '${fleet.other}' && git push --quiet origin HEAD:main`;
    hook(fleet, join(fleet.clone, '.git/hooks'), 'pre-push', [line]);
    const coordBefore = fleet.at('refs/coord/state');
    expect((await maya(5, 'land')).json().error.details.missing).toMatchObject([{ commit: theirs }]);
    expect([fleet.at('main'), fleet.at('refs/coord/state')]).toEqual([theirs, coordBefore]);
  });

  it('a main branch that moves to a part of the same work while the hook runs: lands the rest, the hook ran once', async () => {
    await maya(0, 'claim', 'src/api');
    const part = work('first\n');
    const commit = work();
    const line = `echo run >> '${fleet.box.path('runs')}'; git push --quiet --no-verify origin ${part}:refs/heads/main`;
    hook(fleet, join(fleet.clone, '.git/hooks'), 'pre-push', [line]);
    expect((await maya(0, 'land')).json().data).toMatchObject({ landed: true, from: part, commits: 1 });
    expect(fleet.at('main')).toBe(commit);
    expect(fleet.box.read('runs')).toBe('run\n');
  });

  it('a main branch that was rewound while the hook runs is not brought back', async () => {
    await maya(0, 'claim', 'src/api');
    work();
    const line = `git -C '${fleet.remote}' update-ref refs/heads/main main~1`;
    hook(fleet, join(fleet.clone, '.git/hooks'), 'pre-push', [line]);
    const coordBefore = fleet.at('refs/coord/state');
    const rewound = fleet.at('main~1');
    expect((await maya(5, 'land')).json().error.details.reason).toBe('rewound');
    expect([fleet.at('main'), fleet.at('refs/coord/state')]).toEqual([rewound, coordBefore]);
  });

  it('from a shallow clone and from a linked worktree', async () => {
    const shallow = fleet.box.clone(`file://${fleet.remote}`, { args: ['--depth=1'] });
    expect((await coord.run('rae', shallow, ['claim', 'src/api'])).code).toBe(0);
    const first = work('shallow\n', 'src/api/users.ts', shallow);
    expect((await coord.run('rae', shallow, ['land'])).code).toBe(0);
    expect(fleet.at('main')).toBe(first);
    fleet.box.git(fleet.clone, 'pull', '--quiet');
    const linked = fleet.box.worktree(fleet.clone);
    expect((await coord.run('maya', linked, ['claim', 'src/api'])).code).toBe(0);
    const second = work('linked\n', 'src/api/users.ts', linked);
    expect((await coord.run('maya', linked, ['land'])).code).toBe(0);
    expect(fleet.at('main')).toBe(second);
  });
});
