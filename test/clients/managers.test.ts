import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configure, type SharedFleet, sharedFleet } from '../support/fleet.js';
import { programOf, whyNot } from './support/clients.js';

interface Manager {
  readonly name: string;
  /** Its configuration, whose hook before a commit leaves `ran` behind. */
  readonly files: Readonly<Record<string, string>>;
  /** The same, with the guards called by it as docs/guards.md says. */
  readonly managed: Readonly<Record<string, string>>;
  readonly install: readonly string[];
  /** Takes its hooks away; null: it has no such command. */
  readonly uninstall: readonly string[] | null;
}

/** The blocks of code in the guide that tell how a manager calls the guards, in their order. */
const SNIPPETS = readFileSync(new URL('../../docs/guards.md', import.meta.url), 'utf8')
  .split('### From a hook manager')[1]
  ?.split('\n## ')[0]
  ?.match(/(?<=^```\w+\n)[\s\S]*?(?=^```)/gm);
const [LEFTHOOK = '', LEFTHOOK_PUSH = '', HUSKY = '', SIMPLE = '', , PRE_COMMIT = ''] = SNIPPETS ?? [];

const HOOKS = ['pre-commit', 'prepare-commit-msg', 'pre-push'];
const MARK = 'touch ran';
const PRE_COMMIT_MARK = `    hooks:\n      - { id: mark, name: mark, language: system, entry: ${MARK}, always_run: true, pass_filenames: false }\n`;
const MANAGERS: readonly Manager[] = [
  {
    name: 'husky',
    files: { '.husky/pre-commit': `${MARK}\n` },
    managed: Object.fromEntries(HOOKS.map((hook) => [`.husky/${hook}`, `${HUSKY.replace('pre-push', hook)}${MARK}\n`])),
    install: [],
    uninstall: ['git', 'config', '--unset', 'core.hooksPath'],
  },
  {
    name: 'lefthook',
    files: { 'lefthook.yml': `pre-commit:\n  commands:\n    mark:\n      run: ${MARK}\n` },
    managed: {
      'lefthook.yml': LEFTHOOK.replace(
        'pre-commit:\n  commands:\n',
        `pre-commit:\n  commands:\n    mark: { run: ${MARK} }\n`,
      ),
      '.lefthook/pre-push/coord': LEFTHOOK_PUSH,
    },
    install: ['install', '-f'],
    uninstall: ['lefthook', 'uninstall'],
  },
  {
    name: 'simple-git-hooks',
    files: { 'package.json': JSON.stringify({ name: 'x', 'simple-git-hooks': { 'pre-commit': MARK } }) },
    managed: { 'package.json': SIMPLE.replace('"pre-commit": "', `"pre-commit": "${MARK}; `) },
    install: [],
    uninstall: null,
  },
  {
    name: 'pre-commit',
    files: { '.pre-commit-config.yaml': `repos:\n  - repo: local\n${PRE_COMMIT_MARK}` },
    managed: { '.pre-commit-config.yaml': PRE_COMMIT.replace('    hooks:\n', PRE_COMMIT_MARK) },
    install: ['install', ...HOOKS.flatMap((hook) => ['-t', hook])],
    uninstall: ['pre-commit', 'uninstall', ...HOOKS.flatMap((hook) => ['-t', hook])],
  },
];

/** A clone with the manager's configuration, pushed past all hooks, and with the programs where `npx --no` finds them. */
async function project(files: Manager['files']): Promise<SharedFleet> {
  const fleet = await sharedFleet();
  const { box, clone } = fleet;
  configure(fleet, { autoClaim: false });
  const programs = join(clone, 'node_modules/.bin');
  mkdirSync(programs, { recursive: true });
  symlinkSync(box.program, join(programs, 'coord'));
  for (const name of ['lefthook', 'lint-staged', 'commitlint']) {
    const program = programOf(name);
    if (program !== null) symlinkSync(program, join(programs, name));
  }
  for (const [file, text] of Object.entries(files)) box.write(clone, file, text);
  box.write(clone, '.gitignore', 'ran\n.husky/_\nnode_modules\n');
  box.git(clone, 'add', '--all');
  box.git(clone, '-c', 'core.hooksPath=', 'commit', '--quiet', '--message', 'set the manager up');
  box.git(clone, '-c', 'core.hooksPath=', 'push', '--quiet', 'origin', 'HEAD:main');
  return fleet;
}

function run({ box, clone }: SharedFleet, program: string, args: readonly string[]) {
  const PATH = `${join(clone, 'node_modules/.bin')}:${box.env.PATH}`;
  return spawnSync(program, args, { cwd: clone, env: { ...box.env, PATH, COORD_AGENT: 'maya' }, encoding: 'utf8' });
}

function installManager(fleet: SharedFleet, { name, install }: Manager): void {
  const { status, stderr } = run(fleet, programOf(name) ?? '', install);
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
}

let made = 0;

/** Commits a change of the surface as maya. @returns whether git made it, and whether the manager's hook ran */
function commit(fleet: SharedFleet, ...options: readonly string[]): { made: boolean; ran: boolean; said: string } {
  const { box, clone } = fleet;
  const mark = join(clone, 'ran');
  rmSync(mark, { force: true });
  made += 1;
  box.write(clone, 'src/api/users.ts', `${made}\n`);
  const { status, stderr } = run(fleet, 'git', ['commit', '-qam', `fix: ${made}`, ...options]);
  return { made: status === 0, ran: existsSync(mark), said: stderr };
}

