import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config/config.js';
import { CONFIG_FILE, loadConfigIfThere, parseConfig } from '../../config/load.js';
import { withDefaults } from '../../config/validate.js';
import { problemOfStateRef, STATE_REF } from '../../domain/state-ref.js';
import { command, coord, shellWord, targetWord } from '../../domain/suggestion.js';
import { oneLine } from '../../domain/text.js';
import { usage } from '../../errors.js';
import { checkRefName } from '../../git/refs.js';
import { gitText } from '../../git/run.js';
import { ignoredFiles } from '../../git/worktree.js';
import type { Style } from '../../render/style.js';
import { mainConfigOf, ownRemotes, rememberState, renamed } from '../../workspace/authority.js';
import type { Context } from '../../workspace/context.js';
import type { Input, Outcome, Verb } from '../verb.js';
import {
  addAgentsBlock,
  type FileChange,
  guessSurface,
  NAMED_REF,
  nameRef,
  schemaPlace,
  starterConfig,
  withoutBranch,
  withStore,
  writeConfig,
  writeMemory,
  writeSchema,
  writeStarterRules,
} from './init-files.js';
import { entryOf, placeState } from './init-state.js';
import { moveStore, type StorePlaced, storeLines, storeWish } from './init-store.js';

export const init: Verb = {
  options: [
    ['--adopt', 'accept, on the record, that the main branch’s configuration has moved the state'],
    ['--local', 'use no remote: claims are then valid in this clone’s worktrees only'],
    ['--remote <name>', 'the remote that decides between clones'],
    ['--main-remote <name>', 'the remote that has the main branch, where that is another one'],
    [
      '--ref <ref>',
      `the ref that carries the state, by its full name (${STATE_REF}); moves the state where there is one`,
    ],
    ['--store <store>', 'what decides between clones: etcd, or git; moves the state there, and loses no claim'],
    ['--prefix <prefix>', 'with --store etcd: what its keys begin with'],
    ['--etcd-is-gone', 'with --store git: go on from the mirror and this clone, where etcd never comes back'],
    ['--remove', 'remove coord from this clone: hooks, settings and what it keeps in .git; no file of the project'],
    ['--everywhere', 'with --remove: from the files of the project too, for every clone'],
  ],
  examples: [
    ['coord init', 'set up the state, and write the files that you then commit'],
    ['coord init --local', 'without a remote'],
    ['coord init --remote arbiter --main-remote origin', 'with the claims in a bare repository of their own'],
    ['coord init --ref refs/heads/claude/coord', 'where only branches with a prefix may be pushed'],
    ['coord init --store etcd', 'let an etcd decide, at the addresses in git config coord.etcd.endpoints'],
    ['coord init --remove', 'remove coord from this clone, and say what is left'],
  ],
  notes: [
    'Running it again changes nothing. It touches no other file, nothing in the index, and none of your commits.',
    'What is in the state (paths, names, reasons) can be read by whoever can read the remote.',
  ],
  answers: {
    ref: 'text',
    commit: 'commit | null',
    outcome: "'created' | 'adopted' | 'existing' | 'moved'",
    movedFrom: 'text | null',
    refused: 'object | null',
    store: [
      'object | null',
      'with --store: the place in etcd that decides (null: git decides), and whether it was moved',
    ],
    share: 'boolean',
    remote: 'text | null',
    surface: 'text[]',
    rules: 'text',
    guessed: 'boolean',
    files: 'File[]',
    ignored: 'object[]',
    changed: 'boolean',
    'everywhere?': ['boolean', 'this and the rest alone: with --remove'],
    'removed?': 'text[]',
    'left?': ['object[]', 'what stays, and the command that removes it'],
  },
  demands: (input) => (['ref', 'adopt', 'remove'].some((option) => input.flag(option)) ? 'no-worker' : null),
  async run(context, input) {
    if (input.flag('remove')) return (await import('./remove.js')).remove(context, input.flag('everywhere'));
    if (input.flag('everywhere')) throw usage('--everywhere belongs to --remove', coord('init --help'));
    return input.flag('adopt') ? adopt(context) : setUp(context, input);
  },
};

