import { join } from 'node:path';
import type { Instant } from '../../domain/time.js';
import { cloneSettings, settingOf } from '../../git/clone-config.js';
import type { ObjectDatabase } from '../../git/objects.js';
import type { RemoteGit } from '../../git/porcelain.js';
import type { Repository } from '../../git/repository.js';
import type { Environment, Git } from '../../git/run.js';
import type { LockSurroundings } from '../queue/local-lock.js';
import type { StateRef } from '../swap/state-ref.js';
import { EtcdArbiter } from './arbiter.js';
import { type EtcdAccess, EtcdClient, mustBeEndpoints } from './client.js';
import { Mirror } from './mirror.js';
import { placeOf } from './place.js';

/** What of a checkout is needed to reach etcd, and the mirror in git. */
export interface Surroundings {
  readonly repository: Repository;
  readonly git: Git;
  readonly remoteGit: RemoteGit;
  readonly objects: ObjectDatabase;
  readonly env: Environment;
  readonly effects: LockSurroundings & { now(): Instant };
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

/** Etcd, the mirror, and who decides by them. @param store as the state names it: `etcd CLUSTER PREFIX` */
export function openEtcd(around: Surroundings, store: string, local: StateRef, remote: string) {
  const { repository, git, remoteGit, objects, effects } = around;
  const place = placeOf(store);
  const client = new EtcdClient(accessOf(around), place.cluster, effects.pause);
  const directory = join(repository.commonDir, 'coord');
  const mirror = new Mirror({ place, client, git, remoteGit, remote, local, directory, now: () => effects.now() });
  return { client, mirror, arbiter: new EtcdArbiter({ place, client, repository, objects, local, mirror, effects }) };
}
