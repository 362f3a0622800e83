import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, delimiter, dirname, isAbsolute, join, sep } from 'node:path';
import { shellWord } from '../../domain/suggestion.js';
import { usage } from '../../errors.js';
import { isProgram } from '../../git/if-there.js';
import { readCached, writeCached } from '../../git/local-cache.js';
import { writablePath } from '../../git/paths.js';
import type { Repository } from '../../git/repository.js';
import { worktreesOf } from '../../git/worktree.js';
import { HARNESSES, type Harness } from '../../guards/harness/dialects.js';
import { filesToRemove, filesToSetUp, type PlannedFile, type Runner } from '../../guards/harness/settings.js';
import type { HarnessReport } from '../../render/guard/installed.js';
import type { Context } from '../../workspace/context.js';
import { harnessesIn } from '../../workspace/identity.js';

const LARGEST = 4 * 1024 * 1024;

/** Folders of a worktree in which a harness keeps its settings. */
const FOLDERS: Readonly<Record<Harness, string>> = {
  'claude-code': '.claude',
  codex: '.codex',
  gemini: '.gemini',
  cursor: '.cursor',
  opencode: '.opencode',
};

/** The harnesses that are used here: the one that runs this, and those that have a folder in the worktree. */
export function detectHarnesses({ host, repository }: Context): Harness[] {
  const running = harnessesIn(host.env);
  return HARNESSES.filter(
    (harness) => running.includes(harness) || existsSync(join(repository.root, FOLDERS[harness])),
  );
}

/** What a harness's files have to become, looked at before anything is written. */
export interface HarnessChange {
  readonly report: HarnessReport;
  apply(): void;
}

/**
 * Plans to put the hooks of coord into the settings of a harness, or to take them out again: in this worktree, or in the
 * main one where the harness reads only that.
 * @throws CoordError `usage` when a file cannot be changed safely.
 */
export async function planHarness(
  context: Context,
  harness: Harness,
  { removes, isDry }: { readonly removes: boolean; readonly isDry: boolean },
): Promise<HarnessChange> {
  const runner = findRunner(context);
  const planned = removes ? filesToRemove(harness) : filesToSetUp(harness, runner);
  const { root, worktreeId } = await settingsPlace(context, harness);
  const record = join(context.localDirectory, `setup-${harness}-${worktreeId}.json`);
  const changes = changesOf(root, planned, record, removes);
  const files = changes.map(({ file, before, after }) => {
    return { path: file, action: actionOf(before, after), text: isDry ? after : null };
  });
  const report = { harness, root, command: `${runner.line} guard hook ${harness}`, isLocal: runner.isLocal, files };
  return { report, apply: () => applyAll(changes, record, harness, removes) };
}

/** The worktree from which a harness that works in this one reads its settings. */
export async function settingsPlace({ repository, git }: Context, harness: Harness): Promise<Repository> {
  if (harness !== 'codex' || repository.worktreeId === 'main') return repository;
  const worktrees = await worktreesOf(repository, git);
  return worktrees.find(({ worktreeId }) => worktreeId === 'main') ?? repository;
}

/** What a file was before coord changed it, and after: where it is still that, it can be restored to the byte. */
interface Change {
  readonly before: string | null;
  readonly after: string | null;
}

interface FileChange extends Change {
  readonly file: string;
  readonly text: WorktreeText;
  readonly past: Change | null;
}

function changesOf(root: string, planned: readonly PlannedFile[], record: string, removes: boolean): FileChange[] {
  const known = readCached(record, (value) => value as unknown as Record<string, Change>) ?? {};
  return planned.map(({ file, change }) => {
    const text = new WorktreeText(root, file);
    const before = text.read();
    const past = Object.hasOwn(known, file) && known[file]?.after === before ? known[file] : null;
    return { file, text, before, past, after: removes && past ? past.before : change(before) };
  });
}

function applyAll(changes: readonly FileChange[], record: string, harness: Harness, removes: boolean): void {
  for (const { text, before, after } of changes) {
    if (after === null && before !== null) text.remove();
    else if (after !== null && after !== before) text.write(after);
  }
  const clean = filesToRemove(harness);
  const kept = changes.flatMap(({ file, before, after, past }): [string, Change][] => {
    if (past) return [[file, { before: past.before, after }]];
    // With hooks of coord in it already, it is not what was there before them.
    const isClean = clean.find((one) => one.file === file)?.change(before) === before;
    return isClean ? [[file, { before, after }]] : [];
  });
  writeCached(record, removes ? {} : Object.fromEntries(kept));
}

function actionOf(before: string | null, after: string | null): HarnessReport['files'][number]['action'] {
  if (before === after) return 'unchanged';
  if (before === null) return 'created';
  return after === null ? 'deleted' : 'changed';
}

/** `coord`, where that will be on PATH later too; else this very program by its path, on this machine alone. */
function findRunner({ host }: Context): Runner & { readonly isLocal: boolean } {
  if (isOnPath(host.env.PATH ?? '')) return { line: 'coord', words: ['coord'], isLocal: false };
  const words = [host.node, join(host.packageRoot, 'bin', 'coord.js')];
  return { line: words.map(shellWord).join(' '), words, isLocal: true };
}

/** What npm adds for the time of one command does not count. */
function isOnPath(path: string): boolean {
  return path
    .split(delimiter)
    .filter(
      (folder) => isAbsolute(folder) && !folder.split(sep).some((part) => part === 'node_modules' || part === '_npx'),
    )
    .some((folder) => isProgram(join(folder, 'coord')));
}

/** A file of the worktree that is changed as a whole, or not at all. */
class WorktreeText {
  /** With symbolic links resolved, so that a link stays one. */
  private readonly path: string;

  /** @throws CoordError `usage` when links lead it out of the repository, or nowhere. */
  constructor(
    private readonly root: string,
    private readonly file: string,
  ) {
    this.path = writablePath(root, file);
  }

  /** null: there is no such file. @throws CoordError `usage` when it is no text that can be changed safely. */
  read(): string | null {
    const stats = statSync(this.path, { throwIfNoEntry: false });
    if (stats === undefined) return null;
    if (!stats.isFile()) throw usage(`${this.file} is not a file`, `look at it: ls -ld ${this.file}`);
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
