import type { Answer, Coord, Refusal } from '../api/index.js';
import type { Claim, Waiter } from '../domain/model.js';
import type { Tool } from './sdk.js';

/** Clients give up on a call after a minute. */
const LONGEST_WAIT = '45s';

/** One call: what stops it, and the id under which it has its effect once. */
export interface CallTerms {
  readonly signal: AbortSignal;
  readonly requestId: string;
}

type Given = Readonly<Record<string, unknown>>;

interface CoordTool {
  readonly description: string;
  /** Of its arguments, in the words of JSON Schema: only what {@link problemsIn} looks at. */
  readonly properties: Readonly<Record<string, Property>>;
  readonly required?: readonly string[];
  readonly readOnly?: true;
  /** The verb. */
  call(coord: Coord, given: Given, terms: CallTerms): Promise<Answer<object>>;
}

type Property = {
  type: 'string' | 'boolean' | 'array';
  items?: { type: 'string' };
  enum?: string[];
  description?: string;
};

const text = (description?: string): Property => ({ type: 'string', ...(description ? { description } : {}) });
const texts = (description: string): Property => ({ type: 'array', items: { type: 'string' }, description });
const flag = (description: string): Property => ({ type: 'boolean', description });

const TARGETS = texts('paths, directories, globs or @resources');
const WAIT = flag(`wait for your turn, at most ${LONGEST_WAIT}`);
const TTL = text('time to live, as 30m');

/** The tools, by name: each does what the verb of that name does, and is refused as that is. */
export const TOOLS: Readonly<Record<string, CoordTool>> = {
  start: {
    description: 'Begin here: the rules of this repository, who holds what, your claims and task, notes to you.',
    properties: {
      agent: text('your id, unless the environment names you'),
      role: { type: 'string', enum: ['peer', 'worker', 'orchestrator'] },
    },
    call: (coord, { role }, terms) => coord.session.start({ ...terms, ...only({ role }) }),
  },
  status: {
    description: 'Who holds what, until when and why, and who waits.',
    properties: { targets: TARGETS, mine: flag('only yours') },
    readOnly: true,
    call: (coord, { targets, mine }, { signal }) => coord.status(listIn(targets), { signal, ...only({ mine }) }),
  },
  claim: {
    description:
      'Claim paths before you change them: all of them, or none. A refusal says who holds them, what is free, and what to do next.',
    properties: { targets: TARGETS, reason: text('why'), ttl: TTL, shared: flag('read only'), wait: WAIT },
    required: ['targets'],
    async call(coord, { targets, wait, ...rest }, terms) {
      const asked = listIn(targets);
      const answer = await coord.claim(asked, { ...terms, ...only(rest), ...waiting(wait) });
      if (answer.ok && terms.signal.aborted) await giveBack(coord, answer.data.claims);
      return answer.ok ? answer : withPlace(coord, asked, answer);
    },
  },
  release: {
    description: 'Give claims back once the work is committed; HEAD is recorded as what holds it.',
    properties: {
      targets: TARGETS,
      all: flag('all of yours'),
      uncommitted: flag('even with uncommitted changes'),
    },
    call: (coord, { targets, ...rest }, terms) => coord.release(listIn(targets), { ...terms, ...only(rest) }),
  },
  take: {
    description: 'Take the next task that is ready and free, with its paths claimed; or the one that is named.',
    properties: { task: text('such as t12'), another: flag('in addition to the one you have'), ttl: TTL, wait: WAIT },
    async call(coord, { task, wait, ...rest }, terms) {
      const answer = await coord.tasks.take(textIn(task), { ...terms, ...only(rest), ...waiting(wait) });
      if (answer.ok && terms.signal.aborted && !answer.data.again) {
        await coord.tasks.return(answer.data.task.id, { uncommitted: true, reason: 'the call was cancelled' });
      }
      return answer;
    },
  },
  submit: {
    description: 'Hand in changed files as the result of your task, for somebody else to integrate. Commits nothing.',
    properties: { paths: texts('changed files'), note: text('what it is'), to: text('agent'), task: text() },
    required: ['paths', 'note'],
    call: (coord, { paths, note, ...rest }, terms) =>
      coord.submit(listIn(paths), { ...terms, note: String(note), ...only(rest) }),
  },
  note: {
    description: 'Tell other agents something. It is a log: neither a claim nor permission.',
    properties: {
      text: text(),
      to: texts('agents'),
      target: text('path that it is about'),
      kind: { type: 'string', enum: ['note', 'intent', 'proposal', 'state', 'handoff'] },
      needsAck: texts('agents asked to answer'),
    },
    required: ['text'],
    call: (coord, { text: said, ...rest }, terms) => coord.notes.add(String(said), { ...terms, ...only(rest) }),
  },
};

