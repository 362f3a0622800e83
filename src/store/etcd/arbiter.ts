import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { coord } from '../../domain/suggestion.js';
import type { Instant } from '../../domain/time.js';
import { CoordError, usage } from '../../errors.js';
import { readCached, writeCached } from '../../git/local-cache.js';
import type { ObjectDatabase } from '../../git/objects.js';
import type { Repository } from '../../git/repository.js';
import { eventsIn, leftIn, parseCommit, storeIn } from '../format/commits.js';
import type { LockSurroundings } from '../queue/local-lock.js';
import type { StateRef } from '../swap/state-ref.js';
import { type Arbiter, type PairedRef, UNKNOWN_OUTCOME } from '../swap/store.js';
import type { Entry, EtcdClient, Step } from './client.js';
import { applyChange, type Change, changeOf, parseChange } from './delta.js';
import type { Mirror } from './mirror.js';
import { type EtcdPlace, type Head, Keys, numbered, textOf } from './place.js';

/** A transaction has at most 128 steps where the server is not told otherwise. */
const MOST_RECORDS = 120;
/** A request has at most 1.5 MiB where the server is not told otherwise, a third of it for base64. */
const MOST_BYTES = 700 * 1024;
const PAGE = 4_000;
const ATTEMPTS = 6;
const FIRST_PAUSE_MS = 100;
/** Who lost a race goes on soon, and sooner each time. */
const LOST_MS = 40;
const LESS_EACH_TIME_MS = 10;

export interface EtcdArbiterOptions {
  readonly place: EtcdPlace;
  readonly client: EtcdClient;
  readonly repository: Repository;
  readonly objects: ObjectDatabase;
  /** The state ref of this clone, which follows. */
  readonly local: StateRef;
  readonly mirror: Mirror;
  readonly effects: LockSurroundings & { now(): Instant };
}

/** The transaction that flips the head, and those that are made before it since one cannot hold them all. */
interface Steps {
  readonly staged: readonly (readonly Step[])[];
  readonly last: readonly Step[];
}

/**
 * The head key of etcd decides: a write counts once the key moved from the very revision that was read. Each change stands under
 * its number, a key a record, until the mirror has it; every clone makes the same commits of them on its own state ref.
 */
export class EtcdArbiter implements Arbiter {
  readonly reach = 'remote';
  private readonly keys: Keys;
  private readonly cache: string;
  private known: Head | null = null;
  private lost = 0;

  constructor(private readonly options: EtcdArbiterOptions) {
    this.keys = new Keys(options.place.prefix);
    this.cache = join(options.repository.commonDir, 'coord', 'etcd.json');
  }

  get askedAt(): Instant | null {
    return readCached(this.cache, ({ at }) => (typeof at === 'string' ? (at as Instant) : null));
  }

  async publish(commit: string, from: string | null, paired?: PairedRef): Promise<boolean> {
    const { local, objects, repository, effects } = this.options;
    // A landing that began before the state was moved here.
    if (paired) throw movedMeanwhile();
    const head = await this.headAt(from);
    if (head === null) return this.race();
    await local.flush();
    const change = await changeOf(repository, objects, commit, from);
    const { parents } = parseCommit((await objects.read([commit])).get(commit)?.body ?? Buffer.alloc(0));
    if (parents[0] !== from) throw notWhileInEtcd('the history of the state cannot be shortened');
    const steps = this.stepsOf(change, head.seq + 1, commit);
    let mayLand = false;
    for (let attempt = 1; ; attempt += 1) {
      const revision = await this.flip(steps, head.revision).catch(async (error: unknown) => {
        mayLand ||= error instanceof CoordError && error.details.maybe === true;
        if (mayLand) return null;
        if (!(await this.isLeft())) throw error;
        return '';
      });
      if (revision === '') return false;
      if (revision !== null) return this.won({ commit, seq: head.seq + 1, revision }, from);
      // The answer may have been lost on the way: what etcd has is the only answer that counts.
      const now = await this.catchUp().catch((error: unknown) => {
        throw mayLand && error instanceof CoordError && error.code !== 'corrupt' ? unknownOutcome(error) : error;
      });
      if (now === null) return false;
      if (now.commit !== from)
        return (await local.reaches(now.commit, commit, from)) ? this.won(now, from) : this.race();
      // The same change again cannot have a second effect: one of the two finds the head moved.
      if (attempt === ATTEMPTS) throw unknownOutcome(null);
      await effects.pause(FIRST_PAUSE_MS * 2 ** (attempt - 1));
    }
  }

