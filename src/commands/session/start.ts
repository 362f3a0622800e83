import { join } from 'node:path';
import { CONFIG_FILE, parseConfig } from '../../config/load.js';
import { findAgent } from '../../domain/agents/agents.js';
import { bytesOf, fitParts, linesOfFit } from '../../domain/agents/sessions.js';
import { groundOf } from '../../domain/claims/conflicts.js';
import { isLive } from '../../domain/claims/leases.js';
import { ownVerbOf } from '../../domain/ground/targets.js';
import { LOG_DISCLAIMER } from '../../domain/log/notes.js';
import type { Agent, Role } from '../../domain/model.js';
import { linesOf } from '../../domain/rules/parse.js';
import { coord, targetWords } from '../../domain/suggestion.js';
import { plural } from '../../domain/text.js';
import { CoordError, usage } from '../../errors.js';
import { readWorktreeFile } from '../../git/files.js';
import { listFiles } from '../../git/worktree.js';
import { refusalError } from '../../render/refusals.js';
import { type Briefing, briefingParts, type MemoryFile, nextCommand, showsMemory } from '../../render/session.js';
import { loadStyle } from '../../render/style.js';
import { answerBefore } from '../../store/queue/combine.js';
import type { GitStore } from '../../store/swap/git-store.js';
import { transact } from '../../store/swap/transact.js';
import { asideLines } from '../../workspace/asides.js';
import type { Context } from '../../workspace/context.js';
import { type Identity, isPerson } from '../../workspace/identity.js';
import {
  insidePath,
  type MainFiles,
  MOST_BYTES_READ,
  readMainFiles,
  rulesFolder,
} from '../../workspace/main-branch.js';
import { rememberRules, rulesIn } from '../../workspace/rules.js';
import { readCount } from '../input.js';
import { tasksNow } from '../tasks/tasks.js';
import { type Input, LOG_FIELDS, type Success, type Verb } from '../verb.js';
import { openNotes, syncHint } from './standing.js';

const DEFAULT_BYTES = 8_000;
const ROLES: readonly Role[] = ['peer', 'worker', 'orchestrator'];

/** Whose work would collide with what is in this worktree: told below, and known to the commands that have no time to look. */
async function predictCollisions(context: Context): Promise<void> {
  const { predict } = await import('../conflicts/conflicts.js');
  // No session waits for what only helps.
  await predict(context, false).catch(() => undefined);
}

export const sessionStart: Verb = {
  options: [
    ['--role <role>', 'peer, worker or orchestrator; the one it had before by default, at first peer'],
    ['--max-bytes <n>', `print at most so many bytes (${DEFAULT_BYTES}); what does not fit is listed by name`],
  ],
  examples: [
    ['coord session start --agent maya', 'read the rules; from now on coord knows who works in this worktree'],
    ['coord session start --agent w1 --role worker --max-bytes 4000', 'a worker, with a short printout'],
  ],
  notes: [
    'Rules come first and are those of the main branch as last fetched; memory files are read as they are here.',
    'Running it again continues the same session; do so after your context was compacted, or when the rules have changed.',
  ],
  answers: {
    agent: 'text',
    session: 'text',
    role: "'peer' | 'orchestrator' | 'worker'",
    reach: ["'clone' | 'remote'", 'how far it is known: in a shared repository it goes along with your next write'],
    rules: 'object',
    surface: ['text[]', 'the paths whose change needs a claim'],
    memory: 'object[]',
    claims: 'Claim[]',
    others: 'Claim[]',
    tasks: ['Task[]', 'those that you have'],
    readyTasks: ['number', 'that can be taken, if their scope is free'],
    notes: 'Note[]',
    sync: 'object | null',
    next: 'text',
    ...LOG_FIELDS,
    bytes: 'number',
    maxBytes: 'number',
  },
  async run(context, input) {
    const mostBytes = readCount('--max-bytes', input.text('maxBytes') ?? String(DEFAULT_BYTES));
    const role = readRole(input);
    const identity = context.identity();
    const store = await context.store();
    await askArbiter(store);
    const before = findAgent(await store.view(), identity.agent);
    const start = await sessionToStart(context, store, role ?? before?.role ?? 'peer');
    if (start instanceof CoordError) return start;
    const briefing = await briefingFor(context, store, start);
    // Looked at before anything is recorded: an output that cannot be read starts no session.
    await output(context, briefing, mostBytes);
    const recorded = await record(
      context,
      store,
      start,
      briefing.rules.digest,
      (before?.role ?? 'peer') !== start.role,
    );
    if (recorded instanceof CoordError) return recorded;
    await predictCollisions(context);
    return {
      ...(await output(context, { ...briefing, ...recorded }, mostBytes)),
      warnings: [
        ...(await guardWarnings(context)),
        ...warningsFor(context, briefing, before, identity, await asideLines(context, ['fork', 'working-copy'])),
      ],
    };
  },
};

