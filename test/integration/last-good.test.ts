import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildLocal, buildShared } from '../support/fleet.js';
import { inProcess } from '../support/in-process.js';
import { prepared } from '../support/prepared.js';
import type { Sandbox } from '../support/sandbox.js';

interface World {
  readonly box: Sandbox;
  readonly clone: string;
  /** Where the state is decided: the clone itself, or the remote. */
  readonly place: string;
  readonly ref: string;
  /** The tip before the damage. */
  readonly good: string;
  run(agent: string, cwd: string, ...args: string[]): ReturnType<ReturnType<typeof inProcess>['run']>;
  tip(): string;
  /** Moves the ref where it is decided, by hand. */
  put(id: string): void;
}

const SETUPS = ['local', 'shared', 'shared, on a branch'] as const;

async function world(setup: (typeof SETUPS)[number]): Promise<World> {
  const onBranch = setup === 'shared, on a branch';
  const ref = onBranch ? 'refs/heads/coord' : 'refs/coord/state';
  const { box, made } = await prepared(`last-good-${SETUPS.indexOf(setup)}`, async (fresh) => {
    if (setup === 'local') return { ...(await buildLocal(fresh)), remote: null };
    const fleet = await buildShared(fresh);
    if (onBranch) {
      const moved = await fresh.coord(fleet.clone, ['init', '--ref', ref], { env: { COORD_AGENT: 'maya' } });
      if (moved.code !== 0) throw new Error(moved.stderr);
      fresh.git(fleet.clone, 'commit', '--all', '--quiet', '--message', 'move the state');
      fresh.git(fleet.clone, 'push', '--quiet', 'origin', 'main');
    }
    return fleet;
  });
  const { clone } = made;
  const place = made.remote ?? clone;
  const host = inProcess(box);
  const run: World['run'] = (agent, cwd, ...args) => host.run(agent, cwd, [...args, '--json']);
  expect((await run('maya', clone, 'claim', 'src/kept')).code).toBe(0);
  const tip = () => box.git(place, 'rev-parse', ref).trim();
  return { box, clone, place, ref, good: tip(), run, tip, put: (id) => void box.git(place, 'update-ref', ref, id) };
}

/** A commit on the tip with some files otherwise; null: without the file. */
function commitOn(
  { box, place }: World,
  parents: readonly string[],
  files: Readonly<Record<string, string | null>>,
): string {
  const entries = box
    .git(place, 'ls-tree', parents[0] as string)
    .trimEnd()
    .split('\n');
  const kept = entries.filter((entry) => !((entry.split('\t')[1] as string) in files));
  const made = Object.entries(files).flatMap(([name, text]) => {
    if (text === null) return [];
    const path = join(box.directory, 'content');
    writeFileSync(path, text);
    return [`100644 blob ${box.git(place, 'hash-object', '-w', path).trim()}\t${name}`];
  });
  const input = `${[...kept, ...made].join('\n')}\n`;
  const tree = spawnSync('git', ['mktree'], { cwd: place, env: box.env, input, encoding: 'utf8' }).stdout.trim();
  return box.git(place, 'commit-tree', tree, ...parents.flatMap((id) => ['-p', id]), '-m', 'by hand').trim();
}

const content = (files: Readonly<Record<string, string | null>>) => (all: World) => commitOn(all, [all.good], files);
const claims = (all: World) => all.box.git(all.place, 'show', `${all.good}:claims.json`);

/** Each kind of damage, as what the ref is moved to. */
const KINDS: readonly (readonly [string, (all: World) => string])[] = [
  ['no JSON', content({ 'claims.json': 'no JSON\n' })],
  ['a file that is cut off', (all) => content({ 'claims.json': claims(all).slice(0, -20) })(all)],
  ['an empty file', content({ 'agents.json': '' })],
  ['a file that is missing', content({ 'agents.json': null })],
  ['a bomb of brackets', content({ 'claims.json': '['.repeat(200_000) })],
  ['a record that is none', content({ 'claims.json': '{"format": 1, "lastToken": "x", "claims": [7]}\n' })],
  ['a log that is torn', content({ 'log.jsonl': '{"format":1}\n{"id":"n1"' })],
  [
    'two keys of one name',
    (all) => content({ 'claims.json': claims(all).replace('"format"', '"format": 1, "format"') })(all),
  ],
  ['several commits of damage', (all) => commitOn(all, [content({ 'claims.json': 'x' })(all)], { 'claims.json': 'y' })],
  [
    'a merge commit',
    (all) => commitOn(all, [all.good, all.box.git(all.place, 'rev-parse', `${all.good}~1`).trim()], {}),
  ],
  ['a ref that was rewound', (all) => all.box.git(all.place, 'rev-parse', `${all.good}~1`).trim()],
  [
    'a history of somebody else',
    (all) => commitOn(all, [all.box.git(all.place, 'rev-parse', `${all.good}~1`).trim()], {}),
  ],
  ['another beginning', (all) => all.box.git(all.place, 'commit-tree', `${all.good}^{tree}`, '-m', 'anew').trim()],
  ['a blob', (all) => all.box.git(all.place, 'rev-parse', `${all.good}:claims.json`).trim()],
];

