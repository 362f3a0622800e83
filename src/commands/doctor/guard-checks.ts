import { existsSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import type { GateConfig } from '../../config/deploys.js';
import { CONFIG_FILE } from '../../config/load.js';
import type { Finding, Layer, Severity } from '../../domain/doctor/checkup.js';
import { lintGates } from '../../domain/gates/lint.js';
import { coord } from '../../domain/suggestion.js';
import { oneLine, shorten } from '../../domain/text.js';
import type { CoordError } from '../../errors.js';
import { filesAt, filesBelow, readWorktreeFile } from '../../git/files.js';
import { isProgram, textOf } from '../../git/if-there.js';
import { SETTINGS_FILES } from '../../guards/harness/dialects.js';
import { valueAt } from '../../guards/harness/settings.js';
import type { HooksReport } from '../../render/guard/installed.js';
import type { ProtectedConfig } from '../../workspace/authority.js';
import type { Context } from '../../workspace/context.js';
import { MOST_BYTES_READ, readMainFiles } from '../../workspace/main-branch.js';
import { settingsPlace } from '../guard/harness-files.js';
import { readGuards } from '../guard/status.js';

/** What was looked at of one layer. */
interface GuardCheck {
  readonly check: Checked;
  readonly layer: Layer;
}

export async function hooksCheck(context: Context): Promise<GuardCheck> {
  const { worktrees } = await readGuards(context);
  const [report = null, ...others] = worktrees;
  const off = context.host.env.COORD_GUARD?.toLowerCase() === 'off';
  const bad = [report, ...others].find((one) => one !== null && !one.guarded) ?? null;
  const problem = off
    ? 'COORD_GUARD=off is set here: they let everything through'
    : bad && hooksProblem(bad, bad !== report);
  if (problem === null) {
    const message = `live in ${worktrees.length === 1 ? oneLine(report?.folder ?? '') : `all ${worktrees.length} worktrees`}`;
    return { check: pass('hooks', 'medium', message), layer: { layer: 'hooks', live: true, why: message } };
  }
  const isHere = bad === report && bad?.isOwn === true;
  const next = off ? 'unset COORD_GUARD' : isHere ? coord('guard install') : coord('guard status');
  const check = wrong('hooks', 'medium', problem, next);
  return { check, layer: { layer: 'hooks', live: false, why: problem } };
}

function hooksProblem({ root, hooks, isOwn, folder }: HooksReport, elsewhere: boolean): string {
  const where = elsewhere ? `in the worktree ${oneLine(root)}: ` : '';
  const there = hooks.filter(({ problem }) => problem !== null);
  if (there.length > 0) return there.map(({ hook, problem }) => `${where}${hook}: ${problem}`).join('\n');
  if (!isOwn)
    return `${where}not installed: git takes hooks from ${oneLine(folder)}, which is not this repository's alone`;
  return `${where}not installed: nothing stops a commit that nobody claimed`;
}

/** Settings of agent harnesses in the worktree, and what each calls the guard. */
const HARNESS_FILES = [
  '.claude/settings.json',
  '.claude/settings.local.json',
  '.codex/config.toml',
  '.codex/hooks.json',
  '.gemini/settings.json',
  '.cursor/hooks.json',
] as const;
const HARNESS_FOLDERS = ['.opencode/plugin', '.opencode/plugins'] as const;
const CALLS_HOOK = /\bhook["',\s]+(claude-code|codex|gemini|cursor|opencode)\b/;

export async function harnessCheck(context: Context): Promise<GuardCheck> {
  const { root } = context.repository;
  const ofCodex = await settingsPlace(context, 'codex');
  const files = [...HARNESS_FILES, ...HARNESS_FOLDERS.flatMap((folder) => filesBelow(root, folder))];
  const found = files.flatMap((file) => {
    const place = file.startsWith('.codex/') ? ofCodex.root : root;
    const text = readWorktreeFile(place, file, MOST_BYTES_READ)?.text ?? '';
    const harness = CALLS_HOOK.exec(text)?.[1];
    return harness === undefined ? [] : [{ harness, named: `${harness} (${oneLine(file)})` }];
  });
  const idle = new Map(
    [...new Set(found.map(({ harness }) => harness))].flatMap((harness) => {
      const problem = NOT_RUN[harness]?.(context, harness === 'codex' ? ofCodex.root : root) ?? null;
      return problem === null ? [] : [[harness, problem] as const];
    }),
  );
  const asking = found.filter(({ harness }) => !idle.has(harness)).map(({ named }) => named);
  const message = `asks before an edit: ${asking.join(', ')}`;
  const [first] = idle.values();
  if (first) {
    const why = [...idle.values()].map((problem) => problem.why).join('\n');
    const live = asking.length > 0;
    return {
      check: wrong('harness', 'medium', why, first.next),
      layer: { layer: 'harness', live, why: live ? message : why },
    };
  }
  if (asking.length > 0) {
    return { check: pass('harness', 'low', message), layer: { layer: 'harness', live: true, why: message } };
  }
  return noHarness();
}

function noHarness(): GuardCheck {
  const message = 'no harness in this worktree asks coord before an edit';
  return {
    check: wrong(
      'harness',
      'low',
      message,
      `${coord('guard install claude-code')} (or codex, gemini, cursor), where agents work in one`,
    ),
    layer: { layer: 'harness', live: false, why: message },
  };
}

/** Why a client does not run the hooks that stand in its settings, though it says nothing of it, and what to do. */
interface NotRun {
  readonly why: string;
  readonly next: string;
}

/** By client; null: it runs them, as far as can be seen from here. */
const NOT_RUN: Readonly<Record<string, (context: Context, root: string) => NotRun | null>> = {
  codex: distrustOfCodex,
  'claude-code': offInClaude,
  gemini: offInGemini,
};

/** The first of these settings that says something about this member; null: none does. */
function settingOf(files: readonly string[], path: readonly string[]): { file: string; value: unknown } | null {
  for (const file of files) {
    const value = valueAt(textOf(file), path);
    if (value !== undefined) return { file, value };
  }
  return null;
}

/** `disableAllHooks`, in the order in which Claude Code looks; its managed settings may also forbid all hooks but their own. */
function offInClaude({ host }: Context, root: string): NotRun | null {
  const home = host.env.CLAUDE_CONFIG_DIR ?? join(host.env.HOME ?? '/', '.claude');
  const managed = '/etc/claude-code/managed-settings.json';
  const own = ['.claude/settings.local.json', '.claude/settings.json'].map((file) => join(root, file));
  const off = settingOf([managed, ...own, join(home, 'settings.json')], ['disableAllHooks']);
  const only = settingOf([managed], ['allowManagedHooksOnly']);
  const found = off?.value === true ? { key: 'disableAllHooks', ...off } : null;
  const told = found ?? (only?.value === true ? { key: 'allowManagedHooksOnly', ...only } : null);
  if (told === null) return null;
  const file = oneLine(told.file);
  return {
    why: `claude-code runs no hooks of this project: ${told.key} in ${file}`,
    next: `take ${told.key} out of ${file}`,
  };
}

/** `hooksConfig`, in the order in which Gemini CLI looks, and folders that its user does not trust. */
function offInGemini({ host }: Context, root: string): NotRun | null {
  const home = join(host.env.GEMINI_CLI_HOME ?? host.env.HOME ?? '/', '.gemini');
  const files = [join(root, '.gemini/settings.json'), join(home, 'settings.json')];
  const enabled = settingOf(files, ['hooksConfig', 'enabled']);
  if (enabled?.value === false) {
    const file = oneLine(enabled.file);
    return { why: `gemini runs no hooks: hooksConfig.enabled is false in ${file}`, next: `set it to true in ${file}` };
  }
  for (const file of files) {
    const names = settingOf([file], ['hooksConfig', 'disabled'])?.value;
    const off = Array.isArray(names) && names.some((name) => typeof name === 'string' && /\bcoord\b/.test(name));
    if (off)
      return {
        why: `gemini leaves out coord: hooksConfig.disabled in ${oneLine(file)}`,
        next: '/hooks enable, in gemini',
      };
  }
  const trusted = host.env.GEMINI_CLI_TRUSTED_FOLDERS_PATH ?? join(home, 'trustedFolders.json');
  if (settingOf([trusted], [root])?.value !== 'DO_NOT_TRUST') return null;
  return {
    why: 'gemini leaves out .gemini/settings.json: its user does not trust this folder',
    next: '/permissions, in gemini',
  };
}

/** Codex leaves out, and says nothing of, hooks that its user has not trusted; null: it is not used here, or they are trusted. */
function distrustOfCodex({ host }: Context, root: string): NotRun | null {
  const home = host.env.CODEX_HOME ?? join(host.env.HOME ?? '/', '.codex');
  if (!existsSync(home)) return null;
  const path = join(root, SETTINGS_FILES.codex);
  // Each hook that is trusted has a table of its own, named after its file.
  const tables = textOf(join(home, 'config.toml')).split(/^(?=\[)/m);
  const isTrusted = tables.some((table) => table.includes(path) && /^trusted_hash\s*=/m.test(table));
  if (isTrusted) return null;
  return {
    why: `codex leaves out ${SETTINGS_FILES.codex}: its user has not trusted these hooks`,
    next: 'start codex here once, and trust the hooks of coord in /hooks',
  };
}

const CI_PATHS = [
  '.github/workflows',
  '.gitlab-ci.yml',
  '.gitlab',
  '.circleci',
  '.buildkite',
  '.ci',
  '.woodpecker.yml',
  '.woodpecker',
  '.forgejo/workflows',
  '.gitea/workflows',
  'azure-pipelines.yml',
  'bitbucket-pipelines.yml',
  'Jenkinsfile',
];
/** In a line that is no comment. */
const AUDITS = /^(?!\s*(?:#|\/\/)).*(?:\bcoord(?:\.js)?["']?\s+audit\b|uses:\s*\S+\/coord@)/m;

/** Whether the main branch names the audit in a file that CI runs; that CI runs it, and requires it, is not seen from here. */
export async function ciCheck(context: Context): Promise<GuardCheck> {
  const main = await readMainFiles(context, CI_PATHS);
  const found = main?.files.filter(({ text }) => AUDITS.test(text ?? '')).map(({ path }) => oneLine(path)) ?? [];
  if (found.length > 0) {
    const message = `${found.join(', ')} of ${main?.branch.name} runs coord audit, as far as can be seen from here`;
    return { check: pass('ci', 'low', message), layer: { layer: 'ci', live: true, why: message } };
  }
  const message = 'nothing on the main branch runs coord audit: what bypasses the hooks is not found';
  return {
    check: wrong('ci', 'low', message, 'add coord audit to your CI: see “In CI” in the README of coord'),
    layer: { layer: 'ci', live: false, why: message },
  };
}

/** Whether each deploy target has a gate, and each gate what it needs, as the main branch has them. */
export async function deployChecks(context: Context, { config, from }: ProtectedConfig): Promise<Checked[]> {
  const linted = lintGates(config);
  const blocking = linted.filter(({ blocks }) => blocks);
  const weak = linted.filter(({ blocks }) => !blocks);
  const broken: string[] = [];
  for (const [name, gate] of Object.entries(config.gates)) {
    const problem = await problemOf(context, gate, from?.commit ?? null);
    if (problem !== null) broken.push(`gate ${oneLine(name)}: ${problem}`);
  }
  const problems = [...blocking.map(({ message }) => message), ...broken];
  const next = blocking[0]?.next ?? `fix "gates" and "deploy" in ${CONFIG_FILE}, on the main branch`;
  const sound = Object.keys(config.deploy).length === 0 ? 'no deploy target' : 'each deploy target has its gates';
  return [
    problems.length === 0 ? pass('gates', 'medium', sound) : wrong('gates', 'medium', problems.join('\n'), next),
    ...weak.map((problem) => wrong('gate-strength', 'low', problem.message, problem.next)),
  ];
}

async function problemOf(context: Context, gate: GateConfig, main: string | null): Promise<string | null> {
  if (gate.type === 'command') {
    const [program = ''] = gate.command;
    return isRunnable(context, program) ? null : `${shorten(oneLine(program), 80)} cannot be run here`;
  }
  const named = [gate.allowedSigners, gate.revokedSigners, gate.gpgKeys].filter((path) => path !== null);
  const sizes = await Promise.all(named.map((path) => bytesOf(context, path, main)));
  const absent = named.filter((_, index) => sizes[index] === null).map((path) => shorten(oneLine(path), 80));
  if (absent.length > 0) return `${absent.join(', ')} is not on the main branch`;
  return sizes[0] === 0 ? `${oneLine(gate.allowedSigners)} is empty, so no signature is known` : null;
}

/** Size of a file of the main branch, or of the working copy where there is none; null: there is no such file. */
async function bytesOf(context: Context, path: string, main: string | null): Promise<number | null> {
  if (main === null) return readWorktreeFile(context.repository.root, path, 0)?.bytes ?? null;
  return (await filesAt(context.git, main, [path]))[0]?.bytes ?? null;
}

/** A name without a slash is looked for on PATH, any other from the root of the repository. */
function isRunnable({ repository, host }: Context, program: string): boolean {
  const folders = program.includes('/') ? ['.'] : (host.env.PATH ?? '').split(delimiter).filter((path) => path !== '');
  return folders.some((folder) => isProgram(resolve(repository.root, folder, program)));
}

/** A finding, with the error that it was seen by. */
export interface Checked extends Finding {
  readonly error?: CoordError;
}

export function pass(id: string, severity: Severity, message: string): Checked {
  return { id, ok: true, severity, message, next: null };
}

export function wrong(id: string, severity: Severity, message: string, next: string | null): Checked {
  return { id, ok: false, severity, message, next };
}
