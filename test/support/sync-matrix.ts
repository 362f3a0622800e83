import { createHash } from 'node:crypto';
import { chmodSync, readFileSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OutOfSyncReason, UnknownReason } from '../../src/domain/sync/sync.js';
import type { Sandbox } from './sandbox.js';

export type Reason = OutOfSyncReason | UnknownReason;

/** A clone of a remote with one commit on its main branch, and a second clone from which others push. */
export interface Scene {
  readonly box: Sandbox;
  readonly remote: string;
  readonly clone: string;
  readonly other: string;
  /** Commits a file in the other clone, and pushes it; returns the commit. */
  push(file: string): string;
}

/** One way in which a copy is, or is not, what the main branch has. */
export interface Row {
  readonly name: string;
  /** null: in sync. */
  readonly reason: Reason | null;
  /** What the message or the next step must say. */
  readonly says?: string;
  /** Whether the script of four lines that everybody writes says "in sync" here; null: it says nothing, ever. */
  readonly fools: boolean | null;
  readonly args?: readonly string[];
  /** Brings it about; returns the directory to check, where it is not the clone. */
  make(scene: Scene): string | undefined;
}

export function scene(box: Sandbox): Scene {
  const remote = box.bareRemote();
  box.git(remote, 'config', 'uploadpack.allowFilter', 'true');
  const other = box.clone(remote);
  const push = (file: string) => {
    const commit = box.commit(other, file, `${file}\n`);
    box.git(other, 'push', '--quiet', 'origin', 'HEAD:main');
    return commit;
  };
  push('f');
  return { box, remote, other, push, clone: box.clone(remote) };
}

/** What stands in many a deploy script. */
export const NAIVE_SCRIPT = `git fetch --quiet 2>/dev/null
behind=$(git rev-list --count 'HEAD..@{upstream}' 2>/dev/null || echo 0)
[ "$behind" -eq 0 ] || exit 1
echo "in sync"
`;

/** Makes the remote's side of every fetch a shell script. */
function uploadPack({ box, clone }: Scene, script: string): void {
  const stub = box.write(box.directory, 'upload-pack', `#!/bin/sh\n${script}\n`);
  chmodSync(stub, 0o755);
  box.git(clone, 'config', 'remote.origin.uploadpack', stub);
}

/** An operation that stops at a conflict, on a branch that has all of the upstream. */
function interrupted(operation: string, ...args: string[]): Row {
  return {
    name: `interrupted ${operation}${args[0]?.startsWith('--') ? ` ${args[0]}` : ''}`,
    reason: 'interrupted',
    says: `git ${operation} --continue`,
    // A rebase detaches HEAD, and a detached HEAD has no upstream.
    fools: true,
    make: ({ box, clone }) => {
      box.git(clone, 'switch', '--quiet', '-c', 'side');
      box.commit(clone, 'f', 'side\n');
      box.commit(clone, 'g', 'side\n');
      const patch = box.path('patch');
      box.git(clone, 'format-patch', '--quiet', '-1', '--output', patch, 'HEAD~1');
      box.git(clone, 'switch', '--quiet', 'main');
      box.commit(clone, 'f', 'main\n');
      const { code } = box.tryGit(clone, operation, ...args.map((arg) => (arg === 'PATCH' ? patch : arg)));
      if (code === 0) throw new Error(`git ${operation} met no conflict`);
      return undefined;
    },
  };
}

