import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config/config.js';
import { CONFIG_FILE, loadConfig } from '../../config/load.js';
import { type StarterConfig, starterConfig } from '../../config/starter.js';
import type { Context } from '../../context.js';
import { EMPTY_STATE } from '../../domain/model.js';
import { coord } from '../../domain/suggestion.js';
import { CoordError, usage } from '../../errors.js';
import { writablePath } from '../../git/paths.js';
import { checkBranchName } from '../../git/refs.js';
import { gitText } from '../../git/run.js';
import type { Style } from '../../render/style.js';
import { TokenMark } from '../../store/cache/token-mark.js';
import type { StoreConfig } from '../../stores.js';
import type { Input, Verb } from '../verb.js';

/** Tokens count from here when a branch starts: seconds since 2026, so that a re-created branch does not reuse one. */
const TOKEN_EPOCH_MS = Date.UTC(2026, 0, 1);

export const init: Verb = {
  options: [
    ['--local', 'share with no remote: claims then hold in this clone’s worktrees only'],
    ['--remote <name>', 'the remote that arbitrates between clones'],
    ['--branch <name>', 'the coordination branch (coord)'],
  ],
  examples: [
    ['coord init', 'set up the branch, coord.config.json, rules/ and AGENTS.md; commit them yourself'],
    ['coord init --local', 'without a remote'],
  ],
  notes: ['Running it again changes nothing. It touches no other file, not the index, and no commit of yours.'],
  async run(context, input) {
    const { root } = context.repository;
    const remotes = (await gitText(context.git, ['remote'])).split('\n').filter((name) => name !== '');
    const existing = existsSync(join(root, CONFIG_FILE)) ? await loadConfig(root) : null;
    if (existing !== null) mustAgree(input, existing);
    const plan = existing === null ? await firstConfig(context, input, remotes) : { text: null, parsed: existing };
    const effective = plan.parsed;
    await checkBranchName(context.git, effective.branch);
    if (effective.share && !remotes.includes(effective.remote)) {
      throw usage(
        `${CONFIG_FILE} shares through ${effective.remote}, but there is no such remote`,
        `git remote add ${effective.remote} URL`,
      );
    }
    const { outcome, tip } = await startBranch(context, effective);
    const files: FileChange[] = [
      writeConfig(root, plan.text),
      ...writeStarterRules(context.host.packageRoot, root, effective.rules),
      addAgentsBlock(root),
    ];
    const report: InitReport = {
      branch: effective.branch,
      commit: tip,
      outcome,
      share: effective.share,
      remote: effective.share ? effective.remote : null,
      files,
      changed: outcome !== 'existing' || files.some(({ action }) => action !== 'unchanged'),
    };
    return { data: report, text: (style) => initLines(report, style) };
  },
};

async function firstConfig(context: Context, input: Input, remotes: readonly string[]): Promise<StarterConfig> {
  return starterConfig(context.repository.root, {
    remote: chooseRemote(input, remotes),
    branch: input.text('branch'),
    mainBranch: remotes.length === 0 ? await currentMainBranch(context) : undefined,
  });
}

/** What is set up already is changed in its file, by people, and not by an option that would be passed over. */
function mustAgree(input: Input, config: Config): void {
  const other = [
    ...(input.flag('branch') && input.text('branch') !== config.branch ? ['branch'] : []),
    ...(input.flag('remote') && !(config.share && input.text('remote') === config.remote) ? ['remote'] : []),
    ...(input.flag('local') && config.share ? ['share'] : []),
  ];
  if (other.length === 0) return;
  throw usage(`${CONFIG_FILE} is there already, and says otherwise`, `change ${other.join(', ')} in ${CONFIG_FILE}`);
}

function chooseRemote(input: Input, remotes: readonly string[]): string | null {
  const named = input.text('remote');
  if (input.flag('local')) {
    if (named !== undefined) throw usage('--local and --remote exclude each other', 'use one');
    return null;
  }
  if (named !== undefined) {
    if (remotes.includes(named)) return named;
    throw usage(`no such remote: ${named}`, `git remote add ${named} URL`);
  }
  if (remotes.length === 0) return null;
  if (remotes.includes('origin')) return 'origin';
  const [only] = remotes;
  if (remotes.length === 1 && only !== undefined) return only;
  throw usage(`several remotes: ${remotes.join(', ')}`, coord('init --remote NAME'));
}

