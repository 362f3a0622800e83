import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { validateConfig } from '../../src/config/validate.js';
import { type Sandbox, sandbox } from '../support/sandbox.js';

const DOCUMENT = readFileSync('docs/deploy-hooks.md', 'utf8');

/** The blocks of code under a heading, in their order. */
function blocks(heading: string): string[] {
  const section = DOCUMENT.split(/^#+ /m).find((text) => text.startsWith(heading)) ?? '';
  return [...section.matchAll(/^```\w+\n([\s\S]*?)^```/gm)].map((match) => match[1] ?? '');
}

function block(heading: string, index = 0): string {
  const found = blocks(heading)[index];
  if (found === undefined) throw new Error(`no block ${index} under ${heading}`);
  return found;
}

interface Project {
  readonly box: Sandbox;
  readonly remote: string;
  readonly clone: string;
  /** Runs a program there, with coord on PATH unless `PATH` says otherwise. */
  run(program: string, args: readonly string[], env?: Readonly<Record<string, string>>): number | null;
  deployed(): boolean;
  /** Somebody else pushes. */
  fallBehind(): void;
}

/** A repository that can be deployed by `./deploy.sh`, with these files and the drop-in script committed and pushed. */
function project(files: Readonly<Record<string, string>> = {}): Project {
  const box = sandbox();
  const remote = box.bareRemote();
  const clone = box.clone(remote);
  const bin = box.path('bin');
  mkdirSync(bin);
  symlinkSync(box.program, join(bin, 'coord'));
  for (const [name, text] of Object.entries(files)) box.write(clone, name, text);
  copyFileSync('examples/sync-check.sh', join(clone, 'sync-check.sh'));
  chmodSync(box.write(clone, 'deploy.sh', "#!/bin/sh\necho deployed > '../deployed'\n"), 0o755);
  box.git(clone, 'add', '.');
  box.git(clone, 'commit', '--quiet', '--message', 'let it be deployed');
  box.git(clone, 'push', '--quiet', 'origin', 'main');
  const PATH = [bin, dirname(process.execPath), box.env.PATH].join(delimiter);
  return {
    ...{ box, remote, clone },
    run: (program, args, env = {}) =>
      spawnSync(program, args, { cwd: clone, env: { ...box.env, PATH, ...env }, stdio: 'pipe' }).status,
    deployed: () => existsSync(box.path('deployed')),
    fallBehind: () => {
      const other = box.clone(remote);
      box.commit(other, 'theirs', 'theirs');
      box.git(other, 'push', '--quiet', 'origin', 'main');
    },
  };
}

const packageWith = (heading: string, index: number) => ({ 'package.json': block(heading, index) });
const hasMake = spawnSync('make', ['--version']).status === 0;

const WAYS: readonly [string, Readonly<Record<string, string>>, string, readonly string[]][] = [
  ['the drop-in script', {}, 'sh', ['-c', block('Before a deploy')]],
  ['npm', packageWith('npm', 0), 'npm', ['run', 'deploy']],
  ['npm that runs no other scripts', packageWith('npm', 0), 'npm', ['run', 'deploy', '--ignore-scripts']],
  ['npm predeploy', packageWith('npm', 1), 'npm', ['run', 'deploy']],
  ...(hasMake ? [['Make', { Makefile: block('Make') }, 'make', ['deploy']] as (typeof WAYS)[number]] : []),
  ...(hasMake
    ? [['Make, going on', { Makefile: block('Make') }, 'make', ['-k', '-j2', 'deploy']] as (typeof WAYS)[number]]
    : []),
  ['GitHub Actions', {}, 'bash', ['-eo', 'pipefail', '-c', steps()]],
];

/** The steps of the workflow that run a script of the repository, one after the other. */
function steps(): string {
  const runs = [...block('GitHub Actions').matchAll(/^ +- run: (.+)$/gm)].map((match) => match[1] ?? '');
  expect(runs[0]).toBe('npm ci');
  return runs.slice(1).join('\n');
}

it.each(WAYS)(
  '%s deploys what is current, and nothing that is behind, dirty or not known',
  (_, files, program, args) => {
    const { box, remote, clone, run, deployed, fallBehind } = project(files);
    expect([run(program, args), deployed()]).toEqual([0, true]);
    rmSync(box.path('deployed'));
    box.write(clone, 'new', 'new');
    expect(run(program, args)).not.toBe(0);
    rmSync(join(clone, 'new'));
    fallBehind();
    expect(run(program, args)).not.toBe(0);
    rmSync(remote, { recursive: true });
    expect(run(program, args)).not.toBe(0);
    expect(deployed()).toBe(false);
  },
);

it('npm predeploy is left out by --ignore-scripts, as the page says', () => {
  const { run, deployed, fallBehind } = project(packageWith('npm', 1));
  fallBehind();
  expect([run('npm', ['run', 'deploy', '--ignore-scripts']), deployed()]).toEqual([0, true]);
});

it('the drop-in script passes on exit codes and options, and finds a coord of the project', () => {
  const { box, clone, run, fallBehind } = project({ '.gitignore': 'node_modules\n' });
  const PATH = [...(process.env.PATH?.split(delimiter) ?? [])]
    .filter((folder) => !existsSync(join(folder, 'coord')))
    .join(delimiter);
  const bare = { PATH: [dirname(process.execPath), PATH].join(delimiter) };
  expect(run('./sync-check.sh', [], bare)).toBe(7);
  mkdirSync(join(clone, 'node_modules/.bin'), { recursive: true });
  symlinkSync(box.program, join(clone, 'node_modules/.bin/coord'));
  expect(run('./sync-check.sh', ['--json'], bare)).toBe(0);
  expect(run('./sync-check.sh', ['--nonsense'], bare)).toBe(2);
  fallBehind();
  expect(run('./sync-check.sh', [], bare)).toBe(5);
});

it('outside a repository, and without git, the drop-in script does not pass', () => {
  const { box, run } = project();
  const script = join(process.cwd(), 'examples/sync-check.sh');
  const only = box.path('only');
  mkdirSync(only);
  symlinkSync('/bin/sh', join(only, 'sh'));
  expect(spawnSync('sh', [script], { cwd: box.home, env: { ...box.env, PATH: only } }).status).toBe(7);
  expect(run('sh', ['-c', `cd '${box.home}' && sh '${script}'`])).toBe(2);
});

it('a build from a push is held to be current on the main branch only, and names the remote again', () => {
  const build = { scripts: { build: "node -e \"require('fs').writeFileSync('../built', '')\"" } };
  const script = block('Cloudflare');
  const { box, remote, clone, run, fallBehind } = project({
    'package.json': JSON.stringify(build),
    'build.sh': script,
  });
  const built = (env: Record<string, string>) => {
    rmSync(box.path('built'), { force: true });
    return [run('sh', ['build.sh'], env), existsSync(box.path('built'))];
  };
  const main = { CF_PAGES_BRANCH: 'main' };
  box.git(clone, 'switch', '--quiet', '--detach');
  expect(built(main)).toEqual([0, true]);
  box.git(clone, 'remote', 'remove', 'origin');
  expect(built(main)).toEqual([7, false]);
  box.git(clone, 'remote', 'remove', 'origin');
  expect(built({ ...main, REPOSITORY_URL: remote })).toEqual([0, true]);
  fallBehind();
  expect(built(main)).toEqual([5, false]);
  expect(built({})).toEqual([5, false]);
  expect(built({ VERCEL_GIT_COMMIT_REF: 'feature' })).toEqual([0, true]);
});

it('the configuration on the page is one that is taken', () => {
  expect(validateConfig(JSON.parse(block('After it')))).not.toHaveProperty('problems');
});
