import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EMPTY_STATE } from '../../../src/domain/model.js';
import { CoordError } from '../../../src/errors.js';
import { transact } from '../../../src/store/swap/transact.js';
import { commitByHand } from '../../support/by-hand.js';
import { inProcess } from '../../support/in-process.js';
import { claimOf, START } from '../../support/requests.js';
import { type Sandbox, sandbox } from '../../support/sandbox.js';

const CONFIG = { ref: 'refs/coord/state', share: true, remote: 'origin' };

function clones() {
  const box = sandbox();
  const remote = box.bareRemote();
  return { box, remote, one: box.clone(remote), two: box.clone(remote) };
}

function storeIn(box: Sandbox, clone: string) {
  return inProcess(box).context(clone).stores.open(CONFIG);
}

async function begin(box: Sandbox, clone: string) {
  const entry = { operation: `begin ${clone}`, agent: 'coord', at: START, summary: 'begin coordination', events: [] };
  return (await storeIn(box, clone)).life.create(EMPTY_STATE, entry);
}

async function claim(box: Sandbox, clone: string, agent: string, target: string) {
  const context = inProcess(box).context(clone);
  return transact(await context.stores.open(CONFIG), claimOf(agent, target, { reach: 'remote' }), context.effects);
}

async function failureOf(work: Promise<unknown>): Promise<CoordError> {
  const error: unknown = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof CoordError) return error;
  throw new Error(`not refused: ${error}`);
}

/** Every ref of a repository with its value. */
function refsOf(box: Sandbox, directory: string): string {
  return box.git(directory, 'for-each-ref', '--format=%(refname) %(objectname)');
}

