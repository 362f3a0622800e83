import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { FULL, tally } from './support/battery.js';
import { type Exception, type Trial, tamperedWorld, tamperIn, tryAllWays } from './support/tampered-world.js';
import { refsOnDisk, WAYS, type Way } from './support/tampering.js';

const WORDS: Trial['words'] = {
  back: /is gone|was rewound/,
  other: /rewritten|was started over/,
  on: /claims\.json (?:is missing|has format 2)/,
  object: /names a (?:blob|tree|tag), not a commit/,
  broken: /coord.* (?:names no commit|cannot be read)/,
};

/** Who tampers with the state ref has left the main branch alone. */
const MAIN_BRANCH_ALONE: Exception = { verbs: ['sync-check'], exits: [0] };
/** They read the history alone, which is whole where somebody only put something on top of it. */
const HISTORY_ALONE: Exception = { verbs: ['events', 'metrics'], kinds: ['on'], exits: [0] };
/** Git fetches nothing while a ref of the clone is broken, so the main branch cannot be known either. */
const FETCH_FIRST: Exception = {
  verbs: ['sync-check', 'land', 'deploy'],
  kinds: ['broken'],
  exits: [0, 7, 8],
};
/** What cannot be read is not taken for what never was. */
const BROKEN: Exception = { kinds: ['broken'], exits: [8] };
/** It is kept by the clone, and rides with its next write. */
const RIDES: Exception = { verbs: ['agent state'], exits: [0, 7, 8], again: true };
/** In a clone that shares with nobody. */
const NO_REMOTE: Exception = { verbs: ['land'], exits: [2] };

it('tampered with on the remote: a clone that knew the branch refuses, and resets nothing', async () => {
  const world = await tamperedWorld({ shared: true });
  const { tried, failures } = await tryAllWays(world, {
    place: world.remote,
    words: WORDS,
    // A server that does not have what its branch names does not answer what it names.
    exceptions: [RIDES, MAIN_BRANCH_ALONE, HISTORY_ALONE, { to: ['missing'], exits: [7] }],
    follows: ['on'],
  });
  tally({
    test: '9 the branch tampered with on the remote',
    tried,
    bar: 'exit 8 each time, nothing reset',
    failures,
  });
});

it('tampered with here, where it decides: the clone refuses, and resets nothing', async () => {
  const world = await tamperedWorld({ shared: false });
  const { tried, failures } = await tryAllWays(world, {
    place: world.clone,
    words: { ...WORDS, back: /is gone|was rewound or rewritten/ },
    exceptions: [
      NO_REMOTE,
      FETCH_FIRST,
      MAIN_BRANCH_ALONE,
      HISTORY_ALONE,
      // The refusal names it as the way to begin again, which is tested below.
      { verbs: ['init'], to: ['gone'], exits: [0], again: true },
    ],
  });
  tally({
    test: '9 the branch of a clone that shares with nobody tampered with',
    tried,
    bar: 'exit 8 each time, nothing reset',
    failures,
  });
});

it('tampered with here, where it follows the remote: comes back from there, or is refused', async () => {
  const world = await tamperedWorld({ shared: true });
  const { tried, failures } = await tryAllWays(world, {
    place: world.clone,
    sparse: true,
    words: { ...WORDS, other: /by hand/, on: /by hand/, object: /names a \w+, not a commit|by hand/ },
    exceptions: [
      FETCH_FIRST,
      MAIN_BRANCH_ALONE,
      { kinds: ['back'], exits: ['as before'] },
      // It stands for the very commit that the remote has.
      { to: ['tag'], exits: [8, 'as before'] },
    ],
  });
  tally({
    test: '9 the copy of the branch in a clone tampered with',
    tried,
    bar: 'answers as before, or exit 8; no claim forgotten',
    failures,
  });
});

