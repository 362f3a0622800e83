import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CONFIG_FILE } from '../../config/load.js';
import { refusedAuthority, stopped } from '../../domain/agents/agents.js';
import { isLive } from '../../domain/claims/leases.js';
import { PRIVATE_REFS } from '../../domain/state-ref.js';
import { command, coord, shellWord } from '../../domain/suggestion.js';
import { listed, oneLine, plural } from '../../domain/text.js';
import { CoordError } from '../../errors.js';
import { cloneSettings } from '../../git/clone-config.js';
import { gitText } from '../../git/run.js';
import { refusalError } from '../../render/refusals.js';
import type { Style } from '../../render/style.js';
import type { GitStore } from '../../store/swap/git-store.js';
import type { Context } from '../../workspace/context.js';
import { isPerson } from '../../workspace/identity.js';
import { guardUninstall } from '../guard/install.js';
import { Input, type Outcome } from '../verb.js';
import { filesAsWritten, withoutAgentsBlock } from './init-files.js';
import { entryOf } from './init-state.js';

/** What `init --remove` did, each in a few words. */
export interface RemoveReport {
  /** Whether it was taken out for all clones, not only this one. */
  readonly everywhere: boolean;
  readonly removed: readonly string[];
  /** What stays, and the command that does away with it; null: nothing has to. */
  readonly left: readonly { readonly what: string; readonly next: string | null }[];
}

/**
 * Takes coord out of this clone: its hooks, what it keeps in `.git`, and its settings. With `everywhere` also out of the
 * files of the project, and the state ends with a commit that tells the other clones. Nothing is committed, and no work
 * of anybody is touched.
 */
export async function remove(context: Context, everywhere: boolean): Promise<Outcome> {
  const { localDirectory } = context;
  const hadLocal = existsSync(localDirectory);
  const store = await context.store();
  if (everywhere) {
    const refused = await retire(context, store);
    if (refused) return refused;
  }
  const { share, remote } = await context.config();
  const guards = await guardUninstall.run(context, new Input([everywhere ? [] : ['git']], {}));
  const hooks = guards instanceof CoordError ? [] : (guards.data as { readonly removed: readonly string[] }).removed;
  const files = everywhere ? removeFiles(context) : { removed: [], left: [] };
  const settings = await removeSettings(context);
  const refs = await removeRefs(context, share ? store.ref : null);
  rmSync(localDirectory, { recursive: true, force: true });
  context.isGuard = true;
  context.leavesNothing = true;
  const report: RemoveReport = {
    everywhere,
    removed: [
      ...(hooks.length === 0 ? [] : [`hooks: ${hooks.join(', ')}`]),
      ...settings.map((key) => `git setting ${key}`),
      ...(refs === 0 ? [] : [`${plural(refs, 'private ref')} of this clone`]),
      ...(hadLocal ? ['.git/coord'] : []),
      ...files.removed,
    ],
    left: [
      ...(guards instanceof CoordError ? [{ what: `the hooks: ${guards.message}`, next: null }] : []),
      ...files.left.map((path) => ({ what: `${path}, which somebody has changed`, next: null })),
      ...(everywhere
        ? []
        : [
            {
              what: `${CONFIG_FILE} and the other files of the project, for the other clones`,
              next: coord('init --remove --everywhere'),
            },
          ]),
      stateLeft(store, share ? remote : null, everywhere),
    ],
  };
  return { data: report, text: (style) => removedLines(report, style) };
}

/** Ends the state for all clones. It is everybody's, so not every agent may, and not while others hold something. */
async function retire(context: Context, store: GitStore): Promise<CoordError | null> {
  const { agent } = context.identity();
  const { state } = await store.latest();
  const refusal = stopped(state, agent) ?? refusedAuthority(state, { agent, person: isPerson(context.host) });
  if (refusal) return refusalError(refusal, context.now());
  const live = state.claims.filter((claim) => claim.agent !== agent && isLive(claim, context.now()));
  if (live.length > 0) {
    const lines = listed(live, (claim) => `${oneLine(claim.target)}, held by ${claim.agent}`);
    return new CoordError('held', ['refused: others hold claims', ...lines].join('\n'), {
      hint: `wait until they are released: ${coord('status')}`,
      details: { reason: 'claims', claims: live },
    });
  }
  await store.life.retire(entryOf(context, `coord is removed by ${agent}`));
  return null;
}

/** What coord wrote into the project, as far as it is still as it was written. */
function removeFiles({ repository: { root }, host }: Context): { removed: string[]; left: string[] } {
  const own = filesAsWritten(host.packageRoot, root);
  for (const path of own.same) {
    rmSync(join(root, path));
    const folder = dirname(join(root, path));
    if (folder !== root && readdirSync(folder).length === 0) rmdirSync(folder);
  }
  const agents = join(root, 'AGENTS.md');
  const text = existsSync(agents) ? readFileSync(agents, 'utf8') : '';
  const rest = withoutAgentsBlock(text);
  if (rest === text) return { removed: own.same, left: own.changed };
  if (rest.trim() === '') rmSync(agents);
  else writeFileSync(agents, rest);
  return { removed: [...own.same, 'the block in AGENTS.md'], left: own.changed };
}

async function removeSettings({ git, repository }: Context): Promise<string[]> {
  const keys = new Set(
    cloneSettings(repository)
      .filter(({ section, subsection }) => section === 'coord' && subsection === null)
      .map(({ key }) => `coord.${key}`),
  );
  for (const key of keys) await git(['config', '--local', '--unset-all', key]);
  return [...keys];
}

/** @param state the copy of the remote's state that this clone has; null: it has the only one */
async function removeRefs({ git }: Context, state: string | null): Promise<number> {
  const patterns = [PRIVATE_REFS, ...(state === null ? [] : [state])];
  const listed = await gitText(git, ['for-each-ref', '--format=%(refname)', ...patterns]);
  const refs = listed.split('\n').filter((ref) => ref !== '');
  for (const ref of refs) await git(['update-ref', '-d', ref]);
  return refs.length;
}

/** The history of the claims is nobody's to throw away in passing. */
function stateLeft({ ref }: GitStore, remote: string | null, everywhere: boolean): RemoveReport['left'][number] {
  if (remote === null) return { what: `${ref}, the state with its history`, next: command(`git update-ref -d ${ref}`) };
  if (!everywhere) return { what: `${ref} of ${remote}, which the other clones use`, next: null };
  const next = command(`git push ${shellWord(remote)} --delete ${ref}`);
  return { what: `${ref} of ${remote}, which tells the other clones to do the same; once they have`, next };
}

function removedLines({ removed, left, everywhere }: RemoveReport, style: Style): string[] {
  return [
    ...(removed.length === 0
      ? ['nothing of coord was here']
      : removed.map((what) => `${style.good('removed')} ${what}`)),
    ...left.map(({ what, next }) => `left ${what}${next === null ? '' : `: ${next}`}`),
    ...(everywhere
      ? [`${style.bold('next:')} look at it (git status), then commit and push it, so that every clone gets it`]
      : []),
  ];
}
