import { perform } from '../commands/perform.js';
import { Input, type Success, type Verb } from '../commands/verb.js';
import { listen } from '../commands/watch.js';
import { asTyped } from '../domain/suggestion.js';
import { jsonLine } from '../domain/text.js';
import { CoordError, usage } from '../errors.js';
import { errorBody } from '../render/envelope.js';
import { loadStyle } from '../render/style.js';
import { REMOTE_POLL_MS } from '../store/queue/watch.js';
import type { GitStore } from '../store/swap/git-store.js';
import { Context } from '../workspace/context.js';
import { type Host, surroundings } from '../workspace/host.js';
import type { Abortable, Answer, Change, Coord, OpenOptions, Refusal, Writes } from './index.js';

/** {@link OpenOptions} for one call: what the verb is given beside the names of its options. */
type CallOptions = Abortable & Writes & { readonly wait?: boolean | string };

/**
 * @param packageRoot folder of the installed package
 * @param shared what calls that can not be aborted read from, so that several of them see one state, read once
 */
export function openFrom(packageRoot: string, options: OpenOptions = {}, shared?: () => Context): Coord {
  const place = new Place(packageRoot, options, shared);
  const named = (id: string | null | undefined) => [id ?? undefined];
  return {
    status: async (targets = [], given = {}) =>
      place.run((await import('../commands/claims/status.js')).status, [words(targets)], given),
    claim: async (targets, given = {}) =>
      place.run((await import('../commands/claims/claim.js')).claim, [words(targets, 1)], given),
    renew: async (targets = [], given = {}) =>
      place.run((await import('../commands/claims/renew.js')).renew, [words(targets)], given),
    release: async (targets, given = {}) =>
      place.run((await import('../commands/claims/release.js')).release, [words(targets)], given),
    wait: async (targets, given = {}) =>
      place.run((await import('../commands/claims/status.js')).status, [words(targets, 1)], { wait: true, ...given }),
    submit: async (paths, given) =>
      place.run((await import('../commands/submissions/submit.js')).submit, [words(paths, 1)], given),
    conflicts: async (given = {}) =>
      place.run((await import('../commands/conflicts/conflicts.js')).conflicts, [], given),
    deploys: async (given = {}) => place.run((await import('../commands/deploy/list.js')).deployList, [], given),
    metrics: async (given = {}) => place.run((await import('../commands/events/metrics.js')).metrics, [], given),
    history: async (given = {}) => place.run((await import('../commands/events/events.js')).events, [], given),
    events: (given = {}) => place.events(given),
    changes: (given = {}) => place.changes(given),
    session: {
      start: async (given = {}) => place.run((await import('../commands/session/start.js')).sessionStart, [], given),
      end: async (given = {}) => place.run((await import('../commands/session/end.js')).sessionEnd, [], given),
    },
    tasks: {
      list: async (given = {}) => place.run((await import('../commands/tasks/tasks.js')).taskList, [], given),
      add: async (title, given = {}) => place.run((await import('../commands/tasks/add.js')).taskAdd, [title], given),
      take: async (id, given = {}) => place.run((await import('../commands/tasks/take.js')).taskTake, named(id), given),
      done: async (id, given = {}) => place.run((await import('../commands/tasks/done.js')).taskDone, named(id), given),
      return: async (id, given = {}) =>
        place.run((await import('../commands/tasks/done.js')).taskReturn, named(id), given),
      drop: async (id, given = {}) => place.run((await import('../commands/tasks/add.js')).taskDrop, [id], given),
      report: async (given = {}) => place.run((await import('../commands/tasks/tasks.js')).taskReport, [], given),
    },
    notes: {
      add: async (text, given = {}) => place.run((await import('../commands/log/note.js')).note, [text], given),
      ack: async (note, text, given = {}) =>
        place.run((await import('../commands/log/note.js')).ack, [note, text], given),
      list: async (given = {}) => place.run((await import('../commands/log/log.js')).log, [], given),
      inbox: async (given = {}) => place.run((await import('../commands/log/log.js')).inbox, [], given),
    },
  };
}

/** A list that was given, as it must be; null: it is none, has fewer than `least`, or something else than texts in it. */
function words(given: unknown, least = 0): readonly string[] | null {
  const isList = Array.isArray(given) && given.length >= least && given.every((one) => typeof one === 'string');
  return isList ? given : null;
}

const NO_LIST = usage('what it is about has to be a list of texts', "for example ['src/api', 'docs']");
const ABORTED = new CoordError('timeout', 'aborted before it was begun: nothing was done', {
  hint: 'repeat it with a signal that is not aborted',
  details: { reason: 'interrupted' },
});

class Place {
  constructor(
    private readonly packageRoot: string,
    private readonly options: OpenOptions,
    private readonly shared?: () => Context,
  ) {}

