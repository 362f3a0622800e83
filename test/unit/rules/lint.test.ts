import { describe, expect, it } from 'vitest';
import { lintRules } from '../../../src/domain/rules/lint.js';

const FILE = 'rules/x.md';
const lint = (text: string) => lintRules([{ file: FILE, text }]);
const found = (text: string) => lint(text).map(({ code, line, rule }) => [code, line, rule]);

describe('lintRules', () => {
  it('finds nothing wrong with good rules', () => {
    const text =
      '# Rules\n\nPlain words. Two of them.\n\n## a: A\n\nDo a, e.g. `x. Y`.\n\nWhy: it broke. Twice.\n\n## b: B\nDo b.';
    expect(lint(text)).toEqual([]);
    expect(lintRules([])).toEqual([]);
    expect(lintRules([{ file: 'rules/README.md', text: '## Anything\n' }])).toEqual([]);
  });

  it('names file, line, rule, code, severity, and says what to do', () => {
    expect(lint('## a: A\n\nDo a. Do b.')).toEqual([
      {
        file: FILE,
        line: 1,
        rule: 'a',
        code: 'more-than-one-sentence',
        severity: 'error',
        problem: 'a has 2 sentences of behaviour: keep one, and put reasons after Why:',
      },
    ]);
  });

  it.each([
    ['two paragraphs', '## a: A\n\nDo a.\n\nIt helps.'],
    ['two list items', '## a: A\n\n- Do a\n- Do b'],
    ['an introduction and a list', '## a: A\n\nDo this:\n1. a\n2. b'],
    ['a sentence that goes on after a line break', '## a: A\n\nDo a.\nDo b.'],
  ])('takes %s for more than one sentence', (_, text) => {
    expect(found(text)).toEqual([['more-than-one-sentence', 1, 'a']]);
  });

  it('finds duplicate ids across files, whatever their case or normal form, at the later place', () => {
    const problems = lintRules([
      { file: 'b.md', text: '## u\u0308be-viel: B\nDo b.' },
      { file: 'a.md', text: '\n## übe-viel: A\nDo a.\n## x: X\nDo x.\n## x: X\nDo x.' },
    ]);
    expect(problems).toMatchObject([
      { file: 'a.md', line: 6, rule: 'x', code: 'duplicate-id', severity: 'error' },
      { file: 'b.md', line: 1, rule: 'übe-viel', code: 'duplicate-id', severity: 'error' },
    ]);
    expect(problems[0]?.problem).toContain('a.md:4');
    expect(problems[1]?.problem).toContain('a.md:2');
    expect(found('## AB: A\nDo a.\n## ab: A\nDo b.')).toEqual([
      ['bad-id', 1, 'AB'],
      ['duplicate-id', 3, 'ab'],
    ]);
  });

  it.each([
    ['no body', '## a: A\n'],
    ['a Why only', '## a: A\n\nWhy: x.'],
    ['a comment only', '## a: A\n\n<!-- Do a. -->'],
    ['dots only', '## a: A\n\n…'],
  ])('calls a rule with %s empty', (_, text) => {
    expect(found(text)).toEqual([['empty', 1, 'a']]);
  });

  it('warns of an unfilled slot, and calls one that is filled but not named an error', () => {
    const text = '## slot-1: Your own rule\n\n<!-- here -->\n\nWhy: x\n\n## slot-1: Mine\n\nDo it.';
    expect(lint(text)).toMatchObject([
      { code: 'left-over-slot', line: 1, rule: 'slot-1', severity: 'warning' },
      { code: 'left-over-slot', line: 7, rule: 'slot-1', severity: 'error' },
    ]);
  });

  it.each([
    ['missing-id', null, '## Do a\nDo a.'],
    ['missing-id', null, '## do a: A\nDo a.'],
    ['missing-id', null, '##\nDo a.'],
    ['missing-id', null, '## : A\nDo a.'],
    ['bad-id', null, '## do_a: A\nDo a.'],
    ['bad-id', null, '## do--a: A\nDo a.'],
    ['bad-id', null, '## `a`: A\nDo a.'],
    ['bad-id', 'Do-a', '## Do-a: A\nDo a.'],
    ['bad-id', 'x'.repeat(41), `## ${'x'.repeat(41)}: A\nDo a.`],
    ['missing-title', 'a', '## a:\nDo a.'],
    ['malformed-heading', null, '##a: A\nDo a.'],
    ['malformed-heading', null, '# a: A\nDo a.'],
    ['malformed-heading', null, '### a: A\nDo a.'],
  ])('finds %s (rule %s) in %j', (code, rule, text) => {
    expect(lint(text)).toMatchObject([{ code, rule, line: 1, severity: 'error' }]);
    expect(lint(text)).toHaveLength(1);
  });

  it('accepts an id of forty characters', () => {
    expect(lint(`## ${'x'.repeat(40)}: A\nDo a.`)).toEqual([]);
  });

  it.each([
    ['a second title', '## a: A\nDo a.\n\n# More\n\nText. Text.'],
    ['a deeper heading', '## a: A\nDo a.\n\n### More\n\nText. Text.'],
    ['an underlined heading', '## a: A\nDo a.\n\nb: B\n----\n\nText. Text.'],
  ])('finds %s after a rule, and leaves what follows it out of the rule', (_, text) => {
    expect(found(text)).toContainEqual(['malformed-heading', text.includes('----') ? 5 : 4, null]);
  });

  it('gives lines as an editor counts them, in CRLF files with front matter and code too', () => {
    expect(found('---\r\nx: y\r\n---\r\n```\r\n## c: C\r\n```\r\n\r\n## a: A\r\n')).toEqual([['empty', 8, 'a']]);
  });

  it.each([
    ['code block', '## a: A\nDo a.\n```\n## b: B\nDo b.'],
    ['comment', '## a: A\nDo a.\n<!-- x\n## b: B\nDo b.'],
  ])('finds a %s that is never closed', (what, text) => {
    expect(lint(text)).toMatchObject([{ code: 'unclosed-block', line: 3, severity: 'error' }]);
    expect(lint(text)[0]?.problem).toContain(what);
  });

  it('warns of a rules file without any rule', () => {
    expect(lint('# Title\n\nWords.')).toMatchObject([{ code: 'no-rules', line: 1, severity: 'warning' }]);
    expect(lint('')).toMatchObject([{ code: 'no-rules' }]);
  });

  it('sorts by file, then by line', () => {
    const places = lintRules([
      { file: 'b.md', text: '## a: A\n' },
      { file: 'a.md', text: '## a: A\n\n## Words\n\nDo.\n\n### c\n## a: A\nDo a.\n```' },
    ]).map(({ file, line }) => `${file}:${line}`);
    expect(places).toEqual(['a.md:1', 'a.md:3', 'a.md:7', 'a.md:8', 'a.md:10', 'b.md:1', 'b.md:1']);
  });
});
