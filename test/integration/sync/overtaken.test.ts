import { expect, test } from 'vitest';
import { hook } from '../../support/landing.js';
import { sandbox } from '../../support/sandbox.js';
import { inSync } from './rig.js';

test('a push of this clone that overtakes the fetch is not taken for an upstream that went back', async () => {
  const box = sandbox();
  const remote = box.bareRemote();
  const clone = box.clone(remote);
  const main = box.git(remote, 'rev-parse', 'main');
  box.commit(clone, 'work', 'work\n');
  // The fetch has its answer, and is not over, when the push moves the remote-tracking branch.
  const overtake = `cd '${clone}' && git push --quiet origin HEAD:main`;
  hook({ box }, box.directory, 'upload-pack', ['git-upload-pack "$@"', overtake]);
  box.git(clone, 'config', 'remote.origin.uploadpack', box.path('upload-pack'));
  expect(await inSync(box, clone, { mainBranch: 'main' })).toMatchObject({ upstreamCommit: main, ahead: 1, behind: 0 });
  expect(box.git(clone, 'rev-parse', 'origin/main')).toBe(box.git(clone, 'rev-parse', 'HEAD'));
});
