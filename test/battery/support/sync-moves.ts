import { appendFileSync, chmodSync, existsSync, lstatSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../../support/random.js';
import { changeUnseen, MATRIX, type Scene } from '../../support/sync-matrix.js';

/** A scene that goes on changing. */
export interface Play extends Omit<Scene, 'clone'> {
  /** The worktree that is asked about. */
  clone: string;
  /** Every commit at which the clone may have seen the remote's main branch. */
  readonly seen: Set<string>;
  /** Whether somebody wrote into what the clone remembers of the remote, so that it may be more careful than it need be. */
  forged: boolean;
  readonly random: Random;
}

export type Move = readonly [name: string, make: (play: Play) => void];

/** On the surface of {@link SURFACE} and off it; with blanks, dots, letters beyond ASCII, and folders below. */
const PATHS = [
  'src/a.txt',
  'src/deep/b c.txt',
  'src/.hidden',
  'db/x.sql',
  'db/deep/y.sql',
  'lib/ü.txt',
  'f',
  'docs/a/n.md',
];
export const SURFACE = ['src/**', 'db/*.sql', '{f,docs/[ab]/*.md}'];

const one = <T>({ random }: Play, among: readonly T[]): T => among[Math.floor(random() * among.length)] as T;
const path = (play: Play) => one(play, PATHS);
const text = ({ random }: Play) => `${random()}\n`;
const here = (play: Play, ...args: string[]) => play.box.git(play.clone, ...args);
/** What git may refuse, since it depends on what went before. */
const tried = (play: Play, ...args: string[]) => void play.box.tryGit(play.clone, ...args);
const someCommit = (play: Play) =>
  one(play, play.box.git(play.clone, 'rev-list', '--max-count=5', 'HEAD', '--glob=refs/remotes/origin').split('\n'));
/** A file that is there, and that the index has. */
const tracked = (play: Play) => {
  const files = here(play, 'ls-files', '-z').split('\0');
  const there = files.filter((file) => lstatSync(join(play.clone, file), { throwIfNoEntry: false })?.isFile());
  return one(
    play,
    there.filter((file) => file !== 'coord.config.json' && file !== '.gitmodules'),
  );
};

/** The main branch of the remote, in the clone of another. */
function atUpstream({ box, other }: Play): string {
  const main = box
    .git(other, 'ls-remote', '--symref', 'origin', 'HEAD')
    .split(/[\t\n]/)[0]
    ?.slice('ref: refs/heads/'.length);
  box.git(other, 'fetch', '--quiet', 'origin');
  box.git(other, 'checkout', '--quiet', '--force', '--detach', `origin/${main}`);
  return `HEAD:refs/heads/${main}`;
}

const OF_THE_REMOTE: readonly Move[] = [
  ...[1, 2].map(
    (n): Move => [
      `others push ${n}`,
      (play) => {
        const main = atUpstream(play);
        for (let count = 0; count < n; count += 1) play.box.commit(play.other, path(play), text(play));
        play.box.git(play.other, 'push', '--quiet', 'origin', main);
      },
    ],
  ),
  [
    'others push by force',
    (play) => {
      const main = atUpstream(play);
      play.box.git(play.other, 'reset', '--quiet', '--hard', 'HEAD~1');
      play.box.commit(play.other, path(play), text(play));
      play.box.git(play.other, 'push', '--quiet', '--force', 'origin', main);
    },
  ],
  [
    'others rewind',
    (play) => {
      const main = atUpstream(play);
      play.box.git(play.other, 'push', '--quiet', '--force', 'origin', main.replace('HEAD', 'HEAD~1'));
    },
  ],
  [
    'others change the case of a name',
    (play) => {
      const main = atUpstream(play);
      const from = one(
        play,
        ['f', 'F'].filter((file) => existsSync(join(play.other, file))),
      );
      play.box.git(play.other, 'mv', from, from === 'f' ? 'F' : 'f');
      play.box.git(play.other, 'commit', '--quiet', '-m', 'case');
      play.box.git(play.other, 'push', '--quiet', 'origin', main);
    },
  ],
  [
    'the default branch becomes another',
    (play) => {
      const name = one(play, ['main', 'trunk']);
      const tip = play.box.git(play.remote, 'rev-parse', 'HEAD');
      play.box.git(play.remote, 'update-ref', `refs/heads/${name}`, tip);
      play.box.git(play.remote, 'symbolic-ref', 'HEAD', `refs/heads/${name}`);
    },
  ],
  ['the remote goes away', ({ remote }) => existsSync(remote) && renameSync(remote, `${remote}.away`)],
  ...[1, 2, 3].map(
    (n): Move => [
      `the remote is there (${n})`,
      ({ remote }) => existsSync(`${remote}.away`) && renameSync(`${remote}.away`, remote),
    ],
  ),
];

const OF_THE_HISTORY: readonly Move[] = [
  ['commit', (play) => play.box.commit(play.clone, path(play), text(play))],
  ['fetch', (play) => tried(play, 'fetch', '--quiet')],
  ...[1, 2].map(
    (n): Move => [
      `pull by a merge (${n})`,
      (play) => tried(play, 'pull', '--quiet', '--no-rebase', '--no-edit', '-X', 'ours'),
    ],
  ),
  ['pull by a rebase', (play) => tried(play, 'pull', '--quiet', '--rebase', '-X', 'theirs')],
  ...[1, 2].map(
    (n): Move => [
      `begin at the upstream (${n})`,
      (play) => {
        tried(play, 'fetch', '--quiet', 'origin');
        tried(play, 'checkout', '--quiet', '--force', '--detach', 'FETCH_HEAD');
      },
    ],
  ),
  ['push', (play) => tried(play, 'push', '--quiet', 'origin', 'HEAD:main')],
  ['back by one', (play) => tried(play, 'reset', '--quiet', '--hard', 'HEAD~1')],
  ['amend', (play) => tried(play, 'commit', '--quiet', '--amend', '--allow-empty', '-m', text(play))],
  ['detach', (play) => tried(play, 'switch', '--quiet', '--detach')],
  ['another branch', (play) => tried(play, 'switch', '--quiet', '-C', one(play, ['side', 'main']))],
  [
    'an unrelated history',
    (play) => {
      const commit = here(play, 'commit-tree', 'HEAD^{tree}', '-m', text(play));
      tried(play, 'reset', '--quiet', '--hard', commit);
    },
  ],
  ['a replaced commit', (play) => tried(play, 'replace', '--force', 'HEAD', someCommit(play))],
  ['a graft', (play) => tried(play, 'replace', '--force', '--graft', 'HEAD', someCommit(play))],
  [
    'an old graft',
    (play) => {
      const grafts = join(here(play, 'rev-parse', '--path-format=absolute', '--git-common-dir'), 'info', 'grafts');
      appendFileSync(grafts, `${here(play, 'rev-parse', 'HEAD')} ${someCommit(play)}\n`);
    },
  ],
  [
    'a stale tracking ref',
    (play) => {
      play.forged = true;
      tried(play, 'update-ref', 'refs/remotes/origin/main', someCommit(play));
    },
  ],
  ['no tracking ref', (play) => tried(play, 'update-ref', '-d', 'refs/remotes/origin/main')],
  ['packed refs', (play) => tried(play, 'pack-refs', '--all')],
  ['a commit-graph', (play) => tried(play, 'commit-graph', 'write', '--reachable')],
];

const OF_THE_FILES: readonly Move[] = [
  ['change', (play) => play.box.write(play.clone, tracked(play), text(play))],
  ['a new file', (play) => play.box.write(play.clone, `${path(play)}.new`, text(play))],
  [
    'a staged file',
    (play) => {
      const file = play.box.write(play.clone, path(play), text(play));
      tried(play, 'add', '--force', '--', file);
    },
  ],
  [
    'staged, and then as before',
    (play) => {
      const file = tracked(play);
      play.box.write(play.clone, file, text(play));
      tried(play, 'add', '--', file);
      tried(play, 'restore', '--source=HEAD', '--worktree', '--', file);
    },
  ],
  [
    'an ignored file',
    (play) => {
      const name = `${path(play)}.log`;
      play.box.write(play.clone, name, text(play));
      appendFileSync(
        join(here(play, 'rev-parse', '--path-format=absolute', '--git-common-dir'), 'info', 'exclude'),
        '*.log\n',
      );
    },
  ],
  ['removed', (play) => rmSync(join(play.clone, tracked(play)))],
  [
    'another name',
    (play) => {
      const file = tracked(play);
      renameSync(join(play.clone, file), join(play.clone, `${file}~`));
    },
  ],
  [
    'another case',
    (play) => {
      tried(play, 'config', 'core.ignoreCase', one(play, ['true', 'false']));
      const file = tracked(play);
      renameSync(join(play.clone, file), join(play.clone, `${file.slice(0, -1)}${file.slice(-1).toUpperCase()}`));
    },
  ],
  ['another mode', (play) => chmodSync(join(play.clone, tracked(play)), 0o755)],
  [
    'a link in its place',
    (play) => {
      const file = join(play.clone, tracked(play));
      rmSync(file);
      symlinkSync('f', file);
    },
  ],
  [
    'line endings',
    (play) => {
      const file = tracked(play);
      play.box.write(play.clone, file, here(play, 'show', `:./${file}`).replace(/\r?\n|$/g, '\r\n'));
    },
  ],
  ['attributes', (play) => play.box.write(play.clone, '.gitattributes', `* text eol=${one(play, ['crlf', 'lf'])}\n`)],
  [
    'intent to add',
    (play) => {
      play.box.write(play.clone, `${path(play)}.intent`, text(play));
      tried(play, 'add', '--intent-to-add', '.');
    },
  ],
  ...(['--skip-worktree', '--assume-unchanged'] as const).flatMap((bit): Move[] => [
    [
      `${bit}, then changed`,
      (play) => {
        const file = tracked(play);
        tried(play, 'update-index', bit, '--', file);
        play.box.write(play.clone, file, text(play));
      },
    ],
    [
      `${bit}, then removed`,
      (play) => {
        const file = tracked(play);
        tried(play, 'update-index', bit, '--', file);
        rmSync(join(play.clone, file));
      },
    ],
  ]),
  [
    'changed unseen',
    (play) => {
      tried(
        play,
        'config',
        ...one(play, [
          ['core.trustctime', 'false'],
          ['core.checkStat', 'minimal'],
          ['x.y', 'z'],
        ]),
      );
      changeUnseen(play, tracked(play), 'replaced');
    },
  ],
  [
    'settings that hide',
    (play) => {
      for (const [key, value] of [
        ['status.showUntrackedFiles', 'no'],
        ['diff.ignoreSubmodules', 'all'],
      ] as const)
        if (play.random() < 0.5) tried(play, 'config', key, value);
    },
  ],
  [
    'a repository inside',
    (play) => {
      const inside = join(play.clone, 'src/inside');
      play.box.git(play.clone, 'init', '--quiet', inside);
      play.box.commit(inside, 'x', 'x');
    },
  ],
  ...[1, 2, 3, 4, 5, 6].map((n): Move => [`all as committed (${n})`, asCommitted]),
];

function asCommitted(play: Play): void {
  for (const bit of ['--no-skip-worktree', '--no-assume-unchanged']) {
    tried(play, 'ls-files', '-z');
    for (const file of here(play, 'ls-files').split('\n')) tried(play, 'update-index', bit, '--', file);
  }
  for (const operation of ['rebase', 'merge', 'cherry-pick', 'revert', 'am']) tried(play, operation, '--abort');
  rmSync(join(play.clone, '.gitattributes'), { force: true });
  tried(play, 'reset', '--quiet', '--hard');
  tried(play, 'clean', '-ffdxq');
}

const OF_THE_CLONE: readonly Move[] = [
  ...[[], ['--depth', '1'], ['--depth', '2'], ['--filter', 'blob:none'], ['--single-branch']].map(
    (args): Move => [
      `a clone ${args.join(' ')}`,
      (play) => {
        play.clone = play.box.clone(`file://${play.remote}`, { args });
        play.seen.clear();
        play.forged = false;
      },
    ],
  ),
  [
    'a worktree',
    (play) => {
      play.clone = play.box.worktree(play.clone);
    },
  ],
];

/** What {@link MATRIX} brings about, in the midst of other things; what breaks for good is left to it. */
const OF_THE_MATRIX: readonly Move[] = MATRIX.filter(
  ({ name, fools }) => fools !== null && !/breaks off|no remote|no deepening|lacks$|not checked out/.test(name),
).map(
  ({ name, make }): Move => [
    `as in the matrix: ${name}`,
    (play) => {
      const made = make(play);
      if (made === undefined) return;
      play.clone = made;
      play.seen.clear();
    },
  ],
);

/** Each kind as likely as any other. */
const KINDS = [
  OF_THE_REMOTE,
  OF_THE_HISTORY,
  OF_THE_FILES,
  OF_THE_HISTORY,
  OF_THE_REMOTE,
  OF_THE_FILES,
  OF_THE_CLONE,
  OF_THE_MATRIX,
];

/** Makes a move; one that cannot be made now is no move. @returns its name, or null */
export function move(play: Play): string | null {
  const [name, make] = one(play, one(play, KINDS));
  try {
    make(play);
    return name;
  } catch {
    return null;
  }
}
