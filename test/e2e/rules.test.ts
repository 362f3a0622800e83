import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { digestInput } from '../../src/domain/rules/parse.js';
import { localFleet, sharedFleet } from '../support/fleet.js';
import { sandbox } from '../support/sandbox.js';

const IDS = [
  'verify-before-done',
  'honest-reporting',
  'no-placeholders-in-production',
  'load-memory-before-acting',
  'claim-before-you-change',
  'sync-before-you-deploy',
  'keep-working-through-interruptions',
];
const OWN_RULE = '## be-kind: Be kind\n\nAnswer each note within the hour.\n';

function idsOf(rules: readonly { id: string }[]): string[] {
  return rules.map(({ id }) => id);
}

describe('rules', () => {
  it('lists the rules of the main branch with their digest', async () => {
    const fleet = await localFleet();
    const { data } = (await fleet.as('maya', ['rules', '--json'])).json();
    expect(idsOf(data.rules)).toEqual(IDS);
    const files = ['rules/core.md', 'rules/project.md', 'rules/README.md'].map((file) => ({
      file,
      text: readFileSync(join(fleet.clone, file), 'utf8'),
    }));
    expect(data.digest).toBe(createHash('sha256').update(digestInput(files)).digest('hex'));
    expect(data).toMatchObject({ source: 'main', commit: fleet.box.git(fleet.clone, 'rev-parse', 'main') });
    expect(data.rules[0]).toEqual({
      id: 'verify-before-done',
      title: 'Verify before done',
      text: expect.any(String),
      file: 'rules/core.md',
    });
    const words = await fleet.as('maya', ['rules', 'list']);
    expect(words.stdout.split('\n')[0]).toBe(
      `rules ${data.digest.slice(0, 12)} from main (${data.commit.slice(0, 7)})`,
    );
    for (const id of IDS) expect(words.stdout).toContain(`- ${id}: `);
    expect((await fleet.as('maya', ['rules'])).stdout).toBe(words.stdout);
  });

  it('needs no identity and no state ref, from any folder', async () => {
    const box = sandbox();
    const clone = box.repository();
    box.commit(clone, 'rules/own.md', OWN_RULE);
    box.write(clone, 'deep/er/file', '');
    const { code, stdout } = await box.coord(join(clone, 'deep/er'), ['rules', 'list', '--json']);
    expect(code).toBe(0);
    expect(idsOf(JSON.parse(stdout).data.rules)).toEqual(['be-kind']);
  });

  it('reads the working copy while the main branch has no rules, and says so', async () => {
    const box = sandbox();
    const clone = box.repository();
    box.commit(clone, 'README.md', 'x\n');
    await box.coord(clone, ['init']);
    const { data } = (await box.coord(clone, ['rules', '--json'])).json();
    expect(data).toMatchObject({ source: 'working copy', commit: null, differing: [] });
    expect(idsOf(data.rules)).toEqual(IDS);
    expect((await box.coord(clone, ['rules'])).stdout).toContain('from the working copy: the main branch has none yet');
  });

  it('says where there are no rules at all', async () => {
    const box = sandbox();
    const clone = box.repository();
    const { code, stdout } = await box.coord(clone, ['rules', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout).data).toMatchObject({ digest: null, rules: [] });
    expect((await box.coord(clone, ['rules'])).stdout).toContain('coord init');
  });

  it('is not led astray by the working copy, and points out that it differs', async () => {
    const fleet = await sharedFleet();
    fleet.box.write(fleet.clone, 'rules/own.md', OWN_RULE);
    const { data } = (await fleet.as('maya', ['rules', '--json'])).json();
    expect(idsOf(data.rules)).toEqual(IDS);
    expect(data).toMatchObject({ source: 'origin/main', differing: ['rules/own.md'] });
    fleet.box.git(fleet.clone, 'rm', '--quiet', 'rules/core.md');
    fleet.box.git(fleet.clone, 'commit', '--quiet', '--message', 'no more rules for me');
    const after = await fleet.as('maya', ['rules']);
    expect(after.stdout).toContain('claim-before-you-change');
    expect(after.stdout).toContain('your working copy differs (rules/core.md, rules/own.md)');
  });

  it('knows what sync-check has fetched, though git has not', async () => {
    const fleet = await sharedFleet();
    const other = fleet.box.clone(fleet.remote);
    const commit = fleet.box.commit(other, 'rules/own.md', OWN_RULE);
    fleet.box.git(other, 'push', '--quiet', 'origin', 'main');
    const before = (await fleet.as('maya', ['rules', '--json'])).json().data;
    expect(idsOf(before.rules)).toEqual(IDS);
    expect((await fleet.as('maya', ['sync-check'])).code).toBe(5);
    const { data } = (await fleet.as('maya', ['rules', '--json'])).json();
    expect(data).toMatchObject({ source: 'origin/main', commit });
    expect(idsOf(data.rules)).toContain('be-kind');
    expect(data.digest).not.toBe(before.digest);
  });

  it('reads packed objects and refs in the same way', async () => {
    const fleet = await sharedFleet();
    const loose = (await fleet.as('maya', ['rules', '--json'])).json().data;
    fleet.box.git(fleet.clone, 'gc', '--quiet');
    expect((await fleet.as('maya', ['rules', '--json'])).json().data).toEqual(loose);
  });

  it('takes the folder from the configuration, with folders in it, and none outside of the repository', async () => {
    const fleet = await localFleet();
    const configure = (rules: string) => {
      fleet.box.write(fleet.clone, 'coord.config.json', JSON.stringify({ mainBranch: 'main', rules }));
    };
    fleet.box.commit(fleet.clone, 'docs/[rules]/team/own.md', OWN_RULE);
    configure('./docs/[rules]/');
    expect(idsOf((await fleet.as('maya', ['rules', '--json'])).json().data.rules)).toEqual(['be-kind']);
    for (const outside of ['../rules', '/rules', '.', 'a/../..']) {
      configure(outside);
      const { code, json } = await fleet.as('maya', ['rules', '--json']);
      expect([outside, code]).toEqual([outside, 2]);
      expect(json().error.hint).toContain('coord.config.json');
    }
  });
});

