import type { Waiter } from '../domain/model.js';
import type { Conflict, WaitEdge } from '../domain/refusal.js';
import type { Target } from '../domain/targets.js';
import { oneLine } from '../domain/text.js';
import { formatDuration, type Instant, secondsBetween } from '../domain/time.js';
import { CoordError } from '../errors.js';
import { targetWord, targetWords } from './command-words.js';

/** The words of a wait that would never end. */
export function deadlockWords(cycle: readonly WaitEdge[]): { message: string; hint: string } {
  const steps = cycle.map(
    ({ agent, waitsFor, heldBy }) => `${agent} waits for ${oneLine(waitsFor)}, held by ${heldBy}`,
  );
  return {
    message: `deadlock: this wait would never end\n${steps.map((step) => `  ${step}`).join('\n')}`,
    hint: 'release what the others wait for (coord status --mine), then claim again; or pick other ground',
  };
}

/** The words of a claim out of the agreed order. */
export function orderWords(asked: string, held: string): { message: string; hint: string } {
  return {
    message: `refused: ${oneLine(asked)} sorts before ${oneLine(held)}, which you hold; this project claims in ascending order`,
    hint: `coord release ${targetWord(held)}, then claim both in one command`,
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

/** A wait that was given up. */
export function gaveUpError(
  why: 'timeout' | 'interrupted',
  waitedSeconds: number,
  verb: 'claim' | 'wait',
  targets: readonly Target[],
  conflicts: readonly Conflict[],
): CoordError {
  const names = targets.map(({ text }) => oneLine(text)).join(' ');
  const message =
    why === 'timeout'
      ? `waited ${formatDuration(Math.floor(waitedSeconds))} for ${names}, and gave up`
      : `stopped waiting for ${names} after ${formatDuration(Math.floor(waitedSeconds))}`;
  return new CoordError('timeout', message, {
    hint: verb === 'claim' ? `coord claim ${targetWords(targets)} --wait` : `coord wait ${targetWords(targets)}`,
    alternative: { why: 'pick other ground, and look again later', command: `coord status ${targetWords(targets)}` },
    details: { reason: why, waitedSeconds, conflicts },
  });
}
