import { isAgentId } from '../domain/agents/agents.js';
import { isGlob } from '../domain/ground/index.js';
import { patternTarget } from '../domain/ground/patterns.js';
import { directoryPath, type Target } from '../domain/ground/targets.js';
import { commandLine, shellWord } from '../domain/text.js';

export { commandLine, shellWord };

/**
 * Stands before a path in a suggested command until it is printed: where the agent stands decides how the path is
 * written. U+FDD0 is a noncharacter, reserved by Unicode for use inside a program.
 */
const FROM_ROOT = '\uFDD0';

/**
 * Stands inside of `coord` where somebody's own text says it, until that is printed: what people wrote is shown as they
 * wrote it, also when it reads like a suggestion. U+FDD1 is a noncharacter too.
 */
const NOT_OURS = '\uFDD1';

/** Text that somebody wrote, such as a rule, a note, a reason or a line of a file, for a place where suggestions stand. */
export function asWritten(text: string): string {
  return text.replace(/\bcoord(?= [a-z])/g, `coord${NOT_OURS}`);
}

/** How a suggested command has to be written for the one who reads it. */
export interface Standpoint {
  /** Whether the current directory is the root of the repository, where paths need no mark. */
  readonly atRoot: boolean;
  /** The agent that was named by `--agent`; without it, the suggestion would not know who acts. */
  readonly agent: string | undefined;
}

/** The suggestion as it can be pasted: from this directory, by this agent. */
export function asTyped(text: string, standpoint: Standpoint): string {
  const { atRoot, agent } = standpoint;
  const placed = text.replaceAll(FROM_ROOT, atRoot ? '' : ':/');
  // Typed by whoever runs it, and not looked at yet where the refusal is about it.
  const named =
    agent === undefined || !isAgentId(agent) ? placed : placed.replace(/\bcoord (?=[a-z])/g, `coord --agent ${agent} `);
  return named.replaceAll(NOT_OURS, '');
}

/**
 * The target as it must be typed to mean just this: a directory with its slash, a file whose name looks like something
 * else with `:/` or `:(literal)`. A text without a kind is read as the configuration reads it.
 */
export function targetWord(target: Target | string): string {
  const { kind, text } = typeof target === 'string' ? patternTarget(target) : target;
  if (kind === 'resource') return shellWord(text);
  if (kind === 'glob') return asWritten(shellWord(`${FROM_ROOT}${text}`));
  const path = kind === 'directory' ? `${directoryPath({ kind, text })}/` : text;
  if (path === '/') return ':/';
  if (isGlob(path) || path.includes('\\')) return asWritten(shellWord(`:(literal)${path}`));
  return asWritten(shellWord(/^[@:-]/.test(path) ? `:/${path}` : `${FROM_ROOT}${path}`));
}

export function targetWords(targets: readonly (Target | string)[]): string {
  return [...new Set(targets.map(targetWord))].join(' ');
}
