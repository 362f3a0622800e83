import { chmodSync, cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { CATALOGUE, VERBS } from '../../src/cli/registry.js';
import { sandbox } from '../support/sandbox.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

interface Loader {
  readonly VERBS_OF: Readonly<Record<string, readonly string[]>>;
  programFor(argv: readonly string[]): string;
  load(root: string, name: string): object | null;
}
const { VERBS_OF, load, programFor }: Loader = createRequire(import.meta.url)('../../bin/load.js');

/** Which modules a built program leaves out. */
function leftOut(program: string): string[] {
  const text = readFileSync(join(ROOT, 'dist', `${program}.cjs`), 'latin1');
  return [...text.matchAll(/require\("(\.[^"]*)"\)/g)].map(([, path]) => path ?? '');
}

describe('the built programs', () => {
  it('are chosen by the first word', () => {
    expect(programFor(['claim', 'src', '--json'])).toBe('writes');
    expect(programFor(['status'])).toBe('reads');
    expect(programFor(['guard', 'hook', 'claude-code'])).toBe('guards');
    expect(programFor(['--version'])).toBe('version');
    for (const argv of [[], ['deploy'], ['--agent', 'maya', 'claim'], ['--version', '--json'], ['clam'], ['']]) {
      expect(programFor(argv)).toBe('coord');
    }
  });

  it('leave help to the one that knows all verbs', () => {
    expect(programFor(['claim', '--help'])).toBe('coord');
    expect(programFor(['status', '-h', '--json'])).toBe('coord');
  });

  it('load a library once, however often they ask for it', () => {
    const box = sandbox();
    const head = '/*0123456789abcdef*/';
    box.write(box.directory, 'dist/simple-git.cjs', `${head}(function (exports) { exports.here = true; })`);
    const asks = "exports.one = require('simple-git'); exports.other = require('simple-git');";
    box.write(box.directory, 'dist/coord.cjs', `${head}(function (exports, require) { ${asks} })`);
    const exports = load(box.directory, 'coord') as { readonly one: object; readonly other: object } | null;
    expect(exports?.one).toEqual({ here: true });
    expect(exports?.other).toBe(exports?.one);
  });

  it('read a plain command line without commander', async () => {
    const box = sandbox();
    const clone = box.repository();
    for (const folder of ['bin', 'dist']) cpSync(join(ROOT, folder), box.path('coord', folder), { recursive: true });
    rmSync(box.path('coord', 'dist', 'commander.cjs'));
    const program = box.path('coord', 'bin', 'coord.js');
    const coord = async (...args: string[]) =>
      (await box.coord(clone, args, { env: { COORD_AGENT: 'maya' }, program })).code;
    await box.coord(clone, ['init', '--local']);
    expect(await coord('claim', 'src/a.ts', '--reason', 'paging', '--ttl=1h', '--json')).toBe(0);
    expect(await coord('guard', 'run', 'pre-commit')).toBe(0);
    expect(await coord('claim', 'src/b.ts', '--wait')).not.toBe(0);
  });

  it.each([
    ['a program that is missing', 'reads', undefined, /^coord is not built yet\nnext: npm ci .+\n$/],
    [
      'a program that is cut',
      'reads',
      '/*0123456789abcdef*/(function (exports) {',
      /^coord cannot be loaded: .+\nnext: .+\n$/,
    ],
    ['an empty program', 'reads', '', /^coord cannot be loaded: .+\nnext: .+\n$/],
    ['a library that is missing', 'commander', undefined, /commander\.cjs is missing/],
  ])('say what to do about %s', async (_, name, text, said) => {
    const box = sandbox();
    const clone = box.repository();
    for (const folder of ['bin', 'dist']) cpSync(join(ROOT, folder), box.path('coord', folder), { recursive: true });
    rmSync(box.path('coord', 'dist', `${name}.cjs`));
    if (text !== undefined) box.write(box.directory, `coord/dist/${name}.cjs`, text);
    const options = { program: box.path('coord', 'bin', 'coord.js') };
    const { code, stderr } = await box.coord(clone, ['status', '--unknown'], options);
    expect(code).toBe(1);
    expect(stderr).toMatch(said);
  });

  it('let no edit through where the guard is not built', async () => {
    const box = sandbox();
    cpSync(join(ROOT, 'bin'), box.path('coord', 'bin'), { recursive: true });
    const options = { program: box.path('coord', 'bin', 'coord.js') };
    expect(await box.coord(box.directory, ['guard', 'hook', 'claude-code'], options)).toMatchObject({
      code: 2,
      stdout: '',
    });
  });

  it('have verbs that there are, each in one program', () => {
    const named = Object.values(VERBS_OF).flat();
    const known = [...CATALOGUE.heads(), ...VERBS.map(({ name }) => name)];
    expect(known).toEqual(expect.arrayContaining(named));
    expect(new Set(named).size).toBe(named.length);
  });

  it('leave out nothing but the verbs of others', () => {
    const registry = readFileSync(join(ROOT, 'src', 'cli', 'registry.ts'), 'utf8');
    const verbs = [...registry.matchAll(/name: '([^']+)',(?:(?!name: ')[\s\S])*?import\('([^']+)'\)/g)];
    const { version, ...others } = VERBS_OF;
    expect(version).toEqual([]);
    expect(leftOut('version')).toEqual(['./cli/command-line.js']);
    expect(leftOut('coord')).toEqual([]);
    for (const [program, own] of Object.entries(others)) {
      const kept = verbs.flatMap(([, name = '', module]) =>
        own.some((one) => name === one || name.startsWith(`${one} `)) ? [module] : [],
      );
      const foreign = verbs.flatMap(([, , module]) => (kept.includes(module) ? [] : [module]));
      expect(new Set(leftOut(program))).toEqual(new Set(foreign));
    }
  });

  describe('keep V8’s code cache for the Node that runs them', () => {
    const caches = (place: string) => readdirSync(place).filter((name) => /cache|tmp/.test(name));
    const own = new RegExp(`^[0-9a-f]{16}\\.status\\.${process.version}-\\w+\\.cache$`);

    /** A copy of the program without caches, and a repository to run it in. */
    async function copied() {
      const box = sandbox();
      const clone = box.repository();
      for (const folder of ['bin', 'dist']) cpSync(join(ROOT, folder), box.path('coord', folder), { recursive: true });
      const dist = box.path('coord', 'dist');
      for (const name of caches(dist)) rmSync(join(dist, name));
      const options = { env: { COORD_AGENT: 'maya' }, program: box.path('coord', 'bin', 'coord.js') };
      await box.coord(clone, ['init', '--local']);
      const run = async (...args: string[]) => (await box.coord(clone, args, options)).code;
      return { box, clone, dist, options, run };
    }

    it('which is made at the first run of a verb that goes well, and then used', async () => {
      const { dist, run } = await copied();
      expect(await run('status', 'src/../..')).toBe(2);
      expect(caches(dist)).toEqual([]);
      expect(await run('status')).toBe(0);
      expect(caches(dist)).toEqual([expect.stringMatching(own)]);
      const cache = join(dist, caches(dist)[0] ?? '');
      const made = statSync(cache).ino;
      expect(await run('status', '--json')).toBe(0);
      expect(statSync(cache).ino).toBe(made);
      writeFileSync(cache, readFileSync(cache).subarray(0, 100));
      expect(await run('status')).toBe(0);
      expect(statSync(cache).ino).not.toBe(made);
      expect(statSync(cache).size).toBeGreaterThan(10_000);
      expect(caches(dist)).toHaveLength(1);
    });

    it.runIf(process.getuid?.() === 0)('and do without it where the folder cannot be written', async () => {
      const { box, clone, dist, options } = await copied();
      for (const place of [box.directory, box.home, clone]) chmodSync(place, 0o777);
      const result = await box.coord(box.home, ['help', '--json'], { ...options, uid: 65534, gid: 65534 });
      expect([result.code, result.stderr]).toEqual([0, '']);
      expect(caches(dist)).toEqual([]);
    });
  });
});
