import { join } from 'node:path';
import { PRIVATE_REFS } from '../../domain/state-ref.js';
import { addSeconds, type Instant, isInstant } from '../../domain/time.js';
import { CoordError } from '../../errors.js';
import { readCached, writeCached } from '../../git/local-cache.js';
import type { RemoteGit } from '../../git/porcelain.js';
import type { Git } from '../../git/run.js';
import { unreachable } from '../swap/remote-messages.js';
import type { StateRef } from '../swap/state-ref.js';
import type { EtcdClient } from './client.js';
import { type EtcdPlace, type Head, Keys } from './place.js';

/** So often somebody in the fleet brings the mirror up to date, while there is something to bring. */
const EVERY_SECONDS = 60;
/** So many changes stay in etcd after the mirror has them, so that clones at work need no git to follow. */
const KEPT = 500;

/** What the mirror was last seen to have, and who saw to it when. */
export interface Mirrored {
  /** null: nothing that came after the state went to etcd. */
  readonly commit: string | null;
  readonly seq: number;
  /** When the last try began. */
  readonly at: Instant | null;
  readonly revision: string;
}

export interface MirrorOptions {
  readonly place: EtcdPlace;
  readonly client: EtcdClient;
  readonly git: Git;
  readonly remoteGit: RemoteGit;
  /** The remote whose ref is the mirror. */
  readonly remote: string;
  readonly local: StateRef;
  readonly directory: string;
  readonly now: () => Instant;
}

/** The state ref of the remote while etcd decides: for reading and for audit. It only ever goes forward, and grants nothing. */
export class Mirror {
  private readonly keys: Keys;
  private readonly cache: string;

  constructor(private readonly options: MirrorOptions) {
    this.keys = new Keys(options.place.prefix);
    this.cache = join(options.directory, 'mirror.json');
  }

  /**
   * Brings it up to date where nobody has for a while: whoever writes next does. That it cannot be reached stops no write.
   * @param isAwaited what was written is looked at from outside at once, by the audit of what landed
   */
  async afterWrite(head: Head, isAwaited: boolean): Promise<void> {
    const { now, client } = this.options;
    const last = readCached(this.cache, ({ at }) => (isInstant(at) ? at : null));
    const isDue = (at: Instant | null) => isAwaited || at === null || addSeconds(at, EVERY_SECONDS) <= now();
    if (!isDue(last)) return;
    try {
      const mirrored = await this.read();
      if (!isDue(mirrored.at)) return writeCached(this.cache, { at: mirrored.at });
      writeCached(this.cache, { at: now() });
      const turn = { put: this.keys.mirror, value: Buffer.from(JSON.stringify({ ...mirrored, at: now() })) };
      const { held } = await client.transact([turn], { key: this.keys.mirror, revision: mirrored.revision });
      if (held) await this.push(head);
    } catch (error) {
      if (!(error instanceof CoordError)) throw error;
    }
  }

  /** What it has, as far as the fleet knows. @throws CoordError `unavailable` */
  async read(): Promise<Mirrored> {
    const { found } = await this.options.client.transact([{ get: this.keys.mirror }]);
    const [entry] = found[0] ?? [];
    if (entry === undefined) return { commit: null, seq: 0, at: null, revision: '0' };
    const { commit, seq, at } = JSON.parse(entry.value.toString('utf8')) as Mirrored;
    return { commit, seq, at, revision: entry.revision };
  }

  /**
   * Pushes up to a commit that etcd has decided.
   * @throws CoordError `unavailable` where the remote does not take it
   */
  async bring(commit: string): Promise<void> {
    const { remoteGit, remote, local } = this.options;
    await local.flush();
    const options = ['--no-verify', '--no-follow-tags', '--no-signed'];
    const pushed = await remoteGit.push(remote, [`${commit}:${local.name}`], options);
    // Another one may have brought it further.
    if (pushed.code !== 0 && !(await this.contains(commit))) throw notMirrored(remote, local.name, pushed.stderr);
  }

  /** Does that, and lets go of what etcd need not keep any more. */
  async push(head: Pick<Head, 'commit' | 'seq'>): Promise<void> {
    const { client, now } = this.options;
    await this.bring(head.commit);
    const value = Buffer.from(JSON.stringify({ commit: head.commit, seq: head.seq, at: now() }));
    await client.transact([
      { put: this.keys.mirror, value },
      { remove: this.keys.after(-1), to: this.keys.after(Math.max(0, head.seq - KEPT)) },
    ]);
  }

  /** Whether the mirror ends with this very commit. @throws CoordError `unavailable` */
  async isAt(commit: string): Promise<boolean> {
    const { remoteGit, remote, local } = this.options;
    const listed = await remoteGit.lsRemote(remote, [local.name]);
    if (listed.code !== 0) throw unreachable(remote, listed);
    return listed.stdout.includes(`${commit}\t${local.name}\n`);
  }

  /** Brings here what the mirror has, which contains this commit. @throws CoordError `unavailable` where it has not */
  async fetch(commit: string): Promise<void> {
    if (!(await this.contains(commit))) {
      const { remote, local } = this.options;
      throw new CoordError(
        'unavailable',
        `this clone lacks a part of the state that etcd no longer has, and ${local.name} of ${remote} lacks it too`,
        {
          hint: `nothing was changed; check that the remote answers: git ls-remote ${remote}`,
          details: { reason: 'mirror-behind', commit },
        },
      );
    }
  }

  /** What the mirror ends with, which is here then with all before it; null where that cannot be known. */
  async tip(): Promise<string | null> {
    const { remoteGit, remote, local, git } = this.options;
    const fetched = await remoteGit.fetch(remote, [`+${local.name}:${PRIVATE_REFS}mirror`], ['--no-filter']);
    if (fetched.code !== 0) return null;
    return (
      (await git(['rev-parse', '--verify', '--quiet', `${PRIVATE_REFS}mirror`])).stdout.toString('utf8').trim() || null
    );
  }

  private async contains(commit: string): Promise<boolean> {
    const tip = await this.tip();
    return tip !== null && (await this.options.git(['merge-base', '--is-ancestor', commit, tip])).code === 0;
  }
}

function notMirrored(remote: string, ref: string, said: string): CoordError {
  return new CoordError('unavailable', `${remote} does not take ${ref}, the mirror of the state in etcd`, {
    hint: 'the state itself is in etcd, and goes on; what comes after the mirror cannot be audited until it is brought up to date: coord doctor --fix',
    details: { reason: 'mirror', remote, ref, stderr: said.slice(0, 2000) },
  });
}
