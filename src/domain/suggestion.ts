import { isAgentId } from './agents/agents.js';
import { isGlob } from './ground/index.js';
import { patternTarget } from './ground/patterns.js';
import { directoryPath, ownVerbOf, type Target } from './ground/targets.js';
import { oneLine } from './text.js';

/*
 * What coord suggests to run. A suggestion stands in the middle of sentences (hints, notices, lines of a report), and how
 * it has to be typed is known only where it is printed: in which directory, and by whom. So whoever makes one marks the
 * places that depend on that, and `asTyped` fills them in; no text is searched for what looks like a command. The marks
 * are noncharacters, which Unicode reserves for use inside a program; `oneLine` escapes those that others wrote.
 */

/** Stands before a path: how it is written depends on the current directory. */
const FROM_ROOT = '\uFDD0';

/** Stands before a command of coord: who acts may have to be repeated. */
const OF_COORD = '\uFDD1';
const COMMANDS_OF_COORD = new RegExp(`${OF_COORD}coord `, 'g');

/** Stand before and behind a whole command line, so that it can be told from the words around it. */
const BEGIN = '\uFDD2';
const END = '\uFDD3';
const COMMAND_LINE = new RegExp(`${BEGIN}([^${BEGIN}${END}]*)${END}`);
const ENDS = new RegExp(`[${BEGIN}${END}]`, 'g');

/** A command of coord for the reader to run; `words` are those after `coord`, as a shell needs them. */
export function coord(words: string): string {
  return command(form(words));
}

/** How a command of coord is formed, where the reader has to fill in what stands in capitals: it cannot be pasted. */
export function form(words: string): string {
  return `${/(?:^| )--agent /.test(words) ? '' : OF_COORD}coord ${words}`;
}

/** A command line of any program for the reader to run, as a shell needs it; commands in it lose their own ends. */
export function command(line: string): string {
  return BEGIN + line.replace(ENDS, '') + END;
}

/** The first command that a text suggests, still marked; undefined where it suggests none. */
export function commandIn(text: string): string | undefined {
  return COMMAND_LINE.exec(text)?.[1];
}

/** How a suggested command has to be written for the one who reads it. */
export interface Standpoint {
  /** Whether the current directory is the root of the repository, where paths need no mark. */
  readonly atRoot: boolean;
  /** The agent that was named by `--agent`; without it, the suggestion would not know who acts. */
  readonly agent: string | undefined;
}

/** The text with its suggestions as they can be pasted: from this directory, by this agent. */
export function asTyped(text: string, { atRoot, agent }: Standpoint): string {
  // Typed by whoever runs it, and not looked at yet where the refusal is about it.
  const program = agent === undefined || !isAgentId(agent) ? 'coord ' : `coord --agent ${agent} `;
  return text
    .replace(ENDS, '')
    .replaceAll(FROM_ROOT, atRoot ? '' : ':/')
    .replace(COMMANDS_OF_COORD, program);
}

/**
 * The target as it must be typed to mean just this: a directory with its slash, a file whose name looks like something
 * else with `:/` or `:(literal)`. A text without a kind is read as the configuration reads it.
 */
export function targetWord(target: Target | string): string {
  const { kind, text } = typeof target === 'string' ? patternTarget(target) : target;
  if (kind === 'resource') return shellWord(text);
  if (kind === 'glob') return quoted(text, FROM_ROOT);
  const path = kind === 'directory' ? `${directoryPath({ kind, text })}/` : text;
  if (path === '/') return ':/';
  if (isGlob(path) || path.includes('\\')) return quoted(path, ':(literal)');
  return quoted(path, /^[@:-]/.test(path) ? ':/' : FROM_ROOT);
}

export function targetWords(targets: readonly (Target | string)[]): string {
  return [...new Set(targets.map(targetWord))].join(' ');
}

/** What claims a target with a verb of its own; the name is empty where the target is above all of that kind. */
const OWN_LINES: Readonly<Record<string, (name: string, more: string) => string>> = {
  'task take': (name, more) => coord(`task take${name && ` ${name}`}${more}`),
  deploy: (name, more) => form(`deploy ${name || 'TARGET'}${more} -- PROGRAM`),
  once: (name, more) => form(`once ${name || 'KEY'}${more} -- PROGRAM`),
  land: (_, more) => coord(`land${more}`),
};

/**
 * The command that claims a target: of what has a verb of its own, by that. `more` are options, which begin with a space.
 * A text without a kind is read as by `targetWord`.
 */
export function claimLine(target: Target | string, more = ''): string {
  const own = ownVerbOf(typeof target === 'string' ? patternTarget(target) : target);
  if (own === null) return coord(`claim ${targetWord(target)}${more}`);
  return OWN_LINES[own.verb]?.(own.name === '' ? '' : shellWord(own.name), more) ?? coord(own.verb);
}

/** The word as a shell needs it typed: quoted only where it must be, and never an option. */
export function shellWord(text: string): string {
  return quoted(text, text.startsWith('-') ? './' : '');
}

/** A program with its arguments as a shell needs them typed: what is an option stays one. */
export function commandLine(words: readonly string[]): string {
  return words.map((word) => quoted(word)).join(' ');
}

/** Text as one word of any POSIX shell, for a script that no person reads. */
export function quotedForScript(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** Control characters stand as `$'…'` (bash, zsh, ksh), so that the word is one line and can be read. */
function quoted(text: string, before = ''): string {
  if (/^[\w@%+=:,./-]+$/.test(before.replace(FROM_ROOT, '') + text)) return before + text;
  if (oneLine(text) === text) return quotedForScript(before + text);
  return `$'${before}${oneLine(text.replaceAll('\\', '\\\\').replaceAll("'", "\\'"))}'`;
}
