import { copyFileSync, lstatSync, mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CoordError } from '../errors.js';
import { obstacleTo } from './listed-files.js';

/** One path of the worktree, what is to stand there, and what stood there when that was decided. */
export interface Placement {
  /** Relative to the root. */
  readonly path: string;
  /** A finished file that is moved there; null: nothing is to be there. */
  readonly after: string | null;
  /** A finished copy of what is there now, to be put back when something fails; null: there is nothing. */
  readonly before: string | null;
  /** As {@link traceOf} gave it. */
  readonly trace: string;
}

/** What tells that a file was touched: it is no content, and needs no reading. */
export function traceOf(root: string, path: string): string {
  try {
    const { ino, size, mtimeMs } = lstatSync(join(root, path));
    return `${ino} ${size} ${mtimeMs}`;
  } catch {
    return 'absent';
  }
}

/**
 * Puts all files in their places, each in one step, or none: what was done is undone when one fails.
 * @throws CoordError `behind` when a file was touched since the decision; and what the file system says.
 */
export function placeInWorktree(root: string, placements: readonly Placement[]): void {
  const done: Placement[] = [];
  try {
    for (const placement of placements) {
      if (traceOf(root, placement.path) !== placement.trace || obstacleTo(root, placement.path) !== null) {
        throw new CoordError('behind', `changed in the meantime: ${JSON.stringify(placement.path)}`, {
          hint: 'look at that file, then repeat the command',
          details: { reason: 'uncommitted', paths: [placement.path] },
        });
      }
      done.push(placement);
      moveTo(join(root, placement.path), placement.after);
    }
  } catch (error) {
    for (const { path, before } of done.reverse()) {
      try {
        moveTo(join(root, path), before);
      } catch {
        // What failed once may fail again: the content is in HEAD.
      }
    }
    throw error;
  }
}

function moveTo(place: string, file: string | null): void {
  if (file === null) {
    rmSync(place, { force: true });
    return;
  }
  mkdirSync(dirname(place), { recursive: true });
  try {
    renameSync(file, place);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    moveAcross(place, file);
  }
}

/** The git directory may be on another disk. */
function moveAcross(place: string, file: string): void {
  const near = `${place}.coord-tmp`;
  rmSync(near, { force: true });
  if (lstatSync(file).isSymbolicLink()) symlinkSync(readlinkSync(file), near);
  else copyFileSync(file, near);
  renameSync(near, place);
  unlinkSync(file);
}
