// Mutation tests: `npm run test:mutation [-- domain store git]`. Each part has its own judges, score to reach and results.
const part = process.env.COORD_MUTATED ?? 'domain';

export default {
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner', './scripts/mutation-types.mjs'],
  ignorers: ['types'],
  vitest: { configFile: 'vitest.mutation.config.ts' },
  mutate: [`src/${part}/**/*.ts`],
  // There is no such file: the tool rewrites the compiler's settings by an interface that TypeScript 7 does not have.
  tsconfigFile: 'none.json',
  coverageAnalysis: 'perTest',
  // What is computed once, as a file is loaded, would need a run of everything for each mutant.
  ignoreStatic: true,
  incremental: true,
  incrementalFile: `reports/mutation/${part}-incremental.json`,
  htmlReporter: { fileName: `reports/mutation/${part}.html` },
  jsonReporter: { fileName: `reports/mutation/${part}.json` },
  reporters: ['clear-text', 'html', 'json', 'progress-append-only'],
  clearTextReporter: { allowColor: false, reportTests: false, reportMutants: false },
  thresholds: part === 'domain' ? { high: 95, low: 90, break: 90 } : { high: 90, low: 80, break: 80 },
  ignorePatterns: ['dist', 'reports', 'bench'],
  dryRunTimeoutMinutes: 60,
  timeoutMS: 30_000,
  tempDirName: 'reports/sandbox',
};
