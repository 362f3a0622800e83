import type { Config } from '../../config/config.js';
import { coord } from '../../domain/suggestion.js';
import { plural } from '../../domain/text.js';
import { asError, CoordError } from '../../errors.js';
import type { GitStore } from '../../store/swap/git-store.js';
import type { Context } from '../../workspace/context.js';
import { type Checked, pass, wrong } from './guard-checks.js';

/** So many changes that the mirror lacks are a sign that nobody can bring it up to date. */
const MANY_BEHIND = 1_000;
const MEGABYTE = 1024 * 1024;

/** What decides in the place of the remote, where something does: whether it is well, and how far the mirror has come. */
export async function storeChecks(context: Context, config: Config, store: GitStore): Promise<Checked[]> {
  if (store.decider.kept === null) {
    if (config.store === null) return [];
    const message = 'the configuration keeps the state in etcd, but it is in git';
    return [wrong('etcd', 'medium', message, `${coord('init --store etcd')} moves it`)];
  }
  const { client, mirror, arbiter } = await context.stores.etcdOf(store.decider.kept, config);
  const looked = await Promise.all([client.health(), mirror.read(), arbiter.head()]).catch(asError);
  if (looked instanceof CoordError) return [wrong('etcd', 'high', looked.message, looked.hint ?? null)];
  const [{ version, bytes, hasLeader, isFull }, { seq }, head] = looked;
  const behind = (head?.seq ?? seq) - seq;
  const size = `${Math.ceil(bytes / MEGABYTE)} MiB`;
  const one = `etcd ${version} decides (${size})`;
  const defragment = 'etcdctl compact, etcdctl defrag, then etcdctl alarm disarm; or a larger --quota-backend-bytes';
  const { remote } = config;
  return [
    isFull
      ? wrong('etcd', 'high', `etcd ${version} is full (${size}, alarm NOSPACE): nothing can be written`, defragment)
      : hasLeader
        ? pass('etcd', 'high', one)
        : wrong('etcd', 'high', `${one}, and has no leader`, 'bring its members back'),
    behind < MANY_BEHIND
      ? pass(
          'mirror',
          'medium',
          `the mirror on ${remote} lacks ${plural(behind, 'change')}, which etcd keeps until it has them`,
        )
      : wrong('mirror', 'medium', `the mirror on ${remote} lacks ${plural(behind, 'change')}`, coord('doctor --fix')),
    pass(
      'land',
      'low',
      'etcd does not give one atomic step: coord land moves the main branch first, and the claims after it',
    ),
  ];
}

/** Brings the mirror up to date, if it is not. */
export async function fixMirror(context: Context): Promise<string | null> {
  const config = await context.config();
  const store = await context.store();
  await store.read();
  if (store.decider.kept === null) return null;
  await store.latest();
  const { mirror, arbiter } = await context.stores.etcdOf(store.decider.kept, config);
  const head = await arbiter.head();
  if (head === null || (await mirror.read()).commit === head.commit) return null;
  await mirror.push(head);
  return `the mirror on ${config.remote} has all that etcd has decided`;
}
