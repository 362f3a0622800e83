import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { remoteGit } from '../../../src/git/porcelain.js';
import { discoverRepository } from '../../../src/git/repository.js';
import { isAlive } from '../../support/processes.js';
import { type Sandbox, sandbox } from '../../support/sandbox.js';

let box: Sandbox;
let remote: string;
let clone: string;

beforeEach(() => {
  box = sandbox();
  remote = box.bareRemote();
  clone = box.clone(remote);
});

function script(name: string, ...lines: string[]): string {
  const path = box.write(box.directory, name, ['#!/bin/sh', ...lines, ''].join('\n'));
  chmodSync(path, 0o755);
  return path;
}

/** An upload-pack that falls silent after 200,000 bytes, and then notes whether the file `lock` is there. */
function stalling(lock: string, note: string): string {
  return `#!${process.execPath}
const { spawn } = require('node:child_process');
const { existsSync, writeFileSync } = require('node:fs');
const real = spawn('git-upload-pack', process.argv.slice(2), { stdio: ['inherit', 'pipe', 'inherit'] });
let sent = 0;
real.stdout.on('data', (chunk) => {
  sent += chunk.length;
  if (sent < 200000) process.stdout.write(chunk);
  else if (existsSync('${lock}')) writeFileSync('${note}', '');
});
setInterval(() => undefined, 1000);
`;
}

