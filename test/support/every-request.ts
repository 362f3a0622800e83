import fc from 'fast-check';
import { groundOf } from '../../src/domain/claims/conflicts.js';
import { decide } from '../../src/domain/decide.js';
import { patternTarget } from '../../src/domain/ground/patterns.js';
import { type Claim, EMPTY_STATE, type State } from '../../src/domain/model.js';
import type { RequestBase } from '../../src/domain/request.js';
import type { Kind, Request, RequestOf } from '../../src/domain/request-table.js';
import type { Instant } from '../../src/domain/time.js';
import { at, POLICY } from './requests.js';

type Own<K extends Kind> = Omit<RequestOf<K>, keyof RequestBase | 'kind'>;

/** So few of each that requests meet: the same ground, the same ids, the same agents. */
const AGENTS = ['maya', 'noor', 'kim'] as const;
const agent = fc.constantFrom(...AGENTS);
const commit = fc.constantFrom('a'.repeat(40), 'b'.repeat(40), 'c'.repeat(40));
const text = fc.constantFrom('one', 'two');
const path = fc.constantFrom('src/a.ts', 'src/b.ts', 'docs/c.md');
const ground = fc.constantFrom('src/a.ts', 'src/**', 'src/*.ts', 'docs/**', '@deploy/prod', '@db').map(patternTarget);
const grounds = fc.uniqueArray(ground, { minLength: 1, maxLength: 2, selector: (target) => target.text });
const nullable = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });
const instant = fc.constant('2026-11-21T12:00:00.000Z');
/** The id of something that earlier requests made, most often the first of its kind. */
const made = (letter: string) =>
  fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 5 })).map((number) => `${letter}${number}`);
const task = fc.constantFrom('t1', 't2', 't3');
const mode = fc.constantFrom('exclusive' as const, 'shared' as const);
const reach = fc.constantFrom('clone' as const, 'remote' as const);
const contains = fc.dictionary(commit, fc.boolean(), { maxKeys: 2 });
const step = fc.constantFrom('claim' as const, 'sync' as const, 'run' as const);
const change = fc.record({ base: commit, path, from: nullable(path), blob: nullable(commit) });
const changes = nullable(fc.array(change, { maxLength: 2 }));
const work = { commit: nullable(commit), commitNamed: fc.boolean(), changes, uncommitted: fc.boolean() };
const checks = fc.array(fc.record({ step, finding: text, at: instant }), { maxLength: 1 });

const taking = {
  reason: nullable(text),
  expectSeconds: nullable(fc.constantFrom(60, 600)),
  head: nullable(commit),
  contains,
  allowBehind: fc.boolean(),
  reach,
  rules: nullable(text),
  ticket: nullable(made('w')),
};
const terms = fc.record({
  ...taking,
  targets: grounds.map((targets) => targets.map((target) => ({ target, ttlSeconds: 1800 }))),
  mode,
});
/** The terms of the claim on one resource. */
const termsOn = (name: string) =>
  terms.map((all) => ({
    ...all,
    targets: [{ target: patternTarget(name), ttlSeconds: 600 }],
    mode: 'exclusive' as const,
    byOwnVerb: true as const,
  }));
const ttl = fc.record({
  asked: nullable(fc.constant(900)),
  byDefault: fc.constant(1800),
  resources: fc.constant({}),
});
const draft = fc.record({
  key: fc.constant(null),
  where: fc.constant(null),
  title: text,
  text,
  scope: fc.uniqueArray(ground, { maxLength: 1 }).map((all) => all.filter(({ kind }) => kind !== 'resource')),
  after: fc.array(task, { maxLength: 1 }),
  role: nullable(fc.constantFrom('peer' as const, 'worker' as const)),
  accept: fc.constant([]),
  priority: fc.nat({ max: 2 }),
});
const file = fc.record({
  path,
  blob: nullable(commit),
  mode: fc.constant('100644' as const),
  bytes: fc.nat({ max: 9 }),
  base: nullable(commit),
  baseMode: fc.constant('100644'),
  carriesBase: fc.boolean(),
});
const attempt = fc.record({
  target: fc.constant('prod'),
  action: fc.constant('deploy' as const),
  commit,
  rules: nullable(text),
  command: fc.constant(['x']),
  rollback: fc.constant(null),
  gates: fc.constant([]),
  startedAt: instant,
});
const deploy = made('d');
const submission = made('n');
const held = made('c');

