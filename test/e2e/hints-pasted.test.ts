import { spawnSync } from 'node:child_process';
import { chmodSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Refusal } from '../../src/domain/refusal.js';
import { asTyped } from '../../src/domain/suggestion.js';
import { failureEnvelope } from '../../src/render/envelope.js';
import { refusalError } from '../../src/render/refusals.js';
import { deployFleet } from '../support/deploying.js';
import { configure, type Fleet, fleetIn, localFleet, sharedFleet } from '../support/fleet.js';
import { coordInProcess, inProcess } from '../support/in-process.js';
import { type CoordEnvelope, type CoordResult, sandbox } from '../support/sandbox.js';

/** Everything that an error suggests to run, in its order. */
function suggestionsIn({ error }: CoordEnvelope): string[] {
  const { alternative } = error.details ?? {};
  return [error.hint, ...(alternative ? [alternative.command] : [])];
}

/** Pastes a suggestion into a shell, in a directory, as an agent; `coord` is the built program. */
function paste({ box }: Fleet, agent: string, cwd: string, line: string): { code: number | null; output: string } {
  const script = `coord() { ${JSON.stringify(process.execPath)} ${JSON.stringify(box.program)} "$@"; }; ${line}`;
  const env = { ...box.env, COORD_AGENT: agent, GIT_EDITOR: 'true', GIT_PAGER: 'cat', X: '1' };
  const { status, stdout, stderr } = spawnSync('bash', ['-c', script], { cwd, env, encoding: 'utf8', timeout: 90_000 });
  return { code: status, output: stdout + stderr };
}

/** Types a command line with `--json`, in the process of the test. */
function type(fleet: Fleet, agent: string, words: readonly string[], options: Options = {}): Promise<CoordResult> {
  const end = words.indexOf('--');
  const [own, program] = end < 0 ? [words, []] : [words.slice(0, end), words.slice(end)];
  const { cwd = fleet.clone, now = Date.now, env = {} } = options;
  return coordInProcess(fleet.box, cwd, [...own, '--json', ...program], { now, env: { COORD_AGENT: agent, ...env } });
}

interface Options {
  readonly cwd?: string;
  readonly now?: () => number;
  readonly env?: Readonly<Record<string, string>>;
}

/** What one agent does in a scene; it must succeed. Each is `AGENT coord words`. */
async function act(fleet: Fleet, ...lines: readonly string[]): Promise<void> {
  for (const line of lines) {
    const [agent = '', ...words] = line.match(/'[^']*'|\S+/g)?.map((word) => word.replaceAll("'", '')) ?? [];
    const { code, stdout } = await type(fleet, agent, words);
    if (code !== 0) throw new Error(`${line}: exit ${code}\n${stdout}`);
  }
}

interface Lead {
  /** The command as it is suggested. */
  readonly run: string | RegExp;
  /** Its exit code; 0 unless it says something else on purpose. */
  readonly exit?: number;
  /** A part of what it prints. */
  readonly shows?: string | RegExp;
}

interface Row {
  readonly fleet?: () => Promise<Fleet>;
  /** What others did before, as `AGENT coord words`, or more than commands. */
  readonly scene?: readonly string[] | ((fleet: Fleet) => Promise<unknown>);
  /** What is typed, by `noor` unless the row names another, and is refused. */
  readonly typed?: readonly string[];
  /** The refusal itself, where it takes long to get there. */
  readonly made?: object;
  readonly by?: string;
  readonly options?: (fleet: Fleet) => Options;
  readonly exit: number;
  /** What happens before the suggestions are pasted. */
  readonly meanwhile?: readonly string[];
  /** Each suggestion: the hint, then the alternative. A text that names no command stands for words to read. */
  readonly leads: readonly (Lead | RegExp)[];
}

const lead = (run: Lead['run'], shows?: Lead['shows'], exit = 0): Lead => ({ run, exit, ...(shows ? { shows } : {}) });

const HELD = ['maya claim src/api --reason pagination'];
const FREED = ['maya release --all'];
const TASK = ["boss task add 'paginate users' --scope src/api"];
const LATER = { now: () => Date.now() + 3_600_000 };

/** A result that maya has submitted, of a file that she has changed. */
async function submitted(fleet: Fleet): Promise<void> {
  fleet.box.write(fleet.clone, 'src/web/page.ts', 'changed\n');
  await act(fleet, 'boss session start --role orchestrator', "maya submit src/web/page.ts --note 'a page'");
}

const DEPLOYMENT = { id: 'd1', startedAt: new Date().toISOString() };

