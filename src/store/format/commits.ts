import type { CoordEvent } from '../../domain/events.js';
import { isBranchRef } from '../../domain/state-ref.js';
import { oneLine, shorten } from '../../domain/text.js';
import { epochMs } from '../../domain/time.js';
import type { Entry } from '../swap/store.js';

const SUBJECT_LENGTH = 120;
const OPERATION_TRAILER = 'Coord-Operation: ';
const MOVED_TRAILER = 'Coord-Moved-To: ';
const STORE_TRAILER = 'Coord-Store: ';
const LEFT_TRAILER = 'Coord-Store-Left: ';
/**
 * What build hosts read as "build nothing", on a branch, of which each would make a preview: GitHub, GitLab and most others
 * look for the first anywhere, Cloudflare Pages at the beginning of the message, Amplify for the last at its end.
 */
const SKIP_AT_ONCE = '[skip ci] ';
const SKIP_ALSO = '[ci skip] [no ci] [skip actions] [skip netlify] [skip render] [vercel skip] ***NO_CI*** [skip-cd]';

/**
 * The body of a coordination commit object. The operation's random id makes it unlike any other commit, so that a push
 * answered by "up to date" can never be another's success.
 * @param place where it will stand
 */
export function commitBody(
  tree: string,
  parent: string | null,
  entry: Entry,
  deferred: readonly CoordEvent[],
  place: CommitPlace,
): Buffer {
  const onBranch = isBranchRef(place.ref);
  const when = `${Math.floor(epochMs(entry.at) / 1000)} +0000`;
  const who = `${entry.agent} <${entry.agent}@coord.invalid> ${when}`;
  const events = [...deferred, ...entry.events];
  return Buffer.from(
    [
      `tree ${tree}`,
      ...(parent === null ? [] : [`parent ${parent}`]),
      `author ${who}`,
      `committer ${who}`,
      '',
      `${onBranch ? SKIP_AT_ONCE : ''}${shorten(oneLine(entry.summary), SUBJECT_LENGTH)}`,
      '',
      ...events.map((event) => JSON.stringify(event)),
      '',
      ...operationTrailers(entry),
      ...(place.movedTo === undefined ? [] : [`${MOVED_TRAILER}${place.movedTo}`]),
      ...(place.store == null ? [] : [`${STORE_TRAILER}${place.store}`]),
      ...(place.left === undefined ? [] : [`${LEFT_TRAILER}${place.left}`]),
      '',
      ...(onBranch ? [SKIP_ALSO, ''] : []),
    ].join('\n'),
  );
}

/** Where a commit of the state will stand, and what decides after it. */
/** Whom the commits of the state name in the place of the agent, each as git writes it: `Name <email>`; null: the agent. */
export interface People {
  readonly author: string | null;
  readonly committer: string | null;
}

/** The body of a commit with other people in it, and the same times. */
export function withPeople(body: Buffer, { author, committer }: People): Buffer {
  const text = body.toString('utf8');
  const end = text.indexOf('\n\n');
  const named = (head: string, role: string, who: string | null) =>
    who === null ? head : head.replace(new RegExp(`^${role} .*(?= \\d+ [+-]\\d{4}$)`, 'm'), () => `${role} ${who}`);
  const head = named(named(text.slice(0, end), 'author', author), 'committer', committer);
  return Buffer.from(head + text.slice(end));
}

export interface CommitPlace {
  /** Full name of its ref. */
  readonly ref: string;
  /** Where the state goes on, this being the last commit of its old ref. */
  readonly movedTo?: string;
  /** What decides in the place of git from then on (`etcd CLUSTER PREFIX`); null: git does. */
  readonly store?: string | null;
  /** What decided until then, this being the last commit that it took. */
  readonly left?: string;
}

function operationTrailers({ operation, others = [] }: Entry): string[] {
  return [operation, ...others].map((id) => `${OPERATION_TRAILER}${id}`);
}

/** Whether the message is that of a commit which wrote an operation. */
export function performs(message: string, operation: string): boolean {
  return message.split('\n').includes(`${OPERATION_TRAILER}${operation}`);
}

/** Where the state went when coord was removed. */
export const NOWHERE = '-';

/**
 * The full name of the ref on which the state went on after a commit with this message; null: it did not move then. The
 * commit is the last one of the old ref, and one like any other on the new one.
 */
export function movedTo(message: string): string | null {
  return trailerOf(message, MOVED_TRAILER);
}

/** What decides in the place of git after a commit with this message; null: git does. */
export function storeIn(message: string): string | null {
  return trailerOf(message, STORE_TRAILER);
}

/** What took this commit as its last one (`git` or as {@link storeIn}); null: it was not the last. */
export function leftIn(message: string): string | null {
  return trailerOf(message, LEFT_TRAILER);
}

/** Every event is a line that begins with a brace, and the subject stands alone in its line: no text of others is a trailer. */
function trailerOf(message: string, trailer: string): string | null {
  const line = message.split('\n').findLast((one, index) => index > 0 && one.startsWith(trailer));
  return line === undefined ? null : line.slice(trailer.length).trim();
}

export interface CommitHeader {
  readonly tree: string;
  readonly parents: readonly string[];
  readonly message: string;
}

export function parseCommit(body: Buffer): CommitHeader {
  const source = body.toString('utf8');
  const end = source.indexOf('\n\n');
  const head = source.slice(0, end).split('\n');
  const valuesOf = (name: string) =>
    head.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1));
  return { tree: valuesOf('tree')[0] ?? '', parents: valuesOf('parent'), message: source.slice(end + 2) };
}

/** The events in the message of a coordination commit, in their order; what somebody else wrote there is passed over. */
export function eventsIn(message: string): CoordEvent[] {
  return message
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .flatMap((line) => parseEvent(line) ?? []);
}

/** The event that a line of JSON holds; null where it is none. */
export function parseEvent(line: string): CoordEvent | null {
  try {
    const value = JSON.parse(line) as CoordEvent | null;
    return typeof value?.id === 'string' && typeof value.type === 'string' ? value : null;
  } catch {
    return null;
  }
}
