import { chmodSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { contentOf, exists, freeName, isRunnable, isSameFile, linkOf } from './file-facts.js';
import { hookScript, isHookScript, KEPT_SUFFIX, type Program, programIn } from './hook-script.js';
import { GUARDED_HOOKS, type GuardedHook } from './hooks.js';
import { callsGuard } from './managed.js';

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
    const written: GuardedHook[] = [];
    const movedAside: string[] = [];
    for (const hook of GUARDED_HOOKS) {
      const { standing } = this.look(hook, program);
      if (standing === 'live' || standing === 'managed') continue;
      const path = join(this.folder, hook);
      const temporary = join(this.folder, `.${hook}.coord-new`);
      // Before anything is moved: a folder that cannot be written is left as it was.
      writeFileSync(temporary, hookScript(hook, program));
      chmodSync(temporary, 0o755);
      if (exists(path) && !isOurs(path)) movedAside.push(...this.keep(hook));
      renameSync(temporary, path);
      written.push(hook);
    }
    this.linkSiblings();
    return { written, movedAside };
  }

  /**
   * Takes the guard away, and puts back what was there before, byte for byte.
   * @returns the hooks that were removed, and those whose earlier hook stays kept because another has taken its place
   */
  uninstall(): { readonly removed: GuardedHook[]; readonly restored: GuardedHook[]; readonly left: GuardedHook[] } {
    const removed: GuardedHook[] = [];
    const restored: GuardedHook[] = [];
    const left: GuardedHook[] = [];
    for (const hook of GUARDED_HOOKS) {
      const path = join(this.folder, hook);
      const kept = join(this.keptFolder, hook);
      const ours = isOurs(path);
      if (exists(kept)) {
        if (exists(path) && !ours) {
          left.push(hook);
          continue;
        }
        renameSync(kept, path);
        restored.push(hook);
      } else if (ours) rmSync(path);
      if (ours) removed.push(hook);
    }
    if (left.length === 0) this.unlinkSiblings();
    return { removed, restored, left };
  }

  private look(hook: GuardedHook, program: Program): HookStatus {
    const path = join(this.folder, hook);
    const chained = isRunnable(join(this.keptFolder, hook));
    const content = contentOf(path);
    if (content === null || !isHookScript(content)) {
      if (isRunnable(path) && callsGuard(hook, content ?? '', this.root)) {
        return { hook, standing: 'managed', chained, problem: null };
      }
      const standing = exists(path) && exists(join(this.keptFolder, hook)) ? 'overwritten' : 'absent';
      const problem =
        standing === 'overwritten' ? 'another program has put its own hook in the place of the guard' : null;
      return { hook, standing, chained, problem };
    }
    const problem = whyStale(hook, path, content, program);
    return { hook, standing: problem === null ? 'live' : 'stale', chained, problem };
  }

  /** A hook without the guard where the others have it, or had it. */
  private missing(status: HookStatus): HookStatus {
    if (status.standing !== 'absent') return status;
    const there = exists(join(this.folder, status.hook));
    if (!there) return { ...status, problem: 'the guard was taken away from this hook' };
    return {
      ...status,
      standing: 'overwritten',
      problem: 'another program has put its own hook in the place of the guard',
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
    for (const name of readdirSync(this.folder)) {
      const link = join(this.keptFolder, name);
      if (isGuarded(name) || name.endsWith('.sample') || name.endsWith('.coord-new') || exists(link)) continue;
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
      if (linkOf(path) === join('..', basename(this.folder), name)) rmSync(path);
    }
    try {
      rmdirSync(this.keptFolder);
    } catch {
      // Something else is kept there.
    }
  }
}

function isGuarded(name: string): boolean {
  return GUARDED_HOOKS.some((hook) => hook === name);
}

function whyStale(hook: GuardedHook, path: string, content: string, program: Program): string | null {
  const told = programIn(content);
  if (told !== null && !exists(told.coord)) return `${told.coord} is not there any more`;
  if (told !== null && !exists(told.node)) return `${told.node} is not there any more`;
  if (!isRunnable(path)) return 'it is not executable, so git does not run it';
  return content === hookScript(hook, program) ? null : 'another version of coord, or one from elsewhere, wrote it';
}

function isOurs(path: string): boolean {
  const content = contentOf(path);
  return content !== null && isHookScript(content);
}