/** Commits of what nobody has claimed are refused, and with a claim they are made, with what the manager runs. */
async function holds(fleet: SharedFleet): Promise<void> {
  await fleet.as('maya', ['release', '--all', '--uncommitted']);
  for (const options of [[], ['--no-verify']]) {
    const refused = commit(fleet, ...options);
    expect(refused).toMatchObject({ made: false });
    expect(refused.said).toContain('nobody holds it');
  }
  expect((await fleet.as('maya', ['claim', 'src/api'])).code).toBe(0);
  expect(commit(fleet)).toMatchObject({ made: true, ran: true });
  await fleet.as('maya', ['release', '--all']);
  const pushed = run(fleet, 'git', ['push', '--quiet', 'origin', 'HEAD:main']);
  // One of them says on standard output what its hooks have said.
  expect([pushed.status === 0, pushed.stdout + pushed.stderr]).toEqual([
    false,
    expect.stringContaining('nobody holds it'),
  ]);
}

const install = (fleet: SharedFleet) => fleet.as('maya', ['guard', 'install', 'git']);
const status = (fleet: SharedFleet) => fleet.as('maya', ['guard', 'status']);

/** What `coord guard status` says is so; where it says that they are off, it names what puts them back. */
async function holdsAsTold(fleet: SharedFleet, repair: () => Promise<{ readonly code: number }>): Promise<void> {
  const told = await status(fleet);
  if (told.code !== 0) {
    expect(told).toMatchObject({ code: 6 });
    expect(told.stdout + told.stderr).toContain('coord guard install');
    expect((await repair()).code).toBe(0);
  }
  await holds(fleet);
  expect((await status(fleet)).code).toBe(0);
}

describe.each(MANAGERS.map((manager) => [manager.name, manager] as const))('%s', (name, manager) => {
  const why = whyNot(name, name);
  const cell = why === null ? it : it.skip;

  cell(`beside the guard: the manager first${why === null ? '' : `: ${why}`}`, async () => {
    const fleet = await project(manager.files);
    installManager(fleet, manager);
    expect((await install(fleet)).code).toBe(0);
    await holds(fleet);
    expect((await status(fleet)).code).toBe(0);
    expect((await fleet.as('maya', ['guard', 'uninstall', 'git'])).code).toBe(0);
    expect(commit(fleet)).toMatchObject({ made: true, ran: true });
  });

  cell('the guard first: what the manager took away is told, and comes back', async () => {
    const fleet = await project(manager.files);
    expect((await install(fleet)).code).toBe(0);
    installManager(fleet, manager);
    await holdsAsTold(fleet, () => install(fleet));
  });

  cell('installed once more, as each npm install does', async () => {
    const fleet = await project(manager.files);
    installManager(fleet, manager);
    expect((await install(fleet)).code).toBe(0);
    installManager(fleet, manager);
    await holdsAsTold(fleet, () => fleet.as('maya', ['session', 'start', '--agent', 'maya']));
  });

  cell('it calls the guards itself, as the guide says', async () => {
    const fleet = await project(manager.managed);
    installManager(fleet, manager);
    expect(await status(fleet)).toMatchObject({ code: 0, stdout: expect.stringContaining('managed') });
    await holds(fleet);
  });

  (manager.uninstall === null ? it.skip : cell)('uninstalled: what is left is told', async () => {
    const fleet = await project(manager.files);
    installManager(fleet, manager);
    expect((await install(fleet)).code).toBe(0);
    const [program = '', ...args] = manager.uninstall ?? [];
    expect(run(fleet, program, args).status).toBe(0);
    if ((await status(fleet)).code !== 0) expect((await install(fleet)).code).toBe(0);
    await fleet.as('maya', ['release', '--all', '--uncommitted']);
    expect(commit(fleet)).toMatchObject({ made: false, said: expect.stringContaining('nobody holds it') });
  });
});

const beside = whyNot('lint-staged', 'lint-staged') ?? whyNot('commitlint', '@commitlint/cli');

it.skipIf(beside !== null)(
  `lint-staged and commitlint run beside the guard${beside === null ? '' : `: ${beside}`}`,
  async () => {
    const fleet = await project({
      '.husky/pre-commit': 'npx --no lint-staged\n',
      '.husky/commit-msg': 'npx --no commitlint -- --edit "$1"\n',
      'package.json': JSON.stringify({ name: 'x', 'lint-staged': { '*.ts': MARK } }),
      'commitlint.config.mjs': "export default { rules: { 'type-empty': [2, 'never'] } };\n",
    });
    const [husky] = MANAGERS;
    if (husky) installManager(fleet, husky);
    expect((await install(fleet)).code).toBe(0);
    await holds(fleet);
    expect((await fleet.as('maya', ['claim', 'src/api'])).code).toBe(0);
    expect(commit(fleet, '--message', 'fix: more')).toMatchObject({ made: true, ran: true });
    const unnamed = run(fleet, 'git', ['commit', '--allow-empty', '-m', 'no type']);
    expect([unnamed.status === 0, unnamed.stdout + unnamed.stderr]).toEqual([
      false,
      expect.stringContaining('type-empty'),
    ]);
  },
);
