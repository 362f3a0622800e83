import { type Candidate, candidatesOn } from '../domain/deployments.js';
import type { Refusal } from '../domain/refusal.js';
import { oneLine } from '../domain/text.js';
import type { Instant } from '../domain/time.js';
import type { Alternative } from '../errors.js';
import { commandLine, shellWord } from './command-words.js';
import { clock, shortCommit } from './format.js';

interface Words {
  readonly message: string;
  readonly hint: string;
  readonly alternative?: Alternative;
}

/** The words for a deploy that ended without a word: its program may have done its work, or part of it, or nothing. */
export function unknownDeployWords(
  { deployment, live }: Extract<Refusal, { reason: 'unknown-deploy' }>,
  now: Instant,
): Words {
  const { target, agent, commit, startedAt, command, id } = deployment;
  const before = candidatesOn({ targets: [live], attempts: [] }, target);
  const may = [...new Set([...before.map((one) => shortCommit(one.commit)), shortCommit(commit)])];
  const words = commandLine(command);
  return {
    message: [
      `unknown: the deploy of ${shortCommit(commit)} to ${oneLine(target)} by ${agent}, begun at ${clock(startedAt, now)}, never told how it ended (${oneLine(words)})`,
      `${oneLine(target)} may run ${may.join(' or ')}; that program may even be running still`,
    ].join('\n'),
    hint: `coord deploy show ${id}, and look at what it did`,
    alternative: {
      why: `once it has surely ended, with a HEAD that contains ${may.join(' and ')}`,
      command: `coord deploy ${shellWord(target)} --retry -- ${words}`,
    },
  };
}

/** A signature that has opened a deploy is used up. */
export function usedSignatureWords({ gate, target }: Extract<Refusal, { reason: 'used-signature' }>): Words {
  return {
    message: `closed: gate ${oneLine(gate)}: its signature has opened a deploy of ${oneLine(target)} already`,
    hint: `ask for a new one: coord gate request ${shellWord(gate)} ${shellWord(target)}`,
  };
}

/** `1f3c2a9 (maya, 14:02)`. */
export function candidateWords({ commit, agent, at }: Candidate, now: Instant): string {
  return `${shortCommit(commit)} (${agent}, ${clock(at, now)})`;
}
