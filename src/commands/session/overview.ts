import { isLive } from '../../domain/claims/leases.js';
import type { ReceivedNote } from '../../domain/log/notes.js';
import type { Claim } from '../../domain/model.js';
import { type Need, needsOf } from '../../domain/status.js';
import { coord, form } from '../../domain/suggestion.js';
import type { TaskView } from '../../domain/tasks/standing.js';
import { oneLine, plural, shorten } from '../../domain/text.js';
import type { Instant } from '../../domain/time.js';
import { CoordError } from '../../errors.js';
import { timeLeft } from '../../render/format.js';
import type { SyncHint } from '../../render/session.js';
import type { Style } from '../../render/style.js';
import type { GitStore } from '../../store/swap/git-store.js';
import type { Context } from '../../workspace/context.js';
import { mainBranch } from '../../workspace/main-branch.js';
import { tasksNow } from '../tasks/tasks.js';
import type { Verb } from '../verb.js';
import { openNotes, syncHint } from './standing.js';

/** What `coord` alone shows: where its reader stands, and the words that an agent needs. It asks no remote. */
export const overview: Verb = {
  examples: [['coord', 'who you are, what you hold, who works beside you, and what to do next']],
  answers: {
    setUp: "'no-repository' | 'no' | 'yes'",
    agent: 'text | null',
    candidates: ['text[]', 'who could be meant, where several have a session in this worktree'],
    session: 'text | null',
    claims: ['Claim[]', 'yours'],
    others: 'Claim[]',
    tasks: ['Task[]', 'those that you have'],
    readyTasks: ['number', 'that can be taken, if their scope is free'],
    notes: ['Note[] | null', 'open notes to you; null: they cannot be known'],
    sync: 'object | null',
    needs: ['object[]', 'what waits for you, or for anybody'],
    problem: ['text | null', 'why there is no worktree here'],
    next: 'text',
    now: 'instant',
  },
  async run(context) {
    const standing = await standingOf(context);
    const now = context.now();
    return { data: { ...standing, now }, text: (style) => overviewLines(standing, now, style) };
  },
};

interface Standing {
  readonly setUp: 'no-repository' | 'no' | 'yes';
  /** null: not known; a command that needs it says who the candidates are. */
  readonly agent: string | null;
  /** Who could be meant, where several agents have a session in this worktree. */
  readonly candidates: readonly string[];
  readonly session: string | null;
  readonly claims: readonly Claim[];
  readonly others: readonly Claim[];
  /** The tasks that this agent has taken. */
  readonly tasks: readonly TaskView[];
  /** How many tasks can be taken, where their ground is free. */
  readonly readyTasks: number;
  /** Open notes to this agent; null: they cannot be known. */
  readonly notes: readonly ReceivedNote[] | null;
  readonly sync: SyncHint | null;
  /** What waits for this agent, or for anybody, oldest first. */
  readonly needs: readonly Need[];
  /** Why there is no repository to stand in, where that needs words of its own. */
  readonly problem: string | null;
  /** The one command to run next. */
  readonly next: string;
}

const NOWHERE: Omit<Standing, 'setUp' | 'next'> = {
  ...{
    agent: null,
    candidates: [],
    session: null,
    claims: [],
    others: [],
    tasks: [],
    readyTasks: 0,
    notes: [],
    sync: null,
    needs: [],
    problem: null,
  },
};

async function standingOf(context: Context): Promise<Standing> {
  const nowhere = {
    ...NOWHERE,
    setUp: 'no-repository',
    next: `go into a git repository; then ${coord('init')}`,
  } as const;
  try {
    void context.repository;
  } catch (error) {
    if (!(error instanceof CoordError && error.code === 'usage')) throw error;
    if (error.details.reason === 'no-repository') return nowhere;
    return { ...nowhere, problem: error.message, next: error.hint ?? nowhere.next };
  }
  const store = await openStore(context);
  if (store === 'no') return { ...NOWHERE, setUp: store, next: coord('init') };
  const { state } = await store.read(['tasks', 'submissions', 'deployments']);
  const known = context.identityIfKnown();
  const agent = known?.agent ?? null;
  const candidates = agent === null ? context.sessions.list().map((session) => session.agent) : [];
  const live = state.claims.filter((claim) => isLive(claim, context.now()));
  const tasks = await tasksNow(context, state);
  const notes = agent === null ? [] : await openNotes(store, agent);
  const facts = {
    setUp: 'yes',
    agent,
    candidates,
    session: known?.session ?? null,
    claims: live.filter((claim) => claim.agent === agent),
    others: live.filter((claim) => claim.agent !== agent),
    tasks: tasks.filter((task) => task.state === 'taken' && task.agent === agent),
    readyTasks: tasks.filter(({ ready }) => ready).length,
    notes,
    problem: null,
    sync: await syncHint(context, await mainBranch(context)),
  } as const;
  const needs = needsOf(state, { agent, notes: notes ?? [], tasks }, context.now());
  return { ...facts, needs, next: nextStep({ ...facts, needs }) };
}

async function openStore(context: Context): Promise<GitStore | 'no'> {
  try {
    const store = await context.store();
    await store.read();
    return store;
  } catch (error) {
    if (error instanceof CoordError && error.details.reason === 'not-set-up') return 'no';
    throw error;
  }
}

