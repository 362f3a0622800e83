'use strict';

// Loaded before coord (`node --require`): the k-th file operation of the process fails as the environment says, and all
// that the same process would do to files after it, where COORD_FAULT_STAYS is set (a disk stays full). With the code STALL
// it does not fail: it says so in COORD_FAULT_REACHED, and waits until that file is gone (a slow disk, a stopped process).
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

const original = { writeFileSync: fs.writeFileSync, existsSync: fs.existsSync };
const place = process.env.COORD_FAULT_UNDER ?? '';
let count = 0;

/** Whether this operation is the one that fails; the standard streams are no files. */
function fails(subject) {
  if (typeof subject === 'number' ? subject <= 2 : !String(subject).startsWith(place)) return false;
  count += 1;
  return count === AT || (STAYS && AT > 0 && count > AT);
}

/** Whether it was only to wait. */
function stalled() {
  if (CODE !== 'STALL') return false;
  const reached = process.env.COORD_FAULT_REACHED;
  count = Number.NEGATIVE_INFINITY;
  original.writeFileSync(reached, '');
  const look = new Int32Array(new SharedArrayBuffer(4));
  while (original.existsSync(reached)) Atomics.wait(look, 0, 0, 5);
  return true;
}

function fault(name) {
  return Object.assign(new Error(`${CODE}: injected, ${name}`), { code: CODE, errno: -1, syscall: name });
}

for (const name of process.env.COORD_FAULT_READS === '1' ? [...READS, ...WRITES] : WRITES) {
  const itself = fs[name];
  fs[name] = function faulty(subject, ...rest) {
    if (!fails(subject) || stalled()) return itself.call(this, subject, ...rest);
    if (name === 'existsSync') return false;
    throw fault(name);
  };
}
for (const name of CALLBACKS) {
  const itself = fs[name];
  fs[name] = function faulty(subject, ...rest) {
    const done = rest.at(-1);
    if (typeof done !== 'function' || !fails(subject) || stalled()) return itself.call(this, subject, ...rest);
    return process.nextTick(done, fault(name));
  };
}

function report() {
  if (REPORT) original.writeFileSync(REPORT, JSON.stringify({ operations: count }));
}
process.on('exit', report);
// The fast lane ends at once, without that event.
const { reallyExit } = process;
process.reallyExit = (code) => {
  report();
  return reallyExit.call(process, code);
};
