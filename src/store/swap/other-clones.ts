import { CoordError } from '../../errors.js';
import { parseTree } from '../../git/files.js';
import { type ObjectDatabase, openObjects } from '../../git/objects.js';
import type { Repository } from '../../git/repository.js';
import { parseCommit } from '../format/commits.js';
import type { Standing } from '../queue/request-queue.js';
import type { StateRef } from './state-ref.js';

/** Where the other clones of this host have the state: what one of them wrote for all, this one takes from there. */
export class OtherClones {
  /** What the remote is to confirm, and what of this clone it goes on from. */
  private heard: { readonly tip: string; readonly base: string } | null = null;

  constructor(
    private readonly repository: Repository,
    private readonly objects: ObjectDatabase,
    private readonly ref: StateRef,
  ) {}

  /** The commit that was heard of; null: none. */
  get tip(): string | null {
    return this.heard?.tip ?? null;
  }

  /** Goes on from where another clone has the state, if that follows what this one has; null: from its own again. */
  async hear(standing: Standing | null): Promise<void> {
    const base = standing === null ? null : await this.ref.tip();
    const leads = standing !== null && base !== null && this.copyFrom(standing, base);
    this.heard = leads ? { tip: standing.revision, base } : null;
  }

  /** Forgets what was heard. @returns what puts this clone's ref at a commit that the remote took on top of it */
  take(): ((commit: string) => Promise<unknown>) | null {
    const { heard } = this;
    this.heard = null;
    return heard && ((commit) => this.ref.move(commit, heard.base).catch(() => false));
  }

  /** Moves this clone's ref to what another clone has written. @returns false where that cannot be had from there */
  async follow(standing: Standing): Promise<boolean> {
    const { repository, ref, objects } = this;
    const base = await ref.tip();
    const { revision: tip, clone } = standing;
    if (clone === repository.commonDir || (base !== null && objects.readLoose(tip) && ref.isNear(tip, base)))
      return true;
    return base !== null && this.copyFrom(standing, base) && (await ref.move(tip, base));
  }

  /** Copies what leads from one commit of the state to where another clone has it; false where it does not go on from there. */
  private copyFrom({ clone, revision: tip }: Standing, base: string): boolean {
    const { repository, objects } = this;
    if (clone === repository.commonDir || tip === base) return false;
    const there = openObjects({ ...repository, commonDir: clone }, async () => Promise.reject(new Error('not asked')));
    try {
      return copyLine(there, objects, repository, { tip, base });
    } catch (error) {
      // What is damaged there is not this clone's business.
      if (error instanceof CoordError) return false;
      throw error;
    }
  }
}

/** Further back another clone is not followed: the remote has it in one piece. */
const FURTHEST = 32;

/**
 * Copies the line of coordination commits that leads from one that is here to `tip`, each object checked by its id.
 * @param from the objects of another clone: only what is loose there is found
 * @returns false where the line does not come here, or something of it is missing there
 */
export function copyLine(
  from: Pick<ObjectDatabase, 'readLoose'>,
  into: ObjectDatabase,
  { objectFormat }: Pick<Repository, 'objectFormat'>,
  { tip, base }: { readonly tip: string; readonly base: string },
): boolean {
  const entriesOf = (body: Buffer) => [...parseTree(body, objectFormat === 'sha256' ? 32 : 20).values()];
  const known = into.readLoose(base);
  const knownTree = known && into.readLoose(parseCommit(known.body).tree);
  const here = new Set(knownTree ? entriesOf(knownTree.body).map(({ id }) => id) : []);
  const copy = (id: string): boolean => {
    if (here.has(id)) return true;
    here.add(id);
    const object = from.readLoose(id);
    if (object === undefined || into.write(object.type, object.body) !== id) return false;
    return object.type !== 'tree' || entriesOf(object.body).every((entry) => copy(entry.id));
  };
  const line: { readonly id: string; readonly tree: string }[] = [];
  for (let at = tip; at !== base; ) {
    const commit = from.readLoose(at);
    if (commit?.type !== 'commit' || line.length === FURTHEST) return false;
    const { tree, parents } = parseCommit(commit.body);
    line.unshift({ id: at, tree });
    at = parents[0] ?? '';
  }
  return line.every(({ id, tree }) => copy(tree) && copy(id));
}
