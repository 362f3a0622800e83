import { realpathSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { agentIn, environmentOf } from '../commands/guard/actor.js';
import { factsOf, groundOfPaths } from '../commands/guard/judge.js';
import type { Outcome } from '../commands/verb.js';
import { policyFor } from '../config/config.js';
import { findAgent } from '../domain/agents/agents.js';
import { sameSession } from '../domain/agents/ownership.js';
import { claimsBy } from '../domain/claims/leases.js';
import { claimsToKeepAlive } from '../domain/claims/release.js';
import { judgeChange } from '../domain/guard/judge.js';
import { inboxOf } from '../domain/log/notes.js';
import { anyDue } from '../domain/riders.js';
import { asTyped } from '../domain/suggestion.js';
import { instantOf } from '../domain/time.js';
import { textOf } from '../git/if-there.js';
import { canonicalPath } from '../git/paths.js';
import { type Environment, gitAlone } from '../git/run.js';
import { readStaged } from '../git/staged.js';
import { dialectOf, HARNESSES } from '../guards/harness/dialects.js';
import { parsePayload } from '../guards/harness/payload.js';
import { newsOf } from '../render/notices.js';
import { MOST_CLAIMS, statusAnswer } from '../render/status.js';
import { readTip } from '../store/cache/known-tip.js';
import { remoteContact } from '../store/cache/observations.js';
import { knownHere } from '../store/swap/state-messages.js';
import { mayCollide } from '../workspace/collisions.js';
import { type Host, inputAtOnce, processHost } from '../workspace/host.js';
import { type Identity, identityIfKnown, resolveIdentity } from '../workspace/identity.js';
import { lostMark } from '../workspace/riding.js';
import { standingAt } from '../workspace/standing.js';
import { recordedIn } from '../workspace/workspace.js';
import { type Known, Leaving, mustHaveNoAsides } from './leaving.js';
import { report } from './report.js';

/*
 * The everyday lines, answered from what the command before left behind (`workspace/standing.ts`,
 * `store/cache/known-tip.ts`): nothing is read twice, no configuration is parsed and no object opened. What is decided is
 * decided by the very functions of the whole way. Whatever is not as it mostly is leaves the lane before anything is written.
 */

/** The whole way has to be gone. @property input what of standard input was read already */
export interface Left {
  readonly why: string;
  readonly input: readonly Buffer[];
}

declare const __COORD_VERSION__: string;

/** Answers the command line of this process, if it is an everyday one; resolves once it is answered. */
export function runLane(packageRoot: string): Promise<Left | number> {
  return answerInLane(processHost(packageRoot), () => inputAtOnce(0, MOST_INPUT_BYTES));
}

/** @param input what stands on standard input */
export async function answerInLane(host: Host, input: () => ReturnType<typeof inputAtOnce>): Promise<Left | number> {
  try {
    const [verb, second, ...rest] = host.argv;
    if (verb === '--version' && second === undefined) {
      host.stdout.write(`${__COORD_VERSION__}\n`);
      return 0;
    }
    if (host.env.FORCE_COLOR || host.stdout.isTTY || host.stderr.isTTY) throw new Leaving('terminal');
    if (verb === 'status') return await status(host, host.argv.slice(1));
    if (verb === 'claim') {
      const facts = known(host);
      if (facts.config.share) throw new Leaving('remote');
      const { plainClaim } = await import('./claim-lane.js');
      return await plainClaim(host, facts);
    }
    if (verb === 'guard' && second === 'hook') return editHook(host, rest, input);
    if (verb === 'guard' && second === 'run') return await commitGuard(host, rest);
    throw new Leaving('verb');
  } catch (error) {
    if (error instanceof Leaving) return { why: error.why, input: error.input };
    return { why: `fault: ${(error as Error).message}`, input: [] };
  }
}

/** @throws Leaving where something is not known for certain */
function known(host: Host, directory = host.cwd): Known {
  const standing = standingAt(directory, host.env);
  if (standing === null) throw new Leaving('standing');
  const { config, repository } = standing;
  const { commonDir } = repository;
  if (config.takeover === 'observed') throw new Leaving('observed');
  if (config.store !== null) throw new Leaving('etcd');
  const tip = textOf(join(commonDir, config.ref));
  if (!/^[0-9a-f]{40}\n$/.test(tip)) throw new Leaving('ref');
  if (!config.share && textOf(join(commonDir, knownHere(config.ref))) !== tip) throw new Leaving('memory of the ref');
  const snapshot = readTip(repository, config.ref, tip.slice(0, 40));
  if (snapshot === null) throw new Leaving('tip');
  const localDirectory = join(commonDir, 'coord');
  return { ...standing, snapshot, state: snapshot.state, localDirectory, now: () => instantOf(host.now()) };
}

async function status(host: Host, words: readonly string[]): Promise<number> {
  const json = words.includes('--json');
  const fetches = !words.includes('--no-fetch');
  if (words.some((word) => word !== '--json' && word !== '--no-fetch')) throw new Leaving('options');
  const facts = known(host);
  const { config, repository, snapshot, state, localDirectory } = facts;
  if (config.share && fetches) throw new Leaving('remote');
  const identity = identityIfKnown(undefined, host.env, recordedIn(repository));
  mustHaveNoNews(facts, identity);
  if (identity !== null && snapshot.files.has('log')) throw new Leaving('log');
  const agent = identity?.agent ?? null;
  const reach = config.share ? 'remote' : 'clone';
  const outcome = statusAnswer(state, {
    ...{ agent, mine: false, targets: [], reach, now: facts.now() },
    policy: policyFor(config, agent ?? '', repository.foldsCase),
    tasks: state.tasks.tasks.length === 0 ? null : facts.guarding.tasks,
    log: state.notes,
    notes: agent === null ? [] : inboxOf(state.notes, agent).filter(({ open }) => open),
    askedAt: config.share ? remoteContact(localDirectory, config.remote, config.ref).read() : null,
    most: MOST_CLAIMS,
    staleOf: config.share ? config.remote : null,
  });
  return tell(host, 'status', json, repository.root, outcome);
}

/** The whole way tells after each command what an agent has to know, and renews what is due. */
function mustHaveNoNews(facts: Known, identity: Identity | null): void {
  const { state, config, repository, localDirectory } = facts;
  const now = facts.now();
  const { riders } = facts.snapshot;
  if (riders.some(({ asked }) => asked) || anyDue(riders, now)) throw new Leaving('riders');
  const isTold = mustHaveNoAsides(facts, identity);
  if (identity === null) return;
  if (claimsToKeepAlive(state, identity, now).length > 0) throw new Leaving('renewal');
  const agent = findAgent(state, identity.agent);
  const loaded = agent && agent.session !== null && sameSession(agent, identity) ? agent.rules : null;
  if (loaded !== null && loaded !== facts.rules) throw new Leaving('rules');
  if (mayCollide({ localDirectory, now: () => now }, repository.root)) throw new Leaving('collision');
  if (config.share && claimsBy(state, identity.agent).some(({ reach }) => reach === 'clone')) {
    throw new Leaving('offline');
  }
  const policy = policyFor(config, identity.agent, repository.foldsCase);
  const { marks, lines } = newsOf(state, { identity, policy, now, isTold });
  if (marks.length > 0 || lines.length > 0) throw new Leaving('notice');
}

/** Git runs hooks and aliases at the root, and says where it was called from. */
function tell(host: Host, command: string, json: boolean, root: string, outcome: Outcome): Promise<number> {
  const atRoot = (host.env.GIT_PREFIX ?? '') === '' && host.cwd === root;
  const typed = (text: string) => asTyped(text, { atRoot, agent: undefined });
  return report(host, command, { json, typed }, outcome, []);
}

/** More than an edit mostly sends is left to the whole way. */
const MOST_INPUT_BYTES = 4 * 1024 * 1024;

/** An edit of one file that this agent may make: nothing is said. */
function editHook(host: Host, [name, ...more]: readonly string[], input: () => ReturnType<typeof inputAtOnce>): number {
  const harness = HARNESSES.find((one) => one === name);
  if (harness === undefined || more.length > 0) throw new Leaving('options');
  const { chunks, isWhole } = input();
  try {
    const payload = isWhole ? parsePayload(Buffer.concat(chunks).toString('utf8')) : null;
    if (payload === null) throw new Leaving('input');
    const { ask, session, directory } = dialectOf(harness).read(payload);
    if (ask.kind === 'nothing') return 0;
    const [path] = ask.kind === 'edit' && !ask.done && ask.paths.length === 1 ? ask.paths : [];
    if (path === undefined) throw new Leaving('event');
    const at = directory ?? host.cwd;
    if (!isAbsolute(path) || /hook|husky/.test(path) || realpathSync(at) !== at) throw new Leaving('path');
    const facts = known(host, at);
    const { root } = facts.repository;
    const recorded = recordedIn(facts.repository);
    const agent = agentIn(host.env, harness, session, recorded.agentOf);
    const env: Environment = environmentOf(host.env, { agent, session });
    if (agent !== null && lostMark(facts, agent).read() !== null) throw new Leaving('notice');
    const target = canonicalPath(root, '/', path);
    if (target.isDirectory || join(root, target.path) !== path) throw new Leaving('path');
    mustBeAllowed(facts, () => resolveIdentity(undefined, env, recorded), [target.path], true);
    return 0;
  } catch (error) {
    throw new Leaving(error instanceof Leaving ? error.why : 'fault', chunks);
  }
}

/** A commit that this agent may make: nothing is said. */
async function commitGuard(host: Host, [hook, ...more]: readonly string[]): Promise<number> {
  if ((hook !== 'pre-commit' && hook !== 'prepare-commit-msg') || more.some((word) => word.startsWith('-')))
    throw new Leaving('options');
  const facts = known(host);
  const { repository } = facts;
  // What this clone claimed by itself is put to the remote first.
  if (facts.snapshot.riders.length > 0) throw new Leaving('riders');
  const staged = await readStaged(repository, gitAlone(repository, host.env), host.env, host.cwd);
  mustBeAllowed(facts, () => resolveIdentity(undefined, host.env, recordedIn(repository)), staged.paths, false);
  return 0;
}

function mustBeAllowed(
  { guarding, state, repository, localDirectory, now }: Known,
  identity: () => Identity,
  paths: readonly string[],
  isEdit: boolean,
): void {
  const { foldsCase, root } = repository;
  const asked = { ground: groundOfPaths(paths), kind: 'change' as const, mayClaim: false, foldsCase, identity };
  const verdict = judgeChange(factsOf(guarding, state, asked), now());
  if (verdict.kind !== 'allowed') throw new Leaving(verdict.kind);
  if (!isEdit) return;
  if (verdict.due.length > 0) throw new Leaving('renewal');
  if (mayCollide({ localDirectory, now }, root)) throw new Leaving('collision');
}

export { endProcess } from '../workspace/host.js';
