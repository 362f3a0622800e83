import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join, relative } from 'node:path';
import {
  GUARDED_HOOKS,
  type GuardedHook,
  hookScript,
  isHookScript,
  KEPT_SUFFIX,
  type Program,
  programIn,
} from './hook-script.js';

/** What the pre-commit framework adds to the name of a hook that it replaces. */
const LEGACY_SUFFIX = '.legacy';
const IGNORE_FILE = '.gitignore';
const IGNORE_ALL = '*\n';

/**
 * How one hook stands. `live`: the guard runs. `managed`: a hook of somebody else's calls it. `stale`: it is there, but would be written differently now: another
 * version, a program that has moved, not executable. `overwritten`: the guard was here, and another has taken its place.
 */
export type HookStanding = 'live' | 'managed' | 'stale' | 'overwritten' | 'absent';

export interface HookStatus {
  readonly hook: GuardedHook;
  readonly standing: HookStanding;
  /** Whether a hook that was here before is kept, and runs after the guard. */
  readonly chained: boolean;
  /** What is wrong, in words; null: nothing. */
  readonly problem: string | null;
}

/** What an uninstall does. */
export interface HooksTaken {
  readonly removed: readonly GuardedHook[];
  /** Hooks that are again what they were before. */
  readonly restored: readonly GuardedHook[];
  /** Hooks whose earlier one stays kept, because another has taken its place. */
  readonly left: readonly GuardedHook[];
}

/** A folder of hooks, and what coord has put there. */
export class HookFiles {
  /** Where hooks that were here before are kept, with the same names: what they find beside and above themselves is as it was. */
  readonly keptFolder: string;

  /** @param root of the worktree, where hook managers have their files */
  constructor(
    readonly folder: string,
    private readonly root: string,
  ) {
    this.keptFolder = `${folder}${KEPT_SUFFIX}`;
  }

  /** @param program what the hooks would run if they were installed now */
  status(program: Program): HookStatus[] {
    const all = GUARDED_HOOKS.map((hook) => this.look(hook, program));
    const wasHere = all.some(({ standing, chained }) => (standing !== 'absent' && standing !== 'managed') || chained);
    // Coord installs all of them together.
    return wasHere ? all.map((one) => this.missing(one)) : all;
  }

  /**
   * Puts the guard into each hook, and keeps what is there. Running it again changes nothing, and completes what was left
   * half done.
   * @returns the hooks that were written, and files that had to be kept under another name
   */
  install(program: Program): { readonly written: GuardedHook[]; readonly movedAside: string[] } {
    mkdirSync(this.folder, { recursive: true });
    const written = this.pending(program);
    const movedAside: string[] = [];
    for (const hook of written) {
      const path = join(this.folder, hook);
      const temporary = join(this.folder, `.${hook}.coord-new`);
      // Before anything is moved: a folder that cannot be written is left as it was.
      writeFileSync(temporary, hookScript(hook, program));
      chmodSync(temporary, 0o755);
      if (exists(path) && !isOurs(path)) movedAside.push(...this.keep(hook));
      renameSync(temporary, path);
    }
    this.linkSiblings();
    return { written, movedAside };
  }

  /** The hooks that an install would write. */
  pending(program: Program): GuardedHook[] {
    const todo = GUARDED_HOOKS.map((hook) => this.look(hook, program));
    return todo.flatMap(({ hook, standing }) => (standing === 'live' || standing === 'managed' ? [] : [hook]));
  }

  /** Takes the guard away, and puts back what was there before, byte for byte. */
  uninstall(): HooksTaken {
    const plan = this.removable();
    for (const hook of plan.restored) renameSync(join(this.keptFolder, hook), join(this.folder, hook));
    for (const hook of plan.removed) {
      const path = join(this.folder, hook);
      if (!plan.restored.includes(hook) && isOurs(path)) rmSync(path);
      if (isOurs(`${path}${LEGACY_SUFFIX}`)) rmSync(`${path}${LEGACY_SUFFIX}`);
    }
    if (plan.left.length === 0) this.unlinkSiblings();
    return plan;
  }

