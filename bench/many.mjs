// Many processes at once: throughput, and how long each of them waits.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { quantile } from './measure.mjs';
import { git, PROGRAM, run, timedAtOnce } from './rig.mjs';

const SIZES = [1, 10, 50, 200];
const CLONES = 8;
const CLAIMS_EACH = 10;

/** N cold `claim` processes at once, beside N times `node -e 0` at once. */
export async function manyAtOnce(rig, clone) {
  const rows = [];
  for (const count of SIZES) {
    const floor = await together(count, () => timedAtOnce(rig, clone, process.execPath, ['-e', '0']));
    const claims = await together(count, (number) =>
      timedAtOnce(rig, clone, process.execPath, [PROGRAM, 'claim', `src/many/${count}-${number}.ts`], {
        env: { ...rig.env, COORD_AGENT: `many${number}` },
      }),
    );
    await together(count, (number) =>
      timedAtOnce(rig, clone, process.execPath, [PROGRAM, 'release', `src/many/${count}-${number}.ts`], {
        env: { ...rig.env, COORD_AGENT: `many${number}` },
      }),
    );
    rows.push({ name: `${count} at once`, ratio: claims.wall / floor.wall, ...figures(claims, count) });
  }
  return rows;
}

/** Eight clones of one remote on this disk, each with ten claims one after the other. */
export async function clonesAtOnce(rig) {
  const remote = join(rig.place, 'shared.git');
  const seed = join(rig.place, 'shared-0');
  git(rig, rig.place, 'init', '--quiet', '--bare', remote);
  git(rig, rig.place, 'clone', '--quiet', remote, seed);
  git(rig, seed, 'commit', '--quiet', '--allow-empty', '--message', 'begin');
  git(rig, seed, 'push', '--quiet', 'origin', 'main');
  run(rig, seed, process.execPath, [PROGRAM, 'init']);
  const config = '{"share": true}\n';
  const clones = [seed];
  for (let number = 1; number < CLONES; number += 1) {
    clones.push(join(rig.place, `shared-${number}`));
    git(rig, rig.place, 'clone', '--quiet', remote, clones[number]);
  }
  for (const clone of clones) writeFileSync(join(clone, 'coord.config.json'), config);
  const started = performance.now();
  const all = await Promise.all(
    clones.map(async (clone, number) => {
      const results = [];
      for (let count = 0; count < CLAIMS_EACH; count += 1) {
        const args = [PROGRAM, 'claim', `src/${number}-${count}.ts`];
        const env = { ...rig.env, COORD_AGENT: `clone${number}` };
        results.push(await timedAtOnce(rig, clone, process.execPath, args, { env }));
      }
      return results;
    }),
  );
  const results = all.flat();
  return {
    name: `${CLONES} clones × ${CLAIMS_EACH}`,
    ...figures({ wall: performance.now() - started, results }, results.length),
  };
}

async function together(count, start) {
  const started = performance.now();
  const results = await Promise.all(Array.from({ length: count }, (_, number) => start(number)));
  return { wall: performance.now() - started, results };
}

function figures({ wall, results }, count) {
  const times = results.map(({ ms }) => ms);
  return {
    perSecond: (count / wall) * 1000,
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
    slowest: Math.max(...times),
    failed: results.filter(({ code }) => code !== 0).length,
  };
}