  /** @returns the revision of the head that was flipped; null where it was not at this one any more */
  private async flip({ staged, last }: Steps, at: string): Promise<string | null> {
    const { client } = this.options;
    for (const some of staged) await client.transact(some);
    const { held, revision } = await client.transact(last, { key: this.keys.head, revision: at });
    return held ? revision : null;
  }

  async moveTo(): Promise<boolean> {
    throw notWhileInEtcd('the state ref cannot be changed');
  }

  async refresh(): Promise<void> {
    await this.current();
  }

  /** What etcd has at this place; null: nothing. */
  async head(): Promise<Head | null> {
    const { found } = await this.options.client.transact([{ get: this.keys.head }]);
    const [entry] = found[0] ?? [];
    return entry === undefined ? null : parseHead(entry);
  }

  /** Writes and removes a key. @throws CoordError where this clone may not, or etcd cannot */
  async tryOut(): Promise<void> {
    const key = `${this.keys.head}-tried-${randomBytes(6).toString('hex')}`;
    await this.options.client.transact([{ put: key, value: Buffer.alloc(0) }]);
    await this.options.client.transact([{ remove: key, to: `${key}\0` }]);
  }

  /** The head as etcd has it, which this clone then has too; null: the state was moved back to git. */
  private async current(): Promise<Head | null> {
    return this.catchUp().catch(async (error: unknown) => {
      if (await this.isLeft()) return null;
      throw error;
    });
  }

  /**
   * Whether the state was moved back to git, as the mirror tells where etcd gives no answer any more: nobody else writes there
   * after that. The ref of this clone follows the mirror in any case, for those who only read.
   */
  private async isLeft(): Promise<boolean> {
    const { local, mirror, place } = this.options;
    const own = await local.tip();
    const tip = await mirror.tip();
    if (tip === null || (own !== null && own !== tip && !(await local.goesOn(own, tip)))) return false;
    await local.move(tip, own);
    return storeIn(await local.messageOf(tip)) !== textOf(place);
  }

  /**
   * Begins at the commit of git's that says so, which the process that wrote it may have been killed before; where this had been
   * left for git, once more.
   * @returns false where there is nothing to begin
   * @throws CoordError `corrupt` where there is no head, and git is not at such a commit any more: then it had begun, and is gone
   */
  private async begin(own: string | null, head: Head | null): Promise<boolean> {
    const { place, mirror, client, local } = this.options;
    const isFirst = own !== null && own !== head?.commit && leftIn(await local.messageOf(own)) !== null;
    if (head === null && !(isFirst && (await mirror.isAt(own)))) throw gone(place);
    if (head !== null && !(isFirst && (await local.typeOf(head.commit)) && (await local.goesOn(head.commit, own))))
      return false;
    const value = Buffer.from(JSON.stringify({ commit: own, seq: (head?.seq ?? -1) + 1 }));
    await client.transact([{ put: this.keys.head, value }], { key: this.keys.head, revision: head?.revision ?? '0' });
    return true;
  }

  /** The head, if it is at this commit; else null, and the ref of this clone has been brought forward. */
  private async headAt(commit: string | null): Promise<Head | null> {
    const head = this.remembered();
    if (head?.commit === commit) return head;
    const now = await this.current();
    return now?.commit === commit ? now : null;
  }

