// Two versions of coord side by side, interleaved in one run: npm run bench:compare REV [-- --rounds 15]. Prints how much
// longer this version takes than REV; below 1 it is faster.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { hotPath, known, startUp } from './cases.mjs';
import { quantile } from './measure.mjs';
import { makePlace, PROGRAM } from './rig.mjs';
import { makeScene, SCENES } from './scenes.mjs';
import { ms, printTable, ratio, spread } from './table.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const { values, positionals } = parseArgs({
  options: { rounds: { type: 'string', default: '15' } },
  allowPositionals: true,
});
const [revision] = positionals;
if (revision === undefined) {
  console.error('which version? npm run bench:compare REV');
  process.exit(2);
}

const before = join(mkdtempSync(join(tmpdir(), 'coord-before-')), 'coord');
const rig = makePlace();
try {
  execFileSync('git', ['worktree', 'add', '--quiet', '--detach', before, revision], { cwd: ROOT, stdio: 'inherit' });
  symlinkSync(join(ROOT, 'node_modules'), join(before, 'node_modules'));
  execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: before, stdio: 'inherit' });
  for (const scene of SCENES) printTable(`${scene.name}: ${revision} and here`, heading(), compared(scene).map(cells));
} finally {
  rig.remove();
  execFileSync('git', ['worktree', 'remove', '--force', before], { cwd: ROOT, stdio: 'inherit' });
  rmSync(join(before, '..'), { recursive: true, force: true });
}

function heading() {
  return ['', revision.slice(0, 12), 'here', 'here ÷ there', 'middle half'];
}

/** Each case with both programs, one right after the other. */
function compared(scene) {
  const clone = makeScene(rig, scene);
  const casesOf = (program) =>
    known(rig, clone, program, [...startUp(rig, clone, program), ...hotPath(rig, clone, program)]);
  const [old, now] = [casesOf(join(before, 'bin', 'coord.js')), casesOf(PROGRAM)];
  const both = now.flatMap((here) => old.filter(({ name }) => name === here.name).map((there) => ({ here, there })));
  const samples = both.map(() => []);
  for (let round = 0; round <= Number(values.rounds); round += 1) {
    // Whole sequences, since a release gives back what the claim before it took.
    const thereTimes = both.map(({ there }) => there.time(2 * round));
    const hereTimes = both.map(({ here }) => here.time(2 * round + 1));
    if (round === 0) continue;
    for (const [index, sample] of samples.entries()) sample.push([thereTimes[index], hereTimes[index]]);
  }
  return both.map(({ here: { name } }, index) => {
    const ratios = samples[index].map(([there, here]) => here / there);
    return {
      name,
      there: quantile(
        samples[index].map(([there]) => there),
        0.5,
      ),
      here: quantile(
        samples[index].map(([, here]) => here),
        0.5,
      ),
      ratio: quantile(ratios, 0.5),
      low: quantile(ratios, 0.25),
      high: quantile(ratios, 0.75),
    };
  });
}

function cells(row) {
  return [row.name, ms(row.there), ms(row.here), ratio(row.ratio), spread(row)];
}