  /** What an uninstall would do. */
  removable(): HooksTaken {
    const hooks = GUARDED_HOOKS.map((hook) => {
      const path = join(this.folder, hook);
      const ours = isOurs(path);
      const kept = exists(join(this.keptFolder, hook));
      const moved = isOurs(`${path}${LEGACY_SUFFIX}`);
      return { hook, ours: ours || moved, kept, isTheirs: kept && exists(path) && !ours };
    });
    const those = (is: (one: (typeof hooks)[number]) => boolean) => hooks.filter(is).map(({ hook }) => hook);
    return {
      removed: those(({ ours }) => ours),
      restored: those(({ kept, isTheirs }) => kept && !isTheirs),
      left: those(({ isTheirs }) => isTheirs),
    };
  }

  private look(hook: GuardedHook, program: Program): HookStatus {
    const path = join(this.folder, hook);
    const chained = isRunnable(join(this.keptFolder, hook));
    const content = contentOf(path);
    if (content === null || !isHookScript(content)) {
      if (isRunnable(path) && callsGuard(hook, content ?? '', this.root)) {
        return { hook, standing: 'managed', chained, problem: null };
      }
      // The pre-commit framework moves what it finds out of its way, and goes on running it.
      if (isRunnable(path) && content?.includes('pre-commit') && isOurs(`${path}${LEGACY_SUFFIX}`)) {
        return { hook, standing: 'managed', chained, problem: null };
      }
      const standing = exists(path) && exists(join(this.keptFolder, hook)) ? 'overwritten' : 'absent';
      const problem = standing === 'overwritten' ? 'another program has replaced the guard with its own hook' : null;
      return { hook, standing, chained, problem };
    }
    const problem = whyStale(hook, path, content, program);
    return { hook, standing: problem === null ? 'live' : 'stale', chained, problem };
  }

  /** A hook without the guard where the others have it, or had it. */
  private missing(status: HookStatus): HookStatus {
    if (status.standing !== 'absent') return status;
    const there = exists(join(this.folder, status.hook));
    if (!there) return { ...status, problem: 'the guard was removed from this hook' };
    return {
      ...status,
      standing: 'overwritten',
      problem: 'another program has replaced the guard with its own hook',
    };
  }

  /** @returns the former name of an earlier kept file, where one was in the way */
  private keep(hook: GuardedHook): string[] {
    mkdirSync(this.keptFolder, { recursive: true });
    const kept = join(this.keptFolder, hook);
    const path = join(this.folder, hook);
    const aside: string[] = [];
    if (exists(kept) && !isSameFile(kept, path)) {
      const free = freeName(kept);
      renameSync(kept, free);
      aside.push(free);
    }
    renameSync(path, kept);
    return aside;
  }

  /** A hook may look for other files beside itself: each is linked beside the kept ones. */
  private linkSiblings(): void {
    if (!exists(this.keptFolder)) return;
    const inside = relative(this.root, this.keptFolder);
    // In a worktree it would be committed by the next `git add -A`.
    if (!/^\.\.|^\.git[\\/]/.test(inside)) writeFileSync(join(this.keptFolder, IGNORE_FILE), IGNORE_ALL);
    for (const name of readdirSync(this.folder)) {
      const link = join(this.keptFolder, name);
      if (isOwnName(name) || exists(link) || isOurs(join(this.folder, name))) continue;
      try {
        symlinkSync(join('..', basename(this.folder), name), link);
      } catch {
        // Where links cannot be made, a hook that needs one says so itself.
      }
    }
  }

