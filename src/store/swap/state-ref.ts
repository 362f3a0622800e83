import { statSync } from 'node:fs';
import { join } from 'node:path';
import { refsInTheWay } from '../../domain/state-ref.js';
import { coord } from '../../domain/suggestion.js';
import { CoordError } from '../../errors.js';
import type { GitObject, ObjectDatabase, ObjectType } from '../../git/objects.js';
import { waitForRefLock } from '../../git/ref-lock.js';
import { compareAndSwapRef, isAncestor, readRef } from '../../git/refs.js';
import type { Repository } from '../../git/repository.js';
import type { Git } from '../../git/run.js';
import { type CommitHeader, parseCommit } from '../format/commits.js';
import type { LockSurroundings } from '../queue/local-lock.js';
import { type CompactionHistory, followsCompaction, withoutReplaceRefs } from '../upkeep/compact.js';
import {
  damagedMemory,
  damagedRef,
  deletedHere,
  knownHere,
  knownThere,
  movedByHand,
  nameTaken,
  notACommit,
  rewrittenHere,
} from './state-messages.js';
import type { Arbiter } from './store.js';

/** How often a write that met a lock, or found none any more, is tried again. */
const ATTEMPTS = 20;
/** A ref whose file holds no id: that is not the same as none. */
const TORN = Symbol('torn');
/** Git unpacks up to 100 objects that it fetches, three or more a commit. */
const NEAR = 32;
/** Commits that are packed are read so many at once. */
const MOST_AT_ONCE = 500;

/**
 * The state ref of this clone: arbiter where nothing is shared, and what follows the remote in a clone that does. A second
 * ref remembers where it stood last, so that one moved by hand is noticed, and its former history is kept.
 */
export class StateRef implements Arbiter {
  readonly reach = 'clone';
  readonly askedAt = null;
  /** The last tip that was seen to go on from what is known. */
  private sound: string | null = null;

  /** @param remote that decides in its place; null: it decides itself */
  constructor(
    readonly repository: Repository,
    readonly git: Git,
    private readonly objects: ObjectDatabase,
    /** Full name. */
    public name: string,
    private readonly effects: LockSurroundings,
    private readonly remote: string | null = null,
  ) {}

  /** The state has moved to another ref (full name). */
  goOnAt(ref: string): void {
    this.name = ref;
    this.sound = null;
  }

  async moveTo(to: string, commit: string, from: string): Promise<boolean> {
    const there = await readRef(this.repository, this.git, to);
    const inTheWay = await this.inTheWay(to);
    if (inTheWay !== null) throw nameTaken(to, inTheWay);
    if (there !== null && (await isAncestor(this.git, there, from)) !== true) throw nameTaken(to, to);
    if (!(await this.move(commit, from))) return false;
    // A process that comes to the old one makes the new one, should this be killed here.
    await compareAndSwapRef(this.repository, this.git, { ref: to, to: commit, from: there });
    return true;
  }

  /** Full name of the ref that remembers. */
  get knownName(): string {
    return this.remote === null ? knownHere(this.name) : knownThere(this.remote, this.name);
  }

  /**
   * The commit at the tip; null when there is no such ref.
   * @throws CoordError `corrupt` when it is torn; where it decides itself, also when it was rewound or rewritten, or what
   *   remembers where it stood is torn.
   */
  async tip(): Promise<string | null> {
    // In this order: it is written after the state ref, so it is never ahead of what is read next.
    const known = this.remote === null ? await this.read(this.knownName) : null;
    const tip = await this.read(this.name);
    if (tip === TORN) throw damagedRef(this.name, this.remote === null ? idOf(known) : 'remote');
    if (known === TORN) throw damagedMemory(this.name, this.knownName, 'torn');
    if (tip === null || known === null || known === tip || tip === this.sound) return tip;
    const sound = (await this.typeOf(tip)) === 'commit' && (await this.goesOn(known, tip));
    if (!sound) throw await this.parted(known, tip);
    this.sound = tip;
    return tip;
  }

