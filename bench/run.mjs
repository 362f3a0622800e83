// How long commands take, as ratios to `node -e 0` in the same run: npm run bench [-- --rounds 15 --only "10 claims"
// --json]. docs/performance.md says what the figures mean. Nothing is judged here: machines are shared and noisy.
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { hotPath, known, processor, startUp } from './cases.mjs';
import { workingDay } from './day.mjs';
import { clonesAtOnce, manyAtOnce } from './many.mjs';
import { interleaved } from './measure.mjs';
import { peers } from './peers.mjs';
import { git, makePlace, PROGRAM, timed } from './rig.mjs';
import { inHarness, makeScene, SCENES } from './scenes.mjs';
import { ms, printTable, ratio, spread } from './table.mjs';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '15' }, only: { type: 'string' }, json: { type: 'boolean' } },
});
const rounds = Number(values.rounds);
const wanted = (name) => values.only === undefined || values.only === name;

const rig = makePlace();
const floor = () => timed(rig, rig.place, process.execPath, ['-e', '0']);
try {
  const result = {
    environment: {
      node: process.version,
      git: git(rig, rig.place, '--version').replace('git version ', ''),
      processors: cpus().length,
      processor: processor(),
    },
    rounds,
    commands: SCENES.filter(({ name }) => wanted(name)).map(timeScene),
    instead: wanted('instead') ? await timePeers() : null,
    atOnce: wanted('at once') ? await manyAtOnce(rig, makeScene(rig, { name: 'at once', claims: 10 })) : null,
    day: wanted('day') ? [false, true].map((share) => workingDay(rig, share)) : null,
    clones: wanted('clones') ? await clonesAtOnce(rig) : null,
  };
  if (values.json) console.log(JSON.stringify(result, null, 2));
  else print(result);
} finally {
  rig.remove();
}

function timeScene(scene, index) {
  const clone = makeScene(rig, scene);
  const agent = inHarness(rig);
  const beside = index === 0 ? [...startUp(agent, clone, PROGRAM)] : [];
  const cases = [...beside, ...hotPath(agent, clone, PROGRAM)];
  return { scene: scene.name, rows: interleaved(known(agent, clone, PROGRAM, cases), floor, rounds) };
}

async function timePeers() {
  const { cases, missing, stop } = await peers(rig);
  const clone = makeScene(rig, { name: 'beside', claims: 10 });
  const [claim, , release] = hotPath(inHarness(rig), clone, PROGRAM);
  const own = {
    name: 'coord claim',
    time: (round) => {
      const taken = claim.time(round);
      release.time(round);
      return taken;
    },
  };
  try {
    return { rows: interleaved([own, ...cases], floor, rounds), missing };
  } finally {
    stop();
  }
}

function print({ environment, commands, instead, atOnce, day, clones }) {
  const { node, git: version, processors, processor: model } = environment;
  console.log(`node ${node}, git ${version}, ${processors} × ${model}, ${rounds} rounds`);
  const heading = ['', '× node -e 0', 'middle half', 'whole process'];
  const cells = (row) => [row.name, ratio(row.ratio), spread(row), ms(row.ms)];
  for (const { scene, rows } of commands) printTable(scene, heading, rows.map(cells));
  if (instead) {
    printTable('one claim, and what one would use instead', heading, instead.rows.map(cells));
    for (const line of instead.missing) console.log(`  not measured: ${line}`);
  }
  for (const { name, rows } of day ?? []) {
    printTable(`${name}: lines in the fast lane`, ['', 'in the lane', 'left', 'why'], rows);
  }
  const columns = ['', 'claims/s', 'p50', 'p99', 'slowest', 'failed'];
  const figures = (row) => [row.perSecond.toFixed(1), ms(row.p50), ms(row.p99), ms(row.slowest), String(row.failed)];
  if (atOnce) {
    printTable(
      'claims at once, cold processes',
      [...columns, '× as many node -e 0'],
      atOnce.map((row) => [row.name, ...figures(row), ratio(row.ratio)]),
    );
  }
  if (clones) printTable('clones of a remote on this disk', columns, [[clones.name, ...figures(clones)]]);
}