/** Each kind of request, but for what all of them have. */
export const OWN: { readonly [K in Kind]: fc.Arbitrary<Own<K>> } = {
  claim: terms,
  wait: fc.record({ claim: terms, ticketSeconds: fc.constant(20), passive: fc.boolean() }),
  'leave-queue': fc.record({
    ticket: made('w'),
    outcome: fc.constantFrom('timeout' as const, 'behind' as const),
  }),
  renew: fc.record({ targets: nullable(grounds), ttlSeconds: nullable(fc.constant(3600)) }),
  'keep-alive': fc.record({}),
  release: fc.record({ targets: nullable(grounds), ...work }),
  land: fc.record({
    ...{ commit, branch: fc.constant('main'), from: commit, changes },
    paths: fc.uniqueArray(path, { maxLength: 2 }),
    tasks: nullable(fc.array(task, { maxLength: 1 })),
    open: fc.constant({}),
  }),
  merged: fc.record({ targets: grounds, commit, changes, unfinished: fc.constant([]), open: fc.constant({}) }),
  'take-over': fc.record({ claim: terms }),
  handoff: fc.record({
    targets: grounds,
    to: nullable(agent),
    commit: nullable(commit),
    commitNamed: fc.boolean(),
    note: nullable(text),
  }),
  accept: fc.record({
    targets: nullable(grounds),
    ...{ head: nullable(commit), contains, allowBehind: fc.boolean(), reach, rules: nullable(text) },
  }),
  decline: fc.record({ targets: nullable(grounds), reason: nullable(text) }),
  'lose-offline': fc.record({ claims: fc.constant([]), askedAs: text, by: nullable(agent), why: text }),
  'once-begin': fc.record({ key: text, claim: termsOn('@once/one'), command: text, retry: fc.boolean() }),
  'once-finish': fc.record({
    ...{ key: text, claimId: held, exit: fc.nat({ max: 1 }), output: text, truncated: fc.boolean() },
  }),
  'once-forget': fc.record({ key: text }),
  'deploy-begin': fc.record({ attempt, claim: termsOn('@deploy/prod'), retry: fc.boolean(), checks }),
  'deploy-block': fc.record({ attempt, step, why: text }),
  'deploy-start': fc.record({ deploy, target: fc.constant('prod'), sync: fc.constant(null), checks }),
  'deploy-finish': fc.record({
    ...{ deploy, status: fc.constantFrom('done' as const, 'failed' as const), step, why: nullable(text) },
    ...{ exit: nullable(fc.nat({ max: 1 })), ran: fc.boolean(), verification: fc.constant(null), checks },
    gates: fc.constant([]),
  }),
  'session-start': fc.record({
    role: fc.constantFrom('peer' as const, 'orchestrator' as const, 'worker' as const),
    ...{ person: fc.boolean(), rules: nullable(text) },
  }),
  'session-end': fc.record({}),
  'set-state': fc.record({ text: nullable(text) }),
  kill: fc.record({ victim: agent, reason: text, person: fc.boolean() }),
  revive: fc.record({ victim: agent, person: fc.boolean() }),
  note: fc
    .record({
      noteKind: fc.constantFrom('note' as const, 'ack' as const),
      ...{ text, to: fc.array(agent, { maxLength: 1 }), target: nullable(path) },
      ...{ needsAck: fc.array(agent, { maxLength: 1 }), ref: nullable(submission) },
      ...{ answerSeconds: fc.constantFrom(null, 600), refused: fc.boolean() },
    })
    .map((note) => ({ ...note, ref: note.noteKind === 'ack' ? (note.ref ?? 'n1') : note.ref })),
  submit: fc.record({
    ...{ to: nullable(agent), text, commit: nullable(commit), task: nullable(task) },
    files: fc.array(file, { minLength: 1, maxLength: 1 }),
  }),
  integrate: fc.record({
    ...{ submission, paths: fc.uniqueArray(path, { maxLength: 2 }), scratch: fc.constant([]) },
    ...{ conflicts: fc.constant(0), person: fc.boolean() },
  }),
  'submissions-landed': fc.record({
    submissions: fc.array(submission, { minLength: 1, maxLength: 1 }),
    commit,
    open: fc.constant({}),
  }),
  'drop-submission': fc.record({ submission, reason: nullable(text), person: fc.boolean() }),
  'task-add': fc.record({ drafts: fc.array(draft, { minLength: 1, maxLength: 2 }) }),
  'task-edit': fc.record({ id: task, changes: fc.record({ title: text }), retry: fc.boolean() }),
  'task-drop': fc.record({ id: task, reason: nullable(text), person: fc.boolean() }),
  'task-take': fc.record({
    ...taking,
    ttl,
    id: nullable(task),
    another: fc.boolean(),
    ticketSeconds: fc.constant(null),
  }),
  'task-done': fc.record({
    ...{ ...taking, ...work, ttl, id: nullable(task), text: nullable(text), landed: fc.boolean() },
    ...{ open: fc.constant([]), person: fc.boolean() },
  }),
  'task-return': fc.record({ ...work, id: nullable(task), reason: nullable(text), person: fc.boolean() }),
};

