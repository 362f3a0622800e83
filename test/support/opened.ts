import { eventsIn } from '../../src/store/format/commits.js';
import type { GitStore } from '../../src/store/swap/git-store.js';
import type { Store } from '../../src/store/swap/store.js';
import type { Context } from '../../src/workspace/context.js';
import type { Opened } from '../contract/store.contract.js';
import { START } from './requests.js';
import type { Sandbox as Box } from './sandbox.js';

export const LOCAL = { ref: 'refs/coord/state', share: false, remote: 'origin' };
export const SHARED = { ...LOCAL, share: true };
export const BEGIN = { operation: 'begin', agent: 'maya', at: START, summary: 'begin coordination', events: [] };

/** The events of each commit but the first ones. @param passed how many of these */
export function historyIn(box: Box, directory: string, passed = 1, branch = 'coord/state'): Opened['history'] {
  return async () => {
    const commits = box.git(directory, 'log', '--reverse', '--format=%H', branch).split('\n').slice(passed);
    return commits.map((commit) => eventsIn(box.git(directory, 'log', '-1', '--format=%B', commit)));
  };
}

/** A handle that opens again for each call, as a process of its own would: nothing is remembered between them. */
export function opening(context: () => Context, config = LOCAL, before: () => void = () => undefined): () => Store {
  return () => {
    let opened: Promise<GitStore> | undefined;
    const store = () => {
      opened ??= context().stores.open(config);
      return opened;
    };
    const call = async <T>(work: (store: GitStore) => Promise<T>): Promise<T> => {
      before();
      return work(await store());
    };
    // defer() answers at once, so its store is opened beforehand.
    const ready = context().stores.open(config);
    let now: GitStore | undefined;
    void ready.then((one) => {
      now = one;
    });
    return {
      read: (parts) => call((one) => one.read(parts)),
      latest: (parts) => call((one) => one.latest(parts)),
      swap: (from, state, entry) => call((one) => one.swap(from, state, entry)),
      exclusively: (work) => call((one) => one.exclusively(work)),
      readLog: () => call((one) => one.readLog()),
      defer: (event) => now?.defer(event),
    };
  };
}
