import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config/config.js';
import { CONFIG_FILE, loadConfig } from '../config/load.js';
import { type StarterConfig, starterConfig } from '../config/starter.js';
import type { Context } from '../context.js';
import { EMPTY_STATE } from '../domain/model.js';
import { CoordError, usage } from '../errors.js';
import { checkBranchName } from '../git/refs.js';
import { gitText } from '../git/run.js';
import { type InitReport, initLines } from '../render/init.js';
import { TokenMark } from '../store/token-mark.js';
import type { StoreConfig } from '../stores.js';
import { addAgentsBlock, type FileChange, writeConfig, writeStarterRules } from './init-files.js';
import type { Input, Verb } from './verb.js';

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
  throw usage(`several remotes: ${remotes.join(', ')}`, 'coord init --remote NAME');
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
    `coord init --branch NAME (or, where there is a ${CONFIG_FILE}, "branch" in it)`,
  );
}