/** One row for each reason of a refusal: the compiler asks for those that are missing. */
const REFUSALS: Readonly<Record<Refusal['reason'], Row>> = {
  held: {
    scene: HELD,
    typed: ['claim', 'src/api', 'src/web/page.ts'],
    exit: 3,
    meanwhile: FREED,
    leads: [
      lead('coord claim src/web/page.ts', 'claimed src/web/page.ts'),
      lead('coord claim src/api/ --wait', 'claimed src/api/**'),
    ],
  },
  session: {
    scene: (fleet) => type(fleet, 'noor', ['claim', 'src/api'], { env: { COORD_SESSION: 'other' } }),
    typed: ['claim', 'src/api'],
    options: () => ({ env: { COORD_SESSION: 'mine' } }),
    exit: 3,
    leads: [lead('coord claim src/api/ --take-over --reason "that session has crashed"', 'claimed src/api/**')],
  },
  deadlock: {
    scene: async (fleet) => {
      await act(fleet, 'maya claim src/api', 'noor claim src/web');
      // Left in the queue, as by a process that was killed while it waited.
      const { box, clone } = fleet;
      spawnSync('timeout', ['-s', 'KILL', '3', process.execPath, box.program, 'claim', 'src/web', '--wait'], {
        cwd: clone,
        env: { ...box.env, COORD_AGENT: 'maya' },
      });
    },
    typed: ['claim', 'src/api', '--wait'],
    exit: 3,
    leads: [lead('coord status --mine', 'src/web/**')],
  },
  order: {
    scene: async (fleet) => {
      configure(fleet, { lockOrder: 'strict' });
      await act(fleet, 'noor claim src/web');
    },
    typed: ['claim', 'src/api', '--wait'],
    exit: 3,
    leads: [lead('coord release src/web/', 'released src/web/**')],
  },
  'not-offered': {
    scene: HELD,
    typed: ['handoff', 'accept', 'src/api'],
    exit: 3,
    leads: [lead("coord note 'please hand over src/api/**' --to maya", 'noted')],
  },
  lost: {
    scene: ['noor claim src/web', 'maya claim src/web --take-over --reason urgent'],
    typed: ['renew', 'src/web'],
    exit: 4,
    meanwhile: FREED,
    leads: [lead('coord claim src/web/', 'claimed src/web/**')],
  },
  unclaimed: {
    fleet: sharedFleet,
    scene: async ({ box, clone }) => box.commit(clone, 'src/api/users.ts', 'changed\n'),
    typed: ['land'],
    exit: 4,
    leads: [lead('coord claim src/api/users.ts && coord land', 'landed')],
  },
  'unknown-outcome': {
    scene: async ({ box, clone }) =>
      spawnSync(process.execPath, [box.program, 'once', 'job', '--', 'sh', '-c', 'kill -9 $PPID'], {
        cwd: clone,
        env: { ...box.env, COORD_AGENT: 'maya' },
      }),
    typed: ['once', 'job', '--', 'echo', 'it ran'],
    options: () => LATER,
    exit: 7,
    // By the clock of this machine it may be running still.
    leads: [
      lead("coord once job --retry -- echo 'it ran'", 'job', 3),
      lead('coord once job --forget', 'held by maya', 3),
    ],
  },
  'unknown-deploy': {
    fleet: deployFleet,
    scene: (fleet) => fleet.as('maya', ['deploy', 'prod', '--', 'sh', '-c', 'test -n "$X" || kill -9 $PPID']),
    typed: ['deploy', 'prod', '--', 'true'],
    options: () => LATER,
    exit: 7,
    leads: [lead(/^coord deploy show d1$/, 'maya'), lead('coord deploy prod --retry -- true', 'deployed prod')],
  },
  'used-signature': {
    fleet: deployFleet,
    made: { code: 'closed', reason: 'used-signature', gate: 'tests', target: 'prod' },
    exit: 6,
    leads: [lead('coord gate request tests prod', 'nobody signs it', 2)],
  },
  'no-deploy': {
    made: { code: 'usage', reason: 'no-deploy', deploy: 'd9' },
    exit: 2,
    leads: [lead('coord deploy list', 'nothing was deployed')],
  },
  deploying: {
    scene: ['noor claim src/api'],
    made: { code: 'held', reason: 'deploying', deploys: [{ ...DEPLOYMENT, target: 'prod' }] },
    exit: 3,
    leads: [lead('coord status --mine', 'src/api/**'), lead('coord release @deploy/prod', 'you do not hold it', 4)],
  },
  behind: {
    scene: async (fleet) => {
      const { box, clone } = fleet;
      await act(fleet, 'maya claim src/api');
      box.git(clone, 'switch', '--quiet', '-c', 'work');
      box.commit(clone, 'src/api/users.ts', 'changed\n');
      await act(fleet, 'maya release src/api');
      box.git(clone, 'switch', '--quiet', 'main');
    },
    typed: ['claim', 'src/api', 'src/web'],
    exit: 5,
    leads: [
      lead(/^git merge \w{7}$/, 'Fast-forward'),
      lead('coord claim src/api/ --allow-behind', 'claimed src/api/**'),
    ],
  },
  killed: {
    scene: [
      'noor claim src/web',
      'boss session start --role orchestrator',
      "boss agent kill noor --reason 'wrong branch'",
    ],
    typed: ['claim', 'src/api'],
    exit: 6,
    leads: [/^stop working/],
  },
  role: {
    scene: ['noor session start --role worker'],
    typed: ['claim', 'src/api'],
    exit: 6,
    leads: [lead('coord session scratch', 'scratch/noor')],
  },
  'session-required': {
    scene: async (fleet) => configure(fleet, { requireSession: true }),
    typed: ['claim', 'src/api'],
    exit: 6,
    leads: [lead('coord session start', 'noor')],
  },
  'no-integrator': {
    scene: async ({ box, clone }) => box.write(clone, 'src/web/page.ts', 'changed\n'),
    typed: ['submit', 'src/web/page.ts', '--note', 'a page'],
    exit: 2,
    leads: [lead('coord session start --agent lead --role orchestrator', 'lead')],
  },
  'many-submissions': {
    scene: async (fleet) => {
      await act(fleet, 'boss session start --role orchestrator');
      for (let count = 1; ; count += 1) {
        fleet.box.write(fleet.clone, 'src/web/page.ts', `changed ${count}\n`);
        const { code } = await type(fleet, 'noor', ['submit', 'src/web/page.ts', '--note', `page ${count}`]);
        if (code !== 0) return;
      }
    },
    typed: ['submit', 'src/web/page.ts', '--note', 'one more'],
    exit: 2,
    leads: [lead(/^coord submit --take-back n\d+$/, /n\d+/)],
  },
  'unknown-submission': {
    typed: ['integrate', 'n99'],
    exit: 2,
    leads: [lead('coord integrate')],
  },
  'submission-closed': {
    scene: async (fleet) => {
      await submitted(fleet);
      await act(fleet, 'boss integrate n1 --decline --reason later');
    },
    by: 'boss',
    typed: ['integrate', 'n1'],
    exit: 4,
    leads: [lead('coord integrate')],
  },
  'not-integrator': {
    scene: submitted,
    typed: ['integrate', 'n1'],
    exit: 6,
    leads: [lead('coord note "please integrate n1" --to boss', 'noted')],
  },
  'no-offer': {
    typed: ['handoff', 'accept', 'src/api'],
    exit: 4,
    leads: [lead('coord claim src/api/', 'claimed src/api/**')],
  },
  authority: {
    scene: ['boss session start --role orchestrator'],
    typed: ['agent', 'kill', 'boss', '--reason', 'x'],
    exit: 6,
    leads: [/^ask an orchestrator \(boss\)/],
  },
  'unknown-agent': {
    scene: HELD,
    typed: ['handoff', 'src/web', '--to', 'nobody'],
    exit: 2,
    leads: [lead('coord agent list', 'maya')],
  },
  'killed-agent': {
    scene: [
      'boss session start --role orchestrator',
      'maya session start',
      "boss agent kill maya --reason 'wrong branch'",
      'noor claim src/web',
    ],
    typed: ['handoff', 'src/web', '--to', 'maya'],
    exit: 2,
    leads: [lead('coord agent list', 'maya')],
  },
  oneself: {
    scene: ['noor claim src/web'],
    typed: ['handoff', 'src/web', '--to', 'noor'],
    exit: 2,
    leads: [lead('coord agent list', 'noor')],
  },
  'unknown-note': { typed: ['ack', 'n9'], exit: 2, leads: [lead('coord log')] },
  none: {
    typed: ['task', 'take'],
    exit: 3,
    meanwhile: TASK,
    leads: [lead('coord task take --wait', 'taken t1')],
  },
  blocked: {
    scene: [...TASK, "boss task add 'document pages' --after t1", 'maya task take t1'],
    typed: ['task', 'take'],
    exit: 3,
    meanwhile: ['maya task done t1'],
    leads: [lead('coord task take --wait', 'taken t2')],
  },
  'bad-tasks': { typed: ['task', 'add', 'x', '--after', 't9'], exit: 2, leads: [/^fix them all/] },
  'unknown-task': { scene: TASK, typed: ['task', 'show', 't9'], exit: 2, leads: [lead('coord task list', 'paginate')] },
  'task-over': {
    scene: [...TASK, 'boss task drop t1'],
    typed: ['task', 'take', 't1'],
    exit: 2,
    leads: [lead('coord task show t1', 'paginate')],
  },
  'has-task': {
    scene: [...TASK, "boss task add 'document pages' --scope src/web", 'noor task take t1'],
    typed: ['task', 'take', 't2'],
    exit: 2,
    leads: [lead('coord task show t1', 'paginate')],
  },
  'which-task': {
    scene: [
      ...TASK,
      "boss task add 'document pages' --scope src/web",
      'noor task take t1',
      'noor task take t2 --another',
    ],
    typed: ['task', 'return', '--reason', 'no'],
    exit: 2,
    leads: [lead('coord task list', 'paginate')],
  },
  'task-ground': {
    scene: [...TASK, 'noor task take t1'],
    typed: ['release', 'src/api'],
    exit: 2,
    leads: [lead('coord task done t1', 'done t1')],
  },
  reserved: { scene: TASK, typed: ['claim', '@task/t1'], exit: 2, leads: [lead('coord task take t1', 'taken t1')] },
  'task-taken': {
    scene: [...TASK, 'maya task take t1'],
    by: 'boss',
    typed: ['task', 'edit', 't1', '--scope', 'src/web'],
    exit: 3,
    leads: [lead('coord note "please return t1: its scope has to change" --to maya', 'noted')],
  },
  'not-your-task': {
    scene: async (fleet) => {
      await submitted(fleet);
      await act(fleet, ...TASK, 'maya task take t1');
    },
    typed: ['submit', 'src/web/page.ts', '--note', 'a page', '--task', 't1'],
    exit: 4,
    leads: [lead('coord task show t1', 'paginate')],
  },
  'task-role': {
    scene: ["boss task add 'look' --role worker"],
    typed: ['task', 'take', 't1'],
    exit: 6,
    leads: [lead('coord task take', 'no task is open', 3)],
  },
  accept: {
    scene: async (fleet) => {
      configure(fleet, { gates: { tests: { type: 'command', command: ['false'] } } });
      await act(fleet, "boss task add 'look' --accept tests", 'noor task take t1');
    },
    typed: ['task', 'done'],
    exit: 6,
    leads: [lead('coord gate show tests', 'tests')],
  },
  'not-in-charge': {
    scene: async (fleet) => configure(fleet, { tasks: { by: 'orchestrator' } }),
    typed: ['task', 'add', 'look'],
    exit: 6,
    leads: [lead('coord session start --role orchestrator && coord claim @orchestrator', 'claimed @orchestrator')],
  },
  'request-id': {
    scene: ['noor claim src/api --request-id r1'],
    typed: ['claim', 'src/web', '--request-id', 'r1'],
    exit: 2,
    leads: [/^use a new id/],
  },
};

