import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { audit } from '../../src/commands/audit/audit.js';
import { type Sandbox, sandbox } from '../support/sandbox.js';

const lines = readFileSync('action.yml', 'utf8').trimEnd().split('\n');

/** The keys at one depth of the file, two spaces a level; list items count as their first key. */
function keysAt(depth: number): string[] {
  return lines.flatMap((line) => new RegExp(`^ {${depth * 2}}(?:- )?([\\w-]+):`).exec(line)?.[1] ?? []);
}

/** The shell script of the last step, as GitHub would run it. */
function script(): string {
  const start = lines.findIndex((line) => /^ +run: \|$/.test(line));
  const indent = ' '.repeat(8);
  const body = lines.slice(start + 1);
  expect(body.every((line) => line.startsWith(indent))).toBe(true);
  return body.map((line) => line.slice(indent.length)).join('\n');
}

interface Repository {
  readonly box: Sandbox;
  readonly clone: string;
  readonly commits: readonly string[];
}

/** A clone with three commits, the last of which changes the surface without a claim. */
async function repository(): Promise<Repository> {
  const box = sandbox();
  const clone = box.clone(box.bareRemote());
  await box.coord(clone, ['init'], { env: { COORD_AGENT: 'maya' } });
  const config = JSON.stringify({ surface: ['src/**'], share: true, mainBranch: 'main' });
  const first = box.commit(clone, 'coord.config.json', config);
  box.git(clone, 'push', '--quiet', 'origin', 'main');
  const second = box.commit(clone, 'docs/a.md', 'a\n');
  return { box, clone, commits: [first, second, box.commit(clone, 'src/a.ts', 'a\n')] };
}

function act({ box, clone }: Repository, env: Readonly<Record<string, string>>) {
  const given = {
    COORD_ACTION: process.cwd(),
    AUDIT_FORMAT: 'text',
    AUDIT_OUTPUT: '',
    AUDIT_RANGE: '',
    DASHBOARD: '',
    ...env,
  };
  // GitHub runs bash so; unset expressions are empty variables.
  return spawnSync('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', script()], {
    ...{ cwd: clone, encoding: 'utf8' },
    env: { ...box.env, PULL_BASE: '', PULL_HEAD: '', PUSH_BEFORE: '', PUSH_AFTER: '', ...given },
  });
}

it('has the structure of a composite action', () => {
  for (const line of lines) expect(line).toMatch(/^(?: {2})*(?:- )?(?:#.*|[\w-]+:(?: .+)?|.*)$/);
  expect(lines.some((line) => line.includes('\t') || / $/.test(line))).toBe(false);
  expect(keysAt(0)).toEqual(['name', 'description', 'inputs', 'runs']);
  expect(keysAt(1)).toEqual(['range', 'format', 'output', 'dashboard', 'using', 'steps']);
  const uses = lines.flatMap((line) => /^ +(?:- )?uses: (.+)$/.exec(line)?.[1] ?? []);
  for (const action of uses) expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  const names = ['range', 'format', 'output', 'dashboard'];
  expect(lines.flatMap((line) => /\$\{\{ inputs\.(\w+) \}\}/.exec(line)?.[1] ?? []).sort()).toEqual(names.sort());
  // What comes from outside reaches the shell as data.
  expect(script()).not.toContain('${{');
});

it('runs a command line that exists', () => {
  expect(script()).toContain('bin/coord.js" audit');
  expect(existsSync('bin/coord.js')).toBe(true);
  expect(audit.options?.map(([flags]) => flags)).toContain('--sarif');
});

it('audits the pull request, the push, or the range that it is given', async () => {
  const there = await repository();
  const [first = '', second = '', third = ''] = there.commits;
  const pull = act(there, { PULL_BASE: first, PULL_HEAD: third });
  expect([pull.status, pull.stderr]).toEqual([4, expect.stringContaining(`2 commits of ${first}..${third}`)]);
  expect(act(there, { PUSH_BEFORE: first, PUSH_AFTER: second }).status).toBe(0);
  expect(act(there, { AUDIT_RANGE: `${first}..${second}`, PULL_BASE: first, PULL_HEAD: third }).status).toBe(0);
  const fresh = act(there, { PUSH_BEFORE: '0'.repeat(40), PUSH_AFTER: third });
  expect([fresh.status, fresh.stderr]).toEqual([4, expect.stringContaining('2 commits of origin/main..HEAD')]);
  expect(act(there, { AUDIT_RANGE: '$(touch owned)' }).status).toBe(2);
  expect(existsSync(`${there.clone}/owned`)).toBe(false);
});

it('writes SARIF into a file, and fails all the same', async () => {
  const there = await repository();
  const { status, stdout } = act(there, { AUDIT_FORMAT: 'sarif', AUDIT_OUTPUT: 'audit.sarif' });
  expect([status, stdout]).toEqual([4, '']);
  expect(JSON.parse(readFileSync(`${there.clone}/audit.sarif`, 'utf8')).runs[0].results).toHaveLength(1);
});

it('makes the dashboard as one file where it is asked to, and audits all the same where it cannot', async () => {
  const there = await repository();
  const [first = '', second = ''] = there.commits;
  const range = { AUDIT_RANGE: `${first}..${second}` };
  expect(act(there, { ...range, DASHBOARD: 'page.html' })).toMatchObject({
    status: 0,
    stdout: expect.not.stringContaining('page.html'),
  });
  expect(readFileSync(`${there.clone}/page.html`, 'utf8')).toContain('id="picture"');
  expect(act(there, { ...range, DASHBOARD: 'no/such/folder/page.html' }).status).toBe(0);
});
