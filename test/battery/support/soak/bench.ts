import { execFile } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Result, Sandbox } from '../../../support/sandbox.js';
import { type Call, isUnknown, type Recorder } from '../history/client.js';
import type { Place } from './site.js';

/** A try of an agent to land what it has committed. */
export interface Landing {
  readonly call: Call;
  /** HEAD, when it tried. */
  readonly commit: string;
  /** What its work adds: a line unlike any other, which nobody takes away again. */
  readonly line: string;
}

const ATTEMPTS = 20;
/** The remote may be back by then. */
const PAUSE_MS = 200;

/** An agent with a worktree of its own, in which it edits, commits and lands. */
export class Bench {
  readonly landings: Landing[] = [];
  /** What it did last. */
  last: Call | null = null;
  private mayHold = false;

  constructor(
    private readonly box: Sandbox,
    readonly place: Place,
    readonly agent: string,
    private readonly recorder: Recorder,
    /** The time that its commits bear. */
    private readonly now: () => Date,
  ) {}

  async call(...args: string[]): Promise<Call> {
    this.last = await this.recorder.call(this.agent, args);
    return this.last;
  }

  /** As {@link call}, again and again until it is known what came of it, or it is enough. */
  async insist(...args: string[]): Promise<Call> {
    let call = await this.call(...args);
    for (let attempt = 1; attempt < ATTEMPTS && isUnknown(call); attempt += 1) {
      await delay(PAUSE_MS);
      call = await this.call(...args);
    }
    return call;
  }

  /** Adds a line to a file of the worktree. */
  write(file: string, line: string): void {
    const path = join(this.place.worktree, file);
    mkdirSync(dirname(path), { recursive: true });
    appendFileSync(path, `${line}\n`);
  }

  /** Whether a file of the worktree has this line. */
  has(file: string, line: string): boolean {
    try {
      return readFileSync(join(this.place.worktree, file), 'utf8').split('\n').includes(line);
    } catch {
      return false;
    }
  }

  async commit(line: string): Promise<boolean> {
    await this.git('add', '--all', 'work');
    return (await this.git('commit', '--quiet', '--message', line)).code === 0;
  }

  /** Begins again from the main branch, holding nothing; false: it cannot be fetched now. */
  async startOver(): Promise<boolean> {
    if (!(await this.fetch())) return false;
    for (const args of [
      ['reset', '--quiet', '--hard', 'FETCH_HEAD'],
      ['clean', '--quiet', '-fd', 'work'],
    ]) {
      if ((await this.git(...args)).code !== 0) return false;
    }
    if (this.mayHold && (await this.call('release', '--all', '--uncommitted')).exit !== 0) return false;
    this.mayHold = false;
    return true;
  }

  /**
   * Lands HEAD: takes in what others have landed where it lacks that, and claims its ground once more where the claim was
   * lost. @returns whether it was told that it landed
   */
  async land(line: string, ground: readonly string[], goesOn: () => boolean): Promise<boolean> {
    for (let attempt = 0; attempt < ATTEMPTS && goesOn(); attempt += 1) {
      const { stdout } = await this.git('rev-parse', 'HEAD');
      const call = await this.call('land');
      this.landings.push({ call, commit: stdout.trim(), line });
      if (call.exit === 0) this.mayHold = false;
      if (call.exit === 0) return true;
      if (call.exit === 4 && !(await this.claimAgain(ground))) return false;
      if (call.exit === 5 && !(await this.catchUp())) return false;
      if (![4, 5].includes(call.exit ?? 0) && !isUnknown(call)) return false;
      if (isUnknown(call)) await delay(PAUSE_MS);
    }
    return false;
  }

  claim(ground: readonly string[], options: readonly string[]): Promise<Call> {
    this.mayHold = true;
    return this.insist('claim', ...ground, ...options);
  }

  /** What was committed before that claim is late in an audit, so it is committed again, as the audit advises. */
  private async claimAgain(ground: readonly string[]): Promise<boolean> {
    if ((await this.claim(ground, ['--ttl', '1h', '--allow-behind'])).exit !== 0) return false;
    return (await this.git('commit', '--quiet', '--amend', '--no-edit')).code === 0;
  }

  /** Puts what has not landed yet on top of the main branch; false: that cannot be. */
  private async catchUp(): Promise<boolean> {
    if (!(await this.fetch())) return false;
    if ((await this.git('rebase', '--quiet', 'FETCH_HEAD')).code === 0) return true;
    await this.git('rebase', '--abort');
    return false;
  }

  /** Into no ref that other worktrees fetch into. */
  private async fetch(): Promise<boolean> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      if ((await this.git('fetch', '--quiet', '--refmap=', 'origin', 'main')).code === 0) return true;
      await delay(PAUSE_MS);
    }
    return false;
  }

  /** While others go on, which a call that waits would hinder. */
  private git(...args: string[]): Promise<Result> {
    const date = this.now().toISOString();
    const env = { ...this.box.env, GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
    return new Promise((resolve) => {
      execFile('git', args, { cwd: this.place.worktree, env }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? 128), stdout, stderr });
      });
    });
  }
}
