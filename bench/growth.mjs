// How coord grows: a history of so many operations, decided and encoded by coord's own code and written by git fast-import,
// then what commands take on it, before and after it is compacted: node bench/growth.mjs [--operations 1000000] [--json]
// [--keep FOLDER]. docs/performance.md says what the figures mean.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { git, makePlace, PROGRAM, run, timed } from './rig.mjs';
import { printTable } from './table.mjs';

const REF = 'refs/coord/state';
const AGENTS = 20;
const PATHS = 60;
/** Seconds between two operations: a million of them are a year of a fleet that never sleeps. */
const PACE = 30;
/** Commits that a compaction leaves: two days of such a fleet, or a tenth of a short history. */
const keptOf = (count) => Math.min(5_760, Math.floor(count / 10));
const SEGMENT_BYTES = 64 * 1024;

const { values } = parseArgs({
  options: {
    operations: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '5' },
    json: { type: 'boolean' },
    keep: { type: 'string' },
  },
});
const operations = Number(values.operations);
const rounds = Number(values.rounds);
const KEPT = keptOf(operations);

/** The functions that decide and encode, as they stand in the sources. */
async function domain() {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const from = ['domain/decide', 'domain/model', 'domain/events', 'store/format/documents', 'store/format/commits'];
  const { outputFiles } = await build({
    stdin: { contents: from.map((name) => `export * from './src/${name}.ts';`).join('\n'), resolveDir: root },
    ...{ bundle: true, platform: 'node', format: 'cjs', write: false, logLevel: 'error' },
  });
  const module = { exports: {} };
  new Function('module', 'exports', 'require', outputFiles[0].text)(
    module,
    module.exports,
    createRequire(import.meta.url),
  );
  return module.exports;
}

/** A shared clone, set up, with one commit on its main branch that was made under a claim. */
function makeClone(rig) {
  const remote = join(rig.place, 'remote.git');
  const clone = join(rig.place, 'clone');
  git(rig, rig.place, 'init', '--quiet', '--bare', remote);
  git(rig, rig.place, 'clone', '--quiet', remote, clone);
  coord(rig, clone, ['init']);
  writeFileSync(join(clone, 'coord.config.json'), JSON.stringify({ share: true, surface: ['src/**'] }));
  git(rig, clone, 'add', '.');
  git(rig, clone, 'commit', '--quiet', '--message', 'set coord up');
  git(rig, clone, 'push', '--quiet', 'origin', 'main');
  return { remote, clone };
}

function coord(rig, cwd, args) {
  return run(rig, cwd, process.execPath, [PROGRAM, ...args]);
}

/** Writes the operations behind the state that is there: each decided on the one before, and a commit of its own. */
async function grow(rig, clone, count) {
  const api = await domain();
  const importing = spawn('git', ['fast-import', '--quiet', '--depth=250'], {
    cwd: clone,
    env: rig.env,
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  const ended = once(importing, 'close');
  const policy = {
    ...{ skewSeconds: 30, foldCase: false, lockOrder: 'detect', watched: null, requiredRules: null },
    ...{ tasks: { by: 'everybody', attempts: 3 }, surface: [], scratch: [] },
  };
  const head = git(rig, clone, 'rev-parse', 'HEAD');
  const tip = git(rig, clone, 'rev-parse', REF);
  let state = { ...api.EMPTY_STATE, lastToken: Date.now() - count * PACE * 1000 };
  let [segment, seed] = [0, 1];
  const random = () => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed / 2147483648;
  };
  const begin = Math.floor(Date.now() / 1000) - count * PACE;
  for (let number = 0; number < count; number += 1) {
    const now = new Date((begin + number * PACE) * 1000).toISOString();
    const base = {
      operation: `grow${number.toString(36)}`,
      agent: `agent${Math.floor(random() * AGENTS)}`,
      session: null,
      policy,
    };
    const held = state.claims.find(({ agent }) => agent === base.agent);
    const request = requestOf(base, held, number, head, random);
    const decision = api.decide(state, request, now);
    if (!decision.ok) continue;
    const events = api.numberEvents(base.operation, decision.events);
    const entry = { operation: base.operation, agent: base.agent, at: now, summary: decision.summary, events };
    const message = api
      .commitBody('', null, entry, [], { ref: REF })
      .toString('utf8')
      .split('\n\n')
      .slice(1)
      .join('\n\n');
    const next = decision.state;
    const files = [];
    if (next.claims !== state.claims || next.releases !== state.releases)
      files.push(['claims.json', api.encodeClaims(next, state)]);
    if (next.agents !== state.agents) files.push(['agents.json', api.DOCUMENTS.agents.encode(next.agents)]);
    let notes = next.notes;
    if (notes !== state.notes) {
      const whole = api.encodeLog(notes, segment);
      if (Buffer.byteLength(whole) > SEGMENT_BYTES) {
        files.push([`log/${state.notes[0].id}.jsonl`, api.encodeLog(state.notes, segment)]);
        segment += 1;
        notes = notes.slice(state.notes.length);
      }
      files.push(['log.jsonl', api.encodeLog(notes, segment)]);
    }
    state = { ...next, notes };
    const who = `${base.agent} <${base.agent}@coord.invalid> ${begin + number * PACE} +0000`;
    const parent = number === 0 ? `from ${tip}\n` : '';
    const changes = files
      .map(([path, text]) => `M 100644 inline ${path}\ndata ${Buffer.byteLength(text)}\n${text}\n`)
      .join('');
    const text = `commit refs/coord/state\nauthor ${who}\ncommitter ${who}\ndata ${Buffer.byteLength(message)}\n${message}${parent}${changes}\n`;
    if (!importing.stdin.write(text)) await once(importing.stdin, 'drain');
  }
  importing.stdin.end();
  const [code] = await ended;
  if (code !== 0) throw new Error(`git fast-import: exit ${code}`);
}

function requestOf(base, held, number, head, random) {
  const path = `src/part-${Math.floor(random() * PATHS)}/file.ts`;
  if (number % 20 === 19) {
    const said = { to: [], target: null, needsAck: [], answerSeconds: null, ref: null, refused: false };
    return { ...base, ...said, kind: 'note', noteKind: 'state', text: `at ${path}, and it goes on from there` };
  }
  if (held === undefined) {
    const terms = {
      mode: 'exclusive',
      reason: 'a reason of some words',
      expectSeconds: null,
      head,
      contains: {},
      allowBehind: true,
    };
    const targets = [{ target: { kind: 'path', text: path }, ttlSeconds: 1800 }];
    return { ...base, ...terms, kind: 'claim', targets, reach: 'remote', rules: null, ticket: null };
  }
  const changes = number % 3 === 0 ? [] : [{ path: held.target, before: null, after: head }];
  return { ...base, kind: 'release', targets: null, commit: head, commitNamed: false, changes, uncommitted: false };
}

const MEASURED = [
  ['claim', ['claim', 'src/measured.ts']],
  ['status', ['status']],
  ['release', ['release', 'src/measured.ts']],
  ['log', ['log']],
  ['events', ['events']],
  ['metrics', ['metrics']],
  ['audit', ['audit', 'HEAD~1..HEAD']],
  ['doctor', ['doctor']],
  ['session start', ['session', 'start']],
  ['sync-check', ['sync-check']],
];

/** The median milliseconds of each command, and of the first one in a clone that knows nothing yet. */
function measure(rig, { remote, clone }) {
  const fresh = join(rig.place, 'fresh');
  rmSync(fresh, { recursive: true, force: true });
  git(rig, rig.place, 'clone', '--quiet', '--no-local', remote, fresh);
  const first = timed(rig, fresh, process.execPath, [PROGRAM, 'status']);
  const times = MEASURED.map(([name]) => [name, []]);
  for (let round = 0; round < rounds; round += 1)
    for (const [index, [, args]] of MEASURED.entries())
      times[index][1].push(timed(rig, clone, process.execPath, [PROGRAM, ...args]));
  const median = (all) => all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)];
  return {
    cloneMegabytes: kilobytes(rig, fresh) / 1024,
    firstStatus: first,
    commits: Number(git(rig, clone, 'rev-list', '--count', REF)),
    ...Object.fromEntries(times.map(([name, all]) => [name, median(all)])),
  };
}

