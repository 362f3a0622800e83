import { isLive } from './claims/leases.js';
import { decide } from './decide.js';
import type { EventDraft } from './events.js';
import { type Claim, newId, type State } from './model.js';
import type { Refusal } from './refusal.js';
import type { Rode, WrittenHere } from './request.js';
import type { Decision, OfflineRequest, Request } from './request-table.js';
import { addSeconds, epochMs, type Instant } from './time.js';

/** What a clone has granted by itself: it rides with its next write to the remote, which decides it again. */
export interface Rider {
  readonly at: Instant;
  /** From then on it goes with whichever command asks the remote, whether or not that writes. */
  readonly dueAt: Instant;
  /** Whether somebody asked for it with `--offline`, and is told what became of it; else only a loss is told. */
  readonly asked: boolean;
  /** The largest number in a provisional id when it was granted: decided again, it gives the same ids. */
  readonly provisional: number;
  readonly request: OfflineRequest;
  /** The claims of reach `clone` that it made. */
  readonly claims: readonly Claim[];
}

/** What nobody waits for stays in the clone no longer than that, where any command runs; as near as an agent's last write is told. */
export const LONGEST_RIDE_SECONDS = 300;
const NOBODY_WAITS: readonly OfflineRequest['kind'][] = ['session-start', 'session-end', 'set-state'];

/** When a request that the clone granted is due at the remote. */
export function dueAt({ kind }: Pick<OfflineRequest, 'kind'>, at: Instant): Instant {
  return NOBODY_WAITS.includes(kind) ? addSeconds(at, LONGEST_RIDE_SECONDS) : at;
}

/** Whether one of them waits no longer for a write. A clock that was set back makes all of them due. */
export function anyDue(riders: readonly Rider[], now: Instant): boolean {
  return riders.some(({ dueAt, at }) => dueAt <= now || now < at);
}

/** Whether one of them is such that the answers of the remote depend on it: a claim, or what was asked for offline. */
export function anyAwaited(riders: readonly Rider[]): boolean {
  return riders.some(({ dueAt, at }) => dueAt === at);
}

/** An automatic claim asks the remote, unless its answer is younger than that. */
const FRESH_SECONDS = 10;

/**
 * Who grants an automatic claim of a shared fleet: the first in ten seconds the remote, the next ones the clone.
 * @param askedAt when the remote answered last; null: that is not known
 */
export function granterOf(askedAt: Instant | null, now: Instant): 'clone' | 'remote' {
  const age = askedAt === null ? Number.POSITIVE_INFINITY : epochMs(now) - epochMs(askedAt);
  return age >= 0 && age < FRESH_SECONDS * 1000 ? 'clone' : 'remote';
}

/** The state with the riders on top, as far as it still holds together. */
export function withRiders(state: State, riders: readonly Rider[]): State {
  let all = state;
  for (const { request, at, provisional, claims } of riders) {
    // With the tokens that were told.
    const [first] = claims.map(({ token }) => token).sort((a, b) => a - b);
    const from = { ...all, provisional, lastToken: Math.max(all.lastToken, (first ?? 1) - 1) };
    const decision = decide(from, { ...request, requestId: null }, at);
    if (decision.ok) all = decision.state;
  }
  return { ...all, provisional: null };
}

/** A request with what goes along: plain data, too. */
export type Carrying = Request & { readonly along?: readonly Rider[] };

/** The requests that are decided with this one, in their order, itself the last. */
export function requestsIn({ along = [], ...request }: Carrying): readonly Request[] {
  return [...along.map((rider) => rider.request), request as Request];
}

/**
 * Decides a request after those that go along with it, in one write. A claim that is granted now has a new token, a life that
 * starts now, and reach `remote`; one that is refused, or whose time was over before the remote was asked, is a loss, of which
 * its holder is left word. Where the request is refused, nothing is written of the riders either; where it writes nothing,
 * they are written only when one is due.
 */
export function decideCarrying(state: State, { along = [], ...own }: Carrying, now: Instant): Decision {
  const request = own as Request;
  if (along.length === 0) return decide(state, request, now);
  const ride = new Ride(state, along, now);
  for (const rider of along) ride.take(rider);
  const decision = decide(ride.state, request, now);
  if (!decision.ok) return decision;
  if (decision.state === ride.state && !anyDue(along, now)) return { ...decision, state };
  return { ...decision, events: [...ride.events, ...decision.events], rode: ride.outcome };
}

/** The state after a rider, for what must be known before the next one is decided. */
export function afterRider(state: State, rider: Rider, now: Instant): State {
  const ride = new Ride(state, [rider], now);
  ride.take(rider);
  return ride.state;
}

