import { describe, expect, it } from 'vitest';
import { commitByHand } from '../support/by-hand.js';
import { errorOf, fleetWithClaims } from '../support/envelope.js';
import { localFleet } from '../support/fleet.js';

describe('exit codes', () => {
  it('2: no identity, and how to set one; nothing is guessed', async () => {
    const { clone, box } = await localFleet();
    for (const args of [['claim', 'a'], ['renew'], ['release', '--all'], ['status', '--mine']]) {
      const error = errorOf(await box.coord(clone, [...args, '--json']), args[0] ?? '', 'usage');
      expect(error.hint).toMatch(/--agent ID.*COORD_AGENT=ID.*coord session start/);
      expect(error.details).toEqual({ candidates: [] });
    }
    expect((await box.coord(clone, ['status'])).code).toBe(0);
  });

  it.each([
    [['claim']],
    [['claim', '']],
    [['claim', 'a', '--ttl', '0s']],
    [['claim', 'a', '--ttl', '-5m']],
    [['claim', 'a', '--ttl=-5m']],
    [['claim', 'a', '--ttl', '5h']],
    [['claim', 'a', '--ttl', 'soon']],
    [['claim', 'a', '--ttl']],
    [['claim', 'a', '--expect', '0m']],
    [['claim', 'a', '--literal', '--glob']],
    [['claim', 'a', '--reason', 'x'.repeat(1_001)]],
    [['claim', 'a', '--agent', 'not an id']],
    [['claim', 'a', '--nonsense']],
    [['release']],
    [['release', 'a', '--all']],
    [['release', '--all', '--commit', 'no-such-commit']],
    [['release', '--all', '--commit', '--upload-pack=x']],
    [['renew', '--ttl', '0s']],
    [['renew', '--ttl', '5h']],
    [['status', '/outside']],
    [['init', '--branch', 'a..b']],
  ])('2: %j', async (args) => {
    const fleet = await fleetWithClaims();
    const before = fleet.box.git(fleet.clone, 'rev-parse', 'coord/state');
    errorOf(await fleet.as('maya', [...args, '--json']), args[0] ?? '', 'usage');
    const words = await fleet.as('maya', args);
    expect([words.code, words.stdout, words.stderr]).toEqual([2, '', expect.stringMatching(/\nnext: ./)]);
    expect(fleet.box.git(fleet.clone, 'rev-parse', 'coord/state')).toBe(before);
  });

  it('4: what is not held', async () => {
    const { as } = await fleetWithClaims();
    for (const verb of ['release', 'renew']) {
      const theirs = errorOf(await as('noor', [verb, 'src/api', '--json']), verb, 'lost');
      expect(theirs.details.targets).toMatchObject([{ target: 'src/api/**', why: 'held-by-other' }]);
      const nobodys = errorOf(await as('noor', [verb, 'README.md', '--json']), verb, 'lost');
      expect(nobodys.details.targets).toMatchObject([{ target: 'README.md', why: 'not-held' }]);
      const part = errorOf(await as('maya', [verb, 'src/api/users.ts', '--json']), verb, 'lost');
      expect([part.message, part.hint]).toEqual([
        expect.stringMatching(/^src\/api\/users\.ts: only a part of src\/api\/\*\*\n/),
        `coord ${verb} src/api/`,
      ]);
    }
    expect((await as('noor', ['release', '--all'])).stdout).toBe('you hold no claims\n');
  });

  it('5: a release of ground with uncommitted changes, unless it says so on the record', async () => {
    const { box, clone, as } = await fleetWithClaims();
    box.write(clone, 'src/api/users.ts', 'changed\n');
    box.write(clone, 'src/api/new.ts', 'new\n');
    box.write(clone, 'README.md', 'not on this ground\n');
    const error = errorOf(await as('maya', ['release', 'src/api', '--json']), 'release', 'behind');
    const paths = ['src/api/new.ts', 'src/api/users.ts'];
    const places = paths.map((path) => ({ path, where: null }));
    expect(error.details).toEqual({ reason: 'uncommitted', paths, places, next: expect.any(String) });
    expect((await as('maya', ['release', '--all'])).code).toBe(5);
    expect((await as('maya', ['release', '@db'])).code).toBe(0);
    expect((await as('maya', ['release', 'src/api', '--uncommitted'])).code).toBe(0);
    expect(box.git(clone, 'log', '-1', '--format=%b', 'coord/state')).toContain('"uncommitted":true');
  });

  it('8: damaged or newer state, with every problem; nothing is overwritten', async () => {
    const { box, clone, as } = await fleetWithClaims();
    const source = box.git(clone, 'show', 'coord/state:claims.json');
    const twice = source.replace('"exclusive"', '"both"').replace('"kind":"resource"', '"kind":"thing"');
    for (const [text, problems] of [
      [twice, ['claims[0].mode', 'claims[1].kind']],
      ['{"format":2}', ['format: 2 is newer than 1']],
      ['not json', ['claims.json: not JSON']],
    ] as const) {
      const damaged = commitByHand(box, clone, { 'claims.json': text });
      for (const args of [['status'], ['claim', 'b'], ['release', 'src/api'], ['renew'], ['init']]) {
        const error = errorOf(await as('maya', [...args, '--json']), args[0] ?? '', 'corrupt');
        for (const problem of problems) {
          expect(error.details.problems).toEqual(expect.arrayContaining([expect.stringContaining(problem)]));
          if (!text.startsWith('{"format":2')) expect(error.message).toContain(problem);
        }
      }
      expect(box.git(clone, 'rev-parse', 'coord/state')).toBe(damaged);
      expect(box.git(clone, 'show', 'coord/state:claims.json')).toBe(text);
    }
  });

  it('2: a damaged configuration, with every problem; nothing is overwritten', async () => {
    const { box, clone, as } = await fleetWithClaims();
    const text = '{"brunch":"x","ttl":{"default":"soon","max":5},"surface":"src"}';
    box.write(clone, 'coord.config.json', text);
    const before = box.git(clone, 'rev-parse', 'coord/state');
    for (const args of [['status'], ['claim', 'b'], ['release', '--all'], ['renew'], ['init']]) {
      const error = errorOf(await as('maya', [...args, '--json']), args[0] ?? '', 'usage');
      expect(error.details).toMatchObject({ file: 'coord.config.json' });
      expect(error.details.problems).toHaveLength(4);
      for (const name of ['brunch', 'ttl.default', 'ttl.max', 'surface']) expect(error.message).toContain(`${name}:`);
    }
    expect(box.git(clone, 'rev-parse', 'coord/state')).toBe(before);
    box.write(clone, 'coord.config.json', '{');
    expect((await as('maya', ['status'])).code).toBe(2);
    expect((await as('maya', ['help'])).code).toBe(0);
  });
});

it.each([
  ['@task', 'coord task take'],
  ['@task/t3', 'coord task take t3'],
  ['@deploy', 'coord help deploy'],
  ['@deploy/prod', 'coord help deploy'],
  ['@once/key', 'coord help once'],
  ['@land/main', 'coord land'],
])('what stands for something else names the verb that claims it: %s', async (target, hint) => {
  const fleet = await localFleet();
  for (const words of [
    ['claim', target],
    ['claim', target, '--wait=1s'],
    ['run', target, '--', 'true'],
  ]) {
    const { error } = (await fleet.as('maya', [words[0] ?? '', '--json', ...words.slice(1)])).json();
    expect(error).toMatchObject({ exit: 2, hint, details: { reason: 'reserved', target } });
  }
});
