import { codeRemotes } from '../../config/config.js';
import { ownClaims } from '../../domain/agents/ownership.js';
import { groundOf } from '../../domain/claims/conflicts.js';
import { bindingClaims, type ReleaseRequest } from '../../domain/claims/release.js';
import { matches } from '../../domain/ground/index.js';
import type { Target } from '../../domain/ground/targets.js';
import type { Claim, State } from '../../domain/model.js';
import type { Answer } from '../../domain/request-table.js';
import { submissionsIn, tasksOfSubmissions } from '../../domain/submissions/landed.js';
import { coord, form, shellWord } from '../../domain/suggestion.js';
import { tasksOn } from '../../domain/tasks/standing.js';
import type { Task } from '../../domain/tasks/task.js';
import { oneLine } from '../../domain/text.js';
import { CoordError, usage } from '../../errors.js';
import { changesSince } from '../../git/changes.js';
import { mainBranchAsFetched } from '../../git/main-branch.js';
import { isAncestor, namedCommit } from '../../git/refs.js';
import { elsewhereError, releasedLines, uncommittedError } from '../../render/claims.js';
import { shortCommit } from '../../render/format.js';
import { refusalError } from '../../render/refusals.js';
import { isAnswered } from '../../store/queue/combine.js';
import type { GitStore } from '../../store/swap/git-store.js';
import { transact } from '../../store/swap/transact.js';
import { uncommittedOn, workElsewhere } from '../../workspace/clean.js';
import type { Context, RequestStart } from '../../workspace/context.js';
import { readTargets, TARGET_OPTIONS } from '../input.js';
import type { Input, Verb } from '../verb.js';
import { checkOffline, OFFLINE_OPTION, offlineWarnings, storeToRead, transactHere } from './claim-request.js';

export const release: Verb = {
  arguments: [['[target...]', 'claims to give back']],
  options: [
    ['--all', 'all of them; everything you hold'],
    ['--merged <commit>', 'the claims that a merged pull request was done under; the commit that you pushed for it'],
    ['--commit <commit>', 'the commit; HEAD by default'],
    ['--uncommitted', 'even with uncommitted changes; this is recorded'],
    OFFLINE_OPTION,
    ...TARGET_OPTIONS,
  ],
  examples: [
    ['coord release src/api', 'give it back; the next holder must have your commit'],
    ['coord release --all --commit 9b1d0e4', 'all your claims, at another commit than HEAD'],
    ['coord release --merged 9b1d0e4', 'after the merge of what coord land --to pushed; claims with later work stay'],
  ],
  answers: {
    released: ['Claim[] | Landed[]', 'Landed with --merged, as the rest'],
    commit: 'commit | null',
    'upstream?': 'text',
    'how?': "'contained' | 'same-content' | null",
    'kept?': 'object[]',
    'done?': ['object[]', 'id and title of the tasks that it ended'],
  },
  // Where nothing is held, no request is made.
  demands: (input) => (input.flag('merged') ? 'not-stopped' : null),
  async run(context, input) {
    const merged = input.text('merged');
    if (merged !== undefined) {
      const also = input.list(0).length > 0 || input.flag('all') || input.text('commit') !== undefined;
      if (also || input.flag('offline')) {
        throw usage(
          '--merged finds the claims by itself: it goes with no target and no other option',
          coord(`release --merged ${shellWord(merged)}`),
        );
      }
      return (await import('../land/release-merged.js')).releaseMerged(context, merged);
    }
    const targets = await readReleaseTargets(context, input);
    const base = await context.requestBase();
    const store = await context.store();
    await checkOffline(context, input);
    const offline = input.flag('offline');
    const commit = await commitToRecord(context, input.text('commit'));
    const { state } = await (await storeToRead(context, input)).read();
    const owned = ownClaims(state, base, targets, context.now());
    // The ground of a task goes with the task; why it does not go here is said by the decision.
    const mine = 'claims' in owned ? owned.claims : [];
    const claims = mine.filter((claim) => tasksOn(state, claim).length === 0);
    const commitNamed = input.text('commit') !== undefined;
    const dirty = await uncommittedOn(context, claims, { stashes: true });
    const elsewhere = commitNamed ? [] : await workElsewhere(context, claims, commit);
    const stopped =
      dirty.length > 0 && !input.flag('uncommitted')
        ? uncommittedError(dirty)
        : elsewhere.length > 0
          ? elsewhereError(elsewhere)
          : null;
    if (stopped && (offline || !(await isAnswered(store, base.requestId)))) return stopped;
    const facts = await workFacts(context, claims, commit, { commitNamed, uncommitted: dirty.length > 0 });
    const decision = await transactHere(context, input, { kind: 'release', ...base, targets, ...facts });
    if (!decision.ok) return refusalError(decision.refusal, context.now(), { verb: 'release', tail: '' });
    const { result } = decision;
    const done = offline ? [] : await endIntegrated(context, store, base, result.released, result.commit);
    return {
      data: result,
      text: (style) => [
        ...releasedLines(
          result.released,
          result.commit,
          style,
          bindingClaims(result.released, { ...facts, policy: base.policy }, context.now()),
        ),
        ...done.map(({ id, title }) => `${style.good('done')} ${id} ${oneLine(title)}`),
      ],
      warnings: [
        ...(await offlineWarnings(context, input)),
        ...keptWithTasks(state, mine),
        ...(await notPushed(context, result.commit, facts.changes)),
      ],
    };
  },
};

