import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const { LIBRARIES, VERBS_OF } = createRequire(import.meta.url)('../bin/load.js');
const root = fileURLToPath(new URL('..', import.meta.url));

/** The names of all programs that are built. */
export const PROGRAMS = ['coord', ...Object.keys(VERBS_OF)];
/** What a program of others loads: the functions of `src/api/`. */
const API = 'api';
export const BUNDLES = [...PROGRAMS, API, ...LIBRARIES];

/**
 * A program or a library as one CommonJS text: cold start is what an agent pays for at each call. The text is a function
 * for `bin/load.js` to call. It begins with a comment that holds its fingerprint, which ties the code cache to this very
 * text: V8 itself compares no more than its length. All of it is ASCII, which is read without decoding.
 *
 * @param {string} name one of {@link BUNDLES}
 * @param {import('esbuild').Plugin[]} plugins of esbuild; tests plant bugs by one
 * @returns {Promise<{ text: string, packages: string[] }>} and the packages of others that are in it
 */
export async function bundle(name, plugins = []) {
  const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
  const isLibrary = LIBRARIES.includes(name);
  const source = isLibrary ? (FACADES[name] ?? name) : name === API ? './src/api/open.ts' : './src/main.ts';
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    stdin: { contents: `export * from '${source}'`, resolveDir: root },
    external: isLibrary ? [] : LIBRARIES,
    bundle: true,
    platform: 'node',
    // What is built for browsers too may say in `main` what cannot be bundled.
    mainFields: ['module', 'main'],
    target: 'node20',
    supported: { 'dynamic-import': false },
    format: 'cjs',
    minify: true,
    legalComments: 'none',
    define: { __COORD_VERSION__: JSON.stringify(version) },
    plugins: [apart, ...(name in VERBS_OF ? [withVerbsOf(VERBS_OF[name])] : []), ...plugins],
    write: false,
    metafile: true,
    logLevel: 'warning',
  });
  const text = inAscii(`(function (exports, require, module, __filename, __dirname) {${outputFiles[0].text}})`);
  const fingerprint = createHash('sha256').update(text).digest('hex').slice(0, 16);
  return { text: `/*${fingerprint}*/${text}`, packages: packagesIn(metafile) };
}

/**
 * The page of the dashboard, for a browser: one script and one style.
 *
 * @returns {Promise<{ files: Map<string, string>, packages: string[] }>}
 */
export async function bundlePage() {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: { page: 'src/dashboard/page/main.tsx', style: 'src/dashboard/page/page.css' },
    outdir: 'dist',
    bundle: true,
    target: ['es2022', 'chrome120', 'firefox120', 'safari17'],
    format: 'iife',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    minify: true,
    charset: 'ascii',
    legalComments: 'none',
    write: false,
    metafile: true,
    logLevel: 'warning',
  });
  const textOf = (end) => outputFiles.find(({ path }) => path.endsWith(end)).text;
  const files = new Map([
    ['page.js', textOf('page.js')],
    ['page.css', textOf('style.css')],
  ]);
  return { files, packages: packagesIn(metafile) };
}

/** The packages of others that are in what was bundled. */
function packagesIn(metafile) {
  return Object.keys(metafile.inputs).flatMap(
    (path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? [],
  );
}

/** What of a library is used where that has several entrances, by the name of what is built: one file of ours. */
const FACADES = { 'mcp-sdk': './src/mcp/sdk.ts' };

/** Leaves it to `bin/load.js` to find what is built of such a file. */
const apart = {
  name: 'apart',
  setup(builder) {
    builder.onResolve({ filter: /^\.\/sdk\.js$/ }, () => ({ path: 'mcp-sdk', external: true }));
  },
};

/** Leaves out the verbs that begin with other words; without any verb, all that is loaded to run one. */
function withVerbsOf(heads) {
  const kept = heads.flatMap(modulesOf);
  return {
    name: 'with-some-verbs',
    setup(build) {
      build.onResolve({ filter: /^\.\.?\// }, ({ kind, importer, path }) => {
        if (kind !== 'dynamic-import' || kept.includes(path)) return null;
        return heads.length === 0 || importer.endsWith('registry.ts') ? { path, external: true } : null;
      });
    },
  };
}

/** The modules of the verbs that begin with a word. The registry is read as text, since nothing is built yet. */
function modulesOf(head) {
  const registry = readFileSync(`${root}src/cli/registry.ts`, 'utf8');
  const entry = new RegExp(`name: '${head}(?: [^']+)?',(?:(?!name: ')[\\s\\S])*?import\\('([^']+)'\\)`, 'g');
  const modules = [...registry.matchAll(entry)].map(([, module]) => module);
  if (modules.length === 0) throw new Error(`no verb of the registry begins with ${head}`);
  return modules;
}

/** esbuild escapes what stands in strings, and leaves regular expressions as they are. */
function inAscii(text) {
  return text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
