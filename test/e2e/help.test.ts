import { expect, test } from 'vitest';
import { GROUP_SUMMARIES, SUBJECTS, subjectOf } from '../../src/cli/catalogue.js';
import { RECORDS } from '../../src/cli/json-records.js';
import { CATALOGUE, VERBS } from '../../src/cli/registry.js';
import { EXIT_TABLE } from '../../src/errors.js';
import { ANSWERS, REFUSALS } from '../support/json-fields.js';
import { sandbox } from '../support/sandbox.js';

const NAMES = VERBS.map(({ name }) => name);

test('coord help and coord --help say the same, what a newcomer needs first', async () => {
  const box = sandbox();
  const [help, option] = await Promise.all([['help'], ['--help']].map((args) => box.coord(box.home, args)));
  expect(help?.code).toBe(0);
  expect(option?.stdout).toBe(help?.stdout);
  const listed = [...(help?.stdout ?? '').matchAll(/^ {2}([a-z][\w-]+) {2,}/gm)].map((match) => match[1]);
  expect(listed).toEqual(CATALOGUE.heads());
  for (const verb of ['claim', 'release', 'status', 'sync-check']) expect(listed.indexOf(verb)).toBeLessThan(5);
});

test('every command stands under one subject, and every group says what it is about', () => {
  for (const head of CATALOGUE.heads()) {
    expect([head, subjectOf(head)]).not.toEqual([head, 'More']);
    expect(SUBJECTS.filter(([, commands]) => commands.includes(head))).toHaveLength(1);
    if (CATALOGUE.tailsOf(head).length > 0) expect([head, GROUP_SUMMARIES[head] ?? '']).not.toEqual([head, '']);
  }
});

test.each(NAMES)('coord %s --help has an example and is what coord help prints', async (name) => {
  const box = sandbox();
  const words = name.split(' ');
  const [option, help] = await Promise.all([
    box.coord(box.home, [...words, '--help']),
    box.coord(box.home, ['help', ...words]),
  ]);
  expect(option.stdout).toMatch(/^Examples?:\n {2}.*\bcoord /m);
  expect(option.stdout).toContain(`coord ${words[0]}`);
  expect([help.code, option.code]).toEqual([0, 0]);
  expect(help.stdout.trimEnd()).toBe(option.stdout.trimEnd());
});

test('help is data with --json, however it is asked for', async () => {
  const box = sandbox();
  const [help, option, all] = await Promise.all(
    [
      ['help', 'claim', '--json'],
      ['claim', '--help', '--json'],
      ['--json', '--help'],
    ].map((args) => box.coord(box.home, args)),
  );
  expect(help?.json().data).toMatchObject({ name: 'claim', options: expect.any(Array), examples: expect.any(Array) });
  expect(option?.stdout).toBe(help?.stdout);
  expect(
    all
      ?.json()
      .data.commands.map((command: { name: string }) => command.name)
      .sort(),
  ).toEqual([...NAMES].sort());
});

test('coord help exit-codes gives the exit table, in words and as data', async () => {
  const box = sandbox();
  const words = await box.coord(box.home, ['help', 'exit-codes']);
  for (const { exit, code, when } of EXIT_TABLE) {
    expect(words.stdout).toMatch(new RegExp(`^ *${exit} +${code} `, 'm'));
    expect(words.stdout).toContain(when);
  }
  const data = await box.coord(box.home, ['help', 'exit-codes', '--json']);
  expect(data.json().data.exitCodes).toEqual(EXIT_TABLE);
});

test('coord help config names the keys with their defaults', async () => {
  const box = sandbox();
  const { stdout } = await box.coord(box.home, ['help', 'config']);
  expect(stdout).toContain('ttl.default = "30m"');
  expect(stdout).toContain('surface = []');
});

