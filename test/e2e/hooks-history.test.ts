import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { type GitRun, type GuardedFleet, guardedLocal } from '../support/guarded.js';

const USERS = 'src/api/users.ts';
const PAGE = 'src/web/page.ts';

let fleet: GuardedFleet;
beforeEach(async () => {
  fleet = await guardedLocal();
});

/** A commit on a branch that somebody was allowed to make, without the guard. */
function commitOn(branch: string, file: string, text: string, from = 'main'): string {
  const { box, clone } = fleet;
  const known = box.tryGit(clone, 'rev-parse', '--verify', '--quiet', branch).code === 0;
  box.git(clone, 'checkout', '-q', ...(known ? [branch] : ['-b', branch, from]));
  box.write(clone, file, text);
  box.git(clone, 'add', '--', file);
  box.git(clone, '-c', 'core.hooksPath=/dev/null', 'commit', '-q', '-m', `${file} on ${branch}`);
  return fleet.head();
}

function git(agent: string, args: readonly string[], options: GitRun = {}) {
  const { code, stderr, stdout } = fleet.git(agent, args, options);
  return { ok: code === 0, said: `${stderr}${stdout}` };
}

const OK = expect.objectContaining({ ok: true });
const refused = (path: string) => ({ ok: false, said: expect.stringContaining(`${path}: nobody holds it`) });

describe('a merge', () => {
  it('that brings in the work of others needs no claim', () => {
    commitOn('main', PAGE, 'theirs\n');
    commitOn('mine', 'README.md', 'mine\n', 'main~1');
    expect(git('maya', ['merge', '--no-edit', 'main'])).toEqual(OK);
    expect(fleet.box.git(fleet.clone, 'rev-list', '--parents', '-n', '1', 'HEAD').split(' ')).toHaveLength(3);
    commitOn('other', USERS, 'theirs too\n', 'main~1');
    commitOn('third', 'docs/x.md', 'third\n', 'main~1');
    fleet.box.git(fleet.clone, 'checkout', '-q', 'mine');
    expect(git('maya', ['merge', '--no-edit', 'other', 'third'])).toEqual(OK);
  });

  it('answers for what it changes against all of its parents: conflicts, and what slips in', async () => {
    commitOn('main', PAGE, 'theirs\n');
    commitOn('mine', PAGE, 'mine\n', 'main~1');
    expect(git('maya', ['merge', '--no-edit', 'main']).ok).toBe(false);
    fleet.stage(PAGE, 'theirs and mine\n');
    expect(git('maya', ['commit', '--no-edit'])).toEqual(refused(PAGE));
    expect(git('maya', ['commit', '--no-edit', '--no-verify'])).toEqual(refused(PAGE));
    await fleet.as('maya', ['claim', PAGE]);
    fleet.stage(USERS, 'slipped in\n');
    expect(git('maya', ['commit', '--no-edit'])).toEqual(refused(USERS));
    fleet.box.git(fleet.clone, 'checkout', '-q', 'HEAD', '--', USERS);
    expect(git('maya', ['commit', '--no-edit'])).toEqual(OK);
  });

  it('that is squashed needs no claim on what the main branch has already, and one on all else', () => {
    commitOn('main', PAGE, 'theirs\n');
    commitOn('other', USERS, 'theirs\n', 'main~1');
    commitOn('mine', 'README.md', 'mine\n', 'main~1');
    expect(git('maya', ['merge', '--squash', 'main'])).toEqual(OK);
    expect(git('maya', ['commit', '-m', 'x'])).toEqual(OK);
    expect(git('maya', ['merge', '--squash', 'other'])).toEqual(OK);
    expect(git('maya', ['commit', '-m', 'x'])).toEqual(refused(USERS));
  });

  it('that only moves the branch forward runs no hook', () => {
    commitOn('ahead', PAGE, 'theirs\n');
    fleet.box.git(fleet.clone, 'checkout', '-q', 'main');
    expect(git('maya', ['merge', '--ff-only', 'ahead'])).toEqual(OK);
  });
});

