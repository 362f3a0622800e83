import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Answer, Request } from '../../domain/request-table.js';
import { epochMs, type Instant } from '../../domain/time.js';
import { CoordError, type ErrorCode } from '../../errors.js';
import { namesIn } from '../../git/if-there.js';
import type { Announced } from '../cache/operations.js';
import { type LockSurroundings, lockHolder, tryLocalLock } from './local-lock.js';
import { Wakeup, watchFolder } from './watch.js';

/** Another version's requests and answers are left to it. */
const FORMAT = 1;
/** A request that nobody has decided by then has no process any more that waits for it. */
const FORGOTTEN_SECONDS = 600;
/** Where the file system tells of nothing, the queue is looked at this often. */
const LOOK_MS = 250;

/** A request that one combiner has taken out of the queue: no other one decides it, unless it is taken back. */
export interface Taken {
  readonly ticket: string;
  readonly request: Request;
}

type Said = { readonly answer: Answer } | { readonly error: CoordError };

/**
 * Requests of the processes of this clone that wait to be decided together: a folder for each, called its ticket, which
 * begins with the time, so that names sort in the order in which they came. In it, each step is one rename, which only one
 * process can do:
 *
 *     request             waits, and is taken by the process that combines
 *     COMBINER.taken      is being decided by that combiner
 *     COMBINER.announced  what that combiner is about to write: holds when its revision is in the history
 *     answer              for the process that asked
 *     lock-free           tells it that the lock is free
 *
 * A process watches the folder of its own request, so that whatever happens wakes only whom it concerns.
 */
export class RequestQueue {
  constructor(
    private readonly directory: string,
    /** Where the lock of this clone is. */
    private readonly lockDirectory: string,
    private readonly effects: LockSurroundings & { now(): Instant },
  ) {}

  /** Whether nobody of this clone is writing, or waits to. */
  isIdle(): boolean {
    return this.lockHolder() === null && this.waiting().length === 0;
  }

  /** Puts a request at the end of the queue. @returns its ticket; null where nothing can be written */
  enqueue(request: Request): string | null {
    const ticket = `${String(epochMs(this.effects.now())).padStart(14, '0')}-${request.operation}`;
    try {
      mkdirSync(join(this.directory, ticket), { recursive: true });
      this.put(ticket, 'request', { request });
      return ticket;
    } catch {
      return null;
    }
  }

  /** Takes what waits, oldest first, and what is unreadable out of the way. */
  take(combiner: string, most: number): Taken[] {
    return this.waiting()
      .slice(0, most)
      .flatMap((ticket): Taken[] => {
        const taken = `${combiner}.taken`;
        if (!this.move(ticket, 'request', taken)) return [];
        const value = this.get(ticket, taken) as { readonly request?: Request } | null;
        if (typeof value?.request?.kind === 'string') return [{ ticket, request: value.request }];
        this.clear(ticket);
        return [];
      });
  }

  /** Whether this combiner is still the one that decides a request. */
  isTaken(ticket: string, combiner: string): boolean {
    return this.files(ticket).includes(`${combiner}.taken`);
  }

  announce(ticket: string, combiner: string, announced: Announced): void {
    this.put(ticket, `${combiner}.announced`, announced);
  }

  /** What combiners were about to write for a request: one that was stopped half-way may have written it. */
  announced(ticket: string): Announced[] {
    const names = this.files(ticket).filter((name) => name.endsWith('.announced'));
    return names.flatMap((name) => (this.get(ticket, name) as Announced | null) ?? []);
  }

  /** Tells the process that asked. */
  answer(ticket: string, said: Said): void {
    this.put(ticket, 'answer', 'error' in said ? { error: plainError(said.error) } : { answer: said.answer });
  }

  /** @throws CoordError the failure that the combiner met in the place of this process */
  answerOf(ticket: string): Answer | null {
    const said = this.get(ticket, 'answer') as { answer?: Answer; error?: PlainError } | null;
    if (said?.error) throw errorFrom(said.error);
    return said?.answer ?? null;
  }

  /** Takes a request back from a combiner that is gone, or is taken for gone: it may not decide it any more. */
  takeBack(ticket: string): void {
    for (const name of this.files(ticket)) if (name.endsWith('.taken')) this.move(ticket, name, 'request');
  }

  /** `waits`: nobody has taken it; `taken`: a combiner has; `gone`: somebody deleted the queue. */
  standing(ticket: string): 'waits' | 'taken' | 'gone' {
    const names = this.files(ticket);
    if (names.includes('request')) return 'waits';
    return names.some((name) => name.endsWith('.taken')) ? 'taken' : 'gone';
  }

  /** Takes the lock of this clone, if nobody has it. */
  tryLock(): Promise<(() => Promise<void>) | null> {
    return tryLocalLock(this.lockDirectory);
  }

  /** Tells one holder of the lock from the next; null: nobody has it. */
  lockHolder(): string | null {
    return lockHolder(this.lockDirectory, epochMs(this.effects.now()));
  }

  /** Tells the process that is first in the queue that the lock is free. */
  nudge(): void {
    const [first] = this.waiting();
    if (first !== undefined) this.put(first, 'lock-free', {});
  }

  /** Tells of changes that concern a ticket; to be closed. */
  listen(ticket: string): { changed(): Promise<void>; close(): void } {
    const wakeup = new Wakeup();
    const watch = watchFolder(join(this.directory, ticket), () => wakeup.ring());
    return {
      async changed() {
        await wakeup.wait(LOOK_MS);
        wakeup.reset();
      },
      close: () => watch.close(),
    };
  }

  /** Removes a ticket, with all that came of it. What another writes there at that very moment goes when it is forgotten. */
  clear(ticket: string): void {
    try {
      rmSync(join(this.directory, ticket), { recursive: true, force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error;
    }
  }

  /** The tickets that wait, oldest first. What nobody waits for any more is cleared away. */
  private waiting(): string[] {
    const now = this.effects.now();
    return namesIn(this.directory)
      .sort()
      .filter((ticket) => {
        const forgotten = ageOf(ticket, now) > FORGOTTEN_SECONDS;
        if (forgotten) this.clear(ticket);
        return !forgotten && existsSync(join(this.directory, ticket, 'request'));
      });
  }

  private files(ticket: string): readonly string[] {
    return namesIn(join(this.directory, ticket));
  }

  /** Nobody is told when the folder is gone: then nobody waits there. */
  private put(ticket: string, name: string, value: object): void {
    const path = join(this.directory, ticket, name);
    try {
      writeFileSync(`${path}.tmp`, JSON.stringify({ format: FORMAT, ...value }));
      renameSync(`${path}.tmp`, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }

  /** null when it is not there, unreadable, or of another format. */
  private get(ticket: string, name: string): object | null {
    try {
      const text = readFileSync(join(this.directory, ticket, name), 'utf8');
      const value = JSON.parse(text) as { format?: unknown } | null;
      return value?.format === FORMAT ? value : null;
    } catch {
      return null;
    }
  }

  private move(ticket: string, from: string, to: string): boolean {
    try {
      renameSync(join(this.directory, ticket, from), join(this.directory, ticket, to));
      return true;
    } catch {
      return false;
    }
  }
}

/** Seconds since a ticket was drawn; that of a stranger's folder is not known, and counts as new. */
function ageOf(ticket: string, now: Instant): number {
  const drawn = Number(/^(\d{14})-/.exec(ticket)?.[1]);
  return Number.isNaN(drawn) ? 0 : (epochMs(now) - drawn) / 1000;
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
