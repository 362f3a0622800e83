import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { Sandbox, sandbox } from '../support/sandbox.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The Node of this machine, in CI one of each, and those newer ones that `node scripts/clients.mjs` has installed. */
const CLIENTS = process.env.COORD_CLIENTS ?? join(homedir(), '.cache', 'coord-clients');
const NODES: readonly (readonly [major: string, bin: string | null])[] = [
  ['of this machine', null],
  ...['22', '24'].map((major) => [major, join(CLIENTS, 'node_modules', `node-${major}`, 'bin')] as const),
];

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

/** Runs a program where npm reaches no network and sees none of the machine's settings. */
function run(box: Sandbox, cwd: string, command: string, args: readonly string[], path = box.env.PATH ?? '') {
  const env = { ...box.env, PATH: path, npm_config_offline: 'true', npm_config_cache: box.path('npm') };
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, env, encoding: 'utf8' });
  return { code: status, stdout, stderr };
}

describe('the package', () => {
  const box = new Sandbox();
  let packed: Packed;
  let place: string;
  /** With the programs of the installed package first. */
  let path: string;

  beforeAll(() => {
    const pack = run(box, ROOT, 'npm', ['pack', '--json', '--pack-destination', box.directory]);
    [packed] = JSON.parse(pack.stdout) as [Packed];
    place = box.path('empty');
    mkdirSync(place);
    const install = run(box, place, 'npm', [
      'install',
      '--prefix',
      place,
      '--no-audit',
      '--no-fund',
      box.path(packed.filename),
    ]);
    expect([install.code, install.stderr]).toEqual([0, expect.not.stringContaining('ERR')]);
    path = `${join(place, 'node_modules', '.bin')}:${box.env.PATH}`;
    return () => box.cleanup();
  });

  it('is packed with nothing on standard output but its name: pre-commit takes it from there', () => {
    const pack = run(box, ROOT, 'npm', ['pack', '--pack-destination', box.directory]);
    expect([pack.code, pack.stdout]).toEqual([0, `${packed.filename}\n`]);
  });

  it('holds what is used, and nothing else', () => {
    const files = packed.files.map(({ path }) => path);
    expect(files).toEqual(
      expect.arrayContaining(['LICENSE', 'SECURITY.md', 'bin/coord.js', 'dist/coord.cjs', 'dist/licences.txt']),
    );
    const folders = /^(?:bin|dist|docs|examples|rules|schema)\//;
    const rest = files.filter((file) => !folders.test(file)).sort();
    expect(rest).toEqual(['CHANGELOG.md', 'CONTRIBUTING.md', 'LICENSE', 'README.md', 'SECURITY.md', 'package.json']);
    expect(files.filter((file) => /\.(?:cache|tmp|(?<!\.d\.|^examples\/\w+\.)ts)$/.test(file))).toEqual([]);
    expect(files).toEqual(expect.arrayContaining(['dist/types/api/index.d.ts', 'bin/api.js']));
  });

  it('has every file that its documents lead to', () => {
    const files = packed.files.map(({ path }) => path);
    for (const document of files.filter((file) => file.endsWith('.md'))) {
      const text = readFileSync(join(ROOT, document), 'utf8').replace(/^```[\s\S]*?^```/gm, '');
      // Pictures are for those who read on the repository's host.
      for (const [, mark, link = ''] of text.matchAll(/(!?)\[[^\]]*\]\(([^)#\s]+)[^)]*\)/g)) {
        if (mark === '!' || /^https?:/.test(link)) continue;
        const target = join(dirname(document), link).replace(/\/$/, '');
        const isThere = files.some((file) => file === target || file.startsWith(`${target}/`));
        expect([document, link, isThere]).toEqual([document, link, true]);
      }
    }
  });

  it('needs no other package, and brings the licences of what is built in', () => {
    const installed = join(place, 'node_modules', 'git-coord');
    const about = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
    expect([about.name, about.dependencies]).toEqual(['git-coord', undefined]);
    const licences = readFileSync(join(installed, 'dist', 'licences.txt'), 'utf8');
    for (const name of ['commander', 'simple-git', 'proper-lockfile', 'chalk', 'valibot']) {
      expect(licences).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(MIT\\)$`, 'm'));
    }
  });

  it.each(NODES)('does all that the README says, as it is written, on Node %s', (major, bin) => {
    if (bin !== null && !existsSync(join(bin, 'node'))) {
      console.warn(`Node ${major} is not there: node scripts/clients.mjs installs it`);
      return;
    }
    const [programs, first] = [bin ?? '', box.path(`on-${major}`)];
    mkdirSync(first);
    const here = bin === null ? (box.env.PATH ?? '') : `${programs}:${box.env.PATH}`;
    const version = run(box, first, 'node', ['--version'], here).stdout;
    expect(version).toMatch(bin === null ? process.version : new RegExp(`^v${major}\\.`));
    const install = ['install', '--prefix', first, '--no-audit', '--no-fund', box.path(packed.filename)];
    expect(run(box, first, 'npm', install, here)).toMatchObject({ code: 0 });
    const blocks = [...readFileSync(join(ROOT, 'README.md'), 'utf8').matchAll(/^```sh\n([\s\S]*?)^```$/gm)];
    const [setUp = '', ...rest] = blocks.map(([, block]) => block ?? '');
    expect(setUp).toBe('npm ci && npm run demo\nnpm ci && npm test\n');
    expect(rest.length).toBeGreaterThan(3);
    const trying = box.path(`trying-${major}`);
    mkdirSync(trying);
    const installed = `${join(first, 'node_modules', '.bin')}:${here}`;
    const { code, stdout, stderr } = run(box, trying, 'bash', ['-euxo', 'pipefail', '-c', rest.join('\n')], installed);
    expect([code, stderr]).toEqual([0, expect.not.stringContaining('unknown')]);
    for (const said of ['claimed src/api/**', 'landed', 'in sync']) expect(stdout).toContain(said);
    expect(box.git(join(trying, 'practice.git'), 'log', '--format=%s', 'main')).toContain('paginate users');
  });

  /** Compiles a program of TypeScript where the package is installed, as strictly as it can be, and runs it there. */
  function runTypeScript(name: string, source: string, cwd: string, env: Record<string, string> = {}) {
    cpSync(join(ROOT, 'node_modules', '@types', 'node'), join(place, 'node_modules', '@types', 'node'), {
      recursive: true,
    });
    cpSync(join(ROOT, 'node_modules', 'undici-types'), join(place, 'node_modules', 'undici-types'), {
      recursive: true,
    });
    writeFileSync(join(place, 'package.json'), '{"type":"module"}');
    writeFileSync(join(place, `${name}.ts`), source);
    const strictly = ['--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--module', 'nodenext'];
    const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    const compiled = run(box, place, 'node', [
      ...[compiler, ...strictly, '--target', 'es2022', '--types', 'node', `${name}.ts`],
    ]);
    expect([compiled.code, compiled.stdout]).toEqual([0, '']);
    const variables = Object.entries(env).map(([key, value]) => `${key}=${value}`);
    return run(box, cwd, 'env', [...variables, 'node', join(place, `${name}.js`)], path);
  }

  it('exports its verbs with their types: a refusal is a value, and what waits can be aborted', () => {
    const clone = box.repository('typed');
    box.commit(clone, 'src/a.ts', 'a\n');
    expect(run(box, clone, 'coord', ['init', '--local'], path)).toMatchObject({ code: 0 });
    const ran = runTypeScript('typed', readFileSync(join(ROOT, 'test', 'fixtures', 'typed-api.txt'), 'utf8'), clone);
    expect([ran.stderr, ran.code]).toEqual(['', 0]);
    expect(JSON.parse(ran.stdout)).toEqual({
      claimed: ['src/**'],
      again: true,
      refused: ['held', 3, 'src/a.ts', 'maya'],
      aborted: ['timeout', 'interrupted'],
      waiters: 0,
      events: ['claim.granted', 'claim.refused', 'note.added'],
      changes: 2,
      released: ['src/**'],
      stranger: 'usage',
    });
  });

  it('runs the example of an orchestrator: three agents do its tasks, and bring them to the main branch', () => {
    const remote = box.bareRemote();
    const clone = box.clone(remote, { name: 'plan' });
    box.commit(clone, 'src/web/page.ts', 'page\n');
    expect(run(box, clone, 'coord', ['init'], path)).toMatchObject({ code: 0 });
    box.git(clone, 'add', '.');
    box.git(clone, 'commit', '--quiet', '--message', 'set coord up');
    box.git(clone, 'push', '--quiet', 'origin', 'main');
    cpSync(join(ROOT, 'examples', 'agent.sh'), join(place, 'agent.sh'));
    const source = readFileSync(join(ROOT, 'examples', 'orchestrator.ts'), 'utf8');
    expect(source.split('\n').length).toBeLessThanOrEqual(61);
    const ran = runTypeScript('orchestrator', source, clone, { TMPDIR: box.path() });
    expect([ran.stderr, ran.code]).toEqual(['', 0]);
    expect(ran.stdout).toContain('4 of 4 tasks done');
    for (const id of ['t1', 't2', 't3', 't4'])
      expect(ran.stdout).toMatch(new RegExp(`task.taken ${id} by (ann|ben|cy)`));
    expect(box.git(remote, 'log', '--format=%s', 'main').split('\n').slice(0, 4).sort()).toEqual([
      't1',
      't2',
      't3',
      't4',
    ]);
    expect(run(box, clone, 'coord', ['status', '--json'], path).stdout).toContain('"claims":[]');
  });

  it('runs as coord, as a command of git, and from an alias', () => {
    const clone = box.repository();
    box.commit(clone, 'src/a.ts', 'a\n');
    const env = ['-c', 'alias.who=coord status'];
    expect(run(box, clone, 'coord', ['init', '--local'], path)).toMatchObject({ code: 0 });
    expect(run(box, clone, 'git', ['coord', 'claim', 'a.ts', '--agent', 'maya'], path)).toMatchObject({ code: 0 });
    expect(run(box, join(clone, 'src'), 'git', ['coord', 'claim', 'a.ts', '--agent', 'maya'], path)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('src/a.ts'),
    });
    const status = run(box, clone, 'coord', ['status'], path);
    expect(status).toMatchObject({ code: 0, stdout: expect.stringContaining('src/a.ts') });
    expect(run(box, clone, 'git', [...env, 'who'], path).stdout).toContain('src/a.ts');
  });
});

describe('a release', () => {
  /** A repository of what is here, on main, with a changelog that has something to tell. */
  function repository(files = /^(?!test\/)/) {
    const box = sandbox();
    const place = box.repository('coord');
    const tracked = box.git(ROOT, 'ls-files', '--cached', '--others', '--exclude-standard').split('\n');
    for (const file of tracked.filter((name) => files.test(name) && existsSync(join(ROOT, name)))) {
      cpSync(join(ROOT, file), join(place, file));
    }
    symlinkSync(join(ROOT, 'node_modules'), box.path('node_modules'));
    box.write(place, 'CHANGELOG.md', '# Changelog\n\n## [Unreleased]\n\n- Claims.\n');
    box.write(place, 'README.md', '- uses: OWNER/coord@v0.0.1\n');
    box.git(place, 'add', '--all');
    box.git(place, 'commit', '--quiet', '--message', 'begin');
    const release = (...words: string[]) => run(box, place, 'node', ['scripts/release.mjs', ...words]);
    return { box, place, release };
  }

  it('is a commit, a tag, a dated section of the changelog and a tarball', () => {
    const { box, place, release } = repository();
    const result = release('1.2.3', '--no-check');
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toContain('next: git push --atomic origin main v1.2.3 && npm publish git-coord-1.2.3.tgz\n');
    expect(existsSync(join(place, 'git-coord-1.2.3.tgz'))).toBe(true);
    expect(box.git(place, 'log', '-1', '--format=%s %D')).toBe('Release 1.2.3 HEAD -> main, tag: v1.2.3');
    expect(box.git(place, 'tag', '--list', '--format=%(contents)')).toContain('- Claims.');
    expect(box.git(place, 'status', '--porcelain')).toBe('');
    const read = (file: string) => readFileSync(join(place, file), 'utf8');
    expect(read('CHANGELOG.md')).toMatch(/^## \[Unreleased\]\n\n## \[1\.2\.3\] - \d{4}-\d\d-\d\d\n\n- Claims\.$/m);
    expect(read('README.md')).toBe('- uses: OWNER/coord@v1.2.3\n');
    expect(JSON.parse(read('package.json')).version).toBe('1.2.3');
    expect(JSON.parse(read('package-lock.json')).version).toBe('1.2.3');
  });

  it.each([
    ['without a version', [], 'name the version'],
    ['of an older version', ['0.0.9'], 'older than'],
    ['of a version that is tagged', ['1.0.0'], 'is there already'],
    ['from another branch', ['2.0.0'], 'made on main'],
    ['from a worktree with changes', ['2.0.0'], 'has changes'],
    ['with nothing to tell', ['2.0.0'], 'nothing under [Unreleased]'],
  ])('%s is refused, and changes nothing', (what, words, message) => {
    const { box, place, release } = repository(/^scripts|^package/);
    box.git(place, 'tag', 'v1.0.0');
    if (what.startsWith('from another')) box.git(place, 'switch', '--quiet', '--create', 'side');
    if (what.startsWith('from a worktree')) box.write(place, 'new.txt', 'x\n');
    if (what.startsWith('with nothing')) box.commit(place, 'CHANGELOG.md', '## [Unreleased]\n\n## [0.1.0]\n\n- x\n');
    const before = box.git(place, 'log', '--all', '--format=%H %D');
    expect(release(...words, '--no-check')).toMatchObject({ code: 1, stderr: expect.stringContaining(message) });
    expect(box.git(place, 'log', '--all', '--format=%H %D')).toBe(before);
  });
});
