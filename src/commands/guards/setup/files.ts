import { chmodSync, mkdirSync, readFileSync, renameSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { usage } from '../../../errors.js';
import { writablePath } from '../../../git/paths.js';

const LARGEST = 4 * 1024 * 1024;

/** A file of the worktree that is to be changed as a whole, or not at all. */
export class WorktreeText {
  /** With symbolic links resolved, so that a link stays one. */
  private readonly path: string;

  /** @throws CoordError `usage` when links lead it out of the repository, or nowhere. */
  constructor(
    private readonly root: string,
    readonly file: string,
  ) {
    this.path = writablePath(root, file);
  }

  /** null: there is no such file. @throws CoordError `usage` when it is no text that can be changed safely. */
  read(): string | null {
    const stats = statSync(this.path, { throwIfNoEntry: false });
    if (stats === undefined) return null;
    if (!stats.isFile()) throw usage(`${this.file} is no file`, `look at it: ls -ld ${this.file}`);
    if (stats.size > LARGEST)
      throw usage(`${this.file} is larger than settings are`, 'look at it; nothing was written');
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(readFileSync(this.path));
    } catch {
      throw usage(`${this.file} is not UTF-8`, 'write it as UTF-8, then repeat; nothing was changed');
    }
  }

  write(text: string): void {
    const mode = statSync(this.path, { throwIfNoEntry: false })?.mode;
    mkdirSync(dirname(this.path), { recursive: true });
    const temporary = join(dirname(this.path), `.${basename(this.path)}.coord-new`);
    rmSync(temporary, { force: true });
    writeFileSync(temporary, text, { flag: 'wx' });
    if (mode !== undefined) chmodSync(temporary, mode & 0o7777);
    renameSync(temporary, this.path);
  }

  /** Removes it, and the folders that are empty then. */
  remove(): void {
    rmSync(this.path, { force: true });
    let folder = dirname(this.path);
    try {
      for (; folder !== this.root && folder.startsWith(this.root); folder = dirname(folder)) rmdirSync(folder);
    } catch {
      // Something else is in it.
    }
  }
}
