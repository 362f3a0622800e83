import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Fleet, localFleet, manualFleet, sharedFleet } from '../support/fleet.js';
import { callHook, denialIn, type HookOptions } from '../support/harness.js';

const SHELLS = ['claude-code.bash', 'codex.bash', 'gemini.shell', 'cursor.shell', 'opencode.bash'];

/** Why a command is stopped; null: it passes. */
async function judged(fleet: Fleet, command: string, options: HookOptions = {}): Promise<string | null> {
  return denialIn(await callHook(fleet, 'claude-code.bash', { command, ...options }));
}

/** The environment in which the agent of the fixtures runs commands of its own. */
const OWN = { COORD_AGENT: 'claude-code-898c80a2', COORD_SESSION: '8f14e45f-ceea-467f-a0e6-1b7d2c3f9a10' };

async function heldTargets(fleet: Fleet): Promise<string[]> {
  const { data } = (await fleet.as('looker', ['status', '--json'])).json();
  return data.claims.map(({ target }: { target: string }) => target);
}

describe('before a shell command', () => {
  it.each(SHELLS)('%s: what writes the surface is stopped, the rest passes in silence', async (fixture) => {
    const fleet = await manualFleet();
    const stopped = await callHook(fleet, fixture, { command: "cd src && sed -i 's/a/b/' api/users.ts" });
    expect(denialIn(stopped)).toContain('this command changes 1 path');
    expect(denialIn(stopped)).toContain('src/api/users.ts: nobody holds it');
    for (const command of ['cat src/api/users.ts', 'npm test 2>&1 | tee /tmp/out.txt', 'rm -rf build', 'git status']) {
      expect(await callHook(fleet, fixture, { command })).toMatchObject({ code: 0, stdout: '', stderr: '' });
    }
  });

  it('claims what is free, and denies what is held', async () => {
    const fleet = await localFleet();
    expect(await judged(fleet, 'echo x > src/api/users.ts')).toBeNull();
    expect(await heldTargets(fleet)).toEqual(['src/api/users.ts']);
    await fleet.as('maya', ['claim', 'src/web', '--reason', 'pages']);
    const reason = await judged(fleet, 'echo x > src/api/new.ts; rm -r src/web');
    expect(reason).toContain('held by maya');
    expect(reason).toContain('"pages"');
    expect(await heldTargets(fleet)).toHaveLength(2);
  });

  it('a directory or a pattern is all that it may hold', async () => {
    const fleet = await manualFleet();
    await fleet.as('x', ['claim', 'src/api'], { env: OWN });
    expect(await judged(fleet, 'rm -r src/api')).toBeNull();
    expect(await judged(fleet, 'rm src/api/*.ts')).toBeNull();
    expect(await judged(fleet, 'rm -r src')).toContain('src/**: nobody holds it');
    expect(await judged(fleet, 'rm -rf src/*')).toContain('src/*/**');
    expect(await judged(fleet, 'rm -rf .')).toContain('nobody holds it');
    expect(await judged(fleet, 'rm src/{api,web}/*.ts')).toContain('nobody holds it');
    expect(await judged(fleet, 'mv src/api/users.ts src/web')).toContain('src/web/users.ts');
    expect(await judged(fleet, 'mv src/api/users.ts src/api/people.ts')).toBeNull();
  });

  it('ground that another holds below a directory is found', async () => {
    const fleet = await manualFleet();
    await fleet.as('maya', ['claim', 'docs/guide.md']);
    expect(await judged(fleet, 'rm -rf lib/*')).toBeNull();
    mkdirSync(join(fleet.clone, 'docs'));
    expect(await judged(fleet, 'rm -rf docs/*')).toContain('held by maya');
    expect(await judged(fleet, 'rm -rf docs')).toContain('held by maya');
  });

  it('a link is removed itself, and written through', async () => {
    const fleet = await manualFleet();
    symlinkSync('src/api/users.ts', join(fleet.clone, 'link.ts'));
    mkdirSync(join(fleet.clone, 'docs'));
    symlinkSync('../README.md', join(fleet.clone, 'docs/link.md'));
    expect(await judged(fleet, 'rm link.ts')).toBeNull();
    expect(await judged(fleet, 'echo x > link.ts')).toContain('src/api/users.ts');
    await fleet.as('maya', ['claim', 'docs']);
    expect(await judged(fleet, 'rm docs/link.md')).toContain('docs/link.md: held by maya');
    expect(await judged(fleet, 'echo x > docs/link.md')).toBeNull();
    symlinkSync('../src/not-yet.ts', join(fleet.clone, 'docs/new.ts'));
    expect(await judged(fleet, 'echo x > docs/new.ts')).toContain('src/not-yet.ts: nobody holds it');
  });

  it('runs where the harness says', async () => {
    const fleet = await manualFleet();
    const tool_input = { command: 'rm users.ts', workdir: 'src/api' };
    expect(await judged(fleet, '', { change: { tool_input } })).toContain('src/api/users.ts');
    const words = { command: ['bash', '-lc', 'rm src/api/users.ts'] };
    expect(await judged(fleet, '', { change: { tool_input: words } })).toContain('src/api/users.ts');
  });

  it('a patch changes what it names', async () => {
    const fleet = await manualFleet();
    const diff = '--- a/src/api/users.ts\n+++ b/src/api/users.ts\n@@ -1 +1 @@\n-users\n+people\n';
    fleet.box.write(fleet.clone, 'x.diff', diff);
    expect(await judged(fleet, 'git apply x.diff')).toContain('src/api/users.ts');
    expect(await judged(fleet, 'patch -p1 < x.diff')).toContain('src/api/users.ts');
    expect(await judged(fleet, 'cd src && git apply ../x.diff')).toContain('src/api/users.ts');
    expect(await judged(fleet, `git apply <<'EOF'\n${diff}EOF`)).toContain('src/api/users.ts');
    expect(await judged(fleet, 'git apply --check x.diff')).toBeNull();
    expect(await judged(fleet, 'git apply missing.diff')).toBeNull();
  });

  it('what the same command claims first is its own, where the claim must be granted before it goes on', async () => {
    const fleet = await manualFleet();
    fleet.box.write(fleet.clone, 'src/api/users.ts', 'changed\n');
    for (const command of [
      'coord claim src/api/users.ts && echo x > src/api/users.ts',
      'cd src && coord claim api --reason x && rm api/users.ts && git commit -am x',
      'coord claim src/api && find src/api -name "*.ts" -delete',
      'coord claim src/api && git add src/api && git commit -m x',
      'coord claim src/api && git commit -am x',
    ]) {
      expect([command, await judged(fleet, command)]).toEqual([command, null]);
    }
    for (const command of [
      'coord claim src/api/users.ts; echo x > src/api/users.ts',
      'coord claim src/api && rm src/web/page.ts',
      'coord claim src/api || rm src/api/users.ts',
    ]) {
      expect(await judged(fleet, command)).toContain('claim in a command of its own');
    }
    expect(await judged(fleet, 'rm src/api/users.ts')).not.toContain('claim in a command');
  });

  it('what find looks for is what is changed', async () => {
    const fleet = await manualFleet();
    await fleet.as('maya', ['claim', 'src/api/users.ts']);
    for (const command of [
      "find . -name '*.pyc' -delete",
      'find . -name node_modules -prune -exec rm -rf {} +',
      'find . -type d -empty -delete',
      "find src -name '*.js' | xargs rm -f",
    ]) {
      expect([command, await judged(fleet, command)]).toEqual([command, null]);
    }
    for (const command of [
      "find . -name '*.ts' -delete",
      'find src -name api -prune -exec rm -rf {} +',
      "find src -name 'users*' | xargs sed -i s/a/b/",
      'for f in src/api/*.ts; do sed -i s/a/b/ "$f"; done',
    ]) {
      expect([command, await judged(fleet, command)]).toEqual([command, expect.stringContaining('held by maya')]);
    }
  });

  it('a worktree that is taken away takes the uncommitted work in it away, and nothing else', async () => {
    const fleet = await localFleet();
    const { box, clone } = fleet;
    const beside = box.path('beside');
    box.git(clone, 'worktree', 'add', '-q', beside, '-b', 'beside');
    box.git(clone, 'worktree', 'add', '-q', `${clone}/.wt/in`, '-b', 'inside');
    const commands = ['rm -rf ../beside', 'git worktree remove --force ../beside', 'rm -rf .wt/in', 'rm -rf .wt'];
    const relative = (command: string) => command.replace('../beside', beside);
    await fleet.as('maya', ['claim', 'src'], { cwd: beside });
    for (const command of commands) expect([command, await judged(fleet, relative(command))]).toEqual([command, null]);
    box.write(beside, 'src/api/users.ts', 'hers\n');
    box.write(clone, '.wt/in/src/api/users.ts', 'hers\n');
    for (const command of commands) {
      expect([command, await judged(fleet, relative(command))]).toEqual([
        command,
        expect.stringContaining('held by maya'),
      ]);
    }
    expect(await judged(fleet, `git worktree remove ${beside}`)).toBeNull();
  });

  it('commands of coord pass, whatever they name', async () => {
    const fleet = await manualFleet();
    for (const command of [
      'coord claim src/api',
      'coord run src/api -- rm src/api/users.ts',
      'npx coord release --all',
    ]) {
      expect(await judged(fleet, command)).toBeNull();
    }
  });
});

