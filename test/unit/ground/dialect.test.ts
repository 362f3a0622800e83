import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { validateConfig, withDefaults } from '../../../src/config/validate.js';
import { matches } from '../../../src/domain/ground/index.js';
import { canonicalPattern, escapeGlob, patternTarget } from '../../../src/domain/ground/patterns.js';
import { CoordError } from '../../../src/errors.js';
import { readTarget } from '../../../src/workspace/targets.js';

const root = mkdtempSync(join(tmpdir(), 'coord-dialect-'));
afterAll(() => rmSync(root, { recursive: true }));

/** What the configuration makes of a pattern: its target, or what is wrong with it. */
function configured(text: string): string {
  const raw = { surface: [text], roles: { worker: { scratch: [text] } }, deploy: { prod: { untracked: [text] } } };
  const result = validateConfig(raw);
  if ('problems' in result) {
    expect(result.problems).toHaveLength(3);
    return 'refused';
  }
  const { surface, scratch, deploy } = withDefaults(result.config);
  expect([scratch, deploy.prod?.untracked]).toEqual([surface, surface]);
  const { kind, text: canonical } = patternTarget(surface[0] ?? '');
  return `${kind} ${canonical}`;
}

/** What the command line makes of it, at the root of an empty repository. */
function typed(text: string): string {
  try {
    const { kind, text: canonical } = readTarget(text, { root, cwd: root });
    return `${kind} ${canonical}`;
  } catch (error) {
    if (error instanceof CoordError && error.code === 'usage') return 'refused';
    throw error;
  }
}

describe('one dialect: the configuration reads a pattern as the command line does', () => {
  it.each([
    ['src/**', 'directory src/**'],
    ['/src/**', 'directory src/**'],
    ['./src/**', 'directory src/**'],
    ['.//src/./**', 'directory src/**'],
    [':/src/**', 'directory src/**'],
    ['src/', 'directory src/**'],
    ['./', 'directory **'],
    ['**', 'directory **'],
    ['/**', 'directory **'],
    ['/*.md', 'glob *.md'],
    ['./*.md', 'glob *.md'],
    ['src/*.{ts,tsx}', 'glob src/*.{ts,tsx}'],
    ['src/(group)/**', 'directory src/(group)/**'],
    ['app/@modal/(.)photo/*', 'glob app/@modal/(.)photo/*'],
    ['src/a.ts', 'path src/a.ts'],
    ['e\u0301/*.ts', 'glob é/*.ts'],
    ['@deploy/prod', 'resource @deploy/prod'],
    ['!x', 'refused'],
    ['!docs/**', 'refused'],
    ['src/@(app|x).ts', 'refused'],
    ['src/+(app|x).ts', 'refused'],
    ['src/?(app|x).ts', 'refused'],
    ['src/*(app|x).ts', 'refused'],
    ['src/!(app|x).ts', 'refused'],
    ['@(a|b)/**', 'refused'],
    ['{1..3}', 'refused'],
    ['src/[z-a]', 'refused'],
    ['src/../x/*', 'glob x/*'],
    ['../x/*', 'refused'],
    ['src/*/../x', 'refused'],
    ['src/[.]', 'refused'],
  ])('%j is %s', (text, expected) => {
    expect({ configured: configured(text), typed: typed(text) }).toEqual({ configured: expected, typed: expected });
  });

  it('says which syntax is not supported, and what is', () => {
    for (const text of ['!docs/**', 'src/@(a|b)']) {
      const result = validateConfig({ surface: [text] });
      expect('problems' in result && result.problems[0]).toMatch(
        /^surface\.0: .* is not supported; supported are \* \*\* \? \[\.\.\.\] \{a,b\}$/,
      );
      expect(() => readTarget(text, { root, cwd: root })).toThrow('is not supported; supported are');
      expect(readTarget(text, { root, cwd: root, as: 'literal' })).toEqual({ kind: 'path', text });
    }
  });

  it('takes a file of any such name as it is, and never as a pattern, when it is escaped', () => {
    for (const name of ['!x', 'a/!(b)', '@(a|b)', '+(a)', '*(a)', '[a]', '{a,b}', 'a\\b', 'a?b']) {
      expect(configured(escapeGlob(name))).not.toBe('refused');
      expect(configured(`:(literal)${name}`)).not.toBe('refused');
      expect(matches(patternTarget(canonicalPattern(escapeGlob(name))), name)).toBe(true);
    }
  });
});
