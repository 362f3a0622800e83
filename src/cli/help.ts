import type { Fields, Success, Verb, VerbEntry } from '../commands/verb.js';
import { EXIT_TABLE } from '../errors.js';
import type { Style } from '../render/style.js';
import { type Catalogue, GROUP_SUMMARIES, subjectOf } from './catalogue.js';
import { helpText } from './tree.js';

export const helpOf = (catalogue: Catalogue): Verb => ({
  arguments: [['[topic...]', 'a command, or one of: exit-codes, config, json']],
  examples: [
    ['coord help claim', 'what coord claim --help prints'],
    ['coord help exit-codes', 'the exit codes, and what to do after each'],
    ['coord help config', 'the keys of coord.config.json'],
    ['coord help json', 'what --json answers, by command'],
  ],
  answers: { '…': ['object', 'by what is asked: commands, one command, exitCodes, keys, answers'] },
  async run(_context, input) {
    const names = input.list(0);
    const [first, second] = names;
    if (first === undefined) return overview(catalogue);
    if (first === 'exit-codes') {
      return { data: { exitCodes: EXIT_TABLE }, text: (style) => exitCodeLines(EXIT_TABLE, style) };
    }
    if (first === 'config') return configKeys();
    if (first === 'json') return jsonFields(catalogue);
    catalogue.checkNames(first, second, names.slice(1), Object.keys(TOPICS));
    return aboutCommand(catalogue, first, second);
  },
});

export const TOPICS = {
  'exit-codes': 'the exit codes, and what to do after each',
  config: 'the keys of coord.config.json',
  json: 'what --json answers, by command',
};

async function overview(catalogue: Catalogue): Promise<Success> {
  const commands = catalogue.heads().flatMap((head) =>
    catalogue.under(head).map(({ name, summary }) => ({
      name,
      summary,
      subject: subjectOf(head),
    })),
  );
  const text = await helpText(catalogue, []);
  return { data: { commands, topics: TOPICS }, text: () => text.trimEnd() };
}

async function configKeys(): Promise<Success> {
  const { configKeys } = await import('../config/keys.js');
  const keys = configKeys();
  return { data: { keys }, text: (style) => configLines(keys, style) };
}

async function jsonFields({ verbs }: Catalogue): Promise<Success> {
  const { RECORDS } = await import('./json-records.js');
  const data = { ...(await fieldTables(verbs)), records: RECORDS };
  return { data, text: (style) => jsonFieldLines(data, style) };
}

/** What `--json` answers, and what stands in `error.details` of a refusal, by verb. */
export async function fieldTables(verbs: readonly VerbEntry[]): Promise<Record<'answers' | 'refusals', FieldTables>> {
  const loaded = await Promise.all(verbs.map(async ({ name, load }) => [name, await load()] as const));
  const refusing = loaded.flatMap(([name, { refusals }]) =>
    refusals ? [[name, { ...refusals, ...NEXT }] as const] : [],
  );
  return {
    answers: Object.fromEntries(loaded.map(([name, { answers }]) => [name, answers])),
    refusals: Object.fromEntries(refusing),
  };
}

/** Where the hint is a part of a refusal's details. */
const NEXT = { 'next?': ['text', 'all that is said after next:'] } as const;

async function aboutCommand(catalogue: Catalogue, head: string, tail: string | undefined): Promise<Success> {
  const entry = catalogue.entryNamed(head, tail);
  const text = await helpText(catalogue, entry ? entry.name.split(' ') : [head]);
  return { data: entry ? await verbData(entry) : groupData(catalogue, head), text: () => text.trimEnd() };
}

async function verbData(entry: VerbEntry): Promise<object> {
  const { arguments: taken = [], options = [], examples, notes = [] } = await entry.load();
  return {
    name: entry.name,
    summary: entry.summary,
    arguments: taken.map(([name, meaning]) => ({ name, meaning })),
    options: options.map(([flags, meaning]) => ({ flags, meaning })),
    examples: examples.map(([command, meaning]) => ({ command, meaning })),
    notes,
  };
}

function groupData(catalogue: Catalogue, head: string): object {
  const commands = catalogue.under(head).map(({ name, summary }) => ({ name, summary }));
  return { name: head, summary: GROUP_SUMMARIES[head] ?? '', commands };
}

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
function configLines(keys: readonly KeyWords[], style: Style): string[] {
  return [
    'Keys of coord.config.json, at the root of the repository; every one is optional:',
    '',
    ...keys.flatMap((entry) => [
      `${style.bold(entry.key)}${entry.default === undefined ? '' : style.dim(` = ${JSON.stringify(entry.default)}`)}`,
      `    ${entry.what}`,
    ]),
  ];
}

type FieldTables = Readonly<Record<string, Fields>>;

/** The fields of --json: those of each answer, of refusals, and of the records in them. */
function jsonFieldLines(
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
