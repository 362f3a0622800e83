import { describe, expect, it } from 'vitest';
import type { Verification } from '../../src/domain/deploy/verification.js';
import type { CoordEvent } from '../../src/domain/events.js';
import type { State } from '../../src/domain/model.js';
import type { Entry, Store } from '../../src/store/swap/store.js';
import { transact } from '../../src/store/swap/transact.js';
import {
  agentRecord,
  claimRecord,
  deploymentRecord,
  gateRecord,
  HOSTILE_TEXTS,
  noteRecord,
  releaseRecord,
  stateOf,
  waiterRecord,
} from '../support/records.js';
import { claimOf, START } from '../support/requests.js';

/** One store of a new, empty state, as several processes would open it. */
export interface Opened {
  /** A handle of a process beside the others: what they share is the machine. */
  here(): Store;
  /** A handle of a process further off: in another clone, where the store has clones; else as `here`. */
  far(): Store;
  /** The events of each write since the beginning, oldest first. */
  history(): Promise<readonly (readonly CoordEvent[])[]>;
}

const effects = {
  now: () => START,
  random: Math.random,
  pause: () => new Promise<void>((resolve) => setImmediate(resolve)),
  hasWork: async () => ({}),
  claimed: () => undefined,
  watch: () => ({}),
};

let operations = 0;

function entryOf(...events: readonly CoordEvent[]): Entry {
  operations += 1;
  return { operation: `op${operations}`, agent: 'maya', at: START, summary: 'a test writes', events };
}

function eventOf(id: string): CoordEvent {
  return { id, type: 'claim.refused', at: START, agent: 'maya', session: null, targets: [id], reason: 'held' };
}

function withClaims(state: State, ...tokens: readonly number[]): State {
  const lastClaim = Math.max(...tokens);
  return { ...state, lastToken: lastClaim, lastClaim, claims: tokens.map((token) => claimRecord(token)) };
}