  /** @throws CoordError for a fault: whatever was foreseen is in the answer */
  async run<T>(verb: Verb, positional: readonly unknown[], given: CallOptions): Promise<Answer<T>> {
    const refused = given.signal?.aborted ? ABORTED : positional.includes(null) ? NO_LIST : null;
    if (refused) return { ok: false, refusal: refusalOf(refused, (text) => text), notices: [] };
    const context = this.context(given);
    const { outcome, notices: told } = await perform(context, verb, inputOf(positional, given));
    const typed = (text: string) => asTyped(text, context.standpoint);
    const notices = told.map(typed);
    const failure = outcome instanceof CoordError ? outcome : outcome.failure;
    if (failure?.code === 'fault') throw failure;
    if (failure) return { ok: false, refusal: refusalOf(failure, typed), notices };
    const { data, text, warnings = [] } = outcome as Success;
    const plain = await loadStyle(false);
    return {
      ok: true,
      data: JSON.parse(jsonLine(data, typed)),
      // Made only for whoever reads it: with thousands of claims it takes longer than the rest.
      get text() {
        return typed([text(plain)].flat().join('\n'));
      },
      warnings: warnings.map(typed),
      notices,
    };
  }

  async *events(given: CallOptions): ReturnType<typeof import('../commands/events/follow.js').eventsToCome> {
    const [{ readPlan }, { eventsToCome }] = [
      await import('../commands/events/events.js'),
      await import('../commands/events/follow.js'),
    ];
    const context = this.context(given);
    yield* eventsToCome(context, await context.store(), readPlan(context, inputOf([], given)));
  }

  async *changes(given: CallOptions): ReturnType<Coord['changes']> & AsyncGenerator {
    const context = this.context(given);
    yield* changesOf(context, (error) => refusalOf(error, (text) => asTyped(text, context.standpoint)));
  }

  /** Made again for each call, as for each command: what is read once a run is read then. */
  private context({ signal, requestId }: CallOptions): Context {
    if (this.shared && signal === undefined && requestId === undefined) return this.shared();
    const { agent, looksOn = false } = this.options;
    const context = new Context(this.host(signal), { json: true, agent, requestId });
    context.looksOn = looksOn;
    return context;
  }

  private host(signal: AbortSignal | undefined): Host {
    const real = surroundings(this.packageRoot);
    const { directory = real.cwd, env = real.env, session } = this.options;
    const nowhere = { isTTY: false, write: (_: string | Uint8Array, done?: () => void) => done?.() };
    return {
      ...real,
      argv: [],
      cwd: directory,
      env: session === undefined ? env : { ...env, COORD_SESSION: session },
      stdout: nowhere,
      stderr: nowhere,
      interactive: false,
      readInput: async () => Buffer.alloc(0),
      onStop: (listener) => {
        const stop = () => listener('SIGTERM');
        if (signal?.aborted) stop();
        signal?.addEventListener('abort', stop, { once: true });
        return () => signal?.removeEventListener('abort', stop);
      },
    };
  }
}

/** What was typed, had it been typed. */
function inputOf(positional: readonly unknown[], { signal, requestId, ...options }: CallOptions): Input {
  const words = Object.entries(options).map(([name, value]) => [name, typeof value === 'number' ? `${value}` : value]);
  return new Input(positional, Object.fromEntries(words));
}

function refusalOf(error: CoordError, typed: (text: string) => string): Refusal {
  return JSON.parse(jsonLine(errorBody(error), typed));
}

const LONGEST_SLEEP_MS = 60_000;
/** A remote that answers at once is asked more often: it may be busy for so much of the time, and no more. */
const SHORTEST_POLL_MS = 400;
const PAUSE_FOR_EACH_MS = 4;

/** Now, and at each change, until the process is asked to stop. */
async function* changesOf(
  context: Context,
  refusalOf: (error: CoordError) => Refusal,
): AsyncGenerator<Change, void, void> {
  const store = await context.store();
  const { wakeup, close } = await listen(context, store.deferredFolder);
  const sharesState = store.reach === 'remote';
  const elapsed = () => context.host.monotonic.seconds() * 1_000;
  let unreachable: Refusal | null = null;
  let told: string | null = null;
  try {
    while (!wakeup.stopped) {
      wakeup.reset();
      const begin = elapsed();
      // What is here is told before a remote that may take long to answer.
      for (const asks of sharesState ? [told === null, true] : [false]) {
        if (asks) unreachable = await askRemote(store, refusalOf);
        const revision = await store.tip();
        const seen = JSON.stringify([revision, store.deferred().map(({ id }) => id), unreachable?.message]);
        if (seen === told) continue;
        told = seen;
        yield { revision, askedAt: store.askedAt, unreachable };
      }
      const pause = Math.max(SHORTEST_POLL_MS, PAUSE_FOR_EACH_MS * (elapsed() - begin));
      await wakeup.wait(sharesState ? Math.min(REMOTE_POLL_MS, pause) : LONGEST_SLEEP_MS);
    }
  } finally {
    close();
  }
}

async function askRemote(store: GitStore, refusalOf: (error: CoordError) => Refusal): Promise<Refusal | null> {
  try {
    await store.latestTip();
    return null;
  } catch (error) {
    if (!(error instanceof CoordError) || error.code !== 'unavailable') throw error;
    return refusalOf(error);
  }
}
