import { contains } from '../domain/ground/index.js';
import { patternTarget } from '../domain/ground/patterns.js';
import { ownVerbOf, type Target } from '../domain/ground/targets.js';
import type { Claim } from '../domain/model.js';
import type { Conflict, LostTarget, MissingWork, Refusal } from '../domain/refusal.js';
import { LONGEST_RIDE_SECONDS } from '../domain/riders.js';
import { claimLine, command, coord, form, shellWord, targetWord, targetWords } from '../domain/suggestion.js';
import { oneLine, plural, said } from '../domain/text.js';
import { formatDuration, type Instant, secondsBetween } from '../domain/time.js';
import { CoordError, type Message } from '../errors.js';
import { deadlockMessage, orderMessage, unknownOutcomeMessage } from './claims.js';
import { deployingMessage, unknownDeployMessage, usedSignatureMessage } from './deploy/refusals.js';
import { clock, shortCommit } from './format.js';
import { submissionMessage, unclaimedMessage } from './land-refusals.js';
import { taskMessage } from './tasks.js';

type Of<Code extends Refusal['code'], Reason = Refusal['reason']> = Extract<Refusal, { code: Code; reason: Reason }>;

/** A refusal for ground that others stand on. */
type HeldGround = Extract<Refusal, { conflicts: readonly Conflict[] }>;

/** The command that asked for a claim: its words before the targets and behind the options. */
export interface AskedBy {
  readonly verb: string;
  /** Begins with a space, or is empty. */
  readonly tail: string;
  /** Whether the targets are typed; default true. */
  readonly targets?: boolean;
}

const BY_CLAIM: AskedBy = { verb: 'claim', tail: '' };

const MOST_LISTED = 5;

/** The words of a refusal, with the one command to run next, and all of its facts as details; `again` is how it was asked for. */
export function refusalError(refusal: Refusal, now: Instant, again: AskedBy = BY_CLAIM): CoordError {
  const { code, ...details } = refusal;
  const { message, ...suggestions } = messageOf(refusal, now, again);
  if (refusal.reason === 'behind' && refusal.missing.some(isCutOff)) {
    return new CoordError('unavailable', message, { ...suggestions, details: { ...details, reason: 'shallow' } });
  }
  return new CoordError(code, message, { ...suggestions, details });
}

function messageOf(refusal: Refusal, now: Instant, again: AskedBy): Message {
  switch (refusal.reason) {
    case 'held':
      return heldMessage(refusal, now, again);
    case 'deadlock':
      return deadlockMessage(refusal.cycle);
    case 'unknown-outcome':
      return unknownOutcomeMessage(refusal.once, now);
    case 'unknown-deploy':
      return unknownDeployMessage(refusal, now);
    case 'used-signature':
      return usedSignatureMessage(refusal);
    case 'no-deploy':
      return { message: `no such deploy: ${oneLine(refusal.deploy)}`, hint: coord('deploy list') };
    case 'deploying':
      return deployingMessage(refusal, now);
    case 'order':
      return orderMessage(refusal.early, refusal.held);
    case 'session':
      return sessionMessage(refusal.conflicts);
    case 'lost':
      return lostMessage(refusal, now, again);
    case 'unclaimed':
      return unclaimedMessage(refusal.paths, now);
    case 'behind':
      return behindMessage(refusal, again);
    case 'killed':
      return {
        message: `refused: this agent was stopped by ${refusal.kill.by} at ${clock(refusal.kill.at, now)}: ${said(refusal.kill.reason)}`,
        hint: `stop working; an orchestrator or a person can let it act again: ${form('agent revive ID')}`,
      };
    case 'role':
      return roleMessage(refusal);
    case 'session-required':
      return sessionRequiredMessage(refusal);
    case 'not-offered':
      return notOfferedMessage(refusal.claims);
    case 'no-offer':
      return noOfferMessage(refusal.targets);
    case 'authority':
      return authorityMessage(refusal.orchestrators);
    case 'unknown-agent':
    case 'killed-agent':
    case 'oneself':
      return unknownAgentMessage(refusal);
    case 'request-id':
      return {
        message: `request id ${oneLine(refusal.id)} belongs to another request: ${refusal.kind} by ${refusal.agent} at ${clock(refusal.at, now)}`,
        hint: 'use a new id for a new request, or repeat the first one unchanged',
      };
    case 'no-integrator':
    case 'many-submissions':
    case 'unknown-submission':
    case 'submission-closed':
    case 'not-integrator':
      return submissionMessage(refusal, now);
    case 'none':
    case 'blocked':
    case 'bad-tasks':
    case 'unknown-task':
    case 'task-over':
    case 'has-task':
    case 'which-task':
    case 'task-ground':
    case 'task-taken':
    case 'not-your-task':
    case 'task-role':
    case 'accept':
    case 'not-in-charge':
      return taskMessage(refusal, now);
    case 'reserved':
      return reservedMessage(refusal.target);
    case 'unknown-note':
      return { message: `no such note: ${oneLine(refusal.note)}`, hint: coord('log') };
  }
}

