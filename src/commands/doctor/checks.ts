import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../../config/config.js';
import { CONFIG_FILE } from '../../config/load.js';
import {
  type Enforcement,
  enforcementOf,
  type Layer,
  settingFindings,
  stateFindings,
} from '../../domain/doctor/checkup.js';
import type { Verification } from '../../domain/gates/judge.js';
import { matches } from '../../domain/ground/index.js';
import { patternTarget } from '../../domain/ground/patterns.js';
import { isTooFast } from '../../domain/metrics/pace.js';
import { EMPTY_STATE, PART_FIELDS, type Part, type State } from '../../domain/model.js';
import { lintRules } from '../../domain/rules/lint.js';
import { STATE_REF } from '../../domain/state-ref.js';
import { command, coord } from '../../domain/suggestion.js';
import { oneLine, plural } from '../../domain/text.js';
import { addSeconds, type Instant } from '../../domain/time.js';
import { asError, CoordError } from '../../errors.js';
import { verifySignature } from '../../gates/signatures.js';
import { readSigners, withSigners } from '../../gates/signers-on-disk.js';
import { readWorktreeFile } from '../../git/files.js';
import { objectId, openObjects } from '../../git/objects.js';
import type { Git } from '../../git/run.js';
import { type Signed, signCommit, signedCommit } from '../../git/signing.js';
import { commitBody } from '../../store/format/commits.js';
import { historyFrom } from '../../store/format/history.js';
import { asidesOf } from '../../workspace/asides.js';
import type { ProtectedConfig } from '../../workspace/authority.js';
import type { Context } from '../../workspace/context.js';
import { protectedConfig, rulesFolder } from '../../workspace/main-branch.js';
import { workingRules } from '../../workspace/rules.js';
import { paceNow, paceText, SLOWER } from '../events/metrics.js';
import { leftOverChecks } from './fix.js';
import { type Checked, ciCheck, deployChecks, harnessCheck, hooksCheck, pass, wrong } from './guard-checks.js';
import { storeChecks } from './store-checks.js';

export interface CheckUp {
  readonly checks: readonly Checked[];
  readonly enforcement: Enforcement;
}

const ASKS: Layer = { layer: 'claims', live: true, why: 'agents that ask coord are refused what another holds' };
const NOT_LOOKED: readonly Layer[] = (['claims', 'harness', 'hooks', 'ci'] as const).map((layer) => ({
  ...{ layer, live: false, why: 'not checked: the configuration cannot be read' },
}));

/** Looks at everything; what cannot be looked at, since something before it is missing, is left out. */
export async function checkUp(context: Context): Promise<CheckUp> {
  const { repository } = context;
  const config = await context.config().catch(asError);
  if (config instanceof CoordError) {
    return { checks: [failed('config', config)], enforcement: enforcementOf(NOT_LOOKED, false) };
  }
  const valid = readWorktreeFile(repository.root, CONFIG_FILE, 1) === null ? 'not there: defaults' : 'valid';
  const main = await protectedConfig(context).catch(asError);
  const stored = await stateChecks(context, config);
  const settings = main instanceof CoordError ? config : main.config;
  const guards = [await harnessCheck(context), await hooksCheck(context), await ciCheck(context)];
  const surface = await surfaceFilesCheck(context, settings);
  const claims = stored.state === null ? { ...ASKS, live: false, why: 'the state cannot be read' } : ASKS;
  return {
    checks: [
      pass('config', 'high', `${CONFIG_FILE} is ${valid}`),
      main instanceof CoordError ? failed('protected', main) : protectedCheck(main.from?.name ?? null),
      ...(await asidesOf(context)).map(({ id, message, next }) => wrong(id, 'medium', message, next)),
      ...stored.checks,
      ...(stored.state ? stateFindings(stored.state, await context.policy('anyone'), context.now()) : []),
      await shareCheck(context, config),
      // What is damaged is told above.
      ...(await paceCheck(context, config).catch((): Checked[] => [])),
      await rulesCheck(context),
      ...settingFindings(settings, stored.state ?? EMPTY_STATE, context.now()),
      ...surface.checks,
      ...(main instanceof CoordError ? [] : await deployChecks(context, main)),
      ...(main instanceof CoordError ? [] : await signingCheck(context, main)),
      ...(await leftOverChecks(context, config)),
      ...guards.map(({ check }) => check),
    ],
    enforcement: enforcementOf([claims, ...guards.map(({ layer }) => layer)], surface.guards),
  };
}