/** What becomes of the riders of an agent who may ask for nothing, such as one that was stopped. */
export function refuseAll(riders: readonly Rider[], agent: string, refusal: Refusal): Rode {
  const own = riders.filter(({ request }) => request.agent === agent);
  const written = own.flatMap(({ request, provisional }) => writtenBy(request, provisional));
  return {
    operations: own.map(({ request }) => request.operation),
    confirmed: [],
    lost: own.flatMap(({ claims }) => claims),
    named: [],
    refused: written.map((one) => ({ ...one, refusal })),
  };
}

class Ride {
  readonly events: EventDraft[] = [];
  readonly outcome = {
    operations: [] as string[],
    confirmed: [] as Claim[],
    lost: [] as Claim[],
    named: [] as Rode['named'][number][],
    refused: [] as Rode['refused'][number][],
  } satisfies Rode;
  /** With the claims as they were last renewed by the clone. */
  private readonly view: State;

  constructor(
    public state: State,
    along: readonly Rider[],
    private readonly now: Instant,
  ) {
    this.view = withRiders(state, along);
  }

  take(rider: Rider): void {
    this.outcome.operations.push(rider.request.operation);
    if (rider.request.kind === 'claim') this.takeClaims(rider);
    else this.takeOther(rider);
  }

  private takeClaims(rider: Rider): void {
    const { request, claims } = rider;
    const lastForm = (claim: Claim) => this.view.claims.find(({ id }) => id === claim.id) ?? claim;
    const isOver = claims.some((claim) => !isLive(lastForm(claim), this.now));
    const decision = isOver ? null : this.decide({ ...request, reach: 'remote' } as Request);
    if (decision === null || !decision.ok) {
      const over = { by: null, why: 'it expired before the remote was asked' };
      this.lose(rider, decision === null ? over : causeOf(decision.refusal));
      return;
    }
    const made = new Set(claims.map(({ target }) => target));
    const granted = 'claims' in decision.result ? decision.result.claims : [];
    if (rider.asked) this.outcome.confirmed.push(...granted.filter(({ target }) => made.has(target)));
  }

  private lose({ request, claims }: Rider, cause: { readonly by: string | null; readonly why: string }): void {
    if (claims.length === 0) return;
    const { agent, session, policy, operation } = request;
    const askedAs = request.requestId ?? '';
    const requestId = askedAs === '' ? null : `${askedAs}-lost`;
    const base = { operation: `${operation}-lost`, requestId, agent, session, policy };
    const decision = this.decide({ kind: 'lose-offline', ...base, claims, askedAs, ...cause });
    const lost = decision.ok && 'lost' in decision.result ? decision.result.lost : claims;
    this.outcome.lost.push(...lost);
  }

  private takeOther({ request, provisional }: Rider): void {
    const decision = this.decide(withNames(request, this.outcome.named));
    const written = writtenBy(request, provisional);
    if (!decision.ok) {
      const { refusal } = decision;
      this.outcome.refused.push(...written.map((one) => ({ ...one, refusal })));
      return;
    }
    const { result } = decision;
    const added = 'note' in result ? [result.note] : 'tasks' in result ? result.tasks : [];
    const ids = added.map((one) => one?.id);
    this.outcome.named.push(...written.map((one, index) => ({ ...one, id: ids[index] ?? one.was })));
  }

  private decide(request: Request): Decision {
    const decision = decide(this.state, request, this.now);
    if (!decision.ok) return decision;
    this.state = decision.state;
    // They stand among those of the operation that carries them, and say of which they are.
    this.events.push(...decision.events.map((event) => ({ ...event, along: request.operation })));
    return decision;
  }
}

/** The notes and tasks that a rider wrote, by their provisional ids. */
function writtenBy(request: OfflineRequest, provisional: number): WrittenHere[] {
  const [what, letter, count] =
    request.kind === 'note'
      ? (['note', 'n', 1] as const)
      : (['task', 't', request.kind === 'task-add' ? request.drafts.length : 0] as const);
  return Array.from({ length: count }, (_, index) => {
    return { agent: request.agent, what, was: newId({ provisional }, letter, 0, index + 1) };
  });
}

/** The request with the ids that the remote gave in the place of provisional ones. */
function withNames(request: OfflineRequest, named: Rode['named']): OfflineRequest {
  const own = (id: string) => named.find(({ was }) => was === id)?.id ?? id;
  if (request.kind === 'note') return request.ref === null ? request : { ...request, ref: own(request.ref) };
  if (request.kind !== 'task-add') return request;
  return { ...request, drafts: request.drafts.map((draft) => ({ ...draft, after: draft.after.map(own) })) };
}

function causeOf(refusal: Refusal): { readonly by: string | null; readonly why: string } {
  if (refusal.code === 'held') {
    const by = 'conflicts' in refusal ? (refusal.conflicts[0]?.agent ?? null) : null;
    return { by, why: by === null ? refusal.reason : `held by ${by}` };
  }
  return { by: null, why: refusal.code === 'behind' ? "HEAD lacks the last holder's work" : refusal.reason };
}
