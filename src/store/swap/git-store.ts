import { join } from 'node:path';
import type { CoordEvent } from '../../domain/events.js';
import { type Note, PART_FIELDS, type Part, type Reach, type State } from '../../domain/model.js';
import type { Rode } from '../../domain/request.js';
import { type Rider, withRiders } from '../../domain/riders.js';
import { problemOfStateRef } from '../../domain/state-ref.js';
import { plural } from '../../domain/text.js';
import { type Instant, instantOf } from '../../domain/time.js';
import { CoordError } from '../../errors.js';
import { type ObjectDatabase, openObjects } from '../../git/objects.js';
import type { Repository } from '../../git/repository.js';
import { ALL_PARTS, hasTip, keepTip, ridingIn } from '../cache/known-tip.js';
import { Operations, operationsIn } from '../cache/operations.js';
import { Outbox } from '../cache/outbox.js';
import { TokenMark } from '../cache/token-mark.js';
import { VerifiedBlobs } from '../cache/verified-blobs.js';
import {
  type CommitPlace,
  commitBody,
  eventsIn,
  movedTo,
  type People,
  parseCommit,
  performs,
  storeIn,
  withPeople,
} from '../format/commits.js';
import { DOCUMENT_FILES, type GitSnapshot, NO_SETUP, type Setup, StateTree } from '../format/state-tree.js';
import { copyLine } from '../queue/host-queue.js';
import { type LockSurroundings, withLocalLock } from '../queue/local-lock.js';
import { RequestQueue, type Standing } from '../queue/request-queue.js';
import { compactedIn, replaces } from '../upkeep/compact.js';
import { findLastGood, isOfTwoMinds, namingLastGood } from '../upkeep/last-good.js';
import { lostTrack, noState, removedState } from './state-messages.js';
import type { StateRef } from './state-ref.js';
import type { Arbiter, Entry, PairedRef, Snapshot, Store, Written } from './store.js';

export interface GitStoreOptions {
  readonly repository: Repository;
  readonly objects: ObjectDatabase;
  readonly ref: StateRef;
  /** Who decides on writes: that ref itself, or a remote that it follows. */
  readonly arbiter: Arbiter;
  readonly effects: LockSurroundings & { now(): Instant };
  /** Called with the full name of the state ref, once the state was read there. */
  readonly onRead?: ((ref: string) => Promise<void>) | undefined;
  /** Who decides where the state says that it is kept elsewhere (`storeIn`); absent: nobody can. */
  readonly elsewhere?: ((store: string) => Promise<Arbiter>) | undefined;
  /** What was granted without the arbiter; absent where the arbiter is this clone. */
  readonly riders?: Riders | undefined;
  /** What moves with every write of this store, or not at all. */
  readonly paired?: PairedRef | undefined;
  /** Absent: commits name the agent alone. */
  readonly people?: People | undefined;
  /** Absent: no commit is signed. */
  readonly sign?: Signing | undefined;
  /** The folder of the queue of all clones of this host that push to the same remote; null: each goes by itself. */
  readonly hostQueue?: (() => Promise<string | null>) | undefined;
  /** Keeps a long history cheap; without it, the objects only pile up. */
  readonly upkeep?: { afterWrite(): Promise<void> } | undefined;
}

/** What was granted without the arbiter, and goes along with what is put to it. */
export interface Riders {
  list(): Promise<readonly Rider[]>;
  done(rode: Rode): Promise<void>;
  /** Puts to the arbiter what waits no longer for a write. */
  deliver(store: GitStore): Promise<void>;
}

/** How commits of the state ref are signed. */
export interface Signing {
  isAsked(): Promise<boolean>;
  /** Makes a signed commit of the body of one, whose tree and parents are in their place; returns its id. */
  commit(body: Buffer): Promise<string>;
}

/** More moves than a clone could sleep through. */
const MOST_MOVES = 10;

/** The lines before the message of a commit, names of its writer among them. */
const MOST_HEADER_BYTES = 8_192;

/** Where the state went when coord was removed. */
const NOWHERE = '-';

