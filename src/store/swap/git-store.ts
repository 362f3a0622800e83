import { join } from 'node:path';
import type { CoordEvent } from '../../domain/events.js';
import type { Note, Part, Reach, State } from '../../domain/model.js';
import type { Rode } from '../../domain/request.js';
import { type Rider, withRiders } from '../../domain/riders.js';
import { plural } from '../../domain/text.js';
import type { Instant } from '../../domain/time.js';
import type { CoordError } from '../../errors.js';
import type { ObjectDatabase } from '../../git/objects.js';
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
  NOWHERE,
  type People,
  parseCommit,
  performs,
  storeIn,
  withPeople,
} from '../format/commits.js';
import { DOCUMENT_FILES, type GitSnapshot, type Setup, StateTree } from '../format/state-tree.js';
import { type LockSurroundings, withLocalLock } from '../queue/local-lock.js';
import { RequestQueue, type Standing } from '../queue/request-queue.js';
import { GoodCommits } from '../upkeep/last-good.js';
import { Decider } from './decider.js';
import { OtherClones } from './other-clones.js';
import { writtenSince } from './state-history.js';
import { StateLife } from './state-life.js';
import { noState } from './state-messages.js';
import type { StateRef } from './state-ref.js';
import type { Arbiter, Entry, PairedRef, Signing, Snapshot, Store, Written } from './store.js';

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
  /**
   * Puts to the arbiter what waits no longer for a write.
   * @param isLast whether no write of this command can take it along any more
   */
  deliver(store: GitStore, isLast: boolean): Promise<void>;
}

/** The state on a ref of its own, written through plumbing by compare-and-swap; never checked out. */
export class GitStore implements Store {
  private readonly outbox: Outbox;
  private readonly tokens: TokenMark;
  private readonly tree: StateTree;
  readonly operations: Operations;
  /** How it begins, moves, goes back and ends. */
  readonly life: StateLife;
  private readonly goodCommits: GoodCommits;
  private known: GitSnapshot | undefined;
  private readonly others: OtherClones;
  private delivering = false;
  private told: string | null = null;
  readonly decider: Decider;

  constructor(private readonly options: GitStoreOptions) {
    const { objects, repository, ref } = options;
    this.decider = new Decider({ ...options, tip: () => this.tip() });
    this.outbox = new Outbox(this.deferredFolder);
    this.tokens = new TokenMark(this.localDirectory);
    const operations = operationsIn(repository.commonDir);
    this.operations = new Operations(operations, repository.worktreeId, options.effects.now);
    this.tree = new StateTree(objects, repository.objectFormat, ref, new VerifiedBlobs(this.localDirectory));
    this.life = new StateLife(this, { tree: this.tree, objects, ref, arbiter: options.arbiter });
    this.others = new OtherClones(repository, objects, ref);
    this.goodCommits = new GoodCommits(objects, this.tree);
  }

  /** Where what is written here waits, or takes turns. What moves together with other work is never combined, but waits. */
  async queue(): Promise<RequestQueue | undefined> {
    return this.options.paired ? undefined : this.turns();
  }

  private async turns(): Promise<RequestQueue> {
    const { repository, hostQueue, effects } = this.options;
    // Where a service arbitrates, each clone has its own way to it.
    const isRemote = (await this.decider.asked()) === this.options.arbiter;
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
    return this.decider.current.reach;
  }

  /** When the remote's last answer came; null where that is not known, or no remote arbitrates. */
  get askedAt(): Instant | null {
    return this.decider.current.askedAt;
  }

  get paced(): boolean {
    return this.decider.current.reach === 'remote';
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
      const asked = await this.decider.asked();
      await this.explaining(() => asked.refresh());
      const tip = await this.tip();
      if (tip === null) throw await this.absent();
      const body = (await this.options.objects.read([tip])).get(tip)?.body;
      if (body === undefined) return tip;
      const { message } = parseCommit(body);
      if (!(await this.decider.goOn(message, tip, this.revives)) && this.decider.current === asked) return tip;
    }
  }

  /** Where the history is read from. */
  private async standing(): Promise<string | null> {
    return this.others.tip ?? (await this.tip());
  }

  /** Takes a state that was read before, and is still that of the tip it names. */
  take(snapshot: GitSnapshot): void {
    this.known = this.aboveAllTokens(snapshot);
  }

  async read(parts: readonly Part[] = []): Promise<GitSnapshot> {
    for (;;) {
      const snapshot = await this.explaining(() => this.readHere(parts));
      if (await this.decider.goOn(snapshot.message, snapshot.revision, this.revives)) continue;
      if (this.told !== this.ref) await this.options.onRead?.(this.ref);
      this.told = this.ref;
      return snapshot;
    }
  }

  private async readHere(parts: readonly Part[]): Promise<GitSnapshot> {
    let revision = await this.standing();
    if (revision === null) {
      // A fresh clone: the remote may have the state already.
      await (await this.decider.asked()).refresh();
      revision = await this.tip();
    }
    if (revision === null) throw await this.absent();
    const { known } = this;
    if (known?.revision === revision && parts.every((part) => known.parts.includes(part))) return known;
    try {
      this.known = this.aboveAllTokens(await this.tree.load(revision, parts));
    } catch (error) {
      if (await this.hasMovedOn(revision)) return this.readHere(parts);
      throw await this.goodCommits.explain(
        await this.options.ref.whyUnreadable(revision, error),
        revision,
        this.reach === 'remote',
      );
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
    await this.decider.current.refresh().catch(() => undefined);
    return (await this.tip().catch(() => revision)) !== revision;
  }

  /** What it throws says what the last good commit is. */
  private async explaining<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw await this.goodCommits.explain(error, null, this.reach === 'remote');
    }
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
  async deliver(isLast = false): Promise<void> {
    // What is moved together with other work moves with nothing before it.
    if (this.delivering || this.options.paired) return;
    this.delivering = true;
    try {
      await this.options.riders?.deliver(this, isLast);
    } finally {
      this.delivering = false;
    }
  }

  async hear(standing: Standing | null): Promise<void> {
    await this.others.hear(standing);
  }

  async follow(standing: Standing): Promise<void> {
    if (!(await this.others.follow(standing))) await (await this.decider.asked()).refresh().catch(() => undefined);
  }

  async latest(parts?: readonly Part[]): Promise<GitSnapshot> {
    this.others.take();
    await this.deliver();
    for (;;) {
      const asked = await this.decider.asked();
      await this.explaining(() => asked.refresh());
      const snapshot = await this.read(parts);
      if (this.decider.current === asked) return snapshot;
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
    const confirm = this.others.take();
    const { paired } = this.options;
    if (!(await this.explaining(() => this.decider.current.publish(commit, base.revision, paired)))) return false;
    await confirm?.(commit);
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
    return writtenSince(this.options.ref, await this.standing(), revision, base);
  }

  async isPerformed(operation: string, base: string): Promise<boolean> {
    return this.options.ref.some(await this.standing(), base, ({ message }) => performs(message, operation));
  }

  /** Where its commits say that it is. */
  get place(): CommitPlace {
    return { ref: this.ref, store: this.decider.kept };
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
