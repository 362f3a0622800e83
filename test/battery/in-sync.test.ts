import { expect, it } from 'vitest';
import { coordInProcess } from '../support/in-process.js';
import { generator } from '../support/random.js';
import { Sandbox } from '../support/sandbox.js';
import { scene } from '../support/sync-matrix.js';
import { sized, tally } from './support/battery.js';
import { move, type Play, SURFACE } from './support/sync-moves.js';
import { upstreamOf, whyNotInSync } from './support/sync-oracle.js';

const WORLDS = sized(4, 120);
const MOVES = 12;

interface Figures {
  checks: number;
  inSync: number;
  refused: number;
}

/** One world, changed by random moves; after each, the program is asked and then judged. */
async function playOne(seed: number, figures: Figures): Promise<string[]> {
  const box = new Sandbox();
  const failures: string[] = [];
  const made: string[] = [];
  try {
    const play = begin(box, seed);
    for (let count = 0; count < MOVES; count += 1) {
      const name = move(play);
      if (name === null) continue;
      made.push(name);
      const wrong = await judged(play, figures);
      if (wrong !== null) failures.push(`seed ${seed}: ${made.join('; ')}: ${wrong}`);
    }
  } finally {
    box.cleanup();
  }
  return failures;
}

function begin(box: Sandbox, seed: number): Play {
  const made = scene(box);
  const main = JSON.stringify({ surface: SURFACE });
  box.commit(made.clone, 'coord.config.json', main);
  box.git(made.clone, 'push', '--quiet', 'origin', 'main');
  return { ...made, seen: new Set(), forged: false, random: generator(seed) };
}

/** Remembers where the clone has seen the main branch without the program's help: at its tracking ref. */
function remember(play: Play): void {
  const upstream = upstreamOf(play);
  if (upstream === null) return;
  const tracking = play.box.tryGit(
    play.clone,
    'rev-parse',
    '--quiet',
    '--verify',
    `refs/remotes/origin/${upstream.branch}`,
  );
  if (tracking.code === 0) play.seen.add(tracking.stdout.trim());
}

async function judged(play: Play, figures: Figures): Promise<string | null> {
  remember(play);
  const requireClean = play.random() < 0.5;
  const options = requireClean ? ['--require-clean'] : [];
  const why = whyNotInSync(play, requireClean);
  const { code, stdout, stderr } = await coordInProcess(play.box, play.clone, ['sync-check', ...options]);
  const upstream = upstreamOf(play);
  if (upstream !== null && code !== 7) play.seen.add(upstream.tip);
  figures.checks += 1;
  if (![0, 5, 7].includes(code)) return `exit ${code}: ${stdout}${stderr}`;
  if (code === 0) {
    figures.inSync += 1;
    return why === null ? null : `${options} false "in sync": ${why}`;
  }
  figures.refused += 1;
  return why === null && !play.forged ? `${options} refused needlessly: ${stderr}` : null;
}

it('sync-check against an oracle of plumbing, over random histories: never a false "in sync"', async () => {
  const figures: Figures = { checks: 0, inSync: 0, refused: 0 };
  const failures: string[] = [];
  const first = Number(process.env.COORD_BATTERY_SEED ?? 1);
  for (let seed = first; seed < first + WORLDS; seed += 1) failures.push(...(await playOne(seed, figures)));
  const { checks, inSync, refused } = figures;
  tally({
    test: '11 sync-check over random histories',
    tried: `${WORLDS} worlds, ${checks} checks`,
    bar: '0 false "in sync", 0 refused needlessly',
    figures: `${inSync} in sync, ${refused} refused`,
    failures,
  });
  expect(inSync).toBeGreaterThan(0);
  expect(refused).toBeGreaterThan(inSync / 10);
});