async function setUp(context: Context, input: Input): Promise<Outcome> {
  const { root } = context.repository;
  const remotes = (await gitText(context.git, ['remote'])).split('\n').filter((name) => name !== '');
  const existing = await existingConfig(root);
  if (existing !== null) mustAgree(input, existing.config);
  const starter = existing === null ? await starterOf(context, input, remotes) : null;
  const asked = input.text('ref') ?? null;
  if (asked !== null) await mustBeRef(context, asked);
  const written = existing?.config ?? starter?.(asked ?? STATE_REF).parsed ?? withDefaults({});
  const config = { ...written, ...renamed(ownRemotes(context.repository), written) };
  const missing = [config.remote, config.mainRemote].find((name) => !remotes.includes(name));
  if (config.share && missing !== undefined) {
    throw usage(
      `${CONFIG_FILE} shares through ${oneLine(missing)}, but there is no such remote`,
      `add it (git remote add ${shellWord(missing)} URL); existing ones: ${command('git remote -v')}`,
    );
  }
  // Before anything is written: one of the main branch that is broken stops it.
  const ruling = sharing((await mainConfigOf(await context.authority())) ?? config);
  const { placed, decides } = await placeAll(context, input, config, existing?.namesRef ?? false);
  const { packageRoot } = context.host;
  const { mainBranch, share, remote, mainRemote } = config;
  await rememberState(context, { ref: placed.ref, remote: share ? remote : null, mainRemote, mainBranch });
  const changed =
    existing === null
      ? [writeConfig(root, starter?.(placed.ref).text ?? ''), ...writeSchema(packageRoot, root, schemaPlace(root))]
      : [nameRef(root, existing.text, existing.namesRef || placed.ref !== STATE_REF ? placed.ref : null)];
  const files: FileChange[] = [
    ...(decides === null ? changed : withStore(root, changed, decides.place)),
    ...writeStarterRules(packageRoot, root, config.rules),
    ...writeMemory(root, config.memory),
    addAgentsBlock(root),
  ];
  const ignored = await ignoredFiles(
    context.git,
    files.map(({ path }) => path),
  );
  const report: InitReport = {
    ...placed,
    store: decides,
    ...ruling,
    surface: config.surface,
    rules: config.rules,
    guessed: existing === null,
    files,
    ignored: ignored.map((one) => ({ ...one, needed: isNeeded(one.path, config) })),
    changed: placed.outcome !== 'existing' || decides?.moved === true || files.some(isChanged),
  };
  return { data: report, text: (style) => initLines(report, style) };
}

/** Whom claims are shared with. Once the main branch has a configuration, that decides, whatever stands here. */
function sharing({ share, remote }: Config): Pick<InitReport, 'share' | 'remote'> {
  return { share, remote: share ? remote : null };
}

/** Sees to it that there is a state, where it was asked for, and that what was asked for decides. */
async function placeAll(context: Context, input: Input, config: Config, named: boolean) {
  const wish = storeWish(input.text('store'), input.text('prefix'), input.flag('etcdIsGone'));
  // What cannot be reached any more cannot be looked for first.
  const saved = wish?.isGone ? await moveStore(context, config, wish) : null;
  const placed = await placeState(context, config, { asked: input.text('ref') ?? null, named });
  return { placed, decides: saved ?? (await moveStore(context, { ...config, ref: placed.ref }, wish)) };
}

const isChanged = ({ action }: FileChange) => action !== 'unchanged';

/** Whether no other clone is set up without this file. */
function isNeeded(path: string, { rules }: Config): boolean {
  return path === CONFIG_FILE || path.startsWith(`${rules}/`);
}

/** What this clone remembers gives way to what the main branch says, or, before that has anything, the working copy. */
async function adopt(context: Context): Promise<Outcome> {
  const { repository } = context;
  const config = (await mainConfigOf(await context.authority())) ?? (await loadConfigIfThere(repository.root));
  if (config === null) throw usage(`there is no ${CONFIG_FILE} to adopt`, coord('init'));
  const remotes = renamed(ownRemotes(repository), config);
  const remote = config.share ? remotes.remote : null;
  const store = await context.stores.open({ ...config, ...remotes });
  await store.latest();
  const known = { ref: store.ref, remote, mainRemote: remotes.mainRemote, mainBranch: config.mainBranch };
  await store.life.recordSetup(known, entryOf(context, `adopt ${store.ref}${remote === null ? '' : ` of ${remote}`}`));
  await rememberState(context, known);
  const report: InitReport = {
    ...{ ref: store.ref, commit: await store.tip(), outcome: 'adopted', movedFrom: null, refused: null, store: null },
    ...{ share: config.share, remote, surface: config.surface, rules: config.rules, guessed: false },
    ...{ files: [], ignored: [], changed: true },
  };
  return { data: report, text: (style) => initLines(report, style) };
}

