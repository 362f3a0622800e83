import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'esbuild';
import { bundle, PROGRAMS } from '../../../scripts/bundle.mjs';
import type { main } from '../../../src/main.js';
import type { Sandbox } from '../../support/sandbox.js';

interface Loader {
  load(root: string, name: string): object | null;
}

const { load } = createRequire(import.meta.url)('../../../bin/coord.js') as Loader;
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** A change of one file of the source that makes the program wrong. */
export interface PlantedBug {
  /** Under `src/`. */
  readonly file: string;
  /** Stands there exactly once. */
  readonly from: string;
  readonly to: string;
}

/**
 * Builds the program with bugs in it, into the sandbox.
 * @returns the path of its `bin/coord.js`
 * @throws Error when the text to change is not there once: the test has to follow the source.
 */
export async function programWith(box: Sandbox, bugs: readonly PlantedBug[]): Promise<string> {
  return join(await placeWith(box, bugs, PROGRAMS), 'bin', 'coord.js');
}

/** The program with bugs in it, to be run in this process. */
export async function mainWith(box: Sandbox, bugs: readonly PlantedBug[]): Promise<typeof main> {
  const program = load(await placeWith(box, bugs, ['coord']), 'coord');
  if (!program) throw new Error('nothing was built');
  return (program as { readonly main: typeof main }).main;
}

/** A folder of the package in the sandbox, whose programs of these names have bugs in them. */
export async function placeWith(
  box: Sandbox,
  bugs: readonly PlantedBug[],
  programs: readonly string[],
): Promise<string> {
  const place = box.path('planted');
  for (const folder of ['bin', 'dist', 'rules', 'schema']) {
    cpSync(join(ROOT, folder), join(place, folder), { recursive: true });
  }
  for (const program of programs) {
    const { text } = await bundle(program, [planting(bugs)]);
    writeFileSync(join(place, 'dist', `${program}.cjs`), text);
  }
  return place;
}

function planting(bugs: readonly PlantedBug[]): Plugin {
  return {
    name: 'planting',
    setup(build) {
      build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const file = path.slice(join(ROOT, 'src').length + 1).replaceAll(sep, '/');
        const own = bugs.filter((bug) => bug.file === file);
        if (own.length === 0) return null;
        return { contents: own.reduce(planted, readFileSync(path, 'utf8')), loader: 'ts' };
      });
    },
  };
}

function planted(source: string, { file, from, to }: PlantedBug): string {
  const times = source.split(from).length - 1;
  if (times !== 1) throw new Error(`src/${file} has the text to change ${times} times: ${from}`);
  return source.replace(from, () => to);
}
