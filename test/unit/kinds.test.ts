import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const FOLDER = 'docs/decisions';
const TABLES = ['README.md', '0078-what-it-says-is-what-happened.md'];
const rows = TABLES.flatMap((file) => readFileSync(join(FOLDER, file), 'utf8').split('\n'))
  .filter((line) => line.startsWith('| ') && !line.startsWith('| kind '))
  .map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
const files = (cell: string) => [...cell.matchAll(/`([\w./-]+\/[\w./-]+)`/g)].map(([, file = '']) => file);
const links = (cell: string) => [...cell.matchAll(/\]\(([^)]+)\)/g)].map(([, link = '']) => link);

describe('the kinds of faults', () => {
  it.each(rows)('%s: a rule, a place that is there, and a test', (...row) => {
    const [kind = '', rule = '', place = '', test = ''] = row;
    expect([kind, row.length]).toEqual([kind, 4]);
    expect(rule).not.toBe('');
    expect(files(place).length).toBeGreaterThan(0);
    expect(files(test).length).toBeGreaterThan(0);
    expect(files(test).filter((file) => !file.startsWith('test/'))).toEqual([]);
    const named = [...files(place), ...files(test), ...links(rule).map((link) => join(FOLDER, link))];
    expect(named.filter((file) => !existsSync(file))).toEqual([]);
  });
});
