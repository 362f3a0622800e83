import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';
import type { GateConfig } from '../../config/deploys.js';
import { CONFIG_FILE } from '../../config/load.js';
import type { Context } from '../../context.js';
import { lintGates } from '../../domain/gates/lint.js';
import { oneLine, shorten } from '../../domain/text.js';
import { filesAt } from '../../git/commit-files.js';
import { readWorktreeFile } from '../../git/worktree-files.js';
import type { ProtectedConfig } from '../main-branch/protected-config.js';
import { type Checked, well, wrong } from './checked.js';

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
  const next = blocking[0]?.next ?? `mend "gates" and "deploy" in ${CONFIG_FILE}, on the main branch`;
  const sound = Object.keys(config.deploy).length === 0 ? 'no deploy target' : 'each deploy target has its gates';
  return [
    problems.length === 0 ? well('gates', 'medium', sound) : wrong('gates', 'medium', problems.join('\n'), next),
    ...weak.map((problem) => wrong('gate-strength', 'low', problem.message, problem.next)),
  ];
}

async function problemOf(context: Context, gate: GateConfig, main: string | null): Promise<string | null> {
  if (gate.type === 'command') {
    const [program = ''] = gate.command;
    return isProgram(context, program) ? null : `${shorten(oneLine(program), 80)} is no program that can be run here`;
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
function isProgram({ repository, host }: Context, program: string): boolean {
  const folders = program.includes('/') ? ['.'] : (host.env.PATH ?? '').split(delimiter).filter((path) => path !== '');
  return folders.some((folder) => isExecutable(resolve(repository.root, folder, program)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
