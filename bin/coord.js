#!/usr/bin/env node
'use strict';

const { existsSync } = require('node:fs');
const { join } = require('node:path');

const root = join(__dirname, '..');
const program = join(root, 'dist', 'coord.cjs');

if (existsSync(program)) {
  require(program)
    .run(root)
    .then((code) => {
      process.exitCode = code;
    });
} else {
  process.stderr.write('coord is not built yet\nnext: npm ci (or npm run build) in the folder of coord\n');
  process.exitCode = 1;
}
