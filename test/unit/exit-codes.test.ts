import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { exitCodeLines } from '../../src/cli/help.js';
import { EXIT_TABLE, exitCodeOf } from '../../src/errors.js';
import { loadStyle } from '../../src/render/style.js';

const DOCUMENT = readFileSync(new URL('../../docs/reference/exit-codes.md', import.meta.url), 'utf8');

test('docs/reference/exit-codes.md has the exit table, row for row', () => {
  const rows = DOCUMENT.split('\n').filter((line) => /^\| \d/.test(line));
  expect(rows).toEqual(EXIT_TABLE.map(({ exit, code, when, next }) => `| ${exit} | \`${code}\` | ${when} | ${next} |`));
});

test('the place of a row is its code', () => {
  expect(EXIT_TABLE.map(({ code }) => exitCodeOf(code))).toEqual(EXIT_TABLE.map(({ exit }) => exit));
});

test('the help prints every row with what to do', async () => {
  const text = exitCodeLines(EXIT_TABLE, await loadStyle(false)).join('\n');
  for (const { exit, code, when, next } of EXIT_TABLE) {
    expect(text).toMatch(new RegExp(`^ *${exit} +${code} `, 'm'));
    expect(text).toContain(` ${when}\n`);
    expect(text).toContain(`→ ${next}`);
  }
});
