import { fieldTables } from '../../src/cli/help.js';
import { RECORDS } from '../../src/cli/json-records.js';
import { VERBS } from '../../src/cli/registry.js';
import type { Fields } from '../../src/commands/verb.js';

/** What `--json` answers, by verb, and what stands in the details of a refusal. */
export const { answers: ANSWERS, refusals: REFUSALS } = await fieldTables(VERBS);

const PLAIN: Readonly<Record<string, (value: unknown) => boolean>> = {
  text: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
  instant: (value) => typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value),
  commit: (value) => typeof value === 'string' && /^[0-9a-f]{40}$/.test(value),
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  null: (value) => value === null,
};

/** Where a value is not as the table of fields has it: a line each, with the path. */
export function fieldProblems(value: unknown, fields: Fields, path = 'data'): string[] {
  if (!PLAIN.object?.(value)) return [`${path} is no object`];
  const found = value as Readonly<Record<string, unknown>>;
  const known = new Map(
    Object.entries(fields).map(([name, field]) => [name.replace(/\?$/, ''), [name, field] as const]),
  );
  return [
    ...Object.keys(found).flatMap((name) =>
      known.has(name) || known.has('…') ? [] : [`${path}.${name} is not listed`],
    ),
    ...[...known].flatMap(([name, [written, field]]) => {
      if (name === '…') return [];
      if (!(name in found)) return written.endsWith('?') ? [] : [`${path}.${name} is missing`];
      return typeProblems(found[name], typeof field === 'string' ? field : field[0], `${path}.${name}`);
    }),
  ];
}

function typeProblems(value: unknown, type: string, path: string): string[] {
  const tries = type.split(' | ').map((one) => oneType(value, one, path));
  const best = tries.sort((a, b) => a.length - b.length)[0] ?? [];
  return tries.some((problems) => problems.length === 0) ? [] : best;
}

function oneType(value: unknown, type: string, path: string): string[] {
  if (type.endsWith('[]')) {
    if (!Array.isArray(value)) return [`${path} is no list`];
    return value.flatMap((item, index) => oneType(item, type.slice(0, -2), `${path}[${index}]`));
  }
  const record = RECORDS[type];
  if (record) return fieldProblems(value, record, path);
  const fits = type.startsWith("'") ? value === type.slice(1, -1) : PLAIN[type]?.(value);
  return fits ? [] : [`${path} is ${JSON.stringify(value)}, not ${type}`];
}

/** The names of types that the table uses. */
export function typesOf(fields: Fields): string[] {
  return Object.values(fields).flatMap((field) =>
    (typeof field === 'string' ? field : field[0]).split(' | ').map((type) => type.replace(/(?:\[\])+$/, '')),
  );
}

export function isType(type: string): boolean {
  return /^'[\w-]+'$/.test(type) || type in PLAIN || type in RECORDS;
}
