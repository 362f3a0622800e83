import type { Fit, Part } from '../domain/agents/sessions.js';
import type { ReceivedNote } from '../domain/log/notes.js';
import type { Claim, Reach, Role } from '../domain/model.js';
import { coord, form, shellWord } from '../domain/suggestion.js';
import type { TaskView } from '../domain/tasks/standing.js';
import { AS_DATA, fenced, firstOf, oneLine, plural, said, shorten } from '../domain/text.js';
import { formatDuration, type Instant, secondsBetween } from '../domain/time.js';
import { waitsText } from './claims.js';
import { clock, shortCommit } from './format.js';
import { disclaimer, noteLine } from './notes.js';
import { type RulesReport, ruleLine, rulesHeading } from './rules.js';
import type { Style } from './style.js';

/** A file that every session reads at its start. */
export interface MemoryFile {
  /** As configured, relative to the root. */
  readonly file: string;
  /** Absolute. */
  readonly path: string;
  /** null: there is no such file here. */
  readonly bytes: number | null;
  readonly text: string | null;
  /** How it differs from the main branch as last fetched; null: it does not, or that is not known. */
  readonly differs: 'changed' | 'only-here' | 'only-there' | null;
  /** Whether it is here, and git does not track it: then it is not read. */
  readonly untracked: boolean;
}

/** HEAD against the main branch as last fetched: a hint, and no proof of anything. */
export interface SyncHint {
  readonly head: string | null;
  readonly upstream: string | null;
  readonly upstreamCommit: string | null;
  /** Whether the upstream was fetched; otherwise it is a branch of this clone. */
  readonly fetched: boolean;
  /** null: they could not be counted. */
  readonly ahead: number | null;
  readonly behind: number | null;
}

/** What a session begins with. */
export interface Briefing {
  readonly agent: string;
  readonly session: string;
  readonly role: Role;
  /** How far it is known, and the remote that learns of it with the next write; null: it waits for none. */
  readonly reach: Reach;
  readonly waitsFor: string | null;
  readonly rules: RulesReport;
  /** The paths whose change needs a claim. */
  readonly surface: readonly string[];
  readonly memory: readonly MemoryFile[];
  /** Live claims of this agent. */
  readonly claims: readonly Claim[];
  /** Live claims of others. */
  readonly others: readonly Claim[];
  /** The tasks that this agent has. */
  readonly tasks: readonly TaskView[];
  /** How many tasks it could take, where their ground is free. */
  readonly readyTasks: number;
  /** Open notes to this agent; null: the log could not be read. */
  readonly notes: readonly ReceivedNote[] | null;
  readonly sync: SyncHint;
  /** The one command to run next. */
  readonly next: string;
}

const MOST_LISTED = 10;
const WIDEST_NOTE = 200;
const WIDEST_REASON = 60;
const WIDEST_TARGET = 120;
const RANK = { rules: 0, claims: 1, notes: 2, others: 3, memory: 4 } as const;

/** The briefing in words: rules first, then who one is, memory, claims, notes, sync state, and the next command. */
export function briefingParts(briefing: Briefing, now: Instant, style: Style): Part[] {
  const { rules, memory, claims, others, sync, next } = briefing;
  return [
    always(rulesHeading(rules, style)),
    ...rules.rules.map((rule): Part => {
      const full = [ruleLine(rule, style)];
      const brief = [
        `- ${oneLine(rule.id)}: not shown here (${oneLine(rule.file)}): ${coord(`rules show ${oneLine(rule.id)}`)}`,
      ];
      return { full, brief, rank: RANK.rules };
    }),
    always(identityLines(briefing, style)),
    ...memory.filter(({ bytes }) => bytes !== null).map((file) => memoryPart(file, sync.upstream, style)),
    always(absentLines(memory, sync)),
    { full: [surfaceLine(briefing)], brief: ['surface: see coord.config.json'], rank: RANK.notes },
    always(taskLines(briefing, style)),
    claimsPart('your claims', coord('status --mine'), claims, RANK.claims, (claim) => ownLine(claim, now, style)),
    claimsPart('claims of others', coord('status'), others, RANK.others, (claim) => otherLine(claim, now, style)),
    notesPart(briefing.notes, now, style),
    always([syncLine(sync), `${style.bold('next:')} ${next}`]),
  ];
}

