import { randomBytes } from 'node:crypto';
import {
  type BigIntStats,
  closeSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { oneLine, shorten } from '../domain/text.js';
import { CoordError } from '../errors.js';
import { namesIn, textOf } from './if-there.js';
import { ownMark, standingOf, startOf } from './process-mark.js';
import { discoverRepository, type Repository } from './repository.js';

/** Git holds the lock of a ref for milliseconds; one that is older, and whose git is gone, was left by a git that was killed. */
const LEFT_OVER_MS = 3_000;
/** Even an old lock is watched for so long, unchanged, before it is taken away. */
const WATCHED_MS = 200;
/** Who holds it for longer has stalled, and is named. */
const PATIENCE_MS = 10_000;
const LOOK_EVERY_MS = 25;
const JUDGED_EVERY_MS = 250;
const ATTEMPTS = 5;

/** The lock file that git makes while it moves a ref (`refs/...`). */
export function refLockPath(repository: Repository, ref: string): string {
  return repository.refFormat === 'reftable'
    ? join(repository.commonDir, 'reftable', 'tables.list.lock')
    : join(repository.commonDir, `${ref}.lock`);
}

/** A lock that this process has. */
export interface HeldLock {
  /** Whether the lock file is this process's own still. */
  isHeld(): boolean;
  /** Does away with what named its process; the lock itself has been moved into place, or removed. */
  forget(): void;
}

/** Files beside a lock whose names say which process made it: links to one and the same file. Git passes over names in `.lock`. */
const OWNER = /^held-(.+)-[0-9a-f]{12}\.lock$/;

/**
 * Makes a lock file with this content, or throws where there is one (`EEXIST`). It is written, and where that is asked for
 * flushed, under a name of its own that names this process; then it is linked into its place, at once as a whole.
 */
export function takeLock(lock: string, content: string, durably: boolean): HeldLock {
  forgetTheDead(dirname(lock));
  const own = join(dirname(lock), `held-${ownMark()}-${randomBytes(6).toString('hex')}.lock`);
  const file = create(own);
  const forget = () => {
    closeSync(file);
    rmSync(own, { force: true });
  };
  try {
    writeFileSync(file, content);
    if (durably) fsyncSync(file);
    linkSync(own, lock);
  } catch (error) {
    forget();
    if (!NO_LINKS.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    return takeUnnamed(lock, content, durably);
  }
  return { isHeld: () => isSame(lock, file), forget };
}

/** What a file system says that has no hard links. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

function takeUnnamed(lock: string, content: string, durably: boolean): HeldLock {
  const file = create(lock);
  writeFileSync(file, content);
  if (durably) fsyncSync(file);
  return { isHeld: () => isSame(lock, file), forget: () => closeSync(file) };
}

/** Git takes folders of refs away when it has packed all that was in them. */
function create(path: string): number {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return openSync(path, 'wx');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt === ATTEMPTS) throw error;
      mkdirSync(dirname(path), { recursive: true });
    }
  }
}

function isSame(path: string, file: number): boolean {
  return statSync(path, { throwIfNoEntry: false })?.ino === fstatSync(file).ino;
}

/**
 * Waits until nobody holds the lock of a ref, and takes away one that was provably left over: its process is gone. Coord's
 * own locks name theirs. A lock of git's lists nobody: it is left over when it is older than git ever holds one, by the clock of the
 * file system that stamped it (where that does not tell, it is watched for the whole time), it is unchanged while it is watched,
 * and no git is running in this repository that was there when it was made. Age alone proves nothing: a writer that
 * was stopped wakes up, and moves whatever has the name of its lock by then.
 * @returns false when there was no lock to wait for.
 * @throws CoordError `unavailable` (reason `lock-held`) when its process is there, or cannot be seen, and does not go on.
 */
export async function waitForRefLock(
  repository: Repository,
  ref: string,
  pause: (ms: number) => Promise<void>,
): Promise<boolean> {
  const path = refLockPath(repository, ref);
  const first = statsOf(path);
  if (first === undefined) return false;
  const judged = identityOf(first);
  const owner = ownerOf(path, first);
  let due = owner === null ? Math.max(WATCHED_MS, LEFT_OVER_MS - ageOf(first, repository)) : 0;
  let holder: string | null = null;
  for (let watched = 0; watched < PATIENCE_MS; watched += LOOK_EVERY_MS) {
    if (watched >= due) {
      holder = owner === null ? gitsIn(repository, ageOf(first, repository)) : holderNamed(owner);
      if (holder === null && takeAway(repository, path, judged)) return true;
      due += JUDGED_EVERY_MS;
    }
    await pause(LOOK_EVERY_MS);
    if (identityOf(statsOf(path)) !== judged) return true;
  }
  throw lockHeld(path, holder ?? 'nobody, and another process is stuck removing it');
}

/** Who may still hold a lock that names its process, in words; null: provably nobody. */
function holderNamed(owner: string): string | null {
  const standing = standingOf(owner);
  if (standing === 'gone') return null;
  const [id, , , , host = ''] = owner.split('.');
  return standing === 'runs'
    ? `process ${id}, which makes no progress`
    : `process ${id} of ${host}, which cannot be seen from here`;
}

/** The mark of the process that made a lock; null: it names none. */
function ownerOf(path: string, { ino }: BigIntStats): string | null {
  for (const name of namesIn(dirname(path))) {
    const mark = OWNER.exec(name)?.[1];
    if (mark !== undefined && statsOf(join(dirname(path), name))?.ino === ino) return mark;
  }
  return null;
}

