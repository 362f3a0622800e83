#!/usr/bin/env node
'use strict';

const { join } = require('node:path');
const { load, programFor } = require('./load.js');

const root = join(__dirname, '..');
const program = loaded(programFor(process.argv.slice(2)));

if (program) {
  program.exports.run(root).then((code) => {
    process.exitCode = code;
  });
}

function loaded(name) {
  try {
    return load(root, name) ?? fail('coord is not built yet');
  } catch (error) {
    return fail(`coord cannot be loaded: dist/${name}.cjs: ${error.message}`);
  }
}

function fail(message) {
  process.stderr.write(`${message}\nnext: npm ci (or npm run build) in the folder of coord\n`);
  // To a harness only this code says no, and a guard that cannot decide lets nothing through.
  process.exitCode = process.argv[2] === 'hook' ? 2 : 1;
  return null;
}
