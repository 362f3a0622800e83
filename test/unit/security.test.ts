import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const text = readFileSync('SECURITY.md', 'utf8');
const rows = text
  .split('\n')
  .filter((line) => line.startsWith('|') && !line.startsWith('|---'))
  .map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
const shown = [...text.matchAll(/^(\d+)\. `([^`]+)`: (.+)$/gm)].map(([, number = '', file = '', title = '']) => ({
  number,
  file,
  title,
}));
const referred = (cell: string) => [...cell.matchAll(/\[(\d+)\](?!\()/g)].map(([, number = '']) => number);

describe('the table of who can do what', () => {
  const [heading = [], ...cells] = rows;

  it('asks the same of each party', () => {
    expect(heading).toHaveLength(4);
    expect(cells.length).toBeGreaterThan(8);
    for (const row of cells) expect([row[0], row.length]).toEqual([row[0], heading.length]);
  });

  it.each(cells.flatMap(([what = '', ...row]) => row.map((cell, at) => [what, heading[at + 1] ?? '', cell] as const)))(
    '%s, by %s: names the test that shows it',
    (_, __, cell) => {
      const numbers = referred(cell);
      expect(numbers.length).toBeGreaterThan(0);
      expect(numbers.filter((number) => !shown.some((one) => one.number === number))).toEqual([]);
    },
  );

  it('has no test beside it that no cell names', () => {
    const named = new Set(cells.flat().flatMap(referred));
    expect(shown.filter(({ number }) => !named.has(number))).toEqual([]);
    expect(shown.map(({ number }) => number)).toEqual(shown.map((_, at) => String(at + 1)));
  });

  it.each(shown)('$file has a test “$title”', ({ file, title }) => {
    const titles = readFileSync(file, 'utf8').match(/^\s*(?:it|test|describe)\b.*|^.*\)\(\s*['"`].*/gm) ?? [];
    const all = readFileSync(file, 'utf8');
    expect(titles.length).toBeGreaterThan(0);
    expect(all).toMatch(new RegExp(`['"\`][^'"\`\\n]*${title.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`));
  });
});
