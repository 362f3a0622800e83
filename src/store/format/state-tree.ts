import type { Note, Part, State, Submission } from '../../domain/model.js';
import { shortRef } from '../../domain/state-ref.js';
import { command } from '../../domain/suggestion.js';
import { CoordError } from '../../errors.js';
import { parseTree, type TreeEntry, treeBody } from '../../git/files.js';
import type { ObjectDatabase, ObjectType } from '../../git/objects.js';
import type { VerifiedBlobs } from '../cache/verified-blobs.js';
import { mergedState } from '../swap/state-messages.js';
import type { Snapshot } from '../swap/store.js';
import type { Copied } from './columns.js';
import { parseCommit } from './commits.js';
import {
  DOCUMENTS,
  type DocumentPart,
  decodeClaims,
  decodeLog,
  decodeVerifiedClaims,
  encodeClaims,
  encodeLog,
  FORMAT,
  inFileOrder,
  rememberClaims,
  type StateDocument,
  segmentNumber,
  textOf,
} from './documents.js';
import { isRemembered } from './fields.js';

/** What `init` recorded when the state began. It rules until the main branch has the configuration. */
export interface Setup {
  /** Full name of the state ref; null: it was begun on a branch, before there were others. */
  readonly ref: string | null;
  /** The remote that arbitrates; null: the clone itself does. */
  readonly remote: string | null;
  /** Short name; null: the remote's default branch. */
  readonly mainBranch: string | null;
}

const SETUP_FILE = 'setup.json';
export const NO_SETUP: Setup = { ref: null, remote: null, mainBranch: null };

const KEYS = ['ref', 'remote', 'mainBranch'] as const;

function encodeSetup(setup: Setup): string {
  const lines = KEYS.map((key) => `"${key}": ${JSON.stringify(setup[key])}`);
  return `{\n${[`"format": ${FORMAT}`, ...lines].join(',\n')}\n}\n`;
}

/** @throws CoordError `corrupt` when it is damaged or of a newer format. */
function decodeSetup(source: string): Setup {
  const value = readRecord(source);
  const newer = typeof value.format === 'number' && value.format > FORMAT;
  const sound = value.format === FORMAT && KEYS.every((key) => value[key] === null || typeof value[key] === 'string');
  if (sound) return Object.fromEntries(KEYS.map((key) => [key, value[key]])) as unknown as Setup;
  throw new CoordError('corrupt', `${SETUP_FILE} of the state ${newer ? 'is of a newer format' : 'is damaged'}`, {
    hint: newer ? 'upgrade coord' : 'write nothing; have a person look at its history',
    details: { file: SETUP_FILE, problems: [`${SETUP_FILE}: ${newer ? 'newer format' : 'damaged'}`] },
  });
}

