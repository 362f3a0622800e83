import { chmodSync, existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { commitByHand } from '../support/by-hand.js';
import { localFleet, sharedFleet } from '../support/fleet.js';
import { callHook } from '../support/harness.js';

it('nothing of a repository that lies in the clone is run', async () => {
  const fleet = await sharedFleet();
  const { box, clone } = fleet;
  const trap = box.path('trap');
  const inner = join(clone, 'docs', 'data');
  box.git(clone, 'init', '--quiet', '--bare', inner);
  const run = `touch '${trap}'`;
  box.write(
    inner,
    'config',
    `[core]\n\tbare = true\n\tworktree = ..\n\tfsmonitor = ${run}\n\tsshCommand = ${run}\n\tpager = ${run}\n\thooksPath = hooks\n[include]\n\tpath = more\n`,
  );
  box.write(
    inner,
    'more',
    `[filter "x"]\n\tclean = ${run}\n[diff "x"]\n\ttextconv = ${run}\n[credential]\n\thelper = !${run}\n`,
  );
  for (const hook of ['pre-receive', 'post-update', 'reference-transaction', 'pre-commit', 'post-checkout']) {
    chmodSync(box.write(inner, `hooks/${hook}`, `#!/bin/sh\n${run}\n`), 0o755);
  }
  box.write(clone, '.gitattributes', '* filter=x diff=x merge=x\n');
  box.write(clone, '.gitmodules', `[submodule "x"]\n\tpath = docs/data\n\turl = ./docs/data\n\tupdate = !${run}\n`);
  const all = [['status'], ['claim', 'docs/data/x'], ['session', 'start'], ['doctor'], ['conflicts'], ['sync-check']];
  for (const cwd of [clone, join(clone, 'docs'), inner, join(inner, 'refs')])
    for (const words of all) await fleet.as('maya', words, { cwd });
  for (const cwd of [clone, inner]) {
    await callHook(fleet, 'claude-code.edit', { file: 'docs/data/config', change: { cwd } });
    await callHook(fleet, 'claude-code.bash', { command: 'git commit -m x', change: { cwd } });
  }
  expect(existsSync(trap)).toBe(false);
});

it('files that look like a state are none', async () => {
  const fleet = await localFleet();
  const { box, clone } = fleet;
  await fleet.as('maya', ['claim', 'src/api']);
  for (const file of box.git(clone, 'ls-tree', '--name-only', 'coord/state').split('\n')) {
    const text = box.git(clone, 'show', `coord/state:${file}`).replaceAll('maya', 'mallory');
    for (const folder of ['.', '.coord', 'refs/coord/state', 'coord'])
      box.commit(clone, `${folder}/${file}`, `${text}\n`);
  }
  expect((await fleet.as('noor', ['status', '--json'])).json().data.claims).toMatchObject([{ agent: 'maya' }]);
  expect((await fleet.as('noor', ['deploy', 'list', '--json'])).code).toBe(0);
  expect((await fleet.as('noor', ['log'])).stdout).not.toContain('mallory');
});

it('a configuration in the state is no setting', async () => {
  const fleet = await localFleet();
  const { box, clone } = fleet;
  const before = (await fleet.as('maya', ['session', 'start', '--json'])).json().data.surface;
  expect(before).not.toEqual([]);
  box.git(clone, 'update-ref', 'refs/coord/state', commitByHand(box, clone, { 'coord.config.json': '{"surface":[]}' }));
  const after = await fleet.as('maya', ['session', 'start', '--json']);
  expect(after.json().data.surface).toEqual(before);
});

it('a claim names no path outside of the repository, and none in .git', async () => {
  const fleet = await localFleet();
  mkdirSync(fleet.box.path('outside'));
  symlinkSync(fleet.box.path('outside'), join(fleet.clone, 'link'));
  for (const path of ['..', '../x', '/etc/passwd', '.git', '.git/config', 'link/x'])
    expect([path, (await fleet.as('maya', ['claim', path])).code]).toEqual([path, 2]);
});

it('a task names gates of the configuration, and no program', async () => {
  const fleet = await localFleet();
  for (const name of ['npm test', 'sh -c x', '../x', 'unknown']) {
    const refused = await fleet.as('maya', ['task', 'add', 'x', '--accept', name]);
    expect([name, refused.code]).toEqual([name, 2]);
  }
});

it('a token that is not the newest is told', async () => {
  const fleet = await localFleet();
  const { token } = (await fleet.as('maya', ['claim', '@db', '--json'])).json().data.claims[0];
  const taken = await fleet.as('noor', ['claim', '--take-over', '@db', '--reason', 'gone', '--json']);
  for (const [number, code] of [
    [token, 4],
    [taken.json().data.claims[0].token, 0],
  ] as const)
    expect((await fleet.as('ci', ['verify-token', '@db', String(number)])).code).toBe(code);
});
