import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { answerInLane } from '../../src/cli/lane.js';
import { buildLocal, buildShared } from '../support/fleet.js';
import { coordInProcess, type HostChanges } from '../support/in-process.js';
import { prepared } from '../support/prepared.js';
import { PROPERTY_RUNS } from '../support/properties.js';
import type { Sandbox } from '../support/sandbox.js';

const SESSION = 'b5a1c2d3-0000-4000-8000-1234567890ab';
const PATHS = [
  'src/api/users.ts',
  'src/web/page.ts',
  'src/api',
  'README.md',
  'src/new/of it.ts',
  '@db/main',
  'src/*.ts',
];

/** One step of a working day: a command line, by whom, and how long after the one before. */
interface Step {
  readonly agent: 'maya' | 'noor' | 'harness' | 'nobody';
  readonly line: readonly string[];
  readonly input: string;
  /** Seconds. */
  readonly after: number;
}

const path = fc.constantFrom(...PATHS);
const json = fc.constantFrom<readonly string[]>([], [], ['--json']);
const edit = path.map((file) => ({
  tool_name: 'Edit',
  tool_input: { file_path: file, old_string: 'a', new_string: 'b' },
}));

/** What the lane is for, and what is near to it. */
const everyday = (here: string): fc.Arbitrary<Pick<Step, 'line' | 'input'>> =>
  fc.oneof(
    json.map((more) => ({ line: ['status', ...more], input: '' })),
    json.map((more) => ({ line: ['status', '--no-fetch', ...more], input: '' })),
    fc.tuple(path, json).map(([target, more]) => ({ line: ['claim', target, ...more], input: '' })),
    fc
      .tuple(path, path, fc.constantFrom('--shared', '--reason=a b', '--ttl=20m', '--ttl=x', '--allow-behind', '--odd'))
      .map(([one, other, option]) => ({ line: ['claim', one, other, option], input: '' })),
    edit.map(({ tool_input, ...call }) => ({
      line: ['guard', 'hook', 'claude-code'],
      input: JSON.stringify({
        ...{ session_id: SESSION, cwd: here, hook_event_name: 'PreToolUse' },
        ...{ ...call, tool_input: { ...tool_input, file_path: join(here, tool_input.file_path) } },
      }),
    })),
    fc.constantFrom('', 'no JSON', '{}').map((input) => ({ line: ['guard', 'hook', 'claude-code'], input })),
    fc.constantFrom('pre-commit', 'prepare-commit-msg').map((hook) => ({ line: ['guard', 'run', hook], input: '' })),
  );

/** What makes states for it. */
const others: fc.Arbitrary<Pick<Step, 'line' | 'input'>> = fc
  .oneof(
    path.map((target) => ['release', target, '--uncommitted']),
    fc.constant(['renew']),
    fc.constantFrom<readonly string[]>(
      ['session', 'start'],
      ['note', 'look', '--to', 'maya', '--needs-ack', 'maya'],
      ['task', 'add', 'do it', '--scope', 'src/web/page.ts'],
      ['agent', 'kill', 'noor', '--reason', 'stop'],
      ['agent', 'revive', 'noor'],
    ),
    path.map((target) => ['handoff', target, '--to', 'noor']),
    path.map((target) => ['claim', target, '--take-over', '--reason', 'mine']),
  )
  .map((line) => ({ line, input: '' }));

function steps(here: string): fc.Arbitrary<Step[]> {
  const step = fc.record({
    agent: fc.constantFrom<Step['agent']>('maya', 'maya', 'noor', 'harness', 'nobody'),
    what: fc.oneof({ arbitrary: everyday(here), weight: 3 }, { arbitrary: others, weight: 1 }),
    after: fc.constantFrom(1, 1, 20, 600, 1_200, 4_000),
  });
  return fc.array(
    step.map(({ what, ...rest }) => ({ ...rest, ...what })),
    { minLength: 8, maxLength: 12 },
  );
}

/** What a command line said, and all that it left in the clone. */
interface Came {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Every ref: a commit names all that was written, by whom and when. */
  readonly refs: string;
  readonly outbox: readonly string[];
}

/** A worktree in which every line is tried both ways. */
class Both {
  ms = Date.now();
  /** What the lane has answered: the verb and the exit code. */
  readonly taken = new Set<string>();

  constructor(
    readonly box: Sandbox,
    readonly common: string,
    readonly here: string,
  ) {}

  async play(step: Step): Promise<void> {
    this.ms += step.after * 1000;
    const before = this.keep();
    const lane = await this.byLane(step);
    if (lane !== null) {
      const [verb = ''] = step.line;
      this.taken.add(`${verb} ${lane.code}`);
    }
    // What it did not take it has not touched.
    if (lane === null) expect(this.files()).toEqual(before.files);
    this.putBack(before);
    const whole = await this.wholly(step);
    if (lane !== null) expect(lane, JSON.stringify(step)).toEqual(whole);
  }