describe('a remote that arbitrates', () => {
  it('gives the branch to a second clone, and never takes or moves anything else', async () => {
    const { box, remote, one, two } = clones();
    box.commit(one, 'unpushed.txt', 'mine');
    box.git(one, 'tag', 'mine');
    const others = (directory: string) =>
      refsOf(box, directory)
        .split('\n')
        .filter((line) => !/^refs\/coord(-local)?\//.test(line));
    const before = [others(remote), others(one), others(two)];
    expect(await begin(box, one)).toBe('created');
    expect(await begin(box, two)).toBe('adopted');
    expect(await begin(box, two)).toBe('existing');
    expect(await claim(box, one, 'maya', 'a')).toMatchObject({ ok: true });
    expect(await claim(box, two, 'noor', 'a')).toMatchObject({
      ok: false,
      refusal: { conflicts: [{ agent: 'maya' }] },
    });
    expect(await claim(box, two, 'noor', 'b')).toMatchObject({ ok: true });
    expect([others(remote), others(one), others(two)]).toEqual(before);
  });

  it('never gets a branch of that name which is somebody’s own', async () => {
    const { box, remote, one } = clones();
    box.git(one, 'update-ref', 'refs/coord/state', 'HEAD');
    const before = refsOf(box, remote);
    const store = await storeIn(box, one);
    for (const work of [() => begin(box, one), () => store.latest(), () => claim(box, one, 'maya', 'a')]) {
      expect((await failureOf(work())).details).toMatchObject({ missing: true });
    }
    expect(refsOf(box, remote)).toBe(before);
  });

  it('whose branch of that name is somebody’s own is not adopted', async () => {
    const { box, remote, one } = clones();
    box.git(remote, 'update-ref', 'refs/coord/state', 'main');
    expect((await failureOf(begin(box, one))).details).toMatchObject({ missing: true });
    expect(box.tryGit(one, 'rev-parse', '--verify', '--quiet', 'refs/coord/state').code).toBe(1);
    expect(box.git(remote, 'rev-parse', 'coord/state')).toBe(box.git(remote, 'rev-parse', 'main'));
  });

  it('out of reach: nothing is granted, nothing is changed', async () => {
    const { box, one } = clones();
    await begin(box, one);
    await claim(box, one, 'maya', 'a');
    box.git(one, 'remote', 'set-url', 'origin', box.path('nowhere.git'));
    const before = refsOf(box, one);
    for (const target of ['a', 'b']) {
      expect((await failureOf(claim(box, one, 'noor', target))).code).toBe('unavailable');
    }
    expect(refsOf(box, one)).toBe(before);
  });

  it('that declines the push is named with its reason, and nothing is granted', async () => {
    const { box, remote, one } = clones();
    await begin(box, one);
    const hook = box.write(remote, 'hooks/pre-receive', '#!/bin/sh\necho no writing today >&2\nexit 1\n');
    chmodSync(hook, 0o755);
    const before = refsOf(box, one);
    const error = await failureOf(claim(box, one, 'maya', 'a'));
    expect(error.code).toBe('closed');
    expect(error.message).toContain('pre-receive hook declined');
    expect(error.details.stderr).toContain('no writing today');
    expect(refsOf(box, one)).toBe(before);
  });

  it('whose answer was lost after it had accepted: the claim is won, once', async () => {
    const { box, remote, one, two } = clones();
    await begin(box, one);
    await begin(box, two);
    // The hook runs after the refs have moved; killing its git cuts the connection before the client hears of it.
    const hook = box.write(remote, 'hooks/post-update', `#!/bin/sh\nrm -f "$0"\nkill -9 $PPID\n`);
    chmodSync(hook, 0o755);
    expect(await claim(box, one, 'maya', 'a')).toMatchObject({ ok: true });
    expect(existsSync(hook)).toBe(false);
    expect(await claim(box, two, 'noor', 'a')).toMatchObject({
      ok: false,
      refusal: { conflicts: [{ agent: 'maya' }] },
    });
    expect(box.git(remote, 'rev-list', '--count', 'coord/state')).toBe('2');
    expect(box.git(one, 'rev-parse', 'coord/state')).toBe(box.git(remote, 'rev-parse', 'coord/state'));
  });

  it.each(['deleted', 'rewound', 'rewritten'])(
    'whose branch was %s is refused and explained, never reset',
    async (how) => {
      const { box, remote, one, two } = clones();
      await begin(box, one);
      await begin(box, two);
      await claim(box, one, 'maya', 'a');
      await claim(box, one, 'maya', 'b');
      if (how === 'deleted') box.git(remote, 'update-ref', '-d', 'refs/coord/state');
      if (how === 'rewound') box.git(remote, 'update-ref', 'refs/coord/state', 'refs/coord/state~1');
      if (how === 'rewritten') {
        box.git(remote, 'update-ref', 'refs/coord/state', 'refs/coord/state~1');
        await claim(box, two, 'noor', 'b');
      }
      const before = refsOf(box, remote);
      const error = await failureOf(claim(box, one, 'maya', 'c'));
      expect(error.code).toBe('corrupt');
      expect(error.details.reason).toBe(how === 'deleted' ? 'deleted' : 'rewritten');
      expect(error.hint).toBeTruthy();
      expect(refsOf(box, remote)).toBe(before);
    },
  );

  it('is found although a killed git left locks behind in this clone', async () => {
    const { box, one, two } = clones();
    await begin(box, one);
    await begin(box, two);
    await claim(box, two, 'noor', 'b');
    for (const ref of ['refs/coord/state', 'refs/coord-local/remote/origin/coord/state']) {
      const lock = join(one, '.git', `${ref}.lock`);
      mkdirSync(dirname(lock), { recursive: true });
      writeFileSync(lock, '');
    }
    expect(await claim(box, one, 'maya', 'b')).toMatchObject({
      ok: false,
      refusal: { conflicts: [{ agent: 'noor' }] },
    });
    expect(await claim(box, one, 'maya', 'a')).toMatchObject({ ok: true });
  });

  it('does not get what somebody committed here by hand, until they push it', async () => {
    const { box, remote, one } = clones();
    await begin(box, one);
    const before = refsOf(box, remote);
    commitByHand(box, one, { 'README.md': 'not pushed' });
    expect((await failureOf(claim(box, one, 'maya', 'a'))).code).toBe('corrupt');
    expect(refsOf(box, remote)).toBe(before);
    box.git(one, 'push', '--quiet', 'origin', 'refs/coord/state');
    expect(await claim(box, one, 'maya', 'a')).toMatchObject({ ok: true });
    expect(box.git(remote, 'log', '--format=%s', 'coord/state').split('\n')).toHaveLength(3);
  });
});