/** Without a remote, the branch that is checked out when coord is set up is taken for the main branch. */
async function currentMainBranch(context: Context): Promise<string | undefined> {
  const { ref } = await context.head();
  return ref?.replace(/^refs\/heads\//, '');
}

async function startBranch(
  context: Context,
  config: StoreConfig,
): Promise<{ outcome: InitReport['outcome']; tip: string | null }> {
  const store = await context.stores.open(config);
  const agent = context.identityIfKnown()?.agent ?? 'coord';
  const seconds = Math.floor((context.host.now() - TOKEN_EPOCH_MS) / 1000);
  const lastToken = Math.max(0, seconds, new TokenMark(context.localDirectory).read());
  const entry = { operation: context.newId(), agent, at: context.now(), summary: 'begin coordination', events: [] };
  try {
    const outcome = await store.create({ ...EMPTY_STATE, lastToken }, entry);
    if (outcome === 'existing') await store.read();
    return { outcome, tip: await store.tip() };
  } catch (error) {
    throw (await store.seenBefore()) ? error : notOurs(error, config.branch);
  }
}

function notOurs(error: unknown, branch: string): unknown {
  if (!(error instanceof CoordError) || error.details.missing !== true) return error;
  return usage(
    `the branch ${branch} holds something else than coord's state`,
    `${coord('init --branch NAME')} (or, where there is a ${CONFIG_FILE}, "branch" in it)`,
  );
}

interface FileChange {
  /** Relative to the root of the worktree. */
  readonly path: string;
  readonly action: 'created' | 'extended' | 'unchanged';
}

const AGENTS_FILE = 'AGENTS.md';
const BLOCK_BEGIN = '<!-- coord:begin -->';
const BLOCK_END = '<!-- coord:end -->';

/** What an agent must know to take part, in a few lines; AGENTS.md of this project holds the same text. */
export const AGENTS_BLOCK = `${BLOCK_BEGIN}
## Working beside others: coord

Several agents and people change this repository at once. Use \`coord\`; its exit codes say what to do.

1. Begin with \`coord session start --agent YOUR-ID\` and follow the rules that it prints.
2. Before you open a file to change it: \`coord claim PATH --reason "why"\`. Exit 3: somebody holds it; do what \`next:\` says.
   Exit 5: your copy lacks the last holder's work; bring it in first.
3. Commit, then \`coord release PATH\`, so that the next holder gets your commit. A guard may stop an edit, a command or a
   commit that nobody claimed: do what its \`next:\` says, and never go round it (no \`--no-verify\`).
4. Before a deploy: \`coord sync-check\`. Anything but exit 0 means: do not deploy.
5. Tell others with \`coord note "…"\`, read with \`coord inbox\`. The log is a log: not a claim, not permission.
6. As a worker (\`--role worker\`), claim and commit nothing: write in \`coord session scratch\`, hand changes over with
   \`coord submit PATH --note "…"\`.

\`coord status\` shows who holds what; \`coord help exit-codes\` lists the codes; add \`--json\` to any command.
${BLOCK_END}
`;

/** Writes the configuration; null: there is one already. */
function writeConfig(root: string, text: string | null): FileChange {
  if (text === null) return { path: CONFIG_FILE, action: 'unchanged' };
  writablePath(root, CONFIG_FILE);
  writeFileSync(join(root, CONFIG_FILE), text, { flag: 'wx' });
  return { path: CONFIG_FILE, action: 'created' };
}

/** Copies the starter rules where the folder has no rules yet. */
function writeStarterRules(packageRoot: string, root: string, folder: string): FileChange[] {
  // A link that leads out of the repository, or nowhere, is refused, here and below: whoever made the repository may have put it there.
  writablePath(root, folder);
  const target = join(root, folder);
  if (existsSync(target) && readdirSync(target).some((name) => name.endsWith('.md'))) {
    return [{ path: folder, action: 'unchanged' }];
  }
  mkdirSync(target, { recursive: true });
  const source = join(packageRoot, 'rules');
  return readdirSync(source)
    .sort()
    .map((name) => {
      writeFileSync(join(target, name), readFileSync(join(source, name)), { flag: 'wx' });
      return { path: `${folder}/${name}`, action: 'created' };
    });
}

/** Adds the block that teaches the loop, once; a block that somebody edited is left as it is. */
function addAgentsBlock(root: string): FileChange {
  writablePath(root, AGENTS_FILE);
  const path = join(root, AGENTS_FILE);
  if (!existsSync(path)) {
    writeFileSync(path, AGENTS_BLOCK, { flag: 'wx' });
    return { path: AGENTS_FILE, action: 'created' };
  }
  const text = readFileSync(path, 'utf8');
  if (text.includes(BLOCK_BEGIN)) return { path: AGENTS_FILE, action: 'unchanged' };
  writeFileSync(path, `${text}${text.endsWith('\n') || text === '' ? '' : '\n'}\n${AGENTS_BLOCK}`);
  return { path: AGENTS_FILE, action: 'extended' };
}

interface InitReport {
  readonly branch: string;
  readonly commit: string | null;
  readonly outcome: 'created' | 'adopted' | 'existing';
  readonly share: boolean;
  readonly remote: string | null;
  readonly files: readonly { readonly path: string; readonly action: 'created' | 'extended' | 'unchanged' }[];
  readonly changed: boolean;
}

function initLines(report: InitReport, style: Style): string[] {
  const { branch, remote, outcome, files } = report;
  const reach = remote === null ? 'for the worktrees of this clone' : `shared through ${remote}`;
  if (!report.changed) return [`nothing to do: this repository is set up (branch ${branch}, ${reach})`];
  const how = { created: 'created', adopted: `adopted from ${remote ?? 'the remote'}`, existing: 'there already' }[
    outcome
  ];
  const written = files.filter(({ action }) => action !== 'unchanged');
  const paths = [...new Set(written.map(({ path }) => path.split('/')[0] ?? path))].join(' ');
  return [
    `${style.good('branch')} ${branch} ${how}, ${reach}`,
    ...written.map(({ path, action }) => `${style.good(action)} ${path}`),
    ...(written.length === 0
      ? []
      : [`next: read them, then git add ${paths} && git commit -m "Coordinate with coord"`]),
  ];
}
