import { defineConfig, mergeConfig } from 'vitest/config';
import whole from './vitest.config.js';

const { projects: _, ...test } = whole.test ?? {};
const MORE: Readonly<Record<string, readonly string[]>> = {
  store: ['contract', 'integration/store'],
  git: ['integration/git'],
};
const judges = ['unit', ...(MORE[process.env.COORD_MUTATED ?? ''] ?? [])];

/** The tests that are run for each mutant. The tool knows no projects, so they are named here. */
export default mergeConfig(
  { ...whole, test },
  defineConfig({
    test: {
      include: judges.map((folder) => `test/${folder}/**/*.test.ts`),
      // They read the source as text, which is not the project's own while mutants stand in it.
      exclude: ['**/log-decides-nothing.test.ts', '**/layers.test.ts'],
      isolate: false,
    },
  }),
);