  private remembered(): Head | null {
    this.known ??= readCached(this.cache, ({ commit, seq, revision, prefix }) =>
      typeof commit === 'string' &&
      typeof seq === 'number' &&
      typeof revision === 'string' &&
      prefix === this.options.place.prefix
        ? { commit, seq, revision }
        : null,
    );
    return this.known;
  }

  private remember(head: Head): void {
    this.known = head;
    writeCached(this.cache, { ...head, prefix: this.options.place.prefix, at: this.options.effects.now() });
  }

  private async race(): Promise<false> {
    this.lost += 1;
    const { pause, random } = this.options.effects;
    await pause(random() * Math.max(0, LOST_MS - LESS_EACH_TIME_MS * this.lost));
    await this.current();
    return false;
  }

  private async won(head: Head, from: string | null): Promise<true> {
    const { local, mirror } = this.options;
    this.lost = 0;
    await this.handBack(head);
    await local.move(head.commit, from).catch(() => false);
    this.remember(head);
    const message = await local.messageOf(head.commit);
    await mirror.afterWrite(
      head,
      eventsIn(message).some(({ type }) => type === 'work.landed'),
    );
    return true;
  }

  /** A commit after which etcd decides no more is followed by nobody before git has it. */
  private async handBack(head: Head): Promise<void> {
    const { local, mirror, place } = this.options;
    if (storeIn(await local.messageOf(head.commit)) !== textOf(place)) await mirror.push(head);
  }

  private stepsOf(change: Change, seq: number, commit: string): Steps {
    const { parent, deltas, records } = change;
    const puts = records.map((value, index) => ({ put: this.keys.record(seq, commit, index), value }));
    const last: Step[] = [
      {
        put: this.keys.change(seq, commit),
        value: Buffer.from(JSON.stringify({ parent, deltas, records: records.length })),
      },
      { put: this.keys.head, value: Buffer.from(JSON.stringify({ commit, seq })) },
    ];
    const groups: Step[][] = [[]];
    let bytes = 0;
    for (const put of puts) {
      const group = groups.at(-1) ?? [];
      if (group.length >= MOST_RECORDS || bytes + put.value.length > MOST_BYTES) {
        groups.push([put]);
        bytes = put.value.length;
      } else {
        group.push(put);
        bytes += put.value.length;
      }
    }
    // Each under the id of its commit: what is staged for a swap that is lost is nobody's, and goes with its number.
    return groups.length === 1 ? { staged: [], last: [...(groups[0] ?? []), ...last] } : { staged: groups, last };
  }

  /**
   * Asks etcd, and brings the ref of this clone forward to what it has.
   * @returns null where this clone knows that the state was moved back to git
   * @throws CoordError `corrupt` when that is not forward: nothing is ever reset.
   */
  private async catchUp(): Promise<Head | null> {
    const { local } = this.options;
    for (;;) {
      // Read before etcd is asked: whatever stands here was there first, so the answer must contain it.
      const own = await local.tip();
      if (own !== null && storeIn(await local.messageOf(own)) !== textOf(this.options.place)) return null;
      const known = this.remembered();
      const { head, entries } = await this.since(known !== null && known.commit === own ? known.seq : -1);
      if (head === null || head.commit !== own) {
        if ((await this.begin(own, head)) || head === null) continue;
      }
      if (head.commit !== own && !(await this.follow(head, entries, own))) continue;
      this.remember(head);
      return head;
    }
  }

  /** Makes what this clone lacks. @returns false when another process of this clone has moved its ref meanwhile */
  private async follow(head: Head, entries: readonly Entry[], own: string | null): Promise<boolean> {
    const { local, repository, objects, mirror } = this.options;
    const { base, line } = lineTo(head, entries, own);
    if (base !== own && (await local.typeOf(base)) !== 'commit') await mirror.fetch(base);
    for (const change of line) await applyChange(repository, objects, change);
    await local.flush();
    if (own !== null && base !== own && !(await local.goesOn(own, head.commit))) throw rewound(head.commit, own);
    await this.handBack(head);
    return local.move(head.commit, own);
  }

