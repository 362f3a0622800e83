import { describe, expect, it } from 'vitest';
import { askOfTool, dialectOf, HARNESSES, type Harness } from '../../../src/guards/harness/dialects.js';
import { FIXTURES, payloadOf } from '../../support/harness.js';

const PLACES = { repo: '/r', file: 'src/a.ts', command: 'rm src/a.ts' };
const edit = (...paths: string[]) => ({ kind: 'edit', paths, done: false });
const command = { kind: 'shell', command: 'rm src/a.ts', directory: null };

const ASKS: Readonly<Record<string, object>> = {
  'claude-code.session-start': { kind: 'session-start' },
  'claude-code.session-start-compact': { kind: 'session-start' },
  'claude-code.edit': edit('/r/src/a.ts'),
  'claude-code.write': edit('/r/src/a.ts'),
  'claude-code.multi-edit': edit('/r/src/a.ts'),
  'claude-code.notebook-edit': edit('/r/src/a.ts'),
  'claude-code.bash': command,
  'claude-code.read': { kind: 'nothing' },
  'claude-code.stop': { kind: 'nothing' },
  'claude-code.session-end': { kind: 'session-end' },
  'claude-code.task-completed': { kind: 'task-completed', subject: 't1: paginate users', description: '20 a page' },
  'codex.session-end': { kind: 'session-end' },
  'codex.session-start': { kind: 'session-start' },
  'codex.apply-patch': edit('src/a.ts'),
  'codex.apply-patch-many': edit('notes/new.md', 'notes/old.md', 'notes/a.md', 'src/a.ts'),
  'codex.bash': command,
  'codex.stop': { kind: 'nothing' },
  'gemini.session-start': { kind: 'session-start' },
  'gemini.write-file': edit('/r/src/a.ts'),
  'gemini.replace': edit('src/a.ts'),
  'gemini.shell': command,
  'gemini.session-end': { kind: 'session-end' },
  'cursor.session-start': { kind: 'session-start' },
  'cursor.write': edit('/r/src/a.ts'),
  'cursor.delete': edit('/r/src/a.ts'),
  'cursor.shell': command,
  'cursor.read-file': { kind: 'nothing' },
  'cursor.after-file-edit': { ...edit('/r/src/a.ts'), done: true },
  'cursor.session-end': { kind: 'session-end' },
  'opencode.session-start': { kind: 'session-start' },
  'opencode.edit': edit('/r/src/a.ts'),
  'opencode.apply-patch': edit('src/a.ts'),
  'opencode.bash': command,
  'opencode.session-end': { kind: 'session-end' },
};

it('there is an expectation for each fixture', () => {
  expect(Object.keys(ASKS).sort()).toEqual([...FIXTURES].sort());
});

it.each(FIXTURES)('%s is understood', (fixture) => {
  const harness = fixture.split('.')[0] as Harness;
  const call = dialectOf(harness).read(payloadOf(fixture, PLACES));
  expect(call.ask).toEqual(ASKS[fixture]);
  expect(call).toMatchObject({ directory: '/r', session: expect.stringMatching(/^[\w-]{20,}$/) });
});

describe.each(HARNESSES)('the answers of %s', (harness) => {
  const dialect = dialectOf(harness);

  it('deny by exit code, on stderr and in JSON alike', () => {
    const reason = 'refused: "src/a.ts"\nnext: coord claim src/a.ts';
    const { stdout, stderr, exit } = dialect.deny(reason);
    expect([exit, stderr]).toEqual([2, `${reason}\n`]);
    const answer = JSON.parse(stdout);
    const own = {
      'claude-code': {
        hookSpecificOutput: {
          hookEventName: 'PreToolUse',
          permissionDecision: 'deny',
          permissionDecisionReason: reason,
        },
      },
      codex: {
        hookSpecificOutput: {
          hookEventName: 'PreToolUse',
          permissionDecision: 'deny',
          permissionDecisionReason: reason,
        },
      },
      gemini: { decision: 'deny', reason },
      cursor: { permission: 'deny', user_message: reason, agent_message: reason },
      opencode: { decision: 'deny', reason },
    };
    expect(answer).toEqual(own[harness]);
  });

  it('never permit anything', () => {
    const opening = { text: 'rules', agent: 'maya', session: 's1' };
    for (const { stdout, exit } of [dialect.open(opening), dialect.tell('ended'), dialect.tell('')]) {
      expect(exit).toBe(0);
      expect(stdout).not.toMatch(/allow|approve|permission/);
    }
  });
});

describe('tools that are not known by name', () => {
  it.each([
    ['mcp__filesystem__write_file', { path: 'a' }, edit('a')],
    ['mcp__filesystem__move_file', { source: 'a', destination: 'b' }, edit('a', 'b')],
    ['mcp__filesystem__read_file', { path: 'a' }, { kind: 'nothing' }],
    ['TodoWrite', { todos: [] }, { kind: 'nothing' }],
    ['WebSearch', { query: 'edit' }, { kind: 'nothing' }],
    ['Edit', {}, { kind: 'unreadable', tool: 'Edit' }],
    ['Edit', { file_path: 7 }, { kind: 'unreadable', tool: 'Edit' }],
    ['apply_patch', { command: 'no patch' }, { kind: 'unreadable', tool: 'apply_patch' }],
    ['Bash', {}, { kind: 'nothing' }],
    [
      'shell',
      { command: ['bash', '-lc', "echo 'x'"] },
      { kind: 'shell', command: "'bash' '-lc' 'echo '\\''x'\\'''", directory: null },
    ],
    ['exec_command', { cmd: 'ls', workdir: 'src' }, { kind: 'shell', command: 'ls', directory: 'src' }],
    ['', {}, { kind: 'nothing' }],
  ])('%s %j', (tool, input, ask) => {
    expect(askOfTool(tool, input)).toEqual(ask);
  });
});