  private async byLane(step: Step): Promise<Came | null> {
    const left: string[] = [];
    const input = () => ({ chunks: [Buffer.from(step.input)], isWhole: true });
    const result = await coordInProcess(this.box, this.here, step.line, {
      ...this.changes(step),
      main: async (host) => {
        const answer = await answerInLane(host, input);
        if (typeof answer === 'number') return answer;
        left.push(answer.why);
        return -1;
      },
    });
    expect(left.filter((why) => why.startsWith('fault'))).toEqual([]);
    return left.length > 0 ? null : this.came(result);
  }

  private async wholly(step: Step): Promise<Came> {
    return this.came(await coordInProcess(this.box, this.here, step.line, this.changes(step)));
  }

  private changes({ agent, input }: Step): HostChanges {
    const env =
      agent === 'nobody' ? {} : agent === 'harness' ? { CLAUDE_CODE_SESSION_ID: SESSION } : { COORD_AGENT: agent };
    return { now: this.ms, random: () => 0.5, env, input };
  }

  private came({ code, stdout, stderr }: Pick<Came, 'code' | 'stdout' | 'stderr'>): Came {
    const outbox = join(this.common, 'coord', 'outbox');
    const names = existsSync(outbox) ? readdirSync(outbox).sort() : [];
    return {
      code,
      stdout,
      stderr,
      refs: this.refs(),
      outbox: names.map((name) => readFileSync(join(outbox, name), 'utf8')),
    };
  }

  private refs(): string {
    return this.box.git(
      this.here,
      'for-each-ref',
      '--format=%(refname) %(objectname)',
      'refs/coord',
      'refs/coord-local',
    );
  }

  /** The files of coord in this clone, with what they hold. */
  private files(): readonly (readonly [string, string])[] {
    const folder = join(this.common, 'coord');
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((file) => [file, readFileSync(file, 'latin1')]);
  }

  private keep() {
    const copy = this.box.path('kept');
    rmSync(copy, { recursive: true, force: true });
    cpSync(join(this.common, 'coord'), copy, { recursive: true, preserveTimestamps: true });
    return { copy, refs: this.refs(), files: this.files() };
  }

  private putBack({ copy, refs }: { readonly copy: string; readonly refs: string }): void {
    if (this.refs() !== refs) {
      for (const line of refs.split('\n')) {
        const [ref = '', id = ''] = line.split(' ');
        this.box.git(this.here, 'update-ref', ref, id);
      }
    }
    rmSync(join(this.common, 'coord'), { recursive: true });
    cpSync(copy, join(this.common, 'coord'), { recursive: true, preserveTimestamps: true });
  }
}

const RUNS = Math.max(1, Math.floor(PROPERTY_RUNS / 50));

it.each([
  ['a clone by itself', 'local', 'main'],
  ['a linked worktree', 'local', 'linked'],
  ['a linked worktree of a clone that shares', 'shared', 'linked'],
] as const)('does what the whole way does, in %s', async (_, kind, where) => {
  const { box, made } = await prepared(kind === 'local' ? 'local-fleet' : 'shared-fleet', async (built) =>
    kind === 'local' ? buildLocal(built) : buildShared(built),
  );
  const here = where === 'main' ? made.clone : box.worktree(made.clone);
  const both = new Both(box, join(made.clone, '.git'), here);
  // A lane that is never taken proves nothing: of these, each goes through it, once the whole way has been gone.
  const status = ['status', '--no-fetch'];
  const lines = [status, ['guard', 'run', 'pre-commit'], ...(kind === 'local' ? [['claim', 'src/api/users.ts']] : [])];
  // What is kept a few milliseconds after a file was written is not relied on, since the file may change again unseen.
  for (let tries = 0; tries < 50 && both.taken.size === 0; tries += 1) {
    await both.play({ agent: 'maya', line: status, input: '', after: 1 });
  }
  both.taken.clear();
  for (const line of lines) await both.play({ agent: 'maya', line, input: '', after: 1 });
  if (kind === 'local') await both.play({ agent: 'noor', line: ['claim', 'src/api'], input: '', after: 1 });
  expect([...both.taken]).toEqual(
    kind === 'local' ? ['status 0', 'guard 0', 'claim 0', 'claim 3'] : ['status 0', 'guard 0'],
  );
  await fc.assert(
    fc.asyncProperty(steps(here), async (day) => {
      for (const step of day) await both.play(step);
    }),
    { numRuns: RUNS, endOnFailure: true },
  );
});
