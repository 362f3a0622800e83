import { resolve } from 'node:path';
import type { Verdict } from '../../domain/guard/judge.js';
import { command } from '../../domain/suggestion.js';
import { type CoordError, usage } from '../../errors.js';
import { realPathIfThere } from '../../git/if-there.js';
import { GUARDED_HOOKS, type GuardedHook } from '../../guards/hook-script.js';
import { type Act, guardError, letThroughMessage, passedMessage } from '../../render/guard/refusals.js';
import type { Context } from '../../workspace/context.js';
import { hasNoHarness } from '../../workspace/identity.js';
import type { Outcome, Verb } from '../verb.js';
import { judgeCommit, judgePushHook } from './git-acts.js';
import { unreadable } from './judge.js';

export const guardRun: Verb = {
  arguments: [
    ['<hook>', `which hook git runs: ${GUARDED_HOOKS.join(', ')}`],
    ['[argument...]', 'what git gives to the hook'],
  ],
  examples: [
    ['coord guard run pre-commit', 'whether what is staged may be committed now'],
    ['coord guard run pre-push origin git@host.example:project.git', 'reads the refs of the push on standard input'],
  ],
  notes: [
    'The installed hooks run this; hook managers can run it too. Exit code 0 lets the change through.',
    'A person passes by hand with COORD_GUARD=off; what would have been stopped is recorded.',
  ],
  answers: {},
  async run(context, input) {
    const hook = readHook(input.argument(0));
    context.isGuard = true;
    const act: Act = hook === 'pre-push' ? 'push' : 'commit';
    const verdict = wrongRepository(context) ?? (await judgeHook(context, hook, input.list(1)));
    const stopped = guardError(verdict, audienceOf(context, act));
    if (stopped === null) {
      const noteworthy = verdict.kind === 'let-through' && verdict.error.code !== 'usage';
      return allowed(hook, noteworthy ? [letThroughMessage(verdict.error, act)] : []);
    }
    if (!isOff(context)) {
      await record(context, 'guard.refused', hook, stopped);
      return stopped;
    }
    // The hook after it records it, and says so, once.
    if (hook === 'pre-commit') return allowed(hook, []);
    await record(context, 'guard.passed', hook, stopped);
    return allowed(hook, [passedMessage(stopped)]);
  },
};

function readHook(name: string | undefined): GuardedHook {
  const hook = GUARDED_HOOKS.find((known) => known === name);
  if (hook) return hook;
  throw usage(`no guard for this hook: ${JSON.stringify(name ?? '')}`, `one of: ${GUARDED_HOOKS.join(', ')}`);
}

function judgeHook(context: Context, hook: GuardedHook, args: readonly string[]): Promise<Verdict> {
  return hook === 'pre-push' ? judgePushHook(context, args) : judgeCommit(context);
}

function audienceOf(context: Context, act: Act) {
  const { stdout, stderr, env } = context.host;
  // Git gives its hooks no terminal on standard input.
  const person = (stdout.isTTY === true || stderr.isTTY === true) && hasNoHarness(env);
  return { act, agent: context.identityIfKnown()?.agent ?? null, now: context.now(), person };
}

/** The directory decides which repository coord looks at; git may have been told of another one. */
function wrongRepository({ host, repository }: Context): Verdict | null {
  const named = host.env.GIT_DIR;
  if (named === undefined || named === '') return null;
  if (realPathIfThere(resolve(host.cwd, named)) === realPathIfThere(repository.gitDir)) return null;
  const error = usage(
    `git works in ${named}, and this directory belongs to ${repository.gitDir}`,
    command('unset GIT_DIR'),
  );
  return unreadable(error);
}

function isOff({ host }: Context): boolean {
  return host.env.COORD_GUARD?.toLowerCase() === 'off';
}

function allowed(hook: GuardedHook, warnings: readonly string[]): Outcome {
  return { data: { hook, allowed: true }, text: () => [], warnings };
}

/** Nobody, where it is not known who acts: no agent can have this id. */
const NOBODY = '-';
const MOST_RECORDED = 50;

/** Best effort: it rides with the next commit of the state ref. */
async function record(
  context: Context,
  type: 'guard.refused' | 'guard.passed',
  hook: GuardedHook,
  { code, details }: CoordError,
): Promise<void> {
  try {
    const store = await context.store();
    const who = context.identityIfKnown();
    store.defer({
      id: `${context.newId()}.g`,
      type,
      at: context.now(),
      agent: who?.agent ?? NOBODY,
      session: who?.session ?? null,
      hook,
      code,
      reason: String(details.reason ?? code),
      targets: pathsIn(details).slice(0, MOST_RECORDED),
    });
  } catch {
    // What stops or passes does so whether or not it could be recorded.
  }
}

function pathsIn({ paths, targets }: Readonly<Record<string, unknown>>): string[] {
  const listed = Array.isArray(paths) ? paths : Array.isArray(targets) ? targets : [];
  return listed.map((one: unknown) => (typeof one === 'string' ? one : String((one as { path?: unknown }).path ?? '')));
}
