import {
  existsSync,
  type FSWatcher,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Answer, Request } from '../../domain/request-table.js';
import { epochMs, type Instant } from '../../domain/time.js';
import { CoordError, type ErrorCode } from '../../errors.js';
import { namesIn } from '../../git/if-there.js';
import { ownMark, standingOf } from '../../git/process-mark.js';
import { type LockSurroundings, lockHolder, type Release, tryLocalLock, waitForLocalLock } from './local-lock.js';
import { Wakeup } from './watch.js';

/** Another version's requests and answers are left to it. */
const FORMAT = 2;
/** What a process that cannot be seen from here has left is in nobody's use by then. */
const FORGOTTEN_MS = 600_000;
/** Where the file system tells of nothing, or a combiner was killed, a process looks for itself this often. */
const LOOK_MS = 250;

/** A request, and the clone that it comes from: the path of its common git directory. */
export interface Asked {
  readonly request: Request;
  readonly clone: string;
}

/** A request that one combiner has taken out of the queue: no other one decides it, unless it is taken back. */
export interface Taken extends Asked {
  readonly ticket: string;
}

/** Where the state stands in which clone, after a request was decided. */
export interface Standing {
  readonly revision: string;
  readonly clone: string;
}

/** What a combiner tells; `alone`: that it cannot decide this in the place of another clone. */
export type Said =
  | { readonly answer: Answer; readonly standing: Standing }
  | { readonly error: CoordError }
  | { readonly alone: true };

/** What one combiner is about to write: holds once its revision is in the history. */
export interface Batch extends Standing {
  /** What `revision` follows. */
  readonly base: string;
  /** By operation. */
  readonly answers: Readonly<Record<string, Answer>>;
}

/**
 * Requests of processes of this host that wait to be decided together: a file for each, called its ticket, which begins with the
 * time, so that names sort in the order in which they came. Each step is one rename, which only one process can do:
 *
 *     TICKET~request                 waits, and is taken by the process that combines
 *     TICKET~taken~COMBINER~PROCESS  is being decided by that combiner
 *     TICKET~answer                  for the process that asked; the taken request is removed after it is there
 *     COMBINER~batch                 what that combiner is about to write
 *
 * A process watches the file of its own request, so that whatever happens wakes only whom it concerns.
 */
export class RequestQueue {
  constructor(
    readonly directory: string,
    /** The clone that asks here. */
    readonly clone: string,
    private readonly now: () => Instant,
    /** Whether other clones ask here too. */
    readonly isShared = false,
  ) {}

  /** A name that begins with the time, so that it sorts by it. */
  nameOf(operation: string): string {
    return `${String(epochMs(this.now())).padStart(14, '0')}-${operation}`;
  }

  /** Puts a request at the end of the queue. @returns its ticket; null where nothing can be written */
  enqueue(request: Request): string | null {
    const ticket = this.nameOf(request.operation);
    const asked = { request, clone: this.clone, process: ownMark() };
    try {
      mkdirSync(this.directory, { recursive: true });
      this.put(`${ticket}~request`, asked);
      return ticket;
    } catch {
      return null;
    }
  }

  /** Takes what waits, oldest first, and out of the way what is unreadable, or what nobody waits for any more. */
  take(combiner: string, most: number): Taken[] {
    this.sweep();
    const taken: Taken[] = [];
    for (const name of this.waiting()) {
      if (taken.length === most) break;
      const ticket = name.slice(0, -'~request'.length);
      const own = takenName(ticket, combiner);
      if (!this.move(name, own)) continue;
      const asked = this.get(own) as (Partial<Asked> & { process?: string }) | null;
      const { request, clone, process = '' } = asked ?? {};
      const sound = typeof request?.kind === 'string' && typeof clone === 'string' && standingOf(process) !== 'gone';
      if (sound) taken.push({ ticket, request, clone });
      else this.clear(ticket);
    }
    return taken;
  }

  /** Whether somebody waits to be taken. */
  hasWaiting(): boolean {
    return this.waiting().length > 0;
  }

  /** Whether this combiner is still the one that decides a request. */
  isTaken(ticket: string, combiner: string): boolean {
    return existsSync(join(this.directory, takenName(ticket, combiner)));
  }

  /** To be called before the revision can be in the history. */
  announce(combiner: string, batch: Batch): void {
    this.put(`${combiner}~batch`, batch);
  }

  /** What combiners were about to write: one that was stopped half-way may have written it. */
  announced(): Batch[] {
    const names = this.names().filter((name) => name.endsWith('~batch'));
    return names.flatMap((name) => (this.get(name) as Batch | null) ?? []);
  }

  /** Every request of a combiner is answered, or left to others: what it announced is of no use any more. */
  forget(combiner: string): void {
    this.remove(`${combiner}~batch`);
  }

  /** Tells the process that asked. @returns false when it cannot be told */
  answer(ticket: string, said: Said): boolean {
    try {
      this.put(`${ticket}~answer`, 'error' in said ? { error: plainError(said.error) } : said);
    } catch {
      return false;
    }
    for (const name of this.filesOf(ticket)) if (!name.endsWith('~answer')) this.remove(name);
    return true;
  }

  /** @throws CoordError the failure that the combiner met in the place of this process */
  answerOf(ticket: string): Exclude<Said, { error: CoordError }> | null {
    const said = this.get(`${ticket}~answer`) as Exclude<Said, { error: CoordError }> | { error: PlainError } | null;
    if (said && 'error' in said) throw errorFrom(said.error);
    return said;
  }

