import { type Candidate, candidatesOn, type Deployment, mayHaveRun } from '../../domain/deploy/records.js';
import { type GateRecord, NO_GATE } from '../../domain/gates/gate.js';
import { deployTarget } from '../../domain/ground/targets.js';
import type { Refusal } from '../../domain/refusal.js';
import { command, commandLine, coord, form, shellWord } from '../../domain/suggestion.js';
import type { SyncCommit } from '../../domain/sync/sync.js';
import { oneLine, plural, shorten } from '../../domain/text.js';
import type { Instant } from '../../domain/time.js';
import { CoordError, type Message, usage } from '../../errors.js';
import { clock, shortCommit, table } from '../format.js';

const WIDEST_SUBJECT = 72;

interface Commits {
  readonly count: number;
  readonly newest: readonly SyncCommit[];
}

/** What a deploy would take from a target, although it may run there. */
export interface Undone extends Commits {
  readonly candidate: Candidate;
}

/** HEAD lacks what runs there now. */
export function undoes(
  undone: readonly Undone[],
  { target, action }: { readonly target: string; readonly action: string },
  now: Instant,
): CoordError {
  const lines = undone.flatMap((one) => [
    `behind: HEAD lacks ${plural(one.count, 'commit')} of what ${oneLine(target)} ${undone.length > 1 ? 'may run' : 'runs'} now, ${candidateText(one.candidate, now)}:`,
    ...commitLines(one),
  ]);
  const commits = [...new Set(undone.map(({ candidate }) => shortCommit(candidate.commit)))];
  return new CoordError('behind', lines.join('\n'), {
    hint: `${command(`git merge ${commits.join(' ')}`)} and land it; or roll back openly: ${form(`deploy ${shellWord(target)} --rollback-to COMMIT --reason "why" -- PROGRAM`)}`,
    details: { reason: 'would-undo', target, action, undone },
  });
}

function commitLines({ count, newest }: Commits): string[] {
  const rows = newest.map(({ commit, author, subject }) => [
    shortCommit(commit),
    oneLine(author),
    shorten(oneLine(subject), WIDEST_SUBJECT),
  ]);
  const rest = count - rows.length;
  return [...table(rows).map((line) => `  ${line}`), ...(rest > 0 ? [`  and ${plural(rest, 'older commit')}`] : [])];
}

export function unknownCommit(candidate: Candidate, target: string, now: Instant): CoordError {
  return new CoordError(
    'unavailable',
    `cannot know: ${oneLine(target)} may run ${candidateText(candidate, now)}, and this clone cannot tell whether HEAD contains it`,
    {
      hint: `if this clone is shallow: ${command('git fetch --unshallow')}; otherwise ask ${candidate.agent} to push ${shortCommit(candidate.commit)}; then repeat`,
      details: { reason: 'unknown-commit', target, candidate },
    },
  );
}

export function notPushed(
  own: Commits,
  upstream: string,
  {
    mainRemote,
    share,
    mainBranch,
  }: { readonly mainRemote: string; readonly share: boolean; readonly mainBranch: string | null },
): CoordError {
  const message = `not pushed: ${oneLine(upstream)} lacks ${plural(own.count, 'commit')} of HEAD`;
  const push = command(`git push ${shellWord(mainRemote)} HEAD:${shellWord(mainBranch ?? 'main')}`);
  return new CoordError('behind', [message, ...commitLines(own)].join('\n'), {
    hint: `${share ? coord('land') : push}, then repeat`,
    details: { reason: 'not-pushed', upstream, count: own.count, commits: own.newest },
  });
}

export function headMoved(from: string, to: string): CoordError {
  return new CoordError('behind', `HEAD moved from ${shortCommit(from)} to ${shortCommit(to)} in the meantime`, {
    hint: 'look at it, and repeat: the gates were asked about the old one',
    details: { reason: 'head-moved', from, to },
  });
}

export function mainMoved(upstream: string, from: string, to: string): CoordError {
  return new CoordError(
    'behind',
    `${oneLine(upstream)} moved from ${shortCommit(from)} to ${shortCommit(to)} in the meantime`,
    {
      hint: `${command('git pull --rebase')}, look at your change again, then repeat`,
      details: { reason: 'main-moved', from, to },
    },
  );
}

export function configMoved(): CoordError {
  return new CoordError('behind', 'coord.config.json changed on the main branch in the meantime', {
    hint: 'repeat: its gates may have changed',
    details: { reason: 'config-moved' },
  });
}

