// Many clones work on one remote at the same time. Every acknowledged operation must stand in the branch's history
// exactly once, and no ground may be held by two. Prints retries an operation and times; any wrong is exit 1.
//   node scripts/stress-clones.mjs [--clones 8] [--operations 50] [--over path|http]
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: {
    clones: { type: 'string', default: '8' },
    operations: { type: 'string', default: '50' },
    over: { type: 'string', default: 'path' },
  },
});
const CLONES = Number(options.clones);
const OPERATIONS = Number(options.operations);
/** Ground that all want; every other target is a clone's own. */
const CONTESTED = 4;

const program = fileURLToPath(new URL('../bin/coord.js', import.meta.url));
const place = realpathSync(mkdtempSync(join(tmpdir(), 'coord-stress-')));
const env = { PATH: process.env.PATH ?? '', HOME: join(place, 'home'), TMPDIR: place, GIT_CONFIG_NOSYSTEM: '1' };
const servers = [];

try {
  process.exitCode = await stress();
} finally {
  for (const server of servers) server.close();
  rmSync(place, { recursive: true, force: true, maxRetries: 5 });
}

async function stress() {
  const remote = await setUp();
  const started = performance.now();
  const done = (await Promise.all(Array.from({ length: CLONES }, (_, index) => work(index)))).flat();
  const seconds = (performance.now() - started) / 1000;
  const problems = [...done.flatMap(({ problem }) => problem ?? []), ...check(remote, done)];
  report(done, seconds);
  for (const problem of problems) console.error(`WRONG: ${problem}`);
  console.log(problems.length === 0 ? 'all in order' : `${problems.length} problems`);
  return problems.length === 0 ? 0 : 1;
}

async function setUp() {
  mkdirSync(env.HOME);
  writeFileSync(
    join(env.HOME, '.gitconfig'),
    '[user]\n\tname = Stress\n\temail = stress@coord.example\n[init]\n\tdefaultBranch = main\n',
  );
  const remote = join(place, 'fleet.git');
  git(place, 'init', '--quiet', '--bare', remote);
  const seed = join(place, 'seed');
  git(place, 'clone', '--quiet', remote, seed);
  git(seed, 'commit', '--quiet', '--allow-empty', '--message', 'begin');
  git(seed, 'push', '--quiet', 'origin', 'HEAD:main');
  const url = options.over === 'http' ? await serve() : remote;
  for (let index = 0; index < CLONES; index += 1) {
    const clone = cloneOf(index);
    git(place, 'clone', '--quiet', remote, clone);
    git(clone, 'remote', 'set-url', 'origin', url);
    const { code, stderr } = await coord(index, ['init']);
    if (code !== 0) throw new Error(`coord init: exit ${code}\n${stderr}`);
    watchPushes(index);
  }
  return remote;
}

/** What one clone does, one command after the other: claims its own and contested ground, notes, and gives all back. */
async function work(index) {
  const done = [];
  for (let turn = 0; turn < OPERATIONS; turn += 1) {
    const contested = `shared/${turn % CONTESTED}`;
    const command = [
      ['claim', `own/${index}/${turn}`],
      ['claim', contested],
      ['note', `turn ${turn} of clone ${index}`],
      ['release', '--all'],
      ['claim', contested, `own/${index}/${turn}`],
    ][turn % 5];
    const pushes = pushesOf(index);
    const started = performance.now();
    const { code, stdout, stderr } = await coord(index, [...command, '--json']);
    const ms = performance.now() - started;
    const expected = command.includes(contested) ? [0, 3] : [0];
    const problem = expected.includes(code)
      ? undefined
      : `clone ${index}: ${command.join(' ')}: exit ${code}\n${stderr}${stdout}`;
    done.push({ index, command, code, ms, pushes: pushesOf(index) - pushes, answer: parse(stdout), problem });
  }
  return done;
}

/** Compares what was answered with the first-parent history of the branch, its total order. */
function check(remote, done) {
  const problems = [];
  const log = git(remote, 'log', '--first-parent', '--reverse', '--format=%B%x00', 'refs/coord/state');
  const events = log.split('\0').flatMap((message) =>
    message
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map(parse),
  );
  const seen = new Map();
  for (const event of events) seen.set(event.id, (seen.get(event.id) ?? 0) + 1);
  for (const [id, times] of seen) if (times > 1) problems.push(`event ${id} stands there ${times} times`);
  const merges = git(remote, 'rev-list', '--count', '--min-parents=2', 'refs/coord/state');
  if (merges !== '0') problems.push(`${merges} merges`);
  const count = (type, test) => events.filter((event) => event.type === type && test(event)).length;
  for (const one of done) {
    if (one.code !== 0) continue;
    for (const { what, times } of effectsOf(one.answer?.data ?? {}, count)) {
      if (times !== 1)
        problems.push(`clone ${one.index}: ${one.command.join(' ')}: ${what} stands there ${times} times`);
    }
  }
  return [...problems, ...doubleGrants(events)];
}

/** What an answer promised, each with how often the history has it. */
function effectsOf({ claims = [], released = [], notes = [] }, count) {
  return [
    ...claims.map(({ id, token }) => ({
      what: `claim ${id}`,
      times: count('claim.granted', (event) => event.claim === id && event.token === token),
    })),
    ...released.map(({ id }) => ({
      what: `the release of ${id}`,
      times: count('claim.released', (event) => event.claim === id),
    })),
    ...notes.map(({ id }) => ({ what: `note ${id}`, times: count('note.added', (event) => event.note === id) })),
  ];
}

