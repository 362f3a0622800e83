import { jsonLine } from '../../domain/text.js';
import { CoordError } from '../../errors.js';
import {
  type Answer,
  type Dialect,
  dialectOf,
  HARNESSES,
  type HarnessCall,
  readHarness,
  SILENCE,
} from '../../guards/harness/dialects.js';
import { type Payload, parsePayload, recordIn } from '../../guards/harness/payload.js';
import type { Context } from '../../workspace/context.js';
import type { Outcome, Verb } from '../verb.js';
import { type Actor, actorOf } from './actor.js';
import { judgeEdit, judgeUnreadable } from './edit.js';

/** A file of so many bytes may be written; more is not read. */
const MOST_INPUT_BYTES = 256 * 1024 * 1024;

export const guardHook: Verb = {
  arguments: [['<harness>', `the harness that calls: ${HARNESSES.join(', ')}`]],
  examples: [
    ['coord guard hook claude-code', 'what Claude Code runs: reads an event on standard input, and answers it'],
    ['coord guard hook codex', 'the same for Codex'],
  ],
  notes: [
    'coord guard install HARNESS writes the settings that run it. It never gives permission: what it lets pass, the harness judges',
    'as it would without it. Exit code 2 stops an edit or a command, as harnesses understand it.',
  ],
  answers: {},
  async run(context, input) {
    context.isGuard = true;
    const harness = readHarness(input.argument(0) ?? '');
    const dialect = dialectOf(harness);
    const bytes = await context.host.readInput(MOST_INPUT_BYTES);
    const payload = bytes === null ? null : parsePayload(bytes.toString('utf8'));
    if (payload === null) {
      const actor = actorOf(context.host, harness, {
        event: null,
        session: null,
        directory: null,
        ask: { kind: 'unknown' },
      });
      return told(context, await judgeUnreadable(actor, dialect, whyUnreadable(bytes)));
    }
    const call = dialect.read(payload);
    return told(context, await answer(actorOf(context.host, harness, call), dialect, call, payload));
  },
};

function whyUnreadable(bytes: Buffer | null): string {
  if (bytes === null) return `more than ${MOST_INPUT_BYTES / 1024 / 1024} MB were sent on standard input`;
  return bytes.length === 0
    ? 'nothing was sent on standard input'
    : 'what was sent on standard input is not a JSON object';
}

async function answer(actor: Actor, dialect: Dialect, { ask, event }: HarnessCall, payload: Payload): Promise<Answer> {
  switch (ask.kind) {
    case 'nothing':
      return SILENCE;
    case 'unknown':
      return {
        ...SILENCE,
        stderr: `coord: this version does not know the event ${jsonLine((event ?? '').slice(0, 80))} of ${dialect.harness}, and leaves it alone\n`,
      };
    case 'edit':
      return judgeEdit(actor, dialect, ask, recordIn(payload, 'tool_input'));
    case 'unreadable':
      return judgeUnreadable(actor, dialect, `coord cannot tell which file ${jsonLine(ask.tool.slice(0, 80))} edits`);
    case 'shell': {
      const { judgeShell } = await import('./shell.js');
      return judgeShell(actor, dialect, ask);
    }
    case 'task-completed': {
      const { judgeTask } = await import('./task.js');
      return judgeTask(actor, ask);
    }
    case 'session-start': {
      const { openSession } = await import('./session.js');
      return openSession(actor, dialect);
    }
    case 'session-end': {
      const { closeSession } = await import('./session.js');
      return closeSession(actor, dialect);
    }
  }
}

/** With `--json`, what was answered, for people who look into it. */
function told({ host, flags }: Context, { stdout, stderr, exit }: Answer): Outcome {
  if (flags.json) {
    const hint = 'what the harness is told is in data.stderr';
    const failure = exit === 0 ? {} : { failure: new CoordError('program', 'the hook stops this', { exit, hint }) };
    return { data: { exit, stdout, stderr }, text: () => [], ...failure };
  }
  if (stdout !== '') host.stdout.write(stdout);
  if (stderr !== '') host.stderr.write(stderr);
  return { data: {}, text: () => [], streamed: true, exit };
}