/** The state on a ref of its own, written through plumbing by compare-and-swap; never checked out. */
export class GitStore implements Store {
  private readonly outbox: Outbox;
  private readonly tokens: TokenMark;
  private readonly tree: StateTree;
  readonly operations: Operations;
  private known: GitSnapshot | undefined;
  /** Where another clone has the state, which the remote is to confirm, and what of this clone it goes on from. */
  private heard: { readonly tip: string; readonly base: string } | null = null;
  private delivering = false;
  private moves = 0;
  private told: string | null = null;
  /** What decides in the place of git, as the last commit that was read says; null: git does. */
  private keptIn: string | null = null;
  /** Whether a commit was read that says so. */
  private heeded = false;
  private arbiter: Arbiter;

  constructor(private readonly options: GitStoreOptions) {
    const { objects, repository, ref } = options;
    this.arbiter = options.arbiter;
    this.outbox = new Outbox(this.deferredFolder);
    this.tokens = new TokenMark(this.localDirectory);
    const operations = operationsIn(repository.commonDir);
    this.operations = new Operations(operations, repository.worktreeId, options.effects.now);
    this.tree = new StateTree(objects, repository.objectFormat, ref, new VerifiedBlobs(this.localDirectory));
  }

  /** Where what is written here waits, or takes turns. What moves together with other work is never combined, but waits. */
  async queue(): Promise<RequestQueue | undefined> {
    return this.options.paired ? undefined : this.turns();
  }

  private async turns(): Promise<RequestQueue> {
    const { repository, hostQueue, effects } = this.options;
    // Where a service arbitrates, each clone has its own way to it.
    const isRemote = (await this.decider()) === this.options.arbiter;
    const shared = isRemote ? ((await hostQueue?.()) ?? null) : null;
    const directory = shared ?? join(this.localDirectory, 'queue');
    return new RequestQueue(directory, repository.commonDir, effects.now, shared !== null);
  }

  /** The machine-local part; all of it may be deleted at any time without losing a claim. */
  get localDirectory(): string {
    return join(this.options.repository.commonDir, 'coord');
  }

  /** Full name of the state ref. */
  get ref(): string {
    return this.options.ref.name;
  }

  /** How far a claim granted now is known to hold. */
  get reach(): Reach {
    return this.arbiter.reach;
  }

  /** When the remote's last answer came; null where that is not known, or no remote arbitrates. */
  get askedAt(): Instant | null {
    return this.arbiter.askedAt;
  }

  get paced(): boolean {
    return this.arbiter.reach === 'remote';
  }

  /** Whether a state that was ended is read all the same, to begin again after its end. */
  revives = false;

  /** Whether the state ended, since coord was removed. */
  async isRetired(): Promise<boolean> {
    return movedTo((await this.read()).message) === NOWHERE;
  }

  /** The commit at the tip of the state ref as known here; null when there is none. */
  async tip(): Promise<string | null> {
    return this.explaining(() => this.options.ref.tip());
  }

  /** The commit at the tip as the arbiter has it now. @throws CoordError `usage` when there is no state. */
  async latestTip(): Promise<string> {
    await this.deliver();
    for (;;) {
      const asked = await this.decider();
      await this.explaining(() => asked.refresh());
      const tip = await this.tip();
      if (tip === null) throw await this.absent();
      const body = (await this.options.objects.read([tip])).get(tip)?.body;
      if (body === undefined) return tip;
      const { message } = parseCommit(body);
      if (!(await this.goOn(message, tip)) && this.arbiter === asked) return tip;
    }
  }

  /** Where the history is read from. */
  private async standing(): Promise<string | null> {
    return this.heard?.tip ?? (await this.tip());
  }

  /** Takes a state that was read before, and is still that of the tip it names. */
  take(snapshot: GitSnapshot): void {
    this.known = this.aboveAllTokens(snapshot);
  }

  async read(parts: readonly Part[] = []): Promise<GitSnapshot> {
    for (;;) {
      const snapshot = await this.explaining(() => this.readHere(parts));
      if (await this.goOn(snapshot.message, snapshot.revision)) continue;
      if (this.told !== this.ref) await this.options.onRead?.(this.ref);
      this.told = this.ref;
      return snapshot;
    }
  }