function readRecord(source: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(source);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** The file that tells coord's state from anything else. */
export const CLAIMS_FILE = 'claims.json';
const FILE_MODE = '100644';
const FOLDER_MODE = '40000';
/** The files that hold the state, but for older segments of the log and the contents of submissions. */
export const DOCUMENT_FILES: readonly string[] = [
  CLAIMS_FILE,
  'log.jsonl',
  ...Object.values(DOCUMENTS).map(({ file }) => file),
];
/** Up to here, to check a file costs no more than to know that it was checked. */
const MOST_ALWAYS_CHECKED = 64 * 1024;
/** A segment of the log is closed before it outgrows this many bytes. */
const SEGMENT_BYTES = 64 * 1024;

/** Parts whose file is made when there is first something to keep in it. */
const LATER_PARTS = ['onces', 'deployments', 'requests', 'submissions', 'tasks'] as const;
/** The contents of open submissions. */
const CONTENTS_FOLDER = 'submissions';

/** A snapshot with the tree that it was read from. */
export interface GitSnapshot extends Snapshot {
  /** Id of the tree. */
  readonly tree: string;
  readonly files: ReadonlyMap<string, TreeEntry>;
  /** Number of the newest segment of the log; 0 when the log was not read. */
  readonly segment: number;
  /** Message of the commit, whose events need no recording again. */
  readonly message: string;
  /** The claims as they were copied for it (`cache/known-tip.ts`); absent: they were read from the file itself. */
  readonly copied?: Copied;
}

/** The files of the state ref: a commit's state, and the tree of a new state. */
export class StateTree {
  constructor(
    private readonly objects: ObjectDatabase,
    private readonly objectFormat: 'sha1' | 'sha256',
    private readonly ref: { readonly name: string },
    private readonly verified: VerifiedBlobs,
  ) {}

  /** @throws CoordError `corrupt` when a file is missing, damaged or of a newer format, or the commit is a merge. */
  async load(revision: string, parts: readonly Part[]): Promise<GitSnapshot> {
    const { tree, message, parents } = parseCommit(await this.body(revision, 'commit'));
    if (parents.length > 1) throw mergedState(this.ref.name, revision, parents);
    const files = parseTree(await this.body(tree, 'tree'), this.idBytes);
    const required = [CLAIMS_FILE, 'agents.json', ...(parts.includes('log') ? ['log.jsonl'] : [])];
    for (const name of required) if (!files.has(name)) throw missingFile(name, this.ref.name);
    const later = LATER_PARTS.filter((part) => parts.includes(part) && files.has(DOCUMENTS[part].file));
    const wanted = [...required, ...later.map((part) => DOCUMENTS[part].file)];
    const ids = wanted.map((name) => files.get(name)?.id ?? '');
    // Git packs the state now and then, and every command reads it.
    const bodies = await this.objects.read(ids, 'unpack');
    const sourceOf = (name: string) => textOf(name, bodies.get(files.get(name)?.id ?? '')?.body ?? Buffer.alloc(0));
    const partOf = <P extends (typeof LATER_PARTS)[number]>(part: P): State[P] => {
      const { file, empty, decode }: StateDocument<State[P]> = DOCUMENTS[part];
      return later.includes(part) ? decode(sourceOf(file)) : empty;
    };
    const logSource = parts.includes('log') ? sourceOf('log.jsonl') : null;
    const notes = logSource === null ? [] : decodeLog('log.jsonl', logSource);
    return {
      revision,
      tree,
      files,
      message,
      parts,
      segment: logSource === null ? 0 : segmentNumber(logSource),
      state: {
        ...this.claimsIn(sourceOf(CLAIMS_FILE), files.get(CLAIMS_FILE)?.id ?? ''),
        agents: DOCUMENTS.agents.decode(sourceOf(DOCUMENTS.agents.file)),
        notes,
        provisional: null,
        onces: partOf('onces'),
        deployments: partOf('deployments'),
        requests: partOf('requests'),
        submissions: partOf('submissions'),
        tasks: partOf('tasks'),
      },
    };
  }

  /** Writes the first tree and returns its id. */
  begin(state: State, setup: Setup): string {
    return this.writeTree(
      new Map([
        [CLAIMS_FILE, this.file(encodeClaims(state))],
        [DOCUMENTS.agents.file, this.document('agents', state)],
        ['log.jsonl', this.file(encodeLog(state.notes))],
        [SETUP_FILE, this.file(encodeSetup(setup))],
      ]),
    );
  }

  /** What `init` wrote; null where it wrote nothing. */
  async readSetup({ files }: GitSnapshot): Promise<Setup | null> {
    const entry = files.get(SETUP_FILE);
    return entry ? decodeSetup(textOf(SETUP_FILE, await this.body(entry.id, 'blob'))) : null;
  }

  /** The tree of the same state with another setup; returns its id. */
  async withSetup(base: GitSnapshot, change: Partial<Setup>): Promise<string> {
    const setup = { ...((await this.readSetup(base)) ?? NO_SETUP), ...change };
    return this.writeTree(new Map([...base.files, [SETUP_FILE, this.file(encodeSetup(setup))]]));
  }

  private claimsIn(source: string, id: string): ReturnType<typeof decodeClaims> {
    if (source.length <= MOST_ALWAYS_CHECKED) return decodeClaims(source);
    const how = this.verified.get(id);
    if (how !== null) return decodeVerifiedClaims(source, how);
    const claims = decodeClaims(source);
    this.verified.add(id, 'checked');
    return claims;
  }

  private async claimsFile(state: State, { state: before, files }: GitSnapshot): Promise<TreeEntry> {
    const id = files.get(CLAIMS_FILE)?.id ?? '';
    // What was kept of it does not say how its lines are written.
    if (!isRemembered(before.claims) && this.verified.get(id) === 'written')
      rememberClaims(textOf(CLAIMS_FILE, await this.body(id, 'blob')), before);
    const source = encodeClaims(state, before);
    const entry = this.file(source);
    if (source.length > MOST_ALWAYS_CHECKED) {
      this.verified.add(entry.id, 'written');
      rememberClaims(source, state);
    }
    return entry;
  }

  /**
   * Writes the tree of a new state; what did not change, or was not read, keeps its object.
   * @returns also the state as it is read back
   * @throws CoordError `corrupt` where it could not be read back
   */
  async write(
    base: GitSnapshot,
    decided: State,
  ): Promise<{ readonly tree: string; readonly files: GitSnapshot['files']; readonly state: State }> {
    const state = inFileOrder(decided);
    mustBeReadable(state);
    const files = new Map(base.files);
    const before = base.state;
    const sameClaims =
      state.claims === before.claims &&
      state.waiters === before.waiters &&
      state.releases === before.releases &&
      state.lastToken === before.lastToken &&
      state.lastClaim === before.lastClaim &&
      state.lastWaiter === before.lastWaiter;
    if (!sameClaims) files.set(CLAIMS_FILE, await this.claimsFile(state, base));
    if (base.parts.includes('log') && state.notes !== before.notes) await this.addNotes(files, base, state.notes);
    const written = (['agents', ...LATER_PARTS] as const).filter(
      (part) => (part === 'agents' || base.parts.includes(part)) && state[part] !== before[part],
    );
    for (const part of written) files.set(DOCUMENTS[part].file, this.document(part, state));
    if (written.includes('submissions')) {
      const contents = submittedContents(state.submissions, (entries) => this.writeTree(entries));
      if (contents === null) files.delete(CONTENTS_FOLDER);
      else files.set(CONTENTS_FOLDER, { mode: FOLDER_MODE, id: contents });
    }
    return { tree: this.writeTree(files), files, state };
  }

  /** The whole log, oldest first: the closed segments, then the newest. */
  async readLog({ files, state }: GitSnapshot): Promise<readonly Note[]> {
    const folder = files.get('log');
    if (!folder) return state.notes;
    const segments = [...parseTree(await this.body(folder.id, 'tree'), this.idBytes)];
    const bodies = await this.objects.read(segments.map(([, { id }]) => id));
    const older = segments.map(([name, { id }]) => {
      const source = textOf(`log/${name}`, bodies.get(id)?.body ?? Buffer.alloc(0));
      const notes = decodeLog(`log/${name}`, source);
      return { number: segmentNumber(source), notes };
    });
    return [...older.sort((a, b) => a.number - b.number).flatMap(({ notes }) => notes), ...state.notes];
  }

  private async addNotes(files: Map<string, TreeEntry>, base: GitSnapshot, notes: readonly Note[]): Promise<void> {
    const whole = encodeLog(notes, base.segment);
    const first = base.state.notes[0];
    const current = base.files.get('log.jsonl');
    if (Buffer.byteLength(whole) <= SEGMENT_BYTES || !first || !current) {
      files.set('log.jsonl', this.file(whole));
      return;
    }
    const folder = base.files.get('log');
    const segments = folder
      ? parseTree(await this.body(folder.id, 'tree'), this.idBytes)
      : new Map<string, TreeEntry>();
    segments.set(`${first.id}.jsonl`, current);
    files.set('log', { mode: FOLDER_MODE, id: this.writeTree(segments) });
    files.set('log.jsonl', this.file(encodeLog(notes.slice(base.state.notes.length), base.segment + 1)));
  }

  private document<P extends DocumentPart>(part: P, state: State): TreeEntry {
    const { encode }: StateDocument<State[P]> = DOCUMENTS[part];
    return this.file(encode(state[part]));
  }

  private file(content: string): TreeEntry {
    return { mode: FILE_MODE, id: this.objects.write('blob', Buffer.from(content)) };
  }

  private writeTree(files: ReadonlyMap<string, TreeEntry>): string {
    return this.objects.write('tree', treeBody(files));
  }

  private async body(id: string, type: ObjectType): Promise<Buffer> {
    const object = (await this.objects.read([id], 'unpack')).get(id);
    if (object?.type === type) return object.body;
    throw new CoordError('corrupt', `${id} of the state ref ${this.ref.name} is a ${object?.type}, not a ${type}`, {
      hint: `look at its history: ${command(`git log --stat ${shortRef(this.ref.name)}`)}`,
      details: { object: id, problems: [`${id}: not a ${type}`] },
    });
  }

  private get idBytes(): number {
    return this.objectFormat === 'sha256' ? 32 : 20;
  }
}

/** The ref lacks a file that coord's state always has: it is damaged, or somebody's own. */
export function missingFile(name: string, ref: string): CoordError {
  return new CoordError('corrupt', `${name} is missing from the state ref ${ref}`, {
    hint: `look at its history: ${command(`git log --stat ${shortRef(ref)}`)}`,
    details: { file: name, missing: true, problems: [`${name}: missing`] },
  });
}

/**
 * The tree that makes the contents of open submissions part of the branch, so that they travel with it: `ID/3` is the
 * content of the third file of a submission, `ID/3.base` what it was made from. Numbers, not paths, since a tree with
 * names such as `.gitmodules` would be judged by servers. What has ended leaves the tip; the history keeps it.
 * @param write writes a tree and returns its id
 * @returns null when no submission is open
 */
export function submittedContents(
  submissions: readonly Submission[],
  write: (entries: ReadonlyMap<string, TreeEntry>) => string,
): string | null {
  const open = submissions.filter(({ closed }) => closed === null);
  if (open.length === 0) return null;
  return write(new Map(open.map((submission) => [submission.id, { mode: '40000', id: write(entriesOf(submission)) }])));
}

function entriesOf({ files }: Submission): ReadonlyMap<string, TreeEntry> {
  const entries = files.flatMap(({ blob, base, carriesBase }, index): [string, TreeEntry][] => [
    ...(blob === null ? [] : [[`${index + 1}`, { mode: '100644', id: blob }] as [string, TreeEntry]]),
    ...(base !== null && carriesBase
      ? [[`${index + 1}.base`, { mode: '100644', id: base }] as [string, TreeEntry]]
      : []),
  ]);
  return new Map(entries);
}

/** Numbers that grow from write to write: one at the end of its range, which somebody wrote by hand, is not gone beyond. */
function mustBeReadable(state: State): void {
  const over = (['lastToken', 'lastClaim', 'lastWaiter'] as const).filter((name) => !Number.isSafeInteger(state[name]));
  if (over.length === 0) return;
  throw new CoordError(
    'corrupt',
    `nothing was written: ${over.join(', ')} in ${CLAIMS_FILE} is at the end of its range`,
    {
      hint: `find out who wrote that (git log -p refs/coord/state -- ${CLAIMS_FILE}), and have a person put back the commit before it`,
      details: { reason: 'range', problems: over.map((name) => `${name}: at the end of its range`) },
    },
  );
}
