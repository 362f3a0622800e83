import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config/config.js';
import { CONFIG_FILE } from '../config/load.js';
import { validateConfig } from '../config/schema.js';
import type { Context } from '../context.js';
import { type Finding, type Severity, stateFindings } from '../domain/checkup.js';
import { lintRules } from '../domain/rules/lint.js';
import { oneLine, plural } from '../domain/text.js';
import { CoordError } from '../errors.js';
import { refLockPath } from '../git/ref-lock.js';
import { gitText } from '../git/run.js';
import { readWorktreeFile } from '../git/worktree-files.js';
import type { Part } from '../store/store.js';
import { readHooks } from './guards/hooks-report.js';
import { readMainFiles, rulesFolder } from './main-files.js';
import { workingRules } from './rules-source.js';

/** A finding, with the error that it was seen by. */
export interface Checked extends Finding {
  readonly error?: CoordError;
}

const ALL_PARTS: readonly Part[] = ['log', 'onces', 'deployments', 'requests', 'submissions'];
/** Far above what upkeep leaves; git's own default for packing is 6,700. */
const MANY_LOOSE_OBJECTS = 40_000;
const LEFT_OVER_MS = 3_600_000;
/** Git holds the lock of a ref for milliseconds. */
const IN_USE_SECONDS = 3;

/** Looks at everything; what cannot be looked at for want of something before it is left out. */
export async function checkUp(context: Context): Promise<Checked[]> {
  const { repository } = context;
  const config = await context.config().catch(asError);
  if (config instanceof CoordError) return [failed('config', config)];
  const valid = readWorktreeFile(repository.root, CONFIG_FILE, 1) === null ? 'not there: defaults' : 'valid';
  return [
    well('config', 'high', `${CONFIG_FILE} is ${valid}`),
    ...(await branchChecks(context, config)),
    await shareCheck(context, config),
    lockCheck(context, config),
    await rulesCheck(context),
    surfaceCheck(config),
    await gatesCheck(context),
    objectsCheck(context),
    await hooksCheck(context),
  ];
}

async function branchChecks(context: Context, config: Config): Promise<Checked[]> {
  const { branch, share, remote } = config;
  const store = await context.store();
  const here = await store.read(ALL_PARTS).catch(asError);
  const checks = [
    here instanceof CoordError ? failed('branch', here) : well('branch', 'high', `${branch} can be read`),
  ];
  if (share && !(here instanceof CoordError && here.code === 'usage')) {
    const there = await store.latest(ALL_PARTS).catch(asError);
    const inStep = `${remote} has it, and this clone is in step`;
    checks.push(there instanceof CoordError ? failed('remote', there) : well('remote', 'high', inStep));
  }
  const state = await store.read(ALL_PARTS).catch(() => null);
  const log = state && (await store.readLog().catch(asError));
  if (log instanceof CoordError) checks.push(failed('log', log));
  if (state === null) return checks;
  return [...checks, ...stateFindings(state.state, await context.policy('anyone'), context.now())];
}

async function shareCheck({ git }: Context, { share, remote }: Config): Promise<Checked> {
  if (share) return well('share', 'low', `claims hold for every clone of ${remote}`);
  const remotes = (await gitText(git, ['remote'])).split('\n').filter((name) => name !== '');
  const local = 'claims hold for the worktrees of this clone';
  if (remotes.length === 0) return well('share', 'low', local);
  const next = `to share them: "share": true and "remote": "${remotes[0]}" in ${CONFIG_FILE}`;
  return { id: 'share', ok: false, severity: 'low', message: `${local} only, though it has a remote`, next };
}

function lockCheck({ repository, host }: Context, { branch }: Config): Checked {
  const path = refLockPath(repository, `refs/heads/${branch}`);
  const stats = statSync(path, { throwIfNoEntry: false });
  const seconds = stats ? Math.round(Math.abs(host.now() - stats.mtimeMs) / 1000) : 0;
  if (seconds <= IN_USE_SECONDS) return well('lock', 'medium', 'none was left over');
  const message = `${path} is there, for ${seconds}s: a git that was killed leaves it`;
  return { id: 'lock', ok: false, severity: 'medium', message, next: 'coord doctor --fix' };
}

