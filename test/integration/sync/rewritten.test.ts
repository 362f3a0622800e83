import { beforeEach, describe, expect, test } from 'vitest';
import { type Sandbox, sandbox } from '../../support/sandbox.js';
import { inSync, refused } from './rig.js';

let box: Sandbox;
let remote: string;
let clone: string;
let base: string;
let dropped: string;

/** A clone at a commit that the upstream has had, and is about to lose. */
beforeEach(() => {
  box = sandbox();
  remote = box.bareRemote();
  const other = box.clone(remote);
  base = box.git(other, 'rev-parse', 'HEAD');
  dropped = box.commit(other, 'a', 'a', 'work that is dropped');
  box.git(other, 'push', '--quiet', 'origin', 'main');
  clone = box.clone(remote);
});

/** Sets the remote's main branch to a new commit beside the dropped one. */
function rewrite(): string {
  const other = box.clone(remote);
  box.git(other, 'reset', '--quiet', '--hard', base);
  const commit = box.commit(other, 'b', 'b', 'the other way');
  box.git(other, 'push', '--quiet', '--force', 'origin', 'main');
  return commit;
}

function rewind(): void {
  box.git(remote, 'update-ref', 'refs/heads/main', base);
}

test('what HEAD has to part with is listed, not what the upstream has instead', async () => {
  rewrite();
  const { stderr, code } = await box.coord(clone, ['init', '--local'], { env: { COORD_AGENT: 'maya' } });
  expect([code, stderr.includes('fault')]).toEqual([0, false]);
  const check = await box.coord(clone, ['sync-check']);
  expect(check.code).toBe(5);
  expect(check.stderr).toContain('work that is dropped');
  expect(check.stderr).not.toContain('the other way');
});

describe('an upstream that was rewound under HEAD', () => {
  test('is refused, and stays refused', async () => {
    await inSync(box, clone);
    rewind();
    for (const _ of ['first', 'second', 'third']) {
      const refusal = await refused(box, clone);
      expect(refusal).toMatchObject({ code: 'behind', reason: 'rewound' });
      expect(refusal.message).toBe('origin/main was rewound: HEAD still holds 1 commit that it dropped');
      expect(refusal.report).toMatchObject({ ahead: 1, behind: 0, rewritten: true });
      expect(refusal.report.dropped).toMatchObject([{ commit: dropped, subject: 'work that is dropped' }]);
    }
  });

  test('is refused when the clone has never been checked before', async () => {
    rewind();
    expect(await refused(box, clone)).toMatchObject({ reason: 'rewound' });
  });

  test('is refused when a fetch has already moved the tracking ref back', async () => {
    rewind();
    box.git(clone, 'fetch', '--quiet', '--prune');
    expect(box.git(clone, 'rev-parse', 'origin/main')).toBe(base);
    expect(await refused(box, clone)).toMatchObject({ reason: 'rewound' });
  });

  test('is refused when its branch got another name at the same time', async () => {
    await inSync(box, clone);
    box.git(remote, 'branch', '--move', 'main', 'trunk');
    box.git(remote, 'update-ref', 'refs/heads/trunk', base);
    const refusal = await refused(box, clone);
    expect([refusal.reason, refusal.report.upstream]).toEqual(['rewound', 'origin/trunk']);
  });

  test('that is another branch than the one that was asked about before is not taken for it', async () => {
    box.git(remote, 'branch', 'older', base);
    await inSync(box, clone, { mainBranch: 'main' });
    await inSync(box, clone, { mainBranch: 'older' });
  });

  test('is refused in another worktree of the clone', async () => {
    await inSync(box, clone);
    rewind();
    box.git(clone, 'update-ref', '-d', 'refs/remotes/origin/main');
    const worktree = box.worktree(clone);
    expect(await refused(box, worktree)).toMatchObject({ reason: 'rewound' });
  });

  test('is fine after the hint was followed, with own work kept', async () => {
    const own = box.commit(clone, 'own', 'own', 'own work');
    rewind();
    const { hint } = await refused(box, clone);
    const command = /git (rebase --onto \w+ \w+)/.exec(hint)?.[1] ?? '';
    box.git(clone, ...command.split(' '));
    expect(await inSync(box, clone)).toMatchObject({ ahead: 1, upstreamCommit: base });
    expect(box.git(clone, 'log', '--format=%s')).toBe('own work\nbegin');
    box.git(clone, 'reset', '--quiet', '--hard', own);
    expect(await refused(box, clone)).toMatchObject({ reason: 'rewound' });
  });

  test('is fine when the commits come back', async () => {
    await inSync(box, clone);
    rewind();
    await refused(box, clone);
    box.git(clone, 'push', '--quiet', 'origin', 'HEAD:main');
    expect(await inSync(box, clone)).toMatchObject({ ahead: 0 });
  });
});