describe('before a command of git', () => {
  it('what throws changes away is judged by what is changed', async () => {
    const fleet = await manualFleet();
    const { box, clone } = fleet;
    const commands = [
      ...['git stash', 'git reset --hard', 'git checkout -- .', 'git checkout .', 'git restore src', 'git clean -fd'],
      ...['git checkout src/web/page.ts', 'git switch --discard-changes main', 'cd src && git checkout -- web'],
    ];
    for (const command of commands) expect([command, await judged(fleet, command)]).toEqual([command, null]);
    box.write(clone, 'src/web/page.ts', 'changed\n');
    await fleet.as('maya', ['claim', 'src/web']);
    // What git does not know yet is all that it cleans away.
    expect(await judged(fleet, 'git clean -fd')).toBeNull();
    box.write(clone, 'src/web/new.ts', 'new\n');
    for (const command of commands) expect([command, await judged(fleet, command)]).not.toEqual([command, null]);
    for (const command of [
      'git checkout main',
      'git checkout -- src/api',
      'git stash list',
      'git clean -n',
      'git log',
    ]) {
      expect([command, await judged(fleet, command)]).toEqual([command, null]);
    }
    await fleet.as('maya', ['release', 'src/web', '--uncommitted']);
    await fleet.as('x', ['claim', 'src/web'], { env: OWN });
    for (const command of commands) expect([command, await judged(fleet, command)]).toEqual([command, null]);
  });

  it('a commit is judged by what is staged, and what the same command stages', async () => {
    const fleet = await manualFleet();
    const { box, clone } = fleet;
    expect(await judged(fleet, 'git commit -m x')).toBeNull();
    box.write(clone, 'src/web/page.ts', 'changed\n');
    box.write(clone, 'src/web/new.ts', 'new\n');
    box.write(clone, 'README.md', 'changed\n');
    expect(await judged(fleet, 'git commit -m x')).toBeNull();
    expect(await judged(fleet, 'git add README.md && git commit -m x')).toBeNull();
    const all = await judged(fleet, 'git commit -am x');
    expect(all).toContain('src/web/page.ts');
    expect(all).not.toContain('new.ts');
    expect(await judged(fleet, 'git add -A && git commit -m x')).toContain('src/web/new.ts');
    expect(await judged(fleet, 'cd src && git add . && git commit -m x')).toContain('src/web/new.ts');
    expect(await judged(fleet, 'git commit -m x -- src/web/page.ts')).toContain('src/web/page.ts');
    box.git(clone, 'add', 'src/web/new.ts');
    expect(await judged(fleet, 'git commit -m x')).toContain('src/web/new.ts: nobody holds it');
    await fleet.as('x', ['claim', 'src/web'], { env: OWN });
    expect(await judged(fleet, 'git add -A && git commit -m x')).toBeNull();
  });

  it('what is on the main branch already may be committed, and no more than that', async () => {
    const fleet = await manualFleet();
    const { box, clone } = fleet;
    box.git(clone, 'switch', '--quiet', '--create', 'work');
    box.git(clone, 'switch', '--quiet', 'main');
    box.commit(clone, 'src/web/page.ts', 'landed\n');
    box.git(clone, 'switch', '--quiet', 'work');
    box.write(clone, 'src/web/page.ts', 'landed\n');
    box.git(clone, 'add', 'src/web/page.ts');
    expect(await judged(fleet, 'git commit -m x')).toBeNull();
    box.write(clone, 'src/web/page.ts', 'mine\n');
    expect(await judged(fleet, 'git commit -m x')).toBeNull();
    expect(await judged(fleet, 'git commit -am x')).toContain('src/web/page.ts');
  });

  it('what would leave the guards out is stopped, where somebody coordinates', async () => {
    const fleet = await manualFleet();
    const ways = [
      ...['git commit --no-verify -m x', 'git commit -nm x', 'git push --no-verify', 'COORD_GUARD=off git commit -m x'],
      ...['git -c core.hooksPath=/dev/null commit -m x', 'git config core.hooksPath /tmp'],
    ];
    for (const command of ways) {
      expect(await judged(fleet, command)).toContain('if a guard then refuses it, do what the guard says');
    }
    const elsewhere = fleet.box.repository();
    for (const command of ways) expect(await judged(fleet, command, { change: { cwd: elsewhere } })).toBeNull();
    expect(await judged(fleet, 'git push origin HEAD')).toBeNull();
  });
});

