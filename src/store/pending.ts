import type { PendingRequest } from '../domain/offline.js';
import { CoordError } from '../errors.js';
import type { ObjectDatabase } from '../git/objects.js';
import { compareAndSwapRef, readRef } from '../git/refs.js';
import type { Repository } from '../git/repository.js';
import type { Git } from '../git/run.js';

const FORMAT = 1;

/** The requests that wait for the remote, and what they were read from. */
export interface PendingList {
  /** The object that holds them; null when there are none. */
  readonly id: string | null;
  readonly requests: readonly PendingRequest[];
}

/**
 * What was granted offline, oldest first, until the remote has been asked: a JSON document that a ref of this clone
 * points to, so that deleting the machine-local directory loses none of it, and all worktrees see it.
 */
export class Pending {
  private readonly ref: string;

  constructor(
    private readonly repository: Repository,
    private readonly git: Git,
    private readonly objects: ObjectDatabase,
    branch: string,
  ) {
    this.ref = `refs/coord/offline/${branch}`;
  }

  /** @throws CoordError `corrupt` when it is damaged or of a newer format. */
  async read(): Promise<PendingList> {
    const id = await readRef(this.repository, this.git, this.ref);
    if (id === null) return { id, requests: [] };
    const text = (await this.objects.read([id])).get(id)?.body.toString('utf8') ?? '';
    return { id, requests: this.decode(text) };
  }

  /** Compare-and-swap; false when the list has changed since it was read. */
  async replace(from: PendingList, requests: readonly PendingRequest[]): Promise<boolean> {
    if (requests.length === 0 && from.id === null) return true;
    if (requests.length === 0) return (await this.git(['update-ref', '-d', this.ref, from.id ?? ''])).code === 0;
    const lines = requests.map((pending) => JSON.stringify(pending)).join(',\n');
    const to = this.objects.write('blob', Buffer.from(`{"format":${FORMAT},"requests":[\n${lines}\n]}\n`));
    await this.objects.flush();
    const swapped = await compareAndSwapRef(this.repository, this.git, { ref: this.ref, to, from: from.id });
    return swapped.ok;
  }

  private decode(text: string): readonly PendingRequest[] {
    let value: { readonly format?: unknown; readonly requests?: unknown } | null = null;
    try {
      value = JSON.parse(text);
    } catch {
      // Told below, like all else that is wrong with it.
    }
    if (value?.format === FORMAT && Array.isArray(value.requests)) return value.requests as readonly PendingRequest[];
    const newer = typeof value?.format === 'number' && value.format > FORMAT;
    throw new CoordError('corrupt', `${this.ref} ${newer ? 'is of a newer format' : 'is damaged'}`, {
      hint: newer ? 'upgrade coord' : `to forget what was granted offline: git update-ref -d ${this.ref}`,
      details: { problems: [`${this.ref}: not a list of requests`] },
    });
  }
}