export function notAtRollback(head: string, commit: string): CoordError {
  return new CoordError(
    'behind',
    `what is deployed is the working tree, and HEAD is at ${shortCommit(head)}, not at ${shortCommit(commit)}`,
    {
      hint: `${command(`git switch --detach ${shortCommit(commit)}`)}, then repeat`,
      details: { reason: 'not-at-commit', head, commit },
    },
  );
}

export function notOnMain(commit: string, upstream: string, unknown: boolean): CoordError {
  const name = shortCommit(commit);
  const details = { reason: unknown ? 'unknown-commit' : 'not-on-main', commit, upstream };
  if (unknown) {
    return new CoordError('unavailable', `cannot know whether ${name} is on ${oneLine(upstream)}`, {
      hint: `${command('git fetch --unshallow')}, then repeat`,
      details,
    });
  }
  return new CoordError('behind', `${name} is not on ${oneLine(upstream)}`, {
    hint: `roll back to a commit of the main branch: ${coord('deploy list')} shows what ran`,
    details,
  });
}

export function neverRan(commit: string, target: string, known: readonly string[]): CoordError {
  const ran = known.length === 0 ? 'nothing is known to have run there' : `it ran ${known.map(shortCommit).join(', ')}`;
  return usage(
    `${shortCommit(commit)} cannot be rolled back to: it never ran on ${oneLine(target)}, and nothing that ran there contains it (${ran})`,
    coord(`deploy list ${shellWord(target)}`),
    { reason: 'never-ran', commit, target, known },
  );
}

/** One gate that is closed closes the target. */
export function gatesClosed(closed: readonly GateRecord[], target: string): CoordError {
  const lines = closed.map(({ gate, finding }) => `closed: gate ${oneLine(gate)}: ${oneLine(finding)}`);
  const first = closed.find((record) => record.closed !== 'not-at-commit');
  // A gate that could not judge this commit, since something else lies in the worktree, has not denied it.
  return new CoordError(first ? 'closed' : 'behind', lines.join('\n'), {
    hint: first
      ? openingHint(first, target)
      : `${command('git status')} shows what is in no commit: commit or stash it, then repeat`,
    details: { reason: first ? 'gates-closed' : 'not-at-commit', target, gates: closed },
  });
}

function openingHint({ gate, type, checked, closed, commit, action }: GateRecord, target: string): string {
  if (closed === 'unreadable') return `a person fixes it on the main branch: ${coord(`gate show ${shellWord(gate)}`)}`;
  const way = action === 'rollback' ? ` --action ${action}` : '';
  switch (type) {
    case 'command':
      return `${commandLine(checked)} shows why; repeat when it succeeds`;
    case 'signed-tag':
      return `ask a person to sign: ${coord(`gate request ${shellWord(gate)} ${shellWord(target)} --commit ${commit.slice(0, 12)}${way}`)}`;
    case null:
      return gate === NO_GATE
        ? `a person adds one to coord.config.json on the main branch: "deploy": {${JSON.stringify(target)}: {"gates": ["NAME"]}}`
        : `a person adds ${shellWord(gate)} to "gates" in coord.config.json on the main branch`;
  }
}

export function interrupted(signal: string): CoordError {
  return new CoordError('timeout', `stopped by ${signal}, before the program was started`, {
    hint: 'nothing was deployed; repeat when you like',
    details: { reason: 'interrupted', signal },
  });
}

/** What happened is known here only: the record still says that the deploy runs. */
export function unrecorded(
  { id, target, command }: Deployment,
  { status, exit, why }: { readonly status: string; readonly exit: number | null; readonly why: string | null },
  cause: CoordError,
): CoordError {
  const ended = exit === null ? (why ?? status) : `the program ended with exit ${exit}`;
  return new CoordError(cause.code, `${ended}; this could not be recorded: ${cause.message}`, {
    hint: `the others see the outcome of ${id} as unknown: look at what ${oneLine(target)} runs, then ${coord(`deploy ${shellWord(target)} --retry -- ${commandLine(command)}`)}`,
    details: { reason: 'unrecorded', deploy: id, status, exit, cause: cause.message },
  });
}

export function stoppedLooking(target: string): CoordError {
  return new CoordError(
    'timeout',
    `stopped before ${oneLine(target)} was seen to run it; the program had ended with exit 0`,
    {
      hint: `${coord(`deploy verify ${shellWord(target)}`)}; then repeat`,
      details: { reason: 'interrupted', target },
    },
  );
}

