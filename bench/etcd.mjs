// Hosts that each have a clone and many agents, with git deciding and then etcd, on this machine in one run:
// node bench/etcd.mjs [--hosts 20] [--agents 10] [--seconds 60] [--claims 100000]. Needs the server `etcd`.
import { fork, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { quantile } from './measure.mjs';
import { git, makePlace, PROGRAM, run } from './rig.mjs';

const option = (name, usual) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? usual : Number(process.argv[at + 1]);
};

/** How long what is under way at the end may take. */
const GRACE_SECONDS = 20;

if (process.send) await beHost(JSON.parse(process.argv[2]));
else await compare();

/** One host: a process with its clone, whose agents claim a path, and release it, until it is enough. */
async function beHost({ directory, host, agents, seconds, claims, from }) {
  const { open } = await import('../bin/api.js');
  const began = performance.now();
  const isOver = (done) => (claims === null ? performance.now() - began > seconds * 1000 : done >= claims);
  const times = [];
  const failures = new Map();
  let done = 0;
  const work = async (number) => {
    const coord = open({ directory, agent: `h${host}a${number}`, session: `h${host}a${number}` });
    for (let count = from; !isOver(done); count += 1) {
      done += 1;
      // A resource: what is on disk at a release is not the question here.
      const path = `@h${host}/a${number}/${count}`;
      const started = performance.now();
      const answer = await coord.claim([path]);
      if (answer.ok) times.push(performance.now() - started);
      else failures.set(answer.refusal.message, (failures.get(answer.refusal.message) ?? 0) + 1);
      if (answer.ok) await coord.release([path]);
    }
  };
  const told = (open) => process.send({ times, failures: [...failures], open }, () => process.exit());
  // What has not ended by then is counted as open, and not waited for.
  if (claims === null) setTimeout(() => told(done - times.length), (seconds + GRACE_SECONDS) * 1000);
  await Promise.all(Array.from({ length: agents }, (_, number) => work(number)));
  told(0);
}

async function fleet(rig, clones, settings) {
  const began = performance.now();
  const answers = await Promise.all(
    clones.map(
      (directory, host) =>
        new Promise((resolve, reject) => {
          const child = fork(fileURLToPath(import.meta.url), [JSON.stringify({ directory, host, ...settings })], {
            // A place of its own, as another host has: clones of one host meet in a queue there.
            env: { ...rig.env, TMPDIR: directory },
          });
          child.on('message', resolve);
          child.on('error', reject);
        }),
    ),
  );
  const seconds = (performance.now() - began) / 1000;
  const times = answers.flatMap(({ times: some }) => some);
  const failures = answers.flatMap(({ failures: some }) => some);
  return {
    claims: times.length,
    perSecond: times.length / seconds,
    ...{ p50: quantile(times, 0.5), p99: quantile(times, 0.99), slowest: Math.max(...times), seconds },
    failed: failures.reduce((sum, [, count]) => sum + count, 0),
    open: answers.reduce((sum, { open: some }) => sum + some, 0),
    why: failures.slice(0, 3).map(([message]) => message),
  };
}

function told(name, { claims, perSecond, p50, p99, slowest, seconds, failed, open, why }) {
  const ms = (value) => `${Math.round(value)} ms`;
  console.log(
    `${name}: ${claims} claims in ${Math.round(seconds)} s, ${perSecond.toFixed(1)} a second, p50 ${ms(p50)}, p99 ${ms(p99)}, slowest ${ms(slowest)}, ${failed} failed, ${open} open ${why.join(' | ')}`,
  );
}

