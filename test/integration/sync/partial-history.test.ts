import { existsSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { command } from '../../../src/domain/suggestion.js';
import { type Sandbox, sandbox } from '../../support/sandbox.js';
import { inSync, refused } from './rig.js';

let box: Sandbox;
let remote: string;
let other: string;

beforeEach(() => {
  box = sandbox();
  remote = box.bareRemote();
  box.git(remote, 'config', 'uploadpack.allowFilter', 'true');
  other = box.clone(remote);
  push('a', 'b', 'c');
});

function push(...names: string[]): string[] {
  const commits = names.map((name) => box.commit(other, name, name));
  box.git(other, 'push', '--quiet', 'origin', 'main');
  return commits;
}

/** Only an address makes git clone shallow from a directory. */
function shallowClone(): string {
  return box.clone(`file://${remote}`, { args: ['--depth', '1'] });
}

function isShallow(clone: string): boolean {
  return box.git(clone, 'rev-parse', '--is-shallow-repository') === 'true';
}

describe('a shallow clone', () => {
  test('at the tip is in sync, and stays as shallow as it was', async () => {
    const clone = shallowClone();
    expect(await inSync(box, clone)).toMatchObject({ ahead: 0, behind: 0 });
    expect(box.git(clone, 'rev-list', '--count', 'HEAD')).toBe('1');
  });

  test('ahead of the tip is in sync', async () => {
    const clone = shallowClone();
    box.commit(clone, 'own', 'own');
    expect(await inSync(box, clone)).toMatchObject({ ahead: 1, behind: 0 });
  });

  test('behind counts what is missing', async () => {
    const clone = shallowClone();
    push('d', 'e', 'f');
    expect(await refused(box, clone)).toMatchObject({ reason: 'behind', report: { ahead: 0, behind: 3 } });
  });

  test('in which history hides the answer is deepened until it is known', async () => {
    const clone = shallowClone();
    push('d', 'e', 'f');
    box.git(clone, 'fetch', '--quiet', '--depth', '1');
    expect(box.git(clone, 'rev-list', '--count', 'HEAD..origin/main')).toBe('1');
    expect(await refused(box, clone)).toMatchObject({ reason: 'behind', report: { ahead: 0, behind: 3 } });
  });

  test('that holds the upstream below the cut is in sync after deepening', async () => {
    const clone = shallowClone();
    const tip = box.git(clone, 'rev-parse', 'HEAD');
    const [ahead = ''] = push('d', 'e').reverse();
    box.git(clone, 'fetch', '--quiet', '--depth', '1');
    box.git(clone, 'reset', '--quiet', '--hard', ahead);
    box.git(clone, 'update-ref', '-d', 'refs/remotes/origin/main');
    box.git(remote, 'branch', 'release', tip);
    expect(box.git(clone, 'rev-list', '--count', 'HEAD')).toBe('1');
    expect(await inSync(box, clone, { mainBranch: 'release' })).toMatchObject({ ahead: 2, behind: 0 });
  });

  test('that no deepening can complete cannot know, and counts nothing', async () => {
    const clone = shallowClone();
    const fresh = box.repository();
    box.commit(fresh, 'z', 'z');
    box.git(fresh, 'push', '--quiet', '--force', remote, 'main');
    const refusal = await refused(box, clone);
    expect(refusal).toMatchObject({ code: 'unavailable', reason: 'shallow', report: { ahead: null, behind: null } });
    expect(refusal.hint).toBe(`${command('git fetch --unshallow origin')}, then repeat`);
    expect(isShallow(clone)).toBe(true);
  });

  test('that saw a former tip without its history does not pass what the tip may have held', async () => {
    const clone = box.clone(`file://${remote}`);
    const base = box.git(clone, 'rev-parse', 'HEAD');
    push('x');
    box.git(other, 'branch', 'kept');
    push('y');
    box.git(clone, 'fetch', '--quiet', '--depth', '1');
    box.git(clone, 'pull', '--quiet', '--ff-only', other, 'kept');
    box.git(remote, 'update-ref', 'refs/heads/main', base);
    expect(box.git(clone, 'rev-list', '--count', `${base}..HEAD`)).toBe('1');
    expect(await refused(box, clone)).toMatchObject({ code: 'unavailable', reason: 'shallow' });
  });

  test('in which the upstream was rewound never passes', async () => {
    const clone = shallowClone();
    await inSync(box, clone);
    box.git(remote, 'update-ref', 'refs/heads/main', 'main~1');
    const refusal = await refused(box, clone);
    expect(['rewound', 'shallow']).toContain(refusal.reason);
  });
});

describe('a partial clone', () => {
  test.each(['blob:none', 'tree:0'])('of %s', async (filter) => {
    const clone = box.clone(`file://${remote}`, { args: ['--filter', filter] });
    await inSync(box, clone, { requireClean: true });
    const [first, second] = push('d', 'e');
    expect(await refused(box, clone)).toMatchObject({
      reason: 'behind',
      report: { behind: 2, missing: [{ commit: second }, { commit: first }] },
    });
    box.write(clone, 'a', 'changed');
    expect((await refused(box, clone, { requireClean: true })).report.dirty).toEqual(['a']);
    box.git(clone, 'checkout', '--quiet', 'a');
    box.git(clone, 'pull', '--quiet', '--rebase');
    await inSync(box, clone, { requireClean: true });
    box.git(remote, 'update-ref', 'refs/heads/main', 'main~2');
    expect(await refused(box, clone)).toMatchObject({ reason: 'rewound', report: { ahead: 2 } });
    expect(existsSync(`${clone}/.git/shallow`)).toBe(false);
  });
});