  /**
   * Whether `tip` contains a commit, or what a compaction put in its place.
   * @param fetchCommit see {@link CompactionHistory}
   */
  async goesOn(from: string, tip: string, fetchCommit?: CompactionHistory['fetchCommit']): Promise<boolean> {
    const { repository, git, objects } = this;
    if (this.isNear(from, tip)) return true;
    if ((await isAncestor(withoutReplaceRefs(this), from, tip)) === true) return true;
    return followsCompaction({ repository, git, objects, fetchCommit }, from, tip);
  }

  /** Whether the first-parent line from `tip` comes to a commit soon, as far as no git process is needed to see it. */
  isNear(from: string, tip: string): boolean {
    let at: string | undefined = tip;
    for (let step = 0; at !== undefined && step < NEAR; step += 1) {
      if (at === from) return true;
      const object = this.objects.readLoose(at);
      at = object?.type === 'commit' ? parseCommit(object.body).parents[0] : undefined;
    }
    return false;
  }

  /** What an id names; null: nothing that can be read here. */
  async typeOf(id: string): Promise<ObjectType | null> {
    try {
      return (await this.objects.read([id])).get(id)?.type ?? null;
    } catch (error) {
      if (error instanceof CoordError && error.code === 'corrupt') return null;
      throw error;
    }
  }

  /** Why the tip does not go on from what is known. */
  private async parted(known: string, tip: string): Promise<CoordError> {
    const type = await this.typeOf(tip);
    if (type !== 'commit') return notACommit(this.name, { id: tip, type }, known);
    const remembered = await this.typeOf(known);
    if (remembered !== 'commit') return damagedMemory(this.name, this.knownName, remembered);
    return rewrittenHere(this.name, known, tip);
  }

  /** What is to be said of a tip whose state cannot be read: that it was put there by hand, if so, and the way back. */
  async whyUnreadable(tip: string, error: unknown): Promise<unknown> {
    if (!(error instanceof CoordError) || error.code !== 'corrupt') return error;
    const known = idOf(await this.read(this.knownName));
    if (known === tip) return error;
    const type = await this.typeOf(tip);
    if (type !== 'commit') return notACommit(this.name, { id: tip, type }, known);
    return known === null ? error : movedByHand(this.name, { known, tip }, error);
  }

  /**
   * Refuses refs of this clone that no git goes on with: the state ref, or what is known of it.
   * @throws CoordError `corrupt`
   */
  async mustBeReadable(): Promise<void> {
    const tip = idOf(await this.read(this.name));
    const known = await this.read(this.knownName);
    if (tip !== null && (await this.typeOf(tip)) === null) {
      throw notACommit(this.name, { id: tip, type: null }, idOf(known));
    }
    if (known === TORN) throw damagedMemory(this.name, this.knownName, 'torn');
    if (known !== null && (await this.typeOf(known)) === null) throw damagedMemory(this.name, this.knownName, null);
  }

  /**
   * Where the ref stood when it was last written or followed from here; null where that is not known.
   * @throws CoordError `corrupt` when that is torn: then nobody would notice that it was rewound.
   */
  async known(): Promise<string | null> {
    const known = await this.read(this.knownName);
    if (known === TORN) throw damagedMemory(this.name, this.knownName, 'torn');
    return known;
  }

  /** Refuses a ref that was there before and is not now. @throws CoordError `corrupt` */
  async mustNotBeDeleted(): Promise<void> {
    const known = this.remote === null ? await this.known() : null;
    if (known !== null) throw deletedHere(this.name, known);
  }

  /** What a ref names; null: there is none. */
  private async read(ref: string): Promise<string | typeof TORN | null> {
    const { repository, git } = this;
    const id = await readRef(repository, git, ref);
    if (id !== null || repository.refFormat !== 'files' || !isFile(join(repository.commonDir, ref))) return id;
    // It may have been written since it was read.
    return (await readRef(repository, git, ref)) ?? TORN;
  }

  publish(commit: string, from: string | null): Promise<boolean> {
    return this.move(commit, from);
  }

