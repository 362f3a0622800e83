import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type Fleet, localFleet, sharedFleet } from '../support/fleet.js';

/** What is left of coord in the git directory of a clone. */
function tracesIn({ box }: Fleet, clone: string): string[] {
  const refs = box.git(clone, 'for-each-ref', '--format=%(refname)', 'refs/coord', 'refs/coord-local');
  const settings = box.tryGit(clone, 'config', '--local', '--get-regexp', '^coord\\.').stdout;
  const hooks = readdirSync(join(clone, '.git/hooks')).filter((name) =>
    readFileSync(join(clone, '.git/hooks', name), 'utf8').includes('coord'),
  );
  return [
    ...refs.split('\n'),
    ...settings.split('\n'),
    ...hooks,
    existsSync(join(clone, '.git/coord')) ? 'folder' : '',
  ].filter((trace) => trace !== '');
}

it('takes coord out of one clone: hooks, settings, refs and its folder; the project and the others go on', async () => {
  const fleet = await sharedFleet();
  const { box, clone, remote, as } = fleet;
  const other = box.clone(remote);
  const hook = '#!/bin/sh\necho mine\n';
  chmodSync(box.write(clone, '.git/hooks/pre-commit', hook), 0o755);
  await as('maya', ['guard', 'install', 'git']);
  await as('maya', ['claim', 'src/api']);
  expect(tracesIn(fleet, clone)).not.toEqual([]);
  const { code, json, stderr } = await as('maya', ['init', '--remove', '--json']);
  expect([code, stderr]).toEqual([0, '']);
  expect(json().data.removed).toEqual(expect.arrayContaining([expect.stringContaining('pre-commit'), '.git/coord']));
  expect(tracesIn(fleet, clone)).toEqual([]);
  expect(box.read(join(clone.slice(box.directory.length + 1), '.git/hooks/pre-commit'))).toBe(hook);
  expect(box.git(clone, 'status', '--porcelain')).toBe('');
  expect((await as('noor', ['claim', 'src/api', '--json'], { cwd: other })).code).toBe(3);
  // It is a clone like any fresh one.
  expect((await as('maya', ['renew', 'src/api'])).code).toBe(0);
});

it('says what it leaves, and how that is removed', async () => {
  const { as, box, clone } = await localFleet();
  await as('maya', ['claim', 'src/api']);
  const { stdout } = await as('maya', ['init', '--remove']);
  expect(stdout).toContain('left coord.config.json and the other files of the project');
  const state = /left refs\/coord\/state, the state with its history: (git .*)/.exec(stdout)?.[1] ?? 'false';
  spawnSync('sh', ['-c', state], { cwd: clone, env: box.env });
  expect(box.tryGit(clone, 'rev-parse', '--verify', '--quiet', 'refs/coord/state').code).toBe(1);
  expect((await as('maya', ['init', '--remove'])).stdout).toMatch(/^nothing of coord was here\n/);
});

it('takes coord out of the whole repository, and tells the other clones', async () => {
  const fleet = await sharedFleet();
  const { box, clone, remote, as } = fleet;
  box.commit(clone, 'AGENTS.md', `# Agents\n\n${readFileSync(join(clone, 'AGENTS.md'), 'utf8')}\nMore.\n`);
  box.commit(clone, 'rules/project.md', '# Ours\n');
  box.git(clone, 'push', '--quiet', 'origin', 'HEAD:main');
  const other = box.clone(remote);
  await as('noor', ['guard', 'install', 'git'], { cwd: other });
  await as('noor', ['claim', 'src/api'], { cwd: other });
  const everywhere = ['init', '--remove', '--everywhere', '--json'];
  expect((await as('maya', everywhere)).json().error).toMatchObject({ exit: 6, details: { reason: 'authority' } });
  await as('maya', ['session', 'start', '--role', 'orchestrator']);
  const held = (await as('maya', everywhere)).json().error;
  expect(held).toMatchObject({
    exit: 3,
    message: expect.stringContaining('src/api/**, held by noor'),
    hint: 'coord status',
  });
  expect(existsSync(join(clone, 'coord.config.json'))).toBe(true);
  const { token } = (await as('noor', ['claim', 'src/api', '--json'], { cwd: other })).json().data.claims[0];
  await as('noor', ['release', '--all'], { cwd: other });
  const { code, json } = await as('maya', everywhere);
  expect([code, json().data.everywhere]).toEqual([0, true]);
  expect(json().data.left).toEqual(
    expect.arrayContaining([{ what: 'rules/project.md, which somebody has changed', next: null }]),
  );
  expect(tracesIn(fleet, clone)).toEqual([]);
  expect(readFileSync(join(clone, 'AGENTS.md'), 'utf8')).toBe('# Agents\n\nMore.\n');
  const left = box.git(clone, 'ls-files', '--deleted').split('\n');
  expect(left).toEqual(expect.arrayContaining(['coord.config.json', 'STATE.md', 'rules/core.md']));
  for (const verb of ['status', 'claim src/api', 'session start']) {
    const told = await as('noor', [...verb.split(' '), '--json'], { cwd: other });
    expect([verb, told.code, told.json().error]).toEqual([
      verb,
      2,
      expect.objectContaining({
        message: expect.stringContaining('coord was removed from this repository'),
        hint: 'coord init --remove',
      }),
    ]);
  }
  expect((await as('noor', ['init', '--remove'], { cwd: other })).code).toBe(0);
  expect(tracesIn(fleet, other)).toEqual([]);
  // Whoever wants it back begins again, and no token is given out twice.
  expect((await as('noor', ['init'], { cwd: other })).code).toBe(0);
  const again = await as('noor', ['claim', 'src/api', '--json'], { cwd: other });
  expect(again.json().data.claims[0].token).toBeGreaterThan(token);
});

it('--everywhere goes with --remove alone', async () => {
  const { as } = await localFleet();
  expect((await as('maya', ['init', '--everywhere'])).code).toBe(2);
});