/** What was refused, as `--json` tells it. */
async function refusedIn(fleet: Fleet, { by = 'noor', typed = [], made, options }: Row): Promise<CoordEnvelope> {
  if (made !== undefined) {
    const error = refusalError(made as Refusal, new Date().toISOString());
    return JSON.parse(failureEnvelope('test', error, [], (text) => asTyped(text, { atRoot: true, agent: undefined })));
  }
  return (await type(fleet, by, typed, options?.(fleet))).json();
}

async function check(row: Row, reason?: string): Promise<void> {
  const { by = 'noor', exit, leads, meanwhile = [], scene = [] } = row;
  const fleet = await (row.fleet ?? localFleet)();
  if (typeof scene === 'function') await scene(fleet);
  else await act(fleet, ...scene);
  const answer = await refusedIn(fleet, row);
  expect([answer.error?.exit, answer.error?.message]).toEqual([exit, expect.any(String)]);
  if (reason !== undefined) expect(answer.error.details.reason).toBe(reason);
  const suggested = suggestionsIn(answer);
  expect(suggested).toEqual(leads.map((one) => expect.stringMatching(one instanceof RegExp ? one : exactly(one.run))));
  await act(fleet, ...meanwhile);
  for (const [at, one] of leads.entries()) {
    if (one instanceof RegExp) expect(suggested[at]).not.toMatch(/^(?:coord|git) /);
    else {
      const { cwd = fleet.clone } = row.options?.(fleet) ?? {};
      const { run, exit: code = 0, shows = '' } = one;
      const pasted = paste(fleet, by, cwd, suggested[at] ?? '');
      expect([run, pasted]).toEqual([run, { code, output: expect.stringMatching(exactly(shows, true)) }]);
    }
  }
}

