import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Fleet, manualFleet } from '../support/fleet.js';
import { programOf, whyNot } from './support/clients.js';

interface Manager {
  readonly name: string;
  /** Its configuration, whose hook before a commit leaves `ran` behind. */
  readonly files: Readonly<Record<string, string>>;
  readonly install: readonly string[];
}

const MANAGERS: readonly Manager[] = [
  { name: 'husky', files: { '.husky/pre-commit': 'touch ran\n' }, install: [] },
  {
    name: 'lefthook',
    files: { 'lefthook.yml': 'pre-commit:\n  commands:\n    mark:\n      run: touch ran\n' },
    install: ['install', '-f'],
  },
  {
    name: 'simple-git-hooks',
    files: { 'package.json': JSON.stringify({ name: 'x', 'simple-git-hooks': { 'pre-commit': 'touch ran' } }) },
    install: [],
  },
];

/** Each worktree of the manager's configuration, committed past all hooks. */
async function project({ files }: Manager): Promise<Fleet> {
  const fleet = await manualFleet();
  const { box, clone } = fleet;
  for (const [file, text] of Object.entries(files)) box.write(clone, file, text);
  box.write(clone, '.gitignore', 'ran\n.husky/_\n');
  box.git(clone, 'add', '--all');
  box.git(clone, '-c', 'core.hooksPath=', 'commit', '--quiet', '--message', 'set the manager up');
  return fleet;
}

function installManager({ box, clone }: Fleet, { name, install }: Manager): void {
  const program = programOf(name) ?? '';
  const { status, stderr } = spawnSync(program, install, { cwd: clone, env: box.env, encoding: 'utf8' });
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
}

/** Commits a change of the surface as maya. @returns whether git made it, and whether the manager's hook ran */
function commit({ box, clone }: Fleet, text: string): { made: boolean; ran: boolean; said: string } {
  const mark = join(clone, 'ran');
  rmSync(mark, { force: true });
  box.write(clone, 'src/api/users.ts', text);
  const PATH = `${join(programOf('lefthook') ?? '', '..')}:${box.env.PATH}`;
  const { status, stderr } = spawnSync('git', ['commit', '-qam', text], {
    cwd: clone,
    env: { ...box.env, PATH, COORD_AGENT: 'maya' },
    encoding: 'utf8',
  });
  return { made: status === 0, ran: existsSync(mark), said: stderr };
}

async function holds(fleet: Fleet): Promise<void> {
  await fleet.as('maya', ['release', '--all', '--uncommitted']);
  const refused = commit(fleet, 'unclaimed\n');
  expect(refused).toMatchObject({ made: false });
  expect(refused.said).toContain('nobody holds it');
  expect((await fleet.as('maya', ['claim', 'src/api'])).code).toBe(0);
  expect(commit(fleet, `claimed ${Math.random()}\n`)).toMatchObject({ made: true, ran: true });
}

describe.each(MANAGERS.map((manager) => [manager.name, manager] as const))('%s', (name, manager) => {
  const why = whyNot(name, name);
  const cell = why === null ? it : it.skip;

  cell(`beside the guard: the manager first${why === null ? '' : `: ${why}`}`, async () => {
    const fleet = await project(manager);
    installManager(fleet, manager);
    expect((await fleet.as('maya', ['guard', 'install', 'git'])).code).toBe(0);
    await holds(fleet);
    expect((await fleet.as('maya', ['guard', 'status'])).code).toBe(0);
    expect((await fleet.as('maya', ['guard', 'uninstall', 'git'])).code).toBe(0);
    await fleet.as('maya', ['release', '--all']);
    expect(commit(fleet, 'the guard is gone\n')).toMatchObject({ made: true, ran: true });
  });

  cell('the guard first: what the manager took away is told, and comes back', async () => {
    const fleet = await project(manager);
    expect((await fleet.as('maya', ['guard', 'install', 'git'])).code).toBe(0);
    installManager(fleet, manager);
    const status = await fleet.as('maya', ['guard', 'status']);
    if (status.code !== 0) {
      expect(status).toMatchObject({ code: 6 });
      expect(status.stdout + status.stderr).toContain('coord guard install');
      expect((await fleet.as('maya', ['guard', 'install', 'git'])).code).toBe(0);
    }
    await holds(fleet);
    expect((await fleet.as('maya', ['guard', 'status'])).code).toBe(0);
  });

  cell('installed once more, as each npm install does', async () => {
    const fleet = await project(manager);
    installManager(fleet, manager);
    expect((await fleet.as('maya', ['guard', 'install', 'git'])).code).toBe(0);
    installManager(fleet, manager);
    const status = await fleet.as('maya', ['guard', 'status']);
    if (status.code !== 0) {
      expect(status).toMatchObject({ code: 6 });
      expect((await fleet.as('maya', ['session', 'start', '--agent', 'maya'])).code).toBe(0);
    }
    await holds(fleet);
  });
});