  private unlinkSiblings(): void {
    if (!exists(this.keptFolder)) return;
    for (const name of readdirSync(this.keptFolder)) {
      const path = join(this.keptFolder, name);
      const isIgnore = name === IGNORE_FILE && contentOf(path) === IGNORE_ALL;
      if (isIgnore || linkOf(path) === join('..', basename(this.folder), name)) rmSync(path);
    }
    try {
      rmdirSync(this.keptFolder);
    } catch {
      // Something else is kept there.
    }
  }
}

/** What is no neighbour of an earlier hook. */
function isOwnName(name: string): boolean {
  const isGuarded = GUARDED_HOOKS.some((hook) => hook === name);
  return isGuarded || name === IGNORE_FILE || name.endsWith('.sample') || name.endsWith('.coord-new');
}

function whyStale(hook: GuardedHook, path: string, content: string, program: Program): string | null {
  const told = programIn(content);
  if (told !== null && !exists(told.coord)) return `${told.coord} is no longer there`;
  if (told !== null && !exists(told.node)) return `${told.node} is no longer there`;
  if (!isRunnable(path)) return 'it is not executable, so git does not run it';
  return content === hookScript(hook, program) ? null : 'another version of coord, or one from elsewhere, wrote it';
}

function isOurs(path: string): boolean {
  const content = contentOf(path);
  return content !== null && isHookScript(content);
}

/** Hook managers, by a word of the hooks that they write, and the files in which they are told what to run. */
const MANAGERS: readonly (readonly [word: string, files: (hook: GuardedHook) => readonly string[]])[] = [
  [
    'lefthook',
    (hook) => [
      ...['yml', 'yaml', 'toml', 'json'].flatMap((kind) => [`lefthook.${kind}`, `.lefthook.${kind}`]),
      ...[`.lefthook/${hook}/coord`, `.lefthook/${hook}/coord.sh`],
    ],
  ],
  ['dirname "$0")/h"', (hook) => [`.husky/${hook}`]],
  ['pre-commit', () => ['.pre-commit-config.yaml']],
];

/** Where hook managers are told what to run, relative to the root of the worktree. */
export function managerFiles(hook: GuardedHook): string[] {
  return MANAGERS.flatMap(([, files]) => files(hook));
}

/**
 * Whether a hook of another program runs the guard: by itself, or as its manager is told.
 * @param root of the worktree
 */
export function callsGuard(hook: GuardedHook, content: string, root: string): boolean {
  const files = MANAGERS.filter(([word]) => content.includes(word)).flatMap(([, told]) => told(hook));
  const texts = [content, ...files.map((file) => contentOf(join(root, file)) ?? '')];
  return texts.some((text) => text.includes(`guard run ${hook}`) || text.includes(`id: coord-${hook}`));
}

const MOST_BYTES = 100_000;

/** The text of a small regular file; null for anything else, such as a symbolic link. */
export function contentOf(path: string): string | null {
  try {
    const stats = lstatSync(path);
    if (!stats.isFile() || stats.size > MOST_BYTES) return null;
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

/** Whether something is there, be it a link that leads nowhere. */
export function exists(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch {
    // Not there, or its folder is none (`core.hooksPath=/dev/null`).
    return false;
  }
}

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Whether git would run it as a hook. */
export function isRunnable(path: string): boolean {
  try {
    const stats = statSync(path);
    return stats.isFile() && (stats.mode & 0o111) !== 0;
  } catch {
    return false;
  }
}

/** Whether two regular files have the same content and mode. */
function isSameFile(one: string, other: string): boolean {
  const [a, b] = [one, other].map((path) => lstatSync(path));
  return (
    a?.isFile() === true && b?.isFile() === true && a.mode === b.mode && readFileSync(one).equals(readFileSync(other))
  );
}

/** Where a symbolic link leads, as it is written; null when it is none. */
function linkOf(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

/** The path with the first number at its end that is not taken. */
function freeName(path: string): string {
  for (let number = 1; ; number += 1) if (!exists(`${path}.${number}`)) return `${path}.${number}`;
}
