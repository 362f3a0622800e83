import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type SharedFleet, sharedFleet } from '../support/fleet.js';

/** The lines of standard error that speak of what does not decide here. */
async function told(fleet: SharedFleet, args: readonly string[] = ['status']): Promise<string[]> {
  const { stderr } = await fleet.as('maya', args);
  return stderr.split('\n').filter((line) => /another repository|judges|in force/.test(line));
}

async function doctorSays(fleet: SharedFleet, id: string): Promise<string | undefined> {
  const { findings } = (await fleet.as('maya', ['doctor', '--json'])).json().data;
  return findings.find((finding: { id: string }) => finding.id === id)?.message;
}

describe('a remote beside another repository that the main branch follows', () => {
  const FORKS: readonly [string, (fleet: SharedFleet, other: string) => void, string | null][] = [
    ['the main branch follows it', (fleet, other) => follows(fleet, 'upstream', other), 'main follows upstream/main'],
    [
      'the branch that is checked out follows it',
      (fleet, other) => {
        fleet.box.git(fleet.clone, 'switch', '--quiet', '--create', 'topic');
        follows(fleet, 'team', other);
      },
      'topic follows team/main',
    ],
    [
      'gh has noted that it is what this one was forked from',
      ({ box, clone }, other) => {
        box.git(clone, 'remote', 'add', 'base', other);
        box.git(clone, 'config', 'remote.base.gh-resolved', 'base');
      },
      'base/main is what this repository was forked from',
    ],
    ['it is only there', ({ box, clone }, other) => box.git(clone, 'remote', 'add', 'backup', other), null],
    ['it is the same repository by another name', (fleet) => follows(fleet, 'again', `file://${fleet.remote}`), null],
    [
      'the clone was told which remote is meant',
      (fleet, other) => {
        follows(fleet, 'upstream', other);
        fleet.box.git(fleet.clone, 'config', 'coord.remote', 'origin');
      },
      null,
    ],
  ];

  function follows({ box, clone }: SharedFleet, name: string, address: string): void {
    box.git(clone, 'remote', 'add', name, address);
    box.git(clone, 'fetch', '--quiet', name);
    box.git(clone, 'branch', '--quiet', `--set-upstream-to=${name}/main`);
  }

  it.each(FORKS)('%s', async (_, change, words) => {
    const fleet = await sharedFleet();
    const other = fleet.box.path('other.git');
    fleet.box.git(fleet.box.directory, 'clone', '--quiet', '--bare', fleet.remote, other);
    change(fleet, other);
    const expected = words === null ? [] : [expect.stringContaining(words)];
    expect(await told(fleet)).toEqual(expected);
    expect(await told(fleet)).toEqual([]);
    expect(await told(fleet, ['sync-check'])).toEqual(expected);
    expect(await told(fleet, ['session', 'start'])).toEqual(expected);
    if (words === null) expect(await doctorSays(fleet, 'fork')).toBeUndefined();
    else expect(await doctorSays(fleet, 'fork')).toContain(words);
  });
});

describe('a working copy of the configuration', () => {
  const COPIES: readonly [string, (text: string) => string | null, string | null][] = [
    ['as it is on the main branch', (text) => text, null],
    ['written otherwise', (text) => `${JSON.stringify(JSON.parse(text))}\n`, null],
    ['that turns sharing off', (text) => JSON.stringify({ ...JSON.parse(text), share: false }), '(share)'],
    [
      'with another remote and a smaller surface',
      (text) => JSON.stringify({ ...JSON.parse(text), remote: 'mine', surface: [] }),
      '(remote, surface)',
    ],
    ['that is gone', () => null, 'has no coord.config.json'],
  ];

  it.each(COPIES)('%s', async (_, change, words) => {
    const fleet = await sharedFleet();
    const path = join(fleet.clone, 'coord.config.json');
    const text = change(readFileSync(path, 'utf8'));
    if (text === null) rmSync(path);
    else writeFileSync(path, text);
    const expected = words === null ? [] : [expect.stringContaining(words)];
    expect(await told(fleet, ['claim', 'src/api'])).toEqual(expected);
    expect(await told(fleet, ['claim', 'src/api'])).toEqual([]);
    expect(await told(fleet, ['session', 'start'])).toEqual(expected);
    if (words === null) expect(await doctorSays(fleet, 'working-copy')).toBeUndefined();
    else expect(await doctorSays(fleet, 'working-copy')).toContain(words);
  });

  it('is spoken of again when it changes, and to each agent', async () => {
    const fleet = await sharedFleet();
    const path = join(fleet.clone, 'coord.config.json');
    const config = JSON.parse(readFileSync(path, 'utf8'));
    for (const change of [{ share: false }, { surface: [] }]) {
      writeFileSync(path, JSON.stringify({ ...config, ...change }));
      expect(await told(fleet)).toHaveLength(1);
      expect(await told(fleet)).toHaveLength(0);
    }
    expect((await fleet.as('noor', ['status'])).stderr).toContain('judges');
  });
});
