import { isUtf8 } from 'node:buffer';
import { type Deployment, type LiveTarget, NO_DEPLOYMENTS } from '../../domain/deploy/records.js';
import type { Agent, Claim, Note, Release, State, Waiter } from '../../domain/model.js';
import { numberIn } from '../../domain/model.js';
import { parseStrictJson } from '../../domain/strict-json.js';
import { command } from '../../domain/suggestion.js';
import { NO_TASKS, type Task, type Tasks } from '../../domain/tasks/task.js';
import { listed, oneLine } from '../../domain/text.js';
import { CoordError } from '../../errors.js';
import type { HowVerified } from '../cache/verified-blobs.js';
import { checkRecord, type Fields, linesOf, recordLine, rememberLines, token } from './fields.js';
import {
  AGENT,
  ANSWERED_REQUEST,
  CLAIM,
  DEPLOYMENT,
  LIVE_TARGET,
  NOTE,
  ONCE,
  RELEASE,
  SUBMISSION,
  TASK,
  WAITER,
} from './schema.js';

/** Version of the files that this program writes; it reads no newer one. */
export const FORMAT = 1;

const MOST_PROBLEMS_LISTED = 50;

type ClaimsPart = Pick<State, 'lastToken' | 'lastClaim' | 'lastWaiter' | 'claims' | 'waiters' | 'releases'>;

const COUNTERS = ['lastToken', 'lastClaim', 'lastWaiter'] as const;
const CLAIMS_KEYS = [...COUNTERS, 'claims', 'waiters', 'releases'];

/**
 * `claims.json`: active claims (by token), waiters (in their turn), the last release of each target; nothing else.
 * @param before what is written over: the text of what stays is reused where it is known
 */
export function encodeClaims(state: ClaimsPart, before?: ClaimsPart): string {
  const { lastToken, lastClaim, lastWaiter, waiters, releases } = state;
  const claims = byToken(state.claims);
  return document([
    ['lastToken', String(lastToken)],
    ['lastClaim', String(lastClaim)],
    ['lastWaiter', String(lastWaiter)],
    ['claims', lines(claims, CLAIM, before?.claims)],
    ['waiters', lines(waiters, WAITER, before?.waiters)],
    ['releases', lines(releases, RELEASE, before?.releases)],
  ]);
}

/** The state as it is read back once it was written. */
export function inFileOrder(state: State): State {
  return { ...state, claims: byToken(state.claims), agents: byId(state.agents) };
}

function byToken(claims: readonly Claim[]): readonly Claim[] {
  return sorted(claims, (claim) => claim.token);
}

function byId(agents: readonly Agent[]): readonly Agent[] {
  return sorted(agents, (agent) => agent.id);
}

/** The very list where it is in order, as nearly always. */
function sorted<T>(records: readonly T[], key: (record: T) => number | string): readonly T[] {
  let last: number | string | undefined;
  for (const record of records) {
    const own = key(record);
    if (last !== undefined && own < last)
      return [...records].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
    last = own;
  }
  return records;
}

/** The text of a file's bytes. @throws CoordError `corrupt` when they are not UTF-8: read loosely, they would be changed. */
export function textOf(file: string, body: Buffer): string {
  if (!isUtf8(body)) throw damaged(file, [`${file}: not UTF-8`]);
  return body.toString('utf8');
}

/** @throws CoordError `corrupt`, with all problems, when the text is damaged or of a newer format. */
export function decodeClaims(source: string): ClaimsPart {
  return decoded('claims.json', source, CLAIMS_KEYS, (root, problems) => {
    for (const name of COUNTERS) {
      const problem = token(root[name]);
      if (problem) problems.push(`${name}: ${problem}`);
    }
    const part = {
      lastToken: root.lastToken as number,
      lastClaim: root.lastClaim as number,
      lastWaiter: root.lastWaiter as number,
      claims: list<Claim>('claims', root.claims, CLAIM, problems),
      waiters: list<Waiter>('waiters', root.waiters, WAITER, problems),
      releases: list<Release>('releases', root.releases, RELEASE, problems),
    };
    if (problems.length === 0) {
      checkTokens(part, problems);
      checkNumbers('claims', part.claims, part.lastClaim, 'lastClaim', problems);
      checkNumbers('waiters', part.waiters, part.lastWaiter, 'lastWaiter', problems);
    }
    return part;
  });
}

/** As {@link decodeClaims}, of a text that was verified before; the text of what stays is reused when it is written. */
export function decodeVerifiedClaims(source: string, how: HowVerified): ClaimsPart {
  const part = JSON.parse(source) as ClaimsPart;
  const { lastToken, lastClaim, lastWaiter, claims, waiters, releases } = part;
  if (how === 'written') rememberClaims(source, { claims, waiters, releases });
  return { lastToken, lastClaim, lastWaiter, claims, waiters, releases };
}