/** The tools as a client lists them. */
export function listedTools(): Tool[] {
  return Object.entries(TOOLS).map(([name, { description, properties, required = [], readOnly }]) => ({
    name,
    description,
    inputSchema: { type: 'object' as const, properties: { ...properties }, required: [...required] },
    ...(readOnly ? { annotations: { readOnlyHint: true } } : {}),
  }));
}

/** What is wrong with the arguments of a call; empty when they are as the schema says. */
export function problemsIn({ properties, required = [] }: CoordTool, given: Given): string[] {
  const lacking = required.filter((name) => given[name] === undefined).map((name) => `${name} is missing`);
  const wrong = Object.entries(given).flatMap(([name, value]) => {
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (!property) return [`${JSON.stringify(name)} is unknown; one of: ${Object.keys(properties).join(', ')}`];
    return value === undefined || fits(property, value) ? [] : [`${name}: ${expected(property)}`];
  });
  return [...lacking, ...wrong];
}

function fits({ type, enum: words }: Property, value: unknown): boolean {
  if (type === 'array') return Array.isArray(value) && value.every((one) => typeof one === 'string');
  return typeof value === type && (words === undefined || words.includes(value as string));
}

function expected({ type, enum: words }: Property): string {
  if (words) return `one of ${words.join(', ')}`;
  return type === 'array' ? 'a list of texts' : type === 'string' ? 'a text' : 'true or false';
}

/** What was given of these options; they are what the schema says. */
function only(options: Given): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function listIn(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function textIn(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function waiting(wait: unknown): { readonly wait?: string } {
  return wait === true ? { wait: LONGEST_WAIT } : {};
}

/** Nobody hears of what a cancelled call was granted, so nobody would give it back. */
async function giveBack(coord: Coord, claims: readonly Claim[]): Promise<void> {
  const fresh = claims.filter(({ acquiredAt, renewedAt }) => acquiredAt === renewedAt);
  const ofKind = (isPlain: boolean) =>
    fresh.filter(({ kind }) => (kind === 'glob') !== isPlain).map(({ target }) => target);
  for (const [targets, glob] of [
    [ofKind(true), false],
    [ofKind(false), true],
  ] as const) {
    if (targets.length > 0) await coord.release(targets, { uncommitted: true, ...(glob ? { glob } : {}) });
  }
}

/** Who waited for as long as a call may last is told which place another wait would have. */
async function withPlace(
  coord: Coord,
  targets: readonly string[],
  answer: Extract<Answer<object>, { readonly ok: false }>,
): Promise<Answer<object>> {
  if (answer.refusal.code !== 'timeout') return answer;
  const status = await coord.status(targets, { fetch: false });
  const waiters: readonly Waiter[] = status.ok ? status.data.waiters : [];
  const place = waiters.filter(({ passive }) => !passive).length + 1;
  const { message, details } = answer.refusal;
  const refusal: Refusal = {
    ...answer.refusal,
    message: `${message}; another wait would be number ${place}`,
    details: { ...details, place },
  };
  return { ...answer, refusal };
}
