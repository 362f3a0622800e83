import { isLive } from '../../domain/claims/leases.js';
import { decide } from '../../domain/decide.js';
import type { Claim, Part, State } from '../../domain/model.js';
import type { Refusal } from '../../domain/refusal.js';
import type { OfflineRequest } from '../../domain/request-table.js';
import { PRIVATE_REFS } from '../../domain/state-ref.js';
import type { Instant } from '../../domain/time.js';
import { CoordError } from '../../errors.js';
import type { ObjectDatabase } from '../../git/objects.js';
import { compareAndSwapRef, readRef } from '../../git/refs.js';
import type { Repository } from '../../git/repository.js';
import type { Git } from '../../git/run.js';
import type { GitStore } from './git-store.js';
import { privateName } from './state-words.js';
import type { Entry, Snapshot, Store } from './store.js';
import { type Effects, transact } from './transact.js';

/** The state with what was granted offline on top, as far as it still holds together. */
export function withPending(state: State, pending: readonly PendingRequest[]): State {
  return pending.reduce((before, { request, at }) => {
    const decision = decide(before, { ...request, requestId: null }, at);
    return decision.ok ? decision.state : before;
  }, state);
}

/**
 * The state as last known, with what was granted offline on top: a write adds its request to the list that the remote is
 * asked about later. Nothing of it is pushed as it is.
 */
export class OfflineStore implements Store {
  readonly reach = 'clone';
  private list: PendingList = { id: null, requests: [] };

  /** @param request the one that will be transacted on this store */
  constructor(
    private readonly known: GitStore,
    private readonly pending: Pending,
    private readonly request: OfflineRequest | null = null,
  ) {}

  async read(parts: readonly Part[] = []): Promise<Snapshot> {
    this.list = await this.pending.read();
    const { revision, state } = await this.known.read(parts);
    return { revision: `${revision} ${this.list.id}`, state: withPending(state, this.list.requests), parts };
  }

  latest(parts?: readonly Part[]): Promise<Snapshot> {
    return this.read(parts);
  }

  async swap(from: Snapshot, state: State, entry: Entry): Promise<boolean> {
    if (this.request === null) throw new CoordError('fault', 'nothing was to be granted offline');
    const before = new Set(from.state.claims.map(({ id }) => id));
    const claims = state.claims.filter(({ id, reach }) => reach === 'clone' && !before.has(id));
    const added: PendingRequest = { at: entry.at, request: this.request, claims };
    if (!from.revision.endsWith(` ${this.list.id}`)) return false;
    return this.pending.replace(this.list, [...this.list.requests, added]);
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

/** What became of claims that were granted offline. */
export interface OfflineNews {
  readonly confirmed: readonly Claim[];
  readonly lost: readonly Claim[];
}

/**
 * Puts what was granted offline to the remote, in its order, each decided anew on the remote's state. A claim gets a new
 * token there, or its holder word of the loss; the rest follows its claims. Two commands that do it at once, or one that
 * is killed half-way, have no second effect: each request carries its request id.
 */
export async function settlePending(store: Store, pending: Pending, effects: Effects): Promise<OfflineNews> {
  const list = await pending.read();
  const confirmed: Claim[] = [];
  const lost: Claim[] = [];
  if (list.requests.length === 0) return { confirmed, lost };
  const view = withPending((await store.latest()).state, list.requests);
  for (const one of list.requests) {
    const outcome = await settle(store, one, view, effects);
    confirmed.push(...outcome.confirmed);
    lost.push(...outcome.lost);
  }
  await forget(pending, list);
  return { confirmed, lost };
}

async function settle(store: Store, one: PendingRequest, view: State, effects: Effects): Promise<OfflineNews> {
  const { request, claims } = one;
  if (request.kind !== 'claim') {
    await transact(store, request, effects);
    return { confirmed: [], lost: [] };
  }
  const over = claims.filter((claim) => !isLive(lastForm(claim, view), effects.now()));
  if (over.length > 0)
    return lose(store, one, { by: null, why: 'its time was over before the remote was asked' }, effects);
  const decision = await transact(store, { ...request, reach: 'remote' }, effects);
  if (!decision.ok) return lose(store, one, causeOf(decision.refusal), effects);
  const ids = new Set(claims.map(({ id }) => id));
  return { confirmed: decision.result.claims.filter(({ id }) => ids.has(id)), lost: [] };
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
  if (claims.length === 0) return { confirmed: [], lost: [] };
  const { agent, session, policy, operation, requestId = null } = request;
  const base = { operation: `${operation}-lost`, requestId: `${requestId}-lost`, agent, session, policy };
  const decision = await transact(store, { kind: 'lose-offline', ...base, claims, ...cause }, effects);
  return { confirmed: [], lost: decision.ok ? decision.result.lost : claims };
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
  readonly request: OfflineRequest;
  /** The claims of reach `host` that it made. */
  readonly claims: readonly Claim[];
}

/** The requests that wait for the remote, and what they were read from. */
interface PendingList {
  /** The object that holds them; null when there are none. */
  readonly id: string | null;
  readonly requests: readonly PendingRequest[];
}

/**
 * What was granted offline, oldest first, until the remote has been asked: a JSON document that a ref of this clone
 * points to, so that deleting the machine-local directory loses none of it, and all worktrees see it.
 */
export class Pending {
  private readonly ref: string;

  constructor(
    private readonly repository: Repository,
    private readonly git: Git,
    private readonly objects: ObjectDatabase,
    /** Full name of the state ref. */
    stateRef: string,
  ) {
    this.ref = `${PRIVATE_REFS}offline/${privateName(stateRef)}`;
  }

  /** @throws CoordError `corrupt` when it is damaged or of a newer format. */
  async read(): Promise<PendingList> {
    const id = await readRef(this.repository, this.git, this.ref);
    if (id === null) return { id, requests: [] };
    const text = (await this.objects.read([id])).get(id)?.body.toString('utf8') ?? '';
    return { id, requests: this.decode(text) };
  }

  /** Compare-and-swap; false when the list has changed since it was read. */
  async replace(from: PendingList, requests: readonly PendingRequest[]): Promise<boolean> {
    if (requests.length === 0 && from.id === null) return true;
    if (requests.length === 0) return (await this.git(['update-ref', '-d', this.ref, from.id ?? ''])).code === 0;
    const lines = requests.map((pending) => JSON.stringify(pending)).join(',\n');
    const to = this.objects.write('blob', Buffer.from(`{"format":${FORMAT},"requests":[\n${lines}\n]}\n`));
    await this.objects.flush();
    const swapped = await compareAndSwapRef(this.repository, this.git, { ref: this.ref, to, from: from.id });
    return swapped.ok;
  }

  private decode(text: string): readonly PendingRequest[] {
    let value: { readonly format?: unknown; readonly requests?: unknown } | null = null;
    try {
      value = JSON.parse(text);
    } catch {
      // Told below, like all else that is wrong with it.
    }
    if (value?.format === FORMAT && Array.isArray(value.requests)) return value.requests as readonly PendingRequest[];
    const newer = typeof value?.format === 'number' && value.format > FORMAT;
    throw new CoordError('corrupt', `${this.ref} ${newer ? 'is of a newer format' : 'is damaged'}`, {
      hint: newer ? 'upgrade coord' : `to forget what was granted offline: git update-ref -d ${this.ref}`,
      details: { problems: [`${this.ref}: not a list of requests`] },
    });
  }
}