async function rulesCheck(context: Context): Promise<Checked> {
  const base = { id: 'rules', severity: 'medium' } as const;
  const folder = await rulesFolder(context);
  const files = workingRules(context, folder);
  const none = { ...base, ok: false, message: `no rules in ${folder}`, next: 'coord init writes the starter rules' };
  if (files.length === 0) return none;
  const errors = lintRules(files).filter(({ severity }) => severity === 'error');
  if (errors.length === 0) return well('rules', 'medium', `${plural(files.length, 'file')} in ${folder}, clear`);
  return { ...base, ok: false, message: `${plural(errors.length, 'error')} in ${folder}`, next: 'coord rules lint' };
}

function surfaceCheck({ surface }: Config): Checked {
  if (surface.length > 0) return well('surface', 'medium', surface.map(oneLine).join(' '));
  const next = `"surface": ["src/**"] in ${CONFIG_FILE}`;
  return { id: 'surface', ok: false, severity: 'medium', message: 'empty: no path needs a claim', next };
}

/** Deploy targets as the main branch has them: what counts there is not for a working copy to say. */
async function gatesCheck(context: Context): Promise<Checked> {
  const main = await readMainFiles(context, [CONFIG_FILE]);
  const text = main?.files.find(({ path }) => path === CONFIG_FILE)?.text;
  const source = text ?? readWorktreeFile(context.repository.root, CONFIG_FILE, 1_000_000)?.text;
  const open = deployTargets(source ?? '{}').filter(({ gates }) => gates.length === 0);
  if (open.length === 0) return well('gates', 'medium', 'no deploy target is without a gate');
  const names = open.map(({ name }) => oneLine(name)).join(', ');
  const next = `name a gate for each: "deploy": {"${open[0]?.name}": {"gates": [...]}} in ${CONFIG_FILE}, on the main branch`;
  return {
    id: 'gates',
    ok: false,
    severity: 'medium',
    message: `no gate for ${names}: such a deploy is blocked`,
    next,
  };
}

function deployTargets(source: string): { readonly name: string; readonly gates: readonly string[] }[] {
  try {
    const read = validateConfig(JSON.parse(source));
    const deploy = 'config' in read ? (read.config.deploy ?? {}) : {};
    return Object.entries(deploy).map(([name, { gates = [] }]) => ({ name, gates }));
  } catch {
    // The main branch's own problem; the check of the configuration here names it once it is merged.
    return [];
  }
}

async function hooksCheck(context: Context): Promise<Checked> {
  const { report } = await readHooks(context);
  const names = (hooks: typeof report.hooks) => hooks.map(({ hook }) => hook).join(', ');
  if (report.guarded) return well('hooks', 'medium', `live: ${names(report.hooks)}`);
  const next = report.isOwn ? 'coord hooks install' : 'coord hooks status';
  const closed = report.hooks.filter(({ problem }) => problem !== null);
  if (closed.length === 0) {
    const message = 'not installed: nothing stops a change that nobody claimed';
    return { id: 'hooks', ok: false, severity: 'low', message, next };
  }
  return { id: 'hooks', ok: false, severity: 'medium', message: `installed, but not live: ${names(closed)}`, next };
}

/** Whether packing in the background keeps up, or was stopped for good by a lock that a killed git left. */
function objectsCheck({ repository, host }: Context): Checked {
  const objects = join(repository.commonDir, 'objects');
  const lock = statSync(join(objects, 'maintenance.lock'), { throwIfNoEntry: false });
  if (lock && host.now() - lock.mtimeMs > LEFT_OVER_MS) {
    const message = `${join(objects, 'maintenance.lock')} is left over: git packs nothing any more`;
    return { id: 'objects', ok: false, severity: 'low', message, next: 'if no git maintenance is running, remove it' };
  }
  const loose = 256 * looseIn(join(objects, '17'));
  if (loose < MANY_LOOSE_OBJECTS) return well('objects', 'low', 'few enough are loose');
  return { id: 'objects', ok: false, severity: 'low', message: `about ${loose} are loose`, next: 'git gc' };
}

function looseIn(folder: string): number {
  try {
    return readdirSync(folder).length;
  } catch {
    return 0;
  }
}

function well(id: string, severity: Severity, message: string): Checked {
  return { id, ok: true, severity, message, next: null };
}

function failed(id: string, error: CoordError): Checked {
  const { message, code, hint } = error;
  return { id, ok: false, severity: 'high', message, next: hint ?? null, code, error };
}

function asError(error: unknown): CoordError {
  if (error instanceof CoordError) return error;
  throw error;
}
