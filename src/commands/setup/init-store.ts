import { randomBytes } from 'node:crypto';
import { basename } from 'node:path';
import type { Config } from '../../config/config.js';
import { CONFIG_FILE } from '../../config/load.js';
import { coord, form } from '../../domain/suggestion.js';
import { asError, CoordError, usage } from '../../errors.js';
import type { EtcdPlace } from '../../store/etcd/place.js';
import type { GitStore } from '../../store/swap/git-store.js';
import { mainConfigOf } from '../../workspace/authority.js';
import type { Context } from '../../workspace/context.js';
import { entryOf } from './init-state.js';

/** What was asked for: `--store`, `--prefix`, `--etcd-is-gone`. */
export interface StoreWish {
  readonly kind: string;
  readonly prefix: string | null;
  readonly isGone: boolean;
}

/** What decides between clones now, and whether that is new. */
export interface StorePlaced {
  /** null: git. */
  readonly place: EtcdPlace | null;
  readonly moved: boolean;
}

/**
 * Moves the state to etcd or back to git, by a last commit in the old store, behind which nothing is written there. No claim is
 * lost, and the history goes on.
 * @throws CoordError where one of the two cannot be reached or written: then nothing was moved, or repeating it goes on
 */
export async function moveStore(context: Context, config: Config, wish: StoreWish | null): Promise<StorePlaced | null> {
  if (wish === null) return null;
  if (wish.kind !== 'git' && wish.kind !== 'etcd') {
    throw usage(`--store is git or etcd, not ${JSON.stringify(wish.kind)}`, coord('init --store etcd'));
  }
  if (!config.share) {
    throw usage(
      'etcd decides between clones, and this repository shares with no remote',
      `set "share": true in ${CONFIG_FILE}`,
    );
  }
  const store = await context.stores.open({ ...config, store: null });
  if (wish.kind === 'git') return back(context, store, config, wish.isGone);
  await store.latest();
  const wanted = await placeFor(context, store, config, wish.prefix);
  const { textOf } = await import('../../store/etcd/place.js');
  if (store.decider.kept === textOf(wanted)) return { place: wanted, moved: false };
  if (store.decider.kept !== null)
    throw usage(`the state is in another etcd already: ${store.decider.kept}`, coord('init --store git'));
  const { arbiter, local } = await context.stores.etcdOf(textOf(wanted), config);
  const head = await arbiter.head();
  if (head !== null && !(await local.goesOn(head.commit, (await store.tip()) ?? ''))) {
    throw usage(
      `${wanted.prefix} holds another state in that etcd`,
      `name another: ${form('init --store etcd --prefix /coord/NAME')}`,
    );
  }
  await arbiter.tryOut();
  await store.life.moveStore(textOf(wanted), entryOf(context, `move the state to etcd, ${wanted.prefix}`));
  return { place: wanted, moved: true };
}

async function back(context: Context, store: GitStore, config: Config, isGone: boolean): Promise<StorePlaced> {
  const isReached = await store.latest().catch(asError);
  const from = store.decider.kept;
  if (from === null) return { place: null, moved: false };
  const entry = entryOf(context, 'move the state back to git');
  if (!(isReached instanceof CoordError)) {
    await store.life.moveStore(null, entry);
    return { place: null, moved: true };
  }
  if (!isGone) throw isReached;
  const { mirror } = await context.stores.etcdOf(from, config);
  const { revision } = await store.read();
  await mirror.bring(revision);
  if (await store.life.giveUpStore({ ...entry, summary: 'go on in git, since etcd is gone' }))
    return { place: null, moved: true };
  throw new CoordError('unavailable', 'the mirror has more than this clone', {
    hint: coord('init --store git --etcd-is-gone'),
  });
}

/** The configuration's, the main branch's first; else one that nobody has. */
async function placeFor(context: Context, store: GitStore, config: Config, prefix: string | null): Promise<EtcdPlace> {
  const { accessOf } = await import('../../store/etcd/open.js');
  const { EtcdClient } = await import('../../store/etcd/client.js');
  const { placeOf } = await import('../../store/etcd/place.js');
  const ruled = (await mainConfigOf(await context.authority()))?.store ?? config.store;
  const access = accessOf({ repository: context.repository, env: context.host.env });
  const { cluster } = await new EtcdClient(access, ruled?.cluster ?? null, context.effects.pause).health();
  const here = store.decider.kept === null ? null : placeOf(store.decider.kept);
  const usual = `/coord/${basename(context.repository.root).replace(/[^\w.-]/g, '-')}-${randomBytes(3).toString('hex')}`;
  const place = { cluster, prefix: prefix ?? ruled?.prefix ?? here?.prefix ?? usual };
  if (ruled !== null && (ruled.prefix !== place.prefix || ruled.cluster !== cluster)) {
    throw usage(
      `${CONFIG_FILE} keeps the state in ${ruled.prefix}`,
      `leave out --prefix, or change "store" in ${CONFIG_FILE}`,
    );
  }
  return place;
}

/** What `init` says of it. */
export function storeLines(placed: StorePlaced | null, remote: string | null): string[] {
  if (placed === null) return [];
  const { place, moved } = placed;
  if (place === null) return moved ? ['the state is back in git: what decides is the remote again'] : [];
  return [
    `etcd ${place.prefix} (cluster ${place.cluster}) decides${moved ? ' from now on' : ''}; the ref on ${remote} is a mirror for reading and audit`,
    'each clone needs its address: git config coord.etcd.endpoints https://HOST:2379 (or COORD_ETCD_ENDPOINTS)',
    'what etcd does not give: coord land moves the main branch first and the claims after it, in two steps',
  ];
}

/** @throws CoordError `usage` where options of it stand without it */
export function storeWish(kind: string | undefined, prefix: string | undefined, isGone: boolean): StoreWish | null {
  if (kind !== undefined) return { kind, prefix: prefix ?? null, isGone };
  if (prefix === undefined && !isGone) return null;
  throw new CoordError('usage', '--prefix and --etcd-is-gone belong to --store', { hint: coord('init --help') });
}