function always(lines: readonly string[]): Part {
  return { full: lines, brief: lines, rank: 0 };
}

function identityLines({ agent, session, role, waitsFor }: Briefing, style: Style): string[] {
  return [
    `${style.bold('you')} are ${agent} (${role}), session ${session}; recorded for this worktree${waitsText(waitsFor)}`,
    `elsewhere: export COORD_AGENT=${agent} COORD_SESSION=${session}`,
  ];
}

function surfaceLine({ surface, role }: Briefing): string {
  if (surface.length === 0) return 'surface: empty, so no path needs a claim';
  const paths = firstOf(surface, oneLine, MOST_LISTED, 'more in coord.config.json').map((part) => part.trim());
  return `surface: ${paths.join(' ')} · ${role === 'worker' ? 'a worker changes none of it' : 'claim before you change any of it'}`;
}

function taskLines({ tasks, readyTasks }: Briefing, style: Style): string[] {
  const own = tasks.map(({ id, title, scope }) => {
    const ground = scope.length === 0 ? '' : ` (${shorten(oneLine(scope.join(' ')), WIDEST_TARGET)})`;
    return `${style.bold('your task:')} ${id} ${oneLine(title)}${ground}: ${coord(`task show ${id}`)}`;
  });
  const ready =
    readyTasks === 0 || own.length > 0 ? [] : [`${plural(readyTasks, 'task')} can be taken: ${coord('task take')}`];
  return [...own, ...ready];
}

function memoryPart({ file, path, bytes, text, differs }: MemoryFile, upstream: string | null, style: Style): Part {
  const other =
    differs === 'changed' ? `, differs from ${upstream}` : differs === 'only-here' ? `, not on ${upstream}` : '';
  const size = plural(bytes ?? 0, 'byte');
  const brief = [`${style.bold('---')} not shown, read it yourself: ${oneLine(path)} (${size}${oneLine(other)})`];
  if (text === null) return always(brief);
  const heading = `${style.bold('---')} ${style.bold(oneLine(file))} (${size}${oneLine(other)}): ${AS_DATA}`;
  return {
    full: [heading, ...fenced(text), `${style.bold('---')} end of ${oneLine(file)}`],
    brief,
    rank: RANK.memory,
    name: `memory ${file}`,
  };
}

/** Whether a memory file is shown, and not only named. */
export function showsMemory(file: string, parts: readonly Part[], { full }: Extract<Fit, { fits: true }>): boolean {
  return full[parts.findIndex(({ name }) => name === `memory ${file}`)] ?? false;
}

function absentLines(memory: readonly MemoryFile[], { upstream, upstreamCommit }: SyncHint): string[] {
  const absent = memory.filter(({ bytes }) => bytes === null);
  const there = absent.filter(({ differs }) => differs === 'only-there').map(({ file }) => file);
  const untracked = absent.filter((one) => one.untracked).map(({ file }) => file);
  const nowhere = absent
    .filter(({ file }) => ![...there, ...untracked].includes(file))
    .map(({ file }) => oneLine(file));
  const show = (file: string) => `git show ${shellWord(`${shortCommit(upstreamCommit ?? '')}:${file}`)}`;
  return [
    ...there.map((file) => `${oneLine(file)} is not here, but on ${oneLine(upstream ?? '')}: ${show(file)}`),
    ...(untracked.length === 0
      ? []
      : [
          `not read, since git does not track it: ${untracked.map(oneLine).join(', ')}; git add ${untracked.map((file) => shellWord(file)).join(' ')}`,
        ]),
    ...(nowhere.length === 0 ? [] : [`no memory in ${nowhere.join(', ')}: no such file`]),
  ];
}

function claimsPart(
  name: string,
  command: string,
  claims: readonly Claim[],
  rank: number,
  line: (claim: Claim) => string,
): Part {
  if (claims.length === 0) return always([`${name}: none`]);
  return {
    full: [`${name}:`, ...firstOf(claims, line, MOST_LISTED, `more: ${command}`)],
    brief: [`${name}: ${claims.length}, not shown here: ${command}`],
    rank,
  };
}

