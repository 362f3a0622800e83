import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { placeInWorktree, traceOf } from '../../src/git/worktree.js';
import { sandbox } from '../support/sandbox.js';
import { treeOf } from '../support/workers.js';

function rig() {
  const box = sandbox();
  const root = box.path('root');
  for (const name of ['a', 'b', 'gone']) box.write(root, name, `${name} before`);
  const stage = (name: string, text: string) => box.write(box.path('stage'), name, text);
  const placement = (path: string, after: string | null, before: string | null) => ({
    path,
    after: after === null ? null : stage(`${path}.after`, after),
    before: before === null ? null : stage(`${path}.before`, before),
    trace: traceOf(root, path),
  });
  const plan = [
    placement('a', 'a after', 'a before'),
    placement('gone', null, 'gone before'),
    placement('deep/new', 'new', null),
    placement('b', 'b after', 'b before'),
  ];
  return { root, plan, before: treeOf(root, '.') };
}

it('all files come to their places', () => {
  const { root, plan } = rig();
  placeInWorktree(root, plan);
  expect(treeOf(root, '.')).toEqual({ a: 'a after', b: 'b after', 'deep/new': 'new' });
});

it.each<[string, (root: string) => void]>([
  ['was touched since', (root) => writeFileSync(join(root, 'b'), 'somebody wrote')],
  [
    'became a folder',
    (root) => {
      renameSync(join(root, 'b'), join(root, 'c'));
      mkdirSync(join(root, 'b'));
    },
  ],
])('one that %s stops all of them, and what was done is undone', (_, change) => {
  const { root, plan, before } = rig();
  change(root);
  const { b: _touched, ...others } = before;
  expect(() => placeInWorktree(root, plan)).toThrow('changed in the meantime: "b"');
  expect(treeOf(root, '.')).toMatchObject(others);
  expect(() => readFileSync(join(root, 'deep/new'))).toThrow();
});
