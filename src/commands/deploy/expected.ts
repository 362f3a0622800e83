import type { Context } from '../../context.js';
import { type Deployments, liveOn, mayHaveRun, NO_DEPLOYMENTS } from '../../domain/deploy/records.js';
import { shorten } from '../../domain/text.js';
import { CoordError, usage } from '../../errors.js';
import { knownDeployments } from './known.js';

/** The commit that an endpoint must show. */
export interface Expected {
  readonly commit: string;
  /** Who says so: the one who asks, the record of the last deploy, or nothing but where HEAD is. */
  readonly commitFrom: 'option' | 'deployments' | 'HEAD';
  /** Id of that deploy. */
  readonly deploy: string | null;
  /** What ran there before, as far as it is on the record. */
  readonly previous: string | null;
  readonly warnings: readonly string[];
}

/**
 * The commit that was named, else the one that the last deploy may have put there, else HEAD.
 * @throws CoordError `usage` when there is no such commit
 */
export async function expectedCommit(context: Context, target: string, typed: string | undefined): Promise<Expected> {
  const named = typed === undefined ? null : await commitNamed(context, typed);
  const { deployments, warnings } = await onRecord(context);
  const ran = mayRun(deployments, target);
  const before = (commit: string) => ran.find((other) => other.commit !== commit)?.commit ?? null;
  if (named !== null) return { commit: named, commitFrom: 'option', deploy: null, previous: before(named), warnings };
  const [last] = ran;
  if (last) {
    const { commit, deploy } = last;
    return { commit, commitFrom: 'deployments', deploy, previous: before(commit), warnings };
  }
  const { commit } = await context.head();
  if (commit === null) throw usage('HEAD has no commit yet', 'name one: --commit REVISION');
  return { commit, commitFrom: 'HEAD', deploy: null, previous: null, warnings };
}

/** All that may run on the target or has run there before, newest first. */
function mayRun({ targets, attempts }: Deployments, target: string): { commit: string; deploy: string }[] {
  const { live, perhaps } = liveOn({ targets, attempts }, target);
  const running = attempts.filter((one) => one.target === target && one.status === 'running' && mayHaveRun(one));
  const done = attempts.filter((one) => one.target === target && one.status === 'done');
  return [
    ...running.map(({ id, commit }) => ({ deploy: id, commit })),
    ...perhaps.toReversed(),
    ...(live ? [live] : []),
    ...done.toReversed().map(({ id, commit }) => ({ deploy: id, commit })),
  ];
}

async function onRecord(context: Context): Promise<{ deployments: Deployments; warnings: readonly string[] }> {
  try {
    const { state, warnings } = await knownDeployments(context, true);
    return { deployments: state.deployments, warnings };
  } catch (error) {
    // Where coord was never set up, nothing is on record.
    const isBare =
      error instanceof CoordError && error.code === 'usage' && (await (await context.store()).tip()) === null;
    if (isBare) return { deployments: NO_DEPLOYMENTS, warnings: [] };
    throw error;
  }
}

async function commitNamed(context: Context, typed: string): Promise<string> {
  const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${typed}^{commit}`];
  const { code, stdout } = await context.git(args);
  if (code === 0) return stdout.toString('utf8').trim();
  throw usage(`no such commit here: ${JSON.stringify(shorten(typed, 80))}`, 'git fetch, or name another');
}
