import { MemoryStore } from '../support/memory-store.js';
import { storeContract } from './store.contract.js';

storeContract('in memory', async () => {
  const store = new MemoryStore();
  return {
    here: () => store,
    far: () => store,
    history: async () => store.history.map(({ events }) => events),
  };
});
