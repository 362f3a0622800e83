import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { importsIn, LAYERS, problemsIn, sourcesBelow } from '../../scripts/layers.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SOURCES = sourcesBelow(ROOT);

/** What is wrong once these files are planted among the real ones. */
function planted(files: Readonly<Record<string, string>>): string[] {
  return problemsIn(new Map([...SOURCES, ...Object.entries(files)]));
}

describe('the layers of src', () => {
  it('hold, and no imports form a circle', () => {
    expect(SOURCES.size).toBeGreaterThan(200);
    expect(problemsIn(SOURCES)).toEqual([]);
  });

  it.each([
    ['a static import', "import { Context } from '../workspace/context.js';\nexport const context = Context;"],
    ['a type import', "import type { Context } from '../workspace/context.js';\nexport type Own = Context;"],
    ['a type of a dynamic import', "export type Own = import('../workspace/context.js').Context;"],
    ['a dynamic import', "export const load = () => import('../workspace/context.js');"],
    ['a dynamic import over lines', "export const load = () =>\n  import(\n    '../workspace/context.js'\n  );"],
    ['a re-export', "export { Context } from '../workspace/context.js';"],
    ['a bare import', "import '../workspace/context.js';"],
  ])('refuse %s of what stands above', (_, source) => {
    expect(planted({ 'src/git/planted.ts': source })).toEqual([
      'src/git/planted.ts imports src/workspace/context.ts: src/git may not import src/workspace',
    ]);
  });

  it.each([
    ['a dynamic import', "export const load = () => import('./planted-b.js');"],
    ['a type import', "import type { B } from './planted-b.js';\nexport type A = B;"],
  ])('refuse a circle that %s closes', (_, source) => {
    const back = "import type { load } from './planted-a.js';\nexport type B = typeof load;";
    expect(planted({ 'src/git/planted-a.ts': source, 'src/git/planted-b.ts': back })).toEqual([
      'imports form a circle: src/git/planted-a.ts → src/git/planted-b.ts → src/git/planted-a.ts',
    ]);
  });

  it('refuse a file of no layer, an import that nobody can follow, and what is not there', () => {
    expect(
      planted({
        'src/elsewhere/planted.ts': "import '../errors.js';",
        'src/git/planted.ts': 'export const load = (name: string) => import(name);',
        'src/git/other.ts': "import './nowhere.js';",
      }),
    ).toEqual([
      'src/elsewhere/planted.ts is in no layer: give src/elsewhere a line in scripts/layers.mjs',
      'src/git/planted.ts imports what only a run can tell',
      'src/git/other.ts imports src/git/nowhere.ts, which is not there',
    ]);
  });

  it('keep each library in its room, and Node out of what is pure', () => {
    expect(
      planted({
        'src/commands/planted.ts': "import { Command } from 'commander';\nexport const command = new Command();",
        'src/domain/planted.ts': "import { join } from 'node:path';\nexport const joined = join('a', 'b');",
      }),
    ).toEqual([
      'src/commands/planted.ts imports commander, which belongs to src/cli',
      'src/domain/planted.ts imports node:path: src/domain is pure',
    ]);
  });

  it('have no room that can reach itself through another', () => {
    const reach = (room: string, seen: readonly string[] = []): boolean =>
      (LAYERS[room] ?? []).some((next) => next !== room && (seen.includes(next) || reach(next, [...seen, room])));
    expect(Object.keys(LAYERS).filter((room) => reach(room))).toEqual([]);
  });
});

it.each([
  ["import a from 'x'", ['x']],
  ['import { a,\n  type B } from \'x\';\nimport * as c from "y";', ['x', 'y']],
  ["import type { A } from 'x';\nexport type { A } from 'y';\nexport * from 'z';", ['x', 'y', 'z']],
  ["const { a } = await import('x');\nconst b = (await import('y')).b;", ['x', 'y']],
  ["// import a from 'x'\n/* import('y') */\nconst a = 1;", []],
  ["const text = 'said from';\nconst other = 'x';", []],
  ['import(name)', [null]],
])('imports are read from %j', (source, found) => {
  expect(importsIn(source)).toEqual(found);
});