  /**
   * Goes on where the state went on after this commit, so that nothing is written behind it.
   * @returns false where it did not move.
   */
  private async goOn(message: string, commit: string): Promise<boolean> {
    const { ref } = this.options;
    await this.heed(message);
    const to = movedTo(message);
    if (to === null || to === ref.name || (to === NOWHERE && this.revives)) return false;
    if (to === NOWHERE) throw removedState(message);
    this.moves += 1;
    if (problemOfStateRef(to) !== null || this.moves > MOST_MOVES) throw lostTrack(ref.name, to);
    ref.goOnAt(to);
    await this.arbiter.refresh();
    // The process that moved it was killed between the two.
    if ((await this.tip()) === null) await this.arbiter.publish(commit, null);
    return true;
  }

  /** From here on, whoever the last commit names decides. */
  private async heed(message: string): Promise<void> {
    this.heeded = true;
    const store = storeIn(message);
    if (store === this.keptIn) return;
    const { elsewhere, arbiter } = this.options;
    this.arbiter = store === null || elsewhere === undefined ? arbiter : await elsewhere(store);
    this.keptIn = store;
  }

  /** Who decides, as far as this clone knows. */
  private async decider(): Promise<Arbiter> {
    if (!this.heeded && this.options.elsewhere) {
      const tip = await this.tip();
      const body = tip === null ? undefined : (await this.options.objects.read([tip], 'unpack')).get(tip)?.body;
      if (body !== undefined) await this.heed(parseCommit(body).message);
    }
    return this.arbiter;
  }

  private async readHere(parts: readonly Part[]): Promise<GitSnapshot> {
    let revision = await this.standing();
    if (revision === null) {
      // A fresh clone: the remote may have the state already.
      await (await this.decider()).refresh();
      revision = await this.tip();
    }
    if (revision === null) throw await this.absent();
    const { known } = this;
    if (known?.revision === revision && parts.every((part) => known.parts.includes(part))) return known;
    try {
      this.known = this.aboveAllTokens(await this.tree.load(revision, parts));
    } catch (error) {
      if (await this.hasMovedOn(revision)) return this.readHere(parts);
      throw await this.explained(await this.options.ref.whyUnreadable(revision, error), revision);
    }
    this.tokens.raise(this.known.state.lastToken);
    return this.known;
  }

  /** Keeps the state at the tip for the next command, as `cache/known-tip.ts` says, unless somebody is about to move it. */
  async keep(): Promise<void> {
    const { repository } = this.options;
    const tip = await this.tip();
    if (tip === null || hasTip(repository, this.ref, tip) || (await this.turns()).lockHolder() !== null) return;
    const riding = ridingIn(repository.commonDir, this.ref);
    const riders = await this.along();
    const snapshot = await this.read(ALL_PARTS);
    const seen = { ...snapshot, riders, state: withRiders(snapshot.state, riders) };
    // What is decided elsewhere is asked there.
    if (movedTo(snapshot.message) === null && storeIn(snapshot.message) === null)
      keepTip(repository, this.ref, seen, DOCUMENT_FILES, riding);
  }

  /** Whether the remote has gone on from a tip that cannot be read: then somebody has gone back from it. */
  private async hasMovedOn(revision: string): Promise<boolean> {
    if (this.reach !== 'remote') return false;
    await this.arbiter.refresh().catch(() => undefined);
    return (await this.tip().catch(() => revision)) !== revision;
  }

  /** An error that says what is damaged, with the last good commit that this clone can find, and the way back to it. */
  private async explained(error: unknown, revision: string | null): Promise<unknown> {
    if (!(error instanceof CoordError) || error.code !== 'corrupt' || 'lastGood' in error.details) return error;
    const { known } = error.details;
    if (isOfTwoMinds(error)) return error;
    const start = typeof known === 'string' && /^[0-9a-f]{40,64}$/.test(known) ? known : revision;
    const good = start === null ? null : await findLastGood(start, (commit) => this.look(commit));
    return namingLastGood(error, good, this.reach === 'remote');
  }

  private async look(commit: string) {
    const object = await this.options.objects.read([commit]).then(
      (found) => found.get(commit),
      () => undefined,
    );
    if (object?.type !== 'commit') return null;
    const { parents } = parseCommit(object.body);
    const seconds = /^committer .* (\d+) [+-]\d{4}$/m.exec(object.body.toString('latin1', 0, MOST_HEADER_BYTES))?.[1];
    const good = await this.tree.load(commit, Object.keys(PART_FIELDS) as Part[]).then(
      () => true,
      () => false,
    );
    return { at: instantOf(Number(seconds ?? 0) * 1000), parent: parents[0] ?? null, good };
  }

