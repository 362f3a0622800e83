import { describe, expect, it } from 'vitest';
import { RECORDS } from '../../src/cli/json-records.js';
import { overview } from '../../src/commands/session/overview.js';
import { localFleet } from '../support/fleet.js';
import { ANSWERS, fieldProblems, isType, REFUSALS, typesOf } from '../support/json-fields.js';
import { tour } from '../support/tour.js';

describe('the table of the fields of --json', () => {
  it('has types that there are', () => {
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

  it('is what coord alone answers, in a fleet and outside of a repository', async () => {
    const { as, box, clone } = await localFleet();
    await as('maya', ['claim', 'src/api']);
    for (const cwd of [clone, box.path('.')]) {
      const { code, stdout } = await as('maya', ['--json'], { cwd });
      expect([code, fieldProblems(JSON.parse(stdout).data, overview.answers)]).toEqual([0, []]);
    }
  });
});

/** `--json` stands before the program that a command runs. */
function withJson(words: string): string[] {
  const [own = '', ...program] = words.split(' -- ');
  return [...own.split(' '), '--json', ...program.flatMap((each) => ['--', ...each.split(' ')])];
}
