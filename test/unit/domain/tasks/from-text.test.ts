import { describe, expect, it } from 'vitest';
import { parseTasks, type WrittenTask } from '../../../../src/domain/tasks/from-text.js';

function written(title: string, changes: Partial<WrittenTask> = {}): WrittenTask {
  const nothing = { key: null, text: '', scope: [], after: [], role: null, accept: [], priority: 2 };
  return { where: 'line 1', title, ...nothing, ...changes };
}

const lines = (...records: readonly object[]) => records.map((record) => JSON.stringify(record)).join('\n');
const read = (source: string) => {
  const { tasks, problems } = parseTasks(source);
  expect(problems).toEqual([]);
  return tasks;
};
/** Of each task of a Markdown list: its title, and what must be done before it, by title. */
function order(source: string): Record<string, readonly string[]> {
  const tasks = read(source);
  const titles = new Map(tasks.map(({ key, title }) => [key, title]));
  return Object.fromEntries(tasks.map(({ title, after }) => [title, after.map((key) => titles.get(key) ?? key)]));
}

describe('tasks in JSON', () => {
  const full = {
    ...{ id: 'a', title: 'Write it', text: 'how', scope: ['src/**', 'docs/*'], after: ['b'], role: 'worker' },
    ...{ accept: ['tests'], priority: 0 },
  };

  it('are read from lines and from a list alike, empty lines, a mark of the encoding and CRLF aside', () => {
    const { where: _, ...told } = written('Write it', {
      ...{ key: 'a', text: 'how', scope: ['src/**', 'docs/*'], after: ['b'], role: 'worker', accept: ['tests'] },
      priority: 0,
    });
    const other = written('other', { where: 'line 4' });
    expect(read(`\uFEFF${lines(full)}\r\n\r\n \r\n{"title":"other"}\r\n`)).toEqual([
      { where: 'line 1', ...told },
      other,
    ]);
    expect(read(`\n [${lines(full)},{"title":"other"}]`)).toEqual([
      { where: 'record 1', ...told },
      { ...other, where: 'record 2' },
    ]);
    expect(read('[]')).toEqual([]);
    expect(read('')).toEqual([]);
  });

  it('take one text for a list of one, and nothing for nothing', () => {
    const nothing = {
      text: null,
      role: null,
      scope: null,
      after: null,
      accept: null,
      priority: null,
      dependencies: null,
    };
    expect(
      read(lines({ title: 'x', scope: 'src/**', after: 'a', accept: 'tests' }, { title: 'y', ...nothing })),
    ).toEqual([
      written('x', { scope: ['src/**'], after: ['a'], accept: ['tests'] }),
      written('y', { where: 'line 2' }),
    ]);
  });

  it('as beads writes them have their parts in one text, and what blocks them before them', () => {
    const dependencies = [
      { issue_id: 'a', depends_on_id: 'b', type: 'blocks' },
      { depends_on_id: 'c' },
      { issue_id: 'z', depends_on_id: 'd', type: 'blocks' },
      { issue_id: 'a', depends_on_id: 'e', type: 'related' },
      { issue_id: 'a', depends_on_id: 7 },
      null,
    ];
    const record = { id: 'a', title: 'x', description: 'what', design: ' ', acceptance_criteria: 'when', notes: 'so' };
    expect(
      read(lines({ ...record, text: 'first', dependencies, after: ['f'], status: 'open', issue_type: 'bug' })),
    ).toEqual([written('x', { key: 'a', text: 'first\n\nwhat\n\nwhen\n\nso', after: ['f', 'b', 'c'] })]);
    expect(read(lines({ title: 'x', dependencies: [{ issue_id: 'a', depends_on_id: 'b' }] }))).toEqual([written('x')]);
  });

  it.each(['closed', 'tombstone', 'done'])('that are %s are not to be done, and nothing waits for them', (status) => {
    const source = lines(
      { id: 'a', title: 'old', status, odd: 1 },
      { title: 'lost', status },
      { title: 'x', after: ['a', 'b'] },
    );
    expect(read(source)).toEqual([written('x', { where: 'line 3', after: ['b'] })]);
    expect(read(lines({ id: 'a', title: 'x', status: 'in_progress' }))).toHaveLength(1);
  });

  it('take every field that beads writes', () => {
    const names = [
      ...['assignee', 'owner', 'created_at', 'created_by', 'updated_at', 'closed_at', 'close_reason', 'external_ref'],
      ...[
        'estimated_minutes',
        'comments',
        'content_hash',
        'source_repo',
        'compaction_level',
        'original_size',
        'labels',
      ],
      ...['dependency_count', 'dependent_count', 'comment_count', 'deleted_at', 'deleted_by', 'delete_reason'],
      ...['original_type', 'sender', 'ephemeral', 'pinned', 'is_template', 'spec_id', 'metadata', 'wisp', 'await_type'],
    ];
    expect(read(lines({ title: 'x', ...Object.fromEntries(names.map((name) => [name, 1])) }))).toEqual([written('x')]);
  });

  it.each([
    ['7', [], /line 2: not a record/],
    ['null', [], /line 2: not a record/],
    ['[1]', [], /line 2: not a record/],
    ['{"title"', [], /line 2: not JSON \(.+\)/],
    ['{"title":"y","title":"q"}', [], /line 2: not JSON \(the key "title" appears twice\)/],
    ['{"title":7}', [''], /line 2: title: not a text/],
    ['{"title":"y","scope":[1]}', ['y'], /line 2: scope: not a list of texts/],
    ['{"title":"y","after":{}}', ['y'], /line 2: after: not a list of texts/],
    ['{"title":"y","priority":"high"}', ['y'], /line 2: priority: not a number/],
    ['{"title":"y","dependencies":{}}', ['y'], /line 2: dependencies: not a list/],
    ['{"title":"y","ttile":1}', ['y'], /line 2: "ttile" is unknown/],
  ])('%s is a problem of its line, and the others are read', (line, titles, problem) => {
    const { tasks, problems } = parseTasks(`{"title":"x"}\n${line}\n{"title":"z"}`);
    expect(tasks.map(({ title }) => title)).toEqual(['x', ...titles, 'z']);
    expect(problems).toEqual([expect.stringMatching(problem)]);
    expect(tasks.every(({ priority, scope, after }) => priority === 2 && scope.length + after.length === 0)).toBe(true);
  });

  it('that have a key twice in a list are all refused', () => {
    const { tasks, problems } = parseTasks('[{"title":"y","title":"q"}]');
    expect([tasks, problems]).toEqual([[], ['the key "title" appears twice']]);
  });

  it('has a problem named in few words, however long what is wrong is', () => {
    const [problem = ''] = parseTasks(lines({ title: 'x', ['n'.repeat(500)]: 1 })).problems;
    expect(problem.length).toBeLessThan(80);
  });
});