function reservedMessage(target: string): Message {
  const asked: Target = { kind: 'resource', text: target };
  const verb = ownVerbOf(asked)?.verb ?? 'claim';
  const runs = verb === 'deploy' || verb === 'once';
  return {
    message: `refused: ${oneLine(target)} is claimed by coord ${verb} alone`,
    hint: `${claimLine(asked)}${runs ? `; examples: ${coord(`help ${verb}`)}` : ''}`,
  };
}

function heldMessage(refusal: HeldGround, now: Instant, again: AskedBy): Message {
  const { conflicts, free, queue } = refusal;
  const lines = conflicts.slice(0, MOST_LISTED).map((conflict) => `refused: ${describeConflict(conflict, now)}`);
  if (conflicts.length > MOST_LISTED) lines.push(`and ${plural(conflicts.length - MOST_LISTED, 'more conflict')}`);
  if (free.length > 0) lines.push(`free of what you asked: ${free.map(oneLine).join(' ')}`);
  if (queue.length > 0) lines.push(`waiting for it already: ${queue.map(({ agent }) => agent).join(', ')}`);
  const wait = claimCommand(refusal, ({ text }) => !free.includes(text), again, ' --wait');
  const look = coord(`status ${targetWords(refusal.asked)}`);
  return {
    message: lines.join('\n'),
    ...(free.length === 0
      ? { hint: wait, alternative: { why: 'work on other paths, and look again later', command: look } }
      : {
          hint: claimCommand(refusal, ({ text }) => free.includes(text), again),
          alternative: { why: 'wait your turn', command: wait },
        }),
  };
}

/** The claim again, for some of what was asked. */
function claimCommand(
  { asked, mode }: Pick<HeldGround, 'asked' | 'mode'>,
  wanted: (target: Target) => boolean,
  { verb, tail, targets = true }: AskedBy,
  option = '',
): string {
  return coord(
    `${verb}${targets ? ` ${targetWords(asked.filter(wanted))}` : ''}${mode === 'shared' ? ' --shared' : ''}${option}${tail}`,
  );
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
  const why = reason === null ? '' : `, ${said(reason)}`;
  const since = `since ${clock(conflict.since, now)}${why}`;
  if (waiting) return `${where} for which ${agent} waits before you (${since})`;
  const left = secondsBetween(now, conflict.expiresAt);
  const until =
    left > 0
      ? `for ${formatDuration(left)} more`
      : `a little longer, since clocks may differ (expired ${formatDuration(-left)} ago)`;
  return `${where}${where.endsWith(',') ? '' : ' is'} held by ${agent} ${until} (${since})`;
}

function sessionMessage(conflicts: readonly Conflict[]): Message {
  const [first] = conflicts;
  return {
    message: `refused: ${oneLine(first?.heldTarget ?? '')} is held by another live session of ${first?.agent} (${first?.session})`,
    hint: `give this agent an id of its own: --agent ID or COORD_AGENT=ID; or, when that session has crashed: ${coord(`claim ${targetWord(first?.heldTarget ?? '')} --take-over --reason "that session has crashed"`)}`,
  };
}

