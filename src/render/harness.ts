import type { Target } from '../domain/ground/targets.js';
import type { GuardRefusal } from '../domain/guard.js';
import { asTyped, commandLine, coord, type Standpoint, shellWord, targetWords } from '../domain/suggestion.js';
import { listed, oneLine, plural, shorten } from '../domain/text.js';
import type { Instant } from '../domain/time.js';
import { CoordError } from '../errors.js';
import { clock } from './format.js';
import { unclaimedLines } from './land-refusals.js';

/** What a harness is about to do. */
export type HarnessAct = 'edit' | 'command';

/** A model reads all of it. */
const LONGEST_REASON = 4_000;

/** An edit or a command that a guard stops before it happens, with the one command to run next. */
export function actRefused(
  refusal: GuardRefusal,
  { agent, act, ground, now }: { agent: string; act: HarnessAct; ground: readonly Target[]; now: Instant },
): CoordError {
  const { code, ...details } = refusal;
  switch (refusal.reason) {
    case 'killed': {
      const { by, at, reason } = refusal.kill;
      return new CoordError(code, `refused: ${agent} was stopped by ${by} at ${clock(at, now)}: ${oneLine(reason)}`, {
        hint: `stop working; an orchestrator or a person can run ${coord('agent revive')}`,
        details,
      });
    }
    case 'role': {
      const [first = 'ID'] = refusal.orchestrators;
      const message = [
        `refused: ${agent} is a worker, and may change its scratch paths only`,
        ...listed(refusal.targets, oneLine),
      ];
      return new CoordError(code, message.join('\n'), {
        hint: `${coord('session scratch')}, work there, and hand over: ${coord(`submit PATH --note "…" --to ${first}`)}`,
        details,
      });
    }
    case 'unclaimed': {
      const { paths } = refusal;
      const what = `this ${act} changes ${plural(paths.length, 'path')}`;
      const message = [`refused: ${what} without a live exclusive claim of ${agent}`, ...unclaimedLines(paths, now)];
      const session = paths.find(({ why }) => why === 'other-session')?.holder?.session;
      const wanted = ground.filter(({ text }) => paths.some(({ path }) => path === text));
      const claim = coord(`claim ${targetWords(wanted)}`);
      const isHeld = paths.some(({ holder, why }) => holder !== null && why !== 'shared');
      return new CoordError(code, message.join('\n'), {
        hint:
          session === undefined
            ? isHeld
              ? `work on other ground, or wait your turn: ${claim} --wait`
              : `${claim} --reason "why", then repeat`
            : `take an id of your own (COORD_AGENT), or end the other session: COORD_SESSION=${session} ${coord('session end')}`,
        details,
      });
    }
  }
}

/** What is stopped because it cannot be decided whether it may happen. */
export function actUndecided(error: CoordError, ground: readonly string[], act: HarnessAct): CoordError {
  const isNobody = 'candidates' in error.details;
  const why = isNobody
    ? `coord does not know who makes it: ${error.message}`
    : `the guard cannot decide: ${error.message}`;
  const where = ground.length === 0 ? 'may change the surface' : 'changes the surface';
  const hint = isNobody ? 'start the harness with COORD_AGENT=ID exported' : error.hint;
  return new CoordError(
    error.code,
    [`refused: this ${act} ${where}, and ${why}`, ...listed(ground, oneLine)].join('\n'),
    {
      ...(hint === undefined ? {} : { hint }),
      details: { ...error.details, reason: isNobody ? 'nobody' : 'undecided', paths: ground },
      cause: error,
    },
  );
}

/** A command that would leave out a guard. */
export function bypassRefused(ways: readonly string[]): CoordError {
  return new CoordError('closed', [`refused: ${ways[0] ?? ''}`, ...listed(ways.slice(1), oneLine)].join('\n'), {
    hint: 'run it without; when a guard refuses it then, do what the guard says',
    details: { reason: 'bypass', ways },
  });
}

/** A command that deploys, and is not run by `coord deploy`. */
export function deployRefused({ target, words }: { target: string; words: readonly string[] }): CoordError {
  const line = commandLine(words);
  return new CoordError(
    'closed',
    `refused: ${oneLine(line)} deploys ${oneLine(target)}, past its gates and the sync-check`,
    {
      hint: coord(`deploy ${shellWord(target)} -- ${line}`),
      details: { reason: 'deploy', target },
    },
  );
}

/** What a harness shows to its model or its user: what is wrong, and the next thing to do. */
export function harnessWords({ message, hint, alternative }: CoordError, standpoint: Standpoint): string {
  const lines = [
    `coord: ${message}`,
    ...(hint === undefined ? [] : [`next: ${hint}`]),
    ...(alternative === undefined ? [] : [`or ${alternative.why}: ${alternative.command}`]),
  ];
  return lines.map((line) => shorten(asTyped(line, standpoint), LONGEST_REASON)).join('\n');
}
