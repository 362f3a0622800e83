import type { State } from '../../domain/model.js';
import type { ObjectDatabase } from '../../git/objects.js';
import { type CommitPlace, commitBody, NOWHERE, parseCommit } from '../format/commits.js';
import { type GitSnapshot, NO_SETUP, type Setup, type StateTree } from '../format/state-tree.js';
import type { Decider } from './decider.js';
import type { StateRef } from './state-ref.js';
import type { Arbiter, Entry } from './store.js';

/** The store whose state begins, moves or ends. */
interface Living {
  /** Full name of the state ref. */
  readonly ref: string;
  /** Where commits say that the state is. */
  readonly place: CommitPlace;
  tip(): Promise<string | null>;
  read(): Promise<GitSnapshot>;
  latest(): Promise<GitSnapshot>;
  /** Who decides, as far as this clone knows. */
  readonly decider: Pick<Decider, 'asked' | 'kept'>;
  writeCommit(body: Buffer): Promise<string>;
}

/** What {@link StateLife} works on. */
interface Parts {
  readonly tree: StateTree;
  readonly objects: ObjectDatabase;
  readonly ref: StateRef;
  /** Who decides where git keeps the state. */
  readonly arbiter: Arbiter;
}

/** How the state begins, moves, goes back and ends: commits of its own, each put into its place by compare-and-swap. */
export class StateLife {
  constructor(
    private readonly store: Living,
    private readonly parts: Parts,
  ) {}

  /**
   * Starts the state with a first commit of its own, unrelated to the code's history, unless there is one already,
   * here or on the remote.
   */
  async create(
    state: State,
    entry: Entry,
    setup: Setup = { ...NO_SETUP, ref: this.store.ref },
  ): Promise<'created' | 'adopted' | 'existing'> {
    const before = await this.store.tip();
    await (await this.store.decider.asked()).refresh();
    if (before !== null) return 'existing';
    if ((await this.store.tip()) !== null) return 'adopted';
    const tree = this.parts.tree.begin(state, setup);
    const commit = await this.store.writeCommit(commitBody(tree, null, entry, [], this.store.place));
    for (;;) {
      if (await (await this.store.decider.asked()).publish(commit, null)) return 'created';
      if ((await this.store.tip()) !== null) return 'adopted';
    }
  }

  /** Records another setup, by a commit of its own. @param end where the state goes on, if it ends with that */
  async recordSetup(setup: Partial<Setup>, entry: Entry, end: { readonly movedTo?: string } = {}): Promise<void> {
    for (;;) {
      const base = await this.store.latest();
      const tree = await this.parts.tree.withSetup(base, setup);
      const commit = await this.store.writeCommit(
        commitBody(tree, base.revision, entry, [], { ...this.store.place, ...end }),
      );
      if (await (await this.store.decider.asked()).publish(commit, base.revision)) return;
    }
  }

  /**
   * Moves the state to another ref. The old one ends with a commit that says where it went, and which is the next one on
   * the new ref: both move, or neither, each by compare-and-swap. A process that comes to the old one goes on at the new one.
   * @throws CoordError `unavailable` or `closed` when the remote does not take it; nothing was moved then.
   */
  async moveTo(to: string, entry: Entry): Promise<void> {
    for (;;) {
      const base = await this.store.latest();
      if (this.store.ref === to) return;
      const tree = await this.parts.tree.withSetup(base, { ref: to });
      const commit = await this.store.writeCommit(
        commitBody(tree, base.revision, entry, [], { ...this.store.place, movedTo: to }),
      );
      if (!(await (await this.store.decider.asked()).moveTo(to, commit, base.revision))) continue;
      this.parts.ref.goOnAt(to);
      await (await this.store.decider.asked()).refresh();
      return;
    }
  }

  /**
   * Lets something else decide from now on: the last commit that the old one takes says so, by compare-and-swap, so that whoever
   * comes to the old one goes on at the new one, and nothing is written behind it.
   * @param to as {@link storeIn}; null: git, on this ref
   * @throws CoordError where the old or the new one cannot be reached; repeating it goes on
   */
  async moveStore(to: string | null, entry: Entry): Promise<void> {
    for (;;) {
      const base = await this.store.latest();
      if (this.store.decider.kept === to) return;
      const place = { ref: this.store.ref, store: to, left: this.store.decider.kept ?? 'git' };
      const commit = await this.store.writeCommit(
        commitBody(await this.parts.tree.withSetup(base, {}), base.revision, entry, [], place),
      );
      if (await (await this.store.decider.asked()).publish(commit, base.revision)) await this.store.latest();
    }
  }

  /**
   * Goes on in git, whose ref has all that this clone has, after what kept the state has been lost: nothing keeps those who reach
   * it all the same from writing there.
   * @returns false when the ref has more
   */
  async giveUpStore(entry: Entry): Promise<boolean> {
    const base = await this.store.read();
    const place = { ref: this.store.ref, left: this.store.decider.kept ?? 'git' };
    const body = commitBody(await this.parts.tree.withSetup(base, {}), base.revision, entry, [], place);
    return this.parts.arbiter.publish(await this.store.writeCommit(body), base.revision);
  }

  /**
   * Puts the state of a good commit in the place of one that cannot be read, by a commit on top of it: a clone that follows
   * needs to take nothing back.
   * @returns false where the tip has moved meanwhile
   */
  async restore(good: string, entry: Entry): Promise<boolean> {
    const tip = await this.store.tip();
    const body = (await this.parts.objects.read([good])).get(good)?.body ?? Buffer.alloc(0);
    const restoring = commitBody(parseCommit(body).tree, tip, entry, [], this.store.place);
    return (await this.store.decider.asked()).publish(await this.store.writeCommit(restoring), tip);
  }

  /**
   * Puts a commit in the place of the tip, by compare-and-swap, which need not go on from it: the one way to shorten the
   * history. A clone that follows asks for proof that the state is the same (`upkeep/compact.ts`).
   * @returns false when the tip is not `from` any more.
   */
  async replace(commit: string, from: string): Promise<boolean> {
    return (await this.store.decider.asked()).publish(commit, from);
  }

  /**
   * Ends the state: the last commit tells every clone that coord was removed. `init` begins again after it.
   * @throws CoordError `unavailable` or `closed` when the remote does not take it; nothing has ended then.
   */
  async retire(entry: Entry): Promise<void> {
    await this.recordSetup({ ref: this.store.ref }, entry, { movedTo: NOWHERE });
  }
}