function lostMessage(refusal: Of<'lost', 'lost'>, now: Instant, { verb, tail }: AskedBy): Message {
  const wholes = refusal.targets.map(({ why, target }) =>
    why === 'not-held' ? refusal.held.find((held) => contains(patternTarget(held), patternTarget(target))) : undefined,
  );
  const lines = refusal.targets.map((lost, at) => {
    const whole = wholes[at];
    return `${oneLine(lost.target)}: ${whole === undefined ? whyLost(lost, now) : `only a part of ${oneLine(whole)}`}`;
  });
  const held = refusal.held.length === 0 ? 'you hold no claims' : `you hold ${refusal.held.map(oneLine).join(', ')}`;
  const again = refusal.targets
    .filter(({ why, target }) => why !== 'other-session' && ownVerbOf(patternTarget(target)) === null)
    .map(({ target }) => targetWord(target));
  const parts = wholes.filter((whole) => whole !== undefined);
  if (parts.length === refusal.targets.length && verb !== BY_CLAIM.verb) {
    const whole = coord(`${verb} ${targetWords(parts)}${tail}`);
    return { message: [...lines, held].join('\n'), hint: `a claim is kept or given back as a whole: ${whole}` };
  }
  return {
    message: [...lines, held].join('\n'),
    hint: again.length === 0 ? coord('status') : `stop changing it; to go on: ${coord(`claim ${again.join(' ')}`)}`,
  };
}

function whyLost({ why, holder, loss }: LostTarget, now: Instant): string {
  const at = loss ? ` at ${clock(loss.at, now)}` : '';
  const because = loss?.reason ? ` (${said(loss.reason)})` : '';
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
      return `your claim was not confirmed by the remote${at}${heldNow}`;
    case 'held-by-other':
      return `not yours${heldNow}`;
    case 'other-session':
      return `held by another session of this agent (${holder?.session})`;
    case 'not-held':
      return 'you do not hold it';
  }
}

function behindMessage(refusal: Of<'behind'>, again: AskedBy): Message {
  const { missing, free } = refusal;
  const lines = missing.map((work) => {
    const released = `with which ${work.agent} released ${oneLine(work.released)}`;
    return isCutOff(work)
      ? `cannot know: this clone is too shallow to tell whether HEAD has ${shortCommit(work.commit)}, ${released}`
      : `behind: HEAD lacks ${shortCommit(work.commit)}, ${released}; ${placeOf(work)}`;
  });
  if (free.length > 0) lines.push(`free of what you asked: ${free.map(oneLine).join(' ')}`);
  const without = claimCommand(refusal, ({ text }) => !free.includes(text), again, ' --allow-behind');
  // Who released it has nobody to ask.
  if (missing.every((work) => work.isOwn && isLost(work))) return { message: lines.join('\n'), hint: without };
  return {
    message: lines.join('\n'),
    hint: bringIn(missing),
    alternative: { why: 'claim without it; this is recorded', command: without },
  };
}

/** This clone cannot tell whether HEAD has it at all. */
function isCutOff({ where }: MissingWork): boolean {
  return where?.kind === 'unknown' && where.why === 'shallow';
}

/** No branch has it. */
function isLost({ where }: MissingWork): boolean {
  return where?.kind === 'rewritten' || where?.kind === 'nowhere';
}

function placeOf({ where, agent: author, isOwn }: MissingWork): string {
  const agent = isOwn ? 'you' : author;
  switch (where?.kind) {
    case 'here':
      return `it is here, on ${oneLine(where.name)}`;
    case 'remote':
      return `it is on ${oneLine(`${where.remote}/${where.branch}`)}`;
    case 'rewritten':
      return `the history of ${oneLine(where.upstream)} was rewritten since, and dropped it: do not bring it back; ${agent} can tell why`;
    case 'nowhere':
      return where.remote === null
        ? `it is on no branch of this clone any more; ${agent} can tell what became of it`
        : `it is on no branch of ${oneLine(where.remote)}: never pushed, or rewritten; ${agent} can tell`;
    default:
      return 'where it is cannot be known now';
  }
}

