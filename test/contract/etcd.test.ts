import { afterAll, beforeAll, describe } from 'vitest';
import { EMPTY_STATE } from '../../src/domain/model.js';
import { EtcdCluster, HAS_ETCD } from '../support/etcd.js';
import { inProcess } from '../support/in-process.js';
import { BEGIN, historyIn, opening, SHARED } from '../support/opened.js';
import { sandbox } from '../support/sandbox.js';
import { storeContract } from './store.contract.js';

describe.skipIf(!HAS_ETCD)('where the server is installed', () => {
  let cluster: EtcdCluster;
  let stores = 0;
  beforeAll(async () => {
    cluster = await EtcdCluster.start();
  });
  afterAll(() => cluster.stop());

  storeContract('etcd, two clones', async () => {
    const box = sandbox();
    const remote = box.bareRemote();
    const clones = [box.clone(remote), box.clone(remote)] as const;
    for (const clone of clones) box.git(clone, 'config', 'coord.etcd.endpoints', cluster.endpoints);
    const contextOf = (directory: string) => () => inProcess(box).context(directory);
    const [one, two] = clones;
    const store = await contextOf(one)().stores.open(SHARED);
    await store.life.create(EMPTY_STATE, BEGIN);
    stores += 1;
    await store.life.moveStore(`etcd ${await cluster.id()} /contract/${stores}`, { ...BEGIN, operation: 'move' });
    await (await contextOf(two)().stores.open(SHARED)).latest();
    const written = historyIn(box, one, 2);
    return {
      here: opening(contextOf(one), SHARED),
      far: opening(contextOf(two), SHARED),
      history: async () => {
        await (await contextOf(one)().stores.open(SHARED)).latest();
        return written();
      },
    };
  });
});
