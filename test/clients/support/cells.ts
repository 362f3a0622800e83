/** What is tried with each client, as docs/guards.md tells it. */
export const CELLS = [
  {
    name: 'held',
    title: 'held ground: the edit tool and the shell are stopped, and the model is told by whom it is held',
  },
  { name: 'free', title: 'free paths: claimed in silence by the edit tool and the shell, as one agent' },
  { name: 'manual', title: 'free paths with `autoClaim` off: stopped until it is claimed' },
  { name: 'rules', title: 'the rules stand in the first request to the model' },
  { name: 'ends', title: 'the end of the session is told; claims with uncommitted work stay' },
  { name: 'worktree', title: 'a linked worktree, and the main one written from there' },
  { name: 'two', title: 'two sessions at once are two agents' },
  { name: 'guards', title: 'what leaves the guards out is stopped before it runs' },
] as const;

export type CellName = (typeof CELLS)[number]['name'];

const HARNESSES = {
  '@anthropic-ai/claude-code': 'what a program does that its shell starts; other tools than edits and the shell',
  '@openai/codex': 'what is typed into a shell that is kept open (`write_stdin`); hooks that its user does not trust',
  '@google/gemini-cli': 'its shell runs no git hooks: commits and pushes are judged by what the command shows',
  'opencode-ai': 'the end of `opencode run`, which is told by its plugin’s `dispose` alone',
} as const;

/** The table of docs/guards.md: what is run with each client, at which version, and what coord cannot see in it. */
export function clientsTable(pinned: Readonly<Record<string, string>>): string {
  const rows = Object.entries(HARNESSES).map(
    ([name, unseen]) => `| \`${name}\` ${pinned[name]} | ${CELLS.map(() => '✓').join(' | ')} | ${unseen} |`,
  );
  const numbers = CELLS.map((_, index) => String(index + 1));
  return [
    `| client | ${numbers.join(' | ')} | not seen |`,
    `|---|${numbers.map(() => '---').join('|')}|---|`,
    ...rows,
    '',
    ...CELLS.map(({ title }, index) => `${index + 1}. ${title}`),
  ].join('\n');
}