describe('the door to the network commands of git', () => {
  test('keeps an exit code that comes without a word on stderr', async () => {
    const result = await remoteGit(discoverRepository(clone), box.env).lsRemote('origin', ['nope'], ['--exit-code']);
    expect(result).toEqual({ code: 2, stdout: '', stderr: '', timedOut: false });
  });

  test('gives output, errors and exit code of each command', async () => {
    const door = remoteGit(discoverRepository(clone), box.env);
    const head = box.commit(clone, 'a', 'a');
    const pushed = await door.push('origin', ['HEAD:refs/heads/main']);
    expect(pushed.code).toBe(0);
    expect(pushed.stdout).toContain('HEAD:refs/heads/main');
    expect((await door.lsRemote('origin', ['refs/heads/main'])).stdout).toBe(`${head}\trefs/heads/main\n`);
    const fetched = await door.fetch('origin', ['refs/heads/gone']);
    expect(fetched.code).toBe(128);
    expect(fetched.stderr).toContain('refs/heads/gone');
  });

  test('hands the variables of the caller on to git, and asks nobody anything', async () => {
    const seen = box.path('seen');
    const ssh = script('ssh-stub', `env > '${seen}'`, 'exit 1');
    const env = {
      ...box.env,
      GIT_SSH_COMMAND: ssh,
      GIT_AUTHOR_NAME: 'Somebody',
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'core.editor',
      GIT_CONFIG_VALUE_0: 'vi',
      GIT_SSL_NO_VERIFY: '1',
      EDITOR: 'vi',
      PREFIX: '/usr',
      GIT_DIR: '/nowhere',
    };
    box.git(clone, 'remote', 'set-url', 'origin', 'ssh://host.invalid/x');
    const result = await remoteGit(discoverRepository(clone), env).lsRemote('origin', ['HEAD']);
    expect(result.code).toBe(128);
    const lines = readFileSync(seen, 'utf8').split('\n');
    for (const name of ['GIT_SSH_COMMAND', 'GIT_AUTHOR_NAME', 'GIT_SSL_NO_VERIFY', 'EDITOR', 'PREFIX'] as const) {
      expect(lines).toContain(`${name}=${env[name]}`);
    }
    expect(lines).toEqual(expect.arrayContaining(['GIT_TERMINAL_PROMPT=0', 'GIT_OPTIONAL_LOCKS=0', 'LC_ALL=C']));
    expect(lines).toEqual(expect.arrayContaining(['SSH_ASKPASS=false', 'SSH_ASKPASS_REQUIRE=force']));
    expect(lines).not.toContain('GIT_DIR=/nowhere');
  });

  test.each(['fetch', 'push', 'lsRemote'] as const)(
    '%s never takes a remote or a refspec for an option',
    async (verb) => {
      const trap = box.path('trap');
      const door = remoteGit(discoverRepository(clone), box.env);
      const program = script('trap-program', `touch '${trap}'`);
      const hostile = [`--upload-pack=${program}`, `--receive-pack=${program}`, `--exec=${program}`];
      for (const option of hostile) {
        await expect(door[verb](option, [remote])).rejects.toMatchObject({ code: 'usage' });
        await door[verb]('origin', [option]);
      }
      expect(existsSync(trap)).toBe(false);
    },
  );

  test.each([
    '',
    '.',
    '..',
    'docs/data',
    './docs/data',
    'https://host.invalid/x',
    'host:x',
    'ext::sh -c true',
    '-x',
    'other',
  ])('takes no %j for a remote: it is none that git’s configuration defines here', async (name) => {
    box.git(box.directory, 'init', '--quiet', '--bare', join(clone, 'docs/data'));
    const door = remoteGit(discoverRepository(clone), box.env);
    for (const verb of ['fetch', 'push', 'lsRemote'] as const) {
      const refused = door[verb](name, ['HEAD']);
      await expect(refused).rejects.toMatchObject({ code: 'usage', details: { remotes: ['origin'] } });
    }
  });

  test('stops a git that does not end, with all that it started, and leaves no lock behind', async () => {
    const pid = box.path('pid');
    const stub = script(
      'hanging-upload-pack',
      `echo $$ > '${pid}'`,
      "trap '' TERM INT HUP",
      'cat > /dev/null',
      `sh -c 'echo $$ >> "${pid}"; exec sleep 600'`,
    );
    box.git(clone, 'config', 'remote.origin.uploadpack', stub);
    const door = remoteGit(discoverRepository(clone), box.env, { timeoutMs: 700 });
    const result = await door.fetch('origin', ['+refs/heads/main:refs/worktree/private']);
    expect(result).toMatchObject({ timedOut: true, stderr: 'git did not end within 0.7s' });
    expect(result.code).not.toBe(0);
    for (const id of readFileSync(pid, 'utf8').trim().split('\n')) {
      await expect.poll(() => isAlive(Number(id))).toBe(false);
    }
    box.git(clone, 'config', '--unset', 'remote.origin.uploadpack');
    expect((await door.fetch('origin', ['+refs/heads/main:refs/worktree/private'])).code).toBe(0);
  });

  test('lets a git that it stops remove its lock files', async () => {
    const shallow = box.clone(`file://${remote}`, { args: ['--depth', '1'] });
    box.commit(clone, 'large', randomBytes(500_000).toString('hex'));
    box.git(clone, 'push', '--quiet', 'origin', 'main');
    const lock = `${shallow}/.git/shallow.lock`;
    // Stalls in the middle of the pack, when git holds the lock.
    const stub = box.write(box.directory, 'stalling-upload-pack', stalling(lock, box.path('held')));
    chmodSync(stub, 0o755);
    box.git(shallow, 'config', 'remote.origin.uploadpack', stub);
    const door = remoteGit(discoverRepository(shallow), box.env, { timeoutMs: 1500 });
    const result = await door.fetch('origin', ['+refs/heads/main:refs/worktree/private'], ['--deepen=1']);
    expect(result.timedOut).toBe(true);
    expect(existsSync(box.path('held'))).toBe(true);
    expect(existsSync(lock)).toBe(false);
  });

  test('fetches what the refspecs name, and removes nothing that they do not', async () => {
    box.git(remote, 'branch', 'other', 'main');
    box.git(clone, 'config', 'fetch.prune', 'true');
    const door = remoteGit(discoverRepository(clone), box.env);
    await door.fetch('origin', ['+refs/heads/*:refs/x/*']);
    box.git(remote, 'branch', '-D', 'other');
    await door.fetch('origin', ['+refs/heads/*:refs/x/*']);
    expect(box.git(clone, 'for-each-ref', '--format=%(refname)', 'refs/x')).toBe('refs/x/main\nrefs/x/other');
  });

  test('is unavailable where there is no git', async () => {
    const door = remoteGit(discoverRepository(clone), { ...box.env, PATH: box.path('home') });
    await expect(door.lsRemote('origin', ['HEAD'])).rejects.toMatchObject({ code: 'unavailable' });
  });
});
