import { parseStrictJson } from '../strict-json.js';
import { shorten } from '../text.js';

/** A task as somebody wrote it down; what it says is not looked at yet. */
export interface WrittenTask {
  /** Where it stands, such as `line 3`. */
  readonly where: string;
  /** How others of the same text name it; null: not at all. */
  readonly key: string | null;
  readonly title: string;
  readonly text: string;
  readonly scope: readonly string[];
  readonly after: readonly string[];
  readonly role: string | null;
  readonly accept: readonly string[];
  readonly priority: number;
}

export interface Written {
  readonly tasks: readonly WrittenTask[];
  readonly problems: readonly string[];
}

const USUAL_PRIORITY = 2;

/** Reads tasks from JSON lines (those that beads exports too), a list in JSON, or a Markdown list. */
export function parseTasks(source: string): Written {
  const text = source.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
  const first = text.trimStart()[0];
  if (first === '{') return parseLines(text);
  return first === '[' && isJsonList(text) ? parseList(text) : parseMarkdown(text);
}

function parseList(text: string): Written {
  try {
    return parseRecords(parseStrictJson(text) as unknown[]);
  } catch (error) {
    return { tasks: [], problems: [(error as Error).message] };
  }
}

/** A Markdown list may begin with a link. */
function isJsonList(text: string): boolean {
  try {
    return Array.isArray(JSON.parse(text));
  } catch {
    return false;
  }
}

function parseLines(text: string): Written {
  const tasks: (WrittenTask | null)[] = [];
  const problems: string[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const where = `line ${index + 1}`;
    try {
      tasks.push(recordIn(parseStrictJson(line), where, problems));
    } catch (error) {
      problems.push(`${where}: not JSON (${(error as Error).message})`);
    }
  }
  return withoutClosed(tasks, problems);
}

function parseRecords(records: readonly unknown[]): Written {
  const problems: string[] = [];
  return withoutClosed(
    records.map((record, index) => recordIn(record, `record ${index + 1}`, problems)),
    problems,
  );
}

/** What is closed where it comes from is not to be done here, and nothing waits for it. */
function withoutClosed(read: readonly (WrittenTask | null)[], problems: readonly string[]): Written {
  const all = read.filter((task) => task !== null);
  const closed = new Set(all.flatMap((task) => (task instanceof ClosedTask && task.key !== null ? [task.key] : [])));
  const tasks = all
    .filter((task) => !(task instanceof ClosedTask))
    .map((task) => ({ ...task, after: task.after.filter((key) => !closed.has(key)) }));
  return { tasks, problems };
}

class ClosedTask implements WrittenTask {
  readonly title = '';
  readonly text = '';
  readonly scope = [];
  readonly after = [];
  readonly role = null;
  readonly accept = [];
  readonly priority = USUAL_PRIORITY;

  constructor(
    readonly where: string,
    readonly key: string | null,
  ) {}
}

/** The fields of a record that say something of a task; each of another tool's names stands for one of coord's. */
const KNOWN = new Set([
  ...['id', 'title', 'text', 'scope', 'after', 'role', 'accept', 'priority'],
  // Those that beads writes; see its export format.
  ...['description', 'design', 'notes', 'acceptance_criteria', 'status', 'issue_type', 'dependencies', 'labels'],
  ...['assignee', 'owner', 'created_at', 'created_by', 'updated_at', 'closed_at', 'close_reason', 'external_ref'],
  ...['estimated_minutes', 'comments', 'content_hash', 'source_repo', 'compaction_level', 'original_size'],
  ...['dependency_count', 'dependent_count', 'comment_count', 'deleted_at', 'deleted_by', 'delete_reason'],
  ...['original_type', 'sender', 'ephemeral', 'pinned', 'is_template', 'spec_id', 'metadata', 'wisp', 'await_type'],
]);

function recordIn(value: unknown, where: string, problems: string[]): WrittenTask | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    problems.push(`${where}: not a record`);
    return null;
  }
  const record = value as Readonly<Record<string, unknown>>;
  const complain = (problem: string) => problems.push(`${where}: ${problem}`);
  const key = textIn(record, 'id', complain) ?? null;
  const status = textIn(record, 'status', complain);
  if (status === 'closed' || status === 'tombstone' || status === 'done') return new ClosedTask(where, key);
  for (const name of Object.keys(record)) if (!KNOWN.has(name)) complain(`${quoted(name)} is unknown`);
  const parts = ['text', 'description', 'design', 'acceptance_criteria', 'notes'].map((name) =>
    textIn(record, name, complain),
  );
  const priority = record.priority ?? USUAL_PRIORITY;
  if (typeof priority !== 'number') complain('priority: not a number');
  return {
    ...{ where, key, title: textIn(record, 'title', complain) ?? '' },
    text: parts.filter((part) => part !== undefined && part.trim() !== '').join('\n\n'),
    scope: textsIn(record, 'scope', complain),
    after: [...textsIn(record, 'after', complain), ...blockersIn(record, key, complain)],
    role: textIn(record, 'role', complain) ?? null,
    accept: textsIn(record, 'accept', complain),
    priority: typeof priority === 'number' ? priority : USUAL_PRIORITY,
  };
}

