import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GUARDED_HOOKS } from '../../src/guards/hook-script.js';
import { type Fleet, localFleet } from '../support/fleet.js';
import { hooksOf } from '../support/guarded.js';
import { sandbox } from '../support/sandbox.js';

/** Path → kind, mode and content of all below a folder. */
function snapshot(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return Object.fromEntries(
    entries.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const stats = lstatSync(path);
      const content = stats.isSymbolicLink() ? readlinkSync(path) : stats.isFile() ? readFileSync(path, 'latin1') : '';
      return [relative(folder, path), `${stats.mode.toString(8)} ${content}`];
    }),
  );
}

function script(path: string, ...lines: string[]): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, ['#!/bin/sh', ...lines, ''].join('\n'));
  chmodSync(path, 0o755);
}

/** Commits a file off the surface, as maya; the exit code and what was said. */
function commitReadme({ box, clone }: Fleet, cwd = clone) {
  box.write(cwd, 'README.md', String(Math.random()));
  box.git(cwd, 'add', 'README.md');
  return box.tryGit(cwd, 'commit', '-q', '-m', 'x');
}

/** What is told of each worktree, that one first. */
async function status(fleet: Fleet, cwd = fleet.clone) {
  const result = await fleet.as('maya', ['guard', 'status', '--json'], { cwd });
  const { ok, data, error } = result.json();
  const told = ok ? data : error.details;
  expect([result.code, ok]).toEqual(told.guarded ? [0, true] : [6, false]);
  return told;
}

async function standings(fleet: Fleet, cwd = fleet.clone): Promise<Record<string, string>> {
  const [data] = (await status(fleet, cwd)).worktrees;
  return Object.fromEntries(data.hooks.map(({ hook, standing }: Record<string, string>) => [hook, standing]));
}

const ALL_LIVE = Object.fromEntries(GUARDED_HOOKS.map((hook) => [hook, 'live']));

