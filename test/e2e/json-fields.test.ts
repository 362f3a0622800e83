import { describe, expect, it } from 'vitest';
import { ANSWERS, REFUSALS } from '../../src/cli/json-fields.js';
import { RECORDS } from '../../src/cli/json-records.js';
import { VERBS } from '../../src/cli/registry.js';
import { fieldProblems, isType, typesOf } from '../support/json-fields.js';
import { tour } from '../support/tour.js';

describe('the table of the fields of --json', () => {
  it('has each verb, and types that there are', () => {
    expect(Object.keys(ANSWERS).sort()).toEqual(VERBS.map(({ name }) => name).sort());
    for (const verb of Object.keys(REFUSALS)) expect(Object.keys(ANSWERS)).toContain(verb);
    const all = [...Object.values(RECORDS), ...Object.values(ANSWERS), ...Object.values(REFUSALS)].flatMap(typesOf);
    for (const type of all) expect([type, isType(type)]).toEqual([type, true]);
  });

  it('finds what is not as it says', () => {
    const claims = [{ ...Object.fromEntries(Object.keys(RECORDS.Claim ?? {}).map((name) => [name, 1])), more: 1 }];
    const problems = fieldProblems({ claims, other: 1 }, { ...ANSWERS.claim, gone: 'text' });
    expect(problems).toEqual(
      expect.arrayContaining(['data.other is not listed', 'data.gone is missing', 'data.claims[0].more is not listed']),
    );
    expect(problems).toContain('data.claims[0].agent is 1, not text');
    expect(problems.some((problem) => problem.startsWith('data.claims[0].token'))).toBe(false);
  });

  it('is what the program answers', async () => {
    const seen = new Set<string>();
    const problems: string[] = [];
    await tour(({ as, clone }) => async (agent, words, { exit = 0, cwd = clone } = {}) => {
      const result = await as(agent, withJson(words), { cwd });
      const { command, ok, data, error } = JSON.parse(result.stdout.trimEnd().split('\n').at(-1) ?? '');
      if (result.code !== exit) problems.push(`coord ${words}: exit ${result.code}: ${error?.message}`);
      const fields = ok ? ANSWERS[command] : REFUSALS[command];
      if (fields) problems.push(...fieldProblems(ok ? data : error.details, fields, `coord ${words}`));
      seen.add(command);
    });
    expect(problems).toEqual([]);
    expect(seen.size).toBeGreaterThan(35);
  });
});

/** `--json` stands before the program that a command runs. */
function withJson(words: string): string[] {
  const [own = '', ...program] = words.split(' -- ');
  return [...own.split(' '), '--json', ...program.flatMap((each) => ['--', ...each.split(' ')])];
}
