import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeCommits } from '../../../src/git/background.js';
import { objectId } from '../../../src/git/objects.js';
import { commitBody } from '../../../src/store/format/commits.js';
import { followsCompaction } from '../../../src/store/upkeep/compact.js';
import { replayHistory } from '../../battery/support/history/replay.js';
import { commitByHand } from '../../support/by-hand.js';
import { coordInProcess, type InProcess, inProcess } from '../../support/in-process.js';
import { type Sandbox, sandbox } from '../../support/sandbox.js';
import { addHook } from '../remote/rig.js';

interface Rig {
  readonly box: Sandbox;
  readonly host: InProcess;
  readonly clone: string;
  readonly remote: string;
  /** Runs a command line, which must succeed, and returns its data. */
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever fields it expects
  ok(agent: string, cwd: string, ...args: string[]): Promise<any>;
  refused(agent: string, cwd: string, ...args: string[]): Promise<{ code: string; message: string; details: unknown }>;
}

function rigIn(box: Sandbox, clone: string, remote: string): Rig {
  const host = inProcess(box);
  const run = (agent: string, cwd: string, args: readonly string[]) => host.run(agent, cwd, [...args, '--json']);
  return {
    ...{ box, host, clone, remote },
    async ok(agent, cwd, ...args) {
      const result = await run(agent, cwd, args);
      if (result.code !== 0) throw new Error(`coord ${args.join(' ')}: exit ${result.code} ${result.stdout}`);
      return result.json().data;
    },
    async refused(agent, cwd, ...args) {
      const result = await run(agent, cwd, args);
      if (result.code === 0) throw new Error(`coord ${args.join(' ')} was not refused`);
      return result.json().error;
    },
  };
}

/** A clone with `olga` as orchestrator. */
async function local(): Promise<Rig> {
  const box = sandbox();
  const clone = box.repository();
  box.commit(clone, 'README.md', 'hello\n');
  const rig = rigIn(box, clone, '');
  await rig.ok('olga', clone, 'init', '--local');
  await rig.ok('olga', clone, 'session', 'start', '--role', 'orchestrator');
  return rig;
}

async function shared(): Promise<Rig> {
  const box = sandbox();
  const remote = box.bareRemote();
  const clone = box.clone(remote);
  const rig = rigIn(box, clone, remote);
  await rig.ok('olga', clone, 'init');
  box.git(clone, 'add', '.');
  box.git(clone, 'commit', '--quiet', '--message', 'set coord up');
  box.git(clone, 'push', '--quiet', 'origin', 'main');
  await rig.ok('olga', clone, 'session', 'start', '--role', 'orchestrator');
  return rig;
}

/** So many claims by maya, a second apart; returns the tips after each. */
async function claims({ box, host, ok }: Rig, clone: string, names: readonly string[]): Promise<string[]> {
  const tips: string[] = [];
  for (const name of names) {
    host.clock.pass(1);
    await ok('maya', clone, 'claim', `src/${name}.ts`);
    tips.push(tipOf(box, clone));
  }
  return tips;
}

function tipOf(box: Sandbox, clone: string): string {
  return box.git(clone, 'rev-parse', 'refs/coord/state');
}

function historyOf(box: Sandbox, clone: string): string[] {
  return box.git(clone, 'log', '--first-parent', '--reverse', '--format=%s', 'refs/coord/state').split('\n');
}

function heldIn(status: { claims: { target: string }[] }): string[] {
  return status.claims.map(({ target }) => target).sort();
}

