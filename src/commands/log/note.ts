import type { Target } from '../../domain/ground/targets.js';
import { findAck, LOG_DISCLAIMER, saysNoMore } from '../../domain/log/notes.js';
import type { Note, NoteKind } from '../../domain/model.js';
import { coord } from '../../domain/suggestion.js';
import { nearest } from '../../domain/text.js';
import { usage } from '../../errors.js';
import { ackedLines, notedLines } from '../../render/notes.js';
import { refusalError } from '../../render/refusals.js';
import type { GitStore } from '../../store/swap/git-store.js';
import { transact } from '../../store/swap/transact.js';
import type { Context } from '../../workspace/context.js';
import { checkAgentId } from '../../workspace/identity.js';
import { readTarget } from '../../workspace/targets.js';
import { checkOffline, OFFLINE_OPTION, offlineWarnings, transactHere } from '../claims/claim-request.js';
import { readDuration, readText } from '../input.js';
import { type Input, LOG_FIELDS, type Success, type Verb } from '../verb.js';

/** In characters; a longer story belongs into a file. */
export const LONGEST_NOTE = 8_000;
const MOST_NAMED = 50;
/** A note must fit a segment of the log whatever characters it has. */
const MOST_BYTES = 60_000;
export const NOTE_KINDS: readonly NoteKind[] = ['note', 'intent', 'proposal', 'state', 'handoff'];

export const TARGET_OPTION = ['--target <target>', 'the paths that it is about'] as const;

/** @throws CoordError `usage` */
export function readTargetOption(context: Context, input: Input): Target | null {
  const target = input.text('target');
  const place = { root: context.repository.root, cwd: context.host.cwd };
  return target === undefined ? null : readTarget(target, place);
}

export const note: Verb = {
  arguments: [['<text>', `what to say; at most ${LONGEST_NOTE} characters`]],
  options: [
    ['--kind <kind>', `the kind of note; one of ${NOTE_KINDS.join(', ')}`],
    ['--to <id>', 'the agent it is for; for several, repeat --to or use commas', 'repeatable'],
    TARGET_OPTION,
    ['--needs-ack <id>', 'an agent that is asked to acknowledge it', 'repeatable'],
    [
      '--by <duration>',
      'deadline of the acks, such as 10m; with --needs-ack, and you are told who has not answered by then',
    ],
    OFFLINE_OPTION,
  ],
  examples: [
    ['coord note "users are paginated now" --to noor', 'noor finds it in coord inbox'],
    [
      'coord note "I split src/api today?" --kind proposal --needs-ack noor,omar --by 10m',
      'ask two agents to say yes or no, within ten minutes',
    ],
  ],
  notes: [LOG_DISCLAIMER],
  answers: { notes: 'Note[]', ...LOG_FIELDS },
  async run(context, input) {
    const said = readNote(context, input);
    const { agent } = context.identity();
    if (said.needsAck.includes(agent))
      throw usage(`${agent} is you: nobody owes an answer to themselves`, `name another agent: ${coord('agent list')}`);
    const store = await context.store();
    await checkOffline(context, input);
    const decision = await transactHere(context, input, {
      kind: 'note',
      ...(await context.requestBase()),
      ...said,
      ref: null,
      refused: false,
    });
    if (!decision.ok) return refusalError(decision.refusal, context.now());
    const { note: noted } = decision.result;
    return {
      data: { notes: [noted], disclaimer: LOG_DISCLAIMER },
      text: (style) => notedLines(noted, context.now(), style),
      warnings: [
        ...(await offlineWarnings(context, input)),
        ...(await strangerWarnings(store, [...new Set([...said.to, ...said.needsAck])])),
      ],
    };
  },
};

