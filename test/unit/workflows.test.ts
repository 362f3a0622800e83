import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FILES = ['action.yml', ...readdirSync(`${ROOT}.github/workflows`).map((name) => `.github/workflows/${name}`)];
const { scripts } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as { scripts: Record<string, string> };

const read = (file: string) => readFileSync(ROOT + file, 'utf8');

it.each(['README.md', 'docs/deploy-hooks.md'])(
  '%s tells nobody to take an action by a name that can be moved',
  (file) => {
    const uses = [...read(file).matchAll(/\buses: (.+)/g)].map(([, action]) => action);
    expect(uses.length).toBeGreaterThan(0);
    for (const action of uses) expect(action).toMatch(/^[\w./-]+@(?:[0-9a-f]{40}|COMMIT) # v\d+\.\d+\.\d+$/);
  },
);

describe.each(FILES)('%s', (file) => {
  it('pins every action by its full commit id, beside the version that it is', () => {
    const uses = [...read(file).matchAll(/\buses: (.+)/g)].map(([, action]) => action);
    expect(uses.length).toBeGreaterThan(0);
    for (const action of uses) expect(action).toMatch(/^[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  it('gives a shell what comes from outside through the environment only', () => {
    const shells = [...read(file).matchAll(/^( *)(?:- )?run: (?:\|\n((?:\1 {2,}.*\n|\n)*)|(.+))/gm)];
    expect(shells.length).toBeGreaterThan(0);
    for (const [, , block, line] of shells) expect(block ?? line).not.toContain('${{');
  });

  it('runs npm scripts that exist', () => {
    const text = read(file);
    const listed = /^ +script: \[(.+)\]$/m.exec(text)?.[1]?.match(/[\w:]+/g) ?? [];
    const named = [...text.matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name ?? '');
    for (const name of [...listed, ...named]) expect(Object.keys(scripts)).toContain(name);
  });
});

it('CI runs .ci/run on each Node that is supported', () => {
  const text = read('.github/workflows/ci.yml');
  expect(text).toContain("node: ['20', '22', '24']");
  expect(text).toContain('run: .ci/run');
  expect(read('.node-version').trim()).toBe('20');
});
