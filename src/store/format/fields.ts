import { isAgentId } from '../../domain/agents/agents.js';
import { isInstant } from '../../domain/time.js';

/** Says what is wrong with a value, or null when nothing is. */
export type Check = (value: unknown) => string | null;

export const text: Check = (value) => (typeof value === 'string' ? null : 'not a text');
export const agentId: Check = (value) => (typeof value === 'string' && isAgentId(value) ? null : 'not an agent id');
export const instant: Check = (value) => (isInstant(value) ? null : 'not an ISO instant');
export const flag: Check = (value) => (typeof value === 'boolean' ? null : 'not true or false');
export const seconds: Check = (value) =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? null : 'not a number of seconds';
export const token: Check = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? null : 'not a token (a whole number)';
export const wholeNumber: Check = (value) => (Number.isSafeInteger(value) ? null : 'not a whole number');
export const commit: Check = (value) =>
  typeof value === 'string' && /^[0-9a-f]{40}([0-9a-f]{24})?$/.test(value) ? null : 'not a commit id';

/** An id that is also the name of a folder on the branch. */
export const plainName: Check = (value) =>
  typeof value === 'string' && /^[\w-]{1,200}$/.test(value) ? null : 'not an id';

/** A path as a tree of git has it: it leads nowhere else, and never into `.git`. */
export const treePath: Check = (value) =>
  typeof value === 'string' &&
  !value.includes('\0') &&
  value.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && part.toLowerCase() !== '.git')
    ? null
    : 'not a path inside the repository';

export const anyRecord: Check = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? null : 'not a record';

export function oneOf(...allowed: readonly string[]): Check {
  return (value) => (allowed.includes(value as string) ? null : `not one of ${allowed.join(', ')}`);
}

export function orNull(check: Check): Check {
  return (value) => (value === null ? null : check(value));
}

export function listOf(check: Check): Check {
  return (value) => {
    if (!Array.isArray(value)) return 'not a list';
    for (const item of value) {
      const problem = check(item);
      if (problem) return `has an item that is ${problem}`;
    }
    return null;
  };
}

/** The fields of a record, in the order in which they are written. */
export type Fields<T> = { readonly [K in keyof T]-?: Check };

/** A nested record. */
export function recordOf<T>(fields: Fields<T>): Check {
  return (value) => {
    const problems: string[] = [];
    checkRecord('', value, fields, problems);
    return problems.length === 0 ? null : problems.join(', ');
  };
}

/** Adds a problem for each field that is missing, wrong or unknown, as `path.field: what is wrong`. */
export function checkRecord<T>(path: string, value: unknown, fields: Fields<T>, problems: string[]): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    problems.push(`${path}: not a record`);
    return;
  }
  const record = value as Record<string, unknown>;
  const prefix = path === '' ? '' : `${path}.`;
  for (const name in fields) {
    if (!Object.hasOwn(record, name)) problems.push(`${prefix}${name}: missing`);
    else {
      const problem = fields[name](record[name]);
      if (problem) problems.push(`${prefix}${name}: ${problem}`);
    }
  }
  for (const name of Object.keys(record)) {
    if (!Object.hasOwn(fields, name)) problems.push(`${prefix}${name}: unknown`);
  }
}

/** The record as one line of JSON, keys in the order of the fields. */
export function recordLine<T>(record: T, fields: Fields<T>): string {
  const ordered: Partial<T> = {};
  for (const name in fields) ordered[name] = record[name];
  return JSON.stringify(ordered);
}
