import { targetsKnown } from '../commands/deploy/list.js';
import { NOTE_KINDS } from '../commands/log/note.js';
import type { Part, State } from '../domain/model.js';
import type { Context } from '../workspace/context.js';
import { protectedConfig } from '../workspace/main-branch.js';

type Values = (context: Context) => Promise<readonly string[]>;

/** The words of the state that is here, with what was granted offline; nothing is fetched or written. */
function ofState(parts: readonly Part[], words: (state: State) => readonly string[]): Values {
  return async (context) => {
    const store = await context.store();
    if ((await store.tip()) === null) return [];
    return words(await context.stores.withOffline((await store.read(parts)).state));
  };
}

/** What is completed by asking coord, and how it is found. */
const VALUES = {
  held: ofState([], ({ claims }) => claims.map(({ target }) => target)),
  agents: ofState([], ({ agents }) => agents.map(({ id }) => id)),
  tasks: ofState(['tasks'], ({ tasks }) => tasks.tasks.map(({ id }) => id)),
  submissions: ofState(['submissions'], ({ submissions }) =>
    submissions.filter(({ closed }) => closed === null).map(({ id }) => id),
  ),
  notes: ofState(['log'], ({ notes }) => notes.filter(({ kind }) => kind !== 'ack').map(({ id }) => id)),
  'note-kinds': async () => NOTE_KINDS,
  'deploy-targets': async (context) =>
    targetsKnown(context, (await (await context.store()).read(['deployments'])).state.deployments),
  gates: async (context) => Object.keys((await protectedConfig(context)).config.gates),
} as const satisfies Readonly<Record<string, Values>>;

export type ValueKind = keyof typeof VALUES;
export const VALUE_KINDS = Object.keys(VALUES) as readonly ValueKind[];

/** What the arguments of a verb are. */
export const ARGUMENTS: Readonly<Record<string, ValueKind>> = {
  ack: 'notes',
  'agent kill': 'agents',
  'agent revive': 'agents',
  deploy: 'deploy-targets',
  'deploy list': 'deploy-targets',
  'deploy show': 'deploy-targets',
  'deploy verify': 'deploy-targets',
  'gate check': 'deploy-targets',
  'gate list': 'deploy-targets',
  'gate show': 'gates',
  handoff: 'held',
  'handoff accept': 'held',
  'handoff decline': 'held',
  integrate: 'submissions',
  release: 'held',
  renew: 'held',
  status: 'held',
  'task done': 'tasks',
  'task drop': 'tasks',
  'task edit': 'tasks',
  'task return': 'tasks',
  'task show': 'tasks',
  'task take': 'tasks',
  'verify-token': 'held',
};

/** What follows an option, whatever verb it is of. */
export const OPTION_VALUES: Readonly<Record<string, ValueKind>> = {
  '--after': 'tasks',
  '--agent': 'agents',
  '--accept': 'gates',
  '--by': 'agents',
  '--kind': 'note-kinds',
  '--needs-ack': 'agents',
  '--target': 'held',
  '--task': 'tasks',
  '--to': 'agents',
};

/** The words of this kind that can be typed on one line, each once; none where there is no state, or it cannot be read. */
export async function valuesOf(context: Context, kind: ValueKind): Promise<string[]> {
  // It is asked at each press of a key: it tells the agent nothing, and renews nothing.
  context.isGuard = true;
  const found = await VALUES[kind](context).catch(() => []);
  return [...new Set(found)].filter((word) => !/\p{C}|\p{Zl}|\p{Zp}/u.test(word)).sort();
}
