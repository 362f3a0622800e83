/** How many cases each property is tried with: few in the everyday loop, more where `COORD_PROPERTY_RUNS` says so, as in CI. */
export const PROPERTY_RUNS = Number(process.env.COORD_PROPERTY_RUNS ?? 100);