/** What holds for every store. */
export function storeContract(name: string, open: () => Promise<Opened>): void {
  describe(`the store: ${name}`, () => {
    it('begins empty', async () => {
      const { here } = await open();
      expect((await here().read(['log', 'onces', 'deployments'])).state).toEqual(stateOf());
    });

    it('gives back what was written, to every handle', async () => {
      const { here, far } = await open();
      const state = stateOf({
        lastToken: 8,
        claims: [claimRecord(3), claimRecord(8, { mode: 'shared', session: 's', reason: 'why' })],
        waiters: [waiterRecord('w2'), waiterRecord('w1')],
        releases: [releaseRecord('src/old.ts')],
        agents: [agentRecord('maya'), agentRecord('noor', { role: 'worker' })],
        notes: [noteRecord('n1', 'hello')],
      });
      const store = here();
      expect(await store.swap(await store.read(['log']), state, entryOf())).toBe(true);
      for (const handle of [store, here(), far()]) expect((await handle.latest(['log'])).state).toEqual(state);
    });

    it('moves its revision at each write, the same content included', async () => {
      const { here } = await open();
      const revisions = new Set<string>();
      for (let round = 0; round < 3; round += 1) {
        const snapshot = await here().read();
        revisions.add(snapshot.revision);
        expect(await here().swap(snapshot, withClaims(snapshot.state, 1), entryOf())).toBe(true);
      }
      revisions.add((await here().read()).revision);
      expect(revisions.size).toBe(4);
    });

    it('refuses a swap from a revision that is over, and nothing of it is written', async () => {
      const { here, far, history } = await open();
      const [mine, theirs] = [here(), far()];
      const old = await mine.latest();
      expect(await theirs.swap(await theirs.latest(), withClaims(stateOf(), 2), entryOf(eventOf('kept')))).toBe(true);
      expect(await mine.swap(old, withClaims(stateOf(), 1), entryOf(eventOf('lost')))).toBe(false);
      expect((await mine.latest()).state.claims.map(({ token }) => token)).toEqual([2]);
      expect((await history()).flat().map(({ id }) => id)).toEqual(['kept']);
    });

    it('lets one of many win that swap from the same revision at once', async () => {
      const { here, far } = await open();
      const handles = Array.from({ length: 6 }, (_, index) => (index % 2 === 0 ? here() : far()));
      const read = await Promise.all(handles.map(async (handle) => ({ handle, snapshot: await handle.latest() })));
      const won = await Promise.all(
        read.map(({ handle, snapshot }, index) => handle.swap(snapshot, withClaims(stateOf(), index + 1), entryOf())),
      );
      expect(won.filter(Boolean)).toHaveLength(1);
      expect((await here().latest()).state.claims.map(({ token }) => token)).toEqual([won.indexOf(true) + 1]);
    });

    it('does not write a part that was not read', async () => {
      const { here } = await open();
      const store = here();
      const full = await store.read(['log']);
      await store.swap(full, { ...full.state, notes: [noteRecord('n1', 'keep me')] }, entryOf());
      const without = await here().read();
      expect(without.state.notes).toEqual([]);
      await here().swap(without, withClaims(without.state, 1), entryOf());
      expect((await here().read(['log'])).state.notes.map(({ id }) => id)).toEqual(['n1']);
      expect((await here().read(['log'])).state.claims).toHaveLength(1);
    });

    it('keeps what was deployed, and reads and writes it only where it is asked for', async () => {
      const { here, far } = await open();
      const store = here();
      const candidate = { deploy: 'd1', commit: 'a'.repeat(40), agent: 'maya', at: START };
      const verification: Verification = {
        ...{ ok: false, url: 'https://app.example/', commit: candidate.commit, reason: 'old-version', expected: 'x' },
        ...{ namesCommit: true, seen: 'old', status: 200, attempts: 3, firstAt: START, lastAt: START },
        ...{ finding: 'shows an old version', cached: { seen: null, ageSeconds: 60 } },
      };
      const deployments = {
        targets: [{ target: '__proto__', live: candidate, perhaps: [candidate], nonces: ['n1'] }],
        attempts: [
          deploymentRecord('d1', { gates: [gateRecord('tests')], verification, rollback: { reason: 'new\nline' } }),
          deploymentRecord('d2', {
            status: 'failed',
            exit: 137,
            claim: { id: 'c1', token: 7, base: null },
            sync: { upstream: 'origin/main', upstreamCommit: 'b'.repeat(40), fetchedAt: START },
            command: HOSTILE_TEXTS,
          }),
        ],
      };
      const parts = ['deployments'] as const;
      const empty = await store.read(parts);
      expect(await store.swap(empty, { ...empty.state, deployments }, entryOf())).toBe(true);
      for (const handle of [here(), far()]) expect((await handle.latest(parts)).state.deployments).toEqual(deployments);
      const asked: string[] = [];
      const watched = here();
      const read = watched.read.bind(watched);
      watched.read = async (wanted = []) => {
        asked.push(...wanted);
        return read(wanted);
      };
      expect((await transact(watched, claimOf('noor', 'src/x'), effects)).ok).toBe(true);
      expect(asked).toEqual([]);
      expect((await here().latest()).state.deployments).toEqual(stateOf().deployments);
      expect((await here().latest(parts)).state).toMatchObject({ deployments, claims: [{ agent: 'noor' }] });
    });

    it('keeps the whole log in order, however long it grows', async () => {
      const { here, far } = await open();
      const store = here();
      const texts = Array.from({ length: 30 }, (_, index) => `${index} ${'long '.repeat(1_500)}`);
      for (const [index, text] of texts.entries()) {
        const snapshot = await store.read(['log']);
        const at = new Date(Date.UTC(2026, 10, 21, 12, 0, index)).toISOString();
        const notes = [...snapshot.state.notes, noteRecord(`n${index}`, text, { at })];
        expect(await store.swap(snapshot, { ...snapshot.state, notes }, entryOf())).toBe(true);
      }
      const reader = far();
      await reader.latest();
      expect((await reader.readLog()).map(({ text }) => text)).toEqual(texts);
    });

    it('carries a deferred event with the next write that is won, exactly once', async () => {
      const { here, history } = await open();
      const [refusing, winning] = [here(), here()];
      const old = await refusing.read();
      refusing.defer(eventOf('deferred'));
      expect(await history()).toEqual([]);
      await winning.swap(await winning.read(), withClaims(stateOf(), 1), entryOf(eventOf('first')));
      expect(await refusing.swap(old, withClaims(stateOf(), 9), entryOf(eventOf('lost')))).toBe(false);
      for (const token of [2, 3]) {
        const store = here();
        await store.swap(await store.read(), withClaims(stateOf(), token), entryOf(eventOf(`write ${token}`)));
      }
      const ids = (await history()).flat().map(({ id }) => id);
      expect(ids.filter((id) => id === 'deferred')).toHaveLength(1);
      expect(ids.filter((id) => id === 'lost')).toHaveLength(0);
    });

    it('keeps a refusal for the history without writing it now', async () => {
      const { here, history } = await open();
      await transact(here(), claimOf('maya', 'src/**'), effects);
      for (let round = 0; round < 3; round += 1) {
        expect(await transact(here(), claimOf('noor', 'src/a.ts'), effects)).toMatchObject({ ok: false });
      }
      expect(await history()).toHaveLength(1);
      await transact(here(), claimOf('maya', 'docs'), effects);
      const refusals = (await history())[1]?.filter(({ type }) => type === 'claim.refused') ?? [];
      expect(refusals.map(({ agent }) => agent)).toContain('noor');
    });

    it('keeps hostile texts as they are, and out of its structure', async () => {
      const { here, far, history } = await open();
      const state = stateOf({
        lastToken: HOSTILE_TEXTS.length,
        claims: HOSTILE_TEXTS.map((text, index) => claimRecord(index + 1, { target: text, reason: text })),
        notes: HOSTILE_TEXTS.map((text, index) => noteRecord(`n${index}`, text)),
      });
      const events = HOSTILE_TEXTS.map((text, index) => ({ ...eventOf(`e${index}`), targets: [text], reason: text }));
      const store = here();
      const summary = HOSTILE_TEXTS.join(' ');
      expect(await store.swap(await store.read(['log']), state, { ...entryOf(...events), summary })).toBe(true);
      expect((await far().latest(['log'])).state).toEqual(state);
      expect(await history()).toEqual([events]);
    });

    it('loses nothing when many transact at once', async () => {
      const { here, far } = await open();
      const agents = Array.from({ length: 8 }, (_, index) => `agent${index}`);
      const decisions = await Promise.all(
        agents.map((agent, index) =>
          transact(index % 2 === 0 ? here() : far(), claimOf(agent, `src/${agent}`), { ...effects }),
        ),
      );
      expect(decisions.every(({ ok }) => ok)).toBe(true);
      const { claims, lastToken } = (await here().latest()).state;
      expect(claims.map(({ agent }) => agent).sort()).toEqual(agents);
      expect(new Set(claims.map(({ token }) => token)).size).toBe(agents.length);
      expect(lastToken).toBe(Math.max(...claims.map(({ token }) => token)));
    });

    it('runs exclusive work, whatever becomes of it, and goes on after that', async () => {
      const { here } = await open();
      const store = here();
      expect(await store.exclusively(async () => 42)).toBe(42);
      await expect(store.exclusively(() => Promise.reject(new Error('broke')))).rejects.toThrow('broke');
      expect(await here().exclusively(async () => 'still')).toBe('still');
    });
  });
}
