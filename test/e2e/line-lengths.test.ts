import { expect, it } from 'vitest';
import { CATALOGUE, VERBS } from '../../src/cli/registry.js';
import { helpText } from '../../src/cli/tree.js';
import { tour } from '../support/tour.js';

/** What a terminal of two halves shows; a path or a text of a person may be longer by itself. */
const WIDEST = 140;

/** A rule of the repository, as somebody wrote it. */
const RULE = /^- [a-z-]+: /;

/** What is read by a program, or is a program. */
const NOT_FOR_PEOPLE = ['completion bash'];

function longLines(text: string): string[] {
  return text.split('\n').filter((line) => [...line].length > WIDEST);
}

it('no command answers in lines that wrap', async () => {
  const found: string[] = [];
  await tour(({ as, clone }) => async (agent, words, { exit = 0, cwd = clone } = {}) => {
    const { code, stdout, stderr } = await as(agent, words.split(' '), { cwd });
    expect([words, code, stderr]).toEqual([words, exit, expect.any(String)]);
    if (NOT_FOR_PEOPLE.includes(words)) return;
    const lines = longLines(`${stdout}\n${stderr}`).filter((line) => !RULE.test(line));
    found.push(...lines.map((line) => `${words}: ${line}`));
  });
  expect(found).toEqual([]);
});

it('no help does', async () => {
  for (const { name } of VERBS) {
    expect([name, longLines(await helpText(CATALOGUE, name.split(' ')))]).toEqual([name, []]);
  }
});
