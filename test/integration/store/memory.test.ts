import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { coordInProcess } from '../../support/in-process.js';
import { type Sandbox, sandbox } from '../../support/sandbox.js';

const REF = 'refs/coord/state';
const KNOWN = 'refs/coord-local/known/coord/state';

let box: Sandbox;
let clone: string;

const run = (args: readonly string[], cwd = clone) => coordInProcess(box, cwd, args, { env: { COORD_AGENT: 'maya' } });
const tip = () => box.git(clone, 'rev-parse', REF);
const tear = (text: string, ref = KNOWN) => writeFileSync(join(clone, '.git', ref), text);

beforeEach(async () => {
  box = sandbox();
  clone = box.clone(box.bareRemote());
  expect((await run(['init', '--local'])).code).toBe(0);
  expect((await run(['claim', 'src/a.ts'])).code).toBe(0);
});

describe('the ref that remembers where the branch of this clone stood', () => {
  it.each([
    ['emptied', ''],
    ['cut off', `${'a'.repeat(20)}`],
    ['overwritten', '\0'.repeat(41)],
    ['made another name of nothing', 'ref: refs/heads/nowhere\n'],
  ])('is not forgotten for being %s', async (_, text) => {
    const before = tip();
    tear(text);
    for (const args of [
      ['claim', 'src/b.ts'],
      ['status'],
      ['note', 'hello'],
      ['release', '--all'],
      ['events'],
      ['init'],
    ]) {
      const { code, stderr } = await run(args);
      expect([args[0], code, stderr]).toEqual([args[0], 8, expect.stringContaining(`${KNOWN}, which remembers`)]);
    }
    expect(tip()).toBe(before);
  });

  it('is refused in place of a branch that was rewound at the same time', async () => {
    const first = tip();
    expect((await run(['claim', 'src/b.ts'])).code).toBe(0);
    box.git(clone, 'update-ref', REF, first);
    tear('');
    expect((await run(['claim', 'src/b.ts'])).code).toBe(8);
    expect(tip()).toBe(first);
  });

  it('is refused in place of a branch that is gone', async () => {
    box.git(clone, 'update-ref', '-d', REF);
    tear('');
    expect((await run(['status'])).code).toBe(8);
  });

  it('is told after a branch that is torn itself', async () => {
    tear('');
    tear('', REF);
    const { code, stderr } = await run(['status']);
    expect([code, stderr]).toEqual([8, expect.stringContaining(`${REF} is damaged`)]);
  });

  it('is forgotten as the refusal says, from any folder, and then remembers again', async () => {
    tear('');
    const worktree = box.worktree(clone);
    const { stderr } = await run(['claim', 'src/b.ts'], worktree);
    const [, forget = ''] = /then forget the old place: (.*)/.exec(stderr) ?? [];
    execFileSync('sh', ['-c', forget], { cwd: worktree, env: box.env });
    expect((await run(['claim', 'src/b.ts'])).code).toBe(0);
    expect(box.git(clone, 'rev-parse', KNOWN)).toBe(tip());
  });

  it('was never there when it is deleted, as promised', async () => {
    rmSync(join(clone, '.git/refs/coord-local/known'), { recursive: true });
    expect((await run(['claim', 'src/b.ts'])).code).toBe(0);
    expect(box.git(clone, 'rev-parse', KNOWN)).toBe(tip());
  });
});