/** How the hosts took turns to write: commits in a row by one host, and the most that came between two of one host's own. */
function turnsSince(rig, clone, tip) {
  const log = git(rig, clone, 'log', '--reverse', '--format=%x00%B', `${tip}..refs/coord/state`);
  const hosts = log.split('\0').flatMap((body) => /"agent":"h(\d+)a/.exec(body)?.[1] ?? []);
  const last = new Map();
  let [row, longestRow, longestWait] = [0, 0, 0];
  for (const [index, host] of hosts.entries()) {
    row = hosts[index - 1] === host ? row + 1 : 1;
    longestRow = Math.max(longestRow, row);
    longestWait = Math.max(longestWait, index - (last.get(host) ?? -1) - 1);
    last.set(host, index);
  }
  return `${hosts.length} commits, at most ${longestRow} in a row by one host, and ${longestWait} by others between two of one`;
}

async function startEtcd(place) {
  const ports = [0, 1, 2].map((number) => [32_379 + 10 * number, 32_380 + 10 * number]);
  const cluster = ports.map(([, peer], number) => `m${number}=http://127.0.0.1:${peer}`).join(',');
  const members = ports.map(([client, peer], number) => {
    const args = [
      ...['--name', `m${number}`, '--data-dir', join(place, `etcd-${number}`), '--initial-cluster', cluster],
      ...[
        '--listen-client-urls',
        `http://127.0.0.1:${client}`,
        '--advertise-client-urls',
        `http://127.0.0.1:${client}`,
      ],
      ...[
        '--listen-peer-urls',
        `http://127.0.0.1:${peer}`,
        '--initial-advertise-peer-urls',
        `http://127.0.0.1:${peer}`,
      ],
      ...['--election-timeout', '5000', '--heartbeat-interval', '500', '--logger', 'zap', '--log-level', 'error'],
    ];
    return spawn('etcd', args, { stdio: 'ignore' });
  });
  await delay(8_000);
  const endpoints = ports.map(([client]) => `http://127.0.0.1:${client}`).join(',');
  const stop = () => {
    for (const member of members) member.kill('SIGKILL');
  };
  return { endpoints, stop };
}

async function compare() {
  const [hosts, agents] = [option('hosts', 20), option('agents', 10)];
  const [seconds, most] = [option('seconds', 60), option('claims', 100_000)];
  const rig = makePlace();
  const etcd = await startEtcd(rig.place);
  try {
    const remote = join(rig.place, 'remote.git');
    git(rig, rig.place, 'init', '--quiet', '--bare', remote);
    const clones = Array.from({ length: hosts }, (_, number) => join(rig.place, `host-${number}`));
    git(rig, rig.place, 'clone', '--quiet', remote, clones[0]);
    git(rig, clones[0], 'commit', '--quiet', '--allow-empty', '--message', 'begin');
    run(rig, clones[0], process.execPath, [PROGRAM, 'init']);
    git(rig, clones[0], 'add', '.');
    git(rig, clones[0], 'commit', '--quiet', '--message', 'set coord up');
    git(rig, clones[0], 'push', '--quiet', 'origin', 'main');
    for (const clone of clones.slice(1)) git(rig, rig.place, 'clone', '--quiet', remote, clone);
    for (const clone of clones) git(rig, clone, 'config', 'coord.etcd.endpoints', etcd.endpoints);
    console.log(
      `${hosts} hosts × ${agents} agents, node ${process.version}, ${readFileSync('/proc/loadavg', 'utf8').trim()}`,
    );
    const tips = [git(rig, clones[0], 'rev-parse', 'refs/coord/state')];
    const turns = () => {
      run(rig, clones[0], process.execPath, [PROGRAM, 'status']);
      console.log(turnsSince(rig, clones[0], tips.at(-1)));
      tips.push(git(rig, clones[0], 'rev-parse', 'refs/coord/state'));
    };
    told('git remote', await fleet(rig, clones, { agents, seconds, claims: null, from: 0 }));
    turns();
    run(rig, clones[0], process.execPath, [PROGRAM, 'init', '--store', 'etcd']);
    told('etcd', await fleet(rig, clones, { agents, seconds, claims: null, from: 1_000_000 }));
    turns();
    if (most > 0) {
      told(
        `etcd, ${most} claims`,
        await fleet(rig, clones, { agents, seconds, claims: most / hosts, from: 2_000_000 }),
      );
    }
    const status = JSON.parse(run(rig, clones[0], process.execPath, [PROGRAM, 'status', '--json']));
    console.log(`claims left: ${status.data.claims.length}`);
    console.log(
      run(rig, clones[0], process.execPath, [PROGRAM, 'doctor'])
        .split('\n')
        .filter((line) => /etcd|mirror/.test(line))
        .join('\n'),
    );
  } finally {
    etcd.stop();
    rig.remove();
  }
}
