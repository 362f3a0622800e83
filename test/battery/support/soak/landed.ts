import type { CoordEvent } from '../../../../src/domain/events.js';
import { matches } from '../../../../src/domain/ground/index.js';
import type { TargetKind } from '../../../../src/domain/ground/targets.js';
import { readBranch } from '../history/branch.js';
import { isUnknown } from '../history/client.js';
import { type Operation, operationsOf } from '../history/operations.js';
import type { Landing } from './bench.js';
import type { Site } from './site.js';

/** A clone that has all commits, and its refs for the state ref and the main branch of the remote. */
interface Branches {
  readonly clone: string;
  readonly branch: string;
  readonly main: string;
}

/**
 * Checks the main branch against the state ref and against what agents were told: each landing of the one is in
 * the other, in the same order, and nothing else has moved the main branch; with it went the live exclusive claims of its
 * agent over all of the surface that it changed, and no others; what was told as landed is there once, what was not told
 * at most once, what was refused not at all.
 */
export function checkLanded({ box, start }: Site, at: Branches, landings: readonly Landing[]): string[] {
  const git = (...args: string[]) => box.git(at.clone, ...args).split('\n');
  const lives = new Map<string, Life>();
  const problems: string[] = [];
  let main = start;
  for (const operation of readBranch(box, at.clone, at.branch).flatMap(operationsOf)) {
    for (const event of operation.events) {
      if (event.expiresAt !== undefined) lives.set(String(event.claim), lifeIn(event, lives));
    }
    for (const event of operation.events.filter(({ type }) => type === 'work.landed')) {
      const from = String(event.from);
      if (from !== main) problems.push(`${event.id}: landed on ${from}, but the main branch stood at ${main}`);
      main = String(event.commit);
      const changed = box.tryGit(at.clone, 'diff', '--name-only', from, main);
      if (changed.code !== 0) problems.push(`${event.id}: landed ${main}, which the remote does not have`);
      const paths = changed.stdout.split('\n').filter(Boolean);
      problems.push(...underClaims(event, operation, paths, lives), ...unasked(event, landings));
    }
  }
  const [tip] = git('rev-parse', at.main);
  if (main !== tip) problems.push(`the main branch is at ${tip}, but what landed last is ${main}`);
  const commits = new Set(git('rev-list', `${start}..${at.main}`));
  const lines = git('grep', '-h', '-e', '', at.main, '--', 'work');
  return [...problems, ...landings.flatMap((landing) => misplaced(landing, commits, lines))];
}

function unasked({ id, agent, commit }: CoordEvent, landings: readonly Landing[]): string[] {
  const asked = landings.filter((landing) => landing.call.agent === agent && landing.commit === commit);
  if (asked.some(({ call }) => call.exit === 0 || isUnknown(call))) return [];
  return [`${id}: landed ${commit}, which ${agent} was refused, or never asked for`];
}

/** @param lines of the files of the main branch */
function misplaced({ call, commit, line }: Landing, commits: ReadonlySet<string>, lines: readonly string[]): string[] {
  const times = lines.filter((one) => one === line).length;
  const told = call.exit === 0;
  return [
    ...(times > 1 ? [`${call.mark}: ${line} is on the main branch ${times} times`] : []),
    ...(told && times === 0 ? [`${call.mark}: was told that ${line} landed, which is not there`] : []),
    ...(told && !commits.has(commit) ? [`${call.mark}: was told that ${commit} landed, which is not there`] : []),
  ];
}

/** What a claim is of, and how long it lasts. */
interface Life {
  readonly kind: TargetKind;
  readonly expiresAt: string;
}

function lifeIn({ claim, kind, expiresAt, fromClaim }: CoordEvent, lives: ReadonlyMap<string, Life>): Life {
  const before = lives.get(String(claim)) ?? lives.get(String(fromClaim));
  return { kind: (kind as TargetKind | undefined) ?? before?.kind ?? 'path', expiresAt: String(expiresAt) };
}

function underClaims(
  { id, at, agent, commit }: CoordEvent,
  { events }: Operation,
  paths: readonly string[],
  lives: ReadonlyMap<string, Life>,
): string[] {
  const released = events.filter(({ type }) => type === 'claim.released');
  const covers = (event: CoordEvent, path: string) =>
    matches({ kind: lives.get(String(event.claim))?.kind ?? 'path', text: String(event.target) }, path);
  const good = released.filter(
    (event) =>
      event.agent === agent &&
      event.mode === 'exclusive' &&
      event.commit === commit &&
      (lives.get(String(event.claim))?.expiresAt ?? '') > at,
  );
  const bare = paths.filter((path) => !good.some((event) => covers(event, path)));
  const others = released.filter((event) => !good.includes(event) || !paths.some((path) => covers(event, path)));
  return [
    ...bare.map((path) => `${id}: landed a change of ${path} without a live claim on it`),
    ...others.map(({ target }) => `${id}: released ${target}, which it has no work on, or did not hold`),
  ];
}