describe('a push, where the shell of the harness runs no hooks of git', () => {
  /** As Gemini CLI runs its shell. */
  const NO_HOOKS = ['-c', 'core.hooksPath='];

  async function ahead() {
    const fleet = await sharedFleet();
    const { box, clone } = fleet;
    box.git(clone, ...NO_HOOKS, 'checkout', '-q', '-b', 'x');
    box.write(clone, 'src/api/users.ts', 'mine\n');
    box.git(clone, ...NO_HOOKS, 'commit', '-qam', 'unclaimed');
    return fleet;
  }

  it('of unclaimed work to the main branch is stopped, however it is typed', async () => {
    const fleet = await ahead();
    const { box, clone, remote } = fleet;
    for (const command of [
      ...[
        'git push origin x:main',
        'git push origin HEAD:refs/heads/main',
        'git push -f origin +x:main',
        `git push ${remote} x:main`,
      ],
      ...[`cd ${clone} && git push origin HEAD:main`, `git -C ${clone} push origin x:main 2>&1 | tail -1`],
    ]) {
      expect([command, await judged(fleet, command)]).toEqual([
        command,
        expect.stringContaining('src/api/users.ts: nobody holds it'),
      ]);
    }
    box.git(clone, 'branch', '-qf', 'main', 'x');
    box.git(clone, ...NO_HOOKS, 'checkout', '-q', 'main');
    for (const command of ['git push', 'git push origin', 'git push --all', 'git push --mirror']) {
      expect([command, await judged(fleet, command)]).toEqual([command, expect.stringContaining('refused: ')]);
    }
    for (const command of [
      'git push origin x',
      'git push --tags',
      'git push --dry-run origin x:main',
      'git push origin x:review',
    ]) {
      expect([command, await judged(fleet, command)]).toEqual([command, null]);
    }
    expect((await fleet.as('maya', ['claim', 'src/api/users.ts'], { env: OWN })).code).toBe(0);
    expect(await judged(fleet, 'git push origin x:main')).toBeNull();
  });

  it('that deletes the main branch or the state, or takes commits back, is stopped', async () => {
    const fleet = await ahead();
    const { box } = fleet;
    const state = 'refs/coord/state';
    const said: [string, string][] = [
      ['git push origin :main', 'deletes the main branch'],
      ['git push origin --delete main', 'deletes the main branch'],
      [`git push origin :${state}`, 'every claim and the audit trail with it'],
      [`git push --force origin x:${state}`, 'claims of others would be lost'],
    ];
    for (const [command, words] of said) expect(await judged(fleet, command)).toContain(words);
    const other = box.clone(fleet.remote);
    box.write(other, 'README.md', 'theirs\n');
    box.git(other, 'commit', '-qam', 'theirs');
    box.git(other, 'push', '-q', 'origin', 'HEAD:main');
    expect(await judged(fleet, 'git push --force origin x:main')).toContain('they would be undone');
  });
});