/** Clears away what processes that are gone have left beside the locks of refs, but for what names the owner of one. */
function forgetTheDead(folder: string): void {
  for (const name of namesIn(folder)) {
    const mark = OWNER.exec(name)?.[1];
    const path = join(folder, name);
    if (mark !== undefined && standingOf(mark) === 'gone' && statsOf(path)?.nlink === 1n) rmSync(path, { force: true });
  }
}

/** What git only reads with, or never ends: no lock of a ref is theirs. */
const READS =
  /^(?:blame|cat-file|check-\S+|count-objects|credential\S*|daemon|describe|diff\S*|for-each-ref|fsmonitor--daemon|grep|help|log|ls-\S+|merge-base|rev-list|rev-parse|shortlog|show\S*|status|upload-pack|var|version)$/;

/** The gits that run in this repository since before the lock was made, in words; null: none. */
function gitsIn(repository: Repository, ageMs: number): string | null {
  const ids = namesIn('/proc').filter((name) => /^\d+$/.test(name));
  const found = ids.filter((id) => mayHold(id, repository, ageMs));
  return found.length === 0 ? null : `git (process ${found.join(', ')})`;
}

/** A process is there for longer than what it has made, within the precision of either clock. */
const SLACK_MS = 1_000;

function mayHold(id: string, { commonDir }: Repository, ageMs: number): boolean {
  const words = textOf(`/proc/${id}/cmdline`).split('\0');
  if (!/(?:^|\/)git(?:-receive-pack)?$/.test(words[0] ?? '')) return false;
  const start = startOf(Number(id));
  const upMs = Number(textOf('/proc/uptime').split(' ')[0]) * 1000;
  if (start === null || start.isDead || upMs - start.at * 10 < ageMs - SLACK_MS) return false;
  const { verb, folders } = readCommand(words);
  return !READS.test(verb) && placesOf(id, folders).some((place) => place === null || isIn(place, commonDir));
}

/** The verb of a git command line, and the folders that its options name. */
function readCommand(words: readonly string[]): { readonly verb: string; readonly folders: readonly string[] } {
  const folders: string[] = [];
  let at = 1;
  for (; words[at]?.startsWith('-'); at += 1) {
    const word = words[at] ?? '';
    const named = /^--(?:git-dir|work-tree)=(.+)$/.exec(word)?.[1];
    if (named !== undefined) folders.push(named);
    if (['-C', '--git-dir', '--work-tree'].includes(word)) folders.push(words[at + 1] ?? '');
    if (['-C', '-c', '--git-dir', '--work-tree', '--namespace'].includes(word)) at += 1;
  }
  return { verb: words[at] ?? '', folders };
}

/** Where a git works; null: that may not be seen. */
function placesOf(id: string, folders: readonly string[]): (string | null)[] {
  try {
    const at = readlinkSync(`/proc/${id}/cwd`);
    const named = /(?:^|\0)GIT_DIR=([^\0]+)/.exec(textOf(`/proc/${id}/environ`))?.[1];
    return [at, ...[...folders, ...(named === undefined ? [] : [named])].map((folder) => resolve(at, folder))];
  } catch {
    return [startOf(Number(id)) === null ? '/' : null];
  }
}

function isIn(place: string, commonDir: string): boolean {
  if (place === commonDir || place.startsWith(`${commonDir}/`)) return true;
  try {
    return discoverRepository(place).commonDir === commonDir;
  } catch {
    return false;
  }
}

function lockHeld(path: string, holder: string): CoordError {
  return new CoordError('unavailable', `${path} is held by ${shorten(oneLine(holder), 200)}`, {
    hint: 'nothing was changed; wait for that process, or end it, then repeat: what it leaves is then removed by itself',
    details: { reason: 'lock-held', lock: path },
  });
}

function statsOf(path: string): BigIntStats | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false });
}

/** Tells one lock file from the next of the same name. */
function identityOf(stats: BigIntStats | undefined): string | null {
  return stats === undefined ? null : `${stats.ino} ${stats.mtimeNs} ${stats.size}`;
}

/** Milliseconds since the file was written, measured with another file's stamp; 0 where that cannot be told. */
function ageOf(stats: BigIntStats, repository: Repository): number {
  const probe = join(repository.commonDir, 'coord', `clock-${randomBytes(6).toString('hex')}.tmp`);
  try {
    mkdirSync(dirname(probe), { recursive: true });
    writeFileSync(probe, '');
    return Math.max(0, Number(statSync(probe, { bigint: true }).mtimeMs - stats.mtimeMs));
  } catch {
    return 0;
  } finally {
    rmSync(probe, { force: true });
  }
}

/**
 * Removes a left-over lock, and no other. Only who holds a lock of its own for that does so: while it has it nobody else
 * removes the left-over one, so that what has its name cannot have become another's, however long this process stalls.
 * That lock, left over in turn, is removed as it is found.
 * @returns false when somebody else is at it
 */
function takeAway({ refFormat, commonDir }: Repository, path: string, judged: string | null): boolean {
  const folder = refFormat === 'reftable' ? join(commonDir, 'coord') : dirname(path);
  const breaking = join(folder, 'taking-away.lock');
  const stats = statsOf(breaking);
  if (stats && standingOf(ownerOf(breaking, stats) ?? '') === 'gone') rmSync(breaking, { force: true });
  let held: HeldLock;
  try {
    held = takeLock(breaking, '', false);
  } catch {
    return false;
  }
  try {
    if (identityOf(statsOf(path)) === judged) rmSync(path, { force: true });
  } finally {
    if (held.isHeld()) rmSync(breaking, { force: true });
    held.forget();
  }
  return true;
}
