import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const { LIBRARIES, PROGRAMS } = createRequire(import.meta.url)('../bin/coord.js');
const root = fileURLToPath(new URL('..', import.meta.url));

export { PROGRAMS };

/** What a program of others loads: the functions of `src/api/`. */
const API = 'api';
export const BUNDLES = [...PROGRAMS, API, ...LIBRARIES];

/**
 * A program or a library as one CommonJS text: cold start is what an agent pays for at each call. The text is a function
 * for `bin/coord.js` to call. It begins with a comment that holds its fingerprint, which ties the code cache to this very
 * text: V8 itself compares no more than its length. All of it is ASCII, which is read without decoding.
 *
 * @param {string} name one of {@link BUNDLES}
 * @param {import('esbuild').Plugin[]} plugins of esbuild; tests plant bugs by one
 * @returns {Promise<{ text: string, packages: string[] }>} and the packages of others that are in it
 */
export async function bundle(name, plugins = []) {
  const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
  const isLibrary = LIBRARIES.includes(name);
  const source = SOURCES[name] ?? name;
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
    minify: !process.env.NOMIN,
    legalComments: 'none',
    define: { __COORD_VERSION__: JSON.stringify(version) },
    plugins: [apart, ...(name.endsWith('lane') ? [withoutMore] : []), ...plugins],
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

/** The file of ours that what is built begins with; a library has none, but where only some of it is used. */
const SOURCES = {
  lane: './src/cli/lane.ts',
  'claim-lane': './src/cli/claim-lane.ts',
  coord: './src/main.ts',
  [API]: './src/api/open.ts',
  'mcp-sdk': './src/mcp/sdk.ts',
};

/** Leaves it to `bin/coord.js` to find what is built of such a file. */
const apart = {
  name: 'apart',
  setup(builder) {
    builder.onResolve({ filter: /^\.\/(?:sdk|claim-lane)\.js$/ }, ({ path }) => ({
      path: path === './sdk.js' ? 'mcp-sdk' : 'claim-lane',
      external: true,
    }));
  },
};

/**
 * Leaves out what is loaded only when it is asked for: the lane is left before that. What is imported at once stands side by side
 * then, with nothing around each module that would have to run.
 */
const withoutMore = {
  name: 'without-more',
  setup(builder) {
    builder.onResolve({ filter: /./ }, ({ kind, path }) =>
      kind === 'dynamic-import' ? { path, external: true } : null,
    );
  },
};

/** esbuild escapes what stands in strings, and leaves regular expressions as they are. */
function inAscii(text) {
  return text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
