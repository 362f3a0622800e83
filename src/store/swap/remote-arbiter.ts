import { randomBytes } from 'node:crypto';
import { PRIVATE_REFS, refsInTheWay } from '../../domain/state-ref.js';
import { addSeconds, type Instant } from '../../domain/time.js';
import { asError, CoordError } from '../../errors.js';
import type { PorcelainResult, RemoteGit } from '../../git/porcelain.js';
import { rejectionOf } from '../../git/push-status.js';
import { isRateLimited } from '../../git/rate-limit.js';
import { dropLooseRef } from '../../git/ref-swap.js';
import { isAncestor, readRef } from '../../git/refs.js';
import type { Repository } from '../../git/repository.js';
import type { Git } from '../../git/run.js';
import { type LastTime, remoteContact } from '../cache/observations.js';
import { storeIn } from '../format/commits.js';
import { CLAIMS_FILE, missingFile } from '../format/state-tree.js';
import type { LockSurroundings } from '../queue/local-lock.js';
import {
  declined,
  nameInTheWay,
  notTaken,
  surelyNotPushed,
  troubleIn,
  unknownOutcome,
  unreachable,
} from './remote-messages.js';
import { aheadHere, goneThere, nameTaken, neverShared, noCommitThere, rewrittenThere } from './state-messages.js';
import type { StateRef } from './state-ref.js';
import { type Arbiter, type PairedRef, PairedRefDeclined, pairedOptions } from './store.js';

export interface RemoteArbiterOptions {
  readonly repository: Repository;
  readonly git: Git;
  readonly remoteGit: RemoteGit;
  /** The same with another limit, in milliseconds: a long history may take longer than any answer. Absent: there is one limit. */
  readonly within?: ((milliseconds: number) => RemoteGit) | undefined;
  /** Name of the remote, such as `origin`. */
  readonly remote: string;
  readonly local: StateRef;
  readonly effects: LockSurroundings & { now(): Instant };
}

const FETCH_ATTEMPTS = 3;
/** A clone that was only behind goes on soon; one that lost again gives way for long, and for less each time. */
const FIRST_PAUSE_MS = 40;
const LONGEST_PAUSE_MS = 800;
const LESS_EACH_TIME_MS = 150;
/** How often a push that was not answered is made again, and how long the first of the pauses is, each twice the one before. */
const UNCLEAR_ATTEMPTS = 7;
const FIRST_UNCLEAR_PAUSE_MS = 100;
/** How often what the remote refused, for a reason that may pass, is decided and tried again. */
const FLEETING_ATTEMPTS = 8;
/** Kinds of trouble that may be over in a moment. */
const FLEETING = ['locked', 'hidden', 'unknown', 'broken'];
const SILENT_SECONDS = 30;
/** For a server to show that it is there, and for a history that a clone has nothing of, or has missed for very long. */
const SIGN_OF_LIFE_MS = 5_000;
const LONG_HISTORY_MS = 480_000;

/**
 * The remote's ref decides: a write counts once the remote has accepted a push that goes on from what was read, and
 * never rewrites. The ref of this clone follows it, and is never ahead of it.
 */
export class RemoteArbiter implements Arbiter {
  readonly reach = 'remote';
  /** Pushes in a row that did not count, and how many of these were not another writer's doing. */
  private lost = 0;
  private unclear = 0;
  /** Why the remote is not asked again for a while: it took the whole time of a question not to answer it. */
  private silent: { readonly error: CoordError; readonly until: Instant } | null = null;

  constructor(private readonly options: RemoteArbiterOptions) {}

  private get contact(): LastTime {
    const { repository, remote, local } = this.options;
    return remoteContact(`${repository.commonDir}/coord`, remote, local.name);
  }

  get askedAt(): Instant | null {
    return this.contact.read();
  }

  /**
   * Pushes until it is known whether the remote has the commit. What was pushed and not answered may land for as long as the tip
   * has not moved past it: so it is the same commit that is pushed again, which cannot have a second effect.
   */
  async publish(commit: string, from: string | null, paired?: PairedRef): Promise<boolean> {
    const { remote, local, effects } = this.options;
    this.mustNotBeSilent();
    await local.flush();
    const refs = [local.name, ...(paired ? [paired.ref] : [])];
    let mayLand = false;
    let last: PorcelainResult | null = null;
    for (let attempt = 1; ; attempt += 1) {
      // A server that took the whole time of a push is only asked whether it has come to an end.
      const pushed: PorcelainResult = last?.timedOut ? last : await this.push(commit, from, paired);
      last = pushed;
      // The commit carries a random id, so even "up to date" can only mean that this very commit is there.
      if (pushed.code === 0) return this.won(commit, from);
      const isNo = surelyNotPushed(pushed, refs);
      mayLand ||= !isNo;
      this.mustNotBeLimited(pushed, mayLand);
      if (isNo) await this.giveWay(pushed);
      // The answer may have been lost on the way: what the remote has is the only answer that counts.
      const tip = await this.catchUp().catch((error: unknown) => {
        const unsure = error instanceof CoordError && error.code !== 'corrupt' && mayLand;
        throw unsure ? unknownOutcome(remote, pushed, error) : error;
      });
      if (tip !== null && tip !== from && (await local.reaches(tip, commit, from))) {
        await paired?.confirm();
        return true;
      }
      if (tip !== from) {
        this.unclear = 0;
        return false;
      }
      if (!mayLand) return this.unmoved(pushed, paired);
      if (attempt === UNCLEAR_ATTEMPTS) throw unknownOutcome(remote, pushed, null);
      await effects.pause(FIRST_UNCLEAR_PAUSE_MS * 2 ** (attempt - 1));
    }
  }

