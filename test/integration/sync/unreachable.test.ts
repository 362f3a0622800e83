import { chmodSync, existsSync, readFileSync, renameSync } from 'node:fs';
import { beforeEach, expect, test } from 'vitest';
import { command } from '../../../src/domain/suggestion.js';
import { type Sandbox, sandbox } from '../../support/sandbox.js';
import { inSync, refused } from './rig.js';

let box: Sandbox;
let remote: string;
let clone: string;

beforeEach(() => {
  box = sandbox();
  remote = box.bareRemote();
  clone = box.clone(remote);
});

test('offline while behind: what was last fetched never passes for the truth', async () => {
  await inSync(box, clone);
  const other = box.clone(remote);
  box.commit(other, 'a', 'a');
  box.git(other, 'push', '--quiet', 'origin', 'main');
  renameSync(remote, `${remote}.away`);
  for (const mainBranch of [undefined, 'main']) {
    const refusal = await refused(box, clone, { mainBranch });
    expect(refusal).toMatchObject({ code: 'unavailable', reason: 'fetch-failed' });
    expect(refusal.message).toContain('cannot know: origin could not be fetched: fatal:');
    expect(refusal.hint).toBe(`see why: ${command('git fetch origin')}; repeat when that works`);
    expect(refusal.report).toMatchObject({ ahead: null, behind: null, upstreamCommit: null, fetchedAt: null });
  }
  renameSync(`${remote}.away`, remote);
  expect(await refused(box, clone)).toMatchObject({ reason: 'behind' });
});

test('a host that does not exist', async () => {
  box.git(clone, 'remote', 'set-url', 'origin', 'https://coord.invalid/x.git');
  expect(await refused(box, clone)).toMatchObject({ code: 'unavailable', reason: 'fetch-failed' });
});

test('a remote that takes the call and never answers', async () => {
  const pid = box.path('pid');
  const stub = box.write(box.directory, 'upload-pack', `#!/bin/sh\necho $$ > '${pid}'\ncat > /dev/null\n`);
  chmodSync(stub, 0o755);
  box.git(clone, 'config', 'remote.origin.uploadpack', stub);
  for (const mainBranch of [undefined, 'main']) {
    const refusal = await refused(box, clone, { mainBranch, timeoutMs: 500 });
    expect(refusal).toMatchObject({ code: 'unavailable', reason: 'fetch-failed' });
    expect(refusal.message).toBe('cannot know: origin could not be fetched: git did not end within 0.5s');
    expect(existsSync(pid)).toBe(true);
  }
});

test('a remote that answers the listing and then breaks off the fetch', async () => {
  const count = box.path('count');
  const stub = box.write(
    box.directory,
    'upload-pack',
    `#!/bin/sh\necho x >> '${count}'\n[ "$(wc -l < '${count}')" -eq 2 ] && exit 1\nexec git-upload-pack "$@"\n`,
  );
  chmodSync(stub, 0o755);
  box.git(clone, 'config', 'remote.origin.uploadpack', stub);
  expect(await refused(box, clone)).toMatchObject({ code: 'unavailable', reason: 'fetch-failed' });
  expect(readFileSync(count, 'utf8')).toBe('x\nx\nx\n');
});
