import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Act, AGENT_OPTION, commonFlags, JSON_OPTION } from '../../src/cli/common-flags.js';
import { type PlainLine, readPlainLine } from '../../src/cli/plain-line.js';
import { CATALOGUE, VERBS } from '../../src/cli/registry.js';
import { commandTree } from '../../src/cli/tree.js';
import { Input, type Verb, type VerbEntry } from '../../src/commands/verb.js';
import { PROPERTY_RUNS } from '../support/properties.js';

const SILENT = { out: () => undefined, err: () => undefined };
const LOADED = await Promise.all(VERBS.map(async (entry) => ({ entry, verb: await entry.load() })));

/** What commander makes of it; null: an error, or help. */
async function byCommander(entry: VerbEntry, words: readonly string[]): Promise<Parameters<Act> | null> {
  const names = entry.name.split(' ');
  let acted: Parameters<Act> | null = null;
  const act: Act = async (...all) => {
    acted = all;
  };
  const program = await commandTree(CATALOGUE, [names[0], names[1]], act, SILENT);
  await program.parseAsync([...names, ...words], { from: 'user' }).catch(() => undefined);
  return acted;
}

function read(name: string, words: readonly string[]): PlainLine | null {
  const found = LOADED.find(({ entry }) => entry.name === name);
  if (!found) throw new Error(`no verb ${name}`);
  return readPlainLine(words, found.verb);
}

const TEXTS = ['maya', 'src/a', '', '5m', 'a=b', '=', 'a\nb', 'é', '__proto__'];
const TROUBLE = [
  '-',
  '--',
  '-x',
  '-r',
  '--unknown',
  '--help',
  '-h',
  '--Json',
  '--js',
  '--version',
  '-V',
  '--json=',
  '--=x',
];

/** Words that its arguments and options could be given: mostly rightly. */
function linesFor({ options = [] }: Verb): fc.Arbitrary<string[]> {
  const text = fc.constantFrom(...TEXTS);
  const option = fc.constantFrom(...options, AGENT_OPTION, JSON_OPTION).chain(([flags]) => {
    const [spellings = '', value] = flags.split(/ (?=[<[])/);
    const spelling = fc.constantFrom(...spellings.split(', '));
    if (value === undefined) return spelling.map((one) => [one]);
    return fc.oneof(
      fc.tuple(spelling, text),
      fc.tuple(spelling, text).map(([one, other]) => [`${one}=${other}`]),
    );
  });
  const operand = text.map((one) => [one]);
  const trouble = fc.constantFrom(...TROUBLE).map((one) => [one]);
  const bare = option.map(([one = '']) => [one]);
  const some = (most: number, words: fc.Arbitrary<string[]>) => fc.array(words, { maxLength: most });
  return fc
    .tuple(
      some(3, operand),
      some(3, option),
      some(2, operand),
      fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, some(2, fc.oneof(trouble, bare))),
    )
    .chain((parts) => fc.shuffledSubarray(parts.flat(), { minLength: parts.flat().length }))
    .map((words) => words.flat());
}

describe('a plain command line', () => {
  it.each(LOADED)('$entry.name is read as by commander', async ({ entry, verb }) => {
    await fc.assert(
      fc.asyncProperty(linesFor(verb), async (words) => {
        const line = readPlainLine(words, verb);
        if (line === null) return;
        const [, , input, flags] = (await byCommander(entry, words)) ?? [];
        expect(new Input(line.values, line.options)).toEqual(input);
        expect(commonFlags(line.options)).toEqual(flags);
      }),
      { numRuns: PROPERTY_RUNS },
    );
    const own = (verb.options ?? []).some(([flags]) => flags === '--agent <id>');
    const plain = [0, 1, 2, 3].some((count) => readPlainLine(Array(count).fill('a'), verb) !== null);
    expect(plain).toBe(!own);
  });

  it('is what agents type', () => {
    expect(read('claim', ['src/api', '-r', 'paging', '--ttl=1h', '--json', 'docs', '--agent', 'maya'])).toEqual({
      values: [['src/api', 'docs']],
      options: { reason: 'paging', ttl: '1h', json: true, agent: 'maya' },
    });
    expect(read('status', ['--no-fetch'])?.options).toEqual({ fetch: false });
    expect(read('status', [])).toEqual({ values: [[]], options: { fetch: true } });
    expect(read('note', ['hello', '--to', 'noor', '--to=ana'])?.options.to).toEqual(['noor', 'ana']);
    expect(read('guard run', ['pre-commit'])).not.toBeNull();
    expect(read('guard run', ['pre-push', '--', '-x', '--'])?.values).toEqual(['pre-push', ['-x', '--']]);
    expect(read('guard hook', ['claude-code'])).not.toBeNull();
  });

  it.each([
    ['claim', []],
    ['claim', ['src', '--wait']],
    ['claim', ['src', '--wait=5m']],
    ['claim', ['src', '--reason']],
    ['claim', ['src', '--reason', '--json']],
    ['claim', ['src', '--json=yes']],
    ['claim', ['src', '--json', '--json']],
    ['claim', ['src', '--resaon', 'x']],
    ['claim', ['src', '--help']],
    ['verify-token', ['src', '1', '2']],
  ])('is not %s %j, which is left to commander', (name, words) => {
    expect(read(name, words)).toBeNull();
  });
});

it('an agent that looks like an option is refused', () => {
  expect(() => commonFlags({ agent: '--json', json: true })).toThrow(/--agent needs an id/);
  expect(commonFlags({ agent: '', json: true })).toMatchObject({ agent: '', json: true });
});
