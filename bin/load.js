'use strict';

const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { Script } = require('node:vm');

/**
 * Loads the built program of a package folder with V8's code cache, which the build leaves beside it: compiling the
 * bundle costs more than running a command. A cache of another Node is refused by V8 itself, and then does not matter.
 *
 * @param {string} root folder of the package
 * @returns {{ exports: object, script: Script, cache: string } | null} null when the program is not built
 */
function loadProgram(root) {
  const path = join(root, 'dist', 'coord.cjs');
  const source = readIfThere(path);
  if (source === undefined) return null;
  const cache = join(root, 'dist', `${fingerprintOf(source)}.cache`);
  const wrapped = `(function (exports, require, module, __filename, __dirname) {${source}\n})`;
  const script = new Script(wrapped, { filename: path, cachedData: readIfThere(cache) });
  const module = { exports: {} };
  script.runInThisContext()(module.exports, requireLazily, module, path, join(root, 'dist'));
  return { exports: module.exports, script, cache };
}

/** Modules of Node that take milliseconds to load, and that many commands never use. */
const HEAVY = ['node:child_process', 'node:crypto', 'node:os', 'node:timers/promises', 'node:zlib'];

/** As `require`; a heavy module is loaded when something of it is first used. */
function requireLazily(name) {
  if (!HEAVY.includes(name)) return require(name);
  return new Proxy({}, { get: (_, key) => require(name)[key] });
}

/** The program begins with a comment that names its text; a cache made from another text must never be used. */
function fingerprintOf(source) {
  return source.subarray(2, 18).toString('latin1');
}

function readIfThere(path) {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

module.exports = { loadProgram };