describe('coord compact', () => {
  it('puts one commit in the place of the older ones, and changes nothing else', async () => {
    const rig = await local();
    const { box, clone, ok } = rig;
    await claims(rig, clone, ['a', 'b', 'c', 'd']);
    const before = {
      tip: tipOf(box, clone),
      history: historyOf(box, clone),
      status: await ok('maya', clone, 'status'),
      worktree: box.git(clone, 'status', '--porcelain'),
    };
    const kept = box.git(clone, 'log', '-2', '--format=%an %ae %ad %cn %cd%n%b', 'coord/state');
    const result = await ok('olga', clone, 'doctor', '--compact', '--keep-history', '2');
    expect(result).toMatchObject({ changed: true, kept: 2, former: before.tip, archive: null });
    expect(result.compacted.commits).toBe(before.history.length - 2);
    expect(tipOf(box, clone)).toBe(result.tip);
    expect(historyOf(box, clone)).toEqual([
      '4 commits, compacted',
      ...before.history.slice(-2),
      'compact 4 commits by olga',
    ]);
    const copies = box.git(clone, 'log', '-2', '--skip=1', '--format=%an %ae %ad %cn %cd%n%b', 'coord/state');
    expect(copies.replaceAll(/Coord-Replaces: .*\n/g, '')).toBe(kept);
    expect(box.git(clone, 'rev-parse', 'coord/state^{tree}')).toBe(box.git(clone, 'rev-parse', `${before.tip}^{tree}`));
    expect(heldIn(await ok('maya', clone, 'status'))).toEqual(heldIn(before.status));
    expect(await ok('maya', clone, 'claim', 'src/e.ts')).toMatchObject({ claims: [{ target: 'src/e.ts' }] });
    expect(box.git(clone, 'status', '--porcelain')).toBe(before.worktree);
    box.git(clone, 'fsck', '--strict');
  });

  it('keeps what is younger than --keep-history, and adds up what went before', async () => {
    const rig = await local();
    const { box, host, clone, ok } = rig;
    await claims(rig, clone, ['a', 'b', 'c']);
    expect(await ok('olga', clone, 'doctor', '--compact')).toMatchObject({ changed: false, compacted: null });
    host.clock.pass(40 * 86_400);
    await claims(rig, clone, ['d']);
    const first = await ok('olga', clone, 'doctor', '--compact');
    expect(first).toMatchObject({ kept: 1, compacted: { commits: 5 } });
    await claims(rig, clone, ['e', 'f']);
    const second = await ok('olga', clone, 'doctor', '--compact', '--keep-history', '0');
    expect(second.compacted).toMatchObject({ commits: 9, from: first.compacted.from });
    expect(historyOf(box, clone)).toEqual(['9 commits, compacted', 'compact 9 commits by olga']);
    expect(await ok('olga', clone, 'doctor', '--compact', '--keep-history', '1')).toMatchObject({ changed: false });
  });

  it('with --dry-run says what would go, and changes nothing', async () => {
    const rig = await local();
    const { box, clone, ok } = rig;
    await claims(rig, clone, ['a', 'b']);
    const before = box.git(clone, 'for-each-ref');
    const result = await ok(
      'olga',
      clone,
      'doctor',
      '--compact',
      '--keep-history',
      '1',
      '--dry-run',
      '--archive',
      'old',
    );
    expect(result).toMatchObject({ changed: false, dryRun: true, kept: 1, compacted: { commits: 3 } });
    expect(box.git(clone, 'for-each-ref')).toBe(before);
  });

  it('is for an orchestrator or a person, and for none that was stopped', async () => {
    const rig = await local();
    const { box, clone, ok, refused } = rig;
    await claims(rig, clone, ['a', 'b']);
    const before = tipOf(box, clone);
    expect(await refused('maya', clone, 'doctor', '--compact', '--keep-history', '0')).toMatchObject({
      code: 'closed',
      details: { reason: 'authority', orchestrators: ['olga'] },
    });
    await ok('nina', clone, 'session', 'start', '--role', 'orchestrator');
    await ok('olga', clone, 'agent', 'kill', 'nina', '--reason', 'test');
    const killed = await refused('nina', clone, 'doctor', '--compact', '--keep-history', '0');
    expect(killed).toMatchObject({ code: 'closed', details: { reason: 'killed' } });
    expect(historyOf(box, clone)).toContain('kill nina by olga: test');
    expect(box.git(clone, 'merge-base', before, 'coord/state')).toBe(before);
    const args = ['doctor', '--compact', '--keep-history', '0', '--agent', 'paula', '--json'];
    expect((await coordInProcess(box, clone, args, { person: true })).code).toBe(0);
  });

  it.each(['-1', '1.5', 'all', ''])('refuses --keep-history %j', async (keep) => {
    const rig = await local();
    expect(await rig.refused('olga', rig.clone, 'doctor', '--compact', `--keep-history=${keep}`)).toMatchObject({
      code: 'usage',
    });
  });

  it('copies a commit that was made by hand, without the signature that would be wrong', async () => {
    const rig = await local();
    const { box, clone, ok } = rig;
    await claims(rig, clone, ['a']);
    const byHand = commitByHand(box, clone, {});
    const signed = box
      .git(clone, 'cat-file', 'commit', byHand)
      .replace(
        '\n\n',
        '\ngpgsig -----BEGIN SSH SIGNATURE-----\n \n abc\n -----END SSH SIGNATURE-----\nx-own header\n\n',
      );
    const path = box.write(clone, '../signed', `${signed}\n`);
    const id = box.git(clone, 'hash-object', '-t', 'commit', '-w', path);
    box.git(clone, 'update-ref', 'refs/coord/state', id);
    box.git(clone, 'update-ref', 'refs/coord-local/known/coord/state', id);
    await ok('olga', clone, 'doctor', '--compact', '--keep-history', '1');
    const copy = box.git(clone, 'cat-file', 'commit', 'coord/state^');
    expect(copy).not.toContain('SIGNATURE');
    expect(copy).toContain('\nx-own header\n\nby hand\n');
    expect(copy).toMatch(new RegExp(`\\{"no":"id"\\}\\n\\nCoord-Replaces: ${id}$`));
    box.git(clone, 'fsck', '--strict');
  });

  it('in a shallow clone is refused, since it does not know the whole', async () => {
    const rig = await shared();
    const { box, clone, remote } = rig;
    await claims(rig, clone, ['a', 'b']);
    const part = box.clone(`file://${remote}`, { args: ['--depth=1', '--no-single-branch'] });
    box.git(part, 'fetch', '--quiet', '--depth=1', 'origin', 'refs/coord/state:refs/coord/state');
    await claims(rig, part, ['c', 'd']);
    expect(await rig.refused('olga', part, 'doctor', '--compact', '--keep-history', '1')).toMatchObject({
      code: 'unavailable',
    });
  });
});