function readNote(context: Context, input: Input) {
  const kind = input.text('kind') ?? 'note';
  const noteKind = NOTE_KINDS.find((known) => known === kind);
  if (noteKind === undefined)
    throw usage(`no such kind of note: ${JSON.stringify(kind)}`, `one of: ${NOTE_KINDS.join(', ')}`);
  const text = readText('the note', input.argument(0) ?? '', LONGEST_NOTE);
  const [to, needsAck] = [readAgents(input, 'to'), readAgents(input, 'needsAck')];
  const answerSeconds = readDeadline(input, needsAck);
  const said = { noteKind, text, to, needsAck, answerSeconds, target: readTargetOption(context, input)?.text ?? null };
  if (Buffer.byteLength(JSON.stringify(said)) <= MOST_BYTES) return said;
  throw usage(`the note is larger than ${MOST_BYTES} bytes`, 'put the details into a file, and name the file');
}

function readDeadline(input: Input, needsAck: readonly string[]): number | null {
  const text = input.text('by');
  if (text === undefined) return null;
  if (needsAck.length === 0) throw usage('--by belongs to --needs-ack', 'name who must answer: --needs-ack ID');
  return readDuration('--by', text);
}

function readAgents(input: Input, option: 'to' | 'needsAck'): string[] {
  const ids = input.texts(option).map(checkAgentId);
  if (ids.length <= MOST_NAMED) return ids;
  throw usage(`more than ${MOST_NAMED} agents are named`, 'leave them out: everybody can read the log');
}

/** A note to nobody is no error: the agent may come later. A slip of the pen is worth a word. */
async function strangerWarnings(store: GitStore, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const known = (await store.view()).agents.map(({ id }) => id);
  return ids
    .filter((id) => !known.includes(id))
    .map((id) => {
      const meant = nearest(id, known);
      return `no agent ${id} has been here yet${meant === undefined ? '' : `; did you mean ${meant}?`}`;
    });
}

export const ack: Verb = {
  arguments: [
    ['<note>', 'its id, such as n42'],
    ['[text]', 'what to say with it'],
  ],
  options: [['--no', 'say no; the author is told']],
  examples: [
    ['coord ack n42 "fine with me"', 'the author is told by their next command; it permits nothing'],
    ['coord ack n42 --no "it would break the importer"', 'answer, and say no'],
  ],
  notes: [LOG_DISCLAIMER],
  answers: { notes: 'Note[]', already: 'boolean', ...LOG_FIELDS },
  async run(context, input) {
    const said = input.argument(1);
    const text = said === undefined ? '' : readText('the text', said, LONGEST_NOTE);
    const base = await context.requestBase();
    const store = await context.store();
    const log = await logWith(store, input.argument(0) ?? '');
    const refused = input.flag('no');
    const earlier = findAck(log.notes, log.note.id, base.agent);
    if (earlier?.refused === refused && base.requestId === null && saysNoMore(text, earlier))
      return success(earlier, log.note, true);
    const { id: ref, agent: author, target } = log.note;
    const to = author === base.agent ? [] : [author];
    const decision = await transact(
      store,
      { kind: 'note', ...base, noteKind: 'ack', text, to, target, needsAck: [], answerSeconds: null, ref, refused },
      context.effects,
    );
    if (!decision.ok) return refusalError(decision.refusal, context.now());
    return success(decision.result.note, log.note, !decision.result.added);
  },
};

/** The log with the note of this id, as it is known here; where it is not, as the arbiter has it. */
async function logWith(store: GitStore, id: string): Promise<{ readonly notes: readonly Note[]; readonly note: Note }> {
  const known = await store.readLog();
  if (!known.some((note) => note.id === id)) await store.latest();
  const notes = await store.readLog();
  const note = findNote(notes, id);
  if (note.kind !== 'ack') return { notes, note };
  throw usage(
    `${note.id} is itself an ack, of ${note.ref}`,
    `answer it with a note: ${coord(`note "thank you" --to ${note.agent}`)}`,
  );
}

function success(given: Note, of: Note, already: boolean): Success {
  return {
    data: { notes: [given], already, disclaimer: LOG_DISCLAIMER },
    text: (style) => ackedLines(given, of, already, style),
  };
}

/** @throws CoordError `usage` when there is none. */
export function findNote<N extends Note>(notes: readonly N[], id: string): N {
  const found = notes.find((note) => note.id === id);
  if (found) return found;
  // An instant stands only in the words of other refusals.
  throw refusalError({ code: 'usage', reason: 'unknown-note', note: id }, '');
}
