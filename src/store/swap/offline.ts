import { isLive } from '../../domain/claims/leases.js';
import { decide } from '../../domain/decide.js';
import type { Claim, Part, State } from '../../domain/model.js';
import { newId } from '../../domain/model.js';
import type { Refusal } from '../../domain/refusal.js';
import type { OfflineRequest } from '../../domain/request-table.js';
import { PRIVATE_REFS } from '../../domain/state-ref.js';
import { command } from '../../domain/suggestion.js';
import type { Instant } from '../../domain/time.js';
import { CoordError } from '../../errors.js';
import type { ObjectDatabase } from '../../git/objects.js';
import { compareAndSwapRef, readRef } from '../../git/refs.js';
import type { Repository } from '../../git/repository.js';
import type { Git } from '../../git/run.js';
import type { GitStore } from './git-store.js';
import { privateName } from './state-messages.js';
import type { Entry, Snapshot, Store } from './store.js';
import { type Effects, transact } from './transact.js';

/** The state with what was granted offline on top, as far as it still holds together. */
export function withPending(state: State, pending: readonly PendingRequest[]): State {
  let all = state;
  for (const { request, at, provisional, claims } of pending) {
    // With the tokens that were told.
    const [first] = claims.map(({ token }) => token).sort((a, b) => a - b);
    const from = { ...all, provisional, lastToken: Math.max(all.lastToken, (first ?? 1) - 1) };
    const decision = decide(from, { ...request, requestId: null }, at);
    if (decision.ok) all = decision.state;
  }
  return { ...all, provisional: null };
}

/**
 * The state as last known, with what was granted offline on top: a write adds its request to the list that the remote is
 * asked about later. Nothing of it is pushed as it is.
 */
export class OfflineStore implements Store {
  readonly reach = 'clone';
  private list: PendingList = { id: null, provisional: 0, requests: [] };

  /** @param request the one that will be transacted on this store */
  constructor(
    private readonly known: GitStore,
    private readonly pending: Pending,
    private readonly request: OfflineRequest | null = null,
  ) {}

  async read(parts: readonly Part[] = []): Promise<Snapshot> {
    this.list = await this.pending.readToAdd();
    const { id, requests, provisional } = this.list;
    const { revision, state } = await this.known.read(parts);
    return { revision: `${revision} ${id}`, state: { ...withPending(state, requests), provisional }, parts };
  }

  latest(parts?: readonly Part[]): Promise<Snapshot> {
    return this.read(parts);
  }