describe('coord guard install', () => {
  it('is repeated without effect, serves all worktrees, and is taken back byte for byte', async () => {
    const fleet = await localFleet();
    const { clone, box } = fleet;
    const hooks = hooksOf(clone);
    script(join(hooks, 'commit-msg'), 'exit 0');
    const before = snapshot(join(clone, '.git', 'hooks'));
    const first = await fleet.as('maya', ['guard', 'install', '--json']);
    expect(first.json().data).toMatchObject({ guarded: true, written: [...GUARDED_HOOKS], folder: hooks });
    const installed = snapshot(hooks);
    const again = await fleet.as('maya', ['guard', 'install', '--json'], { cwd: box.worktree(clone) });
    expect(again.json().data).toMatchObject({ guarded: true, written: [] });
    expect(snapshot(hooks)).toEqual(installed);
    const removed = await fleet.as('maya', ['guard', 'uninstall', '--json']);
    expect(removed.json().data).toMatchObject({ removed: [...GUARDED_HOOKS], restored: [], left: [] });
    expect(snapshot(hooks)).toEqual(before);
    expect(readdirSync(join(clone, '.git')).filter((name) => name.includes('before-coord'))).toEqual([]);
    const nothing = await fleet.as('maya', ['guard', 'uninstall']);
    expect(nothing.stdout).toContain('no guard was installed');
  });

  it('git is the hooks of git alone, both ways', async () => {
    const fleet = await localFleet();
    const { clone, box } = fleet;
    const SETTINGS = join('.claude', 'settings.json');
    mkdirSync(join(clone, '.claude'));
    const run = async (...args: string[]) => (await fleet.as('maya', ['guard', ...args, '--json'])).json().data;
    expect(await run('install', 'git')).toMatchObject({ guarded: true, written: [...GUARDED_HOOKS], harnesses: [] });
    expect(existsSync(join(clone, SETTINGS))).toBe(false);
    await run('install', 'claude-code');
    expect(await run('uninstall', 'git')).toMatchObject({ removed: [...GUARDED_HOOKS], harnesses: [] });
    expect(existsSync(join(clone, SETTINGS))).toBe(true);
    await run('install', 'git', 'claude-code');
    const both = await run('uninstall', 'claude-code', 'git');
    expect(both).toMatchObject({ removed: [...GUARDED_HOOKS], harnesses: [{ harness: 'claude-code' }] });
    expect(box.git(clone, 'status', '--porcelain')).toBe('');
  });

  it('keeps hooks of every kind, runs those that git would run, and restores them', async () => {
    const fleet = await localFleet();
    const { clone, box } = fleet;
    const hooks = hooksOf(clone);
    const ran = box.path('ran');
    // A link into the worktree, a program, one that is not executable, one without a first line.
    script(join(clone, 'tools', 'hook.sh'), `echo "link $(basename "$0")" >>'${ran}'`);
    symlinkSync('../../tools/hook.sh', join(hooks, 'pre-commit'));
    copyFileSync('/bin/true', join(hooks, 'prepare-commit-msg'));
    chmodSync(join(hooks, 'prepare-commit-msg'), 0o755);
    script(join(hooks, 'pre-applypatch'), 'exit 1');
    chmodSync(join(hooks, 'pre-applypatch'), 0o640);
    writeFileSync(join(hooks, 'pre-push'), `echo "push $*" >>'${ran}'; cat >>'${ran}'\r\n`, { mode: 0o711 });
    const before = snapshot(hooks);
    await fleet.as('maya', ['guard', 'install']);
    expect(await standings(fleet)).toEqual(ALL_LIVE);
    const chained = (await status(fleet)).worktrees[0].hooks;
    expect(chained.map((one: { chained: boolean }) => one.chained)).toEqual([true, true, false, true]);
    expect(commitReadme(fleet).code).toBe(0);
    expect(readFileSync(ran, 'utf8')).toBe('link pre-commit\n');
    await fleet.as('maya', ['guard', 'uninstall']);
    expect(snapshot(hooks)).toEqual(before);
    expect(existsSync(`${hooks}.before-coord`)).toBe(false);
  });

  it('gives an earlier hook its arguments, its input and its neighbours, and its exit code counts', async () => {
    const fleet = await localFleet();
    const { clone, box } = fleet;
    const hooks = hooksOf(clone);
    const ran = box.path('ran');
    writeFileSync(join(hooks, 'common.sh'), `say() { echo "$@" >>'${ran}'; }\n`);
    script(join(hooks, 'prepare-commit-msg'), '. "$(dirname "$0")/common.sh"', 'say "$(basename "$0") $# $2"');
    script(join(hooks, 'pre-push'), `cat >'${ran}'`, 'exit 3');
    await fleet.as('maya', ['guard', 'install']);
    expect(commitReadme(fleet).code).toBe(0);
    expect(readFileSync(ran, 'utf8')).toBe('prepare-commit-msg 2 message\n');
    const remote = box.bareRemote();
    expect(box.tryGit(clone, 'push', '--force', remote, 'HEAD:x', 'HEAD:y').code).toBe(1);
    expect(readFileSync(ran, 'utf8').split('\n')).toHaveLength(3);
    await fleet.as('maya', ['guard', 'uninstall']);
    script(join(hooks, 'pre-commit'), 'echo no >&2', 'exit 7');
    await fleet.as('maya', ['guard', 'install']);
    expect(commitReadme(fleet)).toMatchObject({ code: 1, stderr: 'no\n' });
  });

  it('stops a commit before an earlier hook is run', async () => {
    const fleet = await localFleet();
    const ran = fleet.box.path('ran');
    script(join(hooksOf(fleet.clone), 'pre-commit'), `touch '${ran}'`);
    await fleet.as('maya', ['guard', 'install']);
    fleet.box.write(fleet.clone, 'src/x.ts', 'x');
    fleet.box.git(fleet.clone, 'add', '.');
    expect(fleet.box.tryGit(fleet.clone, 'commit', '-m', 'x').code).toBe(1);
    expect(existsSync(ran)).toBe(false);
  });

  it('judges what an earlier hook adds to the commit', async () => {
    const fleet = await localFleet();
    script(join(hooksOf(fleet.clone), 'pre-commit'), 'echo formatted >src/api/users.ts', 'git add src/api/users.ts');
    await fleet.as('maya', ['guard', 'install']);
    const { code, stderr } = commitReadme(fleet);
    expect(code).not.toBe(0);
    expect(stderr).toContain('src/api/users.ts');
  });
});

