import { describe, expect, it } from 'vitest';
import type { Submission } from '../../../src/domain/model.js';
import { DOCUMENTS } from '../../../src/store/format/documents.js';
import { submittedContents } from '../../../src/store/format/state-tree.js';
import { HOSTILE_TEXTS } from '../../support/records.js';
import { START } from '../../support/requests.js';

const blob = (letter: string) => letter.repeat(40);

function submissionOf(id: string, changes: Partial<Submission> = {}): Submission {
  const file = { mode: '100644' as const, bytes: 1, base: blob('b'), baseMode: '100644', carriesBase: true };
  return {
    id,
    agent: 'w1',
    session: null,
    at: START,
    to: null,
    text: 'x',
    commit: null,
    task: null,
    integrated: null,
    files: [
      { ...file, path: 'a', blob: blob('a') },
      { ...file, path: 'gone', blob: null, mode: null, carriesBase: false },
    ],
    closed: null,
    ...changes,
  };
}

describe('submissions.json', () => {
  it('keeps what was written, whatever the texts', () => {
    const all = HOSTILE_TEXTS.map((text, index) => submissionOf(`s${index}`, { text }));
    expect(DOCUMENTS.submissions.decode(DOCUMENTS.submissions.encode(all))).toEqual(all);
  });

  it.each(['../evil', '/evil', 'a/../b', 'a//b', './a', 'a/', '.git/hooks/x', 'a/.GIT/x', '', 'a\0b'])(
    'is damaged where a path is %j',
    (path) => {
      const file = submissionOf('s').files[0];
      if (!file) throw new Error('no file');
      const text = DOCUMENTS.submissions.encode([submissionOf('s', { files: [{ ...file, path }] })]);
      expect(() => DOCUMENTS.submissions.decode(text)).toThrow('not a path inside the repository');
    },
  );

  it.each(['', 'a/b', '..', 'a\nb'])('is damaged where an id is %j', (id) => {
    expect(() => DOCUMENTS.submissions.decode(DOCUMENTS.submissions.encode([submissionOf(id)]))).toThrow('not an id');
  });
});

describe('the contents beside it', () => {
  const written = (submissions: readonly Submission[]) => {
    const trees: string[][] = [];
    const id = submittedContents(submissions, (entries) => {
      trees.push([...entries].map(([name, { mode, id: of }]) => `${mode} ${of} ${name}`));
      return `tree${trees.length}`;
    });
    return { trees, id };
  };

  it('are those of open submissions, with the base where a merge may need it', () => {
    const closed = { how: 'declined' as const, by: 'x', at: START, reason: null };
    expect(written([submissionOf('s1'), submissionOf('s2', { closed })])).toEqual({
      trees: [[`100644 ${blob('a')} 1`, `100644 ${blob('b')} 1.base`], ['40000 tree1 s1']],
      id: 'tree2',
    });
    expect(written([submissionOf('s2', { closed })])).toEqual({ trees: [], id: null });
  });
});