it.each([
  ['the remote', true, 'refs/coord-local/remote/origin/coord/state'],
  ['this clone', false, 'refs/coord-local/known/coord/state'],
])('the memory of where %s stood tampered with: as before, or refused', async (_, shared, ref) => {
  const world = await tamperedWorld({ shared });
  const { tried, failures } = await tryAllWays(world, {
    place: world.clone,
    ref,
    sparse: true,
    misleads: true,
    words: { ...WORDS, back: /./, other: /./, on: /./, object: /./, broken: /./ },
    exceptions: [...(shared ? [] : [NO_REMOTE]), FETCH_FIRST, ...(shared ? [] : [BROKEN]), { exits: [8, 'as before'] }],
  });
  tally({
    test: `9 ${ref} tampered with`,
    tried,
    bar: 'answers as before, or exit 8; no claim forgotten',
    failures,
  });
});

/** What a clone that never saw the branch takes for one of coord's, because nothing in it says otherwise. */
const PLAUSIBLE: readonly Way['to'][] = ['parent', 'first', 'sibling', 'onward', 'again', 'grafted'];

const UNSEEN = [['claim', 'src/free.ts'], ...(FULL ? [['status'], ['note', 'hello']] : [])];

/** What such a clone answers: it works on what is plausible, says that there is none, or refuses. */
function exitUnseen({ to }: Way): number {
  if (PLAUSIBLE.includes(to)) return 0;
  return to === 'gone' ? 2 : to === 'missing' ? 7 : 8;
}

it('a clone that never saw the branch begins none unasked, and hides nothing from who did', async () => {
  const world = await tamperedWorld({ shared: true });
  const { remote, fresh, restore, as } = world;
  const failures: string[] = [];
  const ways = WAYS.filter((_, number) => FULL || number % 3 === 0);
  for (const way of ways) {
    restore();
    tamperIn(world, remote, way);
    const before = [...refsOnDisk(remote)];
    const wanted = exitUnseen(way);
    for (const args of UNSEEN) {
      const { code, stderr } = await as('omar', args, fresh);
      const said = code === 0 || /\nnext: ./.test(stderr);
      if (code !== wanted || !said)
        failures.push(`${way.name}: ${args.join(' ')}: exit ${code}, not ${wanted}: ${stderr}`);
    }
    const written = JSON.stringify([...refsOnDisk(remote)]) !== JSON.stringify(before);
    if (written !== (wanted === 0)) failures.push(`${way.name}: ${written ? '' : 'not '}written to`);
    const { code } = await as('maya', ['claim', 'src/other.ts']);
    if (code !== (way.to === 'missing' ? 7 : 8)) failures.push(`${way.name}: who saw it: exit ${code}`);
  }
  tally({
    test: '9 a clone that never saw the branch',
    tried: `${ways.length} ways`,
    bar: 'no branch begun unasked; who saw it still refuses',
    failures,
  });
});

/** The ways to take a branch that was tampered with, on purpose, that the refusals name. */
const ON_PURPOSE: readonly (readonly [to: Way['to'], shared: boolean, names: RegExp])[] = [
  ['gone', false, /start again: (coord init)/],
  ['first', false, /to give up what it lacks: (git update-ref [^;\n]*)/],
  ['again', false, /to give up what it lacks: (git update-ref [^;\n]*)/],
  ['first', true, /take the new one here: (git update-ref [^;\n]*)/],
  ['again', true, /take the new one here: (git update-ref [^;\n]*)/],
];

it.each([true, false])('taken as it is, on purpose (shared: %s): tokens only grow', async (shared) => {
  const world = await tamperedWorld({ shared });
  const { as, box, clone, remote, restore } = world;
  const token = async (target: string) => (await as('maya', ['claim', target, '--json'])).json().data.claims[0].token;
  for (const [to, , names] of ON_PURPOSE.filter(([, where]) => where === shared)) {
    restore();
    const highest = await token('@before');
    tamperIn(world, shared ? remote : clone, WAYS.find((one) => one.to === to) as Way);
    const refused = await as('maya', ['claim', '@after']);
    expect([to, refused.code]).toEqual([to, 8]);
    const said = names.exec(refused.stderr)?.[1] ?? '';
    if (said.startsWith('coord ')) expect(await as('maya', said.split(' ').slice(1))).toMatchObject({ code: 0 });
    else execFileSync('sh', ['-c', said], { cwd: clone, env: box.env, stdio: 'ignore' });
    expect(await token('@after')).toBeGreaterThan(highest);
  }
});