describe('hook managers', () => {
  /** What husky 9 writes; it finds the project’s hook by its own name and place. */
  function husky({ box, clone }: Fleet): void {
    const stub = '#!/usr/bin/env sh\n. "$(dirname "$0")/h"';
    const runner =
      '#!/usr/bin/env sh\nn=$(basename "$0")\ns=$(dirname "$(dirname "$0")")/$n\n[ ! -f "$s" ] && exit 0\nsh -e "$s" "$@"\n';
    box.write(clone, '.husky/_/h', runner);
    for (const hook of ['pre-commit', 'prepare-commit-msg', 'pre-push', 'commit-msg']) {
      chmodSync(box.write(clone, `.husky/_/${hook}`, stub), 0o755);
    }
    box.write(clone, '.husky/_/.gitignore', '*');
    box.git(clone, 'config', 'core.hooksPath', '.husky/_');
  }

  it('husky goes on running the project’s hooks, and its own reinstall is seen', async () => {
    const fleet = await localFleet();
    const { clone, box } = fleet;
    const ran = box.path('ran');
    husky(fleet);
    box.write(clone, '.husky/pre-commit', `echo husky >>'${ran}'\n`);
    const before = snapshot(join(clone, '.husky'));
    const installed = await fleet.as('maya', ['guard', 'install']);
    expect(installed.stderr).toContain('.husky/_ is in the worktree');
    expect(await standings(fleet)).toEqual(ALL_LIVE);
    // Nothing of it is for anybody else, and git has nothing to say of it.
    expect(box.tryGit(clone, 'status', '--porcelain', '-uall')).toMatchObject({
      stdout: '?? .husky/pre-commit\n',
      stderr: '',
    });
    expect(commitReadme(fleet).code).toBe(0);
    expect(readFileSync(ran, 'utf8')).toBe('husky\n');
    husky(fleet);
    expect(await standings(fleet)).toMatchObject({ 'pre-commit': 'overwritten', 'pre-push': 'overwritten' });
    // What is another program's is left to it, and what was kept stays kept.
    const refused = await fleet.as('maya', ['guard', 'uninstall']);
    expect(refused.stderr).toContain('pre-commit now belongs to another program');
    expect((await fleet.as('maya', ['guard', 'install', '--json'])).json().data).toMatchObject({
      guarded: true,
      movedAside: [],
    });
    expect(commitReadme(fleet).code).toBe(0);
    expect(readFileSync(ran, 'utf8')).toBe('husky\nhusky\n');
    await fleet.as('maya', ['guard', 'uninstall']);
    expect(snapshot(join(clone, '.husky'))).toEqual(before);
  });

  /** What the pre-commit framework does: what is there runs from another name, and its own hook comes first. */
  function preCommit({ clone }: Fleet): void {
    for (const hook of ['pre-commit', 'prepare-commit-msg', 'pre-push']) {
      const path = join(hooksOf(clone), hook);
      const stub = [
        '# File generated by pre-commit: https://pre-commit.com',
        `[ -n "$PRE_COMMIT_RUNNING_LEGACY" ] && { echo circle >&2; exit 1; }`,
      ];
      if (existsSync(path) && !readFileSync(path, 'utf8').includes('generated by pre-commit'))
        renameSync(path, `${path}.legacy`);
      script(path, ...stub, `if [ -x "$0.legacy" ]; then PRE_COMMIT_RUNNING_LEGACY=1 "$0.legacy" "$@" || exit $?; fi`);
    }
  }

  it('the pre-commit framework runs a guard that it replaced, once, also where the guard had kept its own hook', async () => {
    const fleet = await localFleet();
    const { box, clone } = fleet;
    preCommit(fleet);
    await fleet.as('maya', ['guard', 'install']);
    expect(commitReadme(fleet).code).toBe(0);
    preCommit(fleet);
    expect(await standings(fleet)).toMatchObject({ 'pre-commit': 'managed', 'pre-push': 'managed' });
    expect(commitReadme(fleet)).toMatchObject({ code: 0, stderr: '' });
    box.write(clone, 'src/x.ts', 'x');
    box.git(clone, 'add', '.');
    expect(box.tryGit(clone, 'commit', '-m', 'x')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('src/x.ts'),
    });
    await fleet.as('maya', ['guard', 'uninstall']);
    expect(readdirSync(hooksOf(clone)).filter((name) => name.endsWith('.legacy'))).toEqual([]);
    expect(box.tryGit(clone, 'commit', '-m', 'x').code).toBe(0);
  });

  it('one that puts a new hook in the place of the guard loses neither its own nor the earlier one', async () => {
    const fleet = await localFleet();
    const hooks = hooksOf(fleet.clone);
    const ran = fleet.box.path('ran');
    script(join(hooks, 'pre-commit'), `echo first >>'${ran}'`);
    await fleet.as('maya', ['guard', 'install']);
    script(join(hooks, 'pre-commit'), `echo second >>'${ran}'`);
    const { data } = (await fleet.as('maya', ['guard', 'install', '--json'])).json();
    expect(data.movedAside).toEqual([join(`${hooks}.before-coord`, 'pre-commit.1')]);
    expect(readFileSync(data.movedAside[0], 'utf8')).toContain('first');
    commitReadme(fleet);
    expect(readFileSync(ran, 'utf8')).toBe('second\n');
    const removed = await fleet.as('maya', ['guard', 'uninstall']);
    expect(removed.stderr).toContain(`other files stay in ${hooks}.before-coord`);
    expect(readFileSync(join(hooks, 'pre-commit'), 'utf8')).toContain('second');
    expect(existsSync(data.movedAside[0])).toBe(true);
  });

  it('a hook that calls coord itself is a guard too', async () => {
    const fleet = await localFleet();
    script(join(hooksOf(fleet.clone), 'pre-commit'), 'exec npx coord guard run pre-commit');
    expect((await standings(fleet))['pre-commit']).toBe('managed');
    fleet.box.write(
      fleet.clone,
      'lefthook.yml',
      'pre-push:\n  commands:\n    coord:\n      run: coord guard run pre-push {1} {2}\n',
    );
    script(join(hooksOf(fleet.clone), 'pre-push'), 'call_lefthook run "pre-push" "$@"');
    expect((await standings(fleet))['pre-push']).toBe('managed');
    husky(fleet);
    fleet.box.write(fleet.clone, '.husky/pre-push', 'npx coord guard run pre-push "$@"');
    expect(await standings(fleet)).toMatchObject({ 'pre-push': 'managed', 'pre-commit': 'absent' });
    for (const hook of ['pre-commit', 'prepare-commit-msg']) {
      expect((await status(fleet)).guarded).toBe(false);
      fleet.box.write(fleet.clone, `.husky/${hook}`, `npx coord guard run ${hook} "$@"`);
    }
    expect((await status(fleet)).guarded).toBe(true);
  });
});

