// What is timed in every scene, and what only in the first.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { git, run, timed } from './rig.mjs';
import { SESSION } from './scenes.mjs';

/** The commands of the hot path, in an order that leaves the state as it was. */
export function hotPath(rig, clone, program) {
  const coord = (args, options) => timed(rig, clone, process.execPath, [program, ...args], options);
  return [
    { name: 'claim', time: (round) => coord(['claim', `src/bench/${round}.ts`]) },
    { name: 'renew', time: (round) => coord(['renew', `src/bench/${round}.ts`]) },
    { name: 'release', time: (round) => coord(['release', `src/bench/${round}.ts`]) },
    {
      name: 'task take',
      time: (round) => {
        coord(['task', 'add', `bench ${round}`, '--scope', `src/task/${round}.ts`]);
        const taken = coord(['task', 'take']);
        coord(['task', 'done']);
        return taken;
      },
    },
    { name: 'claim, refused', time: () => coord(['claim', 'src/held.ts'], { expect: 3 }) },
    { name: 'status', time: () => coord(['status']) },
    { name: 'status, not asking', time: () => coord(['status', '--no-fetch']) },
    {
      name: 'edit hook, own ground',
      time: () => coord(['guard', 'hook', 'claude-code'], { input: edit(clone, 'src/mine.ts') }),
    },
    {
      name: 'edit hook, off the surface',
      time: () => coord(['guard', 'hook', 'claude-code'], { input: edit(clone, 'README.md') }),
    },
    { name: 'commit guard', time: () => guarded(rig, clone, coord) },
  ];
}

/** What does not depend on the claims. */
export function startUp(rig, clone, program) {
  const coord = (args) => timed(rig, clone, process.execPath, [program, ...args]);
  return [
    { name: '--version', time: () => coord(['--version']) },
    { name: 'help', time: () => coord(['help']) },
    { name: 'sync-check', time: () => coord(['sync-check']) },
  ];
}

/** What Claude Code sends before an edit. */
export function edit(cwd, file) {
  return JSON.stringify({
    session_id: SESSION,
    cwd,
    hook_event_name: 'PreToolUse',
    tool_name: 'Edit',
    tool_input: { file_path: join(cwd, file), old_string: 'a', new_string: 'b' },
  });
}

/** The guard of a commit that changes one claimed file; the change is undone afterwards. */
function guarded(rig, clone, coord) {
  writeFileSync(join(clone, 'src/mine.ts'), 'changed\n');
  git(rig, clone, 'add', 'src/mine.ts');
  const ms = coord(['guard', 'run', 'pre-commit']);
  git(rig, clone, 'reset', '--quiet', '--hard');
  return ms;
}

/** Leaves out the cases whose command this program does not have. */
export function known(rig, clone, program, cases) {
  const commands = run(rig, clone, process.execPath, [program, 'help']);
  const has = (word) => new RegExp(`^\\s+${word}\\b`, 'm').test(commands);
  const needs = { 'edit hook': 'guard', 'commit guard': 'guard', 'task take': 'task' };
  return cases.filter(({ name }) => {
    const need = Object.entries(needs).find(([start]) => name.startsWith(start));
    return need === undefined || has(need[1]);
  });
}

/** @returns the processor, as Linux names it */
export function processor() {
  try {
    return /^model name\s*: (.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? 'processor';
  } catch {
    return 'processor';
  }
}