  async moveTo(to: string, commit: string, from: string): Promise<boolean> {
    const { remote, remoteGit, git } = this.options;
    const listed = await remoteGit.lsRemote(remote, [to]);
    if (listed.code !== 0) throw unreachable(remote, listed);
    const there =
      listed.stdout
        .split('\n')
        .find((line) => line.endsWith(`\t${to}`))
        ?.split('\t')[0] ?? null;
    if (there !== null && (await isAncestor(git, there, from)) !== true) throw nameTaken(to, to);
    const confirm = async () => undefined;
    return this.publish(commit, from, { ref: to, commit, expected: there ?? '', confirm }).catch((error: unknown) => {
      if (!(error instanceof PairedRefDeclined)) throw error;
      throw declined(remote, rejectionOf(error.pushed, to) === null ? this.options.local.name : to, error.pushed);
    });
  }

  async refresh(): Promise<void> {
    const tip = await this.catchUp();
    const own = await this.options.local.tip();
    if (tip !== null || own === null) return;
    await this.mustBeOurs(own);
    await this.publish(own, null);
  }

  private push(commit: string, from: string | null, paired: PairedRef | undefined): Promise<PorcelainResult> {
    const { remoteGit, remote, local } = this.options;
    return remoteGit.push(
      remote,
      [`${commit}:${local.name}`, ...(paired ? [`${paired.commit}:${paired.ref}`] : [])],
      // The lease makes it a compare-and-swap: a ref that was deleted or rewound there is not brought back unnoticed.
      [
        `--force-with-lease=${local.name}:${from ?? ''}`,
        ...['--no-verify', '--no-follow-tags', '--no-signed'],
        ...(paired ? pairedOptions(paired) : []),
      ],
    );
  }

  /** Follows with the ref of this clone as far as that is possible: the remote has decided already. */
  private async won(commit: string, from: string | null): Promise<boolean> {
    const { local, effects } = this.options;
    this.lost = 0;
    this.unclear = 0;
    this.contact.record(effects.now());
    await local.move(commit, from).catch(() => false);
    return true;
  }

  /** Before the remote is asked again, so that what is decided next is fresh. */
  private async giveWay(pushed: PorcelainResult): Promise<void> {
    const { effects } = this.options;
    this.lost += 1;
    if (pushed.timedOut) return;
    const raced = LONGEST_PAUSE_MS - LESS_EACH_TIME_MS * (this.lost - 2);
    await effects.pause(effects.random() * (this.lost === 1 ? FIRST_PAUSE_MS : Math.max(0, raced)));
  }

  /** Who asks for fewer requests is not asked what became of this one. */
  private mustNotBeLimited(pushed: PorcelainResult, mayLand: boolean): void {
    const { remote, local } = this.options;
    if (!isRateLimited(pushed)) return;
    throw mayLand ? unknownOutcome(remote, pushed, null) : declined(remote, local.name, pushed);
  }

  /** The remote has not moved, so no other writer was the reason, or one that is not done yet. */
  private async unmoved(pushed: PorcelainResult, paired: PairedRef | undefined): Promise<false> {
    const { remote, remoteGit, local } = this.options;
    if (paired) throw new PairedRefDeclined(pushed);
    this.unclear += 1;
    if (FLEETING.includes(troubleIn(pushed).kind) && this.unclear < FLEETING_ATTEMPTS) return false;
    const listed = await remoteGit.lsRemote(remote, refsInTheWay(local.name));
    const other = /\t(refs\/.+)$/m.exec(listed.stdout)?.[1];
    if (listed.code === 0 && other !== undefined) throw nameInTheWay(remote, local.name, other);
    throw declined(remote, local.name, pushed);
  }

  /** A ref of this name that is somebody's own is neither pushed nor taken over. */
  private async mustBeOurs(commit: string): Promise<void> {
    const { git, local } = this.options;
    const { code } = await git(['cat-file', '-e', `${commit}:${CLAIMS_FILE}`]);
    if (code !== 0) throw missingFile(CLAIMS_FILE, local.name);
  }