/** Replays the history: at no time may two hold one target, and tokens only grow. */
function doubleGrants(events) {
  const problems = [];
  const holders = new Map();
  let last = 0;
  for (const { type, target, claim, token, agent } of events) {
    if (type === 'claim.granted') {
      const holder = holders.get(target);
      if (holder) problems.push(`${target} was granted to ${agent} while ${holder.agent} held it`);
      if (token <= last) problems.push(`token ${token} of ${target} does not exceed ${last}`);
      last = Math.max(last, token);
      holders.set(target, { claim, agent });
    } else if (['claim.released', 'claim.expired', 'claim.lost'].includes(type)) {
      if (holders.get(target)?.claim !== claim) problems.push(`${type} of ${target} by ${agent}, who does not hold it`);
      holders.delete(target);
    }
  }
  return problems;
}

function report(done, seconds) {
  const writes = done.filter(({ code }) => code === 0);
  const refused = done.filter(({ code }) => code === 3);
  const retries = writes.reduce((sum, { pushes }) => sum + Math.max(0, pushes - 1), 0);
  const all = done.map(({ ms }) => ms).sort((a, b) => a - b);
  const at = (share) => `${Math.round(all[Math.min(all.length - 1, Math.floor(all.length * share))])} ms`;
  const slowest = Array.from({ length: CLONES }, (_, index) => {
    const own = done.filter((one) => one.index === index);
    return own.reduce((sum, { ms }) => sum + ms, 0) / own.length;
  }).sort((a, b) => a - b);
  console.log(
    `${CLONES} clones × ${OPERATIONS} operations over ${options.over}, ${cpus().length} cores: ${seconds.toFixed(1)} s`,
  );
  console.log(`  acknowledged ${writes.length} (${(writes.length / seconds).toFixed(1)}/s), refused ${refused.length}`);
  console.log(
    `  lost pushes an acknowledged operation: ${(retries / writes.length).toFixed(2)}, most ${Math.max(...writes.map(({ pushes }) => pushes)) - 1}`,
  );
  console.log(`  p50 ${at(0.5)}, p90 ${at(0.9)}, p99 ${at(0.99)}, longest ${at(1)}`);
  console.log(
    `  mean of the luckiest clone ${Math.round(slowest[0])} ms, of the unluckiest ${Math.round(slowest.at(-1))} ms`,
  );
}

function cloneOf(index) {
  return join(place, `clone-${index}`);
}

function coord(index, args) {
  return new Promise((resolve) => {
    const path = `${join(place, `watched-${index}`)}:${env.PATH}`;
    const child = spawn(process.execPath, [program, ...args], {
      cwd: cloneOf(index),
      env: { ...env, PATH: path, COORD_AGENT: `agent${index}` },
    });
    const text = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'])
      child[name].setEncoding('utf8').on('data', (chunk) => (text[name] += chunk));
    child.on('close', (code) => resolve({ code, ...text }));
  });
}

/** From now on, each push of this clone leaves a line in a file. */
function watchPushes(index) {
  const folder = join(place, `watched-${index}`);
  mkdirSync(folder);
  writeFileSync(join(folder, 'pushes'), '');
  const script = `#!/bin/sh\ncase " $* " in *' push '*) echo >> '${folder}/pushes';; esac\nPATH='${env.PATH}' exec git "$@"\n`;
  writeFileSync(join(folder, 'git'), script);
  chmodSync(join(folder, 'git'), 0o755);
}

function pushesOf(index) {
  return readFileSync(join(place, `watched-${index}`, 'pushes'), 'utf8').length;
}

function git(cwd, ...args) {
  const { status, stdout, stderr } = spawnSync('git', args, { cwd, env, encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (status !== 0) throw new Error(`git ${args.join(' ')}: exit ${status}\n${stderr}`);
  return stdout.trimEnd();
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Serves the folder by `git http-backend`; returns the repository's address. */
async function serve() {
  const server = createServer((request, response) => {
    const [path, query = ''] = request.url.split('?');
    const {
      'content-type': type = '',
      'content-encoding': encoding = '',
      'git-protocol': protocol = '',
    } = request.headers;
    const cgi = spawn('git', ['-c', 'http.receivepack=true', 'http-backend'], {
      env: {
        ...env,
        ...{ GIT_PROJECT_ROOT: dirname(join(place, 'fleet.git')), GIT_HTTP_EXPORT_ALL: '1', PATH_INFO: path },
        ...{ QUERY_STRING: query, REQUEST_METHOD: request.method, CONTENT_TYPE: type, GIT_PROTOCOL: protocol },
        HTTP_CONTENT_ENCODING: encoding,
      },
    });
    request.pipe(cgi.stdin);
    const chunks = [];
    cgi.stdout.on('data', (chunk) => chunks.push(chunk));
    cgi.on('close', () => {
      const answer = Buffer.concat(chunks);
      const end = answer.indexOf('\r\n\r\n');
      const lines = answer.toString('latin1', 0, end).split('\r\n');
      const status = Number(lines.find((line) => line.startsWith('Status:'))?.slice(8, 11) ?? 200);
      const headers = lines.filter((line) => !line.startsWith('Status:')).map((line) => line.split(/: (.*)/, 2));
      response.writeHead(status, Object.fromEntries(headers)).end(answer.subarray(end + 4));
    });
  });
  servers.push(server);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${server.address().port}/fleet.git`;
}
