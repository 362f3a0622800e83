import type { EXIT_TABLE } from '../errors.js';
import type { Style } from './style.js';

type ExitRow = (typeof EXIT_TABLE)[number];

export interface KeyWords {
  readonly key: string;
  readonly what: string;
  readonly default?: unknown;
}

/** The exit table: code and name, when, and what to do then. */
export function exitCodeLines(rows: readonly ExitRow[], style: Style): string[] {
  const width = Math.max(...rows.map(({ code }) => code.length));
  const indent = ' '.repeat(width + 5);
  return [
    'What the exit code of every command says, and what to do then:',
    '',
    ...rows.flatMap(({ exit, code, when, next }) => [
      `${style.bold(String(exit).padStart(2))}  ${style.bold(code.padEnd(width))} ${when}`,
      `${indent}${style.dim('→')} ${next}`,
    ]),
    '',
    'coord run, once and deploy pass on the exit code of the program that they ran; its error has the code program.',
  ];
}

/** The keys of the configuration, with their defaults. */
export function configLines(keys: readonly KeyWords[], style: Style): string[] {
  return [
    'Keys of coord.config.json, at the root of the repository; every one is optional:',
    '',
    ...keys.flatMap((entry) => [
      `${style.bold(entry.key)}${entry.default === undefined ? '' : style.dim(` = ${JSON.stringify(entry.default)}`)}`,
      `    ${entry.what}`,
    ]),
  ];
}

type Fields = Readonly<Record<string, string | readonly [type: string, meaning: string]>>;
type FieldTables = Readonly<Record<string, Fields>>;

/** The fields of --json: those of each answer, of refusals, and of the records in them. */
export function jsonFieldLines(
  { answers, refusals, records }: Record<'answers' | 'refusals' | 'records', FieldTables>,
  style: Style,
): string[] {
  const of = (tables: FieldTables, prefix: string) =>
    Object.entries(tables).flatMap(([name, fields]) => [
      style.bold(`${prefix}${name}`),
      ...Object.entries(fields).map(fieldLine),
    ]);
  return [
    'With --json a command writes one object: schema, command, ok, and data or error (code, exit, message, hint, details).',
    '',
    'Answers, in data:',
    ...of(answers, 'coord '),
    '',
    'Refusals, in error.details:',
    ...of(refusals, 'coord '),
    '',
    'Records:',
    ...of(records, ''),
  ];
}

function fieldLine([name, field]: [string, Fields[string]]): string {
  const [type, meaning] = typeof field === 'string' ? [field] : field;
  return `    ${name}: ${type}${meaning === undefined ? '' : `, ${meaning}`}`;
}