it('what the configuration names as a deploy runs through coord deploy alone', async () => {
  const fleet = await manualFleet();
  const { box, clone } = fleet;
  const config = JSON.parse(box.git(clone, 'show', 'HEAD:coord.config.json'));
  const deploy = { prod: { commands: ['npm run deploy', './deploy.sh'] } };
  box.commit(clone, 'coord.config.json', JSON.stringify({ ...config, deploy }));
  for (const command of [
    'npm run deploy',
    'npm run deploy -- --now',
    'cd x; ./deploy.sh',
    'bash deploy.sh prod',
    'sudo ./deploy.sh',
  ]) {
    expect(await judged(fleet, command)).toContain('next: coord deploy prod -- ');
    if (command.includes('now')) expect(await judged(fleet, command)).toContain('-- npm run deploy -- --now');
  }
  for (const command of [
    'npm run deployment',
    'npm run build',
    'coord deploy prod -- ./deploy.sh',
    'cat ./deploy.sh',
    'npm',
  ]) {
    expect([command, await judged(fleet, command)]).toEqual([command, null]);
  }
});

describe('hostile commands', () => {
  it.each([
    ['a megabyte of one word', 'x'.repeat(1_000_000), false],
    ['a megabyte of redirections', '> a '.repeat(100_000), false],
    ['control characters', 'echo x > "src/\x1b[31m\x07.ts"', true],
    ['a newline in a name', "rm $'src/a\\nb.ts'", true],
    ['open quotes', 'rm src/api/users.ts "', true],
    ['NUL', 'rm src/a\0.ts', false],
  ])('%s', async (_, command, isStopped) => {
    const fleet = await manualFleet();
    const reason = await judged(fleet, command);
    expect(reason === null).toBe(!isStopped);
    expect(reason ?? '').not.toContain('\x1b');
  });
});
