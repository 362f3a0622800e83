import { describe, expect, it } from 'vitest';
import { diffPaths, patchPaths } from '../../../src/guards/harness/payload.js';

describe('what an apply_patch patch changes', () => {
  it.each<[string, string[]]>([
    ['*** Begin Patch\n*** Add File: a b.ts\n+*** Update File: not.ts\n*** End Patch', ['a b.ts']],
    ['*** Update File: a.ts\r\n*** Move to: b.ts\r\n@@\r\n', ['a.ts', 'b.ts']],
    ['*** Delete File: /abs/a.ts  ', ['/abs/a.ts']],
    ['*** Update File: a\n*** Update File: a', ['a']],
    [' *** Update File: a', []],
    ['*** Update File: ', []],
    ['', []],
  ])('%j', (patch, paths) => {
    expect(patchPaths(patch)).toEqual(paths);
  });
});

describe('what a diff changes', () => {
  it.each<[string, number, string[]]>([
    ['--- a/x.ts\n+++ b/x.ts\n', 1, ['x.ts']],
    ['--- a/x.ts\t2026-01-01\n+++ /dev/null\n', 1, ['x.ts']],
    ['--- /dev/null\n+++ b/dir/new.ts\n', 1, ['dir/new.ts']],
    ['diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to y\n', 1, ['x', 'y']],
    ['diff --git a/run.sh b/run.sh\nold mode 100644\nnew mode 100755\n', 1, ['run.sh']],
    ['--- "a/with space"\n+++ "b/with space"\n', 1, ['with space']],
    ['--- x.ts\n+++ x.ts\n', 0, ['x.ts']],
    ['hello', 1, []],
  ])('%j', (diff, strip, paths) => {
    expect(diffPaths(diff, strip)).toEqual(paths);
  });
});
