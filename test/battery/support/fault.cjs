'use strict';

// Loaded before coord (`node --require`): the k-th file operation of the process fails as the environment says, and all
// that the same process would do to files after it, where COORD_FAULT_STAYS is set (a disk stays full).
const fs = require('node:fs');

const AT = Number(process.env.COORD_FAULT_AT);
const CODE = process.env.COORD_FAULT_CODE ?? 'ENOSPC';
const STAYS = process.env.COORD_FAULT_STAYS === '1';
const REPORT = process.env.COORD_FAULT_REPORT;

const READS = ['readFileSync', 'readdirSync', 'statSync', 'lstatSync', 'existsSync', 'realpathSync'];
const WRITES = [
  'openSync',
  'writeSync',
  'writeFileSync',
  'appendFileSync',
  'mkdirSync',
  'renameSync',
  'rmSync',
  'unlinkSync',
  'rmdirSync',
  'utimesSync',
  'linkSync',
  'fsyncSync',
];
const CALLBACKS = ['fsync', 'mkdir', 'rmdir', 'stat', 'utimes'];

const place = process.env.COORD_FAULT_UNDER ?? '';
let count = 0;

/** Whether this operation is the one that fails; the standard streams are no files. */
function fails(subject) {
  if (typeof subject === 'number' ? subject <= 2 : !String(subject).startsWith(place)) return false;
  count += 1;
  return count === AT || (STAYS && AT > 0 && count > AT);
}

function fault(name) {
  return Object.assign(new Error(`${CODE}: injected, ${name}`), { code: CODE, errno: -1, syscall: name });
}

for (const name of process.env.COORD_FAULT_READS === '1' ? [...READS, ...WRITES] : WRITES) {
  const original = fs[name];
  fs[name] = function faulty(subject, ...rest) {
    if (!fails(subject)) return original.call(this, subject, ...rest);
    if (name === 'existsSync') return false;
    throw fault(name);
  };
}
for (const name of CALLBACKS) {
  const original = fs[name];
  fs[name] = function faulty(subject, ...rest) {
    const done = rest.at(-1);
    if (typeof done !== 'function' || !fails(subject)) return original.call(this, subject, ...rest);
    return process.nextTick(done, fault(name));
  };
}

process.on('exit', () => {
  if (REPORT) fs.writeFileSync(REPORT, JSON.stringify({ operations: count }));
});
