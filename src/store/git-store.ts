import { join } from 'node:path';
import type { CoordEvent } from '../domain/events.js';
import type { Note, Reach, State } from '../domain/model.js';
import { CoordError } from '../errors.js';
import type { ObjectDatabase } from '../git/objects.js';
import type { Repository } from '../git/repository.js';
import { parseTree, type TreeEntry, treeBody } from '../git/trees.js';
import type { Arbiter } from './arbiter.js';
import type { BranchRef } from './branch-ref.js';
import { commitBody, eventsIn, parseCommit } from './commits.js';
import { decodeAgents, decodeClaims, decodeLog, encodeAgents, encodeClaims, encodeLog } from './documents.js';
import { type LockSurroundings, withLocalLock } from './local-lock.js';
import { Outbox } from './outbox.js';
import type { Entry, ReadOptions, Snapshot, Store } from './store.js';

const FILE_MODE = '100644';
const FOLDER_MODE = '40000';
/** A segment of the log is closed before it outgrows this many bytes. */
const SEGMENT_BYTES = 64 * 1024;

interface GitSnapshot extends Snapshot {
  readonly files: ReadonlyMap<string, TreeEntry>;
  /** Message of the commit, whose events need no recording again. */
  readonly message: string;
}

export interface GitStoreOptions {
  readonly repository: Repository;
  readonly objects: ObjectDatabase;
  readonly branch: BranchRef;
  /** Who decides on writes: the branch itself, or a remote that it follows. */
  readonly arbiter: Arbiter;
  readonly around: LockSurroundings;
}

/** The state on a branch of its own, written through plumbing by compare-and-swap on the ref; never checked out. */
export class GitStore implements Store {
  private readonly outbox: Outbox;
  private known: GitSnapshot | undefined;

  constructor(private readonly options: GitStoreOptions) {
    this.outbox = new Outbox(join(this.localDirectory, 'outbox'));
  }

  /** The machine-local part; all of it may be deleted at any time without losing a claim. */
  get localDirectory(): string {
    return join(this.options.repository.commonDir, 'coord');
  }

  /** How far a claim granted now is known to hold. */
  get reach(): Reach {
    return this.options.arbiter.reach;
  }

  /** The commit at the tip of the branch as known here; null when there is no branch. */
  async tip(): Promise<string | null> {
    return this.options.branch.tip();
  }

  async read(options: ReadOptions = {}): Promise<GitSnapshot> {
    let revision = await this.tip();
    if (revision === null) {
      // A fresh clone: the remote may have the branch already.
      await this.options.arbiter.refresh();
      revision = await this.tip();
    }
    if (revision === null) throw noBranch(this.options.branch.branch);
    if (this.known?.revision === revision && (this.known.hasLog || !options.log)) return this.known;
    this.known = await this.load(revision, options.log ?? false);
    return this.known;
  }

  async latest(options?: ReadOptions): Promise<GitSnapshot> {
    await this.options.arbiter.refresh();
    return this.read(options);
  }

  async swap(from: Snapshot, state: State, entry: Entry): Promise<boolean> {
    const base = from as GitSnapshot;
    const recorded = new Set(eventsIn(base.message).map((event) => event.id));
    const waiting = this.outbox.list();
    const deferred = waiting.filter((event) => !recorded.has(event.id));
    const tree = this.options.objects.write('tree', treeBody(await this.filesOf(base, state)));
    const commit = this.options.objects.write('commit', commitBody(tree, base.revision, entry, deferred));
    if (!(await this.options.arbiter.publish(commit, base.revision))) return false;
    this.outbox.remove(waiting);
    return true;
  }

  /**
   * Starts the branch with a first commit of its own, unrelated to the code's history, unless there is one already,
   * here or on the remote.
   */
  async create(state: State, entry: Entry): Promise<'created' | 'adopted' | 'existing'> {
    const before = await this.tip();
    await this.options.arbiter.refresh();
    if (before !== null) return 'existing';
    if ((await this.tip()) !== null) return 'adopted';
    const files = new Map<string, TreeEntry>([
      ['claims.json', this.file(encodeClaims(state))],
      ['agents.json', this.file(encodeAgents(state.agents))],
      ['log.jsonl', this.file(encodeLog(state.notes))],
    ]);
    const tree = this.options.objects.write('tree', treeBody(files));
    const commit = this.options.objects.write('commit', commitBody(tree, null, entry, []));
    return (await this.options.arbiter.publish(commit, null)) ? 'created' : 'adopted';
  }

