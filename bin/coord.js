#!/usr/bin/env node
'use strict';

const { accessSync, constants, readFileSync, renameSync, rmSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { Script } = require('node:vm');

/** The everyday lines, what of them writes, and all lines. */
const PROGRAMS = ['lane', 'claim-lane', 'coord'];

/** Libraries that few commands use: each is a program beside ours. */
const LIBRARIES = ['commander', 'jsonc-parser', 'mcp-sdk', 'proper-lockfile', 'simple-git'];

/** Modules of Node that take milliseconds to load, and that many commands never use. */
const HEAVY = ['child_process', 'crypto', 'fs/promises', 'os', 'timers/promises', 'zlib'].map((name) => `node:${name}`);

/** What was compiled in this process because no code cache fits: the script, and the file that its cache belongs in. */
const compiled = [];

/**
 * Loads what the build has put into `dist/`, with V8's code cache beside it: compiling costs more than running a command.
 * A cache holds what one verb compiled when this Node first ran it; {@link saveCaches} writes it.
 *
 * @param {string} root folder of the package
 * @param {string} name of a program or a library
 * @param {string} [verb] that it runs
 * @returns {object | null} its exports; null when it is not built
 */
function load(root, name, verb = 'any') {
  const path = join(root, 'dist', `${name}.cjs`);
  const source = readIfThere(path)?.latin1Slice();
  if (source === undefined) return null;
  const cache = join(root, 'dist', `${fingerprintOf(source)}.${verb}.${process.version}-${process.arch}.cache`);
  const script = new Script(source, { filename: path, cachedData: readIfThere(cache) });
  const module = { exports: {} };
  if (script.cachedDataRejected !== false) compiled.push({ name, script, cache });
  script.runInThisContext()(module.exports, requireIn(root), module, path, join(root, 'dist'));
  return module.exports;
}

/**
 * Writes the code caches that this process missed, for the next one. Call it once the command is done: what it used is
 * compiled then. A folder that cannot be written, or is full, leaves coord as slow as it was.
 *
 * @param {string} root folder of the package
 * @param {string | null} left the program that has not done what was asked
 */
function saveCaches(root, left) {
  try {
    if (compiled.length > 0) accessSync(join(root, 'dist'), constants.W_OK);
    for (const { name, script, cache } of compiled) {
      if (name === left) continue;
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
    if (LIBRARIES.includes(name) || PROGRAMS.includes(name)) {
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

/** The everyday lines take the fast lane; what it leaves, and all others, the whole program. */
async function run(root, verb) {
  let answer = { input: [] };
  if (process.env.COORD_LANE !== 'off') {
    const lane = loaded(root, 'lane', verb);
    if (lane === null) return;
    answer = await lane.runLane(root);
    if (typeof answer === 'number') {
      if (answer === 0) saveCaches(root, null);
      return lane.endProcess(answer);
    }
  }
  process.on('uncaughtException', unforeseen);
  const code = await loaded(root, 'coord', verb)?.run(root, answer.input);
  if (code === undefined) return;
  process.exitCode = code;
  // What was refused has not come to all that the verb does.
  if (code === 0) saveCaches(root, 'lane');
}

/** What could not be started is answered where it was asked for, but not every library listens when it is told so. */
function unforeseen(error) {
  if (String(error?.syscall).startsWith('spawn')) return;
  process.stderr.write(`unforeseen failure: ${error?.stack ?? error}\nnext: please report this with the command\n`);
  process.exit(1);
}

function loaded(root, name, verb) {
  try {
    return load(root, name, verb) ?? fail(verb, 'coord is not built yet');
  } catch (error) {
    return fail(verb, `coord cannot be loaded: dist/${name}.cjs: ${error.message}`);
  }
}

function fail(verb, message) {
  process.stderr.write(`${message}\nnext: npm ci (or npm run build) in the folder of coord\n`);
  // To a harness only this code says no, and a guard that cannot decide lets nothing through.
  process.exitCode = verb === 'guard-hook' ? 2 : 1;
  return null;
}

/** The words that a code cache is named after: those of a verb, as far as they can be told. */
function verbOf([head = '', second = '']) {
  const words = head === 'guard' ? `${head}-${second}` : head;
  return /^[a-z-]{1,32}$/.test(words) ? words : 'any';
}

module.exports = { LIBRARIES, PROGRAMS, load, saveCaches };

// One module less to find and to compile than with what loads the programs in a file of its own.
if (require.main === module) run(join(__dirname, '..'), verbOf(process.argv.slice(2)));