/** @param from the main branch that the configuration was read from; null: none has it */
function protectedCheck(from: string | null): Checked {
  if (from !== null) return pass('protected', 'medium', `guards and gates go by ${CONFIG_FILE} of ${from}`);
  const message = `the main branch has no ${CONFIG_FILE}: guards and gates go by each working copy`;
  return wrong('protected', 'medium', message, `commit ${CONFIG_FILE}, and bring it to the main branch`);
}

/**
 * A pattern that matches nothing most likely is mistyped, and guards nothing.
 * @returns `guards`: whether any file but the configuration is on the surface, or that cannot be seen
 */
async function surfaceFilesCheck(
  { repository, git }: Context,
  { surface }: Config,
): Promise<{ readonly checks: readonly Checked[]; readonly guards: boolean }> {
  if (surface.length === 0) return { checks: [], guards: false };
  const listed = await git(['ls-files', '-z', '--cached', '--others', '--exclude-standard']);
  if (listed.code !== 0) return { checks: [], guards: true };
  const files = listed.stdout.toString('utf8').split('\0').slice(0, -1);
  const matched = (pattern: string) => {
    const target = patternTarget(pattern);
    return files.filter((file) => matches(target, file.normalize('NFC'), { foldCase: repository.foldsCase }));
  };
  const found = surface.map((pattern) => ({ pattern: oneLine(pattern), files: matched(pattern) }));
  const guards = found.some((one) => one.files.some((file) => file !== CONFIG_FILE));
  const idle = found.filter((one) => one.files.length === 0).map(({ pattern }) => pattern);
  if (guards && idle.length === 0)
    return { checks: [pass('surface-files', 'low', 'each pattern of the surface matches a file')], guards };
  const message = guards
    ? `on the surface, and no file matches: ${idle.join(' ')}`
    : `no file but ${CONFIG_FILE} is on the surface: nothing is guarded`;
  const next = `fix "surface" in ${CONFIG_FILE}, unless those files are still to come`;
  return { checks: [wrong('surface-files', guards ? 'low' : 'medium', message, next)], guards };
}

async function rulesCheck(context: Context): Promise<Checked> {
  const folder = await rulesFolder(context);
  const files = workingRules(context, folder);
  if (files.length === 0)
    return wrong('rules', 'medium', `no rules in ${folder}`, `${coord('init')} writes the starter rules`);
  const errors = lintRules(files).filter(({ severity }) => severity === 'error');
  if (errors.length === 0) return pass('rules', 'medium', `${plural(files.length, 'file')} in ${folder}, clear`);
  return wrong('rules', 'medium', `${plural(errors.length, 'error')} in ${folder}`, coord('rules lint'));
}

function failed(id: string, error: CoordError): Checked {
  const { message, code, hint } = error;
  return { id, ok: false, severity: 'high', message, next: hint ?? null, code, error };
}

const ALL_PARTS = Object.keys(PART_FIELDS) as Part[];

/** What the state is like, here and at the remote; `state` is null where it cannot be read. */
async function stateChecks(
  context: Context,
  config: Config,
): Promise<{ readonly checks: readonly Checked[]; readonly state: State | null }> {
  const { ref, share, remote } = config;
  const store = await context.store();
  const here = await store.read(ALL_PARTS).catch(asError);
  const checks = [here instanceof CoordError ? failed('state', here) : pass('state', 'high', `${ref} can be read`)];
  if (share && !(here instanceof CoordError && here.code === 'usage')) {
    const there = await store.latest(ALL_PARTS).catch(asError);
    const inStep = `${store.decider.kept === null ? remote : 'etcd'} has it, and this clone is up to date`;
    checks.push(there instanceof CoordError ? failed('remote', there) : pass('remote', 'high', inStep));
    checks.push(...(await storeChecks(context, config, store)));
  }
  const snapshot = await store.read(ALL_PARTS).catch(() => null);
  const log = snapshot && (await store.readLog().catch(asError));
  if (log instanceof CoordError) checks.push(failed('log', log));
  return { checks, state: snapshot?.state ?? null };
}

async function shareCheck({ git }: Context, { share, remote }: Config): Promise<Checked> {
  if (share) return pass('share', 'low', `claims are valid in every clone of ${remote}`);
  const listed = await git(['remote']);
  if (listed.code !== 0) {
    const why = oneLine(listed.stderr.split('\n')[0] ?? '');
    return wrong(
      'share',
      'low',
      `git cannot tell what remotes there are: ${why}`,
      'fix the configuration of git, then repeat',
    );
  }
  const remotes = listed.stdout
    .toString('utf8')
    .split('\n')
    .filter((name) => name !== '');
  const local = 'claims are valid in the worktrees of this clone';
  if (remotes.length === 0) return pass('share', 'low', local);
  const next = `to share them: "share": true and "remote": "${remotes[0]}" in ${CONFIG_FILE}`;
  return wrong('share', 'low', `${local} only, though it has a remote`, next);
}

