import { describe, expect, it } from 'vitest';
import { ANSWERS, REFUSALS } from '../../src/cli/json-fields.js';
import { RECORDS } from '../../src/cli/json-records.js';
import { VERBS } from '../../src/cli/registry.js';
import { deployFleet } from '../support/deploying.js';
import { fieldProblems, isType, typesOf } from '../support/json-fields.js';

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
    const fleet = await deployFleet();
    const { box, clone, as, land } = fleet;
    const bench = box.worktree(clone);
    const seen = new Set<string>();
    const problems: string[] = [];
    const run = async (agent: string, words: string, { exit = 0, cwd = clone } = {}) => {
      const [own = '', program] = words.split(' -- ');
      const args = [...own.split(' '), '--json', ...(program === undefined ? [] : ['--', ...program.split(' ')])];
      const result = await as(agent, args, { cwd });
      const { command, ok, data, error } = JSON.parse(result.stdout.trimEnd().split('\n').at(-1) ?? '');
      if (result.code !== exit) problems.push(`coord ${words}: exit ${result.code}: ${error?.message}`);
      const fields = ok ? ANSWERS[command] : REFUSALS[command];
      if (fields) problems.push(...fieldProblems(ok ? data : error.details, fields, `coord ${words}`));
      seen.add(command);
      return data;
    };
    await run('maya', 'session start --role orchestrator');
    await run('maya', 'init');
    await run('maya', 'claim src/api @db --reason why');
    await run('noor', 'claim src/api/users.ts README.md', { exit: 3 });
    await run('noor', 'session start', { cwd: bench });
    await run('noor', 'status', { cwd: bench });
    await run('noor', 'conflicts', { cwd: bench });
    await run('noor', 'conflicts --all', { cwd: bench });
    await run('maya', 'renew');
    await run('maya', 'verify-token src/api 1', { exit: 4 });
    await run('maya', 'handoff @db --to noor');
    await run('noor', 'handoff decline @db', { cwd: bench });
    await run('maya', 'handoff @db --to noor');
    await run('noor', 'handoff accept @db', { cwd: bench });
    await run('maya', 'claim @db --take-over --reason late');
    await run('maya', 'status docs --wait');
    await run('maya', 'run @x -- true');
    for (const words of ['once k -- echo hi', 'once k -- echo hi', 'once k --forget']) await run('maya', words);
    await run('maya', 'sync-check');
    const { notes } = await run('noor', 'note hello --to maya --needs-ack maya', { cwd: bench });
    await run('maya', 'inbox');
    await run('maya', `ack ${notes[0].id}`);
    await run('maya', 'log');
    await run('maya', 'agent state busy');
    await run('maya', 'agent list');
    await run('maya', 'gate list');
    await run('maya', 'gate show tests');
    await run('maya', 'gate check prod');
    await run('maya', 'deploy prod --dry-run -- true');
    await run('maya', 'deploy prod -- true');
    await run('maya', 'deploy list');
    await run('maya', 'deploy show prod');
    land('src/web/b.ts');
    await run('maya', 'release src/api');
    await run('maya', 'claim src/web');
    box.commit(clone, 'src/web/b.ts', 'more\n');
    await run('maya', 'land');
    await run('maya', 'release --merged HEAD');
    await run('maya', 'doctor --compact --dry-run');
    await run('noor', 'sync-check', { exit: 5, cwd: bench });
    const hand = box.worktree(clone);
    await run('w1', 'session start --role worker', { cwd: hand });
    await run('w1', 'session scratch', { cwd: hand });
    box.write(hand, 'src/api/users.ts', 'changed\n');
    const { submission } = await run('w1', 'submit src/api --note paging', { cwd: hand });
    await run('maya', 'integrate');
    await run('maya', 'claim src/api');
    await run('maya', `integrate ${submission.id} --patch`);
    await run('maya', `integrate ${submission.id}`);
    for (const words of ['events', 'metrics', 'doctor', 'audit HEAD~1..HEAD', 'rules list', 'rules lint']) {
      await run('maya', words);
    }
    for (const words of [
      'task add paging --scope lib',
      'task list',
      'task show t1',
      'task take',
      'task return --reason later',
      'task edit t1 --priority 1',
      'task take t1',
      'task done t1 --result paged',
      'task add more',
      'task drop t2 --reason no',
      'task report',
    ]) {
      await run('maya', words);
    }
    await run('maya', 'rules show verify-before-done');
    await run('noor', 'agent kill noor --reason slow', { exit: 6, cwd: bench });
    await run('maya', 'agent kill noor --reason slow');
    await run('maya', 'agent revive noor');
    for (const words of ['completion bash', 'help', 'help claim', 'session end']) await run('maya', words);
    expect(problems).toEqual([]);
    expect(seen.size).toBeGreaterThan(35);
  });
});
