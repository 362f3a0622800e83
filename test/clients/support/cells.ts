/** What is tried with each client, as docs/guards.md tells it. Cells of one scene are seen in the same runs of the client. */
export const CELLS = [
  { scene: 'held', name: 'rules', title: 'the rules stand in the first request to the model' },
  { scene: 'held', name: 'edit', title: 'held ground: an edit is stopped' },
  { scene: 'held', name: 'notebook', title: 'held ground: an edit of a notebook is stopped' },
  { scene: 'held', name: 'shell', title: 'held ground: the shell is stopped, in a dozen forms' },
  { scene: 'held', name: 'told', title: 'the next request to the model says by whom it is held' },
  { scene: 'patch', name: 'patch', title: 'held ground: a patch is stopped' },
  { scene: 'free', name: 'free', title: 'free paths are claimed in silence, by an edit and by the shell' },
  { scene: 'free', name: 'identity', title: 'the shell acts as the agent that the hook acts as' },
  { scene: 'free', name: 'settings', title: 'what its user has configured stays, and runs beside' },
  { scene: 'free', name: 'ends', title: 'its end gives back what is committed, and keeps what is not' },
  { scene: 'manual', name: 'manual', title: '`autoClaim` off: free paths are stopped until they are claimed' },
  { scene: 'manual', name: 'killed', title: 'a killed client keeps its claims until their time is over' },
  { scene: 'manual', name: 'resumed', title: 'resumed: the rules again, and the same claims' },
  { scene: 'worktree', name: 'worktree', title: 'a linked worktree, and the main one written from there' },
  { scene: 'worktree', name: 'elsewhere', title: 'it ends elsewhere than it edited: uncommitted work stays claimed' },
  { scene: 'two', name: 'two', title: 'two sessions at once are two agents' },
  { scene: 'two', name: 'guards', title: 'what takes the guards away is stopped before it runs' },
  { scene: 'delegate', name: 'delegate', title: 'a sub-agent is stopped, is the same agent, and ends nothing' },
  { scene: 'compact', name: 'compact', title: 'the rules after the conversation was made shorter' },
  { scene: 'sandbox', name: 'sandbox', title: '`.git` is read-only: an edit is stopped, and told why' },
  {
    scene: 'tools',
    name: 'tools',
    title: '`coord mcp`: claim, a refusal with its way on, take, submit, as the agent of the hooks',
  },
  { scene: 'tools', name: 'cancelled', title: '`coord mcp`: a call that is given up leaves the queue' },
  { scene: 'toolsOfTwo', name: 'toolsOfTwo', title: '`coord mcp`: two clients at once are two agents' },
  {
    scene: 'toolsOfTwo',
    name: 'toolsGone',
    title: '`coord mcp`: a client that is killed while it waits leaves the queue',
  },
  {
    scene: 'task',
    name: 'task',
    title: 'a task of its own list that names one of coord is not called complete before that is',
  },
  { scene: 'untrusted', name: 'untrusted', title: 'hooks that its user does not trust: `coord doctor` tells' },
] as const;

export type CellName = (typeof CELLS)[number]['name'];
export type SceneName = (typeof CELLS)[number]['scene'];

/** A client as the table of docs/guards.md tells of it. */
export interface ClientColumn {
  readonly package: string;
  /** What it cannot do, and so cannot be tried: why, in a few words. */
  readonly not: Partial<Record<CellName, string>>;
  /** What coord cannot see in it. */
  readonly unseen: string;
}

/**
 * The table of docs/guards.md.
 * @param pinned versions by package
 */
export function clientsTable(columns: readonly ClientColumn[], pinned: Readonly<Record<string, string>>): string {
  const rows = CELLS.map(
    ({ title, name }) => `| ${title} | ${columns.map(({ not }) => not[name] ?? '✓').join(' | ')} |`,
  );
  return [
    `| | ${columns.map((column) => `\`${column.package}\` ${pinned[column.package]}`).join(' | ')} |`,
    `|---|${columns.map(() => '---').join('|')}|`,
    ...rows,
    `| not seen | ${columns.map(({ unseen }) => unseen).join(' | ')} |`,
  ].join('\n');
}
