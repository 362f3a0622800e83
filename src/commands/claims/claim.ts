import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ClaimRequest } from '../../domain/claims/claim.js';
import { conflictsOf, groundOf } from '../../domain/claims/conflicts.js';
import { overlaps } from '../../domain/ground/index.js';
import { directoryPath, directoryTarget, type Target } from '../../domain/ground/targets.js';
import type { Claim } from '../../domain/model.js';
import { coord, targetWord, targetWords } from '../../domain/suggestion.js';
import { ORCHESTRATOR } from '../../domain/tasks/task.js';
import { nearest, oneLine } from '../../domain/text.js';
import { CoordError, usage } from '../../errors.js';
import { namesIn } from '../../git/if-there.js';
import { pathExists } from '../../git/paths.js';
import { claimedLines } from '../../render/claims.js';
import { clock } from '../../render/format.js';
import { intentLines } from '../../render/notes.js';
import type { AskedBy } from '../../render/refusals.js';
import type { GitStore } from '../../store/swap/git-store.js';
import { transact } from '../../store/swap/transact.js';
import type { Context } from '../../workspace/context.js';
import { changedRulesWarning } from '../../workspace/rules.js';
import { readTargets, readWait, TARGET_OPTIONS } from '../input.js';
import { intentsHere } from '../session/standing.js';
import { withNextTask } from '../tasks/tasks.js';
import type { Input, Verb } from '../verb.js';
import { refusedClaim } from '../waiting/queueing.js';
import {
  CLAIM_OPTIONS,
  checkOffline,
  claimRequest,
  OFFLINE_OPTION,
  offlineWarnings,
  transactHere,
  wideWarnings,
} from './claim-request.js';
import { heldInOtherWorktree } from './other-worktree.js';

export const claim: Verb = {
  arguments: [['<target...>', 'paths, directories, globs or @resources; all are granted, or none']],
  options: [
    ...CLAIM_OPTIONS,
    ['--wait [duration]', 'wait your turn, first come, first served; at most 9m unless the config says otherwise'],
    ['--take-over', 'take it from whoever holds it, before it expires; needs --reason'],
    OFFLINE_OPTION,
    ...TARGET_OPTIONS,
  ],
  examples: [
    ['coord claim src/api --reason "pagination"', 'claim a directory for the default time'],
    ["coord claim 'src/**/*.test.ts' @db/main --ttl 1h", 'a glob and a resource, both or neither'],
    ['coord claim src/api/users.ts --wait=5m', 'wait your turn, for at most five minutes'],
    ['coord claim src/api --take-over --reason "maya\'s machine died"', 'take it now; the former holder is told why'],
  ],
  notes: [
    'Expired claims need no --take-over. Whoever held any of the paths loses that whole claim,',
    'is told by their next command, and has an older token; you go ahead of the queue.',
  ],
  answers: { claims: 'Claim[]', 'takenOver?': ['object[]', 'with --take-over: whose claims ended'] },
  refusals: {
    reason: ['text', 'held, deadlock, order, session, …'],
    'conflicts?': 'Conflict[]',
    'free?': ['text[]', 'the part that can be claimed now'],
    'queue?': ['object[]', 'who waits before you'],
    '…': ['object', 'more, by the reason'],
  },
  async run(context, input) {
    const targets = await readTargets(context, input, input.list(0));
    const seconds = readWait(input, await context.config());
    if (input.flag('takeOver')) {
      if (seconds !== null) throw usage('--wait and --take-over cannot be used together', 'use one');
      if (input.flag('offline'))
        throw usage(
          '--offline and --take-over cannot be used together',
          'take a claim over online, so that all clones see it',
        );
      return (await import('./take-over.js')).takeOver(context, input, targets);
    }
    await checkOffline(context, input);
    const store = await context.store();
    const request = await claimRequest(context, input, store, targets);
    const elsewhere = await heldInOtherWorktree(context, store, request);
    if (elsewhere) return elsewhere;
    const claims = input.flag('offline')
      ? await claimOffline(context, input, request)
      : await claimOrWait(context, store, request, seconds).catch((error: unknown) => {
          throw offlineInstead(error, targets);
        });
    if (claims instanceof CoordError) return claims;
    const now = context.now();
    return {
      data: { claims },
      text: (style) => claimedLines(claims, now, style),
      warnings: [
        ...(await offlineWarnings(context, input, claims)),
        ...(await slipWarnings(context, claims)),
        ...(await wideWarnings(context, claims)),
        ...(await leftUncommitted(context, store, claims)),
        ...(await intentsOnClaimed(context, store, claims)),
        ...(await changedRulesWarning(context, request.rules)),
      ],
    };
  },
};