  /**
   * Asks the remote, and brings the ref of this clone forward to what it has.
   * @returns the remote's tip; null when it has no such ref, and is not known to have had one.
   * @throws CoordError `corrupt` when that is not forward: nothing is ever reset.
   */
  private async catchUp(): Promise<string | null> {
    const { local, remote, effects } = this.options;
    for (;;) {
      // Read before the remote is asked: whatever stands here was there first, so the answer must contain it.
      const known = await local.known();
      const own = await local.tip();
      const ref = `${PRIVATE_REFS}asked/${randomBytes(8).toString('hex')}`;
      const tip = await this.fetch(ref);
      this.contact.record(effects.now());
      if (tip === null) {
        if (known !== null) throw goneThere(remote, local.name, known);
        return null;
      }
      try {
        const apart = await this.mustGoOn(known, own, tip).catch(asError);
        // The state is kept elsewhere by now, and the remote's ref is behind it.
        if (apart && own !== null && storeIn(await local.messageOf(own)) !== null) return own;
        if (apart) throw apart;
        if ((own === tip && known === tip) || (await local.move(tip, own, ref))) return tip;
      } finally {
        await this.forget(ref);
      }
      // Another process of this clone was faster; what it saw may be newer.
    }
  }

  /** Without git where that can be: a git that is killed while it deletes a ref leaves the lock of all packed ones behind. */
  private async forget(ref: string): Promise<void> {
    const { repository, git } = this.options;
    if ((await readRef(repository, git, ref)) === null || dropLooseRef(repository, ref)) return;
    await git(['update-ref', '-d', ref]);
  }

  /** Checks that the remote's tip contains all that was seen there, and all that stands here. */
  private async mustGoOn(known: string | null, own: string | null, tip: string): Promise<void> {
    const { local, remote, remoteGit, git } = this.options;
    const { name: ref } = local;
    const fetchCommit = async (id: string) => (await remoteGit.fetch(remote, [id], ['--no-filter'])).code === 0;
    const contains = (commit: string) => local.goesOn(commit, tip, fetchCommit);
    if (own === tip && (known === null || known === tip)) return;
    const type = await local.typeOf(tip);
    if (type !== 'commit') throw noCommitThere({ remote, ref, known, tip }, type);
    if (own === null) await this.mustBeOurs(tip);
    if (known !== null && !(await contains(known))) {
      const rewound = (await isAncestor(git, tip, known)) === true;
      const related = rewound || (await git(['merge-base', known, tip])).code === 0;
      const how = rewound ? 'rewound' : related ? 'rewritten' : 'recreated';
      throw rewrittenThere({ remote, ref, known, tip }, how);
    }
    if (own === null || own === known || (await contains(own))) return;
    const parted = { remote, ref, known: own, tip };
    throw known === null ? neverShared(parted) : aheadHere(parted);
  }

  /** The remote's tip of the ref, fetched with its history into a ref of this call alone; null when there is none. */
  private async fetch(ref: string): Promise<string | null> {
    const { repository, git, remoteGit, remote, local, effects } = this.options;
    this.mustNotBeSilent();
    for (let attempt = 1; ; attempt += 1) {
      // A partial clone gets all of the state at once, unless it lacks the very trees that the new ones go on from.
      const filter = attempt === 1 ? ['--no-filter'] : [];
      const fetched = await this.fetchOnce(`+${local.name}:${ref}`, filter);
      if (fetched.code === 0) return readRef(repository, git, ref);
      if (fetched.timedOut) throw this.fellSilent(fetched);
      if (isRateLimited(fetched)) throw unreachable(remote, fetched);
      const listed = await remoteGit.lsRemote(remote, [local.name]);
      if (listed.code !== 0) throw listed.timedOut ? this.fellSilent(listed) : unreachable(remote, listed);
      if (!listed.stdout.includes(`\t${local.name}\n`)) return null;
      if (attempt === FETCH_ATTEMPTS) throw await this.whyNotFetched(fetched, listed);
      await effects.pause(effects.random() * FIRST_PAUSE_MS * attempt);
    }
  }

  /** A fetch that took its whole time gets more where the server answers: then it is still sending. */
  private async fetchOnce(refspec: string, options: readonly string[]): Promise<PorcelainResult> {
    const { remoteGit, remote, local, within } = this.options;
    const fetched = await remoteGit.fetch(remote, [refspec], options);
    if (!fetched.timedOut || !within) return fetched;
    if ((await within(SIGN_OF_LIFE_MS).lsRemote(remote, [local.name])).code !== 0) return fetched;
    return within(LONG_HISTORY_MS).fetch(remote, [refspec], options);
  }

  /** The remote lists the ref, and it cannot be had: for what is wrong there, or here. */
  private async whyNotFetched(fetched: PorcelainResult, listed: PorcelainResult): Promise<CoordError> {
    const { remote, local } = this.options;
    const tip = listed.stdout.split(`\t${local.name}\n`)[0]?.split('\n').at(-1) ?? '';
    const parted = { remote, ref: local.name, known: await local.known(), tip };
    if (/^0+$/.test(tip)) return noCommitThere(parted, null);
    await local.mustBeReadable();
    return notTaken(remote, local.name, fetched);
  }

  private fellSilent(result: PorcelainResult): CoordError {
    const { remote, effects } = this.options;
    const error = unreachable(remote, result);
    this.silent = { error, until: addSeconds(effects.now(), SILENT_SECONDS) };
    return error;
  }

  /** One command asks without an answer only once, however much it would like to know. */
  private mustNotBeSilent(): void {
    if (this.silent && this.options.effects.now() < this.silent.until) throw this.silent.error;
  }
}