describe('--archive', () => {
  it('keeps the former history here and on the remote, and pushes nothing else', async () => {
    const rig = await shared();
    const { box, clone, remote, ok, refused } = rig;
    const [, tip] = await claims(rig, clone, ['a', 'b']);
    const others = () => box.git(remote, 'for-each-ref', '--format=%(refname) %(objectname)', 'refs/heads/main');
    const before = others();
    const result = await ok('olga', clone, 'doctor', '--compact', '--keep-history', '0', '--archive', '2026');
    expect(result.archive).toBe('refs/coord/archive/2026');
    for (const place of [clone, remote]) expect(box.git(place, 'rev-parse', result.archive)).toBe(tip);
    expect(others()).toBe(before);
    expect(box.git(remote, 'for-each-ref', '--format=%(refname)').split('\n')).toEqual([
      'refs/coord/archive/2026',
      'refs/coord/state',
      'refs/heads/main',
    ]);
    await claims(rig, clone, ['c']);
    const again = tipOf(box, clone);
    expect(
      await refused('olga', clone, 'doctor', '--compact', '--keep-history', '0', '--archive', '2026'),
    ).toMatchObject({
      code: 'usage',
    });
    expect(
      await refused('olga', clone, 'doctor', '--compact', '--keep-history', '0', '--archive', 'a b'),
    ).toMatchObject({
      code: 'usage',
    });
    expect(tipOf(box, clone)).toBe(again);
  });

  it('that the remote does not take, or has already, changes nothing', async () => {
    const rig = await shared();
    const { box, clone, remote, refused } = rig;
    await claims(rig, clone, ['a', 'b']);
    const before = [clone, remote].map((place) => box.git(place, 'for-each-ref'));
    box.git(remote, 'config', 'receive.hideRefs', 'refs/coord/archive');
    const error = await refused('olga', clone, 'doctor', '--compact', '--keep-history', '0', '--archive', 'old');
    expect(error).toMatchObject({ code: 'unavailable', message: expect.stringContaining('refs/coord/archive/old') });
    expect([clone, remote].map((place) => box.git(place, 'for-each-ref'))).toEqual(before);
    box.git(remote, 'config', '--unset', 'receive.hideRefs');
    box.git(remote, 'update-ref', 'refs/coord/archive/old', 'main');
    await refused('olga', clone, 'doctor', '--compact', '--keep-history', '0', '--archive', 'old');
    expect(box.git(clone, 'for-each-ref')).toBe(before[0]);
  });
});

