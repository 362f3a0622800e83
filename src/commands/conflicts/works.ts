import { codeRemotes } from '../../config/config.js';
import type { Submission } from '../../domain/model.js';
import type { WorkOf } from '../../domain/sync/collisions.js';
import { CoordError } from '../../errors.js';
import { resolveCommit } from '../../git/refs.js';
import { discoverRepository } from '../../git/repository.js';
import type { ShadowRepository, Snapshot } from '../../git/shadow.js';
import { LocalSessions } from '../../store/cache/local-sessions.js';
import type { Context } from '../../workspace/context.js';
import { mainBranch } from '../../workspace/main-branch.js';

/** One piece of work in progress. */
export interface Work {
  readonly of: WorkOf;
  /** What it holds; null: it cannot be known, and `why` says so. */
  readonly snapshot: Snapshot | null;
  readonly why: string | null;
}

export interface Works {
  readonly own: Work;
  /** All others: the main branch, other worktrees, branches of the remote, submissions. */
  readonly others: readonly Work[];
  /** Branches of the remote that were not looked at, since there are too many. */
  readonly left: number;
}

/** Older branches are hardly work in progress. */
const MOST_BRANCHES = 40;

/** Gathers what is being worked on, as this clone knows it; nothing is fetched. */
export async function worksOf(context: Context, shadow: ShadowRepository): Promise<Works> {
  const trees = await worktrees(context);
  const { root } = context.repository;
  const all = await Promise.all(trees.map((tree) => workIn(shadow, tree)));
  const own = all.find(({ of }) => of.worktree === root) ?? (await workIn(shadow, { root, branch: null }));
  const main = await mainBranch(context);
  const ofMain: Work[] =
    main === null ? [] : [known({ kind: 'main', agent: null, worktree: null, branch: main.name }, main.commit)];
  const { branches, left } = await remoteBranches(context, main?.commit ?? null);
  const seen = new Set(all.map(({ snapshot }) => snapshot?.commit));
  const others = [
    ...ofMain,
    ...all.filter((work) => work !== own),
    ...branches.filter(({ snapshot }) => !seen.has(snapshot?.commit)),
    ...(await submitted(context, shadow)),
  ];
  return { own, others, left };
}

function known(of: WorkOf, commit: string): Work {
  return { of, snapshot: { commit, uncommitted: false, unread: [] }, why: null };
}

function unknown(of: WorkOf, why: string): Work {
  return { of, snapshot: null, why };
}

interface Tree {
  readonly root: string;
  readonly branch: string | null;
}

/** The worktrees of this clone that are there. */
async function worktrees({ git, repository }: Context): Promise<Tree[]> {
  const { code, stdout } = await git(['worktree', 'list', '--porcelain', '-z']);
  if (code !== 0) return [{ root: repository.root, branch: null }];
  return stdout
    .toString('utf8')
    .split('\0\0')
    .map((entry) => entry.split('\0').filter((line) => line !== ''))
    .filter(
      (lines) => lines.length > 0 && !lines.includes('bare') && !lines.some((line) => line.startsWith('prunable')),
    )
    .map((lines) => ({
      root: (lines.find((line) => line.startsWith('worktree ')) ?? '').slice('worktree '.length),
      branch: lines.find((line) => line.startsWith('branch refs/heads/'))?.slice('branch refs/heads/'.length) ?? null,
    }));
}

async function workIn(shadow: ShadowRepository, { root, branch }: Tree): Promise<Work> {
  const of = (agent: string | null, at = root): WorkOf => ({ kind: 'worktree', agent, worktree: at, branch });
  try {
    const repository = discoverRepository(root);
    const { root: real } = repository;
    const sessions = new LocalSessions(repository).list();
    const agent = sessions.length === 1 ? (sessions[0]?.agent ?? null) : null;
    return { of: of(agent, real), snapshot: await shadow.snapshot(root), why: null };
  } catch (error) {
    if (!(error instanceof CoordError)) throw error;
    return unknown(of(null), error.message);
  }
}

/** The remote's branches as last fetched, the newest first, without those that the main branch contains. */
async function remoteBranches(context: Context, main: string | null): Promise<{ branches: Work[]; left: number }> {
  const config = await context.config();
  const remotes = codeRemotes(config);
  const format = '%(objectname)%00%(refname)%00%(symref)';
  const merged = main === null ? [] : [`--no-merged=${main}`];
  const args = [
    'for-each-ref',
    '--sort=-committerdate',
    `--format=${format}`,
    ...merged,
    ...remotes.map((remote) => `refs/remotes/${remote}`),
  ];
  const { code, stdout } = await context.git(args);
  if (code !== 0) return { branches: [], left: 0 };
  const state = config.ref.replace('refs/heads/', `refs/remotes/${config.remote}/`);
  const rows = stdout
    .toString('utf8')
    .split('\n')
    .map((line) => line.split('\0'))
    .filter(([commit = '', name = '', symref = '']) => commit !== '' && symref === '' && name !== state);
  const branches = rows.slice(0, MOST_BRANCHES).map(([commit = '', name = '']) => {
    const branch = name.slice('refs/remotes/'.length);
    return known({ kind: 'branch', agent: null, worktree: null, branch }, commit);
  });
  return { branches, left: rows.length - branches.length };
}

async function submitted(context: Context, shadow: ShadowRepository): Promise<Work[]> {
  const { submissions } = await openSubmissions(context);
  return Promise.all(submissions.map((submission) => submittedWork(context, shadow, submission)));
}

/** Without a state there are no submissions: this verb needs nothing to be set up. */
async function openSubmissions(context: Context): Promise<{ submissions: readonly Submission[] }> {
  try {
    const { state } = await (await context.store()).read(['submissions']);
    return { submissions: state.submissions.filter(({ closed }) => closed === null) };
  } catch (error) {
    if (error instanceof CoordError && error.details.reason === 'not-set-up') return { submissions: [] };
    throw error;
  }
}

async function submittedWork(context: Context, shadow: ShadowRepository, submission: Submission): Promise<Work> {
  const of: WorkOf = { kind: 'submission', agent: submission.agent, worktree: null, branch: submission.id };
  const parent = submission.commit === null ? null : await resolveCommit(context.git, submission.commit);
  if (parent === null) return unknown(of, 'the commit that it was made on is not here');
  try {
    const files = submission.files.map(({ path, mode, blob }) => ({ path, mode, id: blob }));
    return { of, snapshot: await shadow.snapshotOf(parent, files), why: null };
  } catch (error) {
    if (!(error instanceof CoordError)) throw error;
    return unknown(of, error.message);
  }
}
