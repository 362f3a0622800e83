import { spawnSync } from 'node:child_process';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { Keys } from '../../src/store/etcd/place.js';
import { type Certificates, EtcdCluster, type EtcdOptions, HAS_ETCD } from '../support/etcd.js';
import { type SharedFleet, sharedFleet } from '../support/fleet.js';
import { coordInProcess } from '../support/in-process.js';
import { killedAfter } from '../support/killing.js';
import type { CoordResult } from '../support/sandbox.js';
import { sized, tally } from './support/battery.js';
import { checkBranch } from './support/history/check.js';
import { Recorder } from './support/history/client.js';
import { playWorkload } from './support/history/workload.js';

type Run = (agent: string, args: readonly string[], cwd?: string, env?: Record<string, string>) => Promise<CoordResult>;

interface Rig extends SharedFleet {
  readonly cluster: EtcdCluster;
  readonly other: string;
  readonly prefix: string;
  /** Runs coord in this process. */
  readonly run: Run;
}

/** Two clones whose state is in a cluster of its own, or in this one. */
async function rig(given: EtcdOptions | EtcdCluster = {}): Promise<Rig> {
  const cluster = given instanceof EtcdCluster ? given : await EtcdCluster.start(given);
  if (!(given instanceof EtcdCluster)) onTestFinished(() => cluster.stop());
  const fleet = await sharedFleet();
  const other = fleet.box.clone(fleet.remote);
  for (const clone of [fleet.clone, other]) fleet.box.git(clone, 'config', 'coord.etcd.endpoints', cluster.endpoints);
  const run: Run = (agent, args, cwd = fleet.clone, env = {}) =>
    coordInProcess(fleet.box, cwd, args, { env: { COORD_AGENT: agent, ...env } });
  const moved = await run('boss', ['init', '--store', 'etcd', '--json'], fleet.clone, tlsEnv(cluster));
  expect(moved).toMatchObject({ code: 0 });
  return { ...fleet, other, cluster, run, prefix: moved.json().data.store.place.prefix };
}

function tlsEnv({ options: { tls } }: EtcdCluster): Record<string, string> {
  return tls ? { COORD_ETCD_CA: tls.ca, COORD_ETCD_CERT: tls.cert, COORD_ETCD_KEY: tls.key } : {};
}

const reasonOf = (result: CoordResult) => [result.code, result.json().error?.details.reason];
const targets = (result: CoordResult) =>
  result
    .json()
    .data.claims.map(({ target }: { target: string }) => target)
    .sort();