  async swap(from: Snapshot, state: State, entry: Entry): Promise<boolean> {
    if (this.request === null) throw new CoordError('fault', 'nothing was to be granted offline');
    const before = new Set(from.state.claims.map(({ id }) => id));
    const claims = state.claims.filter(({ id, reach }) => reach === 'clone' && !before.has(id));
    const { id, requests, provisional } = this.list;
    const added: PendingRequest = { at: entry.at, provisional, request: this.request, claims };
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

/** What became of what was granted offline. */
export interface OfflineNews {
  readonly confirmed: readonly Claim[];
  readonly lost: readonly Claim[];
  readonly named: readonly Named[];
  readonly refused: readonly RefusedOffline[];
}

/** A note or a task that was written offline. */
interface Written {
  readonly agent: string;
  readonly what: 'note' | 'task';
  /** Its provisional id. */
  readonly was: string;
}

/** One that the remote has, under an id of its own. */
export interface Named extends Written {
  readonly id: string;
}

/** One that is on no record, and will be on none. */
export interface RefusedOffline extends Written {
  readonly refusal: Refusal;
}

const NO_NEWS: OfflineNews = { confirmed: [], lost: [], named: [], refused: [] };

/**
 * Puts what was granted offline to the remote, in its order, each decided again on the remote's state. A claim gets a new
 * token there, or its holder word of the loss; the rest follows its claims. Two commands that do it at once, or one that
 * is killed half-way, have no second effect: each request carries its request id.
 */
export async function settlePending(store: Store, pending: Pending, effects: Effects): Promise<OfflineNews> {
  const list = await pending.read();
  const confirmed: Claim[] = [];
  const lost: Claim[] = [];
  const named: Named[] = [];
  const refused: RefusedOffline[] = [];
  if (list.requests.length === 0) return { confirmed, lost, named, refused };
  const view = withPending((await store.latest()).state, list.requests);
  for (const one of list.requests) {
    const outcome = await settle(store, { ...one, request: withNames(one.request, named) }, view, effects);
    confirmed.push(...outcome.confirmed);
    lost.push(...outcome.lost);
    named.push(...outcome.named);
    refused.push(...outcome.refused);
  }
  await forget(pending, list);
  return { confirmed, lost, named, refused };
}

async function settle(store: Store, one: PendingRequest, view: State, effects: Effects): Promise<OfflineNews> {
  const { request, claims } = one;
  if (request.kind === 'note' || request.kind === 'task-add') return settleWritten(store, request, one, effects);
  if (request.kind !== 'claim') {
    await transact(store, request, effects);
    return NO_NEWS;
  }
  const over = claims.filter((claim) => !isLive(lastForm(claim, view), effects.now()));
  if (over.length > 0)
    return lose(store, one, { by: null, why: 'its time was over before the remote was asked' }, effects);
  const decision = await transact(store, { ...request, reach: 'remote' }, effects);
  if (!decision.ok) return lose(store, one, causeOf(decision.refusal), effects);
  const targets = new Set(claims.map(({ target }) => target));
  return { ...NO_NEWS, confirmed: decision.result.claims.filter(({ target }) => targets.has(target)) };
}

/** Puts a note, or tasks, to the remote, and tells by which ids it has them. */
async function settleWritten(
  store: Store,
  request: Extract<OfflineRequest, { readonly kind: 'note' | 'task-add' }>,
  { provisional }: PendingRequest,
  effects: Effects,
): Promise<OfflineNews> {
  const isNote = request.kind === 'note';
  const [what, letter, count] = isNote ? (['note', 'n', 1] as const) : (['task', 't', request.drafts.length] as const);
  const written = Array.from({ length: count }, (_, index): Written => {
    return { agent: request.agent, what, was: newId({ provisional }, letter, 0, index + 1) };
  });
  const answer = isNote ? await transact(store, request, effects) : await transact(store, request, effects);
  if (!answer.ok) {
    const { refusal } = answer;
    return { ...NO_NEWS, refused: written.map((one) => ({ ...one, refusal })) };
  }
  const ids = 'note' in answer.result ? [answer.result.note.id] : answer.result.tasks.map(({ id }) => id);
  return { ...NO_NEWS, named: written.map((one, index) => ({ ...one, id: ids[index] ?? one.was })) };
}

/** The request with the ids that the remote gave in the place of provisional ones. */
function withNames(request: OfflineRequest, named: readonly Named[]): OfflineRequest {
  const own = (id: string) => named.find(({ was }) => was === id)?.id ?? id;
  if (request.kind === 'note') return request.ref === null ? request : { ...request, ref: own(request.ref) };
  if (request.kind !== 'task-add') return request;
  return { ...request, drafts: request.drafts.map((draft) => ({ ...draft, after: draft.after.map(own) })) };
}

/** The claim as it was last renewed offline. */
function lastForm(claim: Claim, view: State): Claim {
  return view.claims.find(({ id }) => id === claim.id) ?? claim;
}

async function lose(
  store: Store,
  { request, claims }: PendingRequest,
  cause: { readonly by: string | null; readonly why: string },
  effects: Effects,
): Promise<OfflineNews> {
  if (claims.length === 0) return NO_NEWS;
  const { agent, session, policy, operation } = request;
  const askedAs = request.requestId ?? '';
  const base = { operation: `${operation}-lost`, requestId: `${askedAs}-lost`, agent, session, policy };
  const decision = await transact(store, { kind: 'lose-offline', ...base, claims, askedAs, ...cause }, effects);
  return { ...NO_NEWS, lost: decision.ok ? decision.result.lost : claims };
}

function causeOf(refusal: Refusal): { readonly by: string | null; readonly why: string } {
  if (refusal.code === 'held') {
    const by = 'conflicts' in refusal ? (refusal.conflicts[0]?.agent ?? null) : null;
    return { by, why: by === null ? refusal.reason : `held by ${by}` };
  }
  return { by: null, why: refusal.code === 'behind' ? "HEAD lacks the last holder's work" : refusal.reason };
}

/** Takes these requests off the list; what came to it meanwhile stays. */
async function forget(pending: Pending, settled: PendingList): Promise<void> {
  const done = new Set(settled.requests.map(({ request }) => request.operation));
  for (let list = settled; ; list = await pending.read()) {
    const left = list.requests.filter(({ request }) => !done.has(request.operation));
    if (left.length === list.requests.length || (await pending.replace(list, left))) return;
  }
}

const FORMAT = 1;

/** A request that this host has granted while its remote was not asked. */
interface PendingRequest {
  readonly at: Instant;
  /** The largest number in a provisional id when it was granted: decided again, it gives the same ids. */
  readonly provisional: number;
  readonly request: OfflineRequest;
  /** The claims of reach `host` that it made. */
  readonly claims: readonly Claim[];
}

/** The requests that wait for the remote, and what they were read from. */
interface PendingList {
  /** The object that holds them; null when there are none. */
  readonly id: string | null;
  /** The largest number in a provisional id that this clone has given. */
  readonly provisional: number;
  readonly requests: readonly PendingRequest[];
}

/**
 * What was granted offline, oldest first, until the remote has been asked: a JSON document that a ref of this clone
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
    this.ref = `${PRIVATE_REFS}offline/${privateName(stateRef)}`;
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

  /** Compare-and-swap; false when the list has changed since it was read. */
  async replace(
    from: PendingList,
    requests: readonly PendingRequest[],
    provisional: number = from.provisional,
  ): Promise<boolean> {
    if (requests.length === 0 && from.id === null) return true;
    if (requests.length === 0) {
      if (!(await this.keepCount(provisional))) return false;
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
      hint: newer ? 'upgrade coord' : `to forget what was granted offline: ${command(`git update-ref -d ${this.ref}`)}`,
      details: { problems: [`${this.ref}: not a list of requests`] },
    });
  }
}
