import type { Conflict, LostTarget, MissingWork, Refusal } from '../domain/refusal.js';
import { oneLine, plural } from '../domain/text.js';
import { formatDuration, type Instant, secondsBetween } from '../domain/time.js';
import { CoordError } from '../errors.js';
import { authorityWords, noOfferWords, notOfferedWords, strangerWords } from './agent-refusals.js';
import { clock, shellWord, shortCommit } from './format.js';
import { unclaimedWords } from './land-refusals.js';
import { unknownOutcomeWords } from './once.js';
import { deadlockWords, orderWords } from './waiting.js';

type Of<Code extends Refusal['code'], Reason = Refusal['reason']> = Extract<Refusal, { code: Code; reason: Reason }>;

const MOST_LISTED = 5;

/** The words of a refusal, with the one command to run next, and all of its facts as details. */
export function refusalError(refusal: Refusal, now: Instant): CoordError {
  const { message, hint } = wordsOf(refusal, now);
  const { code, ...details } = refusal;
  return new CoordError(code, message, { hint, details });
}

interface Words {
  readonly message: string;
  readonly hint: string;
}

function wordsOf(refusal: Refusal, now: Instant): Words {
  switch (refusal.reason) {
    case 'held':
      return heldWords(refusal, now);
    case 'deadlock':
      return deadlockWords(refusal.cycle);
    case 'unknown-outcome':
      return unknownOutcomeWords(refusal.once, now);
    case 'order':
      return orderWords(refusal.asked, refusal.held);
    case 'session':
      return sessionWords(refusal.conflicts);
    case 'lost':
      return lostWords(refusal, now);
    case 'unclaimed':
      return unclaimedWords(refusal.paths, now);
    case 'behind':
      return behindWords(refusal.missing);
    case 'killed':
      return {
        message: `refused: this agent was stopped by ${refusal.kill.by} at ${clock(refusal.kill.at, now)}: ${oneLine(refusal.kill.reason)}`,
        hint: 'stop working; an orchestrator or a person can run coord agent revive',
      };
    case 'role':
      return roleWords(refusal);
    case 'not-offered':
      return notOfferedWords(refusal.claims);
    case 'no-offer':
      return noOfferWords(refusal.targets);
    case 'authority':
      return authorityWords(refusal.orchestrators);
    case 'unknown-agent':
    case 'killed-agent':
    case 'oneself':
      return strangerWords(refusal);
    case 'request-id':
      return {
        message: `request id ${oneLine(refusal.id)} belongs to another request: ${refusal.kind} by ${refusal.agent} at ${clock(refusal.at, now)}`,
        hint: 'use a new id for a new request, or repeat the first one unchanged',
      };
    case 'unknown-note':
      return { message: `no such note: ${oneLine(refusal.note)}`, hint: 'coord log' };
  }
}

function heldWords(refusal: Of<'held'>, now: Instant): Words {
  const lines = refusal.conflicts
    .slice(0, MOST_LISTED)
    .map((conflict) => `refused: ${describeConflict(conflict, now)}`);
  if (refusal.conflicts.length > MOST_LISTED) {
    lines.push(`and ${plural(refusal.conflicts.length - MOST_LISTED, 'more conflict')}`);
  }
  const free = refusal.free.map(shellWord).join(' ');
  if (free !== '') lines.push(`free of what you asked: ${refusal.free.map(oneLine).join(' ')}`);
  if (refusal.queue.length > 0)
    lines.push(`waiting for it already: ${refusal.queue.map(({ agent }) => agent).join(', ')}`);
  const stopped = [...new Set(refusal.conflicts.map(({ target }) => shellWord(target)))].join(' ');
  return {
    message: lines.join('\n'),
    hint:
      free === ''
        ? `pick other ground, or wait your turn: coord claim ${stopped} --wait`
        : `coord claim ${free}        or wait your turn: coord claim ${stopped} --wait`,
  };
}