/** The session that this request id started before, the one that goes on here, or a new one. */
async function sessionToStart(context: Context, store: GitStore, role: Role): Promise<Start | CoordError> {
  const base = await context.requestBase();
  const person = isPerson(context.host);
  const request = { kind: 'session-start' as const, ...base, role, person, rules: null };
  const before = await answerBefore(store, request, context.now());
  if (before && !before.ok) return refusalError(before.refusal, context.now());
  const session = before?.result.agent.session ?? base.session ?? context.newId();
  return { agent: base.agent, session, role, requestId: base.requestId };
}

interface Start {
  readonly agent: string;
  readonly session: string;
  readonly role: Role;
  readonly requestId: string | null;
}

function readRole(input: Input): Role | null {
  const text = input.text('role');
  if (text === undefined) return null;
  const role = ROLES.find((known) => known === text);
  if (role) return role;
  throw usage(`no such role: ${JSON.stringify(text)}`, `one of: ${ROLES.join(', ')}`);
}

/** A session that would start on old knowledge is not started; its rules can be read all the same. */
async function askArbiter(store: GitStore): Promise<void> {
  try {
    await store.latest();
  } catch (error) {
    if (!(error instanceof CoordError) || error.code !== 'unavailable') throw error;
    const { message, details, hint } = error;
    throw new CoordError('unavailable', message, {
      hint: `no session was started; the rules can be read meanwhile: ${coord('rules')}; to start one, ${hint}`,
      details,
      cause: error,
    });
  }
}

/** Records the session in the state, then for this worktree; tells how far it is known. */
async function record(
  context: Context,
  store: GitStore,
  { agent, session, role, requestId }: Start,
  rules: string | null,
  changesRole: boolean,
): Promise<Pick<Briefing, 'reach' | 'waitsFor'> | CoordError> {
  const policy = await context.policy(agent);
  const request = {
    kind: 'session-start' as const,
    operation: context.newId(),
    agent,
    session,
    policy,
    role,
    person: isPerson(context.host),
    rules,
    requestId,
  };
  // Others go by the role, so that it does not wait.
  const { answer, reach, waitsFor } = changesRole
    ? { answer: await transact(store, request, context.effects), reach: store.reach, waitsFor: null }
    : await context.stores.decideLater(request);
  if (!answer.ok) return refusalError(answer.refusal, context.now());
  context.sessions.add({ agent, session });
  return { reach, waitsFor };
}

async function output(context: Context, briefing: Briefing, mostBytes: number): Promise<Success> {
  const { waitsFor: _, ...shown } = briefing;
  const now = context.now();
  const plain = briefingParts(briefing, now, await loadStyle(false));
  const fit = fitParts(plain, mostBytes);
  if (!fit.fits) {
    throw usage(
      `--max-bytes ${mostBytes} is too small: the names alone of what there is to read take ${fit.least} bytes`,
      coord(`session start --max-bytes ${Math.max(fit.least, DEFAULT_BYTES)}`),
      { least: fit.least },
    );
  }
  return {
    data: {
      ...shown,
      memory: briefing.memory.map(({ text, ...file }) => {
        const included = showsMemory(file.file, plain, fit);
        return { ...file, included, text: included ? text : null };
      }),
      disclaimer: LOG_DISCLAIMER,
      bytes: bytesOf(linesOfFit(plain, fit.full)),
      maxBytes: mostBytes,
    },
    text: (style) => linesOfFit(briefingParts(briefing, now, style), fit.full),
  };
}

/** Puts back the guards of this worktree where that is coord's to do; a session starts without them too. */
async function guardWarnings(context: Context): Promise<string[]> {
  const { repairGuards } = await import('../guard/status.js');
  const written = await repairGuards(context).catch(() => []);
  return written.length === 0 ? [] : [`the guards of this worktree were off, and are back: ${written.join(', ')}`];
}

