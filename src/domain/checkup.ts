import type { ErrorCode } from '../errors.js';
import { stampAhead } from './leases.js';
import type { State } from './model.js';
import type { Policy } from './policy.js';
import { oneLine, plural } from './text.js';
import { formatDuration, type Instant, secondsBetween } from './time.js';

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
  const ahead = stampAhead(state, policy, now);
  const base = { id: 'clock', severity: 'medium' } as const;
  if (ahead === null)
    return { ...base, ok: true, message: 'this clock agrees with the stamps of the claims', next: null };
  const behind = formatDuration(secondsBetween(now, ahead));
  return {
    ...base,
    ok: false,
    message: `this clock is behind the newest stamp by ${behind}: it may take nothing over`,
    next: 'set the clock of the host that is wrong (timedatectl, or your system’s settings)',
  };
}

function waitersFinding({ waiters }: State, now: Instant): Finding {
  const stuck = waiters.filter(
    ({ expiresAt, since }) => expiresAt <= now || secondsBetween(since, now) > LONG_WAIT_SECONDS,
  );
  const base = { id: 'waiters', severity: 'low' } as const;
  if (stuck.length === 0)
    return { ...base, ok: true, message: `${plural(waiters.length, 'waiter')}, none stuck`, next: null };
  const who = stuck.map(({ agent, targets, since }) => {
    const ground = targets.map(({ text }) => oneLine(text)).join(' ');
    return `${agent} for ${ground} since ${formatDuration(secondsBetween(since, now))}`;
  });
  return {
    ...base,
    ok: false,
    message: `stuck: ${who.join(', ')}`,
    next: 'coord status; one that is gone is swept by the next write',
  };
}

function killedFinding({ agents }: State): Finding {
  const killed = agents.flatMap(({ id, killed: kill }) =>
    kill ? [`${id} (by ${kill.by}: ${oneLine(kill.reason)})`] : [],
  );
  const base = { id: 'agents', severity: 'low' } as const;
  if (killed.length === 0)
    return { ...base, ok: true, message: `${plural(agents.length, 'agent')}, none stopped`, next: null };
  return {
    ...base,
    ok: false,
    message: `stopped: ${killed.join(', ')}`,
    next: 'coord agent revive ID, when it may go on',
  };
}

/** The gravest thing that is not well: what the exit code says. Null when nothing of severity high is. */
export function gravest(findings: readonly Finding[]): Finding | null {
  return findings.find(({ ok, severity }) => !ok && severity === 'high') ?? null;
}
