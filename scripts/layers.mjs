// Which folder of src/ may import which, and that no imports form a circle: node scripts/layers.mjs, part of npm run lint.
// Type imports and dynamic ones count as any other.
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { pathToFileURL } from 'node:url';

const LIBRARIES = {
  ...{ chalk: 'render', commander: 'cli', preact: 'dashboard', 'simple-git': 'git', 'proper-lockfile': 'workspace' },
  ...{ '@modelcontextprotocol/server': 'mcp', '@modelcontextprotocol/server/stdio': 'mcp' },
};
const BASE = ['errors', 'domain'];
const EDGES = [...BASE, 'git', 'config'];
const WORKSPACE = [...EDGES, 'programs', 'render', 'store', 'guards', 'gates', 'verify', 'workspace'];

/**
 * The rooms of src/, each with those that it may import beside itself. A room is a folder, or a file at the root.
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const LAYERS = {
  main: ['cli', ...WORKSPACE],
  // The command line is one face of the verbs; the others stand on the typed API.
  cli: ['commands', 'dashboard', 'mcp', ...WORKSPACE],
  dashboard: ['api', 'commands', ...WORKSPACE],
  mcp: ['api', 'commands', ...WORKSPACE],
  api: ['commands', ...WORKSPACE],
  commands: WORKSPACE,
  workspace: WORKSPACE,
  store: EDGES,
  guards: EDGES,
  gates: [...EDGES, 'programs'],
  // What looks at a live URL sees neither git nor a gate.
  verify: [...BASE, 'config'],
  git: BASE,
  programs: [],
  config: BASE,
  render: BASE,
  domain: ['errors'],
  errors: [],
};

/** Rooms that are pure: nothing of Node. */
const PURE = ['domain', 'render', 'errors'];

/** What a source imports, in whatever way: each specifier once; null stands for one that is not a plain text. */
export function importsIn(source) {
  const code = source.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  const found = [...code.matchAll(/(?:^|[;}\s])(?:import|export)\s(?:[^'"`;]*?\sfrom\s*)?['"]([^'"]+)['"]/g)].map(
    ([, specifier]) => specifier,
  );
  for (const [, rest] of code.matchAll(/\bimport\s*\(\s*([^)]*)/g))
    found.push(/^['"]([^'"]+)['"]/.exec(rest)?.[1] ?? null);
  return [...new Set(found)];
}

/**
 * All that is wrong with the imports of these files.
 * @param {ReadonlyMap<string, string>} sources by path from the root, such as `src/domain/time.ts`
 * @returns {string[]} a sentence each
 */
export function problemsIn(sources) {
  const problems = [];
  const graph = new Map();
  for (const [file, source] of sources) {
    const targets = [];
    for (const specifier of importsIn(source)) {
      if (specifier === null) problems.push(`${file} imports what only a run can tell`);
      else if (!specifier.startsWith('.')) problems.push(...foreign(file, specifier));
      else targets.push(sourceOf(posix.join(posix.dirname(file), specifier), sources));
    }
    graph.set(file, targets);
    for (const target of targets) problems.push(...upward(file, target, sources));
  }
  return [...problems, ...circlesIn(graph).map((circle) => `imports form a circle: ${circle.join(' → ')}`)];
}

/** The file that an import names: what is written for the browser may have markup in it. */
function sourceOf(path, sources) {
  const markup = path.replace(/\.js$/, '.tsx');
  return sources.has(markup) ? markup : path.replace(/\.js$/, '.ts');
}

/** The first part of the path below src/. */
function roomOf(file) {
  return file.split('/')[1]?.replace(/\.ts$/, '') ?? '';
}

function foreign(file, specifier) {
  const room = roomOf(file);
  const owner = LIBRARIES[specifier];
  if (owner !== undefined && owner !== room) return [`${file} imports ${specifier}, which belongs to src/${owner}`];
  if (specifier.startsWith('node:') && PURE.includes(room))
    return [`${file} imports ${specifier}: src/${room} is pure`];
  return [];
}

function upward(file, target, sources) {
  const [from, to] = [roomOf(file), roomOf(target)];
  if (!(from in LAYERS)) return [`${file} is in no layer: give src/${from} a line in scripts/layers.mjs`];
  if (!sources.has(target)) return [`${file} imports ${target}, which is not there`];
  if (from === to || LAYERS[from].includes(to)) return [];
  return [`${file} imports ${target}: src/${from} may not import src/${to}`];
}

/** The strongly connected parts of more than one file (Tarjan, "Depth-first search and linear graph algorithms", 1972). */
function circlesIn(graph) {
  const order = new Map();
  const low = new Map();
  const open = [];
  const circles = [];
  const visit = (file) => {
    order.set(file, order.size);
    low.set(file, order.get(file));
    open.push(file);
    const targets = graph.get(file).filter((target) => graph.has(target));
    for (const target of targets) {
      const isNew = !order.has(target);
      if (isNew) visit(target);
      if (isNew || open.includes(target)) low.set(file, Math.min(low.get(file), low.get(target)));
    }
    if (low.get(file) !== order.get(file)) return;
    const circle = open.splice(open.indexOf(file));
    if (circle.length > 1 || targets.includes(file)) circles.push([...circle, file]);
  };
  for (const file of graph.keys()) if (!order.has(file)) visit(file);
  return circles;
}

/** Every source below a folder, by its path from `root`. */
export function sourcesBelow(root, folder = 'src') {
  return new Map(
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.tsx?$/.test(name))
      .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
      .sort()
      .map((file) => [file, readFileSync(join(root, file), 'utf8')]),
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const problems = problemsIn(sourcesBelow('.'));
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) console.error('next: move the code, or what it needs, to a lower layer');
  process.exitCode = problems.length > 0 ? 1 : 0;
}
