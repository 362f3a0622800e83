import { defineConfig } from 'vitest/config';

/** Each kind of test is a project of its own: `vitest run --project unit`. */
const project = (name: string, more: object = {}) => ({
  extends: true as const,
  test: { name, include: [`test/${name}/**/*.test.ts`], ...more },
});

export default defineConfig({
  // What the build puts in; so that `main(host)` of src/main.ts runs in a test process too.
  define: { __COORD_VERSION__: '"test"' },
  test: {
    globalSetup: ['test/support/scratch.ts'],
    // For what hangs. No test is judged by its time.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      // What is pure keeps nothing between files: one process runs many of them.
      project('unit', { isolate: false, setupFiles: ['test/support/properties.ts'] }),
      project('contract'),
      project('integration'),
      project('e2e'),
      project('browser', { expect: { poll: { timeout: 60_000 } } }),
      project('battery'),
      project('clients', { testTimeout: 600_000 }),
    ],
  },
});
