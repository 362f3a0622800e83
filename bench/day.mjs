// How often the everyday lines of a working day leave the fast lane, and why: each is tried in the lane first, in a process
// of its own, and goes the whole way where the lane leaves it, as `bin/coord.js` does.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { edit } from './cases.mjs';
import { git, PROGRAM } from './rig.mjs';
import { inHarness, makeScene } from './scenes.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LANE = `
const { load } = require(${JSON.stringify(PROGRAM)});
load(${JSON.stringify(ROOT)}, 'lane').runLane(${JSON.stringify(ROOT)}).then((answer) => {
  if (typeof answer === 'number') process.exit(answer);
  process.stderr.write('left: ' + answer.why);
  process.exit(99);
});`;

/** What an agent does in a day, in its order; other agents and git come between. */
function* day(worktree) {
  const edits = (file) => ({ args: ['guard', 'hook', 'claude-code'], input: edit(worktree, file) });
  yield { args: ['status', '--no-fetch'] };
  for (let task = 0; task < 6; task += 1) {
    const file = `src/part-0/file-${task}.ts`;
    yield { args: ['status'] };
    yield { args: ['claim', file, '--reason', 'a task'] };
    yield { args: ['claim', 'src/held.ts'] };
    for (let count = 0; count < 8; count += 1) yield edits(file);
    yield edits('README.md');
    yield edits(`src/part-0/new-${task}.ts`);
    yield { by: 'other', args: ['claim', `src/theirs-${task}.ts`] };
    yield { args: ['status', '--no-fetch'] };
    yield { git: ['commit', '--quiet', '--allow-empty', '--no-verify', '--message', 'work'] };
    yield { args: ['guard', 'run', 'pre-commit'] };
    yield { args: ['guard', 'run', 'prepare-commit-msg', '.git/COMMIT_EDITMSG'] };
    yield { args: ['release', '--all', '--uncommitted'] };
    if (task === 3) yield { git: ['fetch', '--quiet'] };
  }
}

/** @returns a row for each kind of everyday line */
export function workingDay(rig, share) {
  const worktree = makeScene(rig, { name: `day ${share}`, claims: 10, share });
  const agent = inHarness(rig);
  const counts = new Map();
  for (const step of day(worktree)) {
    if (step.git) {
      git(rig, worktree, ...step.git);
      continue;
    }
    const env = step.by ? { ...rig.env, COORD_AGENT: step.by } : agent.env;
    const options = { cwd: worktree, env, input: step.input ?? '', encoding: 'utf8' };
    const why = whyLeft(step, options);
    if (step.by || step.args[0] === 'release') continue;
    const name = nameOf(step);
    const count = counts.get(name) ?? { taken: 0, left: 0, why: new Map() };
    counts.set(name, count);
    if (why === null) count.taken += 1;
    else {
      count.left += 1;
      count.why.set(why, (count.why.get(why) ?? 0) + 1);
    }
  }
  const rows = [...counts].map(([name, { taken, left, why }]) => {
    return [name, String(taken), String(left), [...why].map(([reason, count]) => `${reason} ${count}`).join(', ')];
  });
  return { name: share ? 'a day in a clone that shares' : 'a day in a clone by itself', rows };
}

/** Runs a line, in the lane as far as that goes. @returns why the lane was left; null: it was not */
function whyLeft({ args }, options) {
  const lane = spawnSync(process.execPath, ['-e', LANE, 'coord', ...args], options);
  if (lane.status !== 99) return null;
  spawnSync(process.execPath, [PROGRAM, ...args], { ...options, env: { ...options.env, COORD_LANE: 'off' } });
  return /left: (.*)/.exec(lane.stderr)?.[1] ?? '?';
}

/** The verb of a line, without what it is asked about. */
function nameOf({ args }) {
  const words = args.slice(0, 2);
  return (args[0] === 'guard' ? words : words.filter((word) => !/[/.]/.test(word))).join(' ');
}
