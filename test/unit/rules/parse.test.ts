import { describe, expect, it } from 'vitest';
import { parseRules } from '../../../src/domain/rules/parse.js';

const parse = (text: string, file = 'rules/x.md') => parseRules([{ file, text }]);

describe('parseRules', () => {
  it('reads id, title, the sentence on one line, and the file; Why is no part of the text', () => {
    const text =
      '# Rules\n\nIntroduction.\n\n## be-brief: Be brief: always\n\nSay it\n      in one line.\n\nWhy: long is unread.\n';
    expect(parse(text)).toEqual([
      { id: 'be-brief', title: 'Be brief: always', text: 'Say it in one line.', file: 'rules/x.md' },
    ]);
  });

  it('keeps the order of files by name, and of sections by place', () => {
    const rules = parseRules([
      { file: 'b.md', text: '## c: C\nDo c.' },
      { file: 'a.md', text: '## z: Z\nDo z.\n## y: Y\nDo y.' },
      { file: 'README.md', text: '## no: No\nDo not.' },
    ]);
    expect(rules.map(({ id }) => id)).toEqual(['z', 'y', 'c']);
  });

  it('reads the same from CRLF, with a byte order mark and trailing blanks', () => {
    const text = '## a: A\n\nDo a\nnow.\n\nWhy: x\n\n## b: B\n\nDo b.\n';
    const messy = `\uFEFF${text.replaceAll('\n', ' \t\r\n')}`;
    expect(parse(messy)).toEqual(parse(text));
    expect(parse(messy)).toHaveLength(2);
  });

  it.each([
    [
      'letters of any script',
      '## 先に宣言: 宣言してから変更する\n\n変更する前に宣言する。',
      '先に宣言',
      '変更する前に宣言する。',
    ],
    ['a full-width colon', '## prüfe-zuerst： Erst prüfen\nPrüfe es.', 'prüfe-zuerst', 'Prüfe es.'],
    ['a decomposed id, made NFC', '## u\u0308be: Üben\nÜbe.', '\u00FCbe', 'Übe.'],
    ['a closed heading', '## a: A ##\nDo a.', 'a', 'Do a.'],
    ['a heading with a tab', '##\ta: A\nDo a.', 'a', 'Do a.'],
    ['a heading set in by three', '   ## a: A\nDo a.', 'a', 'Do a.'],
  ])('takes %s', (_, text, id, behaviour) => {
    expect(parse(text)).toMatchObject([{ id, text: behaviour }]);
  });

  it('gives a rule without a title its id, rather than hiding it', () => {
    expect(parse('## a:\nDo a.')).toMatchObject([{ id: 'a', title: 'a' }]);
  });

  it('strips the closing marks of a heading from the title', () => {
    expect(parse('## a: A b ## <!-- why not -->\nDo a.')).toMatchObject([{ title: 'A b' }]);
  });

  it.each([
    ['backticks', '```md\n## b: B\nDo b.\n```'],
    ['tildes', '~~~\n## b: B\n```\n~~~'],
    ['a longer fence around a shorter one', '````\n```\n## b: B\nDo b.\n```\n## c: C\n````'],
    ['a fence inside a list', '  ```\n## b: B\n  ```'],
    ['an indented block', '\n    ## b: B\n    Do b.\n'],
    ['a comment', '<!-- one\n## b: B\ntwo -->'],
  ])('reads no heading or behaviour in %s', (_, block) => {
    expect(parse(`## a: A\n\nDo a.\n\n${block}\n\n## z: Z\nDo z.`)).toMatchObject([
      { id: 'a', text: 'Do a.' },
      { id: 'z', text: 'Do z.' },
    ]);
  });

  it('takes comment marks in a code span for text, and cuts real comments out of a line', () => {
    expect(parse('## a: A\nNever ship `<!--` <!-- really --> or `-->`.')).toMatchObject([
      { text: 'Never ship `<!--` or `-->`.' },
    ]);
  });

  it('does not take a code span of three backticks for a code block', () => {
    expect(parse('## a: A\n```x``` is how to write x.')).toMatchObject([{ text: '```x``` is how to write x.' }]);
  });

  it.each(['Why:', '**Why:**', '**Why**:', '_Why:_', 'WHY:', 'Why :', 'Why：'])('ends the behaviour at %s', (why) => {
    expect(parse(`## a: A\nDo a.\n${why} because.\n\nAnd more.`)).toMatchObject([{ text: 'Do a.' }]);
  });

  it('does not take a word that begins like Why for it', () => {
    expect(parse('## a: A\nWhyever it fails, say so.')).toMatchObject([{ text: 'Whyever it fails, say so.' }]);
  });

  it('skips front matter, rules across the page, and unfinished headings', () => {
    expect(parse('---\nowner: maya\n---\n## a: A\n\n---\nDo a.\n\n### more: More\n\nDo more.')).toMatchObject([
      { id: 'a', text: 'Do a.' },
    ]);
  });

  it.each([
    ['an empty section', '## a: A\n'],
    ['a section with a Why only', '## a: A\n\nWhy: x'],
    ['a section with code only', '## a: A\n\n```\nDo a.\n```'],
    ['dots and dashes', '## a: A\n\n...\n'],
    ['an unfilled slot', '## slot-1: Your own rule\n'],
    ['a filled slot', '## Slot-12: Your own rule\nDo it.\n'],
    ['a section without an id', '## Do a\nDo a.'],
    ['an id with blanks', '## do a: A\nDo a.'],
    ['an id with an underscore', '## do_a: A\nDo a.'],
    ['a heading of level one', '# a: A\nDo a.'],
    ['nothing', ''],
  ])('finds no rule in %s', (_, text) => {
    expect(parse(text)).toEqual([]);
  });

  it('keeps every rule that has an id and behaviour, whatever else is wrong with it', () => {
    expect(parse('## a: A\nDo. Do.\n## A: B\n- Do c\n- Do d')).toMatchObject([
      { id: 'a', text: 'Do. Do.' },
      { id: 'A', text: 'Do c Do d' },
    ]);
  });

  it('does not take slot-like names for slots', () => {
    expect(parse('## slot-machine: S\nDo.\n## my-slot-1: M\nDo.')).toHaveLength(2);
  });
});
