'use strict';

const { accessSync, constants, readFileSync, renameSync, rmSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { Script } = require('node:vm');

/**
 * What is asked for all day has programs of its own: what is not in a program need not be read. Each has the verbs with
 * these first words (one or two), and `version` has none; `coord` has all.
 */
const VERBS_OF = {
  version: [],
  reads: ['agent', 'status', 'verify-token'],
  writes: ['claim', 'note', 'release', 'renew', 'run'],
  guards: ['guard hook', 'guard run'],
};

/** Libraries that few commands use: each is a program beside ours. */
const LIBRARIES = ['commander', 'jsonc-parser', 'mcp-sdk', 'simple-git'];

/** Modules of Node that take milliseconds to load, and that many commands never use. */
const HEAVY = ['node:child_process', 'node:crypto', 'node:os', 'node:timers/promises', 'node:zlib'];

/**
 * The program that a command line needs. Help may be about any verb.
 *
 * @param {readonly string[]} argv the words after `coord`
 * @returns {string} its name
 */
function programFor(argv) {
  const [head] = argv;
  if (argv.length === 1 && (head === '--version' || head === '-V')) return 'version';
  if (argv.includes('--help') || argv.includes('-h')) return 'coord';
  return Object.keys(VERBS_OF).find((name) => verbOf(name, argv) !== undefined) ?? 'coord';
}

/** The verb of an everyday program that a command line runs; undefined: it runs another. */
function verbOf(name, [head, second]) {
  return VERBS_OF[name]?.find((verb) => verb === head || verb === `${head} ${second}`)?.replace(' ', '-');
}

/** What was compiled in this process because no code cache fits: the script, and the file that its cache belongs in. */
const compiled = [];

/**
 * Loads what the build has put into `dist/`, with V8's code cache beside it: compiling costs more than running a command.
 * A cache holds what one verb compiled when this Node first ran it; {@link saveCaches} writes it.
 *
 * @param {string} root folder of the package
 * @param {string} name of a program or a library
 * @param {string} [verb] that an everyday program runs
 * @returns {object | null} its exports; null when it is not built
 */
function load(root, name, verb = 'any') {
  const path = join(root, 'dist', `${name}.cjs`);
  const source = readIfThere(path)?.latin1Slice();
  if (source === undefined) return null;
  const cache = join(root, 'dist', `${fingerprintOf(source)}.${verb}.${process.version}-${process.arch}.cache`);
  const script = new Script(source, { filename: path, cachedData: readIfThere(cache) });
  if (script.cachedDataRejected !== false) compiled.push({ script, cache });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, requireIn(root), module, path, join(root, 'dist'));
  return module.exports;
}

/**
 * Writes the code caches that this process missed, for the next one. Call it once the command is done: what it used is
 * compiled then. A folder that cannot be written, or is full, leaves coord as slow as it was.
 *
 * @param {string} root folder of the package
 */
function saveCaches(root) {
  try {
    if (compiled.length > 0) accessSync(join(root, 'dist'), constants.W_OK);
    for (const { script, cache } of compiled) {
      const temporary = `${cache}.${process.pid}.tmp`;
      try {
        writeFileSync(temporary, script.createCachedData());
        renameSync(temporary, cache);
      } catch {
        rmSync(temporary, { force: true });
      }
    }
  } catch {
    // Nobody waits for a cache.
  }
}

/** As `require`, which loads nothing twice; a heavy module is loaded when something of it is first used. */
function requireIn(root) {
  const libraries = new Map();
  return (name) => {
    if (LIBRARIES.includes(name)) {
      if (!libraries.has(name)) libraries.set(name, loadLibrary(root, name));
      return libraries.get(name);
    }
    return HEAVY.includes(name) ? new Proxy({}, { get: (_, key) => require(name)[key] }) : require(name);
  };
}

function loadLibrary(root, name) {
  const library = load(root, name);
  if (library === null) throw new Error(`dist/${name}.cjs is missing: npm run build in the folder of coord`);
  return library;
}

/** What is built begins with a comment that names its text; a cache made from another text must never be used. */
function fingerprintOf(source) {
  return source.slice(2, 18);
}

function readIfThere(path) {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

module.exports = { LIBRARIES, VERBS_OF, load, programFor, saveCaches, verbOf };
