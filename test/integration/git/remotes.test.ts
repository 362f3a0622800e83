import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cloneSettings, isRemoteOf, isTrue } from '../../../src/git/clone-config.js';
import { remoteGit } from '../../../src/git/porcelain.js';
import {
  destinationOf,
  hasPrePushHook,
  lacksAtomic,
  reasonOf,
  refusedByHook,
  rejectionOf,
  wordsOf,
} from '../../../src/git/push-status.js';
import { addressesOf, hasRemote, mustBeOneRepository, mustBeRemote, serverOfPath } from '../../../src/git/remotes.js';
import { discoverRepository } from '../../../src/git/repository.js';
import { gitIn } from '../../../src/git/run.js';
import { Sandbox } from '../../support/sandbox.js';

let box: Sandbox;
let remote: string;
let clone: string;
beforeAll(() => {
  box = new Sandbox();
  remote = box.bareRemote();
  clone = box.clone(remote);
});
afterAll(() => box.cleanup());

const own = (where = clone) => discoverRepository(where);
const git = (where = clone) => gitIn(where, box.env);

describe('a remote', () => {
  it('is a name that this clone has, and nothing else is', async () => {
    expect(isRemoteOf(own(), 'origin')).toBe(true);
    for (const other of ['upstream', remote, 'url', '', 'ORIGIN']) expect(isRemoteOf(own(), other)).toBe(false);
    expect(await hasRemote(own(), git(), 'origin')).toBe(true);
    await mustBeRemote(own(), git(), 'origin');
    await expect(mustBeRemote(own(), git(), 'up stream')).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('no remote up stream (it has origin)'),
      hint: expect.stringContaining('git config coord.remote origin'),
      details: { reason: 'no-remote', remote: 'up stream', remotes: ['origin'] },
    });
    const lone = box.repository();
    await expect(mustBeRemote(own(lone), git(lone), '../x')).rejects.toMatchObject({
      message: expect.stringContaining('it has none at all'),
      hint: expect.stringContaining('git remote add ../x URL'),
    });
  });

  it('that git alone knows, from other files, is one as well', async () => {
    const lone = box.repository();
    const more = box.write(lone, 'more', '[remote "far"]\n\turl = /nowhere\n');
    box.git(lone, 'config', 'include.path', more);
    expect(isRemoteOf(own(lone), 'far')).toBe(false);
    expect(await hasRemote(own(lone), git(lone), 'far')).toBe(true);
    expect(await addressesOf(git(lone), 'far', 'fetch')).toEqual(['/nowhere']);
  });

  it.each([
    ['nothing said', [], {}, true],
    ['a push address of the same place', ['remote.origin.pushurl', '$REMOTE/'], {}, true],
    ['another push address', ['remote.origin.pushurl', 'https://maya:secret@host.example/x.git'], {}, false],
    ['a rewriting of push addresses', ['url.https://maya:secret@host.example/.pushInsteadOf', '/'], {}, false],
    [
      'a rewriting in the environment',
      [],
      {
        GIT_CONFIG_COUNT: '1',
        GIT_CONFIG_KEY_0: 'remote.origin.pushurl',
        GIT_CONFIG_VALUE_0: 'https://maya:secret@host.example/x',
      },
      false,
    ],
  ] as const)('is one repository, with %s', async (_, setting, env, isOne) => {
    const copy = box.clone(remote);
    if (setting.length > 0) box.git(copy, 'config', ...setting.map((word) => word.replace('$REMOTE', remote)));
    const all = { ...box.env, ...env };
    const asked = mustBeOneRepository(own(copy), gitIn(copy, all), all, 'origin');
    if (isOne) return void (await asked);
    await expect(asked).rejects.toMatchObject({
      code: 'usage',
      details: { reason: 'two-addresses', remote: 'origin', fetched: remote },
    });
    await asked.catch(({ message, details }) => {
      expect(message).toContain('https://host.example/');
      expect(message).not.toContain('secret');
      expect(details.pushed).not.toContain('secret');
    });
  });

  it('rewritten by the settings of the user is found as well, wherever they are', async () => {
    for (const [name, env] of [
      ['.gitconfig', {}],
      ['.config/git/config', {}],
      ['xdg/git/config', { XDG_CONFIG_HOME: 'xdg' }],
      ['named', { GIT_CONFIG_GLOBAL: 'named' }],
    ] as const) {
      const home = box.path(`home-${name.replaceAll('/', '-')}`);
      box.write(home, name, '[url "https://host.example/"]\n\tpushInsteadOf = /\n');
      const placed = Object.fromEntries(Object.entries(env).map(([key, value]) => [key, join(home, value)]));
      const all = { ...box.env, HOME: home, ...placed };
      const asked = mustBeOneRepository(own(), gitIn(clone, all), all, 'origin');
      await expect(asked, name).rejects.toMatchObject({ details: { reason: 'two-addresses' } });
    }
  });

  it('that is a path of this host has its side run in a session of its own, without packing', async () => {
    const served = (env: Record<string, string>, remote: string, at = clone) =>
      serverOfPath(own(at), gitIn(at, box.env), env, remote);
    const env = { PATH: box.path('bin') };
    mkdirSync(env.PATH);
    expect(await served(env, 'origin')).toEqual(['--receive-pack=git -c gc.packRefs=false receive-pack']);
    writeFileSync(box.path('bin/setsid'), '');
    const there = ['--receive-pack=setsid git -c gc.packRefs=false receive-pack'];
    expect(await served({ PATH: `:/nowhere:${env.PATH}` }, 'origin')).toEqual(there);
    expect(await served(env, 'other')).toEqual([]);
    const settings: readonly (readonly [string, string, boolean])[] = [
      ['remote.origin.url', `file://${remote}`, true],
      ['remote.origin.url', 'https://host.example/x', false],
      ['remote.origin.url', '../relative', false],
      ['remote.origin.pushurl', '/nowhere', false],
      ['remote.origin.receivepack', 'x', false],
    ];
    for (const [key, value, isPath] of settings) {
      const copy = box.clone(remote);
      box.git(copy, 'config', key, value);
      expect(await served(env, 'origin', copy)).toEqual(isPath ? there : []);
    }
  });
});