function nextStep({ agent, session, claims, readyTasks, needs, sync }: Omit<Standing, 'setUp' | 'next'>): string {
  if (agent === null) return form('session start --agent YOUR-ID');
  if (session === null) return coord('session start');
  const [need] = needs;
  if (need) return need.next;
  if ((sync?.behind ?? 0) > 0) return coord('sync-check');
  if (claims.length > 0) return `${sync?.ahead === 0 ? 'commit your work, then ' : ''}${coord('land')}`;
  return readyTasks > 0 ? coord('task take') : form('claim PATH --reason "why"');
}

/** The words that an agent needs, with what each is for. */
const WORDS: readonly (readonly [command: string, meaning: string])[] = [
  ['session start', 'the rules, who holds what, what to do next'],
  ['claim PATH', 'before you change it'],
  ['task take', 'the next piece of work, with its paths claimed'],
  ['status', 'who is where, and who waits'],
  ['land', 'push to main and give your claims back, both or neither'],
  ['release PATH', 'give a claim back'],
  ['note "…"', 'tell the others; coord inbox reads what they tell you'],
  ['sync-check', 'before a deploy: is this copy current?'],
];

const MOST_SHOWN = 4;
const MOST_NEEDS = 2;
const WIDEST_TARGET = 60;

function overviewLines(standing: Standing, now: Instant, style: Style): string[] {
  const width = Math.max(...WORDS.map(([command]) => command.length)) + 2;
  return [
    style.bold('coord: several agents change one repository, and nobody undoes the work of another'),
    ...(standing.setUp === 'yes'
      ? standingLines(standing, now, style)
      : [standing.problem ?? NOT_SET_UP[standing.setUp]]),
    '',
    ...WORDS.map(([command, meaning]) => `  coord ${command.padEnd(width)}${style.dim(meaning)}`),
    '',
    `${style.bold('next:')} ${standing.next}`,
    `${style.bold('more:')} coord help`,
  ];
}

const NOT_SET_UP = {
  'no-repository': 'this folder is not in a git repository',
  no: 'this repository is not set up for it yet',
} as const;

function standingLines(
  { agent, candidates, session, claims, others, tasks, readyTasks, notes, sync, needs }: Standing,
  now: Instant,
  style: Style,
): string[] {
  const several =
    candidates.length === 0 ? 'not known yet' : `${candidates.join(' or ')}: say which with --agent or COORD_AGENT`;
  const you = agent === null ? several : `${agent}${session === null ? ', no session yet' : ''}`;
  const mine = claims.map((claim) => `${targetOf(claim, style)} ${timeLeft(claim.expiresAt, now)}`);
  const theirs = others.map((claim) => `${claim.agent} ${targetOf(claim, style)} ${timeLeft(claim.expiresAt, now)}`);
  return [
    `you      ${you}`,
    `hold     ${listed(mine)}`,
    `task     ${taskLine(tasks, readyTasks)}`,
    `others   ${listed(theirs)}`,
    ...(agent === null ? [] : [`notes    ${notesLine(notes, agent)}`]),
    `copy     ${copyLine(sync)}`,
    ...needs.slice(0, MOST_NEEDS).map(({ what }) => `${style.warn('needs you')} ${what}`),
  ];
}

function targetOf({ target }: Claim, style: Style): string {
  return style.target(shorten(oneLine(target), WIDEST_TARGET));
}

function listed(parts: readonly string[]): string {
  if (parts.length === 0) return 'nothing';
  const more = parts.length - MOST_SHOWN;
  return [...parts.slice(0, MOST_SHOWN), ...(more > 0 ? [`and ${more} more: ${coord('status')}`] : [])].join(' · ');
}

function taskLine(tasks: readonly TaskView[], ready: number): string {
  if (tasks.length > 0) return listed(tasks.map(({ id, title }) => `${id} ${shorten(oneLine(title), WIDEST_TARGET)}`));
  return ready === 0 ? 'none' : `none; ${plural(ready, 'task')} can be taken: ${coord('task take')}`;
}

function notesLine(notes: readonly ReceivedNote[] | null, agent: string): string {
  if (notes === null) return `cannot be read: ${coord('log')}`;
  if (notes.length === 0) return 'none';
  const owed = notes.filter(({ pending }) => pending.includes(agent)).length;
  const waiting = owed === 0 ? '' : `, ${owed} of them ${owed === 1 ? 'waits' : 'wait'} for your answer`;
  return `${plural(notes.length, 'note')} to you${waiting}: ${coord('inbox')}`;
}

/** Never a verdict: only `coord sync-check` asks the remote. */
function copyLine(sync: SyncHint | null): string {
  if (!sync?.upstream) return 'no main branch is known here';
  const name = `${oneLine(sync.upstream)}${sync.fetched ? ' as last fetched' : ''}`;
  if (sync.behind === null) return `cannot be compared with ${name}: ${coord('sync-check')}`;
  const own = sync.ahead === 0 ? '' : `, and has ${plural(sync.ahead ?? 0, 'commit')} of its own`;
  return sync.behind === 0 ? `has all of ${name}${own}` : `lacks ${plural(sync.behind, 'commit')} of ${name}${own}`;
}
