import type { Part, State } from '../../domain/model.js';
import type { Rode } from '../../domain/request.js';
import type { OfflineRequest } from '../../domain/request-table.js';
import { dueAt, type Rider, withRiders } from '../../domain/riders.js';
import { PRIVATE_REFS } from '../../domain/state-ref.js';
import { command } from '../../domain/suggestion.js';
import { CoordError } from '../../errors.js';
import type { ObjectDatabase } from '../../git/objects.js';
import { dropLooseRef } from '../../git/ref-swap.js';
import { compareAndSwapRef, readRef } from '../../git/refs.js';
import type { Repository } from '../../git/repository.js';
import type { Git } from '../../git/run.js';
import type { GitStore } from './git-store.js';
import { pendingHere, privateName } from './state-messages.js';
import type { Entry, Snapshot, Store } from './store.js';

/** A request that the clone is to grant by itself, and whether somebody asked for that. */
export interface GrantedHere {
  readonly request: OfflineRequest;
  readonly asked: boolean;
}

/**
 * The state as last known, with what this clone has granted by itself on top: a write adds its request to the list that rides
 * with the next write to the remote. Nothing of it is pushed as it is.
 */
export class CloneStore implements Store {
  readonly reach = 'clone';
  private list: PendingList = { id: null, provisional: 0, requests: [] };

  /** @param granted what will be transacted on this store */
  constructor(
    private readonly known: GitStore,
    private readonly pending: Pending,
    private readonly granted: GrantedHere | null = null,
  ) {}

  async read(parts: readonly Part[] = []): Promise<Snapshot> {
    this.list = await this.pending.readToAdd();
    const { id, requests, provisional } = this.list;
    const { revision, state } = await this.known.read(parts);
    return { revision: `${revision} ${id}`, state: { ...withRiders(state, requests), provisional }, parts };
  }

  latest(parts?: readonly Part[]): Promise<Snapshot> {
    return this.read(parts);
  }

  async swap(from: Snapshot, state: State, entry: Entry): Promise<boolean> {
    if (this.granted === null) throw new CoordError('fault', 'nothing was to be granted by the clone');
    const before = new Set(from.state.claims.map(({ id }) => id));
    const claims = state.claims.filter(({ id, reach }) => reach === 'clone' && !before.has(id));
    const { id, requests, provisional } = this.list;
    const { at } = entry;
    const added: Rider = { at, dueAt: dueAt(this.granted.request, at), provisional, claims, ...this.granted };
    if (!from.revision.endsWith(` ${id}`)) return false;
    return this.pending.replace(this.list, [...requests, added], state.provisional ?? provisional);
  }

  defer(event: Parameters<Store['defer']>[0]): void {
    this.known.defer(event);
  }

  exclusively<T>(work: () => Promise<T>): Promise<T> {
    return this.known.exclusively(work);
  }

  readLog() {
    return this.known.readLog();
  }
}

const FORMAT = 1;

/** The requests that wait for the remote, and what they were read from. */
interface PendingList {
  /** The object that holds them; null when there are none. */
  readonly id: string | null;
  /** The largest number in a provisional id that this clone has given. */
  readonly provisional: number;
  readonly requests: readonly Rider[];
}

/**
 * What this clone granted by itself, oldest first, until the remote has been asked: a JSON document that a ref of this clone
 * points to, so that deleting the machine-local directory loses none of it, and all worktrees see it.
 */
export class Pending {
  private readonly ref: string;
  /** Where the largest number of a provisional id stands while there is no list. */
  private readonly counter: string;

  constructor(
    private readonly repository: Repository,
    private readonly git: Git,
    private readonly objects: ObjectDatabase,
    /** Full name of the state ref. */
    stateRef: string,
  ) {
    this.ref = pendingHere(stateRef);
    this.counter = `${PRIVATE_REFS}offline-ids/${privateName(stateRef)}`;
  }

  /** @throws CoordError `corrupt` when it is damaged or of a newer format. */
  async read(): Promise<PendingList> {
    const id = await readRef(this.repository, this.git, this.ref);
    return id === null ? { id, provisional: 0, requests: [] } : { id, ...this.decode(await this.textOf(id)) };
  }

  /** As {@link read}; where nothing waits, too, with the numbers that were given before. */
  async readToAdd(): Promise<PendingList> {
    const list = await this.read();
    return list.id === null ? { ...list, provisional: (await this.given()).provisional } : list;
  }

  /** Takes off the list what has ridden; what came to it meanwhile stays. */
  async done({ operations }: Rode): Promise<void> {
    for (;;) {
      const list = await this.read();
      const left = list.requests.filter(({ request }) => !operations.includes(request.operation));
      if (left.length === list.requests.length || (await this.replace(list, left))) return;
    }
  }

  /** Compare-and-swap; false when the list has changed since it was read. */
  async replace(
    from: PendingList,
    requests: readonly Rider[],
    provisional: number = from.provisional,
  ): Promise<boolean> {
    if (requests.length === 0 && from.id === null) return true;
    if (requests.length === 0) {
      if (!(await this.keepCount(provisional))) return false;
      if (from.id !== null && dropLooseRef(this.repository, this.ref, from.id)) return true;
      return (await this.git(['update-ref', '-d', this.ref, from.id ?? ''])).code === 0;
    }
    const lines = requests.map((pending) => JSON.stringify(pending)).join(',\n');
    const text = `{"format":${FORMAT},"provisional":${provisional},"requests":[\n${lines}\n]}\n`;
    return this.swap(this.ref, from.id, text);
  }

  /** Notes how many ids were given, before the list that says it goes; false when others have noted it meanwhile. */
  private async keepCount(provisional: number): Promise<boolean> {
    const given = await this.given();
    return given.provisional >= provisional || this.swap(this.counter, given.id, `${provisional}\n`);
  }

  private async given(): Promise<Pick<PendingList, 'id' | 'provisional'>> {
    const id = await readRef(this.repository, this.git, this.counter);
    return { id, provisional: id === null ? 0 : Number(await this.textOf(id)) };
  }

  private async textOf(id: string): Promise<string> {
    return (await this.objects.read([id])).get(id)?.body.toString('utf8') ?? '';
  }

  private async swap(ref: string, from: string | null, text: string): Promise<boolean> {
    const to = this.objects.write('blob', Buffer.from(text));
    await this.objects.flush();
    return (await compareAndSwapRef(this.repository, this.git, { ref, to, from })).ok;
  }

  private decode(text: string): Pick<PendingList, 'provisional' | 'requests'> {
    let value: { readonly format?: unknown; readonly provisional?: unknown; readonly requests?: unknown } | null = null;
    try {
      value = JSON.parse(text);
    } catch {
      // Told below, like all else that is wrong with it.
    }
    if (value?.format === FORMAT && Array.isArray(value.requests) && Number.isSafeInteger(value.provisional)) {
      return value as Pick<PendingList, 'provisional' | 'requests'>;
    }
    const newer = typeof value?.format === 'number' && value.format > FORMAT;
    throw new CoordError('corrupt', `${this.ref} ${newer ? 'is of a newer format' : 'is damaged'}`, {
      hint: newer
        ? 'upgrade coord'
        : `to forget what this clone granted by itself: ${command(`git update-ref -d ${this.ref}`)}`,
      details: { problems: [`${this.ref}: not a list of requests`] },
    });
  }
}