describe('coord guard status', () => {
  it('answers for each worktree, and names the remedy for the one where the guards are off', async () => {
    const fleet = await localFleet();
    const { box, clone } = fleet;
    const other = box.worktree(clone);
    await fleet.as('maya', ['guard', 'install']);
    expect(await status(fleet)).toMatchObject({
      guarded: true,
      worktrees: [{ root: clone }, { root: other, next: null }],
    });
    box.git(clone, 'config', 'extensions.worktreeConfig', 'true');
    for (const folder of ['/nowhere/at/all', box.path('no-such-folder'), '.no-hooks']) {
      box.git(other, 'config', '--worktree', 'core.hooksPath', folder);
      const [here, there] = (await status(fleet)).worktrees;
      expect([here.guarded, there.guarded]).toEqual([true, false]);
      expect(there.setting).toEqual({ scope: 'worktree', value: folder });
      const way = `git -C ${other} config --worktree --unset-all core.hooksPath`;
      expect(there.next).toBe(`${way} && cd ${other} && coord guard install`);
      expect((await status(fleet, other)).worktrees.map(({ root }: { root: string }) => root)).toEqual([other, clone]);
      const { stderr } = await fleet.as('maya', ['guard', 'status']);
      expect(stderr).toContain('the guards are off in 1 of 2 worktrees');
      expect(stderr).toContain(`next: ${there.next}`);
      box.git(clone, '-c', `alias.way=!${way}`, 'way');
      expect((await status(fleet)).guarded).toBe(true);
    }
  });

  it('a folder named relatively is one in each worktree', async () => {
    const fleet = await localFleet();
    const { box, clone } = fleet;
    const other = box.worktree(clone);
    box.git(clone, 'config', 'core.hooksPath', '.hooks');
    await fleet.as('maya', ['guard', 'install']);
    const [here, there] = (await status(fleet)).worktrees;
    expect([here.guarded, there.guarded, there.next]).toEqual([true, false, `cd ${other} && coord guard install`]);
    await fleet.as('maya', ['guard', 'install'], { cwd: other });
    expect((await status(fleet)).guarded).toBe(true);
  });

  it('forgets a worktree whose folder is gone', async () => {
    const fleet = await localFleet();
    rmSync(fleet.box.worktree(fleet.clone), { recursive: true });
    await fleet.as('maya', ['guard', 'install']);
    expect((await status(fleet)).worktrees).toHaveLength(1);
  });
});

