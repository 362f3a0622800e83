import { existsSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { localFleet, sharedFleet } from '../support/fleet.js';
import { type Sandbox, sandbox } from '../support/sandbox.js';

/** A repository that was never set up for coord, with a second worktree. */
function twoWorktrees(files: Readonly<Record<string, string>> = { f: 'one\ntwo\nthree\n' }) {
  const box = sandbox();
  const one = box.repository();
  for (const [path, text] of Object.entries(files)) box.write(one, path, text);
  box.git(one, 'add', '.');
  box.git(one, 'commit', '--quiet', '--message', 'base');
  return { box, one, two: box.worktree(one) };
}

async function predicted(box: Sandbox, cwd: string, ...words: string[]) {
  const { data } = (await box.coord(cwd, ['conflicts', '--json', ...words])).json();
  return data.conflicts as {
    verdict: string;
    paths: string[];
    with: Record<string, string>;
    uncommitted: boolean;
    why: string;
  }[];
}

describe('coord conflicts', () => {
  it('predicts the collision of uncommitted work in two worktrees, before anything is set up', async () => {
    const { box, one, two } = twoWorktrees();
    box.write(one, 'f', 'mine\n');
    box.write(two, 'f', 'theirs\n');
    const before = box.git(one, 'count-objects', '-v');
    const found = await predicted(box, one);
    expect(found).toContainEqual(
      expect.objectContaining({
        verdict: 'conflict',
        paths: ['f'],
        uncommitted: true,
        with: expect.objectContaining({ worktree: two }),
      }),
    );
    expect(box.git(one, 'count-objects', '-v')).toBe(before);
    expect(box.git(one, 'status', '--short')).toBe(' M f');
    expect((await box.coord(one, ['conflicts'])).code).toBe(0);
    const strict = await box.coord(one, ['conflicts', '--strict', '--json']);
    expect(strict.code).toBe(5);
    expect(strict.json().error.details.conflicts).toEqual(found);
  });

  it('sees new files, and leaves ignored ones and other repositories alone', async () => {
    const { box, one, two } = twoWorktrees({ '.gitignore': '*.log\n' });
    for (const root of [one, two]) {
      box.write(root, 'same.log', root);
      mkdirSync(join(root, 'nested'));
      box.git(join(root, 'nested'), 'init', '--quiet');
      box.commit(join(root, 'nested'), 'f', root);
    }
    expect((await predicted(box, one)).map(({ verdict }) => verdict)).not.toContain('conflict');
    for (const root of [one, two]) box.write(root, "it's ünique\t", root);
    expect((await predicted(box, one)).find(({ verdict }) => verdict === 'conflict')?.paths).toEqual(["it's ünique\t"]);
  });

  it('compares the branches that others pushed, and the main branch, as last fetched', async () => {
    const fleet = await sharedFleet();
    const { box, clone, remote } = fleet;
    const other = box.clone(remote);
    box.git(other, 'checkout', '--quiet', '-b', 'claude/fix');
    box.commit(other, 'src/api/users.ts', 'theirs\n');
    box.git(other, 'push', '--quiet', 'origin', 'claude/fix');
    box.write(clone, 'src/api/users.ts', 'mine\n');
    expect((await predicted(box, clone)).map((one) => one.with.branch)).toEqual(['origin/main']);
    box.git(clone, 'fetch', '--quiet');
    const [, found] = await predicted(box, clone);
    expect(found).toMatchObject({
      verdict: 'conflict',
      paths: ['src/api/users.ts'],
      with: { branch: 'origin/claude/fix' },
    });
  });

  it('names the agent whose session the worktree has, and what to do', async () => {
    const fleet = await localFleet();
    const two = fleet.box.worktree(fleet.clone);
    await fleet.as('noor', ['session', 'start'], { cwd: two });
    fleet.box.write(two, 'src/api/users.ts', 'theirs\n');
    fleet.box.write(fleet.clone, 'src/api/users.ts', 'mine\n');
    const { stdout } = await fleet.as('maya', ['conflicts']);
    expect(stdout).toMatch(/^conflict: noor's .* in src\/api\/users\.ts, not all of it committed$/m);
    expect(stdout).toMatch(/next: coord note "we both change this" --to noor$/m);
  });

  it('is told once by claim, status and the edit guard, and again when it has changed', async () => {
    const fleet = await localFleet();
    const { box, clone } = fleet;
    const two = box.worktree(clone);
    await fleet.as('noor', ['session', 'start'], { cwd: two });
    box.write(two, 'src/api/users.ts', 'theirs\n');
    box.write(clone, 'src/api/users.ts', 'mine\n');
    const told =
      /your work here would collide with noor's .* in src\/api\/users\.ts, not all of it committed: coord note/;
    const edit = (agent: string, file: string, session = 's1') =>
      box.coord(clone, ['guard', 'hook', 'claude-code'], {
        env: { COORD_AGENT: agent },
        input: JSON.stringify({
          ...{ hook_event_name: 'PreToolUse', session_id: session, cwd: clone, tool_name: 'Write' },
          tool_input: { file_path: join(clone, file), content: 'x' },
        }),
      });
    // Nobody has looked yet: nothing that is hot looks by itself.
    expect((await fleet.as('maya', ['claim', 'src/api'])).stderr).toBe('');
    await fleet.as('ci', ['conflicts', '--all']);
    expect((await fleet.as('maya', ['status'])).stderr).toMatch(told);
    expect((await fleet.as('maya', ['status'])).stderr).toBe('');
    expect((await fleet.as('sam', ['claim', 'docs'])).stderr).toMatch(told);
    expect((await edit('maya', 'src/api/users.ts')).stderr).toBe('');
    // Another agent in this worktree is told by the edit of that file, not of another one.
    await fleet.as('maya', ['release', '--all', '--uncommitted']);
    expect(await edit('ines', 'src/web/page.ts')).toMatchObject({ code: 0, stderr: '' });
    const own = await edit('ines', 'src/api/users.ts');
    expect([own.code, own.stderr]).toEqual([0, expect.stringMatching(told)]);
    expect((await edit('ines', 'src/api/users.ts')).stderr).toBe('');
    box.write(two, 'src/web/page.ts', 'theirs\n');
    box.write(clone, 'src/web/page.ts', 'mine\n');
    // A session that starts looks, and whose work it is is told from the other side too.
    expect((await fleet.as('noor', ['session', 'start'], { cwd: two })).stderr).toMatch(
      /your work here would collide with .* in src\/api\/users\.ts, src\/web\/page\.ts, not all of it committed/,
    );
    expect((await fleet.as('maya', ['status'])).stderr).toMatch(/src\/api\/users\.ts, src\/web\/page\.ts/);
    box.git(two, 'checkout', '--quiet', '.');
    await fleet.as('ci', ['conflicts', '--all']);
    expect((await fleet.as('rob', ['status'])).stderr).toBe('');
  });

  it('says nothing behind what it has just said itself', async () => {
    const fleet = await localFleet();
    const two = fleet.box.worktree(fleet.clone);
    fleet.box.write(two, 'src/api/users.ts', 'theirs\n');
    fleet.box.write(fleet.clone, 'src/api/users.ts', 'mine\n');
    expect(await fleet.as('maya', ['conflicts'])).toMatchObject({ code: 0, stderr: '' });
    expect((await fleet.as('maya', ['status'])).stderr).toBe('');
  });

  it.each([
    ['a merge driver', '*.txt merge=ours\n'],
    ['a filter', '*.txt filter=lfs\n'],
    ['a diff driver', '*.txt diff=word\n'],
  ])('says that nothing is known of a path with %s, whatever git makes of it', async (_, attributes) => {
    const { box, one, two } = twoWorktrees({ '.gitattributes': attributes, 'a.txt': '1\n2\n3\n4\n5\n6\n7\n8\n9\n' });
    box.write(one, 'a.txt', 'one\n2\n3\n4\n5\n6\n7\n8\n9\n');
    box.write(two, 'a.txt', '1\n2\n3\n4\n5\n6\n7\n8\nnine\n');
    const found = (await predicted(box, one)).find((each) => each.with.worktree === two);
    expect(found).toMatchObject({
      verdict: 'unknown',
      paths: ['a.txt'],
      why: 'a merge, filter or diff driver decides',
    });
  });

  it('runs no program that the clone configures', async () => {
    const { box, one, two } = twoWorktrees({ '.gitattributes': '*.txt filter=evil\n', 'a.txt': 'a\n' });
    for (const [key, value] of [
      ['filter.evil.clean', 'touch ran; cat'],
      ['core.fsmonitor', 'touch ran; false'],
      ['merge.evil.driver', 'touch ran'],
    ] as const) {
      box.git(one, 'config', key, value);
    }
    for (const root of [one, two]) box.write(root, 'a.txt', root);
    await predicted(box, one);
    for (const root of [one, two]) expect(existsSync(join(root, 'ran'))).toBe(false);
  });

  it('says that a file too large was not looked at', async () => {
    const { box, one } = twoWorktrees();
    writeFileSync(join(one, 'big'), '');
    truncateSync(join(one, 'big'), 20_000_001);
    const found = await predicted(box, one);
    expect(found).toContainEqual(
      expect.objectContaining({ verdict: 'unknown', paths: ['big'], why: 'too large to be compared' }),
    );
  });

  it.each([
    ['one merge', 1],
    ['several at once', 3],
  ])('names a file that stands where another has a folder as it is called: %s', async (_, others) => {
    const { box, one, two } = twoWorktrees();
    box.write(one, 'a/n/x', 'folder\n');
    for (const root of [two, ...Array.from({ length: others - 1 }, () => box.worktree(one))])
      box.write(root, 'a/n', `file in ${root}\n`);
    const found = (await predicted(box, one)).filter(({ verdict }) => verdict === 'conflict');
    expect(found.map(({ paths }) => paths)).toEqual(Array.from({ length: others }, () => ['a/n']));
  });

  it('with --all says of each pair what it comes to', async () => {
    const { box, one, two } = twoWorktrees();
    const three = box.worktree(one);
    box.write(two, 'f', 'two\n');
    box.write(three, 'f', 'three\n');
    const verdicts = (await predicted(box, one, '--all')).map(({ verdict }) => verdict);
    expect(verdicts.filter((verdict) => verdict === 'conflict')).toHaveLength(1);
  });

  it('predicts what a submission would collide with', async () => {
    const fleet = await localFleet();
    const { box, clone } = fleet;
    const work = box.worktree(clone);
    await fleet.as('boss', ['session', 'start', '--role', 'orchestrator']);
    await fleet.as('w1', ['session', 'start', '--role', 'worker'], { cwd: work });
    box.write(work, 'src/api/users.ts', 'from the worker\n');
    expect((await fleet.as('w1', ['submit', 'src/api/users.ts', '--note', 'done'], { cwd: work })).stderr).toBe('');
    box.write(clone, 'src/api/users.ts', 'mine\n');
    const found = (await predicted(box, clone)).find((each) => each.with.kind === 'submission');
    expect(found).toMatchObject({ verdict: 'conflict', paths: ['src/api/users.ts'], with: { agent: 'w1' } });
  });
});
