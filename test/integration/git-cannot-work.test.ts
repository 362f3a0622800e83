import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { gitEnvironment, whyGitCannotWork } from '../../src/git/run.js';
import { sharedFleet } from '../support/fleet.js';

const VERBS = [
  ['status'],
  ['claim', 'src/x', '--agent', 'maya'],
  ['sync-check'],
  ['doctor'],
  ['guard', 'install'],
  ['init', '--agent', 'maya'],
  ['audit'],
];

describe('a git that cannot work here is one code for every verb, in its own words, with its remedy', () => {
  it('a repository of another user', async () => {
    const { box, clone } = await sharedFleet();
    for (const args of VERBS) {
      const { code, stderr } = await box.coord(clone, args, { env: { GIT_TEST_ASSUME_DIFFERENT_OWNER: '1' } });
      const remedy = `git config --global --add safe.directory ${clone}`;
      expect([args, code, stderr]).toEqual([args, 7, expect.stringContaining(remedy)]);
      expect(stderr).toContain('detected dubious ownership');
    }
  });

  it.each([
    'fatal: bad config line 3 in file .git/config',
    "fatal: unable to access '/home/x/.gitconfig/config': Permission denied",
    'fatal: Expected git repo version <= 1, found 9',
    'fatal: unknown repository extension found:\n\tnoop-v9',
  ])('%j', (stderr) => {
    expect(whyGitCannotWork({ code: 128, stderr })).toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining(stderr.split('\n')[0] ?? ''),
    });
    expect(whyGitCannotWork({ code: 0, stderr })).toBeNull();
  });

  it('what a failing command says of anything else is not taken for it', () => {
    expect(whyGitCannotWork({ code: 128, stderr: "fatal: bad revision 'x'\n" })).toBeNull();
    expect(whyGitCannotWork({ code: 1, stderr: 'remote: fatal: bad config of the hook\n' })).toBeNull();
  });
});

it('a helper that asks with a dialog is never run', async () => {
  const server = createServer((_request, response) => {
    response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="x"' }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { box, clone } = await sharedFleet();
  const dialog = box.write(box.directory, 'dialog', `#!/bin/sh\ntouch ${box.path('asked')}\n`);
  execFileSync('chmod', ['+x', dialog]);
  box.git(clone, 'remote', 'set-url', 'origin', `http://127.0.0.1:${(server.address() as AddressInfo).port}/x.git`);
  const { code, stderr } = await box.coord(clone, ['status'], { env: { GIT_ASKPASS: dialog, SSH_ASKPASS: dialog } });
  expect([code, stderr]).toEqual([7, expect.stringContaining('it does not know who you are')]);
  expect(existsSync(box.path('asked'))).toBe(false);
  expect(gitEnvironment({ GIT_ASKPASS: dialog }).GIT_ASKPASS).toBe('false');
});

it('a server that takes signed commits only is told in full, with the way that exists', async () => {
  const { box, clone, remote } = await sharedFleet();
  const rule =
    'echo "Review all rules at https://host.example" >&2; echo "- Commits must have verified signatures." >&2; exit 1';
  execFileSync('chmod', ['+x', box.write(remote, 'hooks/pre-receive', `#!/bin/sh\n${rule}\n`)]);
  const { code, stderr } = await box.coord(clone, ['claim', 'src/x', '--agent', 'maya']);
  expect([code, stderr]).toEqual([6, expect.stringContaining('Commits must have verified signatures.')]);
  expect(stderr).toContain('"signCommits": true');
});

it.runIf(existsSync('/dev/full'))(
  'an answer that cannot be written is no failure: what was granted stands',
  async () => {
    const { box, clone } = await sharedFleet();
    const script = `exec "$0" "$@" > /dev/full`;
    const args = [process.execPath, box.program, 'claim', 'src/x', '--agent', 'maya'];
    const result = spawnSync('sh', ['-c', script, ...args], { cwd: clone, env: box.env, encoding: 'utf8' });
    expect([result.status, result.stderr]).toEqual([0, expect.not.stringMatching(/\bat .*\.cjs/)]);
    expect((await box.coord(clone, ['status', '--json'])).json().data.claims).toMatchObject([{ target: 'src/x' }]);
  },
);
