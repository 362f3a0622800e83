import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { localFleet } from '../support/fleet.js';
import { guardedLocal } from '../support/guarded.js';
import { callHook, denialIn } from '../support/harness.js';

const WAYS = [
  ...['rm .git/hooks/pre-commit', 'rm -f .git/hooks/*', 'rm -rf .git/hooks', 'cd .git && rm hooks/pre-push'],
  ...['chmod -x .git/hooks/prepare-commit-msg', 'mv .git/hooks .git/off', 'echo exit > .git/hooks/pre-commit'],
  ...['cp my/pre-commit .git/hooks/', 'rm -rf .git', 'coord guard uninstall', 'npx coord --agent x guard uninstall'],
  ...['node /opt/coord/bin/coord.js guard uninstall claude-code'],
  ...[
    'HUSKY=0 git commit -m x',
    'LEFTHOOK=0 git push',
    'SKIP=lint,coord-pre-push git push',
    'LEFTHOOK=false git -C . merge x',
  ],
  ...[
    'export HUSKY=0; git commit -am x',
    'env SKIP_SIMPLE_GIT_HOOKS=1 git commit -m x',
    'LEFTHOOK_EXCLUDE=coord git commit',
  ],
  ...[
    'pre-commit uninstall',
    'npx --no lefthook uninstall',
    'pre-commit uninstall -t pre-push',
    'python3 -m pre_commit uninstall',
  ],
  'npx --no coord guard uninstall',
  // A program is started by many others.
  ...['npm exec -- lefthook uninstall', 'yarn lefthook uninstall', 'uv tool run pre-commit uninstall'],
  ...['python3.11 -m pre_commit uninstall', 'bundle exec overcommit --uninstall', 'npx lefthook@2 uninstall'],
  ...['node node_modules/.bin/lefthook uninstall', 'node node_modules/simple-git-hooks/uninstall.js'],
  ...['git coord guard uninstall', 'git-coord guard uninstall', 'npx -p git-coord coord guard uninstall'],
  ...['pnpm exec coord guard uninstall', 'node --no-warnings bin/coord.js guard uninstall', 'coord init --remove'],
  // Written over by a copy, a link, an installed file.
  ...[
    'cp /bin/true .git/hooks/pre-commit',
    'ln -sf /dev/null .git/hooks/pre-commit',
    'git config --add core.hooksPath x',
  ],
  ...['install -m755 /bin/true .git/hooks/pre-push', 'sed -i /coord/d .git/hooks/*'],
  // Found by a search.
  ...['find .git/hooks -type f -delete', "find .git -name 'pre-*' -exec rm {} +", 'ls .git/hooks/* | xargs rm'],
  // What git keeps, in which the hooks and the state are found.
  ...['echo x >> .git/config', 'sed -i /hooksPath/d .git/config', 'rm -rf .git/refs', 'echo x > .git/refs/coord/state'],
  ...['git update-ref --stdin <<< "delete refs/coord/state"', 'git symbolic-ref -d refs/coord/state'],
  ...['git fetch . +HEAD:refs/coord/state', 'declare -x HUSKY=0; git push', 'HUSKY=0; export HUSKY; git commit -m x'],
];
/** The settings by which harnesses ask. */
const SETTINGS_WAYS = [
  ...['rm .claude/settings.json', 'rm -rf .claude', 'git rm .claude/settings.json', 'mv .codex/hooks.json x'],
  ...["echo '{}' > .gemini/settings.json", 'sed -i /coord/d .claude/settings.json', 'rm .opencode/plugin/coord.js'],
  ...['jq . .claude/settings.json > x && mv x .claude/settings.json', 'cp x .codex/hooks.json', 'rm -rf .opencode'],
];
const SETTINGS_HARMLESS = [
  ...['cat .claude/settings.json', "echo '{}' > .claude/settings.local.json", 'rm -rf .claude/worktrees'],
  ...['cp .claude/settings.json x', 'echo "" >> .claude/settings.json'],
];
const HARMLESS = [
  ...[
    'rm -rf build/*',
    'rm *.log',
    'cat .git/hooks/pre-commit',
    'echo exit > .git/hooks/post-commit',
    'rm .git/index.lock',
  ],
  ...['coord guard status', 'coord guard uninstall --help', 'echo coord guard uninstall', 'coord guard install codex'],
  ...['HUSKY=0 npm ci', 'HUSKY=0 npm ci && git commit -m x', 'SKIP=flake8 git commit -m x', 'HUSKY=1 git commit -m x'],
  ...["find .git -name '*.lock' -delete", 'find .git/hooks -type f -print', 'find . -name "*.log" -delete'],
  ...['coord help guard uninstall', 'git update-ref refs/heads/x HEAD', 'git fetch origin refs/coord/state'],
  ...['npm uninstall left-pad', 'npx lefthook install', 'node scripts/uninstall.js', 'git config user.name x'],
  ...['pre-commit install', 'lefthook run pre-commit', 'grep uninstall pre-commit'],
  ...['git config core.hooksPath', 'git config --get core.hooksPath'],
];

