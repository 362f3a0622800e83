import type { CoordEvent } from '../../../../src/domain/events.js';
import type { Call } from './client.js';
import { isOffline } from './client.js';
import type { EventAt, HistoryIndex } from './index-of.js';
import type { Operation } from './operations.js';

/** Verbs whose answer says exactly what they did, so that it can be found in the history. */
export const PLACED: readonly string[] = [
  'claim',
  'release',
  'renew',
  'note',
  'ack',
  'handoff',
  'handoff accept',
  'handoff decline',
  'land',
  'submit',
  'integrate',
  'task add',
  'task take',
  'task done',
  'task return',
];

/** Of these, the ones that answer with claims or notes. */
const LISTING = PLACED.slice(0, PLACED.indexOf('land'));

export interface AnsweredClaim {
  readonly id: string;
  readonly token: number;
  readonly target: string;
  readonly agent: string;
  readonly mode: string;
  readonly expiresAt: string;
}

export function told({ mark, agent, verb, args, exit }: Call): string {
  return `${mark} (${agent}: ${verb} ${args.slice(1).join(' ')}, exit ${exit})`;
}

/** The operation of an acknowledged call; what it answers is compared with what stands there. Null: it wrote nothing. */
export function place(call: Call, index: HistoryIndex, problems: string[]): Operation | null {
  if (call.exit !== 0 || call.answer === null || isOffline(call)) return null;
  const { data } = call.answer;
  const answered =
    call.verb === 'release' ? data.released : call.verb === 'note' || call.verb === 'ack' ? data.notes : data.claims;
  if (LISTING.includes(call.verb) && !Array.isArray(answered)) {
    problems.push(`${told(call)}: answered neither claims nor notes: ${JSON.stringify(data)}`);
    return null;
  }
  const claims: readonly AnsweredClaim[] = answered;
  switch (call.verb) {
    case 'claim':
      return together(call, claims, (claim) => givenTo(call, claim, index), problems);
    case 'release':
      return together(call, claims, ({ id }) => index.releases.get(id) ?? [], problems);
    case 'renew':
      return together(call, claims, (claim) => renewedFor(claim, index), problems);
    case 'handoff accept':
      return together(call, claims, ({ id }) => index.grants.get(id) ?? [], problems);
    case 'handoff':
      // The same offer again changes nothing.
      return together(call, claims, ({ id }) => (index.offers.get(id) ?? []).slice(0, 1), problems) && null;
    case 'handoff decline':
      return together(call, claims, ({ id }) => (index.declines.get(id) ?? []).slice(-1), problems);
    case 'note':
    case 'ack':
      return noted(call, data.notes?.[0], index, problems);
    case 'land':
      return landed(call, data, index, problems);
    case 'submit':
    case 'integrate':
      return handedOver(call, data, index, problems);
    case 'task add':
    case 'task take':
    case 'task done':
    case 'task return':
      return taskOf(call, data, index, problems);
    default:
      return null;
  }
}

/** What the verbs of tasks answer, as far as it is checked. */
interface AnsweredTask {
  readonly task: { readonly id: string };
  readonly tasks: readonly { readonly id: string }[];
  readonly claims: readonly AnsweredClaim[];
  readonly released: readonly AnsweredClaim[];
  readonly again: boolean;
}

const TASK_EVENTS: Readonly<Record<string, string>> = {
  'task add': 'task.added',
  'task take': 'task.taken',
  'task done': 'task.done',
  'task return': 'task.returned',
};

/**
 * Each task of the answer has exactly one event there, in the operation that gave or took its claims. Null for one that
 * ends without paths, as what was submitted does.
 */
function taskOf(
  call: Call,
  { task, tasks, claims, released, again }: AnsweredTask,
  index: HistoryIndex,
  problems: string[],
): Operation | null {
  if (again) return together(call, claims, (claim) => keptFor(claim, index), problems);
  const operation =
    call.verb === 'task take'
      ? together(call, claims, (claim) => inOperation(claim, claims, index), problems)
      : together(call, released ?? [], ({ id }) => index.releases.get(id) ?? [], problems);
  const named = tasks ?? [task];
  const type = TASK_EVENTS[call.verb];
  const found = named.map(({ id }) =>
    (index.tasks.get(id) ?? []).filter(
      (one) => one.event.type === type && (tasks !== undefined || one.operation === operation),
    ),
  );
  if (operation === null && tasks === undefined) return null;
  for (const [at, events] of found.entries()) {
    if (events.length !== 1) problems.push(`${told(call)}: ${type} of ${named[at]?.id} stands ${events.length} times`);
  }
  const operations = new Set(found.flatMap((events) => events.map((one) => one.operation)));
  if (operations.size > 1) problems.push(`${told(call)}: its tasks stand in ${operations.size} operations`);
  return [...operations][0] ?? operation;
}

/** What a task that the agent had already was extended by; what it lost of its ground may be granted again. */
function keptFor(claim: AnsweredClaim, index: HistoryIndex): readonly EventAt[] {
  const renewed = renewedFor(claim, index);
  return renewed.length > 0 ? renewed : (index.grants.get(claim.id) ?? []);
}

