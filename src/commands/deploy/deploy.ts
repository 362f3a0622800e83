import type { Config } from '../../config/config.js';
import type { Context } from '../../context.js';
import type { NewDeployment } from '../../domain/deploy/records.js';
import { deployTarget } from '../../domain/ground/targets.js';
import { CoordError } from '../../errors.js';
import { notAtRollback } from '../../render/deploy/refusals.js';
import { addressOf } from '../../verify/address.js';
import { readTtl, readWait } from '../durations.js';
import type { Input, Verb } from '../verb.js';
import { blocked, deployOnce } from './attempt.js';
import { readAuthority } from './authority.js';
import type { Case } from './case.js';
import { commitOf, type Order, readOrder, targetConfig } from './order.js';
import { showPlan } from './plan.js';
import { Progress } from './progress.js';
import { shareWarnings } from './warnings.js';

/** Short, so that a deploy that was killed is soon known to have ended; it is renewed while the deploy goes on. */
const CLAIM_SECONDS = 120;

export const deploy: Verb = {
  arguments: [['<target>', 'a name under "deploy" in coord.config.json on the main branch, such as prod']],
  options: [
    ['--dry-run', 'show each step, what it finds, and all that would block; runs and records nothing'],
    ['--check-gates', 'with --dry-run: also run the programs of gates'],
    ['--wait [duration]', 'wait for another deploy of the target to end, first come first served'],
    ['--retry', 'go on although the deploy before ended without a word'],
    ['--rollback-to <commit>', 'the open way back: HEAD is at this commit, which ran there before'],
    ['--reason <text>', 'why it is rolled back; goes on the record'],
    ['--ttl <duration>', 'time to live of the claim (2m); it is renewed while the deploy goes on'],
    ['--json-stream', 'one JSON line a step on standard output; the last line is what --json prints'],
  ],
  examples: [
    ['coord deploy prod -- npm run deploy', 'gates, claim, sync-check, the program, a look at what runs, the record'],
    ['coord deploy prod --dry-run', 'what would block it'],
    ['coord deploy prod --rollback-to 1f3c2a9 --reason "login is broken" -- npm run deploy', 'back to what ran before'],
  ],
  notes: [
    'The program finds COORD_TARGET, COORD_COMMIT, COORD_TOKEN and COORD_DEPLOY in its environment. It is stopped when',
    'the claim is lost: exit 4. Its own exit code is passed on. What it was started with goes on the record, so put',
    'secrets into its environment. Exit 6: a gate is closed. Exit 5: not current, or it would take back what runs now.',
  ],
  async run(context, input) {
    const order = readOrder(input);
    context.identity();
    const here = await context.config();
    const waitSeconds = readWait(input, here);
    const ttlSeconds = readClaimTtl(input, here, order.target);
    const authority = await readAuthority(context);
    if (authority instanceof CoordError) return cannotBegin(context, order, authority);
    const config = targetConfig(authority, order.target);
    // Before anything is run: where to look at the end must be an address that can be asked.
    if (config.verify) addressOf(config.verify.url);
    const commit = await commitOf(context, order);
    if (commit === null) throw new CoordError('fault', 'HEAD has no commit, and was in sync');
    const one: Case = { context, order, authority, config, commit };
    const { commit: head } = await context.head();
    // Before the gates: their programs judge what lies in the worktree.
    if (order.back !== null && head !== commit && !order.dryRun)
      return cannotBegin(context, order, notAtRollback(head ?? '', commit));
    if (order.dryRun) return showPlan(one);
    const progress = new Progress(context, input.flag('jsonStream'));
    const outcome = await deployOnce(one, progress, { waitSeconds, ttlSeconds });
    if (outcome instanceof CoordError) return outcome;
    return { ...outcome, warnings: [...(outcome.warnings ?? []), ...shareWarnings(one)] };
  },
};

function readClaimTtl(input: Input, config: Config, target: string): number {
  const asked = input.text('ttl');
  if (asked !== undefined) return readTtl(asked, config);
  const name = deployTarget(target).text;
  const resource = Object.hasOwn(config.resources, name) ? config.resources[name]?.ttlSeconds : null;
  return Math.min(resource ?? CLAIM_SECONDS, config.ttl.maxSeconds);
}

/** The main branch cannot be known, so neither can its gates: on the record where the target is known at least here. */
async function cannotBegin(context: Context, order: Order, error: CoordError): Promise<CoordError> {
  const { deploy: known } = await context.config();
  const { commit } = await context.head();
  if (order.dryRun || commit === null || !Object.hasOwn(known, order.target)) return error;
  const { target, action, command, reason } = order;
  const rollback = reason === null ? null : { reason };
  const facts = { target, action, command, commit, rollback, rules: null, gates: [], startedAt: context.now() };
  const attempt: NewDeployment = facts;
  return blocked({ context }, await context.store(), attempt, 'sync', error);
}