describe('the clone’s own settings', () => {
  it('are those of its file, and none where there is none', () => {
    expect(cloneSettings(own())).toContainEqual({ section: 'remote', subsection: 'origin', key: 'url', value: remote });
    expect(cloneSettings({ ...own(), commonDir: box.path('nowhere') })).toEqual([]);
  });

  it.each([
    ...(['true', 'yes', 'on', 'TRUE', '1', '20'] as const).map((value) => [value, true] as const),
    ...(['false', 'no', 'off', '0', '', 'truely', '01', null] as const).map((value) => [value, false] as const),
  ])('%j is true: %s', (value, expected) => {
    expect(isTrue(value)).toBe(expected);
  });
});

describe('what became of a push', () => {
  const said = (stdout: string, stderr = '', code = 1) => ({ code, stdout, stderr, timedOut: false });
  const REF = 'refs/coord/state';

  it.each([
    [`!\ta:${REF}\t[rejected] (fetch first)`, { by: 'git', reason: 'fetch first' }],
    [`!\ta:${REF}\t[remote rejected] (hook declined)`, { by: 'server', reason: 'hook declined' }],
    [`!\ta:${REF}\t[remote failure] (no report)`, null],
    [`!\ta:${REF}\t[no match]`, { by: 'git', reason: 'no match' }],
    [`!\ta:${REF}/other\t[rejected] (x)\n!\tb:${REF}\t[remote rejected] (y)`, { by: 'server', reason: 'y' }],
    [` \ta:${REF}\t1..2`, null],
    [`!\ta:refs/heads/main\t[rejected] (x)`, null],
    [`!\ta:${REF}\tno brackets`, null],
    ['', null],
  ])('%j is the rejection %j', (stdout, expected) => {
    expect(rejectionOf(said(`To x\n${stdout}\nDone\n`), REF)).toEqual(expected);
  });

  it('is told by git, by the server, by a hook, or by nobody', () => {
    const atomic = `!\ta:b\t[rejected] (atomic push failed)\n!\tc:d\t[rejected] (stale info)\n`;
    expect(reasonOf(said(atomic, 'fatal: x'))).toBe('[rejected] (stale info)');
    expect(reasonOf(said('', 'warning: w\nfatal: no route\n'))).toBe('fatal: no route');
    expect(reasonOf(said('', 'remote:  policy \nerror: failed to push some refs to x\n'))).toBe('policy');
    expect(reasonOf(said('', ''))).toBe('no answer');
    expect(wordsOf(said('', '\nremote: one\n two \nerror: failed to push some refs\nremote: remote: x\n'))).toEqual([
      ...['one', 'two', 'remote: x'],
    ]);
    expect(destinationOf(said('Counting\nTo /srv/x\n'))).toBe('/srv/x');
  });

  it.each([
    ['a hook', said('', 'no\n'), true],
    ['the server', said('!\ta:b\t[remote rejected] (x)\n'), false],
    ['git', said('', 'words\nfatal: x\n'), false],
    ['another end', said('', 'no', 128), false],
  ])('was refused by the user’s hook, where it was %s', (_, result, expected) => {
    expect(refusedByHook(result)).toBe(expected);
  });

  it('lacks atomic pushes, where the server says so', () => {
    expect(lacksAtomic(said('', 'fatal: the receiving end does not support --atomic push'))).toBe(true);
    expect(lacksAtomic(said('does not support --atomic', ''))).toBe(false);
  });

  it('goes by a hook where there is one that can be run', async () => {
    const copy = box.clone(remote);
    expect(await hasPrePushHook(own(copy), git(copy))).toBe(false);
    const hook = box.write(copy, '.git/hooks/pre-push', '#!/bin/sh\nexit 1\n');
    expect(await hasPrePushHook(own(copy), git(copy))).toBe(false);
    chmodSync(hook, 0o755);
    expect(await hasPrePushHook(own(copy), git(copy))).toBe(true);
    box.git(copy, 'config', 'core.hooksPath', 'elsewhere');
    expect(await hasPrePushHook(own(copy), git(copy))).toBe(false);
    mkdirSync(join(copy, 'elsewhere'));
    symlinkSync(hook, join(copy, 'elsewhere/pre-push'));
    expect(await hasPrePushHook(own(copy), git(copy))).toBe(true);
  });
});

