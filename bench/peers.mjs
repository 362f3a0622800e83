// What a user would pick instead, for one uncontended claim; each does less than coord does, and says what.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { git, run, timed } from './rig.mjs';

/** The peers that this machine has, as cases; `missing` names the others, and why. */
export async function peers(rig) {
  const made = await Promise.all([script(rig), sqlite(rig), redis(rig), etcd(rig), lfs(rig)]);
  return {
    cases: made.flatMap(({ time, name }) => (time ? [{ name, time }] : [])),
    missing: made.flatMap(({ time, name, why }) => (time ? [] : [`${name}: ${why}`])),
    stop: () => made.map(({ stop }) => stop?.()),
  };
}

const SCRIPT = `#!/bin/sh
# A lease on a path as one line of JSON on a branch of its own: lock, read, decide, write, compare-and-swap.
set -eu
exec 9>"$1/.git/claims.lock"
flock 9
cd "$1"
tip=$(git rev-parse refs/heads/claims)
state=$(git cat-file blob "$tip:claims.json")
new=$(printf %s "$state" | jq -c --arg path "$2" --arg agent "$3" \\
  'if any(.[]; .path == $path and .agent != $agent) then error("held") else . + [{path: $path, agent: $agent}] end')
blob=$(printf %s "$new" | git hash-object -w --stdin)
tree=$(printf '100644 blob %s\\tclaims.json\\n' "$blob" | git mktree)
commit=$(git commit-tree "$tree" -p "$tip" -m "claim $2 by $3")
git update-ref refs/heads/claims "$commit" "$tip"
`;

/** No time to live, no globs, no queue, no sessions. */
function script(rig) {
  const name = 'flock + jq + git script';
  if (!has('flock') || !has('jq')) return { name, why: 'flock or jq is not here' };
  const clone = join(rig.place, 'script');
  git(rig, rig.place, 'init', '--quiet', clone);
  const path = join(rig.place, 'claim.sh');
  writeFileSync(path, SCRIPT, { mode: 0o755 });
  const blob = run(rig, clone, 'git', ['hash-object', '-w', '--stdin'], { input: '[]' }).trim();
  const tree = run(rig, clone, 'git', ['mktree'], { input: `100644 blob ${blob}\tclaims.json\n` }).trim();
  git(rig, clone, 'update-ref', 'refs/heads/claims', git(rig, clone, 'commit-tree', tree, '-m', 'begin'));
  return { name, time: (round) => timed(rig, clone, path, [clone, `src/${round}.ts`, 'bench']) };
}

/** One host, no history, no overlap of paths. */
function sqlite(rig) {
  const name = 'sqlite3';
  if (!has('sqlite3')) return { name, why: 'not here' };
  const file = join(rig.place, 'claims.db');
  run(rig, rig.place, 'sqlite3', [file, 'CREATE TABLE claims (path TEXT PRIMARY KEY, agent TEXT)']);
  const sql = (round) => `BEGIN IMMEDIATE; INSERT INTO claims VALUES ('src/${round}.ts', 'bench'); COMMIT`;
  return { name, time: (round) => timed(rig, rig.place, 'sqlite3', [file, sql(round)]) };
}

/** A server to run, no history, no overlap of paths. */
async function redis(rig) {
  const name = 'redis-cli SET NX PX';
  if (!has('redis-server') || !has('redis-cli')) return { name, why: 'no redis-server and redis-cli here' };
  const socket = join(rig.place, 'redis.sock');
  const server = spawn('redis-server', ['--port', '0', '--unixsocket', socket, '--save', '', '--dir', rig.place], {
    stdio: 'ignore',
  });
  await until(() => existsSync(socket));
  const args = (round) => ['-s', socket, 'SET', `src/${round}.ts`, 'bench', 'NX', 'PX', '1800000'];
  return { name, time: (round) => timed(rig, rig.place, 'redis-cli', args(round)), stop: () => server.kill() };
}

/** A server to run, no overlap of paths. */
async function etcd(rig) {
  const name = 'etcdctl txn';
  if (!has('etcd') || !has('etcdctl')) return { name, why: 'no etcd server here' };
  const [client, peer] = ['unix://localhost:23790', 'unix://localhost:23800'];
  const server = spawn(
    'etcd',
    ['--data-dir', join(rig.place, 'etcd'), '--listen-client-urls', client, '--advertise-client-urls', client].concat([
      '--listen-peer-urls',
      peer,
      '--initial-advertise-peer-urls',
      peer,
      '--initial-cluster',
      `default=${peer}`,
    ]),
    { stdio: 'ignore', cwd: rig.place },
  );
  const env = { ...rig.env, ETCDCTL_API: '3' };
  const ask = (args, input) => spawnSync('etcdctl', ['--endpoints', client, ...args], { cwd: rig.place, env, input });
  await until(() => ask(['endpoint', 'health']).status === 0);
  const transaction = (round) => `create("src/${round}.ts") = "0"\n\nput src/${round}.ts bench\n\n\n`;
  const time = (round) =>
    timed(rig, rig.place, 'etcdctl', ['--endpoints', client, 'txn'], { env, input: transaction(round) });
  return { name, time, stop: () => server.kill() };
}

/** A server to run, whole files only; this one keeps nothing, so that what is measured is the client. */
async function lfs(rig) {
  const name = 'git lfs lock';
  if (spawnSync('git', ['lfs', 'version']).status !== 0) return { name, why: 'no git-lfs here' };
  const clone = join(rig.place, 'lfs');
  git(rig, rig.place, 'init', '--quiet', clone);
  // A process of its own: whoever measures waits for the client, and answers nobody.
  const server = spawn(process.execPath, ['--eval', LOCK_SERVER], { stdio: ['ignore', 'pipe', 'ignore'] });
  const port = await new Promise((resolve) => server.stdout.once('data', (text) => resolve(String(text).trim())));
  git(rig, clone, 'config', 'lfs.url', `http://127.0.0.1:${port}`);
  git(rig, clone, 'config', `lfs.http://127.0.0.1:${port}.access`, 'none');
  const time = (round) => {
    writeFileSync(join(clone, `${round}.bin`), '');
    return timed(rig, clone, 'git', ['lfs', 'lock', `${round}.bin`]);
  };
  return { name, time, stop: () => server.kill() };
}

/** Grants each lock that it is asked for, as the locking API of Git LFS has it. */
const LOCK_SERVER = `
  const server = require('node:http').createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => { body += chunk; });
    request.on('end', () => {
      const { path } = JSON.parse(body || '{}');
      const lock = { id: path, path, locked_at: new Date().toISOString(), owner: { name: 'bench' } };
      response.writeHead(201, { 'content-type': 'application/vnd.git-lfs+json' });
      response.end(JSON.stringify({ lock }));
    });
  });
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
`;

function has(program) {
  return spawnSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' }).status === 0;
}

async function until(check) {
  for (let tries = 0; tries < 100; tries += 1) {
    if (check()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('a server did not start');
}