/** The first configuration, which depends on the ref that the state got. */
async function starterOf(context: Context, input: Input, remotes: readonly string[]) {
  const own = ownRemotes(context.repository);
  const remote = chooseRemote(input.text('remote') ?? own.remote ?? undefined, input.flag('local'), remotes);
  const mainRemote = input.text('mainRemote') ?? own.mainRemote ?? remote ?? undefined;
  if (mainRemote !== undefined) mustBeOneOf(remotes, mainRemote);
  const mainBranch = remotes.length === 0 ? await currentMainBranch(context) : undefined;
  const { root } = context.repository;
  const listed = await gitText(context.git, [
    'ls-files',
    '-z',
    '--cached',
    '--others',
    '--exclude-standard',
    '--',
    ':/',
  ]);
  const surface = guessSurface(listed.split('\0').filter((file) => file !== ''));
  return (ref: string) =>
    starterConfig({ remote, mainRemote, ref, mainBranch, surface, schema: `./${schemaPlace(root)}` });
}

async function mustBeRef({ git }: Context, ref: string): Promise<void> {
  const problem = problemOfStateRef(ref);
  if (problem !== null) throw usage(`--ref ${problem}: ${JSON.stringify(ref)}`, coord(`init --ref ${STATE_REF}`));
  await checkRefName(git, ref);
}

/** What is set up already is changed in its file, by people, and not by an option that would be passed over. */
function mustAgree(input: Input, config: Config): void {
  const other = [
    ...(input.flag('remote') && !(config.share && input.text('remote') === config.remote) ? ['remote'] : []),
    ...(input.flag('mainRemote') && input.text('mainRemote') !== config.mainRemote ? ['mainRemote'] : []),
    ...(input.flag('local') && config.share ? ['share'] : []),
  ];
  if (other.length === 0) return;
  throw usage(`${CONFIG_FILE} already exists, with other settings`, `change ${other.join(', ')} in ${CONFIG_FILE}`);
}

function mustBeOneOf(remotes: readonly string[], named: string): void {
  if (remotes.includes(named)) return;
  throw usage(
    `no such remote: ${oneLine(named)}`,
    `add it (git remote add ${shellWord(named)} URL); existing ones: ${command('git remote -v')}`,
  );
}

function chooseRemote(named: string | undefined, isLocal: boolean, remotes: readonly string[]): string | null {
  if (isLocal) {
    if (named !== undefined) throw usage('--local and --remote cannot be used together', 'use one');
    return null;
  }
  if (named !== undefined) {
    mustBeOneOf(remotes, named);
    return named;
  }
  if (remotes.length === 0) return null;
  if (remotes.includes('origin')) return 'origin';
  const [only] = remotes;
  if (remotes.length === 1 && only !== undefined) return only;
  throw usage(
    `several remotes: ${remotes.join(', ')}`,
    `name the one that all clones share: ${coord(`init --remote ${shellWord(remotes[0] ?? '')}`)}`,
  );
}