  /** Moves the ref as {@link publish} does, and in the same process does away with another ref. */
  async move(commit: string, from: string | null, drop?: string): Promise<boolean> {
    await this.flush();
    const after = { follower: this.knownName, drop };
    for (let attempt = 1; ; attempt += 1) {
      const result = await compareAndSwapRef(this.repository, this.git, { ref: this.name, to: commit, from }, after);
      const tip = await readRef(this.repository, this.git, this.name);
      // What the ref says counts, not what the process said: it may have been killed after it had won.
      if (tip === commit) {
        if (!result.ok) await this.waitForLock(this.knownName).catch(() => false);
        return true;
      }
      if (tip !== from || result.ok) return this.reaches(tip, commit, from);
      const waited = await this.waitForLock(this.name);
      if (attempt === ATTEMPTS || (!waited && attempt > 1)) throw await this.refused(result.stderr);
    }
  }

  /** Puts the objects of a commit where git finds them, before it is pushed or named. */
  flush(): Promise<void> {
    return this.objects.flush();
  }

  /** See {@link waitForRefLock}. */
  private waitForLock(ref: string): Promise<boolean> {
    return waitForRefLock(this.repository, ref, (ms) => this.effects.pause(ms));
  }

  async refresh(): Promise<void> {
    // This ref is the truth itself.
  }

  /** The message of a commit that is here. @throws CoordError `corrupt` */
  async messageOf(commit: string): Promise<string> {
    return parseCommit((await this.objects.read([commit])).get(commit)?.body ?? Buffer.alloc(0)).message;
  }

  /** Whether `commit` is on the first-parent line from `tip` down to `base`. */
  async reaches(tip: string | null, commit: string, base: string | null): Promise<boolean> {
    if (tip === base) return tip !== null && tip === commit;
    return this.some(tip, base, (_, id) => id === commit);
  }

  /** Whether something holds for a commit of the first-parent line from `tip` down to `base`, without that. */
  async some(
    tip: string | null,
    base: string | null,
    holds: (commit: CommitHeader, id: string) => boolean,
  ): Promise<boolean> {
    let at = tip;
    let packed: Map<string, GitObject> | null = null;
    while (at !== null && at !== base) {
      const near: GitObject | null = this.objects.readLoose(at) ?? packed?.get(at) ?? null;
      // One process for each packed commit would take seconds where many came since, as after a compaction.
      if (near === null) packed = await this.objects.read(packed === null ? [at] : await this.lineFrom(at));
      const object = near ?? packed?.get(at);
      if (!object) return false;
      const header = parseCommit(object.body);
      if (holds(header, at)) return true;
      at = header.parents[0] ?? null;
    }
    return false;
  }

  /** So many commits of the first-parent line, this one first. */
  private async lineFrom(commit: string): Promise<string[]> {
    const listed = await withoutReplaceRefs(this)([
      'rev-list',
      '--first-parent',
      `--max-count=${MOST_AT_ONCE}`,
      commit,
      '--',
    ]);
    const ids = listed.stdout
      .toString('utf8')
      .split('\n')
      .filter((id) => id !== '');
    return ids.length === 0 ? [commit] : ids;
  }

  /** A ref that git cannot have beside one of this name; null: there is none. */
  private async inTheWay(ref: string): Promise<string | null> {
    const listed = await this.git(['for-each-ref', '--count=1', '--format=%(refname)', ...refsInTheWay(ref)]);
    return listed.stdout.toString('utf8').trim() || null;
  }

  private async refused(stderr: string): Promise<CoordError> {
    const reason = stderr.trim().split('\n')[0] ?? '';
    const inTheWay = await this.inTheWay(this.name);
    return new CoordError('unavailable', `${this.name} could not be written: ${reason}`, {
      hint:
        inTheWay === null
          ? 'nothing was changed; check permissions, disk space, and hooks'
          : `nothing was changed; git cannot have ${this.name} beside it: rename ${inTheWay}, or give the state another ref: ${coord('init --ref refs/coord/claims')}`,
      details: { reason: inTheWay === null ? 'refused' : 'name', stderr: stderr.slice(0, 2000) },
    });
  }
}

function idOf(named: string | typeof TORN | null): string | null {
  return named === TORN ? null : named;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