/** Stands before an etcd, and loses what it is told to lose. */
async function door(cluster: EtcdCluster) {
  const plan: ('cut' | 'unsaid' | 'gone')[] = [];
  let isGone = false;
  const server = createServer((from, answer) => {
    const chunks: Buffer[] = [];
    from.on('data', (chunk: Buffer) => chunks.push(chunk));
    from.on('end', () => {
      const body = Buffer.concat(chunks);
      const writes = body.includes('request_put');
      const how = writes ? plan.shift() : undefined;
      if (how === 'cut' || isGone) {
        from.socket.destroy();
        return;
      }
      const to = new URL(from.url ?? '', cluster.endpoints.split(',')[0]);
      const asked = request(to, { method: 'POST', headers: { 'content-type': 'application/json' } }, (said) => {
        if (how === 'unsaid' || how === 'gone') {
          isGone = how === 'gone';
          said.resume();
          from.socket.destroy();
          return;
        }
        answer.writeHead(said.statusCode ?? 500, { 'content-type': 'application/json' });
        said.pipe(answer);
      });
      asked.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { plan, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

describe.skipIf(!HAS_ETCD)('etcd, broken', () => {
  let shared: EtcdCluster;
  beforeAll(async () => {
    shared = await EtcdCluster.start();
  });
  afterAll(() => shared.stop());

  it('loses no claim and grants none twice while members and clients are killed, and cut off', async () => {
    const { box, clone, other, cluster, as, run } = await rig({ members: 3 });
    let killed = 0;
    let count = 0;
    const recorder = new Recorder(
      async (agent, args) => {
        count += 1;
        const cwd = agent.endsWith('0') || agent.endsWith('2') ? clone : other;
        // Every ninth is killed somewhere on the way.
        if (count % 9 !== 0) return as(agent, args, { cwd });
        const result = await killedAfter(box, cwd, agent, args, 60 + (count % 7) * 30);
        if (result === null) killed += 1;
        return result;
      },
      Date.now,
      false,
    );
    let isOver = false;
    let faults = 0;
    const break_ = async () => {
      while (!isOver) {
        const victim = Math.max(0, await cluster.leader());
        faults += 1;
        if (faults % 2 === 0) cluster.kill(victim);
        else cluster.pause(victim);
        await delay(1_500);
        if (faults % 2 === 0) cluster.run(victim);
        else cluster.resume(victim);
        await delay(1_500);
      }
    };
    const breaking = break_();
    await playWorkload(recorder, { agents: 4, operations: sized(8, 150), seed: 7 });
    isOver = true;
    await breaking;
    await cluster.ready();
    expect((await run('boss', ['status'])).code).toBe(0);
    const checked = checkBranch(box, clone, recorder.calls);
    tally({
      test: 'etcd: what agents were told agrees with the history while members and clients are killed and stopped',
      tried: `${checked.calls} calls, ${checked.commits} commits, ${faults} faults of the leader, ${killed} clients killed`,
      bar: 'nothing that does not hold',
      figures: `${checked.grants} grants, ${checked.refused} refusals, ${checked.unknown} unknown`,
      failures: checked.problems,
    });
    expect(checked.grants).toBeGreaterThan(0);
    expect(faults).toBeGreaterThan(0);
  });

  it('says that it has no majority, grants nothing, and goes on when it has one again', async () => {
    const { cluster, run, other } = await rig({ members: 3 });
    await run('maya', ['claim', 'src/api']);
    for (const member of [0, 1]) cluster.pause(member);
    const refused = await run('noor', ['claim', 'src/web', '--json'], other);
    expect(refused.code).toBe(7);
    expect(refused.json().error.details.reason).toMatch(/^(etcd-silent|etcd-leaderless|unknown-outcome)$/);
    for (const member of [0, 1]) cluster.resume(member);
    await cluster.ready();
    expect((await run('noor', ['claim', 'src/web', '--json'], other)).code).toBe(0);
    expect(targets(await run('maya', ['status', '--json']))).toEqual(['src/api/**', 'src/web']);
  });

  it.each([
    ['before it was written', ['cut']],
    ['after it was written', ['unsaid']],
    ['again and again', ['cut', 'cut', 'cut', 'unsaid']],
  ] as const)('finds out what came of a write whose answer was lost %s', async (_, losses) => {
    const { box, clone, cluster, run } = await rig(shared);
    const { plan, url } = await door(cluster);
    const env = { COORD_ETCD_ENDPOINTS: url };
    plan.push(...losses);
    expect(await run('maya', ['note', 'once only', '--json'], clone, env)).toMatchObject({ code: 0 });
    expect(plan).toEqual([]);
    const subjects = box.git(clone, 'log', '--format=%s', 'refs/coord/state').split('\n');
    expect(subjects.filter((subject) => subject.includes('note'))).toHaveLength(1);
  });

  it('says unknown where it cannot find out, and the same command then does', async () => {
    const { clone, cluster, run, other } = await rig(shared);
    const { plan, url } = await door(cluster);
    plan.push('gone');
    const cut = await run('maya', ['note', 'once', '--json'], clone, { COORD_ETCD_ENDPOINTS: url });
    expect(reasonOf(cut)).toEqual([7, 'unknown-outcome']);
    const again = await run('maya', ['note', 'once', '--json'], clone);
    expect(again.code).toBe(0);
    const notes = (await run('noor', ['log', '--json'], other)).json().data.notes;
    expect(notes.filter(({ text }: { text: string }) => text === 'once')).toHaveLength(1);
  });

  it('is told that it is full, writes nothing, and goes on once it has been freed', async () => {
    const { cluster, run, clone } = await rig({ quota: 2 * 1024 * 1024 });
    const client = cluster.client();
    const junk = Buffer.alloc(200_000, 1);
    for (let round = 0; round < 30; round += 1) {
      const full = await client.transact([{ put: `/junk/${round}`, value: junk }]).then(
        () => false,
        () => true,
      );
      if (full) break;
    }
    const refused = await run('maya', ['claim', 'src/api', '--json']);
    expect(reasonOf(refused)).toEqual([7, 'etcd-full']);
    expect(refused.json().error.hint).toContain('etcdctl');
    const doctor = await run('maya', ['doctor', '--strict', '--json']);
    expect(JSON.stringify(doctor.json())).toContain('alarm NOSPACE');
    await post(cluster, 'kv/deleterange', { key: b64('/junk/'), range_end: b64('/junk0') });
    await compact(cluster);
    await post(cluster, 'maintenance/defragment', {});
    const { alarms } = (await post(cluster, 'maintenance/alarm', { action: 'GET' })) as { alarms: object[] };
    for (const alarm of alarms) await post(cluster, 'maintenance/alarm', { action: 'DEACTIVATE', ...alarm });
    expect(await run('maya', ['claim', 'src/api'], clone)).toMatchObject({ code: 0 });
  });

  it('follows over a compaction of etcd, and over changes that etcd has let go of', async () => {
    const { cluster, run, other, prefix } = await rig(shared);
    const keys = new Keys(prefix);
    for (const path of ['a', 'b', 'c']) await run('maya', ['claim', path]);
    await compact(cluster);
    expect(targets(await run('noor', ['status', '--json'], other))).toEqual(['a', 'b', 'c']);
    for (const path of ['d', 'e']) await run('maya', ['claim', path]);
    await cluster.client().transact([{ remove: keys.after(-1), to: keys.end }]);
    // The mirror is behind: nothing is made up.
    expect(reasonOf(await run('noor', ['claim', 'x', '--json'], other))).toEqual([7, 'mirror-behind']);
    expect((await run('maya', ['doctor', '--fix'])).stdout).toContain('the mirror on origin has all');
    expect((await run('noor', ['claim', 'x', '--json'], other)).code).toBe(0);
    expect(targets(await run('maya', ['status', '--json']))).toEqual(['a', 'b', 'c', 'd', 'e', 'x']);
  });

  it('refuses an etcd that was put back to an older state, or emptied', async () => {
    const { cluster, run, prefix } = await rig(shared);
    const keys = new Keys(prefix);
    await run('maya', ['claim', 'a']);
    const { found } = await cluster.client().transact([{ get: keys.head }]);
    await run('maya', ['claim', 'b']);
    await cluster.client().transact([{ put: keys.head, value: found[0]?.[0]?.value ?? Buffer.alloc(0) }]);
    expect(reasonOf(await run('maya', ['claim', 'c', '--json']))).toEqual([8, 'etcd-rewound']);
    await cluster.client().transact([{ remove: keys.head, to: `${keys.head}\0` }]);
    expect(reasonOf(await run('maya', ['claim', 'c', '--json']))).toEqual([8, 'etcd-gone']);
  });

  it('writes more records than one transaction holds, all or none', async () => {
    const { box, clone, other, run } = await rig(shared);
    const tasks = Array.from({ length: 700 }, (_, index) =>
      JSON.stringify({ title: `task ${index}`, text: 'x'.repeat(2_000) }),
    );
    box.write(clone, 'tasks.jsonl', `${tasks.join('\n')}\n`);
    expect(await run('boss', ['task', 'add', '--from', 'tasks.jsonl', '--json'])).toMatchObject({ code: 0 });
    const listed = await run('noor', ['task', 'list', '--json'], other);
    expect(listed.json().data.tasks).toHaveLength(700);
  });

  it('speaks TLS with an authority of its own, and names what is missing', async () => {
    const tls = certificates((await sharedFleet()).box.path('pki'));
    const { run, clone } = await rig({ tls });
    const env = { COORD_ETCD_CA: tls.ca, COORD_ETCD_CERT: tls.cert, COORD_ETCD_KEY: tls.key };
    expect(await run('maya', ['claim', 'a'], clone, env)).toMatchObject({ code: 0 });
    const bare = await run('maya', ['claim', 'b', '--json']);
    expect(reasonOf(bare)).toEqual([7, 'etcd-certificate']);
    expect(bare.json().error.hint).toContain('coord.etcd.ca');
  });

  it('logs in as a user, tells a wrong password from a missing right, and shows neither name nor password', async () => {
    const { run, cluster, prefix, box, clone, other } = await rig();
    for (const [path, body] of [
      ['auth/user/add', { name: 'root', password: 'r' }],
      ['auth/role/add', { name: 'root' }],
      ['auth/user/grant', { user: 'root', role: 'root' }],
      ['auth/user/add', { name: 'fleet', password: 'hunter2-secret' }],
      ['auth/user/add', { name: 'reader', password: 'hunter3-secret' }],
      ...['fleet', 'reader'].flatMap((name) => [
        ['auth/role/add', { name }] as const,
        ['auth/user/grant', { user: name, role: name }] as const,
        [
          'auth/role/grant',
          {
            name,
            perm: {
              permType: name === 'fleet' ? 'READWRITE' : 'READ',
              key: b64(`${prefix}/`),
              range_end: b64(`${prefix}0`),
            },
          },
        ] as const,
      ]),
      ['auth/enable', {}],
    ] as const)
      await post(cluster, path, body);
    const as = (user: string, password: string) => ({ COORD_ETCD_USER: user, COORD_ETCD_PASSWORD: password });
    const results = [
      await run('maya', ['claim', 'a', '--json']),
      await run('maya', ['claim', 'a', '--json'], clone, as('fleet', 'wrong-secret')),
      await run('maya', ['claim', 'a', '--json'], clone, as('reader', 'hunter3-secret')),
    ];
    expect(results.map(reasonOf)).toEqual([
      [7, 'etcd-login'],
      [7, 'etcd-login'],
      [6, 'etcd-forbidden'],
    ]);
    for (const { stdout, stderr } of results) expect(`${stdout}${stderr}`).not.toMatch(/secret|reader/);
    expect(await run('maya', ['claim', 'a', '--json'], clone, as('fleet', 'hunter2-secret'))).toMatchObject({
      code: 0,
    });
    box.git(other, 'config', 'coord.etcd.user', 'fleet');
    box.git(other, 'config', 'coord.etcd.password', 'hunter2-secret');
    expect(await run('noor', ['claim', 'b', '--json'], other)).toMatchObject({ code: 0 });
  });
});

const b64 = (text: string) => Buffer.from(text).toString('base64');

async function post(cluster: EtcdCluster, path: string, body: object): Promise<Record<string, unknown>> {
  const answer = await fetch(`${cluster.endpoints.split(',')[0]}/v3/${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
  });
  return (await answer.json()) as Record<string, unknown>;
}

async function compact(cluster: EtcdCluster): Promise<void> {
  const { revision } = await cluster.client().transact([]);
  await post(cluster, 'kv/compaction', { revision, physical: true });
}

/** A certificate authority, and one certificate of it for servers and clients. */
function certificates(folder: string): Certificates {
  const script = `set -e; mkdir -p ${folder}; cd ${folder}
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem
    openssl req -newkey rsa:2048 -nodes -subj /CN=etcd -keyout key.pem -out csr.pem
    printf 'subjectAltName=IP:127.0.0.1\\nextendedKeyUsage=serverAuth,clientAuth\\n' > ext
    openssl x509 -req -in csr.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out cert.pem`;
  const made = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(made.stderr);
  return { ca: `${folder}/ca.pem`, cert: `${folder}/cert.pem`, key: `${folder}/key.pem` };
}
