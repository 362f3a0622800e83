import { join } from 'node:path';
import { contentOf } from './file-facts.js';
import type { GuardedHook } from './hooks.js';

/** Hook managers, by a word of the hooks that they write, and the files in which they are told what to run. */
const MANAGERS: readonly (readonly [word: string, files: (hook: GuardedHook) => readonly string[]])[] = [
  ['lefthook', () => ['yml', 'yaml', 'toml', 'json'].flatMap((kind) => [`lefthook.${kind}`, `.lefthook.${kind}`])],
  ['dirname "$0")/h"', (hook) => [`.husky/${hook}`]],
  ['pre-commit', () => ['.pre-commit-config.yaml']],
];

/**
 * Whether a hook of another program runs the guard: by itself, or as its manager is told.
 * @param root of the worktree
 */
export function callsGuard(hook: GuardedHook, content: string, root: string): boolean {
  const files = MANAGERS.filter(([word]) => content.includes(word)).flatMap(([, told]) => told(hook));
  const texts = [content, ...files.map((file) => contentOf(join(root, file)) ?? '')];
  return texts.some((text) => text.includes(`hooks run ${hook}`) || text.includes(`id: coord-${hook}`));
}
