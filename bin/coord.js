#!/usr/bin/env node
'use strict';

const { join } = require('node:path');
const { load, programFor, saveCaches, verbOf } = require('./load.js');

const root = join(__dirname, '..');
const program = loaded(programFor(process.argv.slice(2)));

if (program) {
  program.run(root).then((code) => {
    process.exitCode = code;
    // What was refused has not come to all that the verb does.
    if (code === 0) saveCaches(root);
  });
}

function loaded(name) {
  try {
    return load(root, name, verbOf(name, process.argv.slice(2))) ?? fail(name, 'coord is not built yet');
  } catch (error) {
    return fail(name, `coord cannot be loaded: dist/${name}.cjs: ${error.message}`);
  }
}

function fail(name, message) {
  process.stderr.write(`${message}\nnext: npm ci (or npm run build) in the folder of coord\n`);
  // To a harness only this code says no, and a guard that cannot decide lets nothing through.
  process.exitCode = verbOf(name, process.argv.slice(2)) === 'guard-hook' ? 2 : 1;
  return null;
}