/** Where a claim of a task was given: in the operation that gave what stands for the task itself, the last of them. */
function inOperation({ id }: AnsweredClaim, claims: readonly AnsweredClaim[], index: HistoryIndex): readonly EventAt[] {
  const [lease] = index.grants.get(claims.at(-1)?.id ?? '') ?? [];
  const given = [...(index.grants.get(id) ?? []), ...(index.renewals.get(id) ?? [])];
  return given.filter(({ operation }) => operation === lease?.operation);
}

/** Each claim of the answer has exactly one event, all in one operation, and all of it is this agent's. */
function together(
  call: Call,
  claims: readonly AnsweredClaim[],
  eventsOf: (claim: AnsweredClaim) => readonly EventAt[],
  problems: string[],
): Operation | null {
  const operations = new Set<Operation>();
  for (const claim of claims) {
    const found = eventsOf(claim);
    if (found.length !== 1) problems.push(`${told(call)}: ${claim.id} stands ${found.length} times in the history`);
    const [own] = found;
    if (!own) continue;
    operations.add(own.operation);
    const { event } = own;
    const mine = call.verb === 'handoff decline' || claim.agent === call.agent;
    const same = event.target === claim.target && event.agent === claim.agent && event.mode === claim.mode;
    const life = event.expiresAt === undefined || event.expiresAt === claim.expiresAt;
    if (!same || !mine || !life || event.token !== claim.token) {
      problems.push(`${told(call)}: was told ${JSON.stringify(claim)}, but the history has ${JSON.stringify(event)}`);
    }
  }
  if (operations.size > 1) problems.push(`${told(call)}: its claims stand in ${operations.size} operations`);
  return [...operations][0] ?? null;
}

function givenTo(call: Call, { id }: AnsweredClaim, index: HistoryIndex): readonly EventAt[] {
  const given = [...(index.grants.get(id) ?? []), ...(index.renewals.get(id) ?? [])];
  return given.filter(({ event }) => event.reason === call.mark);
}

function renewedFor({ id, expiresAt, token }: AnsweredClaim, index: HistoryIndex): readonly EventAt[] {
  const renewals = index.renewals.get(id) ?? [];
  return renewals.filter(({ event }) => event.expiresAt === expiresAt && event.token === token).slice(-1);
}

function noted(
  call: Call,
  note: { readonly id: string; readonly agent: string } | undefined,
  index: HistoryIndex,
  problems: string[],
): Operation | null {
  const found = index.notes.get(note?.id ?? '') ?? [];
  if (found.length !== 1) problems.push(`${told(call)}: its note stands ${found.length} times in the history`);
  const text = index.texts.get(note?.id ?? '');
  if (note && (note.agent !== call.agent || text?.agent !== call.agent)) {
    problems.push(`${told(call)}: its note is of ${note.agent}, in the log of ${text?.agent}`);
  }
  if (call.verb === 'note' && text?.text !== call.mark) problems.push(`${told(call)}: its note says ${text?.text}`);
  // An ack that was given before is given again.
  return call.verb === 'note' ? (found[0]?.operation ?? null) : null;
}

/** What `coord land` answers, as far as it is checked. */
interface AnsweredLanding {
  readonly landed: boolean;
  readonly already: boolean;
  readonly commit: string;
  readonly released: readonly AnsweredClaim[];
}

/** Null for a dry run, and for what had landed before: its claims may have been released by hand. */
function landed(
  call: Call,
  { landed: done, already, commit, released }: AnsweredLanding,
  index: HistoryIndex,
  problems: string[],
): Operation | null {
  if (!done || already) return null;
  const found = (index.landings.get(commit) ?? []).filter(({ event }) => event.agent === call.agent);
  if (found.length !== 1) problems.push(`${told(call)}: ${commit} was landed ${found.length} times in the history`);
  const [own] = found;
  if (!own) return null;
  const named = (claims: readonly (AnsweredClaim | CoordEvent)[]) =>
    claims.map(({ token, target }) => `${token} ${target}`).join(', ');
  const given = named(own.operation.events.filter(({ type }) => type === 'claim.released'));
  if (given !== named(released)) {
    problems.push(`${told(call)}: was told of the release of ${named(released)}, but the history has ${given}`);
  }
  return own.operation;
}

/** What `coord submit` and `coord integrate` answer, as far as it is checked. */
interface AnsweredSubmission {
  readonly submission?: { readonly id: string; readonly closed: { readonly how: string } | null };
  readonly added?: boolean;
  readonly again?: boolean;
  readonly applied?: boolean;
}

/** Null for what had been done before, and where nothing was to be done. */
function handedOver(
  call: Call,
  { submission, added, again, applied }: AnsweredSubmission,
  index: HistoryIndex,
  problems: string[],
): Operation | null {
  if (!submission || (submission.closed === null && call.verb === 'integrate')) return null;
  const type = `work.${submission.closed?.how ?? 'submitted'}`;
  const found = (index.submissions.get(submission.id) ?? []).filter(({ event }) => event.type === type);
  if (found.length !== 1) problems.push(`${told(call)}: ${type} stands ${found.length} times in the history`);
  const before = again === true || added === false;
  return before || applied === false ? null : (found[0]?.operation ?? null);
}
