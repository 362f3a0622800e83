import type { Target } from '../domain/ground/targets.js';
import { usage } from '../errors.js';
import type { Context } from '../workspace/context.js';
import { readTarget } from '../workspace/targets.js';
import type { Input } from './verb.js';

/** The options of every command that takes targets. */
export const TARGET_OPTIONS = [
  ['--literal', 'take each target as a path, whatever characters it has'],
  ['--glob', 'take each target as a glob, even where a file has that name'],
] as const;

/** The targets that were typed, each once, in their order. */
export function readTargets(context: Context, input: Input, texts: readonly string[]): Target[] {
  if (input.flag('literal') && input.flag('glob')) throw usage('--literal and --glob exclude each other', 'use one');
  const as = input.flag('literal') ? 'literal' : input.flag('glob') ? 'glob' : undefined;
  const { root } = context.repository;
  const targets = texts.map((text) => readTarget(text, { root, cwd: context.host.cwd, as }));
  return targets.filter(
    (target, index) => targets.findIndex((other) => other.kind === target.kind && other.text === target.text) === index,
  );
}
