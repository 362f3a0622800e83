import { defineConfig, mergeConfig } from 'vitest/config';
import whole from './vitest.config.js';

const { projects: _, ...test } = whole.test ?? {};
/** The domain is pure, and its tests start no git; the other parts need one. */
const judges = process.env.COORD_MUTATED === 'domain' ? ['unit'] : ['unit', 'contract'];

/** The tests that are run for each mutant. The tool knows no projects, so they are named here. */
export default mergeConfig(
  { ...whole, test },
  defineConfig({ test: { include: judges.map((kind) => `test/${kind}/**/*.test.ts`) } }),
);