function describeConflict(conflict: Conflict, now: Instant): string {
  const { target, heldTarget, overlap, agent, reason, waiting } = conflict;
  const asked = oneLine(target);
  const held = oneLine(heldTarget);
  const where =
    asked === held
      ? asked
      : overlap === target
        ? `${asked} is inside ${held},`
        : `${asked} overlaps ${held} (${oneLine(overlap)}),`;
  const why = reason === null ? '' : `, "${oneLine(reason)}"`;
  const since = `since ${clock(conflict.since, now)}${why}`;
  if (waiting) return `${where} for which ${agent} waits before you (${since})`;
  const left = secondsBetween(now, conflict.expiresAt);
  const until =
    left > 0 ? `for ${formatDuration(left)} more` : `until it is swept (expired ${formatDuration(-left)} ago)`;
  return `${where}${where.endsWith(',') ? '' : ' is'} held by ${agent} ${until} (${since})`;
}

function sessionWords(conflicts: readonly Conflict[]): Words {
  const [first] = conflicts;
  return {
    message: `refused: ${oneLine(first?.heldTarget ?? '')} is held by another live session of ${first?.agent} (${first?.session})`,
    hint: `give this agent an id of its own: --agent ID or COORD_AGENT=ID; or, when that session has crashed: coord steal ${shellWord(first?.heldTarget ?? '')} --force --reason "…"`,
  };
}

function lostWords(refusal: Of<'lost', 'lost'>, now: Instant): Words {
  const lines = refusal.targets.map((lost) => `${oneLine(lost.target)}: ${whyLost(lost, now)}`);
  const held = refusal.held.length === 0 ? 'you hold no claims' : `you hold ${refusal.held.map(oneLine).join(', ')}`;
  const again = refusal.targets.filter(({ why }) => why !== 'other-session').map(({ target }) => shellWord(target));
  return {
    message: [...lines, held].join('\n'),
    hint: again.length === 0 ? 'coord status' : `stop changing it; to go on: coord claim ${again.join(' ')}`,
  };
}

function whyLost({ why, holder, loss }: LostTarget, now: Instant): string {
  const at = loss ? ` at ${clock(loss.at, now)}` : '';
  const because = loss?.reason ? ` ("${oneLine(loss.reason)}")` : '';
  const heldNow = holder ? `; ${holder.agent} holds ${oneLine(holder.target)} now` : '';
  switch (why) {
    case 'expired':
      return `your claim expired${at}${heldNow}`;
    case 'taken-over':
      return `your claim was taken over by ${loss?.by ?? 'another'}${at}${because}${heldNow}`;
    case 'revoked':
      return `your claim was revoked by ${loss?.by ?? 'another'}${at}${because}${heldNow}`;
    case 'handed-over':
      return `you handed it over to ${loss?.by ?? 'another'}${at}${heldNow}`;
    case 'unconfirmed':
      return `your offline claim was not confirmed by the remote${at}${heldNow}`;
    case 'held-by-other':
      return `not yours${heldNow}`;
    case 'other-session':
      return `held by another session of this agent (${holder?.session})`;
    case 'not-held':
      return 'you do not hold it';
  }
}

function behindWords(missing: readonly MissingWork[]): Words {
  const lines = missing.map(
    ({ released, commit, agent }) =>
      `behind: HEAD lacks ${shortCommit(commit)}, with which ${agent} released ${oneLine(released)}`,
  );
  return {
    message: lines.join('\n'),
    hint: `bring it in: git fetch && git merge ${missing.map(({ commit }) => shortCommit(commit)).join(' ')}; then claim again (or --allow-behind, on the record)`,
  };
}

function roleWords(refusal: Of<'closed', 'role'>): Words {
  const who = refusal.orchestrators.length === 0 ? 'an orchestrator' : refusal.orchestrators.join(' or ');
  return {
    message: `refused: a worker may not claim the surface (${refusal.targets.map(oneLine).join(', ')})`,
    hint: `write to your scratch paths, and hand the result to ${who}: coord note "…" --kind handoff --to ${refusal.orchestrators[0] ?? 'ID'}`,
  };
}

/** A release that would leave work in no commit. */
export function uncommittedError(paths: readonly string[]): CoordError {
  const listed = paths.slice(0, MOST_LISTED).map((path) => `  ${oneLine(path)}`);
  const more = paths.length > MOST_LISTED ? [`  and ${paths.length - MOST_LISTED} more`] : [];
  return new CoordError(
    'behind',
    [`uncommitted: this ground has ${plural(paths.length, 'change')} that no commit holds`, ...listed, ...more].join(
      '\n',
    ),
    {
      hint: 'git commit, then release; or release --uncommitted, on the record',
      details: { reason: 'uncommitted', paths },
    },
  );
}
