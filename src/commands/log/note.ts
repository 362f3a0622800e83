import type { Context } from '../../context.js';
import type { NoteKind } from '../../domain/model.js';
import { LOG_DISCLAIMER } from '../../domain/notes.js';
import { usage } from '../../errors.js';
import { checkAgentId } from '../../identity.js';
import { notedLines } from '../../render/notes.js';
import { refusalError } from '../../render/refusals.js';
import type { GitStore } from '../../store/git-store.js';
import { readTarget } from '../../targets.js';
import { nearest } from '../line/nearest.js';
import { checkOffline, OFFLINE_OPTION, offlineWarnings, transactHere } from '../offline.js';
import { readText } from '../text-input.js';
import type { Input, Verb } from '../verb.js';

/** In characters; a longer story belongs into a file. */
export const LONGEST_NOTE = 8_000;
const MOST_NAMED = 50;
/** A note must fit a segment of the log whatever characters it has. */
const MOST_BYTES = 60_000;
const KINDS: readonly NoteKind[] = ['note', 'intent', 'proposal', 'state', 'handoff'];

export const note: Verb = {
  arguments: [['<text>', `what to say; at most ${LONGEST_NOTE} characters`]],
  options: [
    ['--kind <kind>', KINDS.join(', ')],
    ['--to <id>', 'an agent that it is meant for; more of them with more --to, or with commas', 'repeatable'],
    ['--target <target>', 'the ground that it is about'],
    ['--needs-ack <id>', 'an agent that is asked to acknowledge it', 'repeatable'],
    OFFLINE_OPTION,
  ],
  examples: [
    ['coord note "users are paginated now" --to noor', 'noor finds it in coord inbox'],
    ['coord note "I split src/api today?" --kind proposal --needs-ack noor,omar', 'ask two agents to acknowledge it'],
  ],
  notes: [LOG_DISCLAIMER],
  async run(context, input) {
    const said = readNote(context, input);
    const store = await context.store();
    await checkOffline(context, input);
    const decision = await transactHere(context, input, {
      kind: 'note',
      ...(await context.requestBase()),
      ...said,
      ref: null,
    });
    if (!decision.ok) return refusalError(decision.refusal, context.now());
    const { note: noted } = decision.result;
    return {
      data: { notes: [noted], disclaimer: LOG_DISCLAIMER },
      text: (style) => notedLines(noted, style),
      warnings: [
        ...(await offlineWarnings(context, input)),
        ...(await strangerWarnings(store, [...new Set([...said.to, ...said.needsAck])])),
      ],
    };
  },
};

function readNote(context: Context, input: Input) {
  const kind = input.text('kind') ?? 'note';
  const noteKind = KINDS.find((known) => known === kind);
  if (noteKind === undefined)
    throw usage(`no such kind of note: ${JSON.stringify(kind)}`, `one of: ${KINDS.join(', ')}`);
  const text = readText('the note', input.argument(0) ?? '', LONGEST_NOTE);
  const [to, needsAck] = [readAgents(input, 'to'), readAgents(input, 'needsAck')];
  const target = input.text('target');
  const place = { root: context.repository.root, cwd: context.host.cwd };
  const said = { noteKind, text, to, needsAck, target: target === undefined ? null : readTarget(target, place).text };
  if (Buffer.byteLength(JSON.stringify(said)) <= MOST_BYTES) return said;
  throw usage(`the note is larger than ${MOST_BYTES} bytes`, 'put the story into a file, and name the file');
}

function readAgents(input: Input, option: 'to' | 'needsAck'): string[] {
  const ids = input.texts(option).map(checkAgentId);
  if (ids.length <= MOST_NAMED) return ids;
  throw usage(`more than ${MOST_NAMED} agents are named`, 'leave them out: everybody can read the log');
}

/** A note to nobody is no error: the agent may come later. A slip of the pen is worth a word. */
async function strangerWarnings(store: GitStore, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const known = (await store.read()).state.agents.map(({ id }) => id);
  return ids
    .filter((id) => !known.includes(id))
    .map((id) => {
      const meant = nearest(id, known);
      return `no agent ${id} has been here yet${meant === undefined ? '' : `; did you mean ${meant}?`}`;
    });
}
