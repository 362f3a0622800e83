'use strict';

const { join } = require('node:path');
const { load } = require('./coord.js');

const root = join(__dirname, '..');

/** As `src/api/index.ts` says. */
exports.open = function open(options) {
  const built = load(root, 'api');
  if (built === null) throw new Error('coord is not built yet: npm ci (or npm run build) in the folder of coord');
  return built.openFrom(root, options);
};