  /** The head, and the changes after one, as they stood together. */
  private async since(seq: number): Promise<{ head: Head | null; entries: readonly Entry[] }> {
    const { client } = this.options;
    const entries: Entry[] = [];
    let from = this.keys.after(seq);
    for (;;) {
      const { found } = await client.transact([{ get: this.keys.head }, { get: from, to: this.keys.end, limit: PAGE }]);
      const [heads = [], some = []] = found;
      entries.push(...some);
      const last = some.at(-1);
      const [entry] = heads;
      const head = entry === undefined ? null : parseHead(entry);
      if (last === undefined || some.length < PAGE) return { head, entries };
      from = `${last.key}\0`;
    }
  }
}

function parseHead({ value, revision }: Entry): Head {
  try {
    const { commit, seq } = JSON.parse(value.toString('utf8')) as Head;
    if (/^[0-9a-f]{40,64}$/.test(commit) && Number.isSafeInteger(seq)) return { commit, seq, revision };
  } catch {
    // Said below.
  }
  throw new CoordError('corrupt', 'the head of the state in etcd is damaged', {
    hint: 'write nothing; have a person look at that key',
    details: { reason: 'etcd-damaged', problems: ['etcd: the head names no commit'] },
  });
}

/** The changes that lead to the head, oldest first, from a commit that they do not have: this clone's own, if it is on the way. */
function lineTo(head: Head, entries: readonly Entry[], own: string | null): { base: string; line: readonly Change[] } {
  const texts = new Map<string, string>();
  const records = new Map<string, Buffer[]>();
  for (const { key, value } of entries) {
    const [commit = '', index] = key.slice(key.lastIndexOf('log/') + 'log/'.length + numbered(0).length + 1).split('/');
    if (index === undefined) texts.set(commit, value.toString('utf8'));
    else records.set(commit, [...(records.get(commit) ?? []), value]);
  }
  const line: Change[] = [];
  let base = head.commit;
  for (let text = texts.get(base); text !== undefined && base !== own; text = texts.get(base)) {
    const change = parseChange(text, records.get(base) ?? []);
    line.push(change);
    base = change.parent ?? '';
  }
  return { base, line: line.reverse() };
}

function unknownOutcome(why: CoordError | null): CoordError {
  const then = why === null ? 'it may still be at it' : why.message;
  return new CoordError('unavailable', `unknown whether etcd has recorded this: it gave no clear answer, and ${then}`, {
    hint: 'unknown: repeat the same command when etcd answers again: it finds out, and has no second effect',
    details: { ...why?.details, reason: UNKNOWN_OUTCOME },
    ...(why === null ? {} : { cause: why }),
  });
}

function gone({ prefix }: EtcdPlace): CoordError {
  return new CoordError('corrupt', `the state is not in etcd any more: there is no key ${prefix}/head`, {
    hint: `find out who deleted it, and have etcd restored; to go on in git with what is here: ${coord('init --store git --etcd-is-gone')}`,
    details: { reason: 'etcd-gone', problems: [`etcd: no ${prefix}/head`] },
  });
}

function rewound(tip: string, own: string): CoordError {
  const short = (commit: string) => commit.slice(0, 7);
  return new CoordError(
    'corrupt',
    `etcd has the state at ${short(tip)}, which does not contain ${short(own)} that this clone has seen`,
    {
      hint: 'it was restored from an older copy, or another state was put there: have a person say which of the two counts',
      details: { reason: 'etcd-rewound', known: own, tip, problems: ['etcd: rewound or rewritten'] },
    },
  );
}

function movedMeanwhile(): CoordError {
  return new CoordError(
    'unavailable',
    'the state was moved to etcd meanwhile, which no push moves together with a branch',
    {
      hint: `nothing was moved; repeat: ${coord('land')}`,
      details: { reason: 'etcd-moved' },
    },
  );
}

export function notWhileInEtcd(what: string): CoordError {
  return usage(
    `${what} while it is kept in etcd`,
    `move it to git first, and back after that: ${coord('init --store git')}`,
  );
}