/** Says who released this ground although changes there were in no commit. */
async function leftUncommitted(context: Context, store: GitStore, claims: readonly Claim[]): Promise<string[]> {
  const { state } = await store.read();
  const options = { foldCase: context.repository.foldsCase };
  return state.releases
    .filter(({ uncommitted, agent }) => uncommitted && agent !== claims[0]?.agent)
    .filter((release) => claims.some((claim) => overlaps(groundOf(claim), groundOf(release), options)))
    .map(
      ({ target, agent, at }) =>
        `${agent} released ${oneLine(target)} at ${clock(at, context.now())} with changes that no commit holds: ask ${agent} for them`,
    );
}

/** What others said that they are about to do on this ground. */
async function intentsOnClaimed(context: Context, store: GitStore, claims: readonly Claim[]): Promise<string[]> {
  const options = { foldCase: context.repository.foldsCase };
  const isClaimed = (target: Target) => claims.some((claim) => overlaps(groundOf(claim), target, options));
  return intentLines(await intentsHere(context, store, isClaimed), context.now());
}

/** Where the remote cannot be reached, the claim that this clone can grant alone is named. */
function offlineInstead(error: unknown, targets: readonly Target[]): unknown {
  if (!(error instanceof CoordError) || error.alternative === undefined || error.code !== 'unavailable') return error;
  const { code, message, hint = '', details } = error;
  const alternative = {
    why: 'claim it in this clone alone, until the remote confirms it',
    command: coord(`claim ${targetWords(targets)} --offline`),
  };
  return new CoordError(code, message, { hint, alternative, details, cause: error });
}

async function claimOffline(context: Context, input: Input, request: ClaimRequest) {
  const decision = await transactHere(context, input, request);
  return decision.ok ? decision.result.claims : refusedClaim(context, decision.refusal);
}

/** Claims at once, or after at most this many seconds in the queue; null: does not wait. */
export async function claimOrWait(
  context: Context,
  store: GitStore,
  request: ClaimRequest,
  waitSeconds: number | null,
  again?: AskedBy,
): Promise<readonly Claim[] | CoordError> {
  if (waitSeconds !== null) {
    const { waitForTurn } = await import('../waiting/queueing.js');
    return waitForTurn(context, store, request, { seconds: waitSeconds, passive: false, ...(again ? { again } : {}) });
  }
  const decision = await transact(store, request, context.effects);
  if (decision.ok) return decision.result.claims;
  const refused = await refusedClaim(context, decision.refusal, again);
  if (decision.refusal.reason !== 'held') return refused;
  return withNextTask(context, store, await withPathsNearby(context, store, request, refused));
}

/** Says of each new claim that looks like a slip of the keyboard what was probably meant. It is granted all the same. */
async function slipWarnings(context: Context, claims: readonly Claim[]): Promise<string[]> {
  const fresh = claims.filter(({ acquiredAt, renewedAt }) => acquiredAt === renewedAt);
  const resources = fresh.filter(({ kind }) => kind === 'resource');
  const { root } = context.repository;
  return [
    ...fresh.flatMap(({ kind, target }) => (kind === 'path' || kind === 'directory' ? pathWarning(root, target) : [])),
    ...(resources.length === 0 ? [] : await resourceWarnings(context, resources)),
  ];
}

function pathWarning(root: string, target: string): string[] {
  const path = target.replace(/(?:^|\/)\*\*$/, '');
  const meant = pathExists(root, path) ? null : similarPath(root, path);
  return meant === null ? [] : [warning(target, `${oneLine(path)} does not exist`, meant)];
}

/** A path that is there and differs from this one in a slip within one name; null: there is none. */
function similarPath(root: string, path: string): string | null {
  const names = path.split('/');
  const at = names.findIndex((_, index) => !pathExists(root, names.slice(0, index + 1).join('/')));
  const name = names[at] ?? '';
  const parent = names.slice(0, at).join('/');
  const known = namesIn(join(root, parent)).filter((other) => lettersOf(other) !== lettersOf(name));
  // That a longer path goes on as typed says much; that a new file is like another says little.
  const most = Math.min(2, Math.floor(stemOf(name).length / 4));
  const meant = nearest(name, known, at < names.length - 1 ? Math.max(1, most) : most);
  if (meant === undefined) return null;
  const whole = [...names.slice(0, at), meant, ...names.slice(at + 1)].join('/');
  return pathExists(root, whole) ? whole : null;
}

