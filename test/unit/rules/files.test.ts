import { describe, expect, it } from 'vitest';
import { digestInput, inRulesOrder, isRulesFile } from '../../../src/domain/rules/parse.js';

describe('isRulesFile', () => {
  it.each(['core.md', 'rules/core.md', 'rules/deep/er/x.md', 'CORE.MD', 'règles.md', 'read me.md', 'readme-first.md'])(
    'takes %s',
    (name) => {
      expect(isRulesFile(name)).toBe(true);
    },
  );

  it.each(['README.md', 'rules/readme.MD', 'README.de.md', 'core.txt', 'core.md.bak', '.hidden.md', '.md', 'md', ''])(
    'passes over %s',
    (name) => {
      expect(isRulesFile(name)).toBe(false);
    },
  );
});

describe('inRulesOrder', () => {
  it('orders by code point, where UTF-16 order would put an emoji before U+FF01', () => {
    const names = ['\u{1F600}.md', '\uFF01.md', 'b.md', 'B.md', 'a.md2.md', 'a.md'];
    const files = names.map((file) => ({ file, text: '' }));
    expect(inRulesOrder(files).map(({ file }) => file)).toEqual([
      'B.md',
      'a.md',
      'a.md2.md',
      'b.md',
      '\uFF01.md',
      '\u{1F600}.md',
    ]);
    expect(files.map(({ file }) => file)).toEqual(names);
  });
});

describe('digestInput', () => {
  const text = '## a: A\n\nDo a.\n';
  const plain = digestInput([{ file: 'rules/a.md', text }]);

  it('is the canonical text that the guide to the digest describes', () => {
    expect(plain).toBe('file "rules/a.md"\n ## a: A\n \n Do a.\n');
  });

  it.each([
    ['CRLF', text.replaceAll('\n', '\r\n')],
    ['lone CR', text.replaceAll('\n', '\r')],
    ['a byte order mark', `\uFEFF${text}`],
    ['trailing blanks', text.replaceAll('\n', ' \t\n')],
    ['no newline at the end', text.trimEnd()],
    ['blank lines at the end', `${text}\n \n\n`],
  ])('is not changed by %s', (_, same) => {
    expect(digestInput([{ file: 'rules/a.md', text: same }])).toBe(plain);
  });

  it('is not changed by the order of the files, nor by files that hold no rules', () => {
    const a = { file: 'a.md', text: 'a' };
    const b = { file: 'b.md', text: 'b' };
    expect(digestInput([b, { file: 'README.md', text: 'x' }, a])).toBe(digestInput([a, b]));
  });

  it.each([
    ['a word', 'a.md', '## a: A\n\nDo b.'],
    ['the order of lines', 'a.md', 'Do a.\n\n## a: A'],
    ['indentation', 'a.md', '## a: A\n\n Do a.'],
    ['a blank line', 'a.md', '## a: A\n\n\nDo a.'],
    ['the file name', 'b.md', '## a: A\n\nDo a.'],
  ])('is changed by %s', (_, file, changed) => {
    expect(digestInput([{ file, text: changed }])).not.toBe(digestInput([{ file: 'a.md', text: '## a: A\n\nDo a.' }]));
  });

  it('cannot be forged by content that looks like the start of a file', () => {
    const one = digestInput([{ file: 'a.md', text: 'x\nfile "b.md"\n y' }]);
    const two = digestInput([
      { file: 'a.md', text: 'x' },
      { file: 'b.md', text: 'y' },
    ]);
    expect(one).not.toBe(two);
    expect(digestInput([{ file: 'a"\nfile "b.md', text: '' }])).not.toContain('\nfile "b.md"');
  });

  it('is empty for no files', () => {
    expect(digestInput([])).toBe('');
  });
});