describe.each(SETUPS)('a state that is damaged, %s', (setup) => {
  it.each(KINDS)(
    '%s: the refusal names the last good commit, and doctor goes back to exactly that',
    async (kind, damage) => {
      const all = await world(setup);
      const { clone, good, run } = all;
      const isBranchBlob = kind === 'a blob' && all.ref.startsWith('refs/heads/');
      if (isBranchBlob) return expect(() => all.put(damage(all))).toThrow(/non-commit/);
      const bad = damage(all);
      all.put(bad);
      const at = `${new Date(Number(all.box.git(all.place, 'log', '-1', '--format=%ct', good)) * 1000).toISOString()}`;
      const verbs = [['status'], ['note', 'x'], ['log']];
      for (const args of verbs) {
        const refused = await run('noor', clone, ...args);
        if (kind === 'a log that is torn' && args[0] === 'status') continue;
        expect([args[0], refused.code]).toEqual([args[0], 8]);
        const { message, hint, details } = refused.json().error;
        expect(details.lastGood).toEqual({ commit: good, at });
        expect(message).toContain(`the last good commit is ${good.slice(0, 7)} of ${at}`);
        // Where the ref itself was moved, git’s own way back is named first.
        expect(hint).toMatch(
          new RegExp(`doctor --fix --restore ${good.slice(0, 7)}|git (?:update-ref|push) .*${good}`),
        );
      }
      // Nothing of it is done unasked, and the damage is never gone back to.
      await run('noor', clone, 'doctor', '--fix');
      expect(all.tip()).toBe(bad);
      for (const wrong of [bad, 'abcdef1', good.slice(0, 4)]) {
        expect((await run('noor', clone, 'doctor', '--fix', '--restore', wrong)).json().error.exit).toBe(2);
      }
      expect((await run('noor', clone, 'doctor', '--restore', good)).code).toBe(2);
      expect(all.tip()).toBe(bad);
      const fixed = (await run('noor', clone, 'doctor', '--fix', '--restore', good.slice(0, 7))).json();
      expect((fixed.data ?? fixed.error.details).fixed).toMatchObject([expect.stringContaining(good.slice(0, 7))]);
      expect(all.box.git(all.place, 'rev-parse', `${all.tip()}^{tree}`)).toBe(
        all.box.git(all.place, 'rev-parse', `${good}^{tree}`),
      );
      expect((await run('noor', clone, 'claim', 'src/kept')).code).toBe(3);
      expect((await run('noor', clone, 'claim', 'src/other')).code).toBe(0);
    },
  );
});

it('another clone, which has seen the damage, follows without a command of its own', async () => {
  const all = await world('shared');
  const other = all.box.clone(all.place);
  await all.run('vera', other, 'status');
  all.put(content({ 'claims.json': 'no JSON\n' })(all));
  expect((await all.run('vera', other, 'status')).code).toBe(8);
  await all.run('noor', all.clone, 'doctor', '--fix', '--restore', all.good);
  expect((await all.run('vera', other, 'claim', 'src/kept')).code).toBe(3);
  expect((await all.run('vera', other, 'claim', 'src/vera')).code).toBe(0);
});

it('a newer state, and objects that are missing in this clone alone, are nothing to go back from', async () => {
  const all = await world('shared');
  all.put(content({ 'claims.json': '{"format": 99}\n' })(all));
  const newer = (await all.run('noor', all.clone, 'status')).json().error;
  expect([newer.exit, newer.hint]).toEqual([8, expect.not.stringContaining('--restore')]);
  all.put(all.good);
  const { box, clone, good, run } = await world('shared');
  const blob = box.git(clone, 'rev-parse', `${good}:claims.json`).trim();
  rmSync(join(clone, '.git/objects', blob.slice(0, 2), blob.slice(2)), { force: true });
  const missing = (await run('noor', clone, 'status')).json().error;
  expect([missing.exit, missing.hint]).toEqual([8, expect.not.stringContaining('--restore')]);
});
