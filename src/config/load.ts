import { lstatSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import * as v from 'valibot';
import { CONFIG_FILE } from '../domain/state-ref.js';
import { parseStrictJson } from '../domain/strict-json.js';
import { oneLine } from '../domain/text.js';
import { CoordError } from '../errors.js';
import { type Config, configOf } from './config.js';
import { ConfigSchema, type FilledConfig } from './keys.js';

export { CONFIG_FILE };

/**
 * The configuration in this worktree; null: it has none.
 * @throws CoordError `usage` that lists every problem.
 */
export async function loadConfigIfThere(root: string): Promise<Config | null> {
  const source = readConfigFile(root);
  return source === null ? null : parseConfig(source);
}

/** The configuration of the working copy and that of the main branch mostly are one text. */
const parsed = new Map<string, Promise<Config>>();

/** @throws CoordError `usage` that lists every problem. */
export function parseConfig(source: string): Promise<Config> {
  const config = parsed.get(source) ?? parse(source);
  parsed.set(source, config);
  return config;
}

/** Nobody reads a longer one. */
const MOST_CHARACTERS = 1_000_000;

/** What nests so deep that it cannot be walked through is no configuration. */
function withinDepth<T>(look: () => T): T {
  try {
    return look();
  } catch (error) {
    if (error instanceof RangeError) throw invalid(['nested too deep']);
    throw error;
  }
}

async function parse(source: string): Promise<Config> {
  if (source.length > MOST_CHARACTERS) throw invalid([`longer than ${MOST_CHARACTERS} characters`]);
  let value: unknown;
  try {
    value = parseStrictJson(source.replace(/^\uFEFF/, ''));
  } catch (error) {
    const { message } = error as Error;
    throw invalid([message.includes('appears twice') ? message : `not JSON: ${message}`]);
  }
  const result = withinDepth(() => validateConfig(value));
  if ('problems' in result) throw invalid(result.problems);
  const config = configOf(result.config);
  if (config.ttl.defaultSeconds > config.ttl.maxSeconds) throw invalid(['ttl.default: longer than ttl.max']);
  return config;
}

/** The text of the configuration in this worktree; null: it has none. @throws CoordError `usage` for what is not a file of its own. */
export function readConfigFile(root: string): string | null {
  const path = join(root, CONFIG_FILE);
  try {
    // A device or a pipe would never end, and a link may lead to what is not one of the repository's.
    const real = realpathSync(path);
    const [folder] = relative(root, real).split(sep);
    if (folder === '..' || folder === '.git') throw new Error('it is a symbolic link out of the repository');
    const stats = statSync(real);
    if (!stats.isFile()) throw new Error('it is not a file');
    // UTF-8 has no more than four for one.
    if (stats.size > 4 * MOST_CHARACTERS) throw invalid([`longer than ${MOST_CHARACTERS} characters`]);
    return readFileSync(real, 'utf8');
  } catch (error) {
    if (error instanceof CoordError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && !lstatSync(path, { throwIfNoEntry: false })) return null;
    throw new CoordError('usage', `${CONFIG_FILE} cannot be read: ${(error as Error).message}`, {
      hint: `check ${CONFIG_FILE} at the root of the repository`,
      cause: error,
    });
  }
}

function invalid(problems: readonly string[]): CoordError {
  return new CoordError('usage', [`${CONFIG_FILE} has problems:`, ...problems].join('\n  '), {
    hint: `fix ${CONFIG_FILE}; its schema is schema/coord.config.schema.json of the package`,
    details: { file: CONFIG_FILE, problems },
  });
}

/** All problems of a parsed configuration as `path: what is wrong`, or the configuration with its defaults. */
export function validateConfig(
  value: unknown,
): { readonly config: FilledConfig } | { readonly problems: readonly string[] } {
  if (Array.isArray(value)) return { problems: ['(root): must be a record'] };
  const unknown = namesSkipped(value);
  const rest: unknown = structuredClone(value);
  // The library names one unknown key of a record and stops there: it is noted, taken out, and the rest looked at again.
  for (;;) {
    const result = v.safeParse(ConfigSchema, rest);
    if (result.success) return unknown.length === 0 ? { config: result.output } : { problems: unknown };
    const unknownKeys = result.issues.filter(isUnknownKey);
    if (unknownKeys.length === 0) return { problems: [...unknown, ...result.issues.map(describeIssue)] };
    for (const issue of unknownKeys) {
      unknown.push(describeIssue(issue));
      const last = issue.path?.at(-1);
      if (last) Reflect.deleteProperty(last.input as object, last.key as string);
    }
  }
}

/** The keys that hold records whose names the project chooses. */
const NAMING = new Set(['gates', 'deploy']);
const SKIPPED = ['__proto__', 'prototype', 'constructor'];

/** Gates and targets of these names the library would leave out without a word. */
function namesSkipped(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, record]) =>
    NAMING.has(key) && typeof record === 'object' && record !== null
      ? SKIPPED.filter((one) => Object.hasOwn(record, one)).map((one) => `${key}.${one}: cannot be a name`)
      : [],
  );
}

function isUnknownKey(issue: v.BaseIssue<unknown>): boolean {
  return issue.type === 'strict_object' && issue.expected === 'never';
}

function describeIssue(issue: v.BaseIssue<unknown>): string {
  const path = oneLine(v.getDotPath(issue) ?? '(root)');
  if (isUnknownKey(issue)) return `${path}: unknown key`;
  if (issue.type === 'strict_object') return `${path}: must be a record`;
  return `${path}: ${issue.message}`;
}