function keptWithTasks(state: State, claims: readonly Claim[]): string[] {
  const tasks = [...new Set(claims.flatMap((claim) => tasksOn(state, claim)))];
  if (tasks.length === 0) return [];
  const back = coord(`task return ${tasks[0]} --reason "cannot finish it"`);
  return [`kept the paths of ${tasks.join(', ')}, which are released with the task: ${coord('land')}, or ${back}`];
}

async function readReleaseTargets(context: Context, input: Input): Promise<Target[] | null> {
  const texts = input.list(0);
  if (input.flag('all') && texts.length > 0) throw usage('targets and --all cannot be used together', 'use one');
  if (input.flag('all')) return null;
  if (texts.length === 0)
    throw usage(
      'nothing to release was named',
      `name what you give back (${form('release TARGET')}), or give back all: ${coord('release --all')}`,
    );
  return readTargets(context, input, texts);
}

/** The commit that was named, else HEAD; null on an unborn branch. @throws CoordError `usage` */
export async function commitToRecord(context: Context, named: string | undefined): Promise<string | null> {
  return named === undefined ? (await context.head()).commit : namedCommit(context.git, named);
}

/**
 * After a release: ends what this agent has integrated on that ground and what has come to the main branch otherwise than by
 * `coord land`, such as by a merge here, where nothing is shared.
 * @returns the tasks that it ended
 */
async function endIntegrated(
  context: Context,
  store: GitStore,
  base: RequestStart,
  released: readonly Claim[],
  commit: string | null,
): Promise<readonly Task[]> {
  const { state } = await store.read(['submissions', 'tasks']);
  const options = { foldCase: context.repository.foldsCase };
  const covers = (path: string) => released.some((claim) => matches(groundOf(claim), path, options));
  const submissions = submissionsIn(state, base.agent, covers);
  if (commit === null || submissions.length === 0) return [];
  const { mainRemote: remote, mainBranch } = await context.config();
  const main = await mainBranchAsFetched(context.repository, context.git, { remote, mainBranch });
  if (main === null || (await isAncestor(context.git, commit, main.commit)) !== true) return [];
  const ids = submissions.map(({ id }) => id);
  const open: Record<string, readonly string[]> = {};
  for (const task of tasksOfSubmissions(state, submissions).filter(({ accept }) => accept.length > 0)) {
    const { openGates } = await import('../gates/source.js');
    const found = await openGates(context, task, commit);
    open[task.id] = found instanceof CoordError ? [] : found;
  }
  const again = { ...base, operation: context.newId(), requestId: null };
  const request = { kind: 'submissions-landed' as const, ...again, submissions: ids, commit, open };
  const decision = await transact(store, request, context.effects);
  return decision.ok ? decision.result.done : [];
}

/** The claims whose ground has work that no commit holds, or work in another worktree that HEAD here lacks. */
export async function unfinishedClaims(context: Context, claims: readonly Claim[]): Promise<Claim[]> {
  const dirty = await uncommittedOn(context, claims, { stashes: true });
  const elsewhere = await workElsewhere(context, claims, (await context.head()).commit);
  const options = { foldCase: context.repository.foldsCase };
  return claims.filter(
    (claim) =>
      dirty.some(({ path }) => claim.kind !== 'resource' && matches(groundOf(claim), path.normalize('NFC'), options)) ||
      elsewhere.some((work) => work.claim.id === claim.id),
  );
}

/** What was done under these claims, by the commit that holds it. */
export async function workFacts(
  context: Context,
  claims: readonly Claim[],
  commit: string | null,
  { commitNamed, uncommitted }: Pick<ReleaseRequest, 'commitNamed' | 'uncommitted'>,
): Promise<Pick<ReleaseRequest, 'commit' | 'commitNamed' | 'changes' | 'uncommitted'>> {
  const changes = await changesSince(context.git, claims, commit, context.repository.foldsCase);
  return { commit, commitNamed, changes, uncommitted };
}

/** Says of a commit that the next holder must have, and that is on no branch of the remote as far as this clone knows. */
export async function notPushed(
  context: Context,
  commit: string | null,
  changes: ReleaseRequest['changes'],
): Promise<string[]> {
  const config = await context.config();
  if (!config.share || commit === null || changes?.length === 0) return [];
  const remotes = codeRemotes(config);
  const tracking = remotes.map((remote) => `refs/remotes/${remote}/`);
  const args = ['for-each-ref', '--count=1', `--contains=${commit}`, '--format=%(refname)', ...tracking];
  const { code, stdout } = await context.git(args);
  if (code !== 0 || stdout.length > 0) return [];
  return [
    `${shortCommit(commit)} is on no branch of ${oneLine(remotes.join(' or '))} yet, so nobody else can have it: git push, or ${coord('land')}`,
  ];
}

/** Releases these claims of the agent, not named by anybody, at a commit; `uncommitted` goes on the record. The warnings are of what the next holder cannot have. */
export async function releaseClaims(
  context: Context,
  store: GitStore,
  claims: readonly Claim[],
  commit: string | null,
  uncommitted = false,
): Promise<Answer<'release'> & { readonly warnings: readonly string[] }> {
  const facts = await workFacts(context, claims, commit, { commitNamed: false, uncommitted });
  const base = { ...(await context.requestBase()), requestId: null };
  const request = { kind: 'release' as const, ...base, targets: claims.map(groundOf), ...facts };
  const answer = await transact(store, request, context.effects);
  return { ...answer, warnings: answer.ok ? await notPushed(context, commit, facts.changes) : [] };
}