/** Without a remote, the branch that is checked out when coord is set up is taken for the main branch. */
async function currentMainBranch(context: Context): Promise<string | undefined> {
  const { ref } = await context.head();
  return ref?.replace(/^refs\/heads\//, '');
}

/** The configuration that is there already. */
interface Existing {
  readonly text: string;
  readonly config: Config;
  /** Whether it names the state ref. */
  readonly namesRef: boolean;
}

/** null: this worktree has none. */
async function existingConfig(root: string): Promise<Existing | null> {
  const path = join(root, CONFIG_FILE);
  if (!existsSync(path)) return null;
  const text = readFileSync(path, 'utf8');
  const namesRef = NAMED_REF.test(text);
  const config = await parseConfig(withoutBranch(text));
  return { text, config, namesRef };
}

/** What `coord init` did. */
interface InitReport {
  /** Full name of the state ref. */
  readonly ref: string;
  readonly commit: string | null;
  readonly outcome: 'created' | 'adopted' | 'existing' | 'moved';
  readonly movedFrom: string | null;
  readonly refused: { readonly ref: string; readonly reason: string } | null;
  /** What decides, where that was asked for. */
  readonly store: StorePlaced | null;
  readonly share: boolean;
  readonly remote: string | null;
  readonly surface: readonly string[];
  /** The folder of the rules. */
  readonly rules: string;
  /** Whether the surface was guessed now. */
  readonly guessed: boolean;
  readonly files: readonly { readonly path: string; readonly action: 'created' | 'extended' | 'unchanged' }[];
  /** Those that git ignores, by which line of which file, and whether another clone is set up without them. */
  readonly ignored: readonly { readonly path: string; readonly by: string; readonly needed: boolean }[];
  readonly changed: boolean;
}

/** A folder that has rules gets no starter rules. */
function keptRules({ guessed, rules, files }: InitReport): string[] {
  const kept = files.some(({ path, action }) => path === rules && action === 'unchanged');
  return guessed && kept ? [`kept ${oneLine(rules)}/, which has rules: no starter rules were added`] : [];
}

function initLines(report: InitReport, style: Style): string[] {
  const { ref, remote, outcome, files, movedFrom, refused, surface } = report;
  const reach = remote === null ? 'for the worktrees of this clone' : `shared through ${remote}`;
  if (!report.changed)
    return [
      `nothing to do: this repository is already set up (state ref ${ref}, ${reach})`,
      ...ignoredLines(report, style),
    ];
  const how = {
    created: 'created',
    adopted: `adopted from ${remote ?? 'the remote'}`,
    existing: 'there already',
    moved: `moved from ${movedFrom}`,
  }[outcome];
  return [
    `${style.good('state')} ${ref} ${how}, ${reach}`,
    ...(refused === null
      ? []
      : [
          `${style.warn('refused')} ${refused.ref}: ${oneLine(refused.reason)}; the state is on a branch instead, whose commits tell build hosts to skip them`,
        ]),
    ...storeLines(report.store, remote).map((line) => `${style.good('store')} ${line}`),
    ...files.filter(isChanged).map(({ path, action }) => `${style.good(action)} ${oneLine(path)}`),
    ...keptRules(report),
    ...(report.guessed ? [surfaceLine(surface, style)] : []),
    ...(remote === null
      ? []
      : [`${style.warn('public')} paths, names and reasons in the state can be read by whoever can read ${remote}`]),
    ...ignoredLines(report, style),
    ...nextLines(report, style),
  ];
}

function surfaceLine(surface: readonly string[], style: Style): string {
  const all = surface.includes('**') ? ' (everything, since no folder of code is here yet)' : '';
  return `${style.good('surface')} ${surface.map(oneLine).join(' ')}${all}: changing these needs a claim; guessed from your files, correct it in coord.config.json`;
}

function ignoredLines({ ignored, rules }: InitReport, style: Style): string[] {
  const byPath = new Map(ignored.map(({ path, by }) => [addedAs(path, rules), by]));
  return [...byPath].map(
    ([path, by]) =>
      `${style.warn('ignored')} ${oneLine(path)}, by ${oneLine(by)}: other clones do not get it; to share it: git add -f ${targetWord(path)}`,
  );
}

/** Without its configuration and rules no other clone is set up: they are added even where git ignores them. */
function nextLines({ files, ignored, rules }: InitReport, style: Style): string[] {
  const written = files.filter(({ action }) => action !== 'unchanged').map(({ path }) => path);
  const ignoredOnes = new Map(ignored.map(({ path, needed }) => [path, needed]));
  const plain = written.filter((path) => !ignoredOnes.has(path));
  const needed = written.filter((path) => ignoredOnes.get(path));
  const commands = [...addCommand('', plain, rules), ...addCommand('-f ', needed, rules)];
  if (commands.length === 0) return [];
  return [`${style.bold('next:')} read them, then ${commands.join(' && ')} && git commit -m "Coordinate with coord"`];
}

function addCommand(force: string, paths: readonly string[], rules: string): string[] {
  const words = new Set(paths.map((path) => targetWord(addedAs(path, rules))));
  return words.size === 0 ? [] : [`git add ${force}${[...words].join(' ')}`];
}

/** The rules by their folder, every other file by itself. */
function addedAs(path: string, rules: string): string {
  return path.startsWith(`${rules}/`) ? rules : path;
}
