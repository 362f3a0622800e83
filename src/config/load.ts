import { lstatSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { CONFIG_FILE } from '../domain/state-ref.js';
import { readStrictJson, saidTwice } from '../domain/strict-json.js';
import { CoordError } from '../errors.js';
import type { Config } from './config.js';

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

/** The configuration of a project that says nothing. */
export function defaultConfig(): Promise<Config> {
  return parseConfig('{}');
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
  if (source.includes('\uFFFD')) throw invalid(['not valid UTF-8']);
  const { value, twice } = readJson(source.replace(/^\uFEFF/, ''));
  // Only where a text is read for the first time is it looked at as a whole; mostly it is known.
  const { configOf, validateConfig } = await import('./validate.js');
  const result = withinDepth(() => validateConfig(value));
  const repeated = twice.map(saidTwice);
  if ('problems' in result) throw invalid([...repeated, ...result.problems]);
  if (repeated.length > 0) throw invalid(repeated);
  const config = configOf(result.config);
  if (config.ttl.defaultSeconds > config.ttl.maxSeconds) throw invalid(['ttl.default: longer than ttl.max']);
  return config;
}

function readJson(source: string): ReturnType<typeof readStrictJson> {
  try {
    return readStrictJson(source);
  } catch (error) {
    throw invalid([`not JSON: ${(error as Error).message}`]);
  }
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