describe('other clones of a compacted branch', () => {
  it('follow by themselves: at the tip, a few commits behind, and far behind', async () => {
    const rig = await shared();
    const { box, clone, remote, ok } = rig;
    const far = box.clone(remote);
    await claims(rig, clone, ['a', 'b', 'c']);
    await ok('noor', far, 'status');
    await claims(rig, clone, ['d', 'e']);
    const near = box.clone(remote);
    await ok('noor', near, 'status');
    await claims(rig, clone, ['f', 'g']);
    const at = box.clone(remote);
    await ok('noor', at, 'status');
    await ok('olga', clone, 'doctor', '--compact', '--keep-history', '3');
    await claims(rig, clone, ['h']);
    for (const other of [at, near, far]) {
      expect(heldIn(await ok('noor', other, 'status'))).toHaveLength(8);
      expect(tipOf(box, other)).toBe(box.git(remote, 'rev-parse', 'coord/state'));
    }
    await ok('noor', far, 'claim', 'docs/**');
    expect(replayHistory(box, far).commits).toBe(1 + 3 + 1 + 1 + 1);
  });

  it('follow through several compactions', async () => {
    const rig = await shared();
    const { box, clone, remote, ok } = rig;
    await claims(rig, clone, ['a', 'b']);
    const other = box.clone(remote);
    await ok('noor', other, 'status');
    for (const name of ['c', 'd', 'e']) {
      await claims(rig, clone, [`${name}1`, `${name}2`]);
      await ok('olga', clone, 'doctor', '--compact', '--keep-history', name === 'e' ? '0' : '1');
    }
    expect(heldIn(await ok('noor', other, 'status'))).toHaveLength(8);
    expect(tipOf(box, other)).toBe(box.git(remote, 'rev-parse', 'coord/state'));
  });

  it('that are behind what was kept, and find it nowhere, refuse; with an archive they follow', async () => {
    for (const archive of [[], ['--archive', 'old']]) {
      const rig = await shared();
      const { box, clone, remote, ok, refused } = rig;
      await claims(rig, clone, ['a']);
      const other = box.clone(remote);
      // No other clone of this host helps it out.
      box.git(other, 'config', 'http.userAgent', 'elsewhere');
      await ok('noor', other, 'status');
      const before = tipOf(box, other);
      await claims(rig, clone, ['b', 'c']);
      await ok('olga', clone, 'doctor', '--compact', '--keep-history', '1', ...archive);
      box.git(remote, 'reflog', 'expire', '--expire=now', '--all');
      box.git(remote, 'gc', '--quiet', '--prune=now');
      if (archive.length === 0) {
        expect(await refused('noor', other, 'claim', 'docs/**')).toMatchObject({ code: 'corrupt' });
        expect(tipOf(box, other)).toBe(before);
      } else expect(heldIn(await ok('noor', other, 'status'))).toHaveLength(3);
    }
  });

  it('in which a writer has decided already, decide again', async () => {
    const rig = await shared();
    const { box, host, clone, remote, ok } = rig;
    await claims(rig, clone, ['a', 'b']);
    const other = box.clone(remote);
    await ok('noor', other, 'status');
    const store = await host.context(other).store();
    const seen = await store.read();
    await ok('olga', clone, 'doctor', '--compact', '--keep-history', '0');
    const entry = { operation: 'late', agent: 'noor', at: host.context(other).now(), summary: 'late', events: [] };
    expect(await store.swap(seen, { ...seen.state }, entry)).toBe(false);
    expect(historyOf(box, other)).not.toContain('late');
    expect(await store.swap(await store.read(), { ...seen.state }, entry)).toBe(true);
  });

  it('lose nothing when they write while it is compacted', async () => {
    const rig = await shared();
    const { box, clone, remote, ok } = rig;
    await claims(rig, clone, ['a', 'b', 'c']);
    const writers = ['noor', 'mary', 'zoe'].map((agent) => ({ agent, clone: box.clone(remote) }));
    const write = async ({ agent, clone: own }: { agent: string; clone: string }) => {
      for (let index = 0; index < 6; index += 1) await ok(agent, own, 'claim', `${agent}/${index}.ts`);
    };
    const shorten = async () => {
      for (let index = 0; index < 3; index += 1) await ok('olga', clone, 'doctor', '--compact', '--keep-history', '2');
    };
    await Promise.all([...writers.map(write), shorten()]);
    const { claims: held } = await ok('olga', clone, 'status');
    const expected = writers.flatMap(({ agent }) => Array.from({ length: 6 }, (_, index) => `${agent}/${index}.ts`));
    expect(heldIn({ claims: held })).toEqual([...expected, 'src/a.ts', 'src/b.ts', 'src/c.ts'].sort());
    for (const { agent, clone: own } of writers) await ok(agent, own, 'release', '--all');
    expect(heldIn(await ok('olga', clone, 'status'))).toEqual(['src/a.ts', 'src/b.ts', 'src/c.ts']);
  });

  it.each([[[]], [['--archive', 'old']]])(
    'are left alone when the remote does not let its branch be replaced %j',
    async (archive) => {
      const rig = await shared();
      const { box, clone, remote, ok, refused } = rig;
      await claims(rig, clone, ['a', 'b']);
      // Git's own receive.denyNonFastForwards is for branches alone.
      addHook(box, remote, 'update', 'test "$2" = "$(git merge-base $2 $3)"');
      const before = [clone, remote].map((place) => box.git(place, 'for-each-ref'));
      const error = await refused('olga', clone, 'doctor', '--compact', '--keep-history', '0', ...archive);
      expect(['unavailable', 'closed']).toContain(error.code);
      expect([clone, remote].map((place) => box.git(place, 'for-each-ref'))).toEqual(before);
      await ok('maya', clone, 'claim', 'src/c.ts');
    },
  );
});