describe('the door to the network', () => {
  const door = (where: string, env = box.env) => remoteGit(own(where), env);

  it('fetches just what the refspecs name, and pushes just that', async () => {
    const copy = box.clone(remote);
    const before = box.git(copy, 'for-each-ref');
    const tip = box.commit(copy, 'a', 'a');
    const pushed = await door(copy).push('origin', ['HEAD:refs/coord/state', 'HEAD:refs/heads/other']);
    expect(pushed).toMatchObject({ code: 0, timedOut: false });
    expect(pushed.stdout).toContain('HEAD:refs/coord/state');
    expect(box.git(remote, 'rev-parse', 'refs/coord/state', 'refs/heads/other').split('\n')).toEqual([tip, tip]);
    const other = box.clone(remote);
    box.git(other, 'update-ref', '-d', 'refs/remotes/origin/other');
    expect(await door(other).fetch('origin', ['refs/coord/state:refs/x/state'])).toMatchObject({ code: 0 });
    expect(box.git(other, 'rev-parse', 'refs/x/state')).toBe(tip);
    expect(box.tryGit(other, 'rev-parse', '--verify', 'refs/remotes/origin/other').code).not.toBe(0);
    expect(box.git(other, 'for-each-ref', '--format=%(refname)', 'refs/tags')).toBe('');
    const listed = await door(other).lsRemote('origin', ['refs/coord/*']);
    expect(listed.stdout).toBe(`${tip}\trefs/coord/state\n`);
    expect(before).not.toContain('coord');
  });

  it('keeps git’s exit code, and says what it said', async () => {
    const copy = box.clone(remote);
    const missing = await door(copy).fetch('origin', ['refs/heads/nowhere:refs/x/y']);
    expect(missing).toMatchObject({ code: 128, timedOut: false, stderr: expect.stringContaining('nowhere') });
    box.commit(copy, 'b', 'b');
    const raced = await door(copy).push('origin', ['HEAD~1:refs/heads/main', 'HEAD:refs/heads/main:x'], []);
    expect(raced.code).not.toBe(0);
    const shallow = await door(copy).fetch('origin', ['main:refs/x/main'], ['--depth=1']);
    expect(shallow.code).toBe(0);
  });

  it('takes no path or option for a remote', async () => {
    for (const odd of [remote, '--upload-pack=touch x', '.', '-x'])
      await expect(door(clone).fetch(odd, ['main'])).rejects.toMatchObject({ code: 'usage' });
  });

  it('stops what does not end in time', async () => {
    const copy = box.clone(remote);
    const program = box.write(copy, 'slow', '#!/bin/sh\nexec sleep 60\n');
    chmodSync(program, 0o755);
    box.git(copy, 'config', 'remote.origin.uploadpack', program);
    const stopped = await remoteGit(own(copy), box.env, { timeoutMs: 300 }).lsRemote('origin', []);
    expect(stopped).toEqual({ code: 130, stdout: '', stderr: 'git did not end within 0.3s', timedOut: true });
  });
});
