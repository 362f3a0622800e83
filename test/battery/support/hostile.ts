import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { VERBS } from '../../../src/cli/registry.js';
import type { Verb, VerbEntry } from '../../../src/commands/verb.js';
import { EXIT_TABLE } from '../../../src/errors.js';
import { commandsIn } from '../../support/command-lines.js';
import { type CoordResult, type Sandbox, sandbox } from '../../support/sandbox.js';
import { filesBelow } from '../../support/snapshot.js';

/** Begins a line that coord never prints: seen at the beginning of one, somebody's text has made a record of its own. */
const FORGED = 'claimed forged';
const MEGABYTE = 1024 * 1024;

/** A sandbox with what must stay untouched: a canary that nothing may start, and a folder outside every repository. */
export interface Cage {
  readonly box: Sandbox;
  /** Texts that somebody may give in the place of any other. */
  readonly texts: readonly string[];
  /** PATH and more, so that what is started by mistake leaves its mark. */
  readonly env: Readonly<Record<string, string>>;
  /** What was started or written that should not have been. */
  breaches(): string[];
}

export function cage(): Cage {
  const box = sandbox();
  const mark = box.path('started');
  const outside = box.path('outside');
  box.write(box.directory, 'outside/kept.txt', 'kept\n');
  const canary = box.write(box.directory, 'programs/canary', `#!/bin/sh\ntouch '${mark}'\n`);
  chmodSync(canary, 0o755);
  const before = JSON.stringify(filesBelow(outside));
  return {
    box,
    texts: [...TEXTS, ...commandsOf('canary'), ...commandsOf(canary), ...pathsTo(outside)],
    env: { PATH: `${box.path('programs')}:${box.env.PATH}`, PAGER: 'canary', EDITOR: 'canary', GIT_EDITOR: 'canary' },
    breaches: () => [
      ...(existsSync(mark) ? ['a text was started as a program'] : []),
      ...(JSON.stringify(filesBelow(outside)) === before ? [] : ['something was written outside']),
    ],
  };
}

/** Ways to have a program started. */
function commandsOf(program: string): string[] {
  return [
    `$(${program})`,
    `\`${program}\``,
    `; ${program} #`,
    `| ${program}`,
    `&& ${program}`,
    `'; ${program} '`,
    `"; ${program} "`,
    `\n${program}\n`,
    `--upload-pack=${program}`,
    `--receive-pack=${program}`,
    `--exec=${program}`,
    `-oProxyCommand=${program}`,
    `ext::${program}`,
    `ext::sh -c ${program}% x`,
    `ssh://-oProxyCommand=${program}/x`,
    `-c core.pager=${program}`,
    `--config-env=core.pager=${program}`,
    `--ext-diff=${program}`,
    `!${program}`,
    `${program} x|`,
  ];
}

/** Ways to lead out of the repository. */
function pathsTo(outside: string): string[] {
  return [
    outside,
    join(outside, 'kept.txt'),
    '../outside/kept.txt',
    'src/../../outside/kept.txt',
    `./${'../../'.repeat(40)}${outside.slice(1)}/kept.txt`,
    '..\\outside\\kept.txt',
    `file://${outside}`,
    `--output=${join(outside, 'new.txt')}`,
    `-o${join(outside, 'new.txt')}`,
    `--git-dir=${outside}`,
    `--work-tree=${outside}`,
  ];
}

/** What has given programs trouble before. */
const TEXTS: readonly string[] = [
  ...['', ' ', '\t', '.', '..', '/', '//', '-', '--', '---', '-x', '--help', '-h', '--version', '--agent'],
  ...['--no-fetch', '--force', '--option=value', '-rf', '~', '~root/x', '*', '**', '?', '[', '{a,b', '!', '@', '@{-1}'],
  ...[
    'HEAD',
    '^HEAD',
    'HEAD^{/x}',
    ':/x',
    ':(exclude)*',
    ':(attr:x)',
    'refs/heads/main',
    'a..b',
    'a...b',
    '0'.repeat(40),
  ],
  ...[
    '.git',
    '.git/config',
    '.GIT/config',
    '.git./config',
    'src/.git/hooks/pre-commit',
    'GIT~1/config',
    '.g\u200cit/config',
  ],
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '{"__proto__":{"agent":"x"}}'],
  ...['%s%n%x00%d', '%00', '\\', '\\n', '\\u0000', '\u0000', 'a\u0000b', '\ud800', '\udfff\ud800', '\ufeffx', '\ufffd'],
  ...[`\n${FORGED}/** until`, `\r${FORGED}`, `\u2028${FORGED}`, `\u0085${FORGED}`, `x\n\n${FORGED}\n`, 'a\r\nb'],
  ...[
    '\u001b[2J\u001b[31mred',
    '\u001b]0;title\u0007',
    '\u009b31m',
    '\u0007\u0008\u007f',
    '\u202etxt.exe',
    '\u2066x\u2069',
  ],
  ...[
    '-1',
    '0',
    '1e999',
    'NaN',
    '9'.repeat(400),
    '0x10',
    '5m',
    '-5m',
    '99999999d',
    '1970-01-01T00:00:00Z',
    '+275760-09-13',
  ],
  ...[
    'é',
    'e\u0301',
    '码',
    '🦊',
    'İ',
    'ß',
    'ﬁ',
    'a'.repeat(300),
    'a/'.repeat(3000),
    '/'.repeat(5000),
    '('.repeat(3000),
  ],
  ...['a'.repeat(MEGABYTE), '*'.repeat(MEGABYTE), '[a'.repeat(MEGABYTE / 2), '{'.repeat(20_000), '\n'.repeat(MEGABYTE)],
];

