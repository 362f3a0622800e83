'use strict';

// A machine of the soak: runs command lines of coord at a clock that goes faster than the real one. As a child process with
// a channel it runs many of them in this one process, as long as it is asked to, and says how much memory it holds; with
// words it runs that one command line and ends, so that it can be killed, stopped or made to fail on the way.
const fs = require('node:fs');
const { join } = require('node:path');

const ROOT = process.env.SOAK_ROOT;
const [STARTED, SPEED] = process.env.SOAK_CLOCK.split(' ').map(Number);
const OFFSET = Number(process.env.SOAK_OFFSET ?? 0);
/** Git's own time limits, and what keeps a lock alive, are real: git and the file system know no other time. */
const REAL_MS = [1_500, 30_000, 300_000];

const realNow = Date.now;
const now = () => Math.round(STARTED + (realNow() - STARTED) * SPEED) + OFFSET;

// A wait of minutes is over when the clock says so.
for (const name of ['setTimeout', 'setInterval']) {
  const original = globalThis[name];
  const scaled = (work, ms, ...rest) =>
    original(work, ms >= 1_000 && !REAL_MS.includes(ms) ? Math.max(5, ms / SPEED) : ms, ...rest);
  globalThis[name] = Object.defineProperties(scaled, Object.getOwnPropertyDescriptors(original));
}

const { load } = require(join(ROOT, 'bin', 'coord.js'));
const { main } = load(ROOT, 'coord');

function hostOf({ agent, cwd, argv }, stdout, stderr) {
  return {
    packageRoot: ROOT,
    argv,
    cwd,
    env: { ...process.env, COORD_AGENT: agent },
    stdout,
    stderr,
    interactive: false,
    readInput: async () => Buffer.alloc(0),
    node: process.execPath,
    onStop: () => () => undefined,
    now,
    monotonic: { boot: 'soak', seconds: () => now() / 1000 },
    random: Math.random,
  };
}

/** Collects what is written, or forgets it. */
function sink(keep) {
  const stream = {
    text: '',
    write: (text, done) => {
      if (keep) stream.text += text;
      done?.();
    },
  };
  return stream;
}

async function serve(message) {
  if (message.measure) {
    globalThis.gc();
    const { heapUsed, rss } = process.memoryUsage();
    process.send({ id: message.id, heap: heapUsed, rss, files: fs.readdirSync('/proc/self/fd').length });
    return;
  }
  const [stdout, stderr] = [sink(!message.forget), sink(!message.forget)];
  const code = await main(hostOf(message, stdout, stderr));
  process.send({ id: message.id, code, stdout: stdout.text, stderr: stderr.text });
}

if (process.send) {
  process.on('message', (message) => void serve(message));
  process.on('disconnect', () => process.exit());
} else {
  const [agent, ...argv] = process.argv.slice(2);
  const order = { agent, cwd: process.cwd(), argv };
  const stream = (descriptor) => ({
    write: (text, done) => {
      fs.writeSync(descriptor, text);
      done?.();
    },
  });
  void main(hostOf(order, stream(1), stream(2))).then((code) => {
    process.exitCode = code;
  });
}