it('what Codex reads in a linked worktree are the settings of the main one, and doctor looks there', async () => {
  const fleet = await localFleet();
  const { box, clone } = fleet;
  const other = box.worktree(clone);
  const doctor = async () => {
    const { data } = (await fleet.as('maya', ['doctor', '--json'], { cwd: other })).json();
    return data.findings.find(({ id }: { id: string }) => id === 'harness').ok;
  };
  box.write(
    other,
    '.codex/hooks.json',
    '{"hooks": {"SessionStart": [{"hooks": [{"command": "coord guard hook codex"}]}]}}',
  );
  expect(await doctor()).toBe(false);
  const { data } = (await fleet.as('maya', ['guard', 'install', 'codex', '--json'], { cwd: other })).json();
  expect(data.harnesses).toMatchObject([{ root: clone, files: [{ path: '.codex/hooks.json', action: 'created' }] }]);
  expect(readFileSync(join(clone, '.codex/hooks.json'), 'utf8')).toContain('"SessionEnd"');
  expect(await doctor()).toBe(true);
});

it.each([
  ['claude-code', 'claude mcp add coord -- coord mcp', ['.claude/settings.json', '"TaskCompleted"']],
  ['codex', 'codex mcp add coord -- coord mcp', ['.codex/hooks.json', '"PreToolUse"']],
  ['gemini', 'gemini mcp add coord coord mcp', ['.gemini/settings.json', '"BeforeTool"']],
])('offers %s the tools too, and asks about what it calls complete', async (harness, register, [file = '', event]) => {
  const fleet = await localFleet();
  const folder = fleet.box.path('programs');
  mkdirSync(folder);
  symlinkSync(fleet.box.program, join(folder, 'coord'));
  const env = { PATH: `${folder}:${fleet.box.env.PATH}` };
  const { stdout } = await fleet.as('maya', ['guard', 'install', harness], { env });
  expect(stdout).toContain(`as MCP tools, in place of a shell: ${register}\n`);
  expect(readFileSync(join(fleet.clone, file), 'utf8')).toContain(event);
});