function exactly(wanted: string | RegExp, within = false): RegExp {
  if (wanted instanceof RegExp) return wanted;
  const text = wanted.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(within ? text : `^${text}$`);
}

describe('a refusal leads on with a command that works when it is pasted', () => {
  it.each(Object.entries(REFUSALS))('%s', (reason, row) => check(row, reason));
});

/** A repository as git makes it. */
async function bare(): Promise<Fleet> {
  const box = sandbox();
  return fleetIn(box, { clone: box.repository() });
}

/** In a shared fleet: what another clone has landed meanwhile. */
async function landedElsewhere({ box, clone }: Fleet): Promise<string> {
  const other = box.clone(box.git(clone, 'remote', 'get-url', 'origin'));
  const commit = box.commit(other, 'src/web/page.ts', 'theirs\n');
  box.git(other, 'push', '--quiet', 'origin', 'HEAD:main');
  return commit;
}

/** Everything else that refuses, by what was typed. */
const OTHERS: Readonly<Record<string, Row>> = {
  'no repository': {
    fleet: async () => {
      const box = sandbox();
      return fleetIn(box, { clone: box.home });
    },
    typed: ['status'],
    exit: 2,
    leads: [lead('git init', 'nitialized')],
  },
  'inside .git': {
    typed: ['status'],
    options: ({ clone }) => ({ cwd: join(clone, '.git') }),
    exit: 2,
    leads: [lead(/^cd /)],
  },
  'not set up': { fleet: bare, typed: ['status'], exit: 2, leads: [lead('coord init', 'coord.config.json')] },
  'nobody known to act': {
    typed: ['claim', 'src'],
    options: () => ({ env: { COORD_AGENT: '' } }),
    exit: 2,
    leads: [/--agent ID/],
  },
  'no agent id': {
    typed: ['claim', 'src'],
    options: () => ({ env: { COORD_AGENT: 'a b' } }),
    exit: 2,
    leads: [/^use 1 to 64/],
  },
  'a verb that is misspelt': { typed: ['clam', 'src'], exit: 2, leads: [lead('coord help claim', 'coord claim')] },
  'a verb of another tool': {
    typed: ['lock', 'src/api'],
    exit: 2,
    leads: [lead('coord claim src/api', 'claimed src/api/**')],
  },
  'an option that is misspelt': {
    typed: ['claim', 'src', '--reson', 'x'],
    exit: 2,
    leads: [lead('coord claim --help', '--reason')],
  },
  'a group without its verb': { typed: ['session'], exit: 2, leads: [lead('coord session --help', 'start')] },
  'no program to run': { typed: ['run', 'src/api'], exit: 2, leads: [lead('coord help run', 'Examples')] },
  'no program to run once': { typed: ['once', 'job'], exit: 2, leads: [lead('coord help once', 'Examples')] },
  'no program to deploy with': {
    fleet: deployFleet,
    typed: ['deploy', 'prod'],
    exit: 2,
    leads: [lead('coord help deploy', 'Examples')],
  },
  'a look at deploys, by habit': { typed: ['deploy', 'status'], exit: 2, leads: [lead('coord deploy list')] },
  'nothing to submit': { typed: ['submit', '--note', 'x'], exit: 2, leads: [lead('coord help submit', 'Examples')] },
  'nothing changed to submit': {
    scene: ['boss session start --role orchestrator'],
    typed: ['submit', 'src/web/page.ts', '--note', 'x'],
    exit: 2,
    leads: [lead('git status', 'clean')],
  },
  'nothing to release': { typed: ['release'], exit: 2, leads: [lead('coord release --all')] },
  'no task named': { typed: ['task', 'add'], exit: 2, leads: [lead('coord help task add', 'Examples')] },
  'a wait without its unit, as a word of its own': {
    scene: HELD,
    typed: ['claim', 'src/api', '--wait', '5'],
    exit: 2,
    leads: [/^name the unit: --wait=5m/],
  },
  'no token': { typed: ['verify-token', 'src/api', '1'], exit: 4, leads: [lead('coord claim src/api/', 'claimed')] },
  'a wait without a target': { typed: ['status', '--wait'], exit: 2, leads: [lead('coord help status', 'Examples')] },
  'no rule of this id': {
    typed: ['rules', 'show', 'xyzzy'],
    exit: 2,
    leads: [lead('coord rules', 'verify-before-done')],
  },
  'a rule that is misspelt': {
    typed: ['rules', 'show', 'honest-reportng'],
    exit: 2,
    leads: [lead('coord rules show honest-reporting', 'honest')],
  },
  'no event of this id': {
    typed: ['events', '--since', 'xyzzy'],
    exit: 2,
    leads: [lead('coord events', 'claim')],
    scene: HELD,
  },
  'no task of this form': { typed: ['task', 'show', 'xyzzy!'], exit: 2, leads: [lead('coord task list', 'no tasks')] },
  'a kind of note': { typed: ['note', 'x', '--kind', 'lock'], exit: 2, leads: [/^one of: /] },
  'an ack of an ack': {
    scene: ['maya note hello --to noor', 'noor ack n1'],
    by: 'maya',
    typed: ['ack', 'n2'],
    exit: 2,
    leads: [lead('coord note "thank you" --to noor', 'noted')],
  },
  'a handoff to nobody': {
    scene: ['noor claim src/web'],
    typed: ['handoff', 'src/web'],
    exit: 2,
    leads: [lead('coord agent list', 'noor')],
  },
  'a submission of another': {
    scene: submitted,
    typed: ['submit', '--take-back', 'n1'],
    by: 'boss',
    exit: 2,
    leads: [lead('coord integrate n1 --decline --reason "it is not needed"', 'declined')],
  },
  'a submission on unclaimed paths': {
    scene: async (fleet) => {
      await submitted(fleet);
      fleet.box.git(fleet.clone, 'checkout', '--quiet', '--', '.');
    },
    by: 'boss',
    typed: ['integrate', 'n1'],
    exit: 4,
    leads: [lead('coord claim src/web/page.ts && coord integrate n1', 'integrated')],
  },
  'a submission over uncommitted changes': {
    scene: async (fleet) => {
      await submitted(fleet);
      fleet.box.write(fleet.clone, 'src/web/page.ts', 'mine\n');
      await act(fleet, 'boss claim src/web');
    },
    by: 'boss',
    typed: ['integrate', 'n1'],
    exit: 5,
    leads: [lead('git stash --include-untracked && coord integrate n1', 'integrated')],
  },
  'a submission that conflicts': {
    scene: async (fleet) => {
      await submitted(fleet);
      fleet.box.git(fleet.clone, 'checkout', '--quiet', '--', '.');
      await act(fleet, 'boss claim src/web');
      fleet.box.commit(fleet.clone, 'src/web/page.ts', 'mine\n');
    },
    by: 'boss',
    typed: ['integrate', 'n1'],
    exit: 5,
    leads: [lead('coord integrate n1 --conflicts', 'conflict', 5)],
  },
  'a release of what is not committed': {
    scene: async (fleet) => {
      await act(fleet, 'noor claim src/api');
      fleet.box.write(fleet.clone, 'src/api/users.ts', 'changed\n');
    },
    typed: ['release', 'src/api'],
    exit: 5,
    leads: [lead('git status', 'users.ts')],
  },
  'a run that is refused is run again, and not only claimed': {
    scene: HELD,
    typed: ['run', 'src/api', '--', 'echo', 'it ran'],
    exit: 3,
    meanwhile: FREED,
    leads: [lead("coord run src/api/ --wait -- echo 'it ran'", 'it ran'), lead('coord status src/api/')],
  },
  'a run that waited in vain': {
    scene: HELD,
    typed: ['run', 'src/api', '--wait=1s', '--', 'echo', 'it ran'],
    exit: 9,
    meanwhile: FREED,
    leads: [lead("coord run src/api/ --wait -- echo 'it ran'", 'it ran'), lead('coord status src/api/')],
  },
  'a claim that waited too long': {
    scene: HELD,
    typed: ['claim', 'src/api', '--wait=1s'],
    exit: 9,
    meanwhile: FREED,
    leads: [lead('coord claim src/api/ --wait', 'claimed'), lead('coord status src/api/')],
  },
  'a task take that waited too long': {
    typed: ['task', 'take', '--wait=1s'],
    exit: 9,
    meanwhile: TASK,
    leads: [lead('coord task take --wait', 'taken t1'), lead('coord task list', 't1')],
  },
  'a task whose paths are held': {
    scene: [...HELD, ...TASK],
    typed: ['task', 'take', 't1'],
    exit: 3,
    meanwhile: FREED,
    leads: [lead('coord task take t1 --wait', 'taken t1'), lead('coord task take', 'you have t1')],
  },
  'a run of another once': {
    scene: (fleet) => fleet.as('maya', ['once', 'job', '--', 'sh', '-c', 'kill -9 $PPID']),
    typed: ['once', 'job', '--', 'echo', 'it ran'],
    exit: 3,
    meanwhile: ['maya release @once/job'],
    leads: [lead("coord once job --wait -- echo 'it ran'", 'unknown', 7)],
  },
  'an interrupted merge': {
    fleet: sharedFleet,
    scene: async ({ box, clone }) => {
      box.git(clone, 'switch', '--quiet', '-c', 'side');
      box.commit(clone, 'src/api/users.ts', 'side\n');
      box.git(clone, 'switch', '--quiet', 'main');
      box.commit(clone, 'src/api/users.ts', 'main\n');
      box.tryGit(clone, 'merge', 'side');
    },
    typed: ['sync-check'],
    exit: 7,
    leads: [lead('git merge --continue', 'unmerged', 128)],
  },
  'a copy that is behind': {
    fleet: sharedFleet,
    scene: landedElsewhere,
    typed: ['sync-check'],
    exit: 5,
    leads: [lead('git pull --rebase origin main', 'Fast-forward')],
  },
  'a copy that is not clean': {
    fleet: sharedFleet,
    scene: async ({ box, clone }) => box.write(clone, 'src/api/users.ts', 'changed\n'),
    typed: ['sync-check', '--require-clean'],
    exit: 5,
    leads: [lead('git stash --include-untracked', 'Saved')],
  },
  'no remote to compare with': { typed: ['sync-check'], exit: 7, leads: [lead('git remote -v')] },
  'a remote that cannot be fetched': {
    fleet: sharedFleet,
    scene: away,
    typed: ['sync-check'],
    exit: 7,
    leads: [lead('git fetch origin', 'does not appear', 128)],
  },
  'a history that was rewound': {
    fleet: sharedFleet,
    scene: async (fleet) => {
      const { box, clone } = fleet;
      box.commit(clone, 'src/api/users.ts', 'one\n');
      box.git(clone, 'push', '--quiet', 'origin', 'main');
      await type(fleet, 'noor', ['sync-check']);
      box.git(clone, 'push', '--quiet', '--force', 'origin', 'HEAD~1:main');
    },
    typed: ['sync-check'],
    exit: 5,
    leads: [lead(/^git rebase --onto \w+ \w+$/, 'rebase')],
  },
  'nothing to land on': { typed: ['land'], exit: 2, leads: [lead('coord release --all')] },
  'a landing of what is not committed': {
    fleet: sharedFleet,
    scene: async (fleet) => {
      const { box, clone } = fleet;
      await act(fleet, 'noor claim src/api');
      box.commit(clone, 'src/api/users.ts', 'changed\n');
      box.write(clone, 'src/api/users.ts', 'more\n');
    },
    typed: ['land'],
    exit: 5,
    leads: [lead('git stash --include-untracked', 'Saved')],
  },
  'a landing behind the others': {
    fleet: sharedFleet,
    scene: landedElsewhere,
    typed: ['land'],
    exit: 5,
    leads: [lead('git pull --rebase origin main', 'Fast-forward')],
  },
  'a landing that the server refuses': {
    fleet: sharedFleet,
    scene: async (fleet) => {
      const { box, clone } = fleet;
      await act(fleet, 'noor claim src/api');
      box.commit(clone, 'src/api/users.ts', 'changed\n');
      const hook =
        '#!/bin/sh\nwhile read -r old new ref; do [ "$ref" = refs/heads/main ] && echo "protected branch" >&2 && exit 1; done; exit 0\n';
      chmodSync(box.write(box.git(clone, 'remote', 'get-url', 'origin'), 'hooks/pre-receive', hook), 0o755);
    },
    typed: ['land'],
    exit: 6,
    leads: [/./],
  },
  'a remote that is down': {
    fleet: sharedFleet,
    scene: away,
    typed: ['claim', 'src/api'],
    exit: 7,
    leads: [lead('git remote -v', 'origin'), lead('coord claim src/api/ --offline', 'claimed')],
  },
  'a remote that is down, for a reader': {
    fleet: sharedFleet,
    scene: away,
    typed: ['status'],
    exit: 7,
    leads: [lead('git remote -v', 'origin'), lead('coord status --no-fetch', 'no claims')],
  },
  'a remote with two addresses': {
    fleet: sharedFleet,
    scene: async ({ box, clone }) => box.git(clone, 'remote', 'set-url', '--push', 'origin', box.path('elsewhere.git')),
    typed: ['claim', 'src/api'],
    exit: 2,
    leads: [lead('git remote -v', 'elsewhere.git')],
  },
  'a remote under another name': {
    fleet: sharedFleet,
    scene: async ({ box, clone }) => box.git(clone, 'remote', 'rename', 'origin', 'upstream'),
    typed: ['claim', 'src/api'],
    exit: 2,
    leads: [lead('git config coord.remote upstream')],
  },
  'a state ref that is gone': {
    scene: async (fleet) => {
      await act(fleet, ...HELD);
      fleet.box.git(fleet.clone, 'update-ref', '-d', 'refs/coord/state');
    },
    typed: ['status'],
    exit: 8,
    leads: [lead(/^git update-ref refs\/coord\/state \w{40}$/)],
  },
  'a state ref that was deleted at the remote': {
    fleet: sharedFleet,
    scene: async (fleet) => {
      await act(fleet, ...HELD);
      fleet.box.git(fleet.clone, 'push', '--quiet', 'origin', '--delete', 'refs/coord/state');
    },
    typed: ['status'],
    exit: 8,
    leads: [lead(/^git push origin \w{40}:refs\/coord\/state$/, 'new')],
  },
  'a commit of what nobody claimed': {
    scene: async ({ box, clone }) => {
      box.write(clone, 'src/api/users.ts', 'changed\n');
      box.git(clone, 'add', '.');
    },
    typed: ['guard', 'run', 'pre-commit'],
    exit: 4,
    leads: [lead('coord claim src/api/users.ts', 'claimed')],
  },
  'guards that are off': {
    typed: ['guard', 'status'],
    exit: 6,
    leads: [lead(/^cd \S+ && coord guard install$/, 'installed')],
  },
  'hooks of others': {
    scene: async ({ box, clone }) => box.git(clone, 'config', '--local', 'core.hooksPath', box.path('shared-hooks')),
    typed: ['guard', 'install'],
    exit: 2,
    leads: [lead(/^git -C \S+ config --local core.hooksPath /)],
  },
  'hooks that are committed': {
    scene: async ({ box, clone }) => {
      box.commit(clone, '.hooks/pre-commit', '#!/bin/sh\n');
      box.git(clone, 'config', '--local', 'core.hooksPath', '.hooks');
    },
    typed: ['guard', 'install'],
    exit: 2,
    leads: [lead('coord guard status', 'pre-commit', 6)],
  },
  'no deploy target of this name': {
    fleet: deployFleet,
    typed: ['deploy', 'prd', '--', 'true'],
    exit: 2,
    leads: [/prod/],
  },
  'a deploy with a closed gate': {
    fleet: () => deployFleet({ gate: ['false'] }),
    typed: ['deploy', 'prod', '--', 'true'],
    exit: 6,
    leads: [/./],
  },
  'a deploy of what is not pushed': {
    fleet: deployFleet,
    scene: async ({ box, clone }) => box.commit(clone, 'README.md', 'changed\n'),
    typed: ['deploy', 'prod', '--', 'true'],
    exit: 5,
    leads: [lead('coord land', 'landed')],
  },
  'a deploy from a copy that is not clean': {
    fleet: deployFleet,
    scene: async ({ box, clone }) => box.write(clone, 'README.md', 'changed\n'),
    typed: ['deploy', 'prod', '--', 'true'],
    exit: 5,
    leads: [lead('git status', 'README.md')],
  },
  'a deploy that failed': {
    fleet: deployFleet,
    typed: ['deploy', 'prod', '--', 'false'],
    exit: 1,
    leads: [lead('coord deploy show d1', 'exit 1')],
  },
  'a target that another deploys': {
    fleet: deployFleet,
    scene: (fleet) => fleet.as('maya', ['deploy', 'prod', '--', 'sh', '-c', 'kill -9 $PPID']),
    typed: ['deploy', 'prod', '--', 'true'],
    exit: 3,
    meanwhile: ['maya release @deploy/prod'],
    leads: [lead('coord deploy prod --wait -- true', 'unknown', 7), lead('coord deploy list prod', 'prod')],
  },
  'a deploy of one’s own that is dead': {
    fleet: deployFleet,
    scene: (fleet) => fleet.as('noor', ['deploy', 'prod', '--', 'sh', '-c', 'test -n "$X" || kill -9 $PPID']),
    typed: ['deploy', 'prod', '--', 'true'],
    exit: 3,
    meanwhile: ['noor release @deploy/prod'],
    leads: [lead('coord deploy prod --wait --retry -- true', 'deployed'), lead('coord deploy show d1', 'noor')],
  },
  'no gate of this name': {
    fleet: deployFleet,
    typed: ['gate', 'show', 'xyzzy'],
    exit: 2,
    leads: [lead('coord gate list', 'tests')],
  },
  'no deploy of this id': {
    fleet: deployFleet,
    typed: ['deploy', 'show', 'd9'],
    exit: 2,
    leads: [lead('coord deploy list', 'prod')],
  },
  'an audit of nothing': { typed: ['audit', 'xyzzy..HEAD'], exit: 2, leads: [lead('coord audit HEAD', 'audited', 0)] },
  'several remotes': {
    fleet: async () => {
      const box = sandbox();
      const clone = box.repository();
      for (const name of ['one', 'two']) box.git(clone, 'remote', 'add', name, box.bareRemote());
      return fleetIn(box, { clone });
    },
    typed: ['init'],
    exit: 2,
    leads: [lead('coord init --remote one', 'coord.config.json')],
  },
  'a ref that is no name': {
    fleet: bare,
    typed: ['init', '--ref', 'x y'],
    exit: 2,
    leads: [lead('coord init --ref refs/coord/state', 'coord.config.json')],
  },
  'an agent id of an option': {
    typed: ['claim', 'src', '--agent', '--json'],
    exit: 2,
    leads: [lead('coord agent list')],
  },
  'a shell without a script': { typed: ['completion', 'tcsh'], exit: 2, leads: [/^one of: /] },
  'work that would collide': {
    scene: async ({ box, clone }) => {
      const other = box.worktree(clone);
      box.commit(other, 'src/api/users.ts', 'theirs\n');
      box.commit(clone, 'src/api/users.ts', 'mine\n');
    },
    typed: ['conflicts', '--strict'],
    exit: 5,
    leads: [lead('coord claim src/api/users.ts', 'claimed')],
  },
};

