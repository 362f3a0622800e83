import { expect, it } from 'vitest';
import { remoteGit } from '../../../src/git/porcelain.js';
import { discoverRepository } from '../../../src/git/repository.js';
import { remoteTips } from '../../../src/git/upstream.js';
import { sandbox } from '../../support/sandbox.js';

it('tells where branches of the remote are, by their exact names, and which is the default one', async () => {
  const box = sandbox();
  const remote = box.bareRemote();
  const clone = box.clone(remote);
  const first = box.commit(clone, 'a', 'a\n');
  box.git(clone, 'push', '--quiet', 'origin', 'HEAD:refs/heads/main', 'HEAD:refs/odd/refs/heads/gone');
  const second = box.commit(clone, 'b', 'b\n');
  box.git(clone, 'push', '--quiet', 'origin', 'HEAD:refs/heads/next/main');
  const door = remoteGit(discoverRepository(clone), box.env);
  const branches = ['main', 'next/main', 'gone'];
  const tips = { main: first, 'next/main': second };
  expect(await remoteTips(door, 'origin', branches)).toEqual({ defaultBranch: 'main', tips });
  box.git(remote, 'symbolic-ref', 'HEAD', 'refs/heads/next/main');
  expect(await remoteTips(door, 'origin', branches)).toEqual({ defaultBranch: 'next/main', tips });
  box.git(clone, 'remote', 'set-url', 'origin', box.path('nowhere.git'));
  expect(await remoteTips(door, 'origin', branches)).toBeNull();
});