describe('followsCompaction', () => {
  async function line() {
    const rig = await local();
    const { box, clone, ok, host } = rig;
    const before = await claims(rig, clone, ['a', 'b', 'c', 'd']);
    await ok('olga', clone, 'doctor', '--compact', '--keep-history', '2');
    const after = box.git(clone, 'rev-list', '--reverse', 'coord/state').split('\n');
    const follows = (known: string | undefined, tip: string | undefined) =>
      followsCompaction(host.context(clone), known ?? '', tip ?? '');
    return { ...rig, before, after, follows };
  }

  it('holds for each commit of the former history, and each tip that has its copy', async () => {
    const { before, after, follows } = await line();
    const [root, , , tip] = after;
    for (const known of before) expect(await follows(known, tip)).toBe(true);
    expect(await follows(before[1], root)).toBe(true);
    expect(await follows(before[0], root)).toBe(true);
  });

  it('holds for no tip that lacks a part of it', async () => {
    const { before, after, follows } = await line();
    const [root, first, second] = after;
    expect(await follows(before[2], root)).toBe(false);
    expect(await follows(before[3], first)).toBe(false);
    expect(await follows(before[3], second)).toBe(true);
    expect(await follows(after[3], before[3])).toBe(false);
    expect(await follows(after[2], first)).toBe(false);
  });

  it('holds for no commit that only says so, with another state', async () => {
    const { box, clone, before, after, follows } = await line();
    const message = box.git(clone, 'log', '-1', '--format=%B', after[2] ?? '');
    const forge = (tree: string, text: string, ...parent: string[]) =>
      box.git(clone, 'commit-tree', `${tree}^{tree}`, '-m', text, ...parent.flatMap((id) => ['-p', id]));
    expect(await follows(before[3], forge(after[2] ?? '', message, after[1] ?? ''))).toBe(true);
    expect(await follows(before[3], forge(after[1] ?? '', message, after[1] ?? ''))).toBe(false);
    expect(await follows(before[3], forge(after[2] ?? '', `note ${before[3]}`, after[1] ?? ''))).toBe(false);
    const root = box.git(clone, 'log', '-1', '--format=%B', after[0] ?? '');
    expect(await follows(before[0], forge(after[0] ?? '', root))).toBe(true);
    expect(await follows(before[0], forge(after[2] ?? '', root))).toBe(false);
    expect(await follows(before[0], forge(after[0] ?? '', root, 'main'))).toBe(false);
  });

  it('holds for no history that was made again', async () => {
    const { box, clone, before, follows } = await line();
    expect(await follows(before[3], box.git(clone, 'rev-parse', 'main'))).toBe(false);
    rmSync(join(clone, '.git', 'coord'), { recursive: true });
    expect(await follows('0'.repeat(40), before[3])).toBe(false);
  });
});

