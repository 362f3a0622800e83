import { chmodSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EtcdCluster, HAS_ETCD } from '../support/etcd.js';
import { type SharedFleet, sharedFleet } from '../support/fleet.js';
import type { CoordResult } from '../support/sandbox.js';

const REF = 'refs/coord/state';

describe.skipIf(!HAS_ETCD)('etcd decides in the place of the remote', () => {
  let cluster: EtcdCluster;
  beforeAll(async () => {
    cluster = await EtcdCluster.start();
  });
  afterAll(() => cluster.stop());

  /** A fleet of two clones whose state is in git, and each of which knows the address. */
  async function two(): Promise<SharedFleet & { other: string }> {
    const fleet = await sharedFleet();
    const other = fleet.box.clone(fleet.remote);
    for (const clone of [fleet.clone, other]) {
      fleet.box.git(clone, 'config', 'coord.etcd.endpoints', cluster.endpoints);
    }
    return { ...fleet, other };
  }

  const holders = (result: CoordResult) =>
    Object.fromEntries(
      result.json().data.claims.map((claim: { target: string; agent: string }) => [claim.target, claim.agent]),
    );
  const there = ({ box, remote }: SharedFleet) => box.git(remote, 'rev-parse', REF).trim();
  const subjects = (fleet: SharedFleet, clone: string) =>
    fleet.box.git(clone, 'log', '--format=%s', REF).trim().split('\n');

  it('goes over with every claim, decides there, and comes back', async () => {
    const fleet = await two();
    const { as, clone, other, box } = fleet;
    const before = await as('maya', ['claim', 'src/api', '--json']);
    const moved = await as('maya', ['init', '--store', 'etcd', '--json']);
    expect(moved.json().data.store).toEqual({
      place: { cluster: await cluster.id(), prefix: expect.stringMatching(/^\/coord\/.+-[0-9a-f]{6}$/) },
      moved: true,
    });
    expect(JSON.parse(readFileSync(`${clone}/coord.config.json`, 'utf8')).store.etcd).toEqual(
      moved.json().data.store.place,
    );
    const refused = await as('noor', ['claim', 'src/api/users.ts', '--json'], { cwd: other });
    expect(refused.code).toBe(3);
    const granted = await as('noor', ['claim', 'src/web', '--json'], { cwd: other });
    expect(granted.json().data.claims[0].token).toBeGreaterThan(before.json().data.claims[0].token);
    expect((await as('maya', ['init', '--store', 'etcd'])).stderr).toBe('');
    const back = await as('noor', ['init', '--store', 'git', '--json'], { cwd: other });
    expect(back.json().data.store).toEqual({ place: null, moved: true });
    expect(readFileSync(`${other}/coord.config.json`, 'utf8')).not.toContain('"store"');
    expect((await as('maya', ['claim', 'docs'])).code).toBe(0);
    for (const cwd of [clone, other]) {
      expect(holders(await as('maya', ['status', '--json'], { cwd }))).toEqual({
        ...{ 'src/api/**': 'maya', 'src/web': 'noor', docs: 'maya' },
      });
    }
    expect(there(fleet)).toBe(box.git(clone, 'rev-parse', REF).trim());
    // And over once more, to the same place, which it had left.
    expect((await as('maya', ['init', '--store', 'etcd', '--prefix', moved.json().data.store.place.prefix])).code).toBe(
      0,
    );
    expect((await as('noor', ['claim', 'rules'], { cwd: other })).code).toBe(0);
    expect(holders(await as('maya', ['status', '--json']))).toMatchObject({ 'src/api/**': 'maya', 'rules/**': 'noor' });
  });

  it('takes no write in the old store after the move, and loses none before it, while many write', async () => {
    const fleet = await two();
    const { as, clone, other } = fleet;
    const granted: string[] = [];
    const failures: string[] = [];
    let isOver = false;
    const writer = async (name: string, cwd: string): Promise<void> => {
      for (let round = 0; !isOver; round += 1) {
        const path = `src/${name}/${round}.ts`;
        const { code, stderr } = await as(name, ['claim', path], { cwd });
        if (code !== 0) failures.push(stderr);
        if (failures.length > 0) return;
        granted.push(path);
      }
    };
    const writers = Promise.all(
      ['a', 'b', 'c', 'd'].map((name, index) => writer(name, index % 2 === 0 ? clone : other)),
    );
    for (const store of ['etcd', 'git', 'etcd', 'git']) {
      const seen = granted.length;
      expect(await as('maya', ['init', '--store', store])).toMatchObject({ code: 0 });
      while (granted.length < seen + 4 && failures.length === 0) await Promise.race([writers, delay(20)]);
    }
    isOver = true;
    await writers;
    expect(failures).toEqual([]);
    const status = await as('maya', ['status', '--json']);
    expect(Object.keys(holders(status)).sort()).toEqual([...granted].sort());
    const tokens = status.json().data.claims.map(({ token }: { token: number }) => token);
    expect(new Set(tokens).size).toBe(granted.length);
    // One line of commits: whatever was written in either store follows what was written before.
    const lines = subjects(fleet, clone);
    expect(lines.filter((line) => line.startsWith('move the state')).length).toBe(4);
    const claims = lines.flatMap((line) => line.match(/claim (\S+) by/g) ?? []);
    expect(claims.length).toBe(granted.length);
    expect(there(fleet)).toBe(fleet.box.git(clone, 'rev-parse', REF).trim());
  });

  it('is not gone round by a clone that has no address of it', async () => {
    const fleet = await two();
    const { as, box } = fleet;
    await as('maya', ['init', '--store', 'etcd']);
    await as('maya', ['claim', 'src/api']);
    const blind = box.clone(fleet.remote);
    const before = there(fleet);
    for (const verb of [['claim', 'src/web'], ['status'], ['release', '--all']]) {
      const result = await as('noor', [...verb, '--json'], { cwd: blind });
      expect([verb, result.code, result.json().error.details.reason]).toEqual([verb, 7, 'etcd-no-address']);
      expect(result.json().error.hint).toContain('git config coord.etcd.endpoints');
    }
    expect(there(fleet)).toBe(before);
    const read = await as('noor', ['status', '--no-fetch', '--json'], { cwd: blind });
    expect(holders(read)).toEqual({ 'src/api/**': 'maya' });
    const env = { COORD_ETCD_ENDPOINTS: cluster.endpoints };
    expect((await as('noor', ['claim', 'src/web'], { cwd: blind, env })).code).toBe(0);
  });

  it('refuses another cluster, another prefix than the main branch has, and another state at its prefix', async () => {
    const fleet = await two();
    const { as, box, clone, other } = fleet;
    const { prefix } = (await as('maya', ['init', '--store', 'etcd', '--json'])).json().data.store.place;
    const elsewhere = await EtcdCluster.start();
    try {
      const env = { COORD_ETCD_ENDPOINTS: elsewhere.endpoints };
      const result = await as('noor', ['claim', 'src/web', '--json'], { cwd: other, env });
      expect([result.code, result.json().error.details.reason]).toEqual([2, 'etcd-cluster']);
    } finally {
      elsewhere.stop();
    }
    const second = await two();
    const taken = await second.as('maya', ['init', '--store', 'etcd', '--prefix', prefix]);
    expect([taken.code, taken.stderr]).toEqual([2, expect.stringContaining('holds another state')]);
    expect((await second.as('maya', ['claim', 'src/web'])).code).toBe(0);
    const config = JSON.parse(readFileSync(`${clone}/coord.config.json`, 'utf8'));
    config.store.etcd.prefix = '/coord/another';
    box.commit(clone, 'coord.config.json', JSON.stringify(config));
    box.git(clone, 'push', '--quiet', 'origin', 'HEAD:main');
    const misled = await as('maya', ['claim', 'src/web', '--json']);
    expect([misled.code, misled.json().error.details.reason]).toEqual([2, 'authority']);
  });

  it('goes on where the move was cut off, on both ways', async () => {
    const fleet = await two();
    const { as, box, clone, other, remote } = fleet;
    const { prefix } = (await as('maya', ['init', '--store', 'etcd', '--json'])).json().data.store.place;
    // Killed before the head was made: git says that etcd decides, and etcd has nothing yet.
    await cluster.client().transact([{ remove: prefix, to: `${prefix}0` }]);
    expect((await as('noor', ['claim', 'src/web'], { cwd: other })).code).toBe(0);
    // Killed before git had the last commit of etcd's: the remote takes nothing for a while.
    box.git(remote, 'config', 'core.hooksPath', box.path('closed'));
    box.write(box.path('closed'), 'update', '#!/bin/sh\nexit 1\n');
    box.git(box.path('closed'), 'init', '--quiet');
    chmodSync(box.path('closed', 'update'), 0o755);
    const cut = await as('maya', ['init', '--store', 'git', '--json']);
    expect([cut.code, cut.json().error.details.reason]).toEqual([7, 'mirror']);
    expect((await as('noor', ['claim', 'docs', '--json'], { cwd: other })).code).toBe(7);
    box.git(remote, 'config', '--unset', 'core.hooksPath');
    expect((await as('noor', ['claim', 'docs'], { cwd: other })).code).toBe(0);
    expect(subjects(fleet, other)[1]).toBe('move the state back to git');
    expect(there(fleet)).toBe(box.git(other, 'rev-parse', REF).trim());
    expect((await as('maya', ['claim', 'docs'])).code).toBe(3);
    expect(holders(await as('maya', ['status', '--json']))).toEqual({ 'src/web': 'noor', docs: 'noor' });
    expect(clone).not.toBe(other);
  });

  it('lands in two steps, says so, and is audited by the mirror as far as that goes', async () => {
    const fleet = await two();
    const { as, box, clone, remote } = fleet;
    await as('maya', ['init', '--store', 'etcd']);
    box.git(clone, 'commit', '--quiet', '--all', '--message', 'let etcd decide');
    box.git(clone, 'push', '--quiet', 'origin', 'HEAD:main');
    await as('maya', ['claim', 'src/api']);
    box.commit(clone, 'src/api/users.ts', 'paginated\n');
    const steps = 'in two steps: origin/main under the turn to land, then the claims at etcd; no push moves both';
    expect((await as('maya', ['land', '--dry-run'])).stdout).toContain(steps);
    const landed = await as('maya', ['land']);
    expect([landed.code, landed.stdout]).toEqual([0, expect.stringContaining(steps)]);
    expect(box.git(remote, 'rev-parse', 'main')).toBe(box.git(clone, 'rev-parse', 'HEAD'));
    expect(holders(await as('maya', ['status', '--json']))).toEqual({});
    // What landed is in the mirror at once, for CI, which knows no address.
    const ci = box.clone(remote);
    expect(await as('ci', ['audit', 'HEAD'], { cwd: ci })).toMatchObject({ code: 0 });
    box.write(ci, 'src/web.ts', 'x');
    box.git(ci, 'add', '.');
    box.git(ci, 'commit', '--quiet', '--message', 'now');
    const ahead = await as('ci', ['audit', 'HEAD', '--json'], { cwd: ci });
    expect([ahead.code, ahead.json().error.details.summary.unknown]).toEqual([7, 1]);
    expect(ahead.json().error.hint).toContain('coord doctor --fix');
    // The same commit is a finding for whoever can ask etcd.
    const env = { COORD_ETCD_ENDPOINTS: cluster.endpoints };
    expect((await as('ci', ['audit', 'HEAD'], { cwd: ci, env })).code).toBe(4);
  });
});