/** What {@link encodeClaims} has written, of a state in the order of its file, is reused when it is written over. */
export function rememberClaims(
  source: string,
  { claims, waiters, releases }: Pick<ClaimsPart, 'claims' | 'waiters' | 'releases'>,
): void {
  // Its format and its counters stand before them, a line each.
  rememberLines(source, 1 + COUNTERS.length, [claims, waiters, releases]);
}

function checkTokens(part: ClaimsPart, problems: string[]): void {
  const tokens = new Set<number>();
  for (const [index, claim] of part.claims.entries()) {
    if (claim.token > part.lastToken) problems.push(`claims[${index}].token: larger than lastToken`);
    if (tokens.has(claim.token)) problems.push(`claims[${index}].token: used twice`);
    tokens.add(claim.token);
  }
}

/** Each id once, and no number that is still to be given. */
function checkNumbers(
  name: string,
  records: readonly { readonly id: string }[],
  last: number,
  counter: string,
  problems: string[],
): void {
  const ids = new Set<string>();
  for (const [index, { id }] of records.entries()) {
    if (numberIn(id) > last) problems.push(`${name}[${index}].id: its number is larger than ${counter}`);
    if (ids.has(id)) problems.push(`${name}[${index}].id: used twice`);
    ids.add(id);
  }
}

/** A file of the state beside `claims.json` and the log. */
export interface StateDocument<Value> {
  readonly file: string;
  /** What counts where there is no such file yet. */
  readonly empty: Value;
  encode(value: Value): string;
  /** @throws CoordError `corrupt`, with all problems. */
  decode(source: string): Value;
}

/** All of them, by the part of the state that each holds. */
export const DOCUMENTS: { readonly [P in DocumentPart]: StateDocument<State[P]> } = {
  agents: oneList('agents.json', 'agents', AGENT, byId),
  /** The programs that run at most once to success. */
  onces: oneList('once.json', 'onces', ONCE),
  /** What runs where, and the newest attempts. */
  deployments: {
    file: 'deployments.json',
    empty: NO_DEPLOYMENTS,
    encode: ({ targets, attempts }) =>
      document([
        ['targets', lines(targets, LIVE_TARGET)],
        ['attempts', lines(attempts, DEPLOYMENT)],
      ]),
    decode: (source) =>
      decoded('deployments.json', source, ['targets', 'attempts'], (root, problems) => ({
        targets: list<LiveTarget>('targets', root.targets, LIVE_TARGET, problems),
        attempts: list<Deployment>('attempts', root.attempts, DEPLOYMENT, problems),
      })),
  },
  /** The answers to request ids. */
  requests: oneList('requests.json', 'requests', ANSWERED_REQUEST),
  /** Results that were handed over; the contents stand beside it, in `submissions/`. */
  submissions: oneList('submissions.json', 'submissions', SUBMISSION),
  /** The work that is given out, and its results, by the number in their ids. */
  tasks: {
    file: 'tasks.json',
    empty: NO_TASKS,
    encode: ({ last, tasks }) =>
      document([
        ['last', String(last)],
        [
          'tasks',
          lines(
            sorted(tasks, ({ id }) => numberIn(id)),
            TASK,
          ),
        ],
      ]),
    decode: (source) => decoded('tasks.json', source, ['last', 'tasks'], readTasks),
  },
};

export type DocumentPart = 'agents' | 'onces' | 'deployments' | 'requests' | 'submissions' | 'tasks';

/** A file that is one list of records. */
function oneList<T extends object>(
  file: string,
  key: string,
  fields: Fields<T>,
  inOrder: (records: readonly T[]) => readonly T[] = (records) => records,
): StateDocument<readonly T[]> {
  return {
    file,
    empty: [],
    encode: (records) => document([[key, lines(inOrder(records), fields)]]),
    decode: (source) => decoded(file, source, [key], (root, problems) => list<T>(key, root[key], fields, problems)),
  };
}

function readTasks(root: Readonly<Record<string, unknown>>, problems: string[]): Tasks {
  const lastProblem = token(root.last);
  if (lastProblem) problems.push(`last: ${lastProblem}`);
  const { last, tasks } = { last: root.last as number, tasks: list<Task>('tasks', root.tasks, TASK, problems) };
  if (problems.length === 0) checkNumbers('tasks', tasks, last, 'last', problems);
  return { last, tasks };
}

/**
 * A segment of the log: a line for the format, then a line a note. Segments are numbered from 0, since neither clocks nor
 * ids of different hosts can tell which came first.
 */
