import { defineConfig, mergeConfig } from 'vitest/config';
import whole from './vitest.config.js';

const { projects: _, ...test } = whole.test ?? {};
/** The domain is pure: its own tests, which start no program, judge it. */
const judges =
  process.env.COORD_MUTATED === 'domain' ? ['unit/{domain,ground,rules,gates}'] : ['unit/{store,git}', 'contract'];

/** The tests that are run for each mutant. The tool knows no projects, so they are named here. */
export default mergeConfig(
  { ...whole, test },
  defineConfig({ test: { include: judges.map((folder) => `test/${folder}/**/*.test.ts`) } }),
);
