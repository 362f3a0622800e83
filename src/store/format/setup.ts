import { CoordError } from '../../errors.js';
import { FORMAT } from './documents.js';

/** What `init` recorded when the state began. It rules until the main branch has the configuration. */
export interface Setup {
  /** Full name of the state ref; null: it was begun on a branch, before there were others. */
  readonly ref: string | null;
  /** The remote that arbitrates; null: the clone itself does. */
  readonly remote: string | null;
  /** Short name; null: the remote's default branch. */
  readonly mainBranch: string | null;
}

export const SETUP_FILE = 'setup.json';
export const NO_SETUP: Setup = { ref: null, remote: null, mainBranch: null };

const KEYS = ['ref', 'remote', 'mainBranch'] as const;

export function encodeSetup(setup: Setup): string {
  const lines = KEYS.map((key) => `"${key}": ${JSON.stringify(setup[key])}`);
  return `{\n${[`"format": ${FORMAT}`, ...lines].join(',\n')}\n}\n`;
}

/** @throws CoordError `corrupt` when it is damaged or of a newer format. */
export function decodeSetup(source: string): Setup {
  const value = readRecord(source);
  const newer = typeof value.format === 'number' && value.format > FORMAT;
  const sound = value.format === FORMAT && KEYS.every((key) => value[key] === null || typeof value[key] === 'string');
  if (sound) return Object.fromEntries(KEYS.map((key) => [key, value[key]])) as unknown as Setup;
  throw new CoordError('corrupt', `${SETUP_FILE} of the state ${newer ? 'is of a newer format' : 'is damaged'}`, {
    hint: newer ? 'upgrade coord' : 'write nothing; let a person look at its history',
    details: { file: SETUP_FILE, problems: [`${SETUP_FILE}: ${newer ? 'newer format' : 'damaged'}`] },
  });
}

function readRecord(source: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(source);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