function warningsFor(
  context: Context,
  { claims, session, notes }: Briefing,
  before: Agent | undefined,
  { agent }: Identity,
  asides: readonly string[],
): string[] {
  const warnings = [...asides];
  const elsewhere = claims.filter((claim) => claim.session !== null && claim.session !== session);
  if (elsewhere.length > 0) {
    const ids = [...new Set(elsewhere.map((claim) => claim.session))].join(', ');
    const ground = elsewhere.map(groundOf).filter((target) => ownVerbOf(target) === null);
    const takeOver = coord(`claim ${targetWords(ground)} --take-over --reason "that session has crashed"`);
    warnings.push(
      `${plural(elsewhere.length, 'claim')} of ${agent} belong to another session (${ids}); if that is another agent, start with an id of your own; otherwise ${ground.length === 0 ? 'wait until they are over' : `take them over: ${takeOver}`}`,
    );
  } else if (before && before.session !== null && before.session !== session) {
    warnings.push(
      `another session of ${agent} (${before.session}) has not ended; if that is another agent, use an id of your own`,
    );
  }
  const beside = context.sessions.list().filter((other) => other.agent !== agent);
  if (beside.length > 0) {
    const names = beside.map((other) => other.agent).join(', ');
    const have = beside.length === 1 ? 'has' : 'have';
    warnings.push(
      `${names} ${have} a session in this worktree too: say in each command who you are (--agent or COORD_AGENT)`,
    );
  }
  if (notes === null) warnings.push(`the log is damaged, so your notes are unknown: ${coord('log')}`);
  return warnings;
}

/** Gathers what a session begins with; reads only what is here. */
async function briefingFor(
  context: Context,
  store: GitStore,
  { agent, session, role }: { readonly agent: string; readonly session: string; readonly role: Role },
): Promise<Briefing> {
  const { share, remote } = await context.config();
  const folder = await rulesFolder(context);
  const memory = await memoryPaths(context);
  const main = await readMainFiles(context, [folder, ...memory, CONFIG_FILE]);
  const rules = rulesIn(context, folder, main);
  rememberRules(context, main?.branch.commit ?? null, folder, rules);
  const { state } = await store.read(['tasks']);
  const tasks = state.tasks.tasks.length === 0 ? [] : await tasksNow(context, state);
  const live = state.claims.filter((claim) => isLive(claim, context.now()));
  const facts = {
    agent,
    session,
    role,
    // As long as it may come to be, until it is recorded.
    reach: 'clone' as const,
    waitsFor: share ? remote : null,
    rules,
    surface: await surfaceIn(context, main),
    memory: await readMemory(context, memory, main),
    claims: live.filter((claim) => claim.agent === agent),
    others: live.filter((claim) => claim.agent !== agent),
    tasks: tasks.filter((task) => task.state === 'taken' && task.agent === agent),
    readyTasks: tasks.filter(({ ready, role: wanted }) => ready && (wanted === null || wanted === role)).length,
    notes: await openNotes(store, agent),
    sync: await syncHint(context, main?.branch ?? null),
  };
  return { ...facts, next: nextCommand(facts) };
}

/** The surface as the main branch has it, where that can be read; else as this worktree does. */
async function surfaceIn(context: Context, main: MainFiles | null): Promise<readonly string[]> {
  const text = main?.files.find(({ path }) => path === CONFIG_FILE)?.text ?? null;
  const config = text === null ? null : await parseConfig(text).catch(() => null);
  return (config ?? (await context.config())).surface;
}

/** The paths of the memory files that the configuration names. @throws CoordError `usage` */
async function memoryPaths(context: Context): Promise<string[]> {
  return [...new Set((await context.config()).memory.map((path) => insidePath('memory', path)))];
}

/**
 * The memory files as they are here: they are often edited and read before they are committed. Where the main branch has
 * another version, each says so. What git does not track is nobody's word to the team, and is not read.
 */
async function readMemory(
  { repository, git }: Context,
  paths: readonly string[],
  main: MainFiles | null,
): Promise<MemoryFile[]> {
  const { root } = repository;
  const onMain = (file: string) => main?.files.find(({ path }) => path === file);
  const files = paths.map((file) => ({ file, here: readWorktreeFile(root, file, MOST_BYTES_READ) }));
  const unknown = files.filter(({ file, here }) => here !== null && onMain(file) === undefined).map(({ file }) => file);
  const listed = await listFiles(repository, git, unknown, true);
  const tracked = new Set(listed.flatMap((one) => (one.tracked ? [one.path.normalize('NFC')] : [])));
  return files.map(({ file, here: found }) => {
    const untracked = unknown.includes(file) && !tracked.has(file);
    const here = untracked ? null : found;
    const base = { file, path: join(root, file), bytes: here?.bytes ?? null, text: here?.text ?? null, untracked };
    return { ...base, differs: main === null ? null : differenceOf(here, onMain(file)) };
  });
}

type Read = Pick<MemoryFile, 'bytes' | 'text'>;

function differenceOf(here: Read | null, there: Read | undefined): MemoryFile['differs'] {
  if (here !== null && there !== undefined) return isSame(here, there) ? null : 'changed';
  return here ? 'only-here' : there ? 'only-there' : null;
}

/** Line ends and blanks at the ends of lines do not count; of a file too large to be read, the size does. */
function isSame(a: Read, b: Read): boolean {
  if (a.text === null || b.text === null) return a.bytes === b.bytes;
  return linesOf(a.text).join('\n') === linesOf(b.text).join('\n');
}
