// Mutation tests: `npm run test:mutation [-- domain store git]`. Each part has its own judges, score to reach and results.
const part = process.env.COORD_MUTATED ?? 'domain';
/** In per cent, by folder: what is to be reached, and below what a run fails, which only ever grows. */
const SCORES = { domain: { aim: 90, least: 80 }, store: { aim: 80, least: 40 }, git: { aim: 80, least: 40 } };
const { aim, least } = SCORES[part];

export default {
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner', './scripts/mutation-types.mjs'],
  ignorers: ['types', 'stops'],
  // Which tests reach a mutant is known from the first run; to look for related ones again would cost each mutant as much.
  vitest: { configFile: 'vitest.mutation.config.ts', related: false },
  // A mutant of what stops processes would stop those of everybody on the machine.
  mutate: [`src/${part}/**/*.ts`, '!src/git/process-tree.ts'],
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
  thresholds: { high: aim, low: least, break: least },
  ignorePatterns: ['dist', 'reports', 'bench'],
  dryRunTimeoutMinutes: 60,
  timeoutMS: 30_000,
  tempDirName: 'reports/sandbox',
};
