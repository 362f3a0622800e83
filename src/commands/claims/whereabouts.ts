import { randomBytes } from 'node:crypto';
import { codeRemotes } from '../../config/config.js';
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
    const me = context.identityIfKnown()?.agent;
    for (const work of refusal.missing)
      missing.push({ ...work, where: await finder.find(work.commit), isOwn: work.agent === me });
    return { ...refusal, missing };
  } finally {
    await finder.end();
  }
}

/** Where branches of a remote stand. */
interface Place {
  readonly remote: string;
  /** Ends in a slash. */
  readonly prefix: string;
  /** Whether the remote was asked just now. */
  readonly answered: boolean;
}

/** Looks for commits on the branches of the remote, and on those of this clone. */
class Finder {
  private constructor(
    private readonly context: Context,
    /** The one with the main branch first; none where nothing is shared. */
    private readonly places: readonly Place[],
    /** Short name; null: not known. */
    private readonly mainBranch: string | null,
    private readonly heads: string,
  ) {}

  static async begin(context: Context): Promise<Finder> {
    const config = await context.config();
    const { share, mainRemote: remote, mainBranch } = config;
    const known = await mainBranchAsFetched(context.repository, context.git, { remote, mainBranch, fetchedOnly: true });
    const named = known?.name.slice(remote.length + 1) ?? mainBranch;
    const heads = `refs/worktree/coord/heads-${randomBytes(8).toString('hex')}/`;
    const places: Place[] = [];
    for (const [index, name] of (share ? codeRemotes(config) : []).entries()) {
      const asked = await context.remoteGit.fetch(name, [`+refs/heads/*:${heads}${index}/*`]);
      const answered = asked.code === 0;
      places.push({ remote: name, answered, prefix: answered ? `${heads}${index}/` : `refs/remotes/${name}/` });
    }
    return new Finder(context, places, named, heads);
  }

  async end(): Promise<void> {
    const { git } = this.context;
    const { stdout } = await git(['for-each-ref', '--format=delete %(refname)', this.heads]);
    if (stdout.length > 0) await git(['update-ref', '--stdin'], { input: stdout });
  }

  async find(commit: string): Promise<Whereabouts> {
    const { places, mainBranch } = this;
    const [main = null] = places;
    for (const { remote, prefix } of places) {
      const branches = (await this.branchesWith(commit, prefix)).map((ref) => ref.slice(prefix.length));
      const branch = branches.find((name) => name === mainBranch) ?? branches[0];
      if (branch !== undefined) return { kind: 'remote', remote, branch };
    }
    if (main !== null && mainBranch !== null && (await this.wasOnMain(commit, main.remote, mainBranch)))
      return { kind: 'rewritten', upstream: `${main.remote}/${mainBranch}` };
    const here = await this.inThisClone(commit);
    if (here !== null) return here;
    if (shallowBoundary(this.context.repository).length > 0) return { kind: 'unknown', why: 'shallow' };
    if (!places.every(({ answered }) => answered)) return { kind: 'unknown', why: 'not-asked' };
    return { kind: 'nowhere', remote: main === null ? null : places.map(({ remote }) => remote).join(' or ') };
  }

  private async branchesWith(commit: string, prefix: string): Promise<string[]> {
    // Git fails where it does not have the commit: then it is on none of them.
    const args = ['for-each-ref', `--contains=${commit}`, '--format=%(refname)', prefix];
    const { code, stdout } = await this.context.git(args);
    return code === 0 ? stdout.toString('utf8').split('\n').filter(Boolean) : [];
  }

  private async wasOnMain(commit: string, remote: string, branch: string): Promise<boolean> {
    const { repository, git } = this.context;
    const tips = await formerTips(repository, git, { remote, branch });
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