  /** What it throws says what the last good commit is. */
  private async explaining<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw await this.explained(error, null);
    }
  }

  /**
   * Puts the state of a good commit in the place of one that cannot be read, by a commit on top of it: a clone that follows
   * needs to take nothing back.
   * @returns false where the tip has moved meanwhile
   */
  async restore(good: string, entry: Entry): Promise<boolean> {
    const tip = await this.tip();
    const body = (await this.options.objects.read([good])).get(good)?.body ?? Buffer.alloc(0);
    const restoring = commitBody(parseCommit(body).tree, tip, entry, [], this.place);
    return (await this.decider()).publish(await this.writeCommit(restoring), tip);
  }

  /** A state that people took back, knowingly, does not give out again the tokens that this clone has seen. */
  private aboveAllTokens(snapshot: GitSnapshot): GitSnapshot {
    const highest = this.tokens.read();
    if (snapshot.state.lastToken >= highest) return snapshot;
    return { ...snapshot, state: { ...snapshot.state, lastToken: highest } };
  }

  /** What `init` wrote when the state began; null: nothing. */
  async setup(): Promise<Setup | null> {
    return this.tree.readSetup(await this.read());
  }

  /** Whether the ref was coord's when this clone saw it last. */
  async seenBefore(): Promise<boolean> {
    return (await this.options.ref.known()) !== null;
  }

  /** The state as last known, with what this clone granted by itself on top: what its own agents go by. */
  async view(parts?: readonly Part[]): Promise<State> {
    return withRiders((await this.read(parts)).state, await this.along());
  }

  async along(): Promise<readonly Rider[]> {
    return (await this.options.riders?.list()) ?? [];
  }

  async rode(rode: Rode): Promise<void> {
    await this.options.riders?.done(rode);
  }

  /** Puts to the arbiter what this clone granted, where that waits no longer for a write. */
  async deliver(): Promise<void> {
    // What is moved together with other work moves with nothing before it.
    if (this.delivering || this.options.paired) return;
    this.delivering = true;
    try {
      await this.options.riders?.deliver(this);
    } finally {
      this.delivering = false;
    }
  }

  async hear(standing: Standing | null): Promise<void> {
    const base = await this.tip();
    const leads = standing !== null && base !== null && this.copyFrom(standing, base);
    this.heard = leads ? { tip: standing.revision, base } : null;
  }

  async follow(standing: Standing): Promise<void> {
    this.heard = null;
    const { repository, ref, objects } = this.options;
    const base = await ref.tip();
    const { revision: tip, clone } = standing;
    if (clone === repository.commonDir || (base !== null && objects.readLoose(tip) && ref.isNear(tip, base))) return;
    if (base !== null && this.copyFrom(standing, base) && (await ref.move(tip, base))) return;
    await (await this.decider()).refresh().catch(() => undefined);
  }

  /** Copies what leads from one commit of the state to where another clone has it; false where it does not go on from there. */
  private copyFrom({ clone, revision: tip }: Standing, base: string): boolean {
    const { repository, objects } = this.options;
    if (clone === repository.commonDir || tip === base) return false;
    const there = openObjects({ ...repository, commonDir: clone }, async () => Promise.reject(new Error('not asked')));
    try {
      return copyLine(there, objects, repository, { tip, base });
    } catch (error) {
      // What is damaged there is not this clone's business.
      if (error instanceof CoordError) return false;
      throw error;
    }
  }

  async latest(parts?: readonly Part[]): Promise<GitSnapshot> {
    this.heard = null;
    await this.deliver();
    for (;;) {
      const asked = await this.decider();
      await this.explaining(() => asked.refresh());
      const snapshot = await this.read(parts);
      if (this.arbiter === asked) return snapshot;
    }
  }

  async swap(from: Snapshot, state: State, entry: Entry, announce?: (revision: string) => void): Promise<boolean> {
    const base = from as GitSnapshot;
    const recorded = new Set(eventsIn(base.message).map((event) => event.id));
    const waiting = this.outbox.list();
    const deferred = waiting.filter((event) => !recorded.has(event.id));
    const { tree, files, state: written } = await this.tree.write(base, state);
    const body = commitBody(tree, base.revision, entry, deferred, this.place);
    const commit = await this.writeCommit(body);
    announce?.(commit);
    const { heard } = this;
    const { paired } = this.options;
    this.heard = null;
    if (!(await this.explaining(() => this.arbiter.publish(commit, base.revision, paired)))) return false;
    if (heard) await this.options.ref.move(commit, heard.base).catch(() => false);
    this.outbox.remove(waiting);
    this.tokens.raise(state.lastToken);
    const { message } = parseCommit(body);
    // A log may have begun a new segment.
    const isKnown = !base.parts.includes('log') || state.notes === base.state.notes;
    this.known = isKnown ? { ...base, revision: commit, tree, files, message, state: written } : undefined;
    await this.options.upkeep?.afterWrite();
    return true;
  }

  /** Writes a commit of the state ref, signed where that is asked for; no ref names it yet. */
  async writeCommit(body: Buffer): Promise<string> {
    const { objects, people, sign } = this.options;
    const written = people === undefined ? body : withPeople(body, people);
    if (sign === undefined || !(await sign.isAsked())) return objects.write('commit', written);
    await objects.flush();
    return sign.commit(written);
  }

  async eventsSince(revision: string, base: string): Promise<Written | 'compacted' | null> {
    const later: CoordEvent[] = [];
    let own: CoordEvent[] | null = null;
    for (let line: string | null = await this.standing(); line !== null; ) {
      let root: { readonly commit: string } | null = null;
      let isAtBase = false;
      await this.options.ref.some(line, base, ({ message, parents }, id) => {
        const events = eventsIn(message);
        if (id === revision || replaces(message, revision)) own = events;
        else later.push(...events);
        isAtBase = replaces(message, base);
        root = parents.length === 0 ? compactedIn(message) : null;
        return own !== null || isAtBase;
      });
      if (own !== null) return { own, later };
      line = isAtBase ? null : await this.beforeRoot(root, base);
      if (line === 'compacted') return line;
    }
    return null;
  }

  /**
   * Where the history goes on before the root of a compacted one: at the commit that the root stands for; `compacted` when that
   * is not here any more. null: what is asked for came after `base`, and all of that has been seen.
   */
  private async beforeRoot(root: { readonly commit: string } | null, base: string): Promise<string | null> {
    if (root === null || root.commit === base) return null;
    return (await this.options.ref.typeOf(root.commit)) === 'commit' ? root.commit : 'compacted';
  }

  async isPerformed(operation: string, base: string): Promise<boolean> {
    return this.options.ref.some(await this.standing(), base, ({ message }) => performs(message, operation));
  }

  /**
   * Puts a commit in the place of the tip, by compare-and-swap, which need not go on from it: the one way to shorten the
   * history. A clone that follows asks for proof that the state is the same (`upkeep/compact.ts`).
   * @returns false when the tip is not `from` any more.
   */
  async replace(commit: string, from: string): Promise<boolean> {
    return this.arbiter.publish(commit, from);
  }

  /**
   * Starts the state with a first commit of its own, unrelated to the code's history, unless there is one already,
   * here or on the remote.
   */
  async create(
    state: State,
    entry: Entry,
    setup: Setup = { ...NO_SETUP, ref: this.ref },
  ): Promise<'created' | 'adopted' | 'existing'> {
    const before = await this.tip();
    await (await this.decider()).refresh();
    if (before !== null) return 'existing';
    if ((await this.tip()) !== null) return 'adopted';
    const tree = this.tree.begin(state, setup);
    const commit = await this.writeCommit(commitBody(tree, null, entry, [], this.place));
    for (;;) {
      if (await this.arbiter.publish(commit, null)) return 'created';
      if ((await this.tip()) !== null) return 'adopted';
    }
  }

  /** Records another setup, by a commit of its own. @param end where the state goes on, if it ends with that */
  async recordSetup(setup: Partial<Setup>, entry: Entry, end: { readonly movedTo?: string } = {}): Promise<void> {
    for (;;) {
      const base = await this.latest();
      const tree = await this.tree.withSetup(base, setup);
      const commit = await this.writeCommit(commitBody(tree, base.revision, entry, [], { ...this.place, ...end }));
      if (await this.arbiter.publish(commit, base.revision)) return;
    }
  }

  /**
   * Moves the state to another ref. The old one ends with a commit that says where it went, and which is the next one on
   * the new ref: both move, or neither, each by compare-and-swap. A process that comes to the old one goes on at the new one.
   * @throws CoordError `unavailable` or `closed` when the remote does not take it; nothing was moved then.
   */
  async moveTo(to: string, entry: Entry): Promise<void> {
    for (;;) {
      const base = await this.latest();
      if (this.ref === to) return;
      const tree = await this.tree.withSetup(base, { ref: to });
      const commit = await this.writeCommit(commitBody(tree, base.revision, entry, [], { ...this.place, movedTo: to }));
      if (!(await this.arbiter.moveTo(to, commit, base.revision))) continue;
      this.options.ref.goOnAt(to);
      await this.arbiter.refresh();
      return;
    }
  }

  /** What decides in the place of git, as of the last commit that was read; null: git does. */
  get store(): string | null {
    return this.keptIn;
  }

  /**
   * Lets something else decide from now on: the last commit that the old one takes says so, by compare-and-swap, so that whoever
   * comes to the old one goes on at the new one, and nothing is written behind it.
   * @param to as {@link storeIn}; null: git, on this ref
   * @throws CoordError where the old or the new one cannot be reached; repeating it goes on
   */
  async moveStore(to: string | null, entry: Entry): Promise<void> {
    for (;;) {
      const base = await this.latest();
      if (this.keptIn === to) return;
      const place = { ref: this.ref, store: to, left: this.keptIn ?? 'git' };
      const commit = await this.writeCommit(
        commitBody(await this.tree.withSetup(base, {}), base.revision, entry, [], place),
      );
      if (await this.arbiter.publish(commit, base.revision)) await this.latest();
    }
  }

  /**
   * Goes on in git, whose ref has all that this clone has, after what kept the state has been lost: nothing keeps those who reach
   * it all the same from writing there.
   * @returns false when the ref has more
   */
  async giveUpStore(entry: Entry): Promise<boolean> {
    const base = await this.read();
    const place = { ref: this.ref, left: this.keptIn ?? 'git' };
    const body = commitBody(await this.tree.withSetup(base, {}), base.revision, entry, [], place);
    return this.options.arbiter.publish(await this.writeCommit(body), base.revision);
  }

  private get place(): CommitPlace {
    return { ref: this.ref, store: this.keptIn };
  }

  /**
   * Ends the state: the last commit tells every clone that coord was removed. `init` begins again after it.
   * @throws CoordError `unavailable` or `closed` when the remote does not take it; nothing has ended then.
   */
  async retire(entry: Entry): Promise<void> {
    await this.recordSetup({ ref: this.ref }, entry, { movedTo: NOWHERE });
  }

  defer(event: CoordEvent): void {
    this.outbox.add(event);
  }

  /** The deferred events that still wait, oldest first. */
  deferred(): readonly CoordEvent[] {
    return this.outbox.list();
  }

  /** Where they wait: the folder changes when there is one more. */
  get deferredFolder(): string {
    return join(this.localDirectory, 'outbox');
  }

  /** Writes the deferred events by themselves; false when none waits, or another writer came first. */
  async flush(operation: string, at: Instant): Promise<boolean> {
    return this.exclusively(async () => {
      const from = await this.read();
      const recorded = new Set(eventsIn(from.message).map((event) => event.id));
      const waiting = this.outbox.list();
      const [first, ...more] = waiting.filter((event) => !recorded.has(event.id));
      if (!first) {
        this.outbox.remove(waiting);
        return false;
      }
      const summary = `record ${plural(more.length + 1, 'refusal')}`;
      return this.swap(from, from.state, { operation, agent: first.agent, at, summary, events: [] });
    });
  }

  async exclusively<T>(work: () => Promise<T>): Promise<T> {
    return withLocalLock((await this.turns()).directory, this.options.effects, work);
  }

  private async absent(): Promise<CoordError> {
    await this.options.ref.mustNotBeDeleted();
    return noState(this.options.ref.name);
  }

  /** The claims and agents, and these parts, as a commit of the state ref has them. */
  async stateAt(commit: string, parts: readonly Part[] = []): Promise<State> {
    return (await this.tree.load(commit, parts)).state;
  }

  async readLog(): Promise<readonly Note[]> {
    return this.tree.readLog(await this.read(['log']));
  }
}
