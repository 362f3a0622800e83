import type { ErrorCode } from '../../errors.js';
import { orchestratorsOf } from '../agents/agents.js';
import { clockDispute, disputeText, isLive } from '../claims/leases.js';
import { matches } from '../ground/index.js';
import { patternTarget } from '../ground/patterns.js';
import { isOnceTarget } from '../ground/targets.js';
import type { Claim, State } from '../model.js';
import type { Policy } from '../request.js';
import { CONFIG_FILE } from '../state-ref.js';
import { coord } from '../suggestion.js';
import { oneLine, plural } from '../text.js';
import { formatDuration, type Instant, secondsBetween } from '../time.js';

/** `high`: coord does not work; `medium`: it protects less than it seems to; `low`: worth knowing. */
export type Severity = 'high' | 'medium' | 'low';

/** What one look at the set-up found. */
export interface Finding {
  /** One word, for scripts. */
  readonly id: string;
  readonly ok: boolean;
  /** How much it matters when it is not well. */
  readonly severity: Severity;
  readonly message: string;
  /** The next thing to do; null: nothing. */
  readonly next: string | null;
  /** The exit code's name, where it is not well and of severity high. */
  readonly code?: ErrorCode;
}

/** A waiter that still stands in the queue after so many seconds has something the matter, or its holder has. */
const LONG_WAIT_SECONDS = 3600;

/** What the state itself tells: clocks that disagree, waiters that are stuck, agents that were stopped. */
export function stateFindings(state: State, policy: Policy, now: Instant): Finding[] {
  return [clockFinding(state, policy, now), waitersFinding(state, now), killedFinding(state)];
}

function clockFinding(state: State, policy: Policy, now: Instant): Finding {
  const dispute = clockDispute(state, policy, now, null);
  const base = { id: 'clock', severity: 'medium' } as const;
  if (dispute === null)
    return { ...base, ok: true, message: 'this clock agrees with the stamps of the claims', next: null };
  return {
    ...base,
    ok: false,
    message: disputeText(dispute, now),
    next: 'set the clock of the host that is wrong (timedatectl, or your system’s settings)',
  };
}

function waitersFinding({ waiters }: State, now: Instant): Finding {
  const stuck = waiters.filter(
    ({ expiresAt, since, suspected }) =>
      suspected || expiresAt <= now || secondsBetween(since, now) > LONG_WAIT_SECONDS,
  );
  const base = { id: 'waiters', severity: 'low' } as const;
  if (stuck.length === 0)
    return { ...base, ok: true, message: `${plural(waiters.length, 'waiter')}, none stuck`, next: null };
  const who = stuck.map(({ agent, targets, since, suspected, expiresAt }) => {
    const ground = targets.map(({ text }) => oneLine(text)).join(' ');
    const alert =
      expiresAt <= now
        ? 'its process asks no more'
        : suspected
          ? 'deadlock suspected: both sides are told by their next command'
          : 'nobody is alerted yet';
    return `${agent} for ${ground} since ${formatDuration(secondsBetween(since, now))} (${alert})`;
  });
  return {
    ...base,
    ok: false,
    message: `stuck: ${who.join(', ')}`,
    next: `${coord('status')}; an expired one is removed by the next write`,
  };
}

function killedFinding({ agents }: State): Finding {
  const stopped = agents.filter(({ killed }) => killed !== null);
  const killed = stopped.map(({ id, killed: kill }) => `${id} (by ${kill?.by}: ${oneLine(kill?.reason ?? '')})`);
  const base = { id: 'agents', severity: 'low' } as const;
  if (killed.length === 0)
    return { ...base, ok: true, message: `${plural(agents.length, 'agent')}, none stopped`, next: null };
  return {
    ...base,
    ok: false,
    message: `stopped: ${killed.join(', ')}`,
    next: `when it may go on: ${coord(`agent revive ${stopped[0]?.id}`)}`,
  };
}

const SEVERITIES: readonly Severity[] = ['high', 'medium', 'low'];

/** The worst thing that is not right, of those that matter at least so much; null: nothing of them is. */
export function worst(findings: readonly Finding[], least: Severity = 'high'): Finding | null {
  const wrong = findings.filter(({ ok }) => !ok);
  const counted = SEVERITIES.slice(0, SEVERITIES.indexOf(least) + 1);
  return counted.flatMap((one) => wrong.filter(({ severity }) => severity === one))[0] ?? null;
}

/** The findings in numbers. */
export interface Posture {
  readonly checks: number;
  readonly high: number;
  readonly medium: number;
  readonly low: number;
  /** null: all is well. */
  readonly highest: Severity | null;
}

export function postureOf(findings: readonly Finding[]): Posture {
  const of = (wanted: Severity) => findings.filter(({ ok, severity }) => !ok && severity === wanted).length;
  const highest = worst(findings, 'low')?.severity ?? null;
  return { checks: findings.length, high: of('high'), medium: of('medium'), low: of('low'), highest };
}