/** A text as a failure can name it. */
export function named(text: string): string {
  const shown = JSON.stringify(text);
  return shown.length <= 80 ? shown : `${shown.slice(0, 60)}… (${text.length})`;
}

const CODES = new Set<number>(EXIT_TABLE.map(({ exit }) => exit));
/** All that moves a cursor, ends a line, turns the direction of writing, or rings; but a newline. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is what is checked
const RAW = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

/** What is wrong with what a command said, whatever it was given. */
export function faultsOf({ code, stdout, stderr }: CoordResult, json: boolean): string[] {
  const said = stdout + stderr;
  const faults: string[] = [];
  if (!CODES.has(code)) faults.push(`exit ${code}`);
  if (code === 1 || /unforeseen|TypeError|RangeError|\n {4}at /.test(said))
    faults.push(`a fault: ${said.slice(0, 300)}`);
  const raw = RAW.exec(json ? stderr : said);
  if (raw) faults.push(`a raw ${JSON.stringify(raw[0])}`);
  if (new RegExp(`^${FORGED}`, 'm').test(said)) faults.push('a forged line');
  if (json && !isOneRecordALine(stdout)) faults.push(`no record a line: ${stdout.slice(0, 200)}`);
  return faults;
}

function isOneRecordALine(stdout: string): boolean {
  const lines = stdout.split('\n');
  if (lines.pop() !== '' || lines.length === 0) return false;
  return lines.every((line) => {
    try {
      return typeof JSON.parse(line) === 'object';
    } catch {
      return false;
    }
  });
}

/** A command line with a place for a text; `take` fills it in. */
export interface HostileLine {
  readonly verb: string;
  /** Where the text stands, in words. */
  readonly place: string;
  take(text: string): readonly string[];
}

/** Each place of each verb where something is typed: those of its examples, and the value of each of its options. */
export async function hostileLines(): Promise<HostileLine[]> {
  const all = await Promise.all(VERBS.map(async (entry) => linesOf(entry, await entry.load())));
  return all.flat();
}

function linesOf({ name, takesCommand }: VerbEntry, verb: Verb): HostileLine[] {
  const length = name.split(' ').length;
  const examples = verb.examples.map(([line]) => endsSoon(commandsIn(line)[0]?.words ?? []));
  const [first = name.split(' ')] = examples;
  // What follows is a program of the user's, and is to be started.
  const command = takesCommand ? ['--', 'true'] : [];
  const inExamples = examples.flatMap((words) =>
    words.flatMap((word, index): HostileLine[] => {
      if (index < length || (word.startsWith('-') && !word.includes('='))) return [];
      const start = word.startsWith('-') ? word.slice(0, word.indexOf('=') + 1) : '';
      const take = (text: string) => [
        ...words.slice(0, index),
        `${start}${text}`,
        ...words.slice(index + 1),
        ...command,
      ];
      return [{ verb: name, place: `word ${index} of coord ${words.join(' ')}`, take }];
    }),
  );
  const inOptions = (verb.options ?? []).flatMap(([flags]): HostileLine[] => {
    const [, option = '', value] = /^(--[\w-]+)(?: ([<[].*))?$/.exec(flags) ?? [];
    if (value === undefined || option === '--wait' || option === '--timeout') return [];
    const place = `${option} of coord ${name}`;
    return [
      { verb: name, place, take: (text) => [...first, `${option}=${text}`, ...command] },
      { verb: name, place: `${place}, apart`, take: (text) => [...first, option, text, ...command] },
    ];
  });
  const more = {
    verb: name,
    place: `one word more, coord ${name}`,
    take: (text: string) => [...first, text, ...command],
  };
  return [...inExamples, ...inOptions, more];
}

/** The words of an example, without what waits or goes on for ever, and without `--json`: who asks adds it. */
function endsSoon(words: readonly string[]): string[] {
  return words.filter((word) => !/^--(?:(?:wait|follow|timeout|prove)\b|json$)/.test(word));
}