describe('coord session start', () => {
  const start = async (fleet: Fleet, cwd = fleet.clone) =>
    (await fleet.as('maya', ['session', 'start'], { cwd })).stderr.includes('are back: pre-commit');

  it('puts back guards that do not run as they are, and installs none that nobody wanted', async () => {
    const fleet = await localFleet();
    const { box, clone } = fleet;
    expect(await start(fleet)).toBe(false);
    expect((await status(fleet)).guarded).toBe(false);
    await fleet.as('maya', ['guard', 'install']);
    expect(await start(fleet)).toBe(false);
    script(join(hooksOf(clone), 'pre-commit'), 'exit 0');
    expect(await start(fleet)).toBe(true);
    expect((await status(fleet)).guarded).toBe(true);
    // What somebody has set stays as it is.
    const other = box.worktree(clone);
    box.git(clone, 'config', 'extensions.worktreeConfig', 'true');
    box.git(other, 'config', '--worktree', 'core.hooksPath', '/nowhere');
    expect(await start(fleet, other)).toBe(false);
    expect((await status(fleet)).guarded).toBe(false);
    await fleet.as('maya', ['guard', 'uninstall']);
    expect(await start(fleet)).toBe(false);
  });

  it('installs them in a worktree that has a folder of hooks of its own, as another has', async () => {
    const fleet = await localFleet();
    const other = fleet.box.worktree(fleet.clone);
    fleet.box.git(fleet.clone, 'config', 'core.hooksPath', '.hooks');
    await fleet.as('maya', ['guard', 'install']);
    expect(await start(fleet, other)).toBe(true);
    expect((await status(fleet)).guarded).toBe(true);
  });
});

it('hooks that are committed are left alone, with the lines to add, and are guards once they have them', async () => {
  const fleet = await localFleet();
  const { box, clone } = fleet;
  script(join(clone, '.githooks/pre-commit'), 'exit 0');
  box.git(clone, 'add', '.githooks');
  box.git(clone, 'commit', '-qm', 'hooks');
  box.git(clone, 'config', 'core.hooksPath', '.githooks');
  const refused = await fleet.as('maya', ['guard', 'install', '--json']);
  expect(refused.json().error).toMatchObject({ exit: 2, details: { reason: 'tracked-hooks' } });
  expect(box.git(clone, 'status', '--porcelain')).toBe('');
  const lines = [...refused.json().error.message.matchAll(/^ {2}(\S+): (coord .*)$/gm)].map(([, hook, line]) => [
    hook,
    line,
  ]);
  expect(lines.map(([hook]) => hook)).toEqual(['pre-commit', 'prepare-commit-msg', 'pre-push']);
  for (const [hook = '', line = ''] of lines) script(join(clone, '.githooks', hook), line);
  expect((await status(fleet)).guarded).toBe(true);
  expect((await fleet.as('maya', ['guard', 'install', '--json'])).json().data.written).toEqual([]);
});

describe('a folder of hooks that others use too', () => {
  it.each(['global', 'relative', 'system', 'command', 'outside', 'link', 'nowhere'])(
    'is never written to: %s',
    async (kind) => {
      const fleet = await localFleet();
      const { box, clone } = fleet;
      const shared = box.path('shared-hooks');
      script(join(shared, 'pre-commit'), 'exit 0');
      const env: Record<string, string> = {};
      const settings: Record<string, readonly string[]> = {
        global: ['--global', 'core.hooksPath', shared],
        relative: ['--global', 'core.hooksPath', '.githooks'],
        outside: ['core.hooksPath', shared],
        nowhere: ['core.hooksPath', '/dev/null'],
      };
      const setting = settings[kind];
      if (setting) box.git(clone, 'config', ...setting);
      if (kind === 'system') {
        box.write(box.directory, 'gitconfig', `[core]\n  hooksPath = ${shared}\n`);
        Object.assign(env, { GIT_CONFIG_SYSTEM: box.path('gitconfig'), GIT_CONFIG_NOSYSTEM: '0' });
      }
      if (kind === 'command')
        Object.assign(env, { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'core.hooksPath', GIT_CONFIG_VALUE_0: shared });
      if (kind === 'link') {
        rmSync(hooksOf(clone), { recursive: true });
        symlinkSync(shared, hooksOf(clone));
      }
      const before = snapshot(box.directory);
      for (const verb of ['install', 'uninstall']) {
        const result = await fleet.as('maya', ['guard', verb, '--json'], { env });
        expect(result.code).toBe(2);
        expect(result.json().error.message).toContain('does not belong to this repository alone');
      }
      expect(snapshot(shared)).toEqual(
        Object.fromEntries(
          Object.entries(before).flatMap(([path, was]) =>
            path.startsWith('shared-hooks/') ? [[path.slice('shared-hooks/'.length), was]] : [],
          ),
        ),
      );
      if (kind !== 'global') return;
      const { error } = (await fleet.as('maya', ['guard', 'install', '--json'])).json();
      const way = error.hint;
      script(box.path('way'), `cd '${clone}' && ${way}`);
      box.git(clone, '-c', `alias.way=!${box.path('way')}`, 'way');
      expect((await fleet.as('maya', ['guard', 'install'])).code).toBe(0);
      expect(await standings(fleet, box.worktree(clone))).toEqual(ALL_LIVE);
    },
  );

  it('in the root of the repository it is refused as well: nothing could be kept beside it', async () => {
    const fleet = await localFleet();
    fleet.box.git(fleet.clone, 'config', 'core.hooksPath', '.');
    expect((await fleet.as('maya', ['guard', 'install'])).code).toBe(2);
  });
});