function withSubmodule({ box, clone }: Scene): string {
  const library = box.bareRemote({ name: 'library.git' });
  box.git(clone, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', library, 'lib');
  box.git(clone, 'commit', '--quiet', '--message', 'add the library');
  box.git(clone, 'push', '--quiet', 'origin', 'main');
  return `${clone}/lib`;
}

const LONG_AGO = new Date('2026-01-01T00:00:00Z');

/** Lets the index know a file from long before the index was written; then changes it, and keeps its size and time. */
export function changeUnseen({ box, clone }: Pick<Scene, 'box' | 'clone'>, file: string, how: 'replaced' | 'written') {
  const path = join(clone, file);
  utimesSync(path, LONG_AGO, LONG_AGO);
  box.tryGit(clone, 'update-index', '--refresh');
  const to = how === 'replaced' ? box.path('replacing') : path;
  writeFileSync(to, 'x'.repeat(statSync(path).size));
  utimesSync(to, LONG_AGO, LONG_AGO);
  if (how === 'replaced') renameSync(to, path);
}

/** Moves the status change time that the index has of its first file (`ctime`, seconds) back, as if time had passed since. */
function ageIndex({ clone }: Pick<Scene, 'clone'>): void {
  const path = join(clone, '.git', 'index');
  const index = readFileSync(path);
  const [firstEntry, checksum] = [12, index.length - 20];
  index.writeUInt32BE(index.readUInt32BE(firstEntry) - 100, firstEntry);
  createHash('sha1').update(index.subarray(0, checksum)).digest().copy(index, checksum);
  writeFileSync(path, index);
}

/** Every case that `coord sync-check` must tell apart: section 5 of the design, and more. */
export const MATRIX: readonly Row[] = [
  { name: 'at the tip', reason: null, fools: true, make: () => undefined },
  {
    name: 'ahead of the tip',
    reason: null,
    fools: true,
    make: ({ box, clone }) => void box.commit(clone, 'own', 'own'),
  },
  {
    name: 'detached at the tip',
    reason: null,
    fools: true,
    make: ({ box, clone }) => void box.git(clone, 'switch', '--quiet', '--detach'),
  },
  { name: 'behind', reason: 'behind', fools: false, make: ({ push }) => void push('a') },
  {
    name: 'diverged',
    reason: 'diverged',
    fools: false,
    make: ({ box, clone, push }) => {
      push('a');
      box.commit(clone, 'own', 'own');
      return undefined;
    },
  },
  {
    name: 'detached and behind',
    reason: 'behind',
    fools: true,
    make: ({ box, clone, push }) => {
      box.git(clone, 'switch', '--quiet', '--detach');
      push('a');
      return undefined;
    },
  },
  {
    name: 'offline while behind',
    reason: 'fetch-failed',
    fools: true,
    make: ({ push, remote }) => {
      push('a');
      renameSync(remote, `${remote}.away`);
      return undefined;
    },
  },
  {
    name: 'offline at the tip',
    reason: 'fetch-failed',
    fools: true,
    make: ({ remote }) => void renameSync(remote, `${remote}.away`),
  },
  {
    name: 'a remote that breaks off',
    reason: 'fetch-failed',
    fools: true,
    make: (scene) => {
      scene.push('a');
      uploadPack(scene, 'exit 1');
      return undefined;
    },
  },
  {
    name: 'a fetch that hangs',
    reason: 'fetch-failed',
    says: 'did not end within',
    fools: null,
    make: (scene) => {
      scene.push('a');
      uploadPack(scene, 'cat > /dev/null');
      return undefined;
    },
  },
  {
    name: 'the default branch renamed on the remote',
    reason: 'behind',
    says: 'origin/trunk',
    fools: true,
    make: ({ box, remote, other }) => {
      box.git(remote, 'branch', '--move', 'main', 'trunk');
      box.git(remote, 'symbolic-ref', 'HEAD', 'refs/heads/trunk');
      box.commit(other, 'a', 'a');
      box.git(other, 'push', '--quiet', 'origin', 'HEAD:trunk');
      return undefined;
    },
  },
  {
    name: 'a clone of a single other branch',
    reason: 'behind',
    fools: true,
    make: ({ box, remote, push }) => {
      box.git(remote, 'branch', 'feature', 'main');
      push('a');
      return box.clone(remote, { args: ['--single-branch', '--branch', 'feature'] });
    },
  },
  {
    name: 'a shallow clone in which history hides the answer',
    reason: 'behind',
    says: 'HEAD lacks 3 commits',
    fools: false,
    make: ({ box, remote, push }) => {
      const shallow = box.clone(`file://${remote}`, { args: ['--depth', '1'] });
      for (const file of ['a', 'b', 'c']) push(file);
      box.git(shallow, 'fetch', '--quiet', '--depth', '1');
      return shallow;
    },
  },
  {
    name: 'a shallow clone that no deepening completes',
    reason: 'shallow',
    says: 'git fetch --unshallow origin',
    fools: false,
    make: ({ box, remote, push }) => {
      push('a');
      const shallow = box.clone(`file://${remote}`, { args: ['--depth', '1'] });
      const fresh = box.repository();
      box.commit(fresh, 'z', 'z');
      box.git(fresh, 'push', '--quiet', '--force', remote, 'main');
      return shallow;
    },
  },
  {
    name: 'a partial clone that is behind',
    reason: 'behind',
    fools: false,
    make: ({ box, remote, push }) => {
      const partial = box.clone(`file://${remote}`, { args: ['--filter', 'blob:none'] });
      push('a');
      return partial;
    },
  },
  {
    name: 'the upstream rewound',
    reason: 'rewound',
    fools: true,
    make: ({ box, remote }) => void box.git(remote, 'update-ref', 'refs/heads/main', 'main~1'),
  },
  {
    name: 'the upstream rewritten',
    reason: 'rewritten',
    fools: false,
    make: ({ box, other }) => {
      box.git(other, 'reset', '--quiet', '--hard', 'HEAD~1');
      box.commit(other, 'b', 'b');
      box.git(other, 'push', '--quiet', '--force', 'origin', 'main');
      return undefined;
    },
  },
  {
    name: 'the upstream rewritten, and merged into HEAD',
    reason: 'rewritten',
    fools: true,
    make: ({ box, clone, other }) => {
      box.git(other, 'reset', '--quiet', '--hard', 'HEAD~1');
      box.commit(other, 'b', 'b');
      box.git(other, 'push', '--quiet', '--force', 'origin', 'main');
      box.git(clone, 'pull', '--quiet', '--no-rebase', '--no-edit', 'origin', 'main');
      return undefined;
    },
  },
  {
    name: 'unrelated histories',
    reason: 'unrelated',
    fools: true,
    make: ({ box, clone }) => {
      box.git(clone, 'switch', '--quiet', '--orphan', 'alone');
      box.commit(clone, 'x', 'x');
      return undefined;
    },
  },
  {
    name: 'an unborn HEAD',
    reason: 'unborn',
    fools: true,
    make: ({ box, remote }) => {
      const empty = box.repository();
      box.git(empty, 'remote', 'add', 'origin', remote);
      return empty;
    },
  },
  {
    name: 'no remote',
    reason: 'no-remote',
    fools: true,
    make: ({ box, clone }) => void box.git(clone, 'remote', 'remove', 'origin'),
  },
  {
    name: 'a main branch that the remote lacks',
    reason: 'no-branch',
    fools: true,
    make: ({ box, clone }) => void box.commit(clone, 'coord.config.json', '{"mainBranch":"production"}'),
  },
  interrupted('rebase', 'side'),
  interrupted('rebase', '--apply', 'side'),
  interrupted('merge', 'side'),
  interrupted('cherry-pick', 'side~1', 'side'),
  interrupted('revert', '--no-edit', 'side~1'),
  interrupted('am', 'PATCH'),
  {
    name: 'a bisect',
    reason: 'interrupted',
    says: 'git bisect reset',
    fools: true,
    make: ({ box, clone }) => void box.git(clone, 'bisect', 'start'),
  },
  {
    name: 'an uncommitted file',
    reason: 'dirty',
    fools: true,
    args: ['--require-clean'],
    make: ({ box, clone }) => void box.write(clone, 'f', 'changed'),
  },
  {
    name: 'an untracked file',
    reason: 'dirty',
    fools: true,
    args: ['--require-clean'],
    make: ({ box, clone }) => void box.write(clone, 'new', 'new'),
  },
  {
    name: 'a file whose change git is told not to see',
    reason: 'dirty',
    fools: true,
    args: ['--require-clean'],
    make: ({ box, clone }) => {
      box.git(clone, 'update-index', '--assume-unchanged', 'f');
      box.write(clone, 'f', 'changed');
      return undefined;
    },
  },
  {
    name: 'a file replaced by one of its size and time, where git is told to look at these alone',
    reason: 'dirty',
    fools: true,
    args: ['--require-clean'],
    make: (made) => {
      made.box.git(made.clone, 'config', 'core.checkStat', 'minimal');
      changeUnseen(made, 'f', 'replaced');
      return undefined;
    },
  },
  {
    name: 'a file whose content was changed within its size and time, where git is told to trust these',
    reason: 'dirty',
    fools: true,
    args: ['--require-clean'],
    make: (made) => {
      made.box.git(made.clone, 'config', 'core.trustctime', 'false');
      changeUnseen(made, 'README.md', 'written');
      ageIndex(made);
      return undefined;
    },
  },
  {
    name: 'a submodule behind its pin',
    reason: 'submodule',
    fools: true,
    make: (scene) => {
      const library = withSubmodule(scene);
      scene.box.commit(library, 'new', 'new');
      scene.box.git(scene.clone, 'add', 'lib');
      scene.box.git(scene.clone, 'commit', '--quiet', '--message', 'move the pin');
      scene.box.git(library, 'checkout', '--quiet', 'HEAD~1');
      return undefined;
    },
  },
  {
    name: 'a submodule that is not checked out',
    reason: 'submodule',
    fools: true,
    make: (scene) => {
      withSubmodule(scene);
      return scene.box.clone(scene.remote);
    },
  },
  {
    name: 'a graft that hides what is missing',
    reason: 'behind',
    fools: true,
    make: ({ box, clone, push }) => {
      const tip = push('a');
      box.git(clone, 'fetch', '--quiet');
      box.git(clone, 'replace', '--graft', 'HEAD', tip);
      return undefined;
    },
  },
];
