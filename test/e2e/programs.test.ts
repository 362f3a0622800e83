import { chmodSync, cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { sandbox } from '../support/sandbox.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

interface Loader {
  load(root: string, name: string): object | null;
}
const { load }: Loader = createRequire(import.meta.url)('../../bin/coord.js');

/** Which modules a built program leaves out. */
function leftOut(program: string): string[] {
  const text = readFileSync(join(ROOT, 'dist', `${program}.cjs`), 'latin1');
  return [...text.matchAll(/require\("(\.[^"]*)"\)/g)].map(([, path]) => path ?? '');
}

describe('the built programs', () => {
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

  it('answer everyday lines without commander', async () => {
    const box = sandbox();
    const clone = box.repository();
    box.commit(clone, 'README.md', 'hello\n');
    for (const folder of ['bin', 'dist']) cpSync(join(ROOT, folder), box.path('coord', folder), { recursive: true });
    rmSync(box.path('coord', 'dist', 'commander.cjs'));
    const program = box.path('coord', 'bin', 'coord.js');
    const coord = async (...args: string[]) =>
      (await box.coord(clone, args, { env: { COORD_AGENT: 'maya' }, program })).code;
    await box.coord(clone, ['init', '--local']);
    await box.coord(clone, ['status'], { env: { COORD_LANE: 'off' } });
    expect(await coord('claim', 'src/a.ts', '--reason', 'paging', '--ttl=1h', '--json')).toBe(0);
    expect(await coord('guard', 'run', 'pre-commit')).toBe(0);
    expect(await coord('status', '--json')).toBe(0);
    expect(await coord('claim', 'src/b.ts', '--wait')).not.toBe(0);
  });

  it.each([
    ['the lane when it is missing', 'lane', undefined, /^coord is not built yet\nnext: npm ci .+\n$/],
    ['a program that is missing', 'coord', undefined, /^coord is not built yet\nnext: npm ci .+\n$/],
    [
      'a program that is cut',
      'coord',
      '/*0123456789abcdef*/(function (exports) {',
      /^coord cannot be loaded: .+\nnext: .+\n$/,
    ],
    ['an empty program', 'coord', '', /^coord cannot be loaded: .+\nnext: .+\n$/],
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

  it('leave out nothing of the whole one', () => {
    expect(leftOut('coord')).toEqual([]);
  });

  describe('keep V8’s code cache for the Node that runs them', () => {
    // What is loaded for any verb has its own.
    const caches = (place: string) =>
      readdirSync(place).filter((name) => /cache|tmp/.test(name) && !/\.any\./.test(name));
    const own = new RegExp(`^[0-9a-f]{16}\\.status\\.${process.version}-\\w+\\.cache$`);

    /** A copy of the program without caches, and a repository to run it in. */
    async function copied() {
      const box = sandbox();
      const clone = box.repository();
      box.commit(clone, 'README.md', 'hello\n');
      for (const folder of ['bin', 'dist']) cpSync(join(ROOT, folder), box.path('coord', folder), { recursive: true });
      const dist = box.path('coord', 'dist');
      for (const name of caches(dist)) rmSync(join(dist, name));
      const options = { env: { COORD_AGENT: 'maya' }, program: box.path('coord', 'bin', 'coord.js') };
      await box.coord(clone, ['init', '--local']);
      const run = async (...args: string[]) => (await box.coord(clone, args, options)).code;
      return { box, clone, dist, options, run };
    }

    it('which is made at the first run of a verb that goes well, and then used', async () => {
      const { box, clone, dist, options, run } = await copied();
      expect(await run('status', 'src/../..')).toBe(2);
      expect(caches(dist)).toEqual([]);
      const off = { ...options, env: { ...options.env, COORD_LANE: 'off' } };
      expect((await box.coord(clone, ['status'], off)).code).toBe(0);
      expect(caches(dist)).toEqual([expect.stringMatching(own)]);
      const [whole = ''] = caches(dist);
      // That of the lane then.
      expect(await run('status')).toBe(0);
      expect(caches(dist)).toEqual([expect.stringMatching(own), expect.stringMatching(own)]);
      for (const name of caches(dist)) {
        const cache = join(dist, name);
        const made = statSync(cache).ino;
        const again = async () => (await box.coord(clone, ['status'], name === whole ? off : options)).code;
        expect(await again()).toBe(0);
        expect(statSync(cache).ino).toBe(made);
        writeFileSync(cache, readFileSync(cache).subarray(0, 100));
        expect(await again()).toBe(0);
        expect(statSync(cache).ino).not.toBe(made);
        expect(statSync(cache).size).toBeGreaterThan(10_000);
      }
      expect(caches(dist)).toHaveLength(2);
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
