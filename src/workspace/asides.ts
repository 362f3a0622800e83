import { parseConfig, readConfigFile } from '../config/load.js';
import { CONFIG_FILE } from '../domain/state-ref.js';
import { parseStrictJson } from '../domain/strict-json.js';
import { shellWord } from '../domain/suggestion.js';
import { fingerprint, oneLine } from '../domain/text.js';
import { cloneSettings, isRemoteOf, settingOf } from '../git/clone-config.js';
import { readHead } from '../git/refs.js';
import { sameRepository } from '../git/remotes.js';
import { ownRemotes } from './authority.js';
import type { Workspace } from './workspace.js';

/** Something in this checkout that looks as if it decided, and does not. */
export interface Aside {
  /** The check of `coord doctor` that says it. */
  readonly id: 'fork' | 'working-copy';
  /** Changes where what it says does. */
  readonly mark: string;
  readonly message: string;
  readonly next: string;
}

/** Found without a git process, so that any command may look. */
export async function asidesOf(workspace: Workspace): Promise<Aside[]> {
  return [await forkAside(workspace), await configAside(workspace)].filter((aside) => aside !== null);
}

/**
 * What to say of them: once in each worktree to each agent, until it changes.
 * @param again those of these are said each time
 */
export async function asideLines(workspace: Workspace, again: readonly Aside['id'][] = []): Promise<string[]> {
  const told = workspace.seenNotices(workspace.identityIfKnown()?.agent ?? NOBODY);
  const all = (await asidesOf(workspace)).map((aside) => {
    const mark = asideMark(workspace.repository, aside);
    return { ...aside, mark, isNew: !told.has(mark) };
  });
  told.add(all.filter(({ isNew }) => isNew).map(({ mark }) => mark));
  const said = all.filter(({ id, isNew }) => isNew || again.includes(id));
  return said.map(({ message, next }) => `${message}; ${next}`);
}

/** What stands for having told it. */
export function asideMark({ root }: Workspace['repository'], { mark }: Aside): string {
  return fingerprint(`${root} ${mark}`);
}

/** No agent can have this id. */
export const NOBODY = '-';

/**
 * A main branch that follows another repository than the one that coord asks: a fork beside the repository that it came from.
 * Whoever has said which remote it is (`git config coord.remote`, `coord.mainRemote`) knows.
 */
async function forkAside(workspace: Workspace): Promise<Aside | null> {
  const { repository, git } = workspace;
  const own = ownRemotes(repository);
  if (own.remote !== null || own.mainRemote !== null) return null;
  const { mainRemote: remote, main } = await workspace.authority();
  const settings = cloneSettings(repository);
  const addressOf = (name: string) => settingOf(settings, 'remote.url', name) ?? '';
  const others = new Set(
    settings.flatMap((one) => (one.section === 'remote' && one.key === 'url' ? (one.subsection ?? []) : [])),
  );
  const isOther = (name: string) =>
    name !== remote && others.has(name) && !sameRepository(addressOf(name), addressOf(remote), repository.root);
  if (!isRemoteOf(repository, remote) || ![...others].some(isOther)) return null;
  const trunk = main?.branch.name.replace(`${remote}/`, '') ?? 'main';
  const { ref } = await readHead(repository, git);
  const followed = [ref?.replace('refs/heads/', '') ?? null, trunk].flatMap((local) => {
    if (local === null) return [];
    const name = settingOf(settings, 'branch.remote', local);
    const merge = settingOf(settings, 'branch.merge', local)?.replace('refs/heads/', '');
    return name !== null && isOther(name) && (merge === trunk || local === trunk) ? [{ local, name, merge }] : [];
  });
  const base = settings.find(({ section, key, subsection, value }) => {
    return (
      section === 'remote' && key === 'gh-resolved' && value === 'base' && subsection !== null && isOther(subsection)
    );
  })?.subsection;
  const [first = base ? { local: null, name: base, merge: trunk } : undefined] = followed;
  if (first === undefined) return null;
  const theirs = oneLine(`${first.name}/${first.merge ?? trunk}`);
  const who =
    first.local === null
      ? `${theirs} is what this repository was forked from`
      : `${oneLine(first.local)} follows ${theirs}`;
  return {
    id: 'fork',
    mark: `${who} ${remote}`,
    message: `${who}, and coord goes by the main branch of ${oneLine(remote)}, another repository`,
    next: `git config coord.mainRemote ${shellWord(first.name)} (where the claims are there too: coord.remote), or, where ${oneLine(remote)} is meant: git config coord.remote ${shellWord(remote)}`,
  };
}

/** A working copy of the configuration that says something else than the one in force. */
async function configAside(workspace: Workspace): Promise<Aside | null> {
  const config = (await workspace.authority()).main?.config ?? null;
  const here = readConfigFile(workspace.repository.root);
  if (config === null || config.text === here) return null;
  // What is faulty is refused where it is read to be used.
  if (here !== null && (await parseConfig(here).catch(() => null)) === null) return null;
  const from = oneLine(config.from.name);
  const keys = here === null ? [] : keysThatDiffer(settingsIn(here), settingsIn(config.text));
  if (here !== null && keys.length === 0) return null;
  const message =
    here === null
      ? `this checkout has no ${CONFIG_FILE}: that of ${from} is in force`
      : `${CONFIG_FILE} differs here from ${from} (${keys.join(', ')}): that of ${from} judges, and a copy can only be stricter`;
  return {
    id: 'working-copy',
    mark: `${here} ${config.text}`,
    message,
    next: `${here === null ? 'to have it here' : 'bring the change to the main branch, or take its version'}: git checkout ${shellWord(config.from.name)} -- ${CONFIG_FILE}`,
  };
}

/** Empty for what is none. */
function settingsIn(text: string): ReadonlyMap<string, unknown> {
  try {
    return new Map(Object.entries(parseStrictJson(text.replace(/^\uFEFF/, '')) as object));
  } catch {
    return new Map();
  }
}

/** The names of the settings, sorted. */
function keysThatDiffer(one: ReadonlyMap<string, unknown>, other: ReadonlyMap<string, unknown>): string[] {
  const names = [...new Set([...one.keys(), ...other.keys()])].sort();
  return names.filter((name) => JSON.stringify(one.get(name)) !== JSON.stringify(other.get(name))).map(oneLine);
}
