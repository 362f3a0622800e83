import { appendFileSync, existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NewDeployment } from '../../domain/deploy/records.js';
import { type Answer, askedOf, type Request, rowOf } from '../../domain/request-table.js';
import { fingerprint } from '../../domain/text.js';
import { epochMs, type Instant } from '../../domain/time.js';
import { namesIn, textOf } from '../../git/if-there.js';
import { ownMark, standingOf } from '../../git/process-mark.js';

/** What was about to be written, and would be answered; true once `revision` is in the history. */
export interface Announced {
  readonly revision: string;
  /** What `revision` follows. */
  readonly base: string;
  readonly answer: Answer;
}

/** What requests are about that is found, not typed. */
interface Subject {
  readonly commit: string | null;
  readonly claimId: string;
  readonly files: readonly object[];
  readonly attempt: NewDeployment;
}

/** As long as an operation's id is kept in a history that is compacted. */
const KEPT_MS = 86_400_000;
const PARTS = /^([0-9a-f]+)~(.+)~([^~]+)$/;

/** Where those of a clone are kept. @param clone its common git directory */
export function operationsIn(clone: string): string {
  return join(clone, 'coord', 'operations');
}

/** The operations that this very process is at. */
const atWork = new Set<string>();

/**
 * The operations of this clone whose outcome their process has not learnt (yet): it is at work, was killed, or was cut off
 * from the remote. The same request again, by the same agent, session and worktree, takes such a one up: it keeps its id, and what was
 * announced for it is looked for in the history before anything is decided. One file each, named after the request, the
 * operation and the process (`KEY~OPERATION~PROCESS`), of one announcement a line. Deleting them costs that knowledge alone.
 */
export class Operations {
  constructor(
    private readonly directory: string,
    private readonly worktree: string,
    private readonly now: () => Instant,
  ) {}

  /**
   * The operation of this very request that was left without an outcome, if there is one; it belongs to this process then.
   * A request with an id of its caller's has its answer in the state, and one that can be decided again needs none.
   */
  takeUp(request: Request): string | null {
    if (!isRecorded(request)) return null;
    const wanted = this.keyOf(request);
    for (const name of this.names()) {
      const [, key, operation = '', process = ''] = PARTS.exec(name) ?? [];
      if (key === undefined || !this.isLeft(operation, process)) continue;
      if (this.isForgotten(name)) rmSync(join(this.directory, name), { force: true });
      else if (key === wanted && this.rename(name, `${key}~${operation}~${ownMark()}`)) {
        atWork.add(operation);
        return operation;
      }
    }
    return null;
  }

  /** Those of another clone: its common git directory. */
  of(clone: string): Operations {
    return new Operations(operationsIn(clone), this.worktree, this.now);
  }

  /** Notes that this process is at an operation; without a word where nothing can be written. */
  begin(request: Request): void {
    const { operation } = request;
    if (!isRecorded(request) || atWork.has(operation)) return;
    try {
      mkdirSync(this.directory, { recursive: true });
      writeFileSync(join(this.directory, `${this.keyOf(request)}~${operation}~${ownMark()}`), '');
      atWork.add(operation);
    } catch {
      // Then a repeated command decides anew, as in a clone that knows nothing of it.
    }
  }

  /** To be called before the revision can be in the history, by whichever process writes it. */
  announce(operation: string, announced: Announced): void {
    const name = this.find(operation);
    if (name !== undefined && existsSync(join(this.directory, name))) {
      appendFileSync(join(this.directory, name), `${JSON.stringify(announced)}\n`);
    }
  }

  announced(operation: string): Announced[] {
    const name = this.find(operation);
    const lines = name === undefined ? [] : textOf(join(this.directory, name)).split('\n');
    return lines.flatMap((line) => parse(line) ?? []);
  }

  /** The outcome is known, and told. */
  end(operation: string): void {
    if (!atWork.delete(operation)) return;
    const name = this.find(operation);
    if (name !== undefined) rmSync(join(this.directory, name), { force: true });
  }

  /** The outcome is not known: the same request may take it up, in this process too. */
  leave(operation: string): void {
    atWork.delete(operation);
  }

  /** What was asked, and what it is asked about: the same words on another commit, or with other files, are another request. */
  private keyOf(request: Request): string {
    const { commit, claimId, files, attempt } = request as Request & Partial<Subject>;
    const deploy = attempt && [attempt.target, attempt.action, attempt.commit, attempt.command];
    const subject = [commit ?? null, claimId ?? null, files ?? null, deploy ?? null];
    return fingerprint(JSON.stringify([request.session, this.worktree, askedOf(request), subject]));
  }

  private isLeft(operation: string, process: string): boolean {
    return process === ownMark() ? !atWork.has(operation) : standingOf(process) !== 'runs';
  }

  private isForgotten(name: string): boolean {
    const stats = statSync(join(this.directory, name), { throwIfNoEntry: false });
    return stats !== undefined && epochMs(this.now()) - stats.mtimeMs > KEPT_MS;
  }

  private find(operation: string): string | undefined {
    return this.names().find((name) => PARTS.exec(name)?.[2] === operation);
  }

  private names(): readonly string[] {
    return namesIn(this.directory);
  }

  /** Of several that take it up, one does. */
  private rename(from: string, to: string): boolean {
    if (from === to) return true;
    try {
      renameSync(join(this.directory, from), join(this.directory, to));
      return true;
    } catch {
      return false;
    }
  }
}

function isRecorded(request: Request): boolean {
  return (request.requestId ?? null) === null && rowOf(request).repeatable !== true;
}

function parse(line: string): Announced | null {
  try {
    return JSON.parse(line) as Announced;
  } catch {
    // The end of a line that a process was killed at.
    return null;
  }
}
