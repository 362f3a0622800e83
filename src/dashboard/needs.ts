import type { Collision, StatusReport } from '../api/index.js';
import type { OpenNote } from '../domain/log/notes.js';
import { asTyped, coord, targetWord } from '../domain/suggestion.js';
import { named, oneLine, said, shorten } from '../domain/text.js';
import { addSeconds, formatDuration, type Instant, secondsBetween } from '../domain/time.js';
import { nameOfWork, nextStep } from '../workspace/collisions.js';
import type { Attempt, NeedRow } from './picture.js';
import type { Places } from './places.js';

export interface NeedFacts {
  readonly status: StatusReport;
  readonly notes: readonly OpenNote[];
  readonly attempts: readonly Attempt[];
  readonly conflicts: { readonly found: readonly Collision[]; readonly at: Instant | null };
  /** Absolute path of the worktree that looks. */
  readonly root: string;
  /** Who waits for whom. */
  readonly places: Pick<Places, 'waitedFor'>;
}

/** Who waits longer than this is told of, though nothing was promised. */
const LONG_WAIT_SECONDS = 600;
/** A claim that was lost longer ago than this is old news. */
const LOSS_SECONDS = 3_600;
const WIDEST = 100;
const MOST_PATHS = 3;

/**
 * What somebody should look at, the oldest first: what waits for whoever looks (of the status), and what is stuck in the
 * fleet, whoever it is.
 */
export function needsOfFleet(facts: NeedFacts, now: Instant): NeedRow[] {
  const rows = [
    ...facts.status.needs,
    ...waiting(facts, now),
    ...owed(facts),
    ...submitted(facts.status),
    ...lost(facts.status, now),
    ...ended(facts.status, now),
    ...colliding(facts),
    ...deploysThatFailed(facts.attempts),
    ...stopped(facts.status),
    ...clock(facts.status),
  ];
  return rows
    .map(({ kind, what, since, next }) => ({
      ...{ kind, what, since },
      next: asTyped(next, { atRoot: true, agent: undefined }),
    }))
    .sort((a, b) => (a.since < b.since ? -1 : 1));
}

function waiting({ status: { waiters, claims }, places }: NeedFacts, now: Instant): NeedRow[] {
  return waiters
    .filter(({ suspected, since }) => suspected || secondsBetween(since, now) > LONG_WAIT_SECONDS)
    .map(({ id, agent, targets, since, suspected }) => {
      const texts = targets.map(({ text }) => text);
      const ids = places.waitedFor({ id });
      const holding = claims.filter((claim) => ids.has(claim.id));
      const holders = [...new Set(holding.map((claim) => claim.agent))];
      const held = holders.length === 0 ? '' : `, held by ${named(holders, MOST_PATHS)}`;
      const ask = holders[0] ?? agent;
      return {
        kind: 'stuck-waiter',
        what: `${agent} waits for ${named(texts, MOST_PATHS)}${held}${suspected ? '; longer than expected' : ''}`,
        since,
        next: coord(`note "${agent} waits for you" --to ${ask}`),
      };
    });
}

function owed({ notes, status }: NeedFacts): NeedRow[] {
  return notes
    .filter(({ pending }) => pending.some((id) => id !== status.agent))
    .map(({ id, agent, text, at, pending }) => ({
      kind: 'ack',
      what: `${pending.join(', ')} ${pending.length === 1 ? 'owes' : 'owe'} ${agent} an answer: ${shorten(oneLine(text), WIDEST)}`,
      since: at,
      next: coord(`note "please answer ${id}" --to ${pending.join(',')}`),
    }));
}

/** Results that nobody has integrated yet; those for whoever looks are told already. */
function submitted({ tasks, needs }: StatusReport): NeedRow[] {
  const told = needs.map(({ next }) => next);
  return tasks.flatMap(({ id, title, agent, submission, state, since }) => {
    const next = coord(`integrate ${submission}`);
    if (state !== 'submitted' || submission === null || told.includes(next)) return [];
    return [
      { kind: 'submission', what: `${agent} handed over ${id}: ${shorten(oneLine(title), WIDEST)}`, since, next },
    ];
  });
}

function lost({ agents }: StatusReport, now: Instant): NeedRow[] {
  return agents.flatMap(({ id, losses }) =>
    losses
      .filter(({ at, how }) => at > addSeconds(now, -LOSS_SECONDS) && how !== 'handed-over')
      .map(({ target, how, by, at, reason }) => ({
        kind: 'lost-claim',
        what: `${id} lost ${oneLine(target)}: ${how === 'taken-over' ? `taken over by ${by}` : how}${reason === null ? '' : ` ${said(reason)}`}`,
        since: at,
        next: coord(`status ${targetWord(target)}`),
      })),
  );
}

/** Claims whose time is over, and that nobody has swept: their work may be unfinished. */
function ended({ claims }: StatusReport, now: Instant): NeedRow[] {
  const over = claims.filter(({ expiresAt }) => expiresAt <= now);
  return [...new Set(over.map(({ agent }) => agent))].map((agent) => {
    const own = over.filter((claim) => claim.agent === agent);
    const targets = own.map(({ target }) => target);
    return {
      kind: 'expired-claim',
      what: `${agent}'s claims have expired: ${named(targets, MOST_PATHS)}`,
      since: own.map(({ expiresAt }) => expiresAt).sort()[0] ?? now,
      next: coord(`note "are you still at it?" --to ${agent}`),
    };
  });
}

function colliding({ conflicts: { found, at }, root }: NeedFacts): NeedRow[] {
  return found
    .filter(({ verdict }) => verdict === 'conflict')
    .map((one) => {
      const pair = [one.of, one.with].flatMap((work) => (work === null ? [] : [nameOfWork(root, work)]));
      const where = one.paths.length === 0 ? '' : ` in ${named(one.paths, MOST_PATHS)}`;
      return {
        kind: 'conflict',
        what: `${pair.join(' and ')} would collide${where}${one.uncommitted ? '; not all of it is committed' : ''}`,
        since: at ?? '',
        next: nextStep(one),
      };
    });
}

/** Of each target the newest attempt, where it did not come to an end that is good. */
function deploysThatFailed(attempts: readonly Attempt[]): NeedRow[] {
  const newest = new Map(attempts.map((attempt) => [attempt.target, attempt]));
  return [...newest.values()]
    .filter(({ outcome }) => outcome === 'failed' || outcome === 'blocked')
    .map(({ id, target, agent, outcome, why, startedAt }) => ({
      kind: outcome === 'failed' ? 'failed-deploy' : 'blocked-deploy',
      what: `${agent}'s deploy to ${target} ${outcome === 'failed' ? 'failed' : 'was blocked'}${why === null ? '' : `: ${shorten(oneLine(why), WIDEST)}`}`,
      since: startedAt,
      next: coord(`deploy show ${id}`),
    }));
}

function stopped({ agents }: StatusReport): NeedRow[] {
  return agents.flatMap(({ id, killed }) =>
    killed === null
      ? []
      : [
          {
            kind: 'stopped-agent',
            what: `${id} was stopped by ${killed.by}: ${shorten(oneLine(killed.reason), WIDEST)}`,
            since: killed.at,
            next: coord(`agent revive ${id}`),
          },
        ],
  );
}

function clock({ clock: { agrees, behindSeconds }, now }: StatusReport): NeedRow[] {
  const what = `the clock of this host is behind the fleet's by ${formatDuration(behindSeconds)}`;
  return agrees ? [] : [{ kind: 'clock', what, since: now, next: coord('doctor') }];
}