describe('the hook itself', () => {
  it('finds coord where it was, on PATH, or among the project’s modules, and else says what to do', async () => {
    const fleet = await localFleet();
    const { box, clone } = fleet;
    await fleet.as('maya', ['guard', 'install']);
    const hook = join(hooksOf(clone), 'pre-commit');
    const moved = readFileSync(hook, 'utf8').replaceAll(/^coord=.*$/gm, "coord='/gone/it'\\''s away/coord.js'");
    writeFileSync(hook, moved);
    expect(await standings(fleet)).toMatchObject({ 'pre-commit': 'stale', 'pre-push': 'live' });
    expect((await fleet.as('maya', ['guard', 'status'])).stderr).toContain(
      "/gone/it's away/coord.js is no longer there",
    );
    const lost = commitReadme(fleet);
    expect(lost.code).not.toBe(0);
    expect(lost.stderr).toContain("coord is not here:\n  not at /gone/it's away/coord.js");
    // How to pass is for a person at a terminal.
    expect(lost.stderr).not.toContain('COORD_GUARD');
    const ran = box.path('ran');
    script(join(clone, 'node_modules/.bin/coord'), `echo "modules $*" >>'${ran}'`);
    expect(commitReadme(fleet).code).toBe(0);
    script(box.path('bin', 'coord'), `echo "path $*" >>'${ran}'`);
    const path = `${box.path('bin')}:${box.env.PATH}`;
    script(box.path('run'), `PATH='${path}' exec git -C '${clone}' commit --allow-empty -q -m x`);
    box.git(clone, '-c', `alias.go=!${box.path('run')}`, 'go');
    expect(readFileSync(ran, 'utf8')).toBe('modules guard run pre-commit --\npath guard run pre-commit --\n');
    expect((await fleet.as('maya', ['guard', 'install', '--json'])).json().data.written).toEqual(['pre-commit']);
  });

  it('judges a commit once where nothing comes between its two hooks, and else twice', async () => {
    const fleet = await localFleet();
    const { box, clone } = fleet;
    const hooks = hooksOf(clone);
    const ran = box.path('ran');
    await fleet.as('maya', ['guard', 'install']);
    for (const hook of ['pre-commit', 'prepare-commit-msg']) {
      const path = join(hooks, hook);
      writeFileSync(path, readFileSync(path, 'utf8').replaceAll(/^coord=.*$/gm, "coord='/gone'"));
    }
    script(join(clone, 'node_modules/.bin/coord'), `echo "$3" >>'${ran}'`);
    const judged = (...args: string[]) => {
      rmSync(ran, { force: true });
      box.git(clone, ...args);
      return readFileSync(ran, 'utf8').trim().split('\n');
    };
    const empty = ['commit', '--allow-empty', '-q', '-m', 'x'];
    expect(judged(...empty)).toEqual(['pre-commit']);
    expect(judged(...empty)).toEqual(['pre-commit']);
    expect(judged('commit', '--no-verify', ...empty.slice(1))).toEqual(['prepare-commit-msg']);
    expect(judged('-c', `alias.go=!COORD_GUARD=off git ${empty.join(' ')}`, 'go')).toEqual([
      'pre-commit',
      'prepare-commit-msg',
    ]);
    script(join(`${hooks}.before-coord`, 'pre-commit'), 'exit 0');
    expect(judged(...empty)).toEqual(['pre-commit', 'prepare-commit-msg']);
    rmSync(join(`${hooks}.before-coord`, 'pre-commit'));
    // What another process was let through with says nothing.
    const byHand = 'alias.go=!.git/hooks/pre-commit && git commit --no-verify --allow-empty -qm x';
    expect(judged('-c', byHand, 'go')).toEqual(['pre-commit', 'prepare-commit-msg']);
    // In a linked worktree as well.
    const other = box.worktree(clone);
    script(join(other, 'node_modules/.bin/coord'), `echo "$3" >>'${ran}'`);
    expect(judged('-C', other, ...empty)).toEqual(['pre-commit']);
    expect(readdirSync(join(clone, '.git')).filter((name) => name.startsWith('coord-guard'))).toEqual([]);
  });

  it('goes on working in a repository that was moved, and in one with a name that is hard to quote', async () => {
    const fleet = await localFleet();
    const { box, clone } = fleet;
    await fleet.as('maya', ['guard', 'install']);
    const place = box.path('it\'s "new" $HOME `here`');
    renameSync(clone, place);
    expect(commitReadme(fleet, place).code).toBe(0);
    box.write(place, 'src/x.ts', 'x');
    box.git(place, 'add', '.');
    expect(box.tryGit(place, 'commit', '-m', 'x').stderr).toContain('src/x.ts');
    expect(await standings(fleet, place)).toEqual(ALL_LIVE);
  });

  it('that has lost its mode or got other line ends is seen, and fixed', async () => {
    const fleet = await localFleet();
    await fleet.as('maya', ['guard', 'install']);
    const hooks = hooksOf(fleet.clone);
    chmodSync(join(hooks, 'pre-push'), 0o644);
    writeFileSync(join(hooks, 'pre-commit'), readFileSync(join(hooks, 'pre-commit'), 'utf8').replaceAll('\n', '\r\n'));
    rmSync(join(hooks, 'pre-applypatch'));
    expect(await standings(fleet)).toEqual({
      'pre-commit': 'stale',
      'prepare-commit-msg': 'live',
      'pre-applypatch': 'absent',
      'pre-push': 'stale',
    });
    const fixed = await fleet.as('maya', ['guard', 'install', '--json']);
    expect(fixed.json().data).toMatchObject({ guarded: true, written: ['pre-commit', 'pre-applypatch', 'pre-push'] });
  });
});

