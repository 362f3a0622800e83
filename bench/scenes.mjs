// The repositories in which commands are timed.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { git, PROGRAM, run } from './rig.mjs';

const COMMITS_OF_HISTORY = 10_000;
const STATE = 'refs/coord/state';

/** Where agents are: in a linked worktree, in the session that their harness exports. */
export const SCENES = [
  { name: '10 claims', claims: 10 },
  { name: '10 claims, shared', claims: 10, share: true },
  { name: '1,000 claims', claims: 1_000 },
  { name: '10,000 claims', claims: 10_000 },
  { name: '20,000 files', claims: 10, files: 20_000 },
  { name: '10,000 commits', claims: 10, commits: COMMITS_OF_HISTORY },
];

/** What a harness exports to the commands of its agent. */
export const SESSION = 'b5a1c2d3-0000-4000-8000-1234567890ab';

/** The same place as an agent sees it whose harness exports a session, and no name. */
export function inHarness(rig) {
  const { COORD_AGENT, ...env } = rig.env;
  return { ...rig, env: { ...env, CLAUDE_CODE_SESSION_ID: SESSION } };
}

/** Makes the repository of a scene, a clone of a bare remote; returns the path of a linked worktree of it. */
export function makeScene(rig, { name, claims, files = 10, commits = 0, share = false }) {
  const folder = join(rig.place, name.replaceAll(/\W+/g, '-'));
  const [remote, clone] = [`${folder}.git`, folder];
  git(rig, rig.place, 'init', '--quiet', '--bare', remote);
  git(rig, rig.place, 'clone', '--quiet', remote, clone);
  run(rig, clone, 'git', ['fast-import', '--quiet'], { input: filesStream(files) });
  git(rig, clone, 'reset', '--quiet', '--hard', 'main');
  coord(rig, clone, ['init', ...(share ? [] : ['--local'])]);
  writeFileSync(join(clone, 'coord.config.json'), JSON.stringify({ share, surface: ['src/**'] }));
  git(rig, clone, 'add', '.');
  git(rig, clone, 'commit', '--quiet', '--message', 'set coord up');
  git(rig, clone, 'push', '--quiet', 'origin', 'main');
  coord(rig, clone, ['claim', 'src/held.ts', '--ttl', '4h', '--agent', 'other']);
  fill(rig, clone, claims - 2);
  if (commits > 0) lengthen(rig, clone, commits);
  const worktree = `${folder}-worktree`;
  git(rig, clone, 'worktree', 'add', '--quiet', '-b', 'work', worktree);
  const agent = inHarness(rig);
  coord(agent, worktree, ['session', 'start', '--agent', 'bench']);
  coord(agent, worktree, ['claim', 'src/mine.ts', '--ttl', '4h']);
  return worktree;
}

function coord(rig, cwd, args) {
  return run(rig, cwd, process.execPath, [PROGRAM, ...args]);
}

/** Claims of other agents, by one claim each of at most a thousand paths. */
function fill(rig, clone, claims) {
  for (let start = 0; start < claims; start += 1_000) {
    const paths = Array.from({ length: Math.min(1_000, claims - start) }, (_, index) => {
      const number = start + index;
      return `src/others/${Math.floor(number / 100)}/file-${number}.ts`;
    });
    coord(rig, clone, [
      'claim',
      ...paths,
      '--ttl',
      '4h',
      '--reason',
      'a reason of some words',
      '--agent',
      `agent${start}`,
    ]);
  }
}

function filesStream(count) {
  const files = Array.from({ length: count }, (_, number) => {
    const text = `export const value = ${number};\n`;
    return `M 100644 inline src/part-${Math.floor(number / 100)}/file-${number}.ts\ndata ${text.length}\n${text}`;
  });
  return `commit refs/heads/main\ncommitter Bench <bench@coord.example> 1700000000 +0000\ndata 5\nbegin\n${files.join('\n')}\n`;
}

/** Puts commits with an event each on the state ref, all with the state that is there. */
function lengthen(rig, clone, count) {
  const tip = git(rig, clone, 'rev-parse', STATE);
  const entries = git(rig, clone, 'ls-tree', '-r', tip)
    .split('\n')
    .map((line) => line.replace(/^(\S+) blob (\S+)\t(.*)$/, 'M $1 $2 $3'))
    .join('\n');
  const commits = Array.from({ length: count }, (_, number) => {
    const event = JSON.stringify({ id: `bench${number}.1`, type: 'claim.renewed', agent: 'other', claim: 'none' });
    const message = `renew src/held.ts by other\n\n${event}\n`;
    const parent = number === 0 ? `from ${tip}\n` : '';
    return `commit ${STATE}\ncommitter other <other@coord.invalid> 1700000000 +0000\ndata ${message.length}\n${message}${parent}${entries}\n`;
  });
  run(rig, clone, 'git', ['fast-import', '--quiet'], { input: commits.join('\n') });
}
