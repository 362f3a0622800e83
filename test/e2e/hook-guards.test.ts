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

  it('are not there to be taken away where none are installed', async () => {
    const fleet = await localFleet();
    expect(await judged(fleet, 'rm -rf .git/hooks')).toBeNull();
    expect(denialIn(await callHook(fleet, 'claude-code.write', { file: '.git/hooks/pre-commit' }))).toBeNull();
  });
});
