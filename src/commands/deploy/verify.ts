import { setTimeout as delay } from 'node:timers/promises';
import type { VerifyConfig } from '../../config/deploys.js';
import { type Deployments, liveOn, mayHaveRun, NO_DEPLOYMENTS } from '../../domain/deploy/records.js';
import { coord, shellWord } from '../../domain/suggestion.js';
import { nearest, oneLine, shorten } from '../../domain/text.js';
import { parseDuration } from '../../domain/time.js';
import { CoordError, usage } from '../../errors.js';
import { namedCommit } from '../../git/refs.js';
import { attemptLine, verificationError, verifiedLine, verifiedWarnings } from '../../render/deploy/records.js';
import { type EndpointEffects, verifyEndpoint } from '../../verify/endpoint.js';
import type { Context } from '../../workspace/context.js';
import { protectedConfig } from '../../workspace/main-branch.js';
import type { Input, Verb } from '../verb.js';
import { knownDeployments } from './list.js';

/**
 * What a look at the live URL of a target needs of the run; each attempt is told where a person sits at the terminal. Once
 * it is `over`, the look has no time left.
 */
export function endpointEffects(context: Context, over?: AbortSignal): EndpointEffects {
  const { host } = context;
  const began = host.monotonic.seconds();
  return {
    now: () => context.now(),
    seconds: () => (over?.aborted ? Number.POSITIVE_INFINITY : host.monotonic.seconds()),
    pause: (ms) => delay(ms, undefined, over ? { signal: over } : {}).catch(() => undefined),
    signalAfter: (ms) => eitherOf(AbortSignal.timeout(ms), over),
    random: () => host.random(),
    tell: (attempt) => {
      if (host.stderr.isTTY === true) host.stderr.write(attemptLine(attempt, host.monotonic.seconds() - began));
    },
  };
}

function eitherOf(one: AbortSignal, other: AbortSignal | undefined): AbortSignal {
  if (other === undefined) return one;
  const both = new AbortController();
  for (const signal of [one, other]) {
    if (signal.aborted) both.abort();
    signal.addEventListener('abort', () => both.abort(), { once: true });
  }
  return both.signal;
}

export const deployVerify: Verb = {
  arguments: [['<target>', 'a name under "deploy" in coord.config.json on the main branch, such as prod']],
  options: [
    ['--commit <commit>', 'the commit; that of the last deploy by default, or HEAD where none is known'],
    ['--timeout <duration>', 'how long to keep trying, in place of the configured timeout; 0s asks once'],
  ],
  examples: [
    ['coord deploy verify prod', 'wait until it shows what was deployed last, or time runs out'],
    ['coord deploy verify prod --commit 1f3c2a9 --timeout 0s', 'whether it shows this commit now'],
  ],
  notes: [
    'It asks deploy.TARGET.verify.url, bypassing all caches. 200 with the old version is a failure. Exit 5: it shows another',
    'version, or none. Exit 7: what it shows cannot be known. It records nothing.',
  ],
  answers: {
    target: 'text',
    commitFrom: 'text',
    deploy: 'text | null',
    ok: 'boolean',
    url: 'text',
    commit: 'commit',
    reason: 'text | null',
    expected: 'text',
    namesCommit: 'boolean',
    seen: 'text | null',
    status: 'number | null',
    attempts: 'number',
    firstAt: 'instant',
    lastAt: 'instant',
    finding: 'text',
    cached: 'object | null',
  },
  async run(context, input) {
    const target = input.argument(0) ?? '';
    const config = await verifyConfig(context, input, target);
    const { warnings, ...expected } = await expectedCommit(context, target, input.text('commit'));
    const seen = await verifyEndpoint(config, expected, endpointEffects(context));
    const { commitFrom, deploy } = expected;
    const data = { target, commitFrom, deploy, ...seen };
    if (!seen.ok) return verificationError(seen, data);
    return {
      data,
      text: (style) => verifiedLine(seen, commitFrom, style),
      warnings: [...warnings, ...verifiedWarnings(seen, target)],
    };
  },
};

/** @throws CoordError `usage` when the target is not known, or nothing says where to look */
async function verifyConfig(context: Context, input: Input, target: string): Promise<VerifyConfig> {
  const { config, from } = await protectedConfig(context);
  const where = from === null ? 'coord.config.json' : `coord.config.json on ${oneLine(from.name)}`;
  const known = Object.keys(config.deploy);
  const found = Object.hasOwn(config.deploy, target) ? config.deploy[target] : undefined;
  if (!found) {
    const meant = nearest(target, known);
    const listed = known.length === 0 ? 'it has none' : `it has ${known.map(oneLine).join(', ')}`;
    const name = JSON.stringify(shorten(target, 80));
    const hint = meant === undefined ? `add it under "deploy" in ${where}` : coord(`deploy verify ${shellWord(meant)}`);
    throw usage(`no such deploy target: ${name} in ${where}; ${listed}`, hint, { target, known });
  }
  if (found.verify === null) {
    const message = `nothing says where to look for ${oneLine(target)}: it has no "verify" in ${where}`;
    throw usage(message, `add "verify": {"url": "https://…"} to it in ${where}; ${coord('help config')}`, { target });
  }
  return { ...found.verify, timeoutSeconds: readTimeout(input) ?? found.verify.timeoutSeconds };
}

function readTimeout(input: Input): number | null {
  const typed = input.text('timeout');
  if (typed === undefined) return null;
  const seconds = parseDuration(typed);
  if (seconds !== null) return seconds;
  throw usage(`not a duration: ${JSON.stringify(shorten(typed, 80))}`, 'use one such as 30s or 2m; 0s asks once');
}

/** The commit that an endpoint must show. */
interface Expected {
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
async function expectedCommit(context: Context, target: string, typed: string | undefined): Promise<Expected> {
  const named = typed === undefined ? null : await namedCommit(context.git, typed);
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