it('a folder that cannot be written is left as it was', async () => {
  const fleet = await localFleet();
  const hooks = hooksOf(fleet.clone);
  script(join(hooks, 'pre-commit'), 'exit 0');
  rmSync(join(hooks, 'pre-push.sample'));
  const before = snapshot(hooks);
  fleet.box.tryGit(fleet.clone, 'config', 'core.sharedRepository', 'false');
  chmodSync(hooks, 0o555);
  script(fleet.box.path('as-nobody'), 'exit 0');
  for (const folder of [fleet.box.directory, fleet.clone, join(fleet.clone, '.git')]) chmodSync(folder, 0o777);
  const result = await fleet.as('maya', ['guard', 'install', '--json'], {
    uid: 65534,
    gid: 65534,
    env: { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'safe.directory', GIT_CONFIG_VALUE_0: '*' },
  });
  chmodSync(hooks, 0o755);
  expect([result.code, result.json().error.code]).toEqual([7, 'unavailable']);
  expect(result.json().error.message).toContain('EACCES');
  expect(snapshot(hooks)).toEqual(before);
});

it('outside a repository, and in one without hooks at all', async () => {
  const box = sandbox();
  expect((await box.coord(box.home, ['guard', 'status'])).code).toBe(2);
  const bare = box.repository();
  rmSync(hooksOf(bare), { recursive: true });
  expect((await box.coord(bare, ['guard', 'install'])).code).toBe(0);
  expect((await box.coord(bare, ['guard', 'status', '--json'])).json().data.guarded).toBe(true);
  expect((await box.coord(bare, ['guard', 'run', 'post-commit'])).code).toBe(2);
});