describe('tasks in a Markdown list', () => {
  it('are its items, however they are marked', () => {
    const source =
      '# Plan\n\n- a\n* b\n+ c\n1. d\n2) e\n- [ ] f\n123456789. g\n\ntext - no item\n-no item\n1234567890. no item\n';
    expect(read(source).map(({ title, where }) => [title, where])).toEqual([
      ...['a', 'b', 'c', 'd', 'e', 'f'].map((title, index) => [title, `line ${index + 3}`]),
      ['g', 'line 9'],
    ]);
  });

  it('are there too where it begins with a link, or has nothing but that', () => {
    expect(read('[Plan](x)\n\n- a')).toMatchObject([{ title: 'a' }]);
    expect(read('[x]')).toEqual([]);
  });

  it('that are indented under another must be done before it', () => {
    expect(order('- a\n  - b\n    - c\n  - d\n- e\n\t- f\n    - g')).toEqual({
      ...{ a: ['b', 'd'], b: ['c'], c: [], d: [], e: ['f', 'g'], f: [], g: [] },
    });
  });

  it('that are ticked off are done: they are left out, and nothing waits for them', () => {
    expect(order('- a\n  - [x] b\n  - [X] c\n  - [ ] d\n    - [x] e\n- [x] f\n  - g')).toEqual({
      a: ['d'],
      d: [],
      g: [],
    });
  });

  it('have what is said of them in lines below, and the rest of those as their text', () => {
    const source = [
      '- **a**',
      '  scope: `src/**`, docs/{x,y}.md lib/**',
      '  After: first, second',
      '  role: worker',
      '  accept: tests lint',
      '  priority: 0',
      '  id: the-one',
      '  some words',
      '',
      '  more words',
    ].join('\n');
    expect(read(source)).toEqual([
      written('a', {
        ...{ key: 'the-one', scope: ['src/**', 'docs/{x,y}.md', 'lib/**'], after: ['first', 'second'], role: 'worker' },
        ...{ accept: ['tests', 'lint'], priority: 0, text: 'some words\nmore words' },
      }),
    ]);
    expect(read('- a\n  scope: a{b\n')).toMatchObject([{ scope: ['a{b'] }]);
  });

  it('have each line below for the innermost item that it is indented under', () => {
    const texts = (source: string) => Object.fromEntries(read(source).map(({ title, text }) => [title, text]));
    expect(texts('- a\n  - b\n    of b\n  of a\n- c\n of c')).toEqual({ a: 'of a', b: 'of b', c: 'of c' });
    expect(texts('  - a\n  of a all the same\n')).toEqual({ a: 'of a all the same' });
    expect(texts('- a\nparagraph\n  of nobody\n- b')).toEqual({ a: '', b: '' });
    expect(texts('  of nobody\n- a')).toEqual({ a: '' });
  });

  it('are named by their lines, where they have no name', () => {
    expect(read('# x\n- a\n  - b\n')).toMatchObject([
      { key: '#2', after: ['#3'] },
      { key: '#3', after: [] },
    ]);
    expect(read('- a\n  - b\n    id: named\n')).toMatchObject([{ after: ['named'] }, { key: 'named' }]);
  });

  it.each([
    ['**bold**', 'bold'],
    ['__bold__', 'bold'],
    ['`code`', 'code'],
    ['**a** and **b', '**a** and **b'],
    ['a **b**', 'a **b**'],
    ['`a` b', '`a` b'],
    ['*a*', '*a*'],
    ['  a  ', 'a'],
  ])('%s is the title %s', (title, plain) => {
    expect(read(`- ${title}`)).toMatchObject([{ title: plain }]);
  });

  it('have problems with what appears twice, or is no number', () => {
    const { tasks, problems } = parseTasks(
      '- a\n  role: worker\n  ROLE: peer\n  priority: high\n- b\n  priority: 12\n- c\n  priority: 1x',
    );
    expect(problems).toEqual([
      'line 3: ROLE appears twice',
      'line 1: priority: not a number',
      'line 7: priority: not a number',
    ]);
    expect(tasks.map(({ role, priority }) => [role, priority])).toEqual([
      ['worker', 2],
      [null, 12],
      [null, 2],
    ]);
  });
});