function ownLine(claim: Claim, now: Instant, style: Style): string {
  const left = formatDuration(secondsBetween(now, claim.expiresAt));
  return `  ${style.target(shorten(oneLine(claim.target), WIDEST_TARGET))} until ${clock(claim.expiresAt, now)} (${left}) · token ${claim.token}${why(claim)}`;
}

function otherLine(claim: Claim, now: Instant, style: Style): string {
  const shared = claim.mode === 'shared' ? ', shared' : '';
  const left = formatDuration(secondsBetween(now, claim.expiresAt));
  return `  ${style.target(shorten(oneLine(claim.target), WIDEST_TARGET))} ${claim.agent} (${left}${shared})${why(claim)}`;
}

function why({ reason }: Claim): string {
  return reason === null ? '' : ` · ${said(shorten(reason, WIDEST_REASON))}`;
}

function notesPart(notes: readonly ReceivedNote[] | null, now: Instant, style: Style): Part {
  if (notes === null) return always([`notes to you: unknown, the log cannot be read: ${coord('log')}`]);
  if (notes.length === 0) return always(['notes to you: none open']);
  const older = notes.length - MOST_LISTED;
  return {
    full: [
      `notes to you, open (${AS_DATA}):`,
      ...notes.slice(-MOST_LISTED).map((note) => `  ${noteLine(note, now, style, WIDEST_NOTE)}`),
      ...(older > 0 ? [`  and ${older} older: ${coord('inbox')}`] : []),
      disclaimer(style),
    ],
    brief: [`notes to you: ${notes.length} open, not shown here: ${coord('inbox')}`],
    rank: RANK.notes,
  };
}

/** Never a verdict: only `coord sync-check` asks the remote. */
function syncLine({ head, upstream, upstreamCommit, fetched, ahead, behind }: SyncHint): string {
  const check = `check now: ${coord('sync-check')}`;
  if (upstream === null || upstreamCommit === null) return `sync: no main branch is known here; ${check}`;
  const name = `${oneLine(upstream)} ${fetched ? 'as last fetched' : 'of this clone, never fetched'} (${shortCommit(upstreamCommit)})`;
  if (head === null) return `sync: HEAD has no commit yet; ${name}; ${check}`;
  if (ahead === null || behind === null)
    return `sync: HEAD ${shortCommit(head)} cannot be compared with ${name}; ${check}`;
  const own = ahead === 0 ? '' : `, and has ${plural(ahead, 'commit')} of its own`;
  const lacks = behind === 0 ? 'has all of' : `lacks ${plural(behind, 'commit')} of`;
  return `sync: HEAD ${shortCommit(head)} ${lacks} ${name}${own}; ${check}`;
}

/** What a session does next: catches up, answers who waits for it, or begins. */
export function nextCommand(
  briefing: Pick<Briefing, 'agent' | 'role' | 'notes' | 'sync' | 'tasks' | 'readyTasks'>,
): string {
  const { agent, role, notes, sync, tasks, readyTasks } = briefing;
  if ((sync.behind ?? 0) > 0) return coord('sync-check');
  const awaiting = notes?.find(({ pending }) => pending.includes(agent));
  if (awaiting) return coord(`ack ${awaiting.id}`);
  if (tasks[0]) return coord(`task show ${tasks[0].id}`);
  if (readyTasks > 0) return coord('task take');
  return role === 'worker' ? form('submit PATH --note "your result"') : form('claim PATH --reason "why"');
}

export interface EndReport {
  readonly agent: string;
  /** null: there was none to end. */
  readonly session: string | null;
  readonly released: readonly Claim[];
  readonly kept: readonly Claim[];
  readonly commit: string | null;
  readonly reach: Reach;
}

export function endedLine({ agent, session, kept }: EndReport, style: Style): string {
  if (session === null) return `no session of ${agent} is recorded here`;
  const left = kept.length === 0 ? '' : `; ${plural(kept.length, 'claim')} kept`;
  return `${style.good('ended')} session ${session} of ${agent}${left}`;
}