function kilobytes(rig, clone) {
  return (
    Number(git(rig, clone, 'count-objects', '-v').match(/^size-pack: (\d+)$/m)?.[1] ?? 0) +
    Number(git(rig, clone, 'count-objects', '-v').match(/^size: (\d+)$/m)?.[1] ?? 0)
  );
}

const rig = makePlace();
try {
  const places = makeClone(rig);
  const { clone } = places;
  const seconds = (work) => {
    const started = performance.now();
    const value = work();
    return [value, (performance.now() - started) / 1000];
  };
  const started = performance.now();
  await grow(rig, clone, operations);
  const writing = (performance.now() - started) / 1000;
  git(rig, clone, 'push', '--quiet', 'origin', `${REF}:${REF}`);
  // As coord itself would have left it there.
  git(rig, clone, 'update-ref', 'refs/coord-local/remote/origin/coord/state', REF);
  coord(rig, clone, ['claim', 'src/landed.ts']);
  run(rig, clone, 'mkdir', ['-p', 'src']);
  writeFileSync(join(clone, 'src/landed.ts'), 'landed\n');
  git(rig, clone, 'add', '.');
  git(rig, clone, 'commit', '--quiet', '--message', 'land');
  coord(rig, clone, ['land']);
  const before = measure(rig, places);
  const follower = join(rig.place, 'follower');
  git(rig, rig.place, 'clone', '--quiet', places.remote, follower);
  coord(rig, follower, ['claim', 'src/theirs.ts', '--agent', 'follower']);
  coord(rig, clone, ['session', 'start', '--role', 'orchestrator']);
  const [, compacting] = seconds(() => coord(rig, clone, ['doctor', '--compact', '--keep-history', `${KEPT}`]));
  git(rig, places.remote, 'gc', '--quiet', '--prune=now');
  git(rig, clone, 'gc', '--quiet', '--prune=now');
  const following = timed(rig, follower, process.execPath, [PROGRAM, 'claim', 'src/theirs.ts', '--agent', 'follower']);
  const after = measure(rig, places);
  const result = { operations, writing, compacting, following, before, after };
  if (values.json) console.log(JSON.stringify(result, null, 2));
  else {
    console.log(
      `${operations} operations, written in ${writing.toFixed(0)} s; compacted in ${compacting.toFixed(1)} s; another clone followed in ${following.toFixed(0)} ms`,
    );
    const rows = Object.keys(before).map((key) => [key, before[key].toFixed(0), after[key].toFixed(0)]);
    printTable('milliseconds, but for the first and third row', ['', 'before', 'after'], rows);
  }
  if (values.keep !== undefined && !existsSync(values.keep)) cpSync(rig.place, values.keep, { recursive: true });
} finally {
  rig.remove();
}