describe('an upstream that was rewritten under HEAD', () => {
  test('is refused, and stays refused, also when HEAD has merged the new one', async () => {
    await inSync(box, clone);
    const tip = rewrite();
    for (const _ of ['first', 'second']) {
      expect(await refused(box, clone)).toMatchObject({
        code: 'behind',
        reason: 'rewritten',
        message: 'origin/main was rewritten: HEAD still holds 1 commit that it dropped',
        report: { ahead: 1, behind: 1, upstreamCommit: tip, rewritten: true, missing: [{ commit: tip }] },
      });
    }
    box.git(clone, 'pull', '--quiet', '--no-rebase', '--no-edit', 'origin', 'main');
    expect(await refused(box, clone)).toMatchObject({ reason: 'rewritten', report: { behind: 0 } });
  });

  test('is fine once HEAD stands on the new one', async () => {
    await inSync(box, clone);
    const tip = rewrite();
    const { hint } = await refused(box, clone);
    const command = /git (rebase --onto \w+ \w+)/.exec(hint)?.[1] ?? '';
    box.git(clone, ...command.split(' '));
    expect(await inSync(box, clone)).toMatchObject({ head: tip, rewritten: false });
  });

  test('twice: commits of each former history are noticed', async () => {
    await inSync(box, clone);
    const second = rewrite();
    await refused(box, clone);
    rewind();
    expect(await refused(box, clone)).toMatchObject({ reason: 'rewound', report: { dropped: [{ commit: dropped }] } });
    box.git(clone, 'reset', '--quiet', '--hard', second);
    expect(await refused(box, clone)).toMatchObject({ reason: 'rewound', report: { dropped: [{ commit: second }] } });
    box.git(clone, 'reset', '--quiet', '--hard', base);
    await inSync(box, clone);
  });

  test('with a history that shares nothing with the former one', async () => {
    await inSync(box, clone);
    const fresh = box.repository();
    box.commit(fresh, 'z', 'z');
    box.git(fresh, 'push', '--quiet', '--force', remote, 'main');
    expect(await refused(box, clone)).toMatchObject({
      code: 'behind',
      reason: 'rewritten',
      report: { ahead: 2, behind: 1 },
    });
  });

  test('does not concern a HEAD that never had the dropped commits', async () => {
    box.git(clone, 'reset', '--quiet', '--hard', base);
    rewrite();
    expect(await refused(box, clone)).toMatchObject({ reason: 'behind', report: { rewritten: false } });
    box.git(clone, 'pull', '--quiet', '--rebase', 'origin', 'main');
    await inSync(box, clone);
  });
});

test('a reflog that names commits which are gone is no obstacle', async () => {
  const gone = 'd'.repeat(40);
  const who = 'Test Person <test@coord.example> 1795269720 +0000\tfetch';
  box.write(clone, '.git/logs/refs/remotes/origin/main', `${gone} ${dropped} ${who}\n`);
  box.commit(clone, 'own', 'own');
  await inSync(box, clone);
  rewind();
  expect(await refused(box, clone)).toMatchObject({ reason: 'rewound' });
});

test('the memory of a moving upstream stays small', async () => {
  for (const text of ['1', '2', '3']) {
    box.commit(clone, 'own', text);
    box.git(clone, 'push', '--quiet', 'origin', 'main');
    await inSync(box, clone);
  }
  const head = box.git(clone, 'rev-parse', 'HEAD');
  expect(box.git(clone, 'for-each-ref', '--format=%(refname)', 'refs/coord', 'refs/coord-local', 'refs/worktree')).toBe(
    `refs/coord-local/seen/origin/%HEAD/${head}\nrefs/coord-local/seen/origin/main/${head}`,
  );
});
