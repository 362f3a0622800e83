import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Claim } from '../../domain/model.js';
import { coord, targetWord } from '../../domain/suggestion.js';
import { ORCHESTRATOR } from '../../domain/tasks/task.js';
import { nearest, oneLine } from '../../domain/text.js';
import { pathExists } from '../../git/paths.js';
import type { Context } from '../../workspace/context.js';

/** Says of each new claim that looks like a slip of the keyboard what was probably meant. It is granted all the same. */
export async function slipWarnings(context: Context, claims: readonly Claim[]): Promise<string[]> {
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

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
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
      return `${what}: whoever spells it otherwise claims something else`;
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
