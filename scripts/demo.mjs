// The main job, live: real commands of the built program in a temporary repository, with their real output.
// Each step states the exit code and the words that the story needs; anything else ends the demo with exit 1.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

class StoryError extends Error {}

const root = fileURLToPath(new URL('..', import.meta.url));
const colour = process.env.FORCE_COLOR
  ? process.env.FORCE_COLOR !== '0'
  : process.stdout.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
const paint = (code) => (text) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
const bold = paint(1);
const dim = paint(2);
const cyan = paint(36);

const place = realpathSync(mkdtempSync(join(tmpdir(), 'coord-demo-')));
/** Built from scratch: no git settings of the machine and no identity that is exported here get in. */
const env = {
  PATH: `${join(place, 'bin')}:${process.env.PATH ?? ''}`,
  HOME: join(place, 'home'),
  TMPDIR: place,
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_PAGER: 'cat',
  LC_ALL: 'C.UTF-8',
  ...(process.env.TZ ? { TZ: process.env.TZ } : {}),
  ...(colour ? { FORCE_COLOR: '1' } : {}),
};

const PLAN = `- tell of it all
  scope: docs/guide.md
  - search users
    scope: src/search
  - sort users
    scope: src/sort
- measure the search
  scope: src/search/bench.js
- tidy the changes
  scope: docs/changes.md
- look for slow queries
  scope: src/slow.js
  role: worker
`;

try {
  build();
  const agents = setUp();
  play(agents);
  giveOut(agents);
  console.log(`\n${bold('That was the main job.')} Next: coord init in a repository of yours.`);
} catch (error) {
  console.error(error instanceof StoryError ? `\nnot as the story says: ${error.message}` : error);
  process.exitCode = 1;
} finally {
  rmSync(place, { recursive: true, force: true, maxRetries: 5 });
}

function play({ maya, noor }) {
  scene('Maya begins with the rules, then claims the ground that she is about to change.');
  show(maya, 'coord session start', { says: 'claim-before-you-change', lines: 8 });
  show(maya, 'coord claim src/api --reason pagination', { says: 'claimed src/api/**' });

  scene('Noor wants a file in it. She is told who has it and what is free, and takes that.');
  show(noor, 'coord claim src/api/users.js docs', { exit: 3, says: 'held by maya' });
  show(noor, 'coord claim docs --reason "explain paging"', { says: 'claimed docs/**' });
  show(noor, 'coord status', { says: 'pagination' });

  scene('Maya commits, pushes, gives the ground back with her commit, and leaves a note.');
  write(maya, 'src/api/users.js', 'export const list = (page) => page;\n');
  show(maya, 'git commit --quiet --all --message "paginate users" && git push --quiet');
  show(maya, 'coord release src/api', { says: 'the next holder must have it' });
  show(maya, 'coord note "users are paginated now: ?page=2" --to noor');

  scene('Noor would deploy from her copy, which lacks that commit. She is stopped.');
  write(noor, 'docs/guide.md', 'How to use the API. Ask for ?page=2.\n');
  show(noor, 'git commit --quiet --all --message "explain paging"');
  show(noor, 'coord sync-check && ./deploy.sh', { exit: 5, says: 'paginate users' });

  scene('Nor may she claim what Maya released before she has it.');
  show(noor, 'coord claim src/api/users.js', { exit: 5, says: 'behind' });

  scene('She pulls, and passes.');
  show(noor, 'git pull --quiet --rebase origin main');
  show(noor, 'coord sync-check && ./deploy.sh', { says: 'deployed' });
  show(noor, 'git push --quiet origin HEAD:main');
  show(noor, 'coord release docs', { says: 'released docs/**' });

  scene('The log tells the story and grants nothing; the history of the state ref is the audit trail.');
  show(noor, 'coord log', { says: 'users are paginated' });
  show(noor, "git log --reverse --format='%<(5)%an %s' coord/state", { says: 'claim src/api/** by maya' });
}

/** The second scene: work that is given out, taken together with its ground, and collected. */
function giveOut({ maya, noor }) {
  const [boss, omar, wim] = ['boss', 'omar', 'wim'].map(inClone);
  scene('An orchestrator plans six tasks; what is indented must be done before what it is under.');
  show(boss, 'coord session start --role orchestrator', { says: 'boss (orchestrator)', lines: 0 });
  write(boss, '../plan.md', PLAN);
  show(boss, 'cat ../plan.md', { says: 'tell of it all' });
  show(boss, 'coord task add --from ../plan.md', { says: 'added t6' });

  scene('Maya and Noor ask for work: each is given a task together with its ground.');
  for (const one of [maya, noor]) run(one, 'git pull --quiet --rebase origin main');
  show(maya, 'coord task take', { says: 'taken t2' });
  show(noor, 'coord task take', { says: 'taken t3' });

  scene('Omar wants one whose ground is taken. He is told so, and takes another.');
  show(omar, 'coord task take t4', { exit: 3, says: 'held by maya' });
  show(omar, 'coord task take', { says: 'taken t5' });

  scene('Noor goes silent, and is stopped. Her task is open again.');
  show(boss, 'coord agent kill noor --reason "went silent"', { says: 'stopped noor' });

  scene('Maya commits, and what lands ends her task. The next one is that of Noor.');
  finish(maya, 'src/search/index.js', 'search users', 't2');
  show(maya, 'coord task take', { says: 'tried before: noor' });
  finish(maya, 'src/sort/index.js', 'sort users', 't3');

  scene('Omar lands his, then what had to wait for the others.');
  run(omar, 'git pull --quiet --rebase origin main');
  finish(omar, 'docs/changes.md', 'tidy the changes', 't5');
  show(omar, 'coord task take', { says: 'before it: t2' });
  finish(omar, 'docs/guide.md', 'tell of it all', 't1');
  run(maya, 'git pull --quiet --rebase origin main');
  show(maya, 'coord task take', { says: 'taken t4' });
  finish(maya, 'src/search/bench.js', 'measure the search', 't4');

  scene('A worker commits nothing: it submits, and the orchestrator lands it.');
  show(wim, 'coord session start --role worker', { says: 'wim (worker)', lines: 0 });
  show(wim, 'coord task take', { says: 'taken t6' });
  write(wim, 'src/slow.js', 'export const slow = [];\n');
  show(wim, 'coord submit src/slow.js --note "three queries are slow"', { says: 'n2 · the result of t6' });
  run(boss, 'git pull --quiet --rebase origin main');
  show(boss, 'coord claim src/slow.js', { says: 'claimed src/slow.js' });
  show(boss, 'coord integrate n2', { says: 'integrated' });
  finish(boss, 'src/slow.js', 'list slow queries', 't6', '');

  scene('What was brought, and what shows that it is done.');
  show(boss, 'coord task report', { says: '6 of 6 tasks done' });
}