describe('rules show', () => {
  it('shows one rule, whatever the case of its id', async () => {
    const fleet = await localFleet();
    const { stdout } = await fleet.as('maya', ['rules', 'show', 'Honest-Reporting']);
    expect(stdout).toMatch(/^honest-reporting: Honest reporting\n {2}\S.*\n {2}in rules\/core\.md\n/);
    const { data } = (await fleet.as('maya', ['rules', 'show', 'honest-reporting', '--json'])).json();
    expect(idsOf(data.rules)).toEqual(['honest-reporting']);
    expect(data.digest).toMatch(/^[0-9a-f]{64}$/);
  });

  it('suggests the nearest for an id that is not there', async () => {
    const fleet = await localFleet();
    const near = await fleet.as('maya', ['rules', 'show', 'honest-reportign', '--json']);
    expect(near.code).toBe(2);
    expect(near.json().error).toMatchObject({
      message: 'no such rule: honest-reportign (did you mean honest-reporting?)',
      hint: 'coord rules show honest-reporting',
      details: { known: IDS },
    });
    expect((await fleet.as('maya', ['rules', 'show', 'xyzzy', '--json'])).json().error.hint).toBe('coord rules');
  });
});

describe('rules lint', () => {
  it('passes with warnings alone', async () => {
    const fleet = await localFleet();
    const { code, stdout } = await fleet.as('maya', ['rules', 'lint']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^rules\/project\.md:\d+: warning: slot-1 /m);
    expect(stdout).toContain('sound: 7 rules in rules, 3 warnings');
    const { data } = (await fleet.as('maya', ['rules', 'lint', '--json'])).json();
    expect(data.problems).toHaveLength(3);
  });

  it('looks at what is being edited, and refuses errors with all problems', async () => {
    const fleet = await localFleet();
    fleet.box.write(fleet.clone, 'rules/own.md', `${OWN_RULE}\n${OWN_RULE}\n## empty-one: Empty\n`);
    const { code, json } = await fleet.as('maya', ['rules', 'lint', '--json']);
    expect(code).toBe(2);
    const { error } = json();
    expect(
      error.details.problems.map(({ code, severity }: { code: string; severity: string }) => [code, severity]),
    ).toEqual([
      ['duplicate-id', 'error'],
      ['empty', 'error'],
      ['left-over-slot', 'warning'],
      ['left-over-slot', 'warning'],
      ['left-over-slot', 'warning'],
    ]);
    expect(error.message).toContain('rules/own.md:5: error: be-kind is already at rules/own.md:1');
  });

  it('is a usage error where there is nothing to look at', async () => {
    const box = sandbox();
    expect((await box.coord(box.repository(), ['rules', 'lint'])).code).toBe(2);
  });
});