async function judged(fleet: Awaited<ReturnType<typeof localFleet>>, command: string) {
  return denialIn(await callHook(fleet, 'claude-code.bash', { command }));
}

describe('the guards themselves', () => {
  it('are not taken away by a command of an agent', async () => {
    const fleet = await guardedLocal();
    for (const command of WAYS) {
      expect([command, await judged(fleet, command)]).toEqual([command, expect.stringContaining('guard')]);
    }
    for (const command of HARMLESS) expect([command, await judged(fleet, command)]).toEqual([command, null]);
  });

  it('are not where git was told to look for them', async () => {
    const fleet = await localFleet();
    const { box, clone } = fleet;
    for (const hook of ['pre-commit', 'prepare-commit-msg', 'pre-push']) {
      box.write(clone, `.husky/_/${hook}`, '#!/bin/sh\n. "$(dirname "$0")/h"');
      box.write(clone, `.husky/${hook}`, `npx --no coord guard run ${hook} "$@"`);
    }
    box.git(clone, 'config', 'core.hooksPath', '.husky/_');
    for (const command of [
      'rm -rf .husky/_',
      'rm -rf .husky',
      'rm .husky/_/pre-push',
      'echo >.husky/_/pre-commit',
      'mv .husky x',
    ]) {
      expect([command, await judged(fleet, command)]).toEqual([command, expect.stringContaining('is a guard')]);
    }
    for (const command of ['rm -rf .husky/x', 'cat .husky/_/pre-commit', 'rm .husky/_/post-commit']) {
      expect([command, await judged(fleet, command)]).toEqual([command, null]);
    }
  });

  it('are not edited either', async () => {
    const fleet = await guardedLocal();
    for (const file of ['.git/hooks/pre-commit', 'src/../.git/hooks/pre-push']) {
      expect(denialIn(await callHook(fleet, 'claude-code.write', { file }))).toContain('is a guard');
    }
    expect(denialIn(await callHook(fleet, 'claude-code.write', { file: '.git/hooks/post-commit' }))).toBeNull();
  });

  it('are not taken out of the settings of a harness', async () => {
    const fleet = await localFleet();
    const { box, clone } = fleet;
    const installed = await fleet.as('x', ['guard', 'install', 'claude-code', 'codex', 'gemini', 'opencode']);
    expect(installed.code).toBe(0);
    for (const command of SETTINGS_WAYS) {
      expect([command, await judged(fleet, command)]).toEqual([command, expect.stringContaining('calls a guard')]);
    }
    for (const command of SETTINGS_HARMLESS) expect([command, await judged(fleet, command)]).toEqual([command, null]);
    const file = '.claude/settings.json';
    const text = readFileSync(join(clone, file), 'utf8');
    const edited = async (tool_input: object) =>
      denialIn(
        await callHook(fleet, 'claude-code.write', { change: { tool_input: { file_path: file, ...tool_input } } }),
      );
    const open = '"hooks": {';
    expect(await edited({ content: '{}' })).toContain('calls a guard');
    expect(await edited({ old_string: 'guard hook claude-code', new_string: 'version' })).toContain('calls a guard');
    expect(await edited({ content: text.replace(open, `"model": "x", ${open}`) })).toBeNull();
    expect(await edited({ old_string: open, new_string: `"model": "x", ${open}` })).toBeNull();
    box.write(clone, 'lefthook.yml', 'pre-push:\n  commands: { coord: { run: coord guard run pre-push } }\n');
    expect(await judged(fleet, 'rm lefthook.yml')).toContain('calls a guard');
    expect(await judged(fleet, 'echo "# a word" >> lefthook.yml')).toBeNull();
  });

  it('are found by a setting that stays, where they are found by one', async () => {
    const fleet = await guardedLocal();
    const { box, clone } = fleet;
    const takeAway = ['git config --unset core.hooksPath', 'git config unset core.hooksPath'];
    for (const command of takeAway) expect([command, await judged(fleet, command)]).toEqual([command, null]);
    box.git(clone, 'config', 'core.hooksPath', '.git/hooks');
    for (const command of [...takeAway, 'git config --remove-section core']) {
      expect([command, await judged(fleet, command)]).toEqual([command, expect.stringContaining('core.hooksPath')]);
    }
  });

  it('are not there to be taken away where none are installed', async () => {
    const fleet = await localFleet();
    expect(await judged(fleet, 'rm -rf .git/hooks')).toBeNull();
    expect(denialIn(await callHook(fleet, 'claude-code.write', { file: '.git/hooks/pre-commit' }))).toBeNull();
  });
});
