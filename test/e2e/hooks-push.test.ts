import { chmodSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { type GuardedFleet, guardedShared, hooksOf } from '../support/guarded.js';

const USERS = 'src/api/users.ts';

let fleet: GuardedFleet & { readonly remote: string };
beforeEach(async () => {
  fleet = await guardedShared();
});

/** A commit that was made past the guard, as plumbing or another tool makes one. */
function commit(file: string, text: string, cwd = fleet.clone): string {
  fleet.box.write(cwd, file, text);
  fleet.box.git(cwd, 'add', '--', file);
  fleet.box.git(cwd, '-c', 'core.hooksPath=/dev/null', 'commit', '-q', '-m', `change ${file}`);
  return fleet.head(cwd);
}

function push(agent: string | null, ...args: string[]) {
  const { code, stderr } = fleet.git(agent, ['push', ...args]);
  return { ok: code === 0, said: stderr };
}

function there(ref: string): string {
  return fleet.box.git(fleet.remote, 'rev-parse', ref);
}

const OK = expect.objectContaining({ ok: true });
const refused = (words: string) => ({ ok: false, said: expect.stringContaining(words) });

describe('a push to the main branch', () => {
  it('needs a live claim on all that it changes there, however it was committed', async () => {
    const before = there('main');
    commit(USERS, 'new\n');
    expect(push('maya', 'origin', 'main')).toEqual(refused(`${USERS}: nobody holds it`));
    expect(push('maya', 'origin', 'HEAD:main')).toEqual(refused('next: coord claim src/api/users.ts'));
    expect(push(null, 'origin', 'main')).toEqual(refused('does not know who makes it'));
    expect(there('main')).toBe(before);
    await fleet.as('noor', ['claim', USERS]);
    expect(push('maya', 'origin', 'main')).toEqual(refused('held by noor'));
    await fleet.as('noor', ['release', '--all']);
    await fleet.as('maya', ['claim', USERS]);
    expect(push('maya', 'origin', 'main')).toEqual(OK);
    expect(there('main')).toBe(fleet.head());
  });

  it('is judged by the claims that the remote has now', async () => {
    await fleet.as('maya', ['claim', USERS]);
    commit(USERS, 'new\n');
    const other = fleet.box.clone(fleet.remote);
    await fleet.as('noor', ['claim', USERS, '--take-over', '--reason', 'urgent'], { cwd: other });
    expect(push('maya', 'origin', 'main')).toEqual(refused('your claim was taken over by noor'));
  });

  it('off the surface passes without a claim and without a name', () => {
    commit('README.md', 'new\n');
    expect(push(null, 'origin', 'main')).toEqual(OK);
  });

  it('is judged by where it goes, however the address is written', () => {
    commit(USERS, 'new\n');
    const { remote, clone } = fleet;
    const ways = [remote, `${remote}/`, `file://${remote}`, relative(clone, remote), remote.replace(/\.git$/, '')];
    for (const address of ways) expect(push('maya', address, 'HEAD:main')).toEqual(refused('nobody holds it'));
    fleet.box.git(clone, 'config', 'remote.origin.pushurl', fleet.box.bareRemote());
    expect(push('maya', remote, 'HEAD:main')).toEqual(refused('nobody holds it'));
    expect(push('maya', '--force', fleet.box.bareRemote(), 'HEAD:main')).toEqual(OK);
  });

  it('that would undo commits there is refused, also by force', async () => {
    const other = fleet.box.clone(fleet.remote);
    commit('README.md', 'theirs\n', other);
    fleet.box.git(other, 'push', '-q', 'origin', 'main');
    commit('docs/x.md', 'mine\n');
    for (const force of [[], ['--force'], ['--force-with-lease=main']]) {
      expect(push('maya', ...force, 'origin', 'main').ok).toBe(false);
    }
    expect(push('maya', '--force', 'origin', 'main')).toEqual(refused('git pull --rebase origin main'));
    // Also where the commit is known here, and its history was rewritten.
    fleet.box.git(fleet.clone, 'fetch', '-q');
    expect(push('maya', '--force', 'origin', 'main')).toEqual(refused('lacks commits of origin/main'));
    fleet.box.git(fleet.clone, 'rebase', '-q', 'origin/main');
    expect(push('maya', 'origin', 'main')).toEqual(OK);
  });

  it('may not delete it', () => {
    expect(push('maya', 'origin', ':main')).toEqual(refused('deletes the main branch'));
  });

  it('by a worker or a killed agent is refused, whatever it changes', async () => {
    await fleet.as('boss', ['session', 'start', '--agent', 'boss', '--role', 'orchestrator']);
    await fleet.as('wim', ['session', 'start', '--agent', 'wim', '--role', 'worker']);
    commit('scratch/wim/a.md', 'x');
    expect(push('wim', 'origin', 'main')).toEqual(refused('wim is a worker, and may not push'));
    await fleet.as('maya', ['claim', '@x']);
    await fleet.as('boss', ['agent', 'kill', 'maya', '--reason', 'loops']);
    expect(push('maya', 'origin', 'main')).toEqual(refused('maya was stopped'));
  });

  it('that a person lets pass is on the record', async () => {
    commit(USERS, 'new\n');
    const { code, stderr } = fleet.git('maya', ['push', 'origin', 'main'], { env: { COORD_GUARD: 'off' } });
    expect([code, stderr]).toEqual([0, expect.stringContaining('let through by COORD_GUARD=off')]);
    const { data } = (await fleet.as('maya', ['events', '--json'])).json();
    expect(data.events.filter(({ type }: { type: string }) => type === 'guard.passed')).toMatchObject([
      { hook: 'pre-push', targets: [USERS] },
    ]);
  });

  it('of a repository that has none yet passes', () => {
    const empty = fleet.box.bareRemote({ seeded: false });
    fleet.box.git(fleet.clone, 'remote', 'set-url', 'origin', empty);
    fleet.box.git(fleet.clone, 'push', '-q', '--no-verify', 'origin', 'refs/coord/state');
    expect(push('maya', 'origin', 'main')).toEqual(OK);
  });

  it('is closed on the surface where the remote’s claims cannot be read', async () => {
    await fleet.as('maya', ['claim', USERS]);
    commit(USERS, 'new\n');
    fleet.box.git(fleet.remote, 'update-ref', 'refs/coord/state', 'refs/coord/state~1');
    expect(push('maya', 'origin', 'main')).toEqual(refused('the guard cannot decide'));
  });
});

describe('other pushes', () => {
  it('to another branch, a tag, or the main branch of a fork pass unjudged', () => {
    commit(USERS, 'new\n');
    expect(push(null, 'origin', 'HEAD:refs/heads/feature')).toEqual(OK);
    expect(push(null, 'origin', '--force', 'HEAD~1:refs/heads/feature')).toEqual(OK);
    expect(push(null, 'origin', ':feature')).toEqual(OK);
    fleet.box.git(fleet.clone, 'tag', 'v1');
    expect(push(null, 'origin', 'v1')).toEqual(OK);
    const fork = fleet.box.bareRemote();
    fleet.box.git(fleet.clone, 'remote', 'add', 'fork', fork);
    expect(push(null, 'fork', '--force', 'main')).toEqual(OK);
    // The same place under another name is no fork.
    expect(push(null, fleet.remote, 'main')).toEqual(refused('does not know who makes it'));
  });

  it('of the state ref may neither delete nor rewrite it', async () => {
    await fleet.as('maya', ['claim', USERS]);
    expect(push('maya', 'origin', 'refs/coord/state')).toEqual(OK);
    expect(push('maya', 'origin', ':refs/coord/state')).toEqual(refused('deletes the state ref'));
    expect(push('maya', '--force', 'origin', 'coord/state~1:refs/coord/state')).toEqual(
      refused('rewrites the state ref'),
    );
    expect(push('maya', '--mirror', 'origin')).toMatchObject({ ok: true });
  });

  it('of several refs is judged as a whole', () => {
    commit(USERS, 'new\n');
    const before = there('main');
    expect(push('maya', 'origin', 'HEAD:refs/heads/feature', 'main')).toEqual(refused(USERS));
    expect(there('main')).toBe(before);
  });
});

it('coord land is let through with its own name, and an earlier pre-push hook sees the push', async () => {
  const hooks = hooksOf(fleet.clone);
  await fleet.as('maya', ['guard', 'uninstall']);
  const seen = fleet.box.path('seen');
  chmodSync(
    fleet.box.write(hooks, 'pre-push', `#!/bin/sh\necho "$1 $COORD_AGENT" >>'${seen}'\ncat >>'${seen}'\n`),
    0o755,
  );
  await fleet.as('maya', ['guard', 'install']);
  await fleet.as('maya', ['claim', USERS]);
  const work = commit(USERS, 'new\n');
  // Who lands is known to coord alone.
  const landed = await fleet.box.coord(fleet.clone, ['land', '--agent', 'maya', '--json']);
  expect(landed.json()).toMatchObject({ ok: true, data: { landed: true } });
  expect(there('main')).toBe(work);
  expect(readFileSync(seen, 'utf8')).toMatch(new RegExp(`^origin maya\n.* ${work} refs/heads/main [0-9a-f]+\n$`));
  expect((await fleet.as('maya', ['status', '--json'])).json().data.claims).toEqual([]);
});

it('the pre-commit framework tells of the push in variables', async () => {
  const before = fleet.head();
  const work = commit(USERS, 'new\n');
  const env = {
    PRE_COMMIT_REMOTE_NAME: 'origin',
    PRE_COMMIT_REMOTE_BRANCH: 'refs/heads/main',
    PRE_COMMIT_FROM_REF: before,
    PRE_COMMIT_TO_REF: work,
  };
  const run = (agent: string) => fleet.as(agent, ['guard', 'run', 'pre-push', '--json'], { env });
  expect((await run('maya')).json().error.details.paths[0].path).toBe(USERS);
  await fleet.as('maya', ['claim', USERS, '--allow-behind']);
  expect((await run('maya')).json()).toMatchObject({ ok: true, data: { allowed: true } });
});

it('what goes past the hooks of a commit is caught on its way to the main branch', () => {
  const { box, clone } = fleet;
  const base = fleet.head();
  // Plumbing runs no hook.
  fleet.stage(USERS, 'plumbed\n');
  const plumbed = box.git(clone, 'commit-tree', '-p', 'HEAD', '-m', 'plumbed', box.git(clone, 'write-tree'));
  expect(push('maya', 'origin', `${plumbed}:main`)).toEqual(refused(`${USERS}: nobody holds it`));
  // Hooks that are switched off for one command.
  expect(fleet.git('maya', ['-c', 'core.hooksPath=/dev/null', 'commit', '-qm', 'x']).code).toBe(0);
  expect(push('maya', 'origin', 'main')).toEqual(refused(`${USERS}: nobody holds it`));
  // A merge that throws the work of others away: nothing of it differs from its first parent.
  box.git(clone, 'push', '-q', '--no-verify', 'origin', 'main');
  box.git(clone, 'checkout', '-q', '-b', 'mine', base);
  expect(fleet.git('maya', ['merge', '-q', '-s', 'ours', '--no-edit', 'main']).code).toBe(0);
  expect(push('maya', 'origin', 'mine:main')).toEqual(refused(`${USERS}: nobody holds it`));
});
