import { problemOfStateRef } from '../../domain/state-ref.js';
import type { ObjectDatabase } from '../../git/objects.js';
import { movedTo, NOWHERE, parseCommit, storeIn } from '../format/commits.js';
import { lostTrack, removedState } from './state-messages.js';
import type { StateRef } from './state-ref.js';
import type { Arbiter } from './store.js';

/** More moves than a clone could sleep through. */
const MOST_MOVES = 10;

interface Options {
  readonly objects: ObjectDatabase;
  readonly ref: StateRef;
  readonly arbiter: Arbiter;
  readonly elsewhere?: ((store: string) => Promise<Arbiter>) | undefined;
  /** The tip of the ref; what it throws says what the last good commit is. */
  tip(): Promise<string | null>;
}

/** Who decides on writes, and on which ref: as this clone was set up, until a commit of the state says otherwise. */
export class Decider {
  current: Arbiter;
  /** What decides in the place of git, as the last commit that was read says; null: git does. */
  kept: string | null = null;
  /** Whether a commit was read that says so. */
  private heeded = false;
  private moves = 0;

  constructor(private readonly options: Options) {
    this.current = options.arbiter;
  }

  /** Who decides, as far as this clone knows. */
  async asked(): Promise<Arbiter> {
    const { objects, elsewhere } = this.options;
    if (!this.heeded && elsewhere) {
      const tip = await this.options.tip();
      const body = tip === null ? undefined : (await objects.read([tip], 'unpack')).get(tip)?.body;
      if (body !== undefined) await this.heed(parseCommit(body).message);
    }
    return this.current;
  }

  /**
   * Goes on where the state went on after this commit, so that nothing is written behind it.
   * @param revives whether a state that was ended is read all the same
   * @returns false where it did not move.
   */
  async goOn(message: string, commit: string, revives: boolean): Promise<boolean> {
    const { ref } = this.options;
    await this.heed(message);
    const to = movedTo(message);
    if (to === null || to === ref.name || (to === NOWHERE && revives)) return false;
    if (to === NOWHERE) throw removedState(message);
    this.moves += 1;
    if (problemOfStateRef(to) !== null || this.moves > MOST_MOVES) throw lostTrack(ref.name, to);
    ref.goOnAt(to);
    await this.current.refresh();
    // The process that moved it was killed between the two.
    if ((await this.options.tip()) === null) await this.current.publish(commit, null);
    return true;
  }

  /** From here on, whoever the last commit names decides. */
  private async heed(message: string): Promise<void> {
    this.heeded = true;
    const store = storeIn(message);
    if (store === this.kept) return;
    const { elsewhere, arbiter } = this.options;
    this.current = store === null || elsewhere === undefined ? arbiter : await elsewhere(store);
    this.kept = store;
  }
}