type Complain = (problem: string) => void;

function textIn(record: Readonly<Record<string, unknown>>, name: string, complain: Complain): string | undefined {
  const value = record[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  complain(`${name}: not a text`);
  return undefined;
}

function textsIn(record: Readonly<Record<string, unknown>>, name: string, complain: Complain): readonly string[] {
  const value = record[name];
  if (value === undefined || value === null) return [];
  if (typeof value === 'string') return [value];
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value as string[];
  complain(`${name}: not a list of texts`);
  return [];
}

/** Of the dependencies of beads, those of type `blocks` are what must be done before. */
function blockersIn(record: Readonly<Record<string, unknown>>, key: string | null, complain: Complain): string[] {
  const { dependencies } = record;
  if (dependencies === undefined || dependencies === null) return [];
  if (!Array.isArray(dependencies)) {
    complain('dependencies: not a list');
    return [];
  }
  return dependencies.flatMap((one: unknown) => {
    const { issue_id, depends_on_id, type } = (one ?? {}) as Readonly<Record<string, unknown>>;
    const mine = issue_id === undefined || issue_id === key;
    return mine && (type ?? 'blocks') === 'blocks' && typeof depends_on_id === 'string' ? [depends_on_id] : [];
  });
}

const ITEM = /^(\s*)(?:[-*+]|\d{1,9}[.)])\s+(?:\[([ xX])\]\s+)?(.*)$/;
const ATTRIBUTE = /^(scope|after|role|accept|priority|id):\s*(.*)$/i;

interface Item {
  readonly indent: number;
  readonly done: boolean;
  readonly where: string;
  readonly title: string;
  readonly lines: string[];
  readonly under: Item[];
  readonly attributes: Map<string, string>;
}

/** A Markdown list: what is indented under an item must be done before it; what is ticked off is done. */
function parseMarkdown(text: string): Written {
  const problems: string[] = [];
  const items: Item[] = [];
  const open: Item[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const where = `line ${index + 1}`;
    const [, spaces = '', tick, title = ''] = ITEM.exec(line) ?? [];
    const indent = width(spaces);
    if (ITEM.test(line)) {
      while (open.length > 0 && (open.at(-1)?.indent ?? 0) >= indent) open.pop();
      const item: Item = {
        ...{ indent, done: tick === 'x' || tick === 'X', where, title: plain(title) },
        ...{ lines: [], under: [], attributes: new Map() },
      };
      open.at(-1)?.under.push(item);
      open.push(item);
      items.push(item);
    } else if (/^\s+\S/.test(line) && open.length > 0) {
      addLine(open, line, problems, where);
    } else if (/^\S/.test(line)) open.length = 0;
  }
  const keys = new Map(
    items.map((item) => [item, item.attributes.get('id') ?? `#${item.where.slice('line '.length)}`]),
  );
  const undone = items.filter(({ done }) => !done);
  return { tasks: undone.map((item) => taskOf(item, keys, problems)), problems };
}

/** A line below an item is that of the innermost one which it is indented under. */
function addLine(open: Item[], line: string, problems: string[], where: string): void {
  const indent = width(/^\s*/.exec(line)?.[0] ?? '');
  const item = open.findLast((one) => one.indent < indent) ?? open[0];
  const [, name, value = ''] = ATTRIBUTE.exec(line.trim()) ?? [];
  if (name === undefined) item?.lines.push(line.trim());
  else if (item?.attributes.has(name.toLowerCase())) problems.push(`${where}: ${name} appears twice`);
  else item?.attributes.set(name.toLowerCase(), value.trim());
}

function taskOf(item: Item, keys: ReadonlyMap<Item, string>, problems: string[]): WrittenTask {
  const { where, title, lines, under, attributes } = item;
  const before = under.filter(({ done }) => !done).map((one) => keys.get(one) ?? '');
  const priority = attributes.get('priority');
  if (priority !== undefined && !/^\d+$/.test(priority)) problems.push(`${where}: priority: not a number`);
  return {
    ...{ where, key: keys.get(item) ?? null, title, text: lines.join('\n') },
    scope: listed(attributes.get('scope')),
    after: [...listed(attributes.get('after')), ...before],
    role: attributes.get('role') ?? null,
    accept: listed(attributes.get('accept')),
    priority: priority !== undefined && /^\d+$/.test(priority) ? Number(priority) : USUAL_PRIORITY,
  };
}

/** Words with commas or spaces between them; a comma inside braces belongs to its glob. */
function listed(text: string | undefined): string[] {
  if (text === undefined) return [];
  const words = text.replaceAll('`', '').match(/(?:\{[^{}]*\}|[^\s,{}]|[{}])+/g);
  return words ?? [];
}

/** A title without the marks that Markdown puts around all of it. */
function plain(title: string): string {
  return title.trim().replace(/^(\*\*|__|`)(.*)\1$/, '$2');
}

function width(spaces: string): number {
  return [...spaces].reduce((sum, space) => sum + (space === '\t' ? 4 : 1), 0);
}

function quoted(text: string): string {
  return JSON.stringify(shorten(text, 40));
}