/** `0002_users.sql` after `0001_users.sql` is the next one, and no slip. */
function lettersOf(name: string): string {
  return name.replaceAll(/\d+/g, '');
}

function stemOf(name: string): string {
  return name.replace(/(?<=.)\..*$/, '');
}

async function resourceWarnings(context: Context, claims: readonly Claim[]): Promise<string[]> {
  const { resources, deploy } = await context.config();
  const names = [...Object.keys(resources), ...Object.keys(deploy).map((name) => `@deploy/${name}`)];
  const declared = [...new Set(names)];
  return claims
    .filter(({ target }) => target !== ORCHESTRATOR.text && !isDeclared(target, declared))
    .map(({ target }) => {
      const what = `${oneLine(target)} is not declared under "resources" in coord.config.json`;
      const meant = nearest(target, declared, 2);
      if (meant !== undefined) return warning(target, what, meant);
      return `${what}: check the spelling, since another spelling is another claim`;
    });
}

/** A resource covers the names below it. */
function isDeclared(target: string, declared: readonly string[]): boolean {
  return declared.some((name) => target === name || target.startsWith(`${name}/`) || name.startsWith(`${target}/`));
}

function warning(target: string, what: string, meant: string): string {
  const instead = `${coord(`claim ${targetWord(meant)}`)} && ${coord(`release ${targetWord(target)}`)}`;
  return `${what}; if you meant ${oneLine(meant)}: ${instead}`;
}

const MOST_NAMED = 3;

/** The refusal with the free paths nearby by name, where nothing of what was asked is free. */
async function withPathsNearby(
  context: Context,
  store: GitStore,
  request: ClaimRequest,
  refused: CoordError,
): Promise<CoordError> {
  const [asked] = request.targets;
  const { code, message, hint, alternative, details } = refused;
  const free = Array.isArray(details.free) ? details.free : [];
  if (asked === undefined || free.length > 0 || asked.target.kind === 'resource') return refused;
  const { state } = await store.read();
  const { agent, mode, policy } = request;
  const options = { foldCase: policy.foldCase };
  const onSurface = (target: Target) => policy.surface.some((part) => overlaps(part, target, options));
  const mattersHere = onSurface(asked.target);
  const isFree = (target: Target) =>
    (!mattersHere || onSurface(target)) &&
    request.targets.every((one) => !overlaps(one.target, target, options)) &&
    conflictsOf(state, { agent, target, mode, ahead: state.waiters }, policy, context.now()).length === 0;
  const nearby = pathsAround(context.repository.root, asked.target, isFree);
  if (nearby.length === 0) return refused;
  return new CoordError(code, `${message}\nfree nearby: ${targetWords(nearby)}`, {
    ...(hint === undefined ? {} : { hint }),
    ...(alternative === undefined ? {} : { alternative }),
    details: { ...details, nearby: nearby.map(({ text }) => text) },
  });
}

/** The paths beside this one that are free; where there are none, those beside the folder that it is in, and so on. */
function pathsAround(root: string, target: Target, isFree: (target: Target) => boolean): Target[] {
  const path = target.kind === 'directory' ? directoryPath(target) : target.text;
  const fixed = path.split('/').findIndex((segment) => target.kind === 'glob' && /[*?[{\\]/.test(segment));
  const folders = path.split('/').slice(0, fixed < 0 ? -1 : fixed);
  for (let depth = folders.length; depth >= 0; depth -= 1) {
    const free = entriesOf(root, folders.slice(0, depth)).filter(isFree);
    if (free.length > 0) return free.slice(0, MOST_NAMED);
  }
  return [];
}

/** What is in a folder, but for what begins with a dot. */
function entriesOf(root: string, folder: readonly string[]): Target[] {
  try {
    return readdirSync(join(root, ...folder), { withFileTypes: true })
      .filter(({ name }) => !name.startsWith('.') && name !== 'node_modules')
      .map((entry): Target => {
        const text = [...folder, entry.name].join('/').normalize('NFC');
        return entry.isDirectory() ? directoryTarget(text) : { kind: 'path', text };
      })
      .sort((a, b) => (a.text < b.text ? -1 : 1));
  } catch {
    return [];
  }
}