describe('a rebase', () => {
  it.each(['--merge', '--apply'])('%s replays one’s own commits also when their claims are over', (backend) => {
    commitOn('main', 'README.md', 'theirs\n');
    commitOn('mine', PAGE, 'mine\n', 'main~1');
    commitOn('mine', USERS, 'mine\n');
    expect(git('maya', ['rebase', backend, 'main'])).toEqual(OK);
    expect(fleet.box.git(fleet.clone, 'rev-list', '--count', 'main..mine')).toBe('2');
  });

  it('answers for what is slipped into a replayed commit', async () => {
    commitOn('main', PAGE, 'theirs\n');
    commitOn('mine', PAGE, 'mine\n', 'main~1');
    expect(git('maya', ['rebase', 'main']).ok).toBe(false);
    fleet.stage(PAGE, 'both\n');
    fleet.stage(USERS, 'slipped in\n');
    expect(git('maya', ['rebase', '--continue'])).toEqual(refused(USERS));
    fleet.box.git(fleet.clone, 'checkout', '-q', 'HEAD', '--', USERS);
    expect(git('maya', ['rebase', '--continue'])).toEqual(OK);
    expect(readFileSync(join(fleet.clone, PAGE), 'utf8')).toBe('both\n');
  });

  it('may reorder, squash, reword and drop', () => {
    commitOn('mine', PAGE, 'one\n');
    commitOn('mine', PAGE, 'two\n');
    commitOn('mine', USERS, 'three\n');
    commitOn('mine', 'README.md', 'four\n');
    const edit = { GIT_SEQUENCE_EDITOR: 'sed -i -e "2s/pick/fixup/" -e "3s/pick/reword/" -e "4s/pick/drop/"' };
    expect(git('maya', ['rebase', '-i', 'main'], { env: edit })).toEqual(OK);
    expect(fleet.box.git(fleet.clone, 'rev-list', '--count', 'main..mine')).toBe('2');
  });

  it('does not let a new commit in between go free', () => {
    commitOn('mine', PAGE, 'one\n');
    const edit = { GIT_SEQUENCE_EDITOR: 'sed -i "1s/pick/edit/"' };
    expect(git('maya', ['rebase', '-i', 'main'], { env: edit })).toEqual(OK);
    fleet.stage(USERS, 'slipped in\n');
    expect(git('maya', ['commit', '-m', 'x'])).toEqual(refused(USERS));
    expect(git('maya', ['commit', '--amend', '--no-edit'])).toEqual(refused(USERS));
  });

  it('by a killed agent stops', async () => {
    commitOn('main', 'README.md', 'theirs\n');
    commitOn('mine', PAGE, 'mine\n', 'main~1');
    await fleet.as('boss', ['session', 'start', '--agent', 'boss', '--role', 'orchestrator']);
    await fleet.as('maya', ['claim', '@x']);
    await fleet.as('boss', ['agent', 'kill', 'maya', '--reason', 'loops']);
    expect(git('maya', ['rebase', 'main'])).toEqual({
      ok: false,
      said: expect.stringContaining('was stopped by boss'),
    });
  });
});

describe('other ways to a commit', () => {
  it('cherry-pick and revert need a claim, except for what the main branch has already', async () => {
    const theirs = commitOn('main', PAGE, 'theirs\n');
    const other = commitOn('other', USERS, 'other\n');
    commitOn('mine', 'README.md', 'mine\n', 'main~1');
    expect(git('maya', ['cherry-pick', theirs])).toEqual(OK);
    expect(git('maya', ['revert', '--no-edit', 'HEAD'])).toEqual(refused(PAGE));
    fleet.box.tryGit(fleet.clone, 'revert', '--abort');
    fleet.box.git(fleet.clone, 'reset', '-q', '--hard');
    expect(git('maya', ['cherry-pick', other])).toEqual(refused(USERS));
    fleet.box.git(fleet.clone, 'cherry-pick', '--abort');
    await fleet.as('maya', ['claim', USERS, '--allow-behind']);
    expect(git('maya', ['cherry-pick', other])).toEqual(OK);
  });

  it('amend answers for what it changes, not for what the commit had', async () => {
    commitOn('mine', PAGE, 'mine\n');
    expect(git('maya', ['commit', '--amend', '-m', 'better words'])).toEqual(OK);
    fleet.stage(USERS, 'more\n');
    expect(git('maya', ['commit', '--amend', '--no-edit'])).toEqual(refused(USERS));
    expect(git('maya', ['commit', '--amend', '--no-edit', '--no-verify'])).toEqual(refused(USERS));
    await fleet.as('maya', ['claim', USERS]);
    expect(git('maya', ['commit', '--amend', '--no-edit'])).toEqual(OK);
  });

  it('a patch that git am applies is judged', async () => {
    commitOn('other', PAGE, 'patched\n');
    const patch = fleet.box.git(fleet.clone, 'format-patch', '--stdout', '-1');
    fleet.box.git(fleet.clone, 'checkout', '-q', 'main');
    expect(git('maya', ['am'], { input: `${patch}\n` })).toEqual(refused(PAGE));
    await fleet.as('maya', ['claim', PAGE]);
    expect(git('maya', ['am', '--continue'])).toEqual(OK);
  });

  it('stash makes none, and passes', () => {
    fleet.stage(PAGE, 'later\n');
    fleet.box.write(fleet.clone, USERS, 'later\n');
    expect(git('maya', ['stash', '--include-untracked'])).toEqual(OK);
    expect(git('maya', ['stash', 'pop'])).toEqual(OK);
  });
});