/** What of the configuration can be set to something that protects less than it seems to; durations in seconds. */
export interface Settings {
  readonly ttl: { readonly defaultSeconds: number; readonly maxSeconds: number };
  readonly skewSeconds: number;
  readonly waitSeconds: number;
  readonly takeover: 'clock' | 'observed';
  readonly lockOrder: 'detect' | 'strict';
  readonly surface: readonly string[];
  readonly resources: Readonly<Record<string, { readonly ttlSeconds: number | null }>>;
  readonly deploy: Readonly<Record<string, unknown>>;
  readonly requireSession: boolean;
}

/** A model thinks for a minute or two between commands, and only commands renew. */
const SHORT_TTL_SECONDS = 300;
/** So long nobody else gets the ground of a holder that has gone. */
const LONG_TTL_SECONDS = 2 * 3600;
/** Agents' tools stop a command after 10 minutes. */
const LONG_CLAIM_SECONDS = 600;

/** What the settings themselves tell, with the claims that are held under them. */
export function settingFindings(settings: Settings, state: State, now: Instant): Finding[] {
  return [
    surfaceFinding(settings),
    ttlFinding(settings),
    orderFinding(settings),
    resourcesFinding(settings, state.claims, now),
    sessionFinding(settings),
    killSwitchFinding(state),
  ];
}

function surfaceFinding({ surface }: Settings): Finding {
  const base = { id: 'surface', severity: 'medium' } as const;
  if (surface.length === 0) {
    return {
      ...base,
      ok: false,
      message: 'empty: no path needs a claim',
      next: `"surface": ["src/**"] in ${CONFIG_FILE}`,
    };
  }
  const listed = surface.map(oneLine).join(' ');
  if (surface.some((pattern) => matches(patternTarget(pattern), CONFIG_FILE))) return pass(base, listed);
  const message = `${listed}; ${CONFIG_FILE} is not on it, so anybody may change what is`;
  return { ...base, ok: false, message, next: `add "${CONFIG_FILE}" to "surface"` };
}

function ttlFinding({ ttl, skewSeconds, waitSeconds, resources }: Settings): Finding {
  const base = { id: 'ttl', severity: 'low' } as const;
  const { defaultSeconds, maxSeconds } = ttl;
  const longer = Object.entries(resources).filter(([, { ttlSeconds }]) => (ttlSeconds ?? 0) > maxSeconds);
  const wrong = [
    defaultSeconds < SHORT_TTL_SECONDS
      ? `ttl.default ${formatDuration(defaultSeconds)}: an agent that thinks longer than that loses its claims`
      : '',
    defaultSeconds > LONG_TTL_SECONDS
      ? `ttl.default ${formatDuration(defaultSeconds)}: a holder that has gone blocks the others for that long`
      : '',
    skewSeconds >= defaultSeconds ? 'skewTolerance is as long as ttl.default' : '',
    waitSeconds > LONG_CLAIM_SECONDS ? `wait.max ${formatDuration(waitSeconds)}: agents' tools stop it before` : '',
    ...longer.map(([name]) => `resources.${oneLine(name)}.ttl is longer than ttl.max`),
  ].filter((problem) => problem !== '');
  if (wrong.length > 0) return { ...base, ok: false, message: wrong.join('\n'), next: `set them in ${CONFIG_FILE}` };
  return pass(base, `${formatDuration(defaultSeconds)}, at most ${formatDuration(maxSeconds)}`);
}

function orderFinding({ lockOrder, takeover }: Settings): Finding {
  const order =
    lockOrder === 'strict' ? 'targets are claimed in ascending order' : 'a wait that would close a cycle is refused';
  const over =
    takeover === 'observed' ? 'taken over only once this clone has seen it lapse' : 'taken over by the clock';
  return pass({ id: 'order', severity: 'low' }, `${order}; what expired is ${over}`);
}

/** Deploy targets, and resources that are held, should stand in the configuration: a name mistyped guards nothing. */
function resourcesFinding({ resources, deploy }: Settings, claims: readonly Claim[], now: Instant): Finding {
  const base = { id: 'resources', severity: 'low' } as const;
  const names = Object.keys(resources);
  const isMapped = (name: string) => names.some((known) => matches({ kind: 'resource', text: known }, name));
  const targets = Object.keys(deploy).map((name) => `@deploy/${name}`);
  const held = claims.filter((claim) => claim.kind === 'resource' && isLive(claim, now));
  const isMeant = (claim: Claim) => !isOnceTarget({ kind: claim.kind, text: claim.target });
  const wanted = [...targets, ...held.filter(isMeant).map(({ target }) => target)];
  const unmapped = [...new Set(wanted)].filter((name) => !isMapped(name));
  if (unmapped.length === 0) {
    const holders = (name: string) =>
      held.filter(({ target }) => matches({ kind: 'resource', text: name }, target)).map(({ agent }) => agent);
    const listed = names.map((name) => {
      const who = [...new Set(holders(name))];
      return who.length === 0 ? oneLine(name) : `${oneLine(name)} (held by ${who.join(', ')})`;
    });
    return pass(base, names.length === 0 ? 'none is named' : `${names.length} named: ${listed.join(', ')}`);
  }
  const message = `in use, and not named in the configuration: ${unmapped.map(oneLine).join(' ')}`;
  const next = `"resources": {${unmapped.map((name) => `${JSON.stringify(name)}: {}`).join(', ')}} in ${CONFIG_FILE}, if they are meant`;
  return { ...base, ok: false, message, next };
}

