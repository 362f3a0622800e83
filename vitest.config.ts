import { defineConfig } from 'vitest/config';

export default defineConfig({
  // What the build puts in; so that `main(host)` of src/main.ts runs in a test process too.
  define: { __COORD_VERSION__: '"test"' },
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
