import { cpSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Fleet, localFleet, manualFleet } from '../support/fleet.js';
import { callHook } from '../support/harness.js';

/** What becomes of the folder in which maya has started her session; the folder in which somebody then lists nobody. */
const FOLDERS: readonly [string, 'maya' | 'nobody', (fleet: Fleet, linked: string) => string][] = [
  ['the clone itself', 'maya', ({ clone }) => clone],
  ['the clone, moved', 'maya', ({ clone }) => moved(clone)],
  ['the clone without .git/coord', 'maya', ({ clone }) => without(clone, join(clone, '.git', 'coord'))],
  ['a copy of the clone', 'nobody', ({ clone }) => copied(clone)],
  ['a copy, whose original is gone', 'nobody', ({ clone }) => renamed(copied(clone), clone)],
  ['a linked worktree', 'maya', (_, linked) => linked],
  ['a linked worktree, moved', 'maya', ({ box, clone }, linked) => movedByGit(box, clone, linked)],
  [
    'a linked worktree without .git/coord',
    'maya',
    ({ clone }, linked) => without(linked, join(clone, '.git', 'coord')),
  ],
  ['a copy of a linked worktree', 'nobody', (_, linked) => copied(linked)],
  ['the clone of a linked worktree', 'nobody', ({ clone }) => clone],
  ['a new worktree under the old name', 'nobody', ({ box, clone }, linked) => madeAnew(box, clone, linked)],
  [
    'a new worktree in the place of a deleted folder',
    'nobody',
    ({ box, clone }, linked) => replaced(box, clone, linked),
  ],
];

function moved(folder: string): string {
  renameSync(folder, `${folder}.moved`);
  return `${folder}.moved`;
}

function copied(folder: string): string {
  cpSync(folder, `${folder}.copy`, { recursive: true, preserveTimestamps: true });
  return `${folder}.copy`;
}

function renamed(folder: string, to: string): string {
  rmSync(to, { recursive: true });
  renameSync(folder, to);
  return to;
}

function without(folder: string, path: string): string {
  rmSync(path, { recursive: true });
  return folder;
}

function movedByGit(box: Fleet['box'], clone: string, linked: string): string {
  box.git(clone, 'worktree', 'move', linked, `${linked}.moved`);
  return `${linked}.moved`;
}

function madeAnew(box: Fleet['box'], clone: string, linked: string): string {
  box.git(clone, 'worktree', 'remove', '--force', linked);
  box.git(clone, 'worktree', 'add', '--quiet', '--detach', linked);
  return linked;
}

function replaced(box: Fleet['box'], clone: string, linked: string): string {
  rmSync(linked, { recursive: true });
  box.git(clone, 'worktree', 'add', '--quiet', '--detach', '--force', linked);
  return linked;
}

describe('who acts, where nobody is named', () => {
  it.each(FOLDERS)('in %s: %s', async (name, who, change) => {
    const fleet = await localFleet();
    const linked = fleet.box.worktree(fleet.clone);
    const start = name.includes('worktree') ? linked : fleet.clone;
    const words = ['session', 'start', '--agent', 'maya'];
    expect((await fleet.box.coord(start, words)).code).toBe(0);
    const cwd = change(fleet, linked);
    const claim = await fleet.box.coord(cwd, ['claim', 'src/api', '--json']);
    if (who === 'nobody') expect([claim.code, claim.json().error.details]).toEqual([2, { candidates: [] }]);
    else expect(claim.json().data.claims).toMatchObject([{ agent: 'maya', session: expect.any(String) }]);
  });
});

describe('one session of a harness', () => {
  const session_id = '0f14e45f-ceea-467f-a0e6-1b7d2c3f9a10';
  const RUN = { CLAUDE_CODE_SESSION_ID: session_id };
  const edit = (fleet: Fleet, file: string, id = session_id) =>
    callHook(fleet, 'claude-code.edit', { file, change: { session_id: id } });

  it('is who was named in it, in its other commands and in its edits', async () => {
    const fleet = await manualFleet();
    const { box, clone } = fleet;
    await box.coord(clone, ['claim', 'src/api', '--agent', 'maya'], { env: RUN });
    expect((await edit(fleet, 'src/api/users.ts')).code).toBe(0);
    expect((await edit(fleet, 'src/api/users.ts', '0f14e45f-ceea-467f-a0e6-1b7d2c3f9a11')).code).toBe(2);
    const released = await box.coord(clone, ['release', 'src/api', '--json'], { env: RUN });
    expect(released.json().data.released).toMatchObject([{ agent: 'maya' }]);
    const elsewhere = await box.coord(box.worktree(clone), ['claim', 'src/web', '--json'], { env: RUN });
    expect(elsewhere.json().data.claims).toMatchObject([{ agent: 'maya', session: session_id }]);
  });

  it('changes under all of its claims, whichever names were typed; those are kept apart all the same', async () => {
    const fleet = await manualFleet();
    const { box, clone } = fleet;
    await callHook(fleet, 'claude-code.session-start', { change: { session_id } });
    await box.coord(clone, ['claim', 'src/api', '--agent', 'maya'], { env: RUN });
    await box.coord(clone, ['claim', 'src/web', '--agent', 'noor'], { env: RUN });
    for (const file of ['src/api/users.ts', 'src/web/page.ts']) expect((await edit(fleet, file)).code).toBe(0);
    expect((await box.coord(clone, ['claim', 'src/web', '--agent', 'maya'], { env: RUN })).code).toBe(3);
    await fleet.as('zoe', ['claim', '--take-over', 'src/web', '--reason', 'hers']);
    expect((await edit(fleet, 'src/web/page.ts')).code).toBe(2);
  });
});

describe('ground that one session holds in another worktree', () => {
  const RUN = { env: { COORD_AGENT: 'maya', CLAUDE_CODE_SESSION_ID: '0f14e45f-ceea-467f-a0e6-1b7d2c3f9a10' } };
  const FILE = 'src/api/users.ts';
  const WORK: readonly [string, (fleet: Fleet, linked: string) => void, boolean][] = [
    ['nothing was changed there', () => undefined, true],
    ['it has changes there', ({ box }, linked) => box.write(linked, FILE, 'changed\n'), false],
    ['it has commits there', ({ box }, linked) => box.commit(linked, FILE, 'changed\n'), false],
    [
      'its commits there are here too',
      ({ box, clone }, linked) => box.git(clone, 'merge', '--quiet', box.commit(linked, FILE, 'changed\n')),
      true,
    ],
    ['other ground has changes there', ({ box }, linked) => box.write(linked, 'src/web/page.ts', 'changed\n'), true],
    [
      'that worktree is gone',
      ({ box, clone }, linked) => box.git(clone, 'worktree', 'remove', '--force', linked),
      true,
    ],
  ];

  it.each(WORK)('%s', async (_, work, isGranted) => {
    const fleet = await localFleet();
    const linked = fleet.box.worktree(fleet.clone);
    const first = await fleet.box.coord(linked, ['claim', 'src/api', '--json'], RUN);
    work(fleet, linked);
    const again = await fleet.box.coord(fleet.clone, ['claim', FILE, 'README.md', '--json'], RUN);
    if (isGranted) expect(again.json().data.claims).toHaveLength(2);
    else {
      const { exit, details } = again.json().error;
      expect([exit, details]).toMatchObject([3, { reason: 'worktree', worktree: linked, free: ['README.md'] }]);
      expect(details.conflicts[0].claimId).toBe(first.json().data.claims[0].id);
    }
  });
});