  defer(event: CoordEvent): void {
    this.outbox.add(event);
  }

  async exclusively<T>(work: () => Promise<T>): Promise<T> {
    return withLocalLock(this.localDirectory, this.options.around, work);
  }

  async readLog(): Promise<readonly Note[]> {
    const { files, state } = await this.read({ log: true });
    const folder = files.get('log');
    if (!folder) return state.notes;
    const segments = parseTree(await this.body(folder.id), this.idBytes);
    const names = [...segments.keys()];
    const bodies = await this.options.objects.read(names.map((name) => segments.get(name)?.id ?? ''));
    const older = names.flatMap((name) => {
      const segment = bodies.get(segments.get(name)?.id ?? '');
      return segment ? [decodeLog(`log/${name}`, segment.body.toString('utf8'))] : [];
    });
    const ordered = older.sort((a, b) => ((a[0]?.at ?? '') < (b[0]?.at ?? '') ? -1 : 1));
    return [...ordered.flat(), ...state.notes];
  }

  private async load(revision: string, log: boolean): Promise<GitSnapshot> {
    const { tree, message } = parseCommit(await this.body(revision));
    const files = parseTree(await this.body(tree), this.idBytes);
    const wanted = ['claims.json', 'agents.json', ...(log ? ['log.jsonl'] : [])];
    const ids = wanted.map((name) => files.get(name)?.id ?? missingFile(name, this.options.branch.branch));
    const bodies = await this.options.objects.read(ids);
    const textOf = (name: string) => bodies.get(files.get(name)?.id ?? '')?.body.toString('utf8') ?? '';
    return {
      revision,
      files,
      message,
      hasLog: log,
      state: {
        ...decodeClaims(textOf('claims.json')),
        agents: decodeAgents(textOf('agents.json')),
        notes: log ? decodeLog('log.jsonl', textOf('log.jsonl')) : [],
      },
    };
  }

  /** The files of the new tree: what did not change keeps its object. */
  private async filesOf(base: GitSnapshot, state: State): Promise<Map<string, TreeEntry>> {
    const files = new Map(base.files);
    const before = base.state;
    const sameClaims =
      state.claims === before.claims &&
      state.waiters === before.waiters &&
      state.releases === before.releases &&
      state.lastToken === before.lastToken;
    if (!sameClaims) files.set('claims.json', this.file(encodeClaims(state)));
    if (state.agents !== before.agents) files.set('agents.json', this.file(encodeAgents(state.agents)));
    if (base.hasLog && state.notes !== before.notes) await this.addNotes(files, base, state.notes);
    return files;
  }

  private async addNotes(files: Map<string, TreeEntry>, base: GitSnapshot, notes: readonly Note[]): Promise<void> {
    const whole = encodeLog(notes);
    const first = base.state.notes[0];
    const current = base.files.get('log.jsonl');
    if (Buffer.byteLength(whole) <= SEGMENT_BYTES || !first || !current) {
      files.set('log.jsonl', this.file(whole));
      return;
    }
    const folder = base.files.get('log');
    const segments = folder ? parseTree(await this.body(folder.id), this.idBytes) : new Map<string, TreeEntry>();
    segments.set(`${first.id}.jsonl`, current);
    files.set('log', { mode: FOLDER_MODE, id: this.options.objects.write('tree', treeBody(segments)) });
    files.set('log.jsonl', this.file(encodeLog(notes.slice(base.state.notes.length))));
  }

  private file(content: string): TreeEntry {
    return { mode: FILE_MODE, id: this.options.objects.write('blob', Buffer.from(content)) };
  }

  private async body(id: string): Promise<Buffer> {
    return (await this.options.objects.read([id])).get(id)?.body ?? Buffer.alloc(0);
  }

  private get idBytes(): number {
    return this.options.repository.objectFormat === 'sha256' ? 32 : 20;
  }
}

function noBranch(branch: string): CoordError {
  return new CoordError('usage', `this repository has no coordination branch (${branch})`, { hint: 'coord init' });
}

function missingFile(name: string, branch: string): never {
  throw new CoordError('corrupt', `${name} is missing from the branch ${branch}`, {
    hint: `look at its history: git log --stat ${branch}`,
    details: { file: name, missing: true, problems: [`${name}: missing`] },
  });
}
