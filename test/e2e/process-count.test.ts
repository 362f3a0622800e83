import { chmodSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { expect, it } from 'vitest';
import { deployFleet } from '../support/deploying.js';
import { endpoint } from '../support/endpoints.js';
import { type Fleet, localFleet, sharedFleet } from '../support/fleet.js';
import type { CoordResult } from '../support/sandbox.js';

/** Runs coord with a `git` before all others on PATH that writes down each call; returns what was called. */
function counting(fleet: Fleet) {
  const { box } = fleet;
  const calls = box.path('calls');
  const real = (box.env.PATH ?? '')
    .split(':')
    .map((folder) => `${folder}/git`)
    .find((path) => existsSync(path));
  const wrapper = box.write(box.path('counting'), 'git', `#!/bin/sh\necho "$*" >>'${calls}'\nexec '${real}' "$@"\n`);
  chmodSync(wrapper, 0o755);
  return async (agent: string, args: readonly string[], exit = 0, input = ''): Promise<string[]> => {
    rmSync(calls, { force: true });
    const result: CoordResult = await fleet.as(agent, args, {
      input,
      env: { PATH: `${box.path('counting')}:${box.env.PATH}` },
    });
    expect([result.code, result.stderr]).toEqual([exit, expect.not.stringContaining('unforeseen')]);
    const lines = existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n') : [];
    return lines.map((line) => line.replace(/(?:-c \S+ )+/, '').split(' ')[0] ?? '');
  };
}

it('neither a claim without a remote nor what only reads starts a git process', async () => {
  const fleet = await localFleet();
  const calls = counting(fleet);
  expect(await calls('maya', ['claim', 'src/api/users.ts'])).toEqual([]);
  expect(await calls('maya', ['claim', 'README.md', 'docs/**/*.md', '@db/main'])).toEqual([]);
  expect(await calls('maya', ['claim', 'src/api/users.ts'])).toEqual([]);
  expect(await calls('noor', ['claim', 'src/api/users.ts'], 3)).toEqual([]);
  expect(await calls('noor', ['claim', 'src/api/users.ts', 'src/web'], 3)).toEqual([]);
  expect(await calls('noor', ['status'])).toEqual([]);
  expect(await calls('maya', ['status', '--json'])).toEqual([]);
  expect(await calls('maya', ['renew'])).toEqual([]);
  expect(await calls('noor', ['renew', 'README.md'], 4)).toEqual([]);
});

it('a release asks once for uncommitted changes, and writes', async () => {
  const fleet = await localFleet();
  const calls = counting(fleet);
  await fleet.as('maya', ['claim', 'src/api/users.ts', '@db/main']);
  expect(await calls('maya', ['release', '@db/main'])).toEqual([]);
  const released = await calls('maya', ['release', 'src/api/users.ts']);
  expect(released).not.toContain('update-ref');
  // Beside each other: what has changed, and what git was told not to look at.
  expect(released.length).toBeLessThanOrEqual(3);
});

it('where git has packed all, git reads what is packed, and the packed ref is moved without it', async () => {
  const fleet = await localFleet();
  const calls = counting(fleet);
  fleet.box.git(fleet.clone, 'gc', '--quiet');
  expect(new Set(await calls('noor', ['status']))).toEqual(new Set(['cat-file']));
  expect(await calls('maya', ['claim', 'src/a.ts'])).toEqual([]);
  expect(await calls('noor', ['status'])).not.toContain('update-ref');
});

it('with a remote, a granted claim costs one round trip', async () => {
  const fleet = await sharedFleet();
  const calls = counting(fleet);
  const network = async (...args: Parameters<typeof calls>) =>
    (await calls(...args)).filter((name) => ['push', 'fetch', 'ls-remote'].includes(name));
  expect(await network('maya', ['claim', 'src/api/users.ts'])).toEqual(['push']);
  expect(await network('noor', ['claim', 'src/api/users.ts'], 3)).toEqual(['fetch']);
  expect(await network('noor', ['status'])).toEqual(['fetch']);
  expect(await network('noor', ['status', '--no-fetch'])).toEqual([]);
  expect(await network('maya', ['release', 'src/api/users.ts'])).toEqual(['push']);
});

it('a deploy with a gate and a live URL starts 34 git processes at most, 8 of which ask the remote', async () => {
  let shown = '';
  const { origin } = await endpoint((response) => response.end(shown));
  const fleet = await deployFleet({ target: { verify: { url: origin } } });
  const calls = counting(fleet);
  for (const file of ['src/first.ts', 'src/second.ts']) {
    shown = fleet.land(file);
    const all = await calls('maya', ['deploy', 'prod', '--', 'true']);
    expect(all.length).toBeLessThanOrEqual(34);
    const network = all.filter((name) => ['push', 'fetch', 'ls-remote'].includes(name));
    expect(network.length).toBeLessThanOrEqual(8);
    // Just before the program, the remote is asked afresh where its branches stand, and for the state.
    expect(network.slice(-4).sort()).toEqual(['fetch', 'ls-remote', 'push', 'push']);
  }
});

it('a guard starts one git process, the comparison, and asks no remote; to refuse, one more', async () => {
  const fleet = await sharedFleet();
  const calls = counting(fleet);
  fleet.box.write(fleet.clone, 'src/api/users.ts', 'new\n');
  fleet.box.git(fleet.clone, 'add', '.');
  expect(await calls('maya', ['guard', 'run', 'pre-commit'], 4)).toEqual(['diff-index', 'diff-index']);
  await fleet.as('maya', ['claim', 'src/api']);
  expect(await calls('maya', ['guard', 'run', 'pre-commit'])).toEqual(['diff-index']);
  expect(await calls('maya', ['guard', 'run', 'prepare-commit-msg', 'file', 'message'])).toEqual(['diff-index']);
  // What is packed is read once.
  fleet.box.git(fleet.clone, 'gc', '--quiet');
  await calls('maya', ['guard', 'run', 'pre-commit']);
  expect(await calls('maya', ['guard', 'run', 'pre-commit'])).toEqual(['diff-index']);
});

it('however many claims are wide, git is asked once what has changed', async () => {
  const fleet = await localFleet();
  const { box, clone } = fleet;
  box.commit(clone, 'coord.config.json', JSON.stringify({ surface: ['src/**', 'docs/**'] }));
  for (const file of ['src/api/users.ts', 'docs/guide.md']) box.write(clone, file, 'changed\n');
  expect(await counting(fleet)('maya', ['claim', 'src', 'docs'])).toEqual(['status']);
  const { stderr } = await fleet.as('noor', ['claim', 'src', 'docs', '--take-over', '--reason', 'see the words']);
  expect(stderr).toMatch(/^.*src\/\*\* covers a lot .* changed src\/api\/users\.ts: coord claim src\/api\/users\.ts /m);
  expect(stderr).toMatch(/^.*docs\/\*\* covers a lot .* changed docs\/guide\.md: coord claim docs\/guide\.md /m);
});

it('a hook that lets an edit or a command pass starts no git process, and writes nothing', async () => {
  const [local, shared] = [await localFleet(), await sharedFleet()];
  for (const fleet of [local, shared]) {
    const calls = counting(fleet);
    const hook = (tool_name: string, tool_input: object, exit = 0) => {
      const payload = { hook_event_name: 'PreToolUse', session_id: 's1', cwd: fleet.clone, tool_name, tool_input };
      return calls('maya', ['guard', 'hook', 'claude-code'], exit, JSON.stringify(payload));
    };
    await fleet.as('noor', ['claim', 'src/web']);
    await fleet.as('maya', ['claim', 'src/api'], { env: { COORD_SESSION: 's1' } });
    await hook('Edit', { file_path: 'README.md' });
    const before = fleet.box.git(fleet.clone, 'for-each-ref');
    expect(await hook('Edit', { file_path: 'README.md' })).toEqual([]);
    expect(await hook('Edit', { file_path: 'src/api/users.ts' })).toEqual([]);
    // What another holds is refused, and never on old knowledge.
    expect(await hook('Edit', { file_path: 'src/web/page.ts' }, 2)).toEqual(fleet === shared ? ['fetch'] : []);
    expect(await hook('Bash', { command: 'ls && npm test > out.txt' })).toEqual([]);
    expect(await hook('Bash', { command: 'rm src/api/users.ts' })).toEqual([]);
    expect(await hook('Read', { file_path: 'src/web/page.ts' })).toEqual([]);
    expect(fleet.box.git(fleet.clone, 'for-each-ref')).toBe(before);
  }
});
