import { overlaps } from '../../../../src/domain/ground/index.js';
import { patternTarget } from '../../../../src/domain/ground/patterns.js';
import type { Note } from '../../../../src/domain/model.js';
import type { BranchCommit } from './branch.js';
import { type Placed, windowsOf } from './check.js';
import { isOffline, type Spoken } from './client.js';
import type { Replay } from './replay.js';

/** What the sentences of commands are held against. */
interface Known {
  readonly commits: readonly BranchCommit[];
  readonly replay: Replay;
  readonly log: readonly Note[];
}

/** One kind of sentence: what it says, and whether the state shows that. */
interface Sentence {
  readonly form: RegExp;
  /** Exit codes that it may stand beside. */
  readonly exits: readonly number[];
  readonly holds: (words: readonly string[], said: Said, known: Known) => boolean;
}

interface Said extends Spoken {
  /** Indices of the commits that it can have seen, both included. */
  readonly window: readonly [first: number, last: number];
}

/** Whether one of the events that stand by then is of this agent, and like that. */
function did(
  type: string,
  { agent, window }: Said,
  { replay }: Known,
  like: (event: Readonly<Record<string, unknown>>) => boolean,
) {
  return replay.operations.some(
    ({ index, events }) =>
      index <= window[1] && events.some((event) => event.type === type && event.agent === agent && like({ ...event })),
  );
}

/** The end of a name may be cut off, and a commit is named by its beginning. */
function begins(whole: unknown, part: string): boolean {
  return String(whole ?? '').startsWith(part);
}

function meets(a: string, b: string): boolean {
  return overlaps(patternTarget(a), patternTarget(b), { foldCase: false });
}

const SENTENCES: readonly Sentence[] = [
  {
    form: /^(?:claimed|renewed) (\S+) until .* · token (\d+) · valid/,
    exits: [0],
    holds: ([target, token], said, known) =>
      // What the host alone granted is in the state only once the remote has confirmed it, which it may refuse.
      isOffline(said) ||
      ['claim.granted', 'claim.renewed', 'claim.handed-off'].some((type) =>
        did(type, said, known, (event) => event.target === target && event.token === Number(token)),
      ),
  },
  {
    form: /^released (\S+) at ([0-9a-f]{7})/,
    exits: [0],
    holds: ([target, commit = ''], said, known) =>
      did('claim.released', said, known, (event) => event.target === target && begins(event.commit, commit)),
  },
  {
    form: /^released (\S+) at [0-9a-f]{7} · the next holder must have it/,
    exits: [0],
    holds: ([target], said, known) =>
      did('claim.released', said, known, (event) => event.target === target && event.binds !== undefined),
  },
  {
    form: /^refused: (\S+) (?:is inside (\S+),|overlaps (\S+) \(.*\),|is) held by (\S+) (?:for|until) /,
    exits: [3, 9],
    holds: ([asked = '', inside, over, holder], { window: [first, last] }, { replay }) =>
      replay.steps.some(
        ({ index, holdings }) =>
          index >= first - 1 &&
          index <= last &&
          holdings.some(
            ({ agent, target }) => agent === holder && target === (inside ?? over ?? asked) && meets(target, asked),
          ),
      ),
  },
  {
    form: /^behind: HEAD lacks ([0-9a-f]{7}), with which (\S+) released (\S+);/,
    exits: [5],
    holds: ([commit = '', by, target], { window: [first, last] }, { commits }) =>
      commits
        .slice(Math.max(0, first - 1), last + 1)
        .some(({ releases }) =>
          releases.some((one) => begins(one.commit, commit) && one.agent === by && one.target === target),
        ),
  },
  {
    form: /^noted (n\d+)/,
    exits: [0],
    holds: ([id], { agent, mark }, { log }) =>
      log.some((note) => note.id === id && note.agent === agent && note.text === mark),
  },
  {
    form: /^landed ([0-9a-f]{7}) on /,
    exits: [0],
    holds: ([commit = ''], said, known) => did('work.landed', said, known, (event) => begins(event.commit, commit)),
  },
];

/** What a success of these verbs must have said, in one way or another. */
const MUST_SAY: Readonly<Record<string, RegExp>> = {
  claim: /^claimed /m,
  release: /^released |^you hold no claims/m,
  renew: /^renewed |^you hold no claims/m,
  note: /^noted /m,
  land: /^landed |^already on /m,
};

/**
 * Holds what commands said in sentences against what the state shows: who was granted what and under which token, who was
 * refused by whom, what was released at which commit and whether that binds, what HEAD is said to lack, what was noted and what
 * landed; each with an exit code that fits.
 * @param found the calls whose place is known, from which follows what a sentence can have seen
 */
export function checkWords(
  spoken: readonly Spoken[],
  found: readonly Omit<Placed, 'window'>[],
  known: Known,
  problems: string[],
): void {
  const asCalls = spoken.map((said) => ({
    call: { ...said, answer: null, endedAt: null, requestId: null },
    operation: null,
  }));
  const windows = windowsOf([...found, ...asCalls], known.commits.length).slice(found.length);
  for (const [at, said] of spoken.entries()) {
    const window = windows[at]?.window ?? [0, known.commits.length - 1];
    const name = `${said.agent} ${said.verb} ${said.args.slice(1).join(' ')} (exit ${said.exit})`;
    if (said.exit === 0 && MUST_SAY[said.verb]?.test(said.text) === false) {
      problems.push(`${name}: succeeded, and did not say what it did: ${said.text}`);
    }
    const lines = said.text.split('\n');
    problems.push(
      ...lines.flatMap((line) => untrue(line, { ...said, window }, known)).map((what) => `${name}: ${what}`),
    );
  }
}

/** What is wrong with one line. */
function untrue(line: string, said: Said, known: Known): string[] {
  return SENTENCES.flatMap(({ form, exits, holds }) => {
    const found = form.exec(line);
    if (found === null) return [];
    if (!exits.includes(said.exit)) return [`said "${line}" beside that exit code`];
    return holds(found.slice(1), said, known) ? [] : [`said "${line}", which the state does not show`];
  });
}
