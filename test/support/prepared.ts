import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Sandbox, sandbox } from './sandbox.js';

/** A sandbox that others are copied from. */
interface Original<T> {
  /** Where it was built: what names this path, names that of the copy instead. */
  readonly directory: string;
  /** The files that do, by their paths in the sandbox. */
  readonly naming: readonly string[];
  readonly worktrees: readonly string[];
  readonly made: T;
}

/**
 * A sandbox for the running test that is a copy of one built before: the first test that asks for this name in a run of
 * the tests has it built, in a sandbox of its own. Many times faster than git.
 * @returns what the builder returned (plain data), with its paths in the copy
 */
export async function prepared<T>(
  name: string,
  build: (box: Sandbox) => Promise<T>,
): Promise<{ box: Sandbox; made: T }> {
  const { COORD_TEST_PREPARED: folder } = process.env;
  if (!folder) throw new Error('test/support/scratch.ts has not set up this run');
  const place = join(folder, `prepared-${name}`);
  if (!existsSync(place)) await prepare(place, build);
  return copyOf<T>(place);
}

async function prepare(place: string, build: (box: Sandbox) => Promise<unknown>): Promise<void> {
  const box = new Sandbox();
  const made = await build(box);
  const { directory } = box;
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1));
  const worktrees = readdirSync(directory).filter((folder) => existsSync(join(directory, folder, '.git')));
  const naming = paths.filter((path) => readFileSync(join(directory, path)).includes(directory));
  const staging = mkdtempSync(`${place}-`);
  const original: Original<unknown> = { directory, naming, worktrees, made };
  writeFileSync(join(staging, 'original.json'), JSON.stringify(original));
  renameSync(directory, join(staging, 'box'));
  try {
    renameSync(staging, place);
  } catch {
    // Another process was first: its sandbox serves as well.
    rmSync(staging, { recursive: true });
  }
}

function copyOf<T>(place: string): { box: Sandbox; made: T } {
  const text = readFileSync(join(place, 'original.json'), 'utf8');
  const { directory, naming, worktrees } = JSON.parse(text) as Original<T>;
  const box = sandbox();
  const { status, stderr } = spawnSync('cp', ['-Rp', `${join(place, 'box')}/.`, box.directory], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`cp: ${stderr}`);
  for (const path of naming) {
    // Byte by byte, and of the same length: what is no text stays whole.
    const before = readFileSync(box.path(path), 'latin1');
    writeFileSync(box.path(path), before.replaceAll(directory, box.directory), 'latin1');
  }
  // A copied file is another inode, which git takes for a change until it has looked.
  for (const worktree of worktrees) box.git(box.path(worktree), 'update-index', '-q', '--refresh');
  return { box, made: (JSON.parse(text.replaceAll(directory, box.directory)) as Original<T>).made };
}