  /** Takes a request back from a combiner that is gone, or is taken for gone: it may not decide it any more. */
  takeBack(ticket: string): void {
    for (const name of this.filesOf(ticket)) if (name.includes('~taken~')) this.move(name, `${ticket}~request`);
  }

  /** `waits`: nobody has it; `taken`: a combiner has, which `left` it when it was killed; `gone`: it is answered, or was deleted. */
  standing(ticket: string): 'waits' | 'taken' | 'left' | 'gone' {
    const names = this.filesOf(ticket);
    if (names.includes(`${ticket}~request`)) return 'waits';
    const taken = names.find((name) => name.includes('~taken~'));
    if (taken === undefined) return 'gone';
    return standingOf(taken.split('~')[3] ?? '') === 'gone' ? 'left' : 'taken';
  }

  /** Takes the lock of this queue, if nobody has it. */
  tryLock(): Release | null {
    return tryLocalLock(this.directory, this.now);
  }

  /** Waits for the lock, for some seconds at most: it is done without then. */
  waitForLock(effects: LockSurroundings): Promise<Release> {
    return waitForLocalLock(this.directory, {
      pause: (ms) => effects.pause(ms),
      random: () => effects.random(),
      now: this.now,
    });
  }

  /** Tells one holder of the lock from the next; null: nobody has it. */
  lockHolder(): string | null {
    return lockHolder(this.directory, this.now());
  }

  /** Wakes the process that is first in the queue: the lock is free. */
  nudge(): void {
    const [first] = this.waiting();
    if (first === undefined) return;
    const seconds = epochMs(this.now()) / 1000;
    try {
      utimesSync(join(this.directory, first), seconds, seconds);
    } catch {
      // It was taken, or it is gone.
    }
  }

  /** Tells of changes that concern a ticket; to be closed. */
  listen(ticket: string): { changed(): Promise<void>; close(): void } {
    const wakeup = new Wakeup();
    let watcher: FSWatcher | null = null;
    const attach = (): boolean => {
      for (const name of this.filesOf(ticket)) {
        try {
          watcher = watch(join(this.directory, name), () => wakeup.ring());
          watcher.on('error', () => undefined);
          return true;
        } catch {
          // Just renamed, or there are no more watches.
        }
      }
      return false;
    };
    return {
      async changed() {
        // What has happened before it is watched is seen by looking once more.
        if (watcher !== null || !attach()) await wakeup.wait(LOOK_MS);
        wakeup.reset();
      },
      close: () => watcher?.close(),
    };
  }

  /** Removes a ticket, with all that came of it. */
  clear(ticket: string): void {
    for (const name of this.filesOf(ticket)) this.remove(name);
  }

  /** Leaves word of where the state stands. */
  recordTip(standing: Standing): void {
    this.put('tip', standing);
  }

  /** What was recorded last; null: nothing, or it cannot be read. */
  tip(): Standing | null {
    const { revision, clone } = (this.get('tip') ?? {}) as Partial<Standing>;
    return typeof revision === 'string' && typeof clone === 'string' ? { revision, clone } : null;
  }

  /** Does away with what processes that were killed have left. */
  private sweep(): void {
    const nowMs = epochMs(this.now());
    for (const name of this.names()) {
      const drawn = /^(\d{14})-.*~(?:answer|batch|taken~.*)$/.exec(name)?.[1];
      const made = /^(?:lock|staged)-(.+?)(?:-\d+)?(?:-gone)?$/.exec(name)?.[1];
      const isOld = drawn !== undefined && Math.abs(nowMs - Number(drawn)) > FORGOTTEN_MS;
      if (isOld || (made !== undefined && standingOf(made) === 'gone')) this.remove(name);
    }
  }

  /** The names of the requests that wait, oldest first. */
  private waiting(): string[] {
    return this.names()
      .filter((name) => name.endsWith('~request'))
      .sort();
  }

  private filesOf(ticket: string): string[] {
    return this.names().filter((name) => name.startsWith(`${ticket}~`));
  }

  private names(): string[] {
    return namesIn(this.directory);
  }

  /** Nobody is told when the folder is gone: then nobody waits there. */
  private put(name: string, value: object): void {
    const path = join(this.directory, name);
    const staged = join(this.directory, `staged-${ownMark()}`);
    try {
      writeFileSync(staged, JSON.stringify({ format: FORMAT, ...value }));
      renameSync(staged, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }

  /** null when it is not there, unreadable, or of another format. */
  private get(name: string): object | null {
    try {
      const value = JSON.parse(readFileSync(join(this.directory, name), 'utf8')) as { format?: unknown } | null;
      return value?.format === FORMAT ? value : null;
    } catch {
      return null;
    }
  }

  private move(from: string, to: string): boolean {
    try {
      renameSync(join(this.directory, from), join(this.directory, to));
      return true;
    } catch {
      return false;
    }
  }

  private remove(name: string): void {
    try {
      rmSync(join(this.directory, name), { recursive: true, force: true });
    } catch {
      // It may not be written here any more.
    }
  }
}

/** Of a request that a combiner of this very process has. */
function takenName(ticket: string, combiner: string): string {
  return `${ticket}~taken~${combiner}~${ownMark()}`;
}

interface PlainError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | null;
  readonly details: Readonly<Record<string, unknown>>;
}

function plainError({ code, message, hint, details }: CoordError): PlainError {
  return { code, message, hint: hint ?? null, details };
}

function errorFrom({ code, message, hint, details }: PlainError): CoordError {
  return new CoordError(code, message, { details, ...(hint === null ? {} : { hint }) });
}
