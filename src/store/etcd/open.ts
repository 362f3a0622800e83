import { join } from 'node:path';
import type { Instant } from '../../domain/time.js';
import { type CoordError, usage } from '../../errors.js';
import { cloneSettings, settingOf } from '../../git/clone-config.js';
import { readCached, writeCached } from '../../git/local-cache.js';
import type { ObjectDatabase } from '../../git/objects.js';
import type { RemoteGit } from '../../git/porcelain.js';
import type { Repository } from '../../git/repository.js';
import type { Environment, Git } from '../../git/run.js';
import type { LockSurroundings } from '../queue/local-lock.js';
import type { StateRef } from '../swap/state-ref.js';
import { EtcdArbiter } from './arbiter.js';
import { type EtcdAccess, EtcdClient, mustBeEndpoints } from './client.js';
import { Mirror } from './mirror.js';
import { type EtcdPlace, placeOf, textOf } from './place.js';

/** What of a checkout is needed to reach etcd, and the mirror in git. */
export interface Surroundings {
  readonly repository: Repository;
  readonly git: Git;
  readonly objects: ObjectDatabase;
  readonly env: Environment;
  readonly effects: LockSurroundings & { now(): Instant };
  /** The remote that has the mirror, and the way there. */
  readonly remote: string;
  readonly remoteGit: RemoteGit;
  /** The state ref of this clone. */
  readonly local: StateRef;
}

/**
 * How this clone reaches etcd: by the environment (`COORD_ETCD_ENDPOINTS`), else by its git configuration
 * (`coord.etcd.endpoints`); nothing that a repository brings is an address.
 * @throws CoordError `usage` where an address is none
 */
export function accessOf({ repository, env }: Pick<Surroundings, 'repository' | 'env'>): EtcdAccess {
  const settings = cloneSettings(repository);
  const text = (name: string) =>
    env[`COORD_ETCD_${name.toUpperCase()}`] || settingOf(settings, `coord.${name}`, 'etcd');
  const endpoints = (text('endpoints') ?? '').split(',').flatMap((one) => one.trim() || []);
  mustBeEndpoints(endpoints);
  const [user, password, ca, cert, key] = ['user', 'password', 'ca', 'cert', 'key'].map((name) => text(name));
  return {
    endpoints,
    user: user ?? null,
    password: password ?? null,
    ca: ca ?? null,
    cert: cert ?? null,
    key: key ?? null,
  };
}

/** Etcd, the mirror, and who decides by them. @param named as the state has it: `etcd CLUSTER PREFIX` */
export function openEtcd(around: Surroundings, named: string) {
  const { repository, effects } = around;
  const place = placeOf(named);
  const access = accessOf(around);
  const directory = join(repository.commonDir, 'coord');
  // A member that does not answer costs its time once, and not each command.
  const kept = join(directory, 'etcd-member.json');
  const at = readCached(kept, (value) => (typeof value.at === 'number' ? value.at : null)) ?? 0;
  const client = new EtcdClient(
    access,
    place.cluster,
    effects.pause,
    at < access.endpoints.length ? at : 0,
    (answering) => writeCached(kept, { at: answering }),
  );
  const mirror = new Mirror({
    ...around,
    place,
    client,
    directory,
    now: () => effects.now(),
  });
  const arbiter = new EtcdArbiter({ ...around, place, client, mirror });
  /** @throws CoordError `usage` where the main branch's configuration has another one */
  const mustBe = (policy: EtcdPlace) => {
    if (named !== textOf(policy)) throw disagree(policy, place);
  };
  return { client, mirror, arbiter, mustBe };
}

export function disagree(policy: EtcdPlace, place: EtcdPlace): CoordError {
  const words = ({ cluster, prefix }: EtcdPlace) => `${prefix} of the etcd cluster ${cluster}`;
  return usage(
    `the main branch's configuration keeps the state in ${words(policy)}, but it is in ${words(place)}`,
    `bring the right "store" to the main branch, and fetch it`,
    { reason: 'authority', says: { ...policy }, known: { ...place } },
  );
}
