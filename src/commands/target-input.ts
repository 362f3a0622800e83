import type { Target } from '../domain/ground/targets.js';
import { usage } from '../errors.js';
import type { Context } from '../workspace/context.js';
import { asTracked, readGround } from '../workspace/targets.js';
import type { Input } from './verb.js';

/** The options of every command that takes targets. */
export const TARGET_OPTIONS = [
  ['--literal', 'take each target as a path, whatever characters it has'],
  ['--glob', 'take each target as a glob, even where a file has that name'],
] as const;

/** The targets that were typed, each once, in their order. */
export async function readTargets(context: Context, input: Input, texts: readonly string[]): Promise<Target[]> {
  if (input.flag('literal') && input.flag('glob')) throw usage('--literal and --glob exclude each other', 'use one');
  const as = input.flag('literal') ? 'literal' : input.flag('glob') ? 'glob' : undefined;
  const { root, foldsCase } = context.repository;
  const typed = texts.flatMap((text) => readGround(text, { root, cwd: context.host.cwd, as }));
  const targets = foldsCase ? await asTracked(context.git, typed) : typed;
  return targets.filter(
    (target, index) => targets.findIndex((other) => other.kind === target.kind && other.text === target.text) === index,
  );
}