const LOOKED_AT_SECONDS = 3_600;

/** How often the remote was pushed to in the last hour, by all clones, against what its host documents. */
async function paceCheck(context: Context, { share, store }: Config): Promise<Checked[]> {
  const tip = share && store === null ? await (await context.store()).tip() : null;
  if (tip === null) return [];
  const since = addSeconds(context.now(), -LOOKED_AT_SECONDS);
  const pushes: Instant[] = [];
  for await (const { at } of historyFrom(context.gitStream, tip)) {
    if (at < since) break;
    pushes.push(at);
  }
  const pace = await paceNow(context, pushes);
  const text = `in the last hour: ${paceText(pace)}`;
  return [isTooFast(pace) ? wrong('pushes', 'low', text, SLOWER) : pass('pushes', 'low', text)];
}

type Signers = ProtectedConfig['config']['signers'];
type Problem = readonly [message: string, next: string];

/** Whether what is asked of the commits of the state ref can be done here; nothing where nothing is asked. */
async function signingCheck(context: Context, { config, from }: ProtectedConfig): Promise<Checked[]> {
  if (!config.signCommits) return [];
  const problem = opensGates(config) ?? (await problemOf(context, config.signers, from?.commit ?? null));
  if (problem !== null) return [wrong('signing', 'medium', ...problem)];
  const { allowedSigners } = config.signers;
  const message = `coordination commits are signed here, with a key that ${allowedSigners} of the main branch lists`;
  return [pass('signing', 'medium', message)];
}

/** Agents that may sign coordination commits must not thereby be people who open a gate. */
function opensGates({ signers, gates }: ProtectedConfig['config']): Problem | null {
  const { allowedSigners } = signers;
  const [name] =
    Object.entries(gates).find(
      ([, gate]) => gate.type === 'signed-tag' && join(gate.allowedSigners) === join(allowedSigners),
    ) ?? [];
  if (name === undefined) return null;
  return [
    `each key that may sign coordination commits opens the gate ${oneLine(name)} too: both go by ${allowedSigners}`,
    'give "signers" in coord.config.json a file of its own, on the main branch',
  ];
}

async function problemOf(context: Context, signers: Signers, main: string | null): Promise<Problem | null> {
  const { allowedSigners } = signers;
  const keys =
    main === null ? `${allowedSigners} is not on the main branch` : await readSigners(context, signers, main);
  if (main === null || typeof keys === 'string') {
    return [String(keys), `put the keys into ${allowedSigners}, on the main branch`];
  }
  const signed = await sampleCommit(context).catch(asUnavailable);
  if (signed instanceof CoordError) return [signed.message, command('git config user.signingKey')];
  const verified: Verification | string = await withSigners(context, signers, main, (disk) =>
    verifySignature(disk, signed, context.now()),
  );
  if (typeof verified === 'string')
    return [verified, `fix it on the main branch; ${allowedSigners} is read from there`];
  if (verified.good) return null;
  return [
    `a coordination commit that is made here ${verified.why}`,
    `put the key of this clone into ${allowedSigners}, on the main branch`,
  ];
}

/** Signs a commit as a command would, in a folder that is cleared away. */
async function sampleCommit(context: Context): Promise<Signed> {
  const folder = mkdtempSync(join(tmpdir(), 'coord-sign-'));
  try {
    const { repository } = context;
    const git: Git = (args, options = {}) =>
      context.git(args, { ...options, env: { ...options.env, GIT_OBJECT_DIRECTORY: folder } });
    const objects = openObjects(repository, git);
    const tree = objectId(repository, 'tree', Buffer.alloc(0));
    const sample = { operation: 'doctor', agent: 'doctor', at: context.now(), summary: 'doctor', events: [] };
    const id = await signCommit(git, objects, commitBody(tree, null, sample, [], { ref: STATE_REF }));
    return signedCommit((await objects.read([id])).get(id)?.body ?? Buffer.alloc(0));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function asUnavailable(error: unknown): CoordError {
  if (error instanceof CoordError && error.code === 'unavailable') return error;
  throw error;
}
