import fc from 'fast-check';

/** How many cases each property is tried with: few in the everyday loop, more where `COORD_PROPERTY_RUNS` says so, as in CI. */
export const PROPERTY_RUNS = Number(process.env.COORD_PROPERTY_RUNS ?? 100);

// Chance finds new cases at a desk and once a week; what is judged for landing is judged by the same cases each time.
const { COORD_PROPERTY_SEED } = process.env;
if (COORD_PROPERTY_SEED) fc.configureGlobal({ seed: Number(COORD_PROPERTY_SEED) });