describe('many commits at once', () => {
  it('are the very commits that they would be one by one', async () => {
    const { box, clone, host } = await local();
    const { objects, repository, git } = host.context(clone);
    const tree = box.git(clone, 'rev-parse', 'coord/state^{tree}');
    const entry = { operation: 'x', agent: 'maya', at: '2026-11-21T12:00:00.000Z', events: [] };
    const bodies = [0, 3, 15, 16, 200, 2_047, 2_048, 40_000].map((length) =>
      commitBody(tree, null, { ...entry, operation: 'x'.repeat(length), summary: `${length}` }, [], {
        ref: 'refs/coord/state',
      }),
    );
    await writeCommits(repository, git, bodies);
    const ids = bodies.map((body) => objectId(repository, 'commit', body));
    const found = await objects.read(ids);
    for (const [index, id] of ids.entries()) {
      expect(found.get(id)?.body.equals(bodies[index] ?? Buffer.alloc(0))).toBe(true);
      expect(found.get(id)?.type).toBe('commit');
    }
    box.git(clone, 'fsck', '--strict');
  });

  it('are copied in order, with nothing left out', async () => {
    const { box, clone, ok } = await local();
    const begin = box.git(clone, 'rev-parse', 'coord/state^{tree}');
    let tip = tipOf(box, clone);
    for (let index = 0; index < 150; index += 1) {
      tip = box.git(clone, 'commit-tree', begin, '-p', tip, '-m', `commit ${index}`);
    }
    box.git(clone, 'update-ref', 'refs/coord/state', tip);
    const before = historyOf(box, clone);
    await ok('olga', clone, 'doctor', '--compact', '--keep-history', '120');
    expect(historyOf(box, clone).slice(1, -1)).toEqual(before.slice(-120));
    expect(await followsCompaction(inProcess(box).context(clone), tip, tipOf(box, clone))).toBe(true);
    box.git(clone, 'fsck', '--strict');
  });
});
