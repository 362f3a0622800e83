import type { Claim } from '../../domain/model.js';
import { commandLine, coord, form } from '../../domain/suggestion.js';
import { oneLine } from '../../domain/text.js';
import { CoordError, programFailed, usage } from '../../errors.js';
import { refusalError } from '../../render/refusals.js';
import type { GitStore } from '../../store/swap/git-store.js';
import type { Context } from '../../workspace/context.js';
import { runChild } from '../child.js';
import { readTargets, readWait, TARGET_OPTIONS } from '../input.js';
import type { Verb } from '../verb.js';
import { claimOrWait } from './claim.js';
import { CLAIM_OPTIONS, claimRequest } from './claim-request.js';
import { Keeper } from './keeper.js';
import { releaseClaims, unfinishedClaims } from './release.js';

export const run: Verb = {
  arguments: [['<target...>', 'what to hold while the program runs']],
  options: [
    ...CLAIM_OPTIONS,
    ['--wait [duration]', 'wait your turn, first come, first served'],
    ['--uncommitted', 'even with uncommitted changes; this is recorded'],
    ...TARGET_OPTIONS,
  ],
  examples: [
    ['coord run db/migrations -- npm run migrate', 'claim, run, release; its exit code is passed on'],
    ['coord run @ci/port-8080 --wait=5m -- npm test', 'wait for a resource first'],
  ],
  notes: [
    'The program is stopped (SIGTERM, then SIGKILL) when the claim is lost: exit 4. It finds its fencing token in',
    'COORD_TOKEN, and TARGET=TOKEN lines of all claims in COORD_TOKENS.',
  ],
  answers: { exit: ['number', 'of the program'], claims: 'Claim[]', kept: ['text[]', 'targets that stay held'] },
  async run(context, input) {
    const command = input.command;
    if (command.length === 0)
      throw usage('no program to run', `${form('run TARGET -- PROGRAM ARGUMENTS')}; examples: ${coord('help run')}`);
    const targets = await readTargets(context, input, input.list(0));
    const seconds = readWait(input, await context.config());
    const store = await context.store();
    const request = await claimRequest(context, input, store, targets);
    const held = new Set((await store.read()).state.claims.map(({ id }) => id));
    const claims = await claimOrWait(context, store, request, seconds, {
      verb: 'run',
      tail: ` -- ${commandLine(command)}`,
    });
    if (claims instanceof CoordError) return claims;
    // What the agent held before is not the run's to give away.
    const taken = claims.filter(({ id }) => !held.has(id));
    const ended = await runUnderClaims(context, store, claims, command).catch(async (error: unknown) => {
      await giveBack(context, store, taken, true);
      throw error;
    });
    const { exit } = ended;
    if (ended.unknown && taken.length === 0) return ended.unknown;
    const given =
      ended.lost === null ? await giveBack(context, store, taken, input.flag('uncommitted')) : NOTHING_GIVEN;
    const { kept } = given;
    const lost = ended.lost ?? given.lost;
    if (lost !== null) {
      const program = oneLine(command[0] ?? '');
      const what = ended.stopped ? `${program} was stopped` : `${program} had ended with exit ${exit} by then`;
      return new CoordError('lost', `${oneLine(lost)}; ${what}`, {
        hint: `see who holds it: ${coord('status')}; then look at what the program had done`,
        details: { reason: 'lost', exit, claims },
      });
    }
    return {
      data: { exit, claims, kept: kept.map((claim) => claim.target) },
      text: () => [],
      ...(exit === 0 ? {} : { failure: programFailed(exit, 'look at what it wrote', { exit }) }),
      warnings: [
        ...kept.map(
          (claim) =>
            `${oneLine(claim.target)} has uncommitted changes, so it stays yours: commit, then ${coord('release')}`,
        ),
        ...given.warnings,
      ],
    };
  },
};

interface Ran {
  readonly exit: number;
  /** Why one of the claims was lost by the time it ended; null: none is known to be. */
  readonly lost: string | null;
  /** Whether it was stopped for that. */
  readonly stopped: boolean;
  /** Why that could not be looked for at the end; null: it was. */
  readonly unknown: CoordError | null;
}

/**
 * Runs the program while the claims are kept alive, and says whether it was under them all the time.
 * @throws CoordError `usage` when there is no such program; the claims are held still.
 */
export async function runUnderClaims(
  context: Context,
  store: GitStore,
  claims: readonly Claim[],
  command: readonly string[],
  onOutput?: (chunk: Buffer) => void,
): Promise<Ran> {
  const keeper = new Keeper(context, store, claims);
  const stopping = new AbortController();
  const watching = keeper.watch().finally(() => stopping.abort());
  // Looked at only after the program; until then it is no unhandled rejection.
  watching.catch(() => undefined);
  const options = { command, env: claimEnvironment(claims), stop: stopping.signal };
  let stopped = false;
  const exit = await runChild(context, { ...options, ...(onOutput ? { onOutput } : {}) }).finally(() => {
    stopped = stopping.signal.aborted;
    keeper.end();
  });
  const lost = await watching;
  if (lost !== null) return { exit, lost, stopped, unknown: null };
  try {
    return { exit, lost: await keeper.look(), stopped, unknown: null };
  } catch (error) {
    if (!(error instanceof CoordError)) throw error;
    return { exit, lost: null, stopped, unknown: error };
  }
}

function claimEnvironment(claims: readonly Claim[]): Record<string, string> {
  const [first] = claims;
  return {
    COORD_TOKEN: String(Math.max(...claims.map(({ token }) => token))),
    COORD_TOKENS: claims.map(({ target, token }) => `${target}=${token}`).join('\n'),
    COORD_AGENT: first?.agent ?? '',
    ...(first?.session ? { COORD_SESSION: first.session } : {}),
  };
}

interface Given {
  /** What stays claimed: it has changes that no commit holds. */
  readonly kept: readonly Claim[];
  /** Why there was nothing to give back any more; null: there was. */
  readonly lost: string | null;
  readonly warnings: readonly string[];
}

const NOTHING_GIVEN: Given = { kept: [], lost: null, warnings: [] };

/** Releases at the HEAD of now. */
async function giveBack(
  context: Context,
  store: GitStore,
  claims: readonly Claim[],
  uncommitted: boolean,
): Promise<Given> {
  context.lookAgain();
  const unfinished = await unfinishedClaims(context, claims);
  const kept = uncommitted ? [] : unfinished;
  const released = claims.filter((claim) => !kept.includes(claim));
  if (released.length === 0) return { ...NOTHING_GIVEN, kept };
  const { commit } = await context.head();
  const given = await releaseClaims(context, store, released, commit, uncommitted && unfinished.length > 0);
  if (given.ok) return { kept, lost: null, warnings: given.warnings };
  const lost = given.refusal.code === 'lost' || given.refusal.code === 'closed';
  return { kept, lost: lost ? refusalError(given.refusal, context.now()).message : null, warnings: [] };
}