export const KINDS = Object.keys(OWN) as readonly Kind[];

/** A request of one kind; its operation is still to be set. */
export function requestOf<K extends Kind>(kind: K): fc.Arbitrary<Request> {
  return fc
    .tuple(agent, nullable(fc.constant('s1')), OWN[kind] as fc.Arbitrary<object>)
    .map(([who, session, own]) => ({ ...own, kind, operation: '', agent: who, session, policy: POLICY }) as Request);
}

/** What makes that there is something to decide, for kinds that mostly would find nothing. */
const LEADS: { readonly [K in Kind]?: readonly Kind[] } = {
  claim: ['claim', 'release'],
  wait: ['claim', 'release'],
  'take-over': ['claim', 'release'],
  release: ['claim', 'deploy-begin'],
  renew: ['claim', 'deploy-begin'],
  merged: ['claim'],
  'leave-queue': ['wait'],
  handoff: ['session-start', 'claim'],
  accept: ['claim', 'handoff'],
  decline: ['claim', 'handoff'],
  'once-finish': ['once-begin'],
  'deploy-start': ['deploy-begin'],
  'deploy-finish': ['deploy-begin'],
  integrate: ['submit'],
  'drop-submission': ['submit'],
  'submissions-landed': ['submit'],
  'task-done': ['task-add', 'task-take'],
  'task-return': ['task-add', 'task-take'],
};

/** A request, on the state that some others have led to, at an instant. */
export interface Step {
  readonly state: State;
  readonly request: Request;
  readonly now: Instant;
}

/** What came before, and a last request of this kind. */
export function stepOf(kind: Kind): fc.Arbitrary<Step> {
  const any = fc.constantFrom(...KINDS).chain(requestOf);
  const pause = fc.constantFrom(1, 60, 1_000);
  const before = fc.array(fc.tuple(any, pause), { maxLength: 8 });
  const leads = fc.tuple(...(LEADS[kind] ?? []).map((lead) => fc.tuple(requestOf(lead), fc.boolean())));
  return fc.tuple(before, leads, requestOf(kind), fc.boolean()).map(([all, leading, last, isAimed]) => {
    let state = EMPTY_STATE;
    let seconds = 0;
    const ask = (request: Request, operation: string) => {
      const decision = decide(state, { ...request, operation }, at(seconds));
      if (decision.ok) state = decision.state;
    };
    const aimed = (request: Request, isAimed: boolean) => (isAimed ? onClaims(request, state) : request);
    for (const [index, [request, waited]] of all.entries()) {
      ask(request, `o${index}`);
      seconds += waited;
    }
    for (const [request, isOwn] of leading) {
      ask(aimed(isOwn ? { ...request, agent: last.agent } : request, isAimed), 'lead');
    }
    return { state, request: { ...aimed(last, isAimed), operation: 'last' }, now: at(seconds) };
  });
}

/** The request, on the targets of claims that there are: its agent's own, or those that it is offered. */
function onClaims(request: Request, { claims }: State): Request {
  const isMeant = ({ agent: holder, offer }: Claim) =>
    request.kind === 'accept' || request.kind === 'decline'
      ? offer?.to === request.agent
      : request.kind !== 'claim' && holder === request.agent;
  const targets = claims.filter(isMeant).map(groundOf);
  return 'targets' in request && request.targets !== null && targets.length > 0
    ? ({ ...request, targets } as Request)
    : request;
}