/** A deploy as it was typed; `back` is the commit to roll back to. */
export interface AskedDeploy {
  readonly target: string;
  readonly back: string | null;
  readonly reason: string | null;
  readonly retry: boolean;
  readonly command: readonly string[];
}

/**
 * The deploy once more, with more options. Its program is the one that was typed, or is left to be filled in: the one in
 * the state may be somebody else's, and nobody is told to run that.
 */
export function deployAgain({ target, back, reason, retry, command }: AskedDeploy, more: readonly string[]): string {
  const options = [
    ...new Set([...more, ...(retry ? ['--retry'] : [])]),
    ...(back === null ? [] : [`--rollback-to ${shellWord(back)}`, `--reason ${shellWord(reason ?? '')}`]),
  ];
  const line = `deploy ${[shellWord(target), ...options].join(' ')} --`;
  return command.length === 0 ? form(`${line} PROGRAM`) : coord(`${line} ${commandLine(command)}`);
}

/** The words for a deploy that ended without a word: its program may have done its work, or part of it, or nothing. */
export function unknownDeployMessage(
  { deployment, live }: Extract<Refusal, { reason: 'unknown-deploy' }>,
  now: Instant,
): Message {
  const { target, agent, commit, startedAt, command, id } = deployment;
  const before = candidatesOn({ targets: [live], attempts: [] }, target);
  const may = [...new Set([...before.map((one) => shortCommit(one.commit)), shortCommit(commit)])];
  return {
    message: [
      `unknown: the deploy of ${shortCommit(commit)} to ${oneLine(target)} by ${agent}, begun at ${clock(startedAt, now)}, never reported its outcome (${oneLine(commandLine(command))})`,
      `${oneLine(target)} may run ${may.join(' or ')}; that program may even be running still`,
    ].join('\n'),
    hint: `${coord(`deploy show ${id}`)}, and look at what it did`,
  };
}

/** All claims were to be given back, and a deploy would be stopped by that. */
export function deployingMessage({ deploys }: Extract<Refusal, { reason: 'deploying' }>, now: Instant): Message {
  const targets = deploys.map(({ target }) => shellWord(deployTarget(target).text));
  const lines = deploys.map(
    ({ id, target, startedAt }) =>
      `not released: your deploy ${id} has been running under ${oneLine(deployTarget(target).text)} since ${clock(startedAt, now)}, and would be stopped`,
  );
  return {
    message: lines.join('\n'),
    hint: `see what you hold (${coord('status --mine')}), and name what you give back: ${form('release TARGET')}`,
    alternative: { why: 'stop the deploy', command: coord(`release ${targets.join(' ')}`) },
  };
}

/** The agent's own deploy holds the target: it runs, or was killed, which nobody can tell before its claim is over. */
export function ownDeployError(
  { id, target, commit, startedAt, step }: Deployment,
  asked: AskedDeploy,
  expiresAt: Instant,
  details: CoordError['details'],
  now: Instant,
): CoordError {
  const again = deployAgain(asked, mayHaveRun({ step }) ? ['--wait', '--retry'] : ['--wait']);
  return new CoordError(
    'held',
    `held: your own deploy of ${shortCommit(commit)} to ${oneLine(target)}, begun at ${clock(startedAt, now)}, holds it until ${clock(expiresAt, now)} at least`,
    {
      hint: `if it was killed: ${again}`,
      alternative: { why: 'see how far it got', command: coord(`deploy show ${shellWord(id)}`) },
      details: { ...details, deploy: id },
    },
  );
}

/** What lies here and is in no commit goes along with a deploy. */
export function notCleanHint(target: string): string {
  return `${command('git status --ignored')} shows them: commit them, move them away, or list them in "untracked" of deploy.${oneLine(target)} on the main branch; then repeat`;
}

/** A signature that has opened a deploy is used up. */
export function usedSignatureMessage({ gate, target }: Extract<Refusal, { reason: 'used-signature' }>): Message {
  return {
    message: `closed: gate ${oneLine(gate)}: its signature has opened a deploy of ${oneLine(target)} already`,
    hint: `ask for a new one: ${coord(`gate request ${shellWord(gate)} ${shellWord(target)}`)}`,
  };
}

/** `1f3c2a9 (maya, 14:02)`. */
export function candidateText({ commit, agent, at }: Candidate, now: Instant): string {
  return `${shortCommit(commit)} (${agent}, ${clock(at, now)})`;
}
