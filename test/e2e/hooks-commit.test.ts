import { chmodSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { type GitRun, type GuardedFleet, guardedLocal } from '../support/guarded.js';

let fleet: GuardedFleet;
beforeEach(async () => {
  fleet = await guardedLocal();
});

const LET_THROUGH = expect.objectContaining({ code: 0 });

function refused(...words: string[]): unknown {
  const stderr = words.map((word) => expect.objectContaining({ stderr: expect.stringContaining(word) }));
  return expect.toSatisfy((result) => {
    for (const one of [expect.not.objectContaining({ code: 0 }), ...stderr]) expect(result).toEqual(one);
    return true;
  });
}

/** What came of a command of git, and whether it made a commit. */
function attempt(agent: string | null, args: readonly string[], options: GitRun = {}) {
  const before = fleet.head(options.cwd);
  const result = fleet.git(agent, args, options);
  return { ...result, committed: fleet.head(options.cwd) !== before };
}

describe('a commit', () => {
  it('of the surface needs a live exclusive claim on each path', async () => {
    fleet.stage('src/api/users.ts', 'new\n');
    fleet.stage('src/other.ts');
    fleet.stage('README.md');
    await fleet.as('maya', ['claim', 'src/api']);
    const first = attempt('maya', ['commit', '-m', 'x']);
    expect(first).toEqual(refused('src/other.ts: nobody holds it', 'next: coord claim src/other.ts'));
    expect(first.stderr).not.toContain('users.ts');
    expect(first.committed).toBe(false);
    await fleet.as('maya', ['claim', 'src/other.ts']);
    expect(attempt('maya', ['commit', '-m', 'x'])).toMatchObject({ code: 0, committed: true, stderr: '' });
  });

  it('off the surface needs none, but not on ground that another holds', async () => {
    await fleet.as('noor', ['claim', 'docs', '--reason', 'guide']);
    fleet.stage('README.md');
    expect(attempt('maya', ['commit', '-m', 'x'])).toEqual(LET_THROUGH);
    fleet.stage('docs/guide.md');
    expect(attempt('maya', ['commit', '-m', 'x'])).toEqual(refused('docs/guide.md: held by noor', '--wait'));
    expect(attempt('noor', ['commit', '-m', 'x'])).toEqual(LET_THROUGH);
  });

  it('answers for both names of a rename, for deletions, modes, links and submodules', async () => {
    await fleet.as('maya', ['claim', 'src/new.ts']);
    fleet.box.git(fleet.clone, 'mv', 'src/api/users.ts', 'src/new.ts');
    expect(attempt('maya', ['commit', '-m', 'x'])).toEqual(refused('src/api/users.ts: nobody'));
    fleet.box.git(fleet.clone, 'reset', '-q', '--hard');
    fleet.box.git(fleet.clone, 'rm', '-q', 'src/web/page.ts');
    expect(attempt('maya', ['commit', '-m', 'x'])).toEqual(refused('src/web/page.ts: nobody'));
    fleet.box.git(fleet.clone, 'reset', '-q', '--hard');
    chmodSync(join(fleet.clone, 'src/web/page.ts'), 0o755);
    expect(attempt('maya', ['commit', '-am', 'x'])).toEqual(refused('src/web/page.ts: nobody'));
    fleet.box.git(fleet.clone, 'reset', '-q', '--hard');
    symlinkSync('../README.md', join(fleet.clone, 'src/link'));
    fleet.box.git(fleet.clone, 'add', '.');
    expect(attempt('maya', ['commit', '-m', 'x'])).toEqual(refused('src/link: nobody'));
    fleet.box.git(fleet.clone, 'reset', '-q', '--hard');
    const other = fleet.box.bareRemote();
    fleet.box.git(fleet.clone, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', other, 'src/sub');
    // The settings that hide submodules from the eyes hide none from the guard.
    fleet.box.git(fleet.clone, 'config', 'diff.ignoreSubmodules', 'all');
    fleet.box.git(fleet.clone, 'config', 'submodule.src/sub.ignore', 'all');
    expect(attempt('maya', ['commit', '-m', 'x'])).toEqual(refused('src/sub: nobody'));
    await fleet.as('maya', ['claim', 'src/sub', '.gitmodules']);
    expect(attempt('maya', ['commit', '-m', 'x'])).toEqual(LET_THROUGH);
    fleet.box.commit(join(fleet.clone, 'src/sub'), 'more', 'x');
    await fleet.as('maya', ['release', '--all', '--uncommitted']);
    fleet.box.git(fleet.clone, 'add', 'src/sub');
    expect(attempt('maya', ['commit', '-m', 'x'])).toEqual(refused('src/sub: nobody'));
  });

  it('is judged by the index that git names: commit -a, commit PATH, --include, --only', async () => {
    const [one, two] = ['src/api/users.ts', 'src/web/page.ts'];
    for (const file of [one, two]) fleet.box.write(fleet.clone, file, 'new\n');
    await fleet.as('maya', ['claim', one]);
    expect(attempt('maya', ['commit', '-am', 'x'])).toEqual(refused(`${two}: nobody`));
    expect(attempt('maya', ['commit', '-m', 'x', '--', two])).toEqual(refused(`${two}: nobody`));
    fleet.box.git(fleet.clone, 'add', two);
    // What is staged besides is not part of this commit.
    expect(attempt('maya', ['commit', '-m', 'x', '--', one])).toMatchObject({ code: 0, committed: true });
    expect(attempt('maya', ['commit', '-m', 'x', '--include', two])).toEqual(refused(`${two}: nobody`));
  });

  it('without content passes, and so does one that only intends to add', () => {
    expect(attempt('maya', ['commit', '--allow-empty', '-m', 'x'])).toMatchObject({ code: 0, committed: true });
    fleet.box.write(fleet.clone, 'src/new.ts', 'x');
    fleet.box.git(fleet.clone, 'add', '-N', 'src/new.ts');
    fleet.stage('README.md');
    expect(attempt('maya', ['commit', '-m', 'x'])).toEqual(LET_THROUGH);
  });

  it('is stopped also with --no-verify, but not by a hook that is switched off for the command', () => {
    fleet.stage('src/other.ts');
    expect(attempt('maya', ['commit', '--no-verify', '-m', 'x'])).toEqual(refused('src/other.ts: nobody'));
    expect(attempt('maya', ['-c', 'core.hooksPath=/dev/null', 'commit', '-m', 'x'])).toEqual(LET_THROUGH);
  });

  it.each([
    'src/new\nline.ts',
    'src/"quoted" \'both\'.ts',
    'src/-rf',
    'src/*.ts',
    'src/[a]{b,c}?.ts',
    'src/:(glob)x',
    'src/\u001b[31m.ts',
    'src/back\\slash',
    'src/e\u0301 \u{1f389}',
  ])('of %j needs a claim on just that', async (name) => {
    fleet.stage(name);
    const stopped = attempt('maya', ['commit', '-m', 'x']);
    expect(stopped.code).not.toBe(0);
    expect(stopped.stderr).not.toContain('\u001b');
    await fleet.as('maya', ['claim', '--literal', name]);
    expect(attempt('noor', ['commit', '-m', 'x'])).toEqual(refused('held by maya'));
    expect(attempt('maya', ['commit', '-m', 'x'])).toEqual(LET_THROUGH);
  });

  it('of a name that is no UTF-8 is judged like any other', async () => {
    const name = Buffer.from('src/\xff\xfe.ts', 'latin1');
    writeFileSync(Buffer.concat([Buffer.from(`${fleet.clone}/`), name]), 'x');
    fleet.box.git(fleet.clone, 'add', '-A');
    expect(attempt('maya', ['commit', '-m', 'x'])).toEqual(refused('nobody holds it'));
    expect(attempt('maya', ['commit', '-m', 'x']).stderr).toContain('next: coord claim src/\n');
    await fleet.as('maya', ['claim', 'src/']);
    expect(attempt('maya', ['commit', '-m', 'x'])).toEqual(LET_THROUGH);
  });

  it('from a folder below suggests what can be typed there', async () => {
    fleet.stage('src/web/page.ts', 'new\n');
    const cwd = join(fleet.clone, 'src/api');
    const { stderr } = attempt('maya', ['commit', '-m', 'x'], { cwd });
    expect(stderr).toContain('next: coord claim :/src/web/page.ts\n');
    await fleet.as('maya', ['claim', ':/src/web/page.ts'], { cwd });
    expect(attempt('maya', ['commit', '-m', 'x'], { cwd })).toEqual(LET_THROUGH);
  });
});

describe('who commits', () => {
  it('must be known on the surface; git’s author says nothing', async () => {
    await fleet.as('maya', ['claim', 'src/web']);
    fleet.stage('README.md');
    expect(attempt(null, ['commit', '-m', 'x'])).toMatchObject({ code: 0, stderr: '' });
    fleet.stage('src/web/page.ts', 'new\n');
    const author = { GIT_AUTHOR_NAME: 'maya', GIT_COMMITTER_NAME: 'maya' };
    expect(attempt(null, ['commit', '-m', 'x', '--author', 'maya <m@coord.example>'], { env: author })).toEqual(
      refused('does not know who makes it', 'src/web/page.ts', 'export COORD_AGENT=ID'),
    );
    // The one session of this worktree tells.
    await fleet.as('maya', ['session', 'start', '--agent', 'maya']);
    expect(attempt(null, ['commit', '-m', 'x'])).toEqual(LET_THROUGH);
    await fleet.as('noor', ['session', 'start', '--agent', 'noor']);
    fleet.stage('src/web/page.ts', 'newer\n');
    expect(attempt(null, ['commit', '-m', 'x'])).toEqual(refused('more than one agent could be meant: maya, noor'));
  });

  it('is a harness session of its own, and another session of the same agent is not it', async () => {
    const env = { CLAUDE_CODE_SESSION_ID: 'abcdef0123' };
    await fleet.box.coord(fleet.clone, ['claim', 'src/web'], { env });
    fleet.stage('src/web/page.ts', 'new\n');
    expect(attempt('claude-code-192be13a', ['commit', '-m', 'x'], { env: { COORD_SESSION: 'other' } })).toEqual(
      refused('held by your other session', 'commit from that session'),
    );
    expect(attempt(null, ['commit', '-m', 'x'], { env })).toEqual(LET_THROUGH);
  });

  it('a worker commits its scratch alone; a killed agent nothing', async () => {
    await fleet.as('boss', ['session', 'start', '--agent', 'boss', '--role', 'orchestrator']);
    await fleet.as('wim', ['session', 'start', '--agent', 'wim', '--role', 'worker']);
    fleet.stage('scratch/wim/a.md');
    expect(attempt('wim', ['commit', '-m', 'x'])).toEqual(LET_THROUGH);
    fleet.stage('README.md');
    expect(attempt('wim', ['commit', '-m', 'x'])).toEqual(
      refused('wim is a worker', 'README.md', 'next: hand it over to boss: coord submit README.md --note'),
    );
    await fleet.as('maya', ['claim', 'src']);
    await fleet.as('boss', ['agent', 'kill', 'maya', '--reason', 'loops']);
    expect(attempt('maya', ['commit', '-m', 'x'])).toEqual(
      refused('maya was stopped by boss', 'loops', 'coord agent revive'),
    );
    expect(attempt('maya', ['commit', '--allow-empty', '-m', 'x'])).toEqual(refused('maya was stopped'));
    await fleet.as('boss', ['agent', 'revive', 'maya']);
    expect(attempt('maya', ['commit', '-m', 'x'])).toEqual(LET_THROUGH);
  });

  it('a person passes by hand, once, and on the record', async () => {
    fleet.stage('src/other.ts');
    const passed = attempt('maya', ['commit', '-m', 'x'], { env: { COORD_GUARD: 'off' } });
    expect(passed).toMatchObject({ code: 0, committed: true });
    expect(passed.stderr.match(/let through by COORD_GUARD=off/g)).toHaveLength(1);
    fleet.stage('README.md');
    expect(attempt('maya', ['commit', '-m', 'x'], { env: { COORD_GUARD: 'off' } }).stderr).toBe('');
    const { data } = (await fleet.as('noor', ['events', '--json'])).json();
    const events = data.events.filter(({ type }: { type: string }) => type.startsWith('guard.'));
    expect(events).toMatchObject([
      { type: 'guard.passed', agent: 'maya', targets: ['src/other.ts'], reason: 'unclaimed' },
    ]);
  });
});

describe('two worktrees of one clone', () => {
  it('share the hooks and the claims, and are judged each by its own index and agent', async () => {
    const other = fleet.box.worktree(fleet.clone);
    await fleet.as('maya', ['claim', 'src/web']);
    fleet.stage('src/web/page.ts', 'mine\n');
    fleet.stage('src/web/page.ts', 'theirs\n', other);
    expect(attempt('noor', ['commit', '-m', 'x'], { cwd: other })).toEqual(refused('held by maya'));
    expect(attempt('noor', ['commit', '-am', 'x'], { cwd: other })).toEqual(refused('held by maya'));
    expect(attempt('maya', ['commit', '-m', 'x'])).toEqual(LET_THROUGH);
    const status = await fleet.as('noor', ['guard', 'status', '--json'], { cwd: other });
    expect(status.json().data.guarded).toBe(true);
  });
});

describe('where nothing can be decided', () => {
  const breakState = () => fleet.box.git(fleet.clone, 'update-ref', 'refs/coord/state', 'HEAD^');

  it('the surface is closed and the rest open, and the reason is said', () => {
    breakState();
    fleet.stage('README.md');
    const open = attempt('maya', ['commit', '-m', 'x']);
    expect(open).toEqual(LET_THROUGH);
    expect(open.stderr).toContain('the guard could not look at this commit');
    fleet.stage('src/other.ts');
    expect(attempt('maya', ['commit', '-m', 'x'])).toEqual(refused('the guard cannot decide', 'src/other.ts'));
    expect(attempt('maya', ['commit', '-m', 'x'], { env: { COORD_GUARD: 'off' } })).toEqual(LET_THROUGH);
  });

  it('so also without the state ref', () => {
    fleet.box.git(fleet.clone, 'update-ref', '-d', 'refs/coord/state');
    fleet.box.git(fleet.clone, 'update-ref', '-d', 'refs/coord-local/known/coord/state');
    fleet.stage('src/other.ts');
    expect(attempt('maya', ['commit', '-m', 'x'])).toEqual(refused('no coordination state', 'next: coord init'));
    fleet.box.git(fleet.clone, 'reset', '-q');
    fleet.stage('README.md');
    expect(attempt('maya', ['commit', '-m', 'x'])).toEqual(LET_THROUGH);
  });

  it('the surface of the main branch counts, whatever an agent makes of its own copy', () => {
    const other = fleet.box.worktree(fleet.clone);
    for (const text of ['{"surface": []}', '{"surface": ["docs/**"]', 'nonsense']) {
      fleet.box.write(other, 'coord.config.json', text);
      fleet.stage('src/other.ts', text, other);
      expect(attempt('maya', ['commit', '-m', 'x'], { cwd: other })).toEqual(refused('src/other.ts: nobody holds it'));
      fleet.box.git(other, 'reset', '-q');
      fleet.stage('docs/x.md', text, other);
      expect(attempt('maya', ['commit', '-m', 'x', '--', 'docs/x.md'], { cwd: other })).toEqual(LET_THROUGH);
    }
  });

  it('a broken configuration on the main branch itself closes everything, and says what is wrong with it', () => {
    fleet.box.write(fleet.clone, 'coord.config.json', '{"surfaces": []}');
    expect(attempt('maya', ['commit', '-am', 'x'], { env: { COORD_GUARD: 'off' } })).toEqual(LET_THROUGH);
    fleet.stage('README.md');
    expect(attempt('maya', ['commit', '-m', 'x'])).toEqual(refused('cannot decide', 'surfaces: unknown key'));
  });

  it('the first commit of all is judged by the working copy’s surface', async () => {
    const { box } = fleet;
    const fresh = box.repository();
    box.write(fresh, 'coord.config.json', '{"surface": ["src/**"]}');
    await box.coord(fresh, ['init', '--local']);
    await box.coord(fresh, ['guard', 'install']);
    box.write(fresh, 'src/a.ts', 'x');
    box.git(fresh, 'add', 'src');
    expect(fleet.git('maya', ['commit', '-m', 'x'], { cwd: fresh })).toEqual(refused('src/a.ts: nobody holds it'));
    await box.coord(fresh, ['claim', 'src/a.ts', '--agent', 'maya']);
    expect(fleet.git('maya', ['commit', '-m', 'x'], { cwd: fresh })).toEqual(LET_THROUGH);
  });

  it('git that works in another repository than the directory is not judged by the wrong one', () => {
    const other = fleet.box.repository();
    fleet.stage('src/other.ts');
    const env = { GIT_DIR: join(fleet.clone, '.git'), GIT_WORK_TREE: other };
    expect(fleet.git('maya', ['commit', '-m', 'x'], { cwd: other, env })).toEqual(
      refused('git works in', 'unset GIT_DIR'),
    );
    // A folder of its own to work on belongs to the repository that git names with it.
    rmSync(join(other, '.git'), { recursive: true });
    expect(fleet.git('maya', ['commit', '-m', 'x'], { cwd: other, env })).toEqual(
      refused('src/other.ts: nobody holds it'),
    );
  });
});