export function encodeLog(notes: readonly Note[], segment = 0): string {
  const head = segment === 0 ? { format: FORMAT } : { format: FORMAT, segment };
  return [JSON.stringify(head), ...notes.map((note) => onOneLine(recordLine(note, NOTE))), ''].join('\n');
}

/** JSON leaves raw what some readers of lines take for the end of one. */
function onOneLine(json: string): string {
  return json.replace(/[\u0085\u2028\u2029]/g, (end) => `\\u${end.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The number of a segment that {@link decodeLog} has found sound. */
export function segmentNumber(source: string): number {
  const { segment } = JSON.parse(source.slice(0, source.indexOf('\n'))) as { segment?: unknown };
  return typeof segment === 'number' ? segment : 0;
}

/** @throws CoordError `corrupt`, with all problems. */
export function decodeLog(file: string, source: string): Note[] {
  const problems: string[] = [];
  const [head, ...rest] = source.split('\n');
  const root = parseJson(file, head ?? '', problems) as { segment?: unknown } | null | undefined;
  checkFormat(file, root, problems);
  if (root?.segment !== undefined && token(root.segment) !== null) problems.push('segment: not a whole number');
  if (rest.pop() !== '') problems.push('the last line is torn: no newline at its end');
  const notes = rest.map((line, index) => {
    const value = parseJson(file, line, problems, `line ${index + 2}`);
    if (value !== undefined) checkRecord(`line ${index + 2}`, value, NOTE, problems);
    return value as Note;
  });
  if (problems.length > 0) throw damaged(file, problems);
  return notes;
}

function document(parts: readonly (readonly [string, string])[]): string {
  return `{\n${[['format', String(FORMAT)], ...parts].map(([name, value]) => `"${name}": ${value}`).join(',\n')}\n}\n`;
}

/** One record a line, so that a diff of the file reads well. */
function lines<T extends object>(records: readonly T[], fields: Fields<T>, before?: readonly T[]): string {
  if (records.length === 0) return '[]';
  return `[\n${linesOf(records, before, (record) => recordLine(record, fields))}\n]`;
}

/** What a document says. @throws CoordError `corrupt`, with all problems that `read` and the reading found */
function decoded<T>(
  file: string,
  source: string,
  keys: readonly string[],
  read: (root: Readonly<Record<string, unknown>>, problems: string[]) => T,
): T {
  const problems: string[] = [];
  const value = read(parseDocument(file, source, keys, problems), problems);
  if (problems.length > 0) throw damaged(file, problems);
  return value;
}

function list<T>(name: string, value: unknown, fields: Fields<T>, problems: string[]): readonly T[] {
  if (!Array.isArray(value)) {
    problems.push(`${name}: not a list`);
    return [];
  }
  for (let index = 0; index < value.length; index += 1)
    checkRecord(`${name}[${index}]`, value[index], fields, problems);
  return value as readonly T[];
}

function parseDocument(
  file: string,
  source: string,
  keys: readonly string[],
  problems: string[],
): Record<string, unknown> {
  const root = parseJson(file, source, problems);
  if (root === undefined) throw damaged(file, problems);
  checkFormat(file, root, problems);
  if (typeof root !== 'object' || root === null) throw damaged(file, problems);
  for (const name of Object.keys(root)) {
    if (name !== 'format' && !keys.includes(name)) problems.push(`${name}: unknown`);
  }
  return root as Record<string, unknown>;
}

function parseJson(file: string, source: string, problems: string[], where: string = file): unknown {
  try {
    return parseStrictJson(source);
  } catch (error) {
    problems.push(`${where}: not JSON (${(error as Error).message})`);
    return undefined;
  }
}

function checkFormat(file: string, root: unknown, problems: string[]): void {
  const format = (root as { format?: unknown } | null | undefined)?.format;
  if (typeof format === 'number' && format > FORMAT) {
    throw new CoordError('corrupt', `${file} has format ${format}; this coord reads up to ${FORMAT}`, {
      hint: 'upgrade coord: a newer one wrote this state',
      details: { file, format, supported: FORMAT, problems: [`format: ${format} is newer than ${FORMAT}`] },
    });
  }
  if (format !== FORMAT) problems.push(`format: ${JSON.stringify(format) ?? 'missing'}, not ${FORMAT}`);
}

function damaged(file: string, problems: readonly string[]): CoordError {
  return new CoordError(
    'corrupt',
    [`${file} is damaged:`, ...listed(problems, oneLine, MOST_PROBLEMS_LISTED)].join('\n'),
    {
      hint: `nothing was changed; look at its history: ${command('git log -p coord/state')}`,
      details: { file, problems },
    },
  );
}
