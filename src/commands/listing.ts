import { usage } from '../errors.js';
import { checkAgentId } from '../workspace/identity.js';
import type { Input, Verb } from './verb.js';

const DEFAULT_LIMIT = 50;

export const BY_OPTION = ['--by <id>', 'only what this agent did'] as const;

/** @throws CoordError `usage` for what is no id */
export function readBy(input: Input): string | null {
  const by = input.text('by');
  return by === undefined ? null : checkAgentId(by);
}

/** What narrows a list of what happened, and means the same for each of them. */
export const LISTING_OPTIONS: NonNullable<Verb['options']> = [
  ['--since <when>', 'what came after: a duration such as 2h, an instant, or an id of the list'],
  BY_OPTION,
  ['--limit <n>', `only the newest so many; ${DEFAULT_LIMIT} unless --since says where to begin`],
  ['--all', 'all of them; however many there are'],
];

/** The newest so many, of one agent or of all. */
export interface Listing {
  readonly by: string | null;
  readonly limit: number;
}

/** @throws CoordError `usage` */
export function readListing(input: Input): Listing {
  const limit = input.text('limit');
  if (limit !== undefined && input.flag('all')) throw usage('--limit and --all exclude each other', 'use one');
  const unlimited = input.flag('all') || input.text('since') !== undefined;
  const most = unlimited ? Number.POSITIVE_INFINITY : DEFAULT_LIMIT;
  return { by: readBy(input), limit: limit === undefined ? most : readCount('--limit', limit) };
}

/** A whole number above zero that was typed for an option. @throws CoordError `usage` when it is not one. */
export function readCount(option: string, text: string): number {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (count > 0) return count;
  throw usage(`${option} is not a whole number above zero: ${JSON.stringify(text)}`, `for example ${option} 50`);
}