/** What gets HEAD the work, or who can tell where there is nothing to get. */
export function bringIn(missing: readonly MissingWork[]): string {
  if (missing.some(isCutOff)) return `${command('git fetch --unshallow')}, then repeat`;
  const commits = missing.map(({ commit }) => shortCommit(commit)).join(' ');
  const lost = missing.find(isLost);
  if (lost)
    return coord(
      `note "where is the work of ${shortCommit(lost.commit)}?" --to ${lost.agent} --needs-ack ${lost.agent}`,
    );
  const isHere = missing.every(({ where }) => where?.kind === 'here');
  return command(`${isHere ? '' : 'git fetch && '}git merge ${commits}`);
}

function roleMessage(refusal: Of<'closed', 'role'>): Message {
  const who = refusal.orchestrators.length === 0 ? 'an orchestrator' : refusal.orchestrators.join(' or ');
  return {
    message:
      refusal.targets.length === 0
        ? 'refused: that is not for a worker'
        : `refused: a worker may not claim the surface (${refusal.targets.map(oneLine).join(', ')})`,
    hint: `write to your scratch directory (${coord('session scratch')}) and hand the result to ${who}: ${form('submit PATH --note "what it is"')}`,
  };
}

function notOfferedMessage(claims: readonly Claim[]): Message {
  const lines = claims.map(({ target, agent, offer }) => {
    const to = offer && offer.declined === null ? `offers it to ${offer.to}` : 'offers it to nobody';
    return `refused: ${oneLine(target)} is not offered to you: ${agent} holds it, and ${to}`;
  });
  const [first] = claims;
  return {
    message: lines.join('\n'),
    hint: `ask for it: ${coord(`note ${shellWord(`please hand over ${first?.target}`)} --to ${first?.agent}`)}`,
  };
}

function noOfferMessage(targets: readonly string[]): Message {
  return {
    message: `no offer: nobody holds ${targets.map(oneLine).join(', ')} now; an offer ends with its claim`,
    hint: coord(`claim ${targetWords(targets)}`),
  };
}

function authorityMessage(orchestrators: readonly string[]): Message {
  const who = orchestrators.length === 0 ? '' : ` (${orchestrators.join(', ')})`;
  return {
    message: 'refused: only an orchestrator, or a person at a terminal, may do that',
    hint: `ask an orchestrator${who} or a person, and say why`,
  };
}

/** Ground is granted only to who has read the rules. */
function sessionRequiredMessage({ why }: Extract<Refusal, { reason: 'session-required' }>): Message {
  const lacking = {
    'no-session': 'you have no session',
    'other-session': 'this command does not run in the session that you started',
    'older-rules': 'the rules have changed since your session loaded them',
  };
  return {
    message: `refused: ${lacking[why]}, and paths are granted only to a session that has loaded the current rules`,
    hint: coord('session start'),
  };
}

/** An agent that cannot be meant. */
function unknownAgentMessage({ reason, agent, known }: Extract<Refusal, { known: readonly string[] }>): Message {
  const others = known.length === 0 ? 'no other agent has written here yet' : `known: ${known.join(', ')}`;
  switch (reason) {
    case 'unknown-agent':
      return {
        message: `unknown agent: ${oneLine(agent)}; ${others}; one that only began a session in another clone is known here from its first claim or note on, or its first command after ${formatDuration(LONGEST_RIDE_SECONDS)}`,
        hint: `${coord('agent list')}, then repeat`,
      };
    case 'killed-agent':
      return { message: `${agent} was stopped, and cannot accept anything; ${others}`, hint: coord('agent list') };
    case 'oneself':
      return {
        message: `${agent} is you; ${others}`,
        hint: `name another agent (${coord('agent list')}); to stop yourself: ${coord('release --all')}`,
      };
  }
}
