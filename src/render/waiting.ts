import type { Target } from '../domain/ground/targets.js';
import type { Once, Waiter } from '../domain/model.js';
import type { Conflict, WaitEdge } from '../domain/refusal.js';
import { coord, shellWord, targetWord, targetWords } from '../domain/suggestion.js';
import { oneLine } from '../domain/text.js';
import { formatDuration, type Instant, secondsBetween } from '../domain/time.js';
import { CoordError, type Message } from '../errors.js';
import { clock } from './format.js';

/** The words of a wait that would never end. */
export function deadlockMessage(cycle: readonly WaitEdge[]): Message {
  const steps = cycle.map(
    ({ agent, waitsFor, heldBy }) => `${agent} waits for ${oneLine(waitsFor)}, held by ${heldBy}`,
  );
  return {
    message: `deadlock: this wait would never end\n${steps.map((step) => `  ${step}`).join('\n')}`,
    hint: `release what the others wait for (${coord('status --mine')}), then claim again; or claim other paths`,
  };
}

/** The words of a claim out of the agreed order. */
export function orderMessage(asked: string, held: string): Message {
  return {
    message: `refused: ${oneLine(asked)} sorts before ${oneLine(held)}, which you hold; this project claims in ascending order`,
    hint: `${coord(`release ${targetWord(held)}`)}, then claim both in one command`,
  };
}

/** What a waiting agent is told when its wait begins. */
export function waitingLine(ticket: Waiter, conflicts: readonly Conflict[], now: Instant): string {
  const targets = ticket.targets.map(({ text }) => oneLine(text)).join(' ');
  const holders = conflicts.map(({ agent, heldTarget, expiresAt }) => {
    const left = secondsBetween(now, expiresAt);
    return `${oneLine(heldTarget)} (${agent}${left > 0 ? `, for ${formatDuration(left)} more` : ''})`;
  });
  return `waiting for ${targets}: ${[...new Set(holders)].join(', ')}`;
}

/** A wait that was given up. @param again the command that waits again */
export function gaveUpError(
  why: 'timeout' | 'interrupted',
  waitedSeconds: number,
  again: string,
  targets: readonly Target[],
  conflicts: readonly Conflict[],
): CoordError {
  const names = targets.map(({ text }) => oneLine(text)).join(' ');
  const message =
    why === 'timeout'
      ? `waited ${formatDuration(Math.floor(waitedSeconds))} for ${names}, and gave up`
      : `stopped waiting for ${names} after ${formatDuration(Math.floor(waitedSeconds))}`;
  return new CoordError('timeout', message, {
    hint: again,
    alternative: { why: 'work on other paths, and look again later', command: coord(`status ${targetWords(targets)}`) },
    details: { reason: why, waitedSeconds, conflicts },
  });
}

/** The words for a run that ended without a word: it may have done its work, or part of it, or nothing. */
export function unknownOutcomeMessage(once: Once, now: Instant): Message {
  return {
    message: `unknown: ${oneLine(once.key)} was started by ${once.agent} at ${clock(once.startedAt, now)} and never reported its outcome (${oneLine(once.command)})`,
    hint: `look at what it did; then repeat the command with --retry, or start over: ${coord(`once ${shellWord(once.key)} --forget`)}`,
  };
}

/** Says that the result is an earlier run's. */
export function repeatedLine(once: Once, now: Instant): string {
  return `${oneLine(once.key)} ran already: by ${once.agent} at ${clock(once.finishedAt ?? once.startedAt, now)}`;
}