function sessionFinding({ requireSession }: Settings): Finding {
  const base = { id: 'sessions', severity: 'low' } as const;
  if (requireSession) return pass(base, 'a claim needs a session that has read the current rules');
  const message = 'a claim needs no session, so an agent may never have read the rules';
  return { ...base, ok: false, message, next: `"requireSession": true in ${CONFIG_FILE}, on the main branch` };
}

function killSwitchFinding(state: State): Finding {
  const base = { id: 'kill-switch', severity: 'low' } as const;
  const able = orchestratorsOf(state);
  if (able.length > 0) return pass(base, `${able.join(', ')}, and a person at a terminal, may stop an agent`);
  const message = 'no orchestrator is known: only a person at a terminal may stop an agent';
  return {
    ...base,
    ok: false,
    message,
    next: `whoever leads runs ${coord('session start --role orchestrator')}`,
  };
}

function pass(base: Pick<Finding, 'id' | 'severity'>, message: string): Finding {
  return { ...base, ok: true, message, next: null };
}

/**
 * Where a change that nobody claimed can be stopped, or found:
 * - `claims`: agents that ask are refused
 * - `harness`: the agent's own program asks before an edit
 * - `hooks`: git asks before a commit and a push
 * - `ci`: an audit finds what went round the others
 */
export type LayerId = 'claims' | 'harness' | 'hooks' | 'ci';

export interface Layer {
  readonly layer: LayerId;
  readonly live: boolean;
  readonly why: string;
}

/** What the set-up as a whole can and cannot do to one that does not ask. */
export interface Enforcement {
  /** `guarded`: commits are stopped, and edits too or else an audit finds the rest; `advisory`: anything less. */
  readonly level: 'guarded' | 'advisory';
  readonly why: string;
  readonly layers: readonly Layer[];
  /** The layers that are not live. */
  readonly missing: readonly LayerId[];
}

/** @param surface whether any file needs a claim: without one, the guards have nothing to guard */
export function enforcementOf(layers: readonly Layer[], surface: boolean): Enforcement {
  const live = (id: LayerId) => layers.some(({ layer, live: is }) => layer === id && is);
  const missing = layers.filter((one) => !one.live).map(({ layer }) => layer);
  const second = live('harness') || live('ci');
  const guarded = surface && live('hooks') && second;
  return { level: guarded ? 'guarded' : 'advisory', why: whyOf(live, surface), layers, missing };
}

function whyOf(live: (id: LayerId) => boolean, surface: boolean): string {
  if (!surface) return 'no file here needs a claim, so there is nothing to guard';
  if (!live('hooks')) {
    if (live('ci')) return 'an audit in CI finds what nobody claimed, and nothing stops it before';
    return 'agents that ask coord are held to it, and nothing stops one that does not';
  }
  if (live('ci')) return 'git stops what nobody claimed, and an audit in CI finds what bypassed it';
  if (live('harness')) return 'edits and commits that nobody claimed are stopped; nothing finds what bypasses both';
  return 'git stops commits and pushes that nobody claimed, and nothing finds what bypasses it';
}

/** One way to change ground that another holds, as it was tried. */
export interface Attempt {
  readonly id: 'rush' | 'claim' | 'edit' | 'commit' | 'no-verify' | 'plumbing' | 'push' | 'push-no-verify' | 'audit';
  /** What was run. */
  readonly what: string;
  /** The layer that is there to stop it, or to find it; null: no layer on this machine can. */
  readonly layer: LayerId | null;
  /** `stopped`, `found` (afterwards), `not-stopped`, or `not-tried` because the layer is not there. */
  readonly outcome: 'stopped' | 'found' | 'not-stopped' | 'not-tried';
  /** What stopped or found it, such as `pre-commit`. */
  readonly by: string | null;
  readonly why: string;
}

/** A conflict that was planted, and what became of each attempt. */
export interface Proof {
  readonly path: string;
  readonly holder: string;
  readonly intruder: string;
  readonly attempts: readonly Attempt[];
}

/** The layers that are said to be live and let an attempt pass that is theirs to stop. */
export function brokenLayers({ attempts }: Proof, live: readonly LayerId[]): LayerId[] {
  const passed = attempts.filter(({ outcome }) => outcome === 'not-stopped').flatMap(({ layer }) => layer ?? []);
  return live.filter((layer) => passed.includes(layer));
}
