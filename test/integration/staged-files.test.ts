import { closeSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, it, onTestFinished } from 'vitest';
import { placeFiles, stageFile } from '../../src/git/objects.js';
import { sandbox } from '../support/sandbox.js';

it('a file is written though git takes its folder away, twice, when that is empty', async () => {
  const folder = sandbox().path('objects', '38');
  const left = new Int32Array(new SharedArrayBuffer(4));
  const script = `const { rmdirSync } = require('node:fs');
    const { workerData: { folder, left }, parentPort } = require('node:worker_threads');
    parentPort.postMessage('begun');
    for (;;) {
      if (Atomics.load(left, 0) > 0) try { rmdirSync(folder); Atomics.sub(left, 0, 1); } catch {}
    }`;
  const git = new Worker(script, { eval: true, workerData: { folder, left } });
  onTestFinished(async () => void (await git.terminate()));
  await new Promise((resolve) => git.once('message', resolve));
  const path = join(folder, 'object');
  for (let times = 0; times < 2_000; times += 1) {
    Atomics.store(left, 0, 2);
    const { descriptor, temporary } = stageFile(path, Buffer.from('text'));
    closeSync(descriptor);
    rmSync(temporary);
  }
  await placeFiles([stageFile(path, Buffer.from('text'))]);
  expect(readFileSync(path, 'utf8')).toBe('text');
});
