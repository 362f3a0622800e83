#!/usr/bin/env node
'use strict';

const { join } = require('node:path');
const { load, programFor } = require('./load.js');

const root = join(__dirname, '..');
const program = load(root, programFor(process.argv.slice(2)));

if (program) {
  program.exports.run(root).then((code) => {
    process.exitCode = code;
  });
} else {
  process.stderr.write('coord is not built yet\nnext: npm ci (or npm run build) in the folder of coord\n');
  process.exitCode = 1;
}