test.each([
  [['clam', 'src'], 'unknown command: clam (did you mean claim?)', 'coord help claim'],
  [['lock', "it's here"], 'unknown command: lock', `coord claim 'it'\\''s here'`],
  [['agents', 'kill', 'noor'], 'unknown command: agents', 'coord agent kill noor'],
  [['--agent', 'maya', 'unlock', 'src'], 'unknown command: unlock', 'coord release src'],
  [['clam', '--help'], 'unknown command: clam (did you mean claim?)', 'coord help claim'],
  [['--agent', 'maya', 'statsu'], 'unknown command: statsu (did you mean status?)', 'coord help status'],
  [['sesion', 'start'], 'unknown command: sesion (did you mean session?)', 'coord help session'],
  [['session', 'strat', '--role', 'worker'], 'did you mean session start?', 'coord help session start'],
  [['rules', 'lst'], 'unknown command: rules lst (did you mean rules list?)', 'coord help rules list'],
  [
    ['task', 'foo'],
    'unknown command: task foo; coord task has list, add, show, take, done, return, edit, drop, report',
    'coord help task',
  ],
  [['gate', 'prod'], 'unknown command: gate prod; coord gate has list, show, check, request, sign', 'coord help gate'],
  [['rules', 'foo'], 'unknown command: rules foo; coord rules has list, show, lint', 'coord help rules'],
  [['task', 'create', 'paginate users'], 'unknown command: task create', "coord task add 'paginate users'"],
  [['land', 'foo'], 'it takes fewer words than that: coord land', 'coord help land'],
  [['note', 'a', 'b'], 'coord note <text> (a text with spaces needs quotes)', 'coord help note'],
  [['task', '--ready', 'foo'], 'it takes fewer words than that: coord task list', 'coord help task list'],
  [['verify-token', 'src'], '<token> is missing: coord verify-token <target> <token>', 'coord help verify-token'],
  [['task', 'show'], '<id> is missing: coord task show <id>', 'coord help task show'],
  [['help', 'clam'], 'did you mean claim?', 'coord help claim'],
  [['help', 'exit-code'], 'did you mean exit-codes?', 'coord help exit-codes'],
  [['xyzzy'], 'unknown command: xyzzy', 'coord help'],
  [['claim', 'src', '--reson', 'x'], "unknown option '--reson' (did you mean --reason?)", 'coord claim --help'],
  [['--frobnicate'], "unknown option '--frobnicate'", 'coord --help'],
  [['--json'], 'no command was named', 'coord help'],
])('coord %j is refused as usage, with the nearest name', async (args, message, hint) => {
  const box = sandbox();
  const asData = await box.coord(box.home, [...args, '--json']);
  expect(asData.code).toBe(2);
  expect(asData.json().error.message).toContain(message);
  expect(asData.json().error.hint).toBe(hint);
});

test('a group without a verb prints its help; for a program that is a usage error', async () => {
  const box = sandbox();
  const words = await box.coord(box.home, ['session']);
  expect([words.code, words.stderr]).toEqual([0, '']);
  for (const tail of CATALOGUE.tailsOf('session')) expect(words.stdout).toMatch(new RegExp(`^ {2}${tail} `, 'm'));
  const data = await box.coord(box.home, ['session', '--json']);
  expect(data.code).toBe(2);
  expect(data.json().error.message).toContain(`coord session has ${CATALOGUE.tailsOf('session').join(', ')}`);
});

test('what follows -- is another program’s: its --help and --json are not ours', async () => {
  const box = sandbox();
  const { code, stdout } = await box.coord(box.repository(), ['claim', '--', '--help', '--json']);
  expect(code).toBe(2);
  expect(stdout).toBe('');
});

test('a shell without a script is refused', async () => {
  const box = sandbox();
  const result = await box.coord(box.home, ['completion', 'tcsh', '--json']);
  expect(result.code).toBe(2);
  expect(result.json().error.hint).toBe('one of: bash, zsh, fish');
});

test('coord help json gives the fields of every command, in words and as data', async () => {
  const box = sandbox();
  const words = await box.coord(box.home, ['help', 'json']);
  for (const name of NAMES) expect(words.stdout).toContain(`\ncoord ${name}\n`);
  expect(words.stdout).toContain('    token: number, fencing token');
  const data = await box.coord(box.home, ['help', 'json', '--json']);
  expect(data.json().data).toEqual({ answers: ANSWERS, refusals: REFUSALS, records: RECORDS });
});
