import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Fleet, localFleet, sharedFleet } from '../support/fleet.js';

const FILE = 'src/api/users.ts';

/** Ways in which a claimed path has work that no commit holds, and git says nothing. */
const HIDDEN: Record<string, (fleet: Fleet) => void> = {
  'is assumed unchanged': ({ box, clone }) => {
    box.git(clone, 'update-index', '--assume-unchanged', FILE);
    box.write(clone, FILE, 'work\n');
  },
  'is skipped in the worktree': ({ box, clone }) => {
    box.git(clone, 'update-index', '--skip-worktree', FILE);
    box.write(clone, FILE, 'work\n');
  },
  'is a repository inside this one': ({ box, clone }) => {
    mkdirSync(join(clone, 'src/api/inner'));
    box.git(join(clone, 'src/api/inner'), 'init', '--quiet');
    box.write(join(clone, 'src/api/inner'), 'x', 'x\n');
  },
  'is a submodule that moved and is ignored': ({ box, clone }) => {
    const other = box.repository();
    box.commit(other, 'lib', 'lib\n');
    box.git(clone, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', other, 'src/api/lib');
    box.git(clone, 'commit', '--quiet', '--message', 'lib');
    box.git(clone, 'config', 'submodule.src/api/lib.ignore', 'all');
    box.commit(join(clone, 'src/api/lib'), 'lib', 'newer\n');
  },
  'is hidden by what status shows to this user': ({ box, clone }) => {
    box.git(clone, 'config', 'status.showUntrackedFiles', 'no');
    box.write(clone, 'src/api/new.ts', 'new\n');
  },
  'was stashed since it was claimed': ({ box, clone }) => {
    box.write(clone, FILE, 'work\n');
    box.git(clone, 'stash', 'push', '--quiet');
  },
};

/** Every verb that gives a claim back for its work. */
const VERBS: Record<string, (fleet: Fleet) => Promise<boolean>> = {
  release: async (fleet) => (await fleet.as('maya', ['release', '--all'])).code === 5,
  'session end': async (fleet) => {
    const ended = (await fleet.as('maya', ['session', 'end', '--json'], SESSION)).json();
    return ended.data.kept.length === 1;
  },
  handoff: async (fleet) => (await fleet.as('maya', ['handoff', 'src/api', '--to', 'noor'])).code === 5,
};

const SESSION = { env: { COORD_SESSION: 's1' } };

describe('one notion of clean', () => {
  for (const [what, hide] of Object.entries(HIDDEN)) {
    it.each(Object.keys(VERBS))(`work that ${what} is not given away by %s`, async (verb) => {
      const fleet = await localFleet();
      await fleet.as('noor', ['session', 'start']);
      await fleet.as('maya', ['session', 'start'], SESSION);
      await fleet.as('maya', ['claim', 'src/api'], SESSION);
      hide(fleet);
      expect(await VERBS[verb]?.(fleet)).toBe(true);
      const { claims } = (await fleet.as('maya', ['status', '--json'])).json().data;
      expect(claims).toMatchObject([{ target: 'src/api/**', agent: 'maya' }]);
    });
  }

  it('does not count what was stashed before, nor what is ignored', async () => {
    const fleet = await localFleet();
    fleet.box.write(fleet.clone, FILE, 'older\n');
    fleet.box.git(fleet.clone, 'stash', 'push', '--quiet');
    fleet.box.commit(fleet.clone, '.gitignore', 'built\n');
    await fleet.as('maya', ['claim', 'src/api', '--json'], { env: { COORD_CLOCK_AHEAD: '1' } });
    fleet.box.write(fleet.clone, 'src/api/built', 'x\n');
    const stashed = fleet.box.git(fleet.clone, 'log', '-g', '-1', '--format=%ct', 'refs/stash');
    const [claim] = (await fleet.as('maya', ['status', '--json'])).json().data.claims;
    // Of one second, the clock of git does not tell which came first: it counts then.
    const same = Math.floor(Date.parse(claim.acquiredAt) / 1000) <= Number(stashed);
    expect((await fleet.as('maya', ['release', 'src/api'])).code).toBe(same ? 5 : 0);
  });
});

describe('a claim that was made in another worktree of this clone', () => {
  it('is not released without what is uncommitted there, nor without what HEAD here lacks', async () => {
    const fleet = await sharedFleet();
    const other = fleet.box.worktree(fleet.clone);
    await fleet.as('maya', ['claim', FILE, 'src/web/page.ts'], { cwd: other });
    const work = fleet.box.commit(other, FILE, 'users\nmore\n');
    fleet.box.write(other, 'src/web/page.ts', 'half\n');
    const dirty = await fleet.as('maya', ['release', 'src/web/page.ts', '--json']);
    expect(dirty.json().error).toMatchObject({
      exit: 5,
      details: { reason: 'uncommitted', paths: ['src/web/page.ts'] },
    });
    const lacking = await fleet.as('maya', ['release', FILE, '--json']);
    expect(lacking.json().error).toMatchObject({ exit: 5, details: { reason: 'elsewhere' } });
    expect((await fleet.as('maya', ['release', FILE, '--commit', work])).code).toBe(0);
    fleet.box.git(fleet.clone, 'worktree', 'remove', '--force', other);
    expect((await fleet.as('maya', ['release', 'src/web/page.ts'])).code).toBe(0);
  });
});