async function away({ box, clone }: Fleet): Promise<void> {
  const remote = box.git(clone, 'remote', 'get-url', 'origin');
  renameSync(remote, `${remote}.away`);
}

describe('whatever else refuses leads on too', () => {
  it.each(Object.entries(OTHERS))('%s', (_, row) => check(row));
});

it.each([
  ['--wait=5', 'name the unit: --wait=5m for minutes, --wait=5s for seconds'],
  ['--wait=90', 'for example --wait=9m'],
  ['--wait=soon', 'for example --wait=9m'],
  ['--wait=10m', 'ask for --wait=9m or less'],
  ['--ttl=5', 'name the unit: --ttl=5m for minutes, --ttl=5s for seconds'],
  ['--ttl=never', 'for example --ttl=30m'],
  ['--ttl=5h', 'ask for --ttl=4h or less'],
])('%s is answered with a value that is taken', async (option, hint) => {
  const { box, clone } = await localFleet();
  const run = (...args: string[]) => inProcess(box).run('noor', clone, ['claim', 'src/web', '--json', ...args]);
  const refused = await run(option);
  expect([refused.code, refused.json().error.hint]).toEqual([2, expect.stringContaining(hint)]);
  for (const value of hint.match(/--\w+=\w+/g) ?? []) expect([value, (await run(value)).code]).toEqual([value, 0]);
});
