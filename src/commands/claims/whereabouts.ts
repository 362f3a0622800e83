import { randomBytes } from 'node:crypto';
import type { MissingWork, Refusal, Whereabouts } from '../../domain/refusal.js';
import { shallowBoundary } from '../../git/history.js';
import { mainBranchAsFetched } from '../../git/main-branch.js';
import { isAncestor } from '../../git/refs.js';
import { formerTips } from '../../git/upstream.js';
import { worktreesOf } from '../../git/worktree.js';
import type { Context } from '../../workspace/context.js';

/**
 * A refusal for work that HEAD lacks, with where that work is: the remote is asked for its branches. Any other is as it was.
 */
export async function placed(context: Context, refusal: Refusal): Promise<Refusal> {
  if (refusal.reason !== 'behind') return refusal;
  const finder = await Finder.begin(context);
  try {
    const missing: MissingWork[] = [];
    for (const work of refusal.missing) missing.push({ ...work, where: await finder.find(work.commit) });
    return { ...refusal, missing };
  } finally {
    await finder.end();
  }
}

/** Looks for commits on the branches of the remote, and on those of this clone. */
class Finder {
  private constructor(
    private readonly context: Context,
    private readonly remote: string | null,
    /** Short name; null: not known. */
    private readonly mainBranch: string | null,
    /** Where the branches of the remote stand for as long as it is looked for commits; ends in a slash. */
    private readonly heads: string,
    private readonly answered: boolean,
  ) {}

  static async begin(context: Context): Promise<Finder> {
    const { share, remote, mainBranch } = await context.config();
    const known = await mainBranchAsFetched(context.repository, context.git, { remote, mainBranch, fetchedOnly: true });
    const named = known?.name.slice(remote.length + 1) ?? mainBranch;
    const heads = `refs/worktree/coord/heads-${randomBytes(8).toString('hex')}/`;
    const asked = share ? await context.remoteGit.fetch(remote, [`+refs/heads/*:${heads}*`]) : null;
    return new Finder(context, share ? remote : null, named, heads, asked?.code === 0);
  }

  async end(): Promise<void> {
    const { git } = this.context;
    const { stdout } = await git(['for-each-ref', '--format=delete %(refname)', this.heads]);
    if (stdout.length > 0) await git(['update-ref', '--stdin'], { input: stdout });
  }

  async find(commit: string): Promise<Whereabouts> {
    const { remote, mainBranch, heads, answered } = this;
    if (remote !== null) {
      const prefix = answered ? heads : `refs/remotes/${remote}/`;
      const branches = (await this.branchesWith(commit, prefix)).map((ref) => ref.slice(prefix.length));
      const branch = branches.find((name) => name === mainBranch) ?? branches[0];
      if (branch !== undefined) return { kind: 'remote', remote, branch };
      if (await this.wasOnMain(commit))
        return {
          kind: 'rewritten',
          upstream: mainBranch === null ? `the main branch of ${remote}` : `${remote}/${mainBranch}`,
        };
    }
    const here = await this.inThisClone(commit);
    if (here !== null) return here;
    if (shallowBoundary(this.context.repository).length > 0) return { kind: 'unknown', why: 'shallow' };
    return remote === null || answered ? { kind: 'nowhere', remote } : { kind: 'unknown', why: 'not-asked' };
  }

  private async branchesWith(commit: string, prefix: string): Promise<string[]> {
    // Git fails where it does not have the commit: then it is on none of them.
    const args = ['for-each-ref', `--contains=${commit}`, '--format=%(refname)', prefix];
    const { code, stdout } = await this.context.git(args);
    return code === 0 ? stdout.toString('utf8').split('\n').filter(Boolean) : [];
  }

  private async wasOnMain(commit: string): Promise<boolean> {
    const { repository, git } = this.context;
    const { remote, mainBranch } = this;
    if (remote === null || mainBranch === null) return false;
    const tips = await formerTips(repository, git, { remote, branch: mainBranch });
    for (const tip of tips) if ((await isAncestor(git, commit, tip)) === true) return true;
    return false;
  }

  private async inThisClone(commit: string): Promise<Whereabouts | null> {
    const { repository, git } = this.context;
    const [branch] = await this.branchesWith(commit, 'refs/heads/');
    if (branch !== undefined) return { kind: 'here', name: branch.slice('refs/heads/'.length) };
    for (const { root } of await worktreesOf(repository, git)) {
      const head = await git(['-C', root, 'rev-parse', '--verify', '--quiet', 'HEAD']);
      const at = head.stdout.toString('latin1').trim();
      if (head.code === 0 && (await isAncestor(git, commit, at)) === true) return { kind: 'here', name: root };
    }
    return null;
  }
}