/** Commits what was to be done, and lands it. */
function finish(agent, file, message, task, text = `// ${message}\n`) {
  if (text !== '') write(agent, file, text);
  show(agent, `git add . && git commit --quiet --message "${message}"`);
  show(agent, 'coord land', { says: `done ${task}` });
}

/** An agent in a clone of its own. */
function inClone(name) {
  run({ name, directory: place }, `git clone --quiet origin.git ${name}`);
  return { name, directory: join(place, name) };
}

/** A bare remote, a clone for Maya, and a second worktree of it for Noor; set up by coord init. */
function setUp() {
  for (const folder of ['home', 'bin']) mkdirSync(join(place, folder));
  const program = `#!/bin/sh\nexec '${process.execPath}' '${join(root, 'bin', 'coord.js')}' "$@"\n`;
  writeFileSync(join(place, 'bin', 'coord'), program, { mode: 0o755 });
  const world = { name: 'demo', directory: place };
  run(world, 'git config --global init.defaultBranch main && git init --quiet --bare origin.git');
  run(world, 'git clone --quiet origin.git maya');
  const maya = { name: 'maya', directory: join(place, 'maya') };
  const noor = { name: 'noor', directory: join(place, 'noor') };
  write(maya, 'src/api/users.js', 'export const list = () => [];\n');
  write(maya, 'docs/guide.md', 'How to use the API.\n');
  write(maya, 'deploy.sh', '#!/bin/sh\necho "deployed $(git log -1 --format="%h, %s")"\n', 0o755);
  run(maya, 'git add . && git commit --quiet --message begin && git push --quiet');

  scene('One repository with a remote; two agents, each in a worktree of its own.');
  show(maya, 'coord init', { says: 'shared through origin' });
  show(maya, 'git add . && git commit --quiet --message "Coordinate with coord" && git push --quiet');
  show(maya, 'git worktree add --quiet -b noor ../noor');
  return { maya, noor };
}

/** Runs a command line as the agent, shows it with its output, and holds it to the story. */
function show(agent, line, { exit = 0, says = '', lines = Number.POSITIVE_INFINITY } = {}) {
  console.log(`${dim(agent.name)} ${bold(`$ ${line}`)}`);
  const { status, output } = run(agent, line, exit);
  const shown = output === '' ? [] : output.split('\n');
  for (const text of shown.slice(0, lines)) console.log(text === '' ? '' : `  ${text}`);
  if (shown.length > lines) console.log(dim(`  … and ${shown.length - lines} more lines`));
  if (status !== 0) console.log(dim(`  exit ${status}`));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape sequences of colour are what is taken out
  const plain = output.replace(/\u001b\[[\d;]*m/g, '');
  if (!plain.includes(says)) throw new StoryError(`${line} does not say "${says}"`);
}

function run(agent, line, exit = 0) {
  const author = { NAME: agent.name, EMAIL: `${agent.name}@coord.example` };
  const { status, stdout, stderr } = spawnSync('sh', ['-c', line], {
    cwd: agent.directory,
    env: {
      ...env,
      COORD_AGENT: agent.name,
      ...Object.fromEntries(
        ['AUTHOR', 'COMMITTER'].flatMap((who) => Object.entries(author).map(([key, to]) => [`GIT_${who}_${key}`, to])),
      ),
    },
    encoding: 'utf8',
  });
  const output = `${stdout}${stderr}`.trimEnd();
  if (status !== exit) throw new StoryError(`${line} ended with ${status}, not ${exit}\n${output}`);
  return { status, output };
}

function write(agent, file, text, mode = 0o644) {
  const path = join(agent.directory, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode });
}

function build() {
  if (existsSync(join(root, 'dist', 'coord.cjs'))) return;
  const { status } = spawnSync(process.execPath, [join(root, 'scripts', 'build.mjs')], { stdio: 'inherit' });
  if (status !== 0) throw new StoryError('the program could not be built');
}

function scene(text) {
  console.log(`\n${cyan(text)}`);
}
