import { rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { commitFiles, fileOn, hashed } from '../support/plumbing.js';
import { generator, pick } from '../support/random.js';
import { FULL, sized, tally } from './support/battery.js';
import { named } from './support/hostile.js';
import { aftermath, BAR, PLAIN, type World, world } from './support/hostile-world.js';

/** A failure names it; COORD_HOSTILE_SEED plays it again. */
const SEED = Number(process.env.COORD_HOSTILE_SEED ?? (FULL ? Date.now() % 1_000_000 : 13));

describe('what a peer wrote by hand on the branch', () => {
  it('submissions that lead out of the worktree', async () => {
    const place = await world();
    const { box, clone, look, done } = place;
    await done(['session', 'start', '--role', 'orchestrator']);
    box.write(clone, 'src/api/users.ts', 'better\n');
    await done(['submit', 'src/api/users.ts', '--note', 'look', '--to', 'maya'], { agent: 'noor' });
    const state = JSON.parse(fileOn(box, clone, 'submissions.json').toString());
    box.git(clone, 'checkout', '--quiet', '--', '.');
    symlinkSync(box.path('outside'), join(clone, 'link'));
    const blob = hashed(box, clone, Buffer.from('planted\n'));
    const file = { blob, mode: '100644', bytes: 8, base: null, baseMode: null, carriesBase: false };
    const [open] = state.submissions;
    let tried = 0;
    for (const path of PATHS.filter((_, index) => FULL || index % 3 === 0)) {
      // Alone, and below a file of the same submission.
      for (const paths of [[path], ['one', `one/${path}`]]) {
        const submissions = [{ ...open, files: paths.map((each) => ({ path: each, ...file })) }];
        commitFiles(box, clone, { 'submissions.json': Buffer.from(JSON.stringify({ ...state, submissions })) });
        for (const args of [['integrate'], [...INTEGRATE, '--patch'], [...INTEGRATE, '--json'], ['status']]) {
          const filled = args.map((word) => (word === 'ID' ? open.id : word));
          await look(`a submission of ${paths.map(named)}: ${args.join(' ')}`, filled);
          tried += 1;
        }
      }
    }
    await aftermath(place);
    tally({ test: '13 hostile submissions', tried: `${tried} commands`, bar: BAR, failures: place.failures });
  });

  it('any text of any file', async () => {
    const place = await inUse();
    const { box, clone, look } = place;
    const good = box.git(clone, 'rev-parse', 'coord/state');
    const files = box.git(clone, 'ls-tree', '--name-only', 'coord/state').split('\n');
    const places = files.filter((name) => /\.jsonl?$/.test(name)).flatMap((name) => textsIn(place, name));
    const random = generator(SEED);
    let tried = 0;
    for (let count = 0; count < sized(12, 250); count += 1) {
      const { file, before, text, after } = pick(places, random) ?? { file: '', before: '', text: '', after: '' };
      const hostile = pick(WORDS, random) ?? '';
      commitFiles(box, clone, { [file]: Buffer.from(`${before}${JSON.stringify(hostile)}${after}`) }, [good]);
      // Else it would remember what it found sound.
      rmSync(join(clone, '.git/coord'), { recursive: true, force: true });
      for (const args of READERS) {
        await look(`${named(hostile)} in the place of ${text} of ${file}, seed ${SEED}: ${args.join(' ')}`, args);
        tried += 1;
      }
    }
    const test = `13 hostile texts in any file of the state, seed ${SEED}`;
    tally({ test, tried: `${tried} commands, ${places.length} texts`, bar: BAR, failures: place.failures });
  });
});

const FORGED = 'a\nclaimed forged\r\u001b[31m\u009b1m\u2028claimed forged\u202e\u0000';
const WORDS = [
  FORGED,
  FORGED,
  FORGED,
  '__proto__',
  '$(canary)',
  '-x',
  '',
  '../../outside/kept.txt',
  'x'.repeat(100_000),
];

/** Ways out of the worktree or into `.git`, on one system or another; and names that trouble a system. */
const PATHS = [
  ...['../outside/new.txt', '/etc/new', 'src/../../outside/new.txt', '..\\outside\\new.txt', 'link/new.txt', 'link'],
  ...['.git/hooks/x', '.GIT/hooks/x', '.git\u200c/hooks/x', '.g\u200cit/hooks/x', 'git~1/hooks/x', 'GIT~1/x'],
  ...['.git./x', '.git /x', '.git::$INDEX_ALLOCATION/x', '.git\\hooks\\x', '.gitmodules', '.gitattributes'],
  ...['src//x', './x', 'x/.', '', '-x', ':(exclude)x', 'a\nclaimed forged', '\u001b[2J', 'src/api', '__proto__'],
  ...['src/api/users.ts/x', 'coord.config.json', 'x'.repeat(300), 'rules/x.md', `${'a/'.repeat(2_500)}x`, 'nul.txt'],
];

const INTEGRATE = ['integrate', 'ID'];

const READERS = [
  ['status'],
  ['status', '--json'],
  ['agent', 'list'],
  ['log'],
  ['inbox'],
  ['events'],
  ['metrics', '--openmetrics'],
  ['deploy', 'list'],
  ['deploy', 'list', '--json'],
  ['deploy', 'show', 'HEAD'],
  ['integrate', '--all'],
  ['session', 'start'],
  ['doctor'],
  ['audit'],
  ['claim', 'src/web/x.ts'],
  ['handoff', 'accept'],
  ['once', 'job', '--', 'true'],
  ['deploy', 'prod', '--retry', '--', 'true'],
  ['doctor', '--compact', '--dry-run'],
];

/** A repository in which all kinds of records are there. */
async function inUse(): Promise<World> {
  const gates = { always: { type: 'command', command: ['true'] } };
  const place = await world({ ...PLAIN, gates, deploy: { prod: { gates: ['always'] } } });
  const { box, clone, done, look } = place;
  box.git(clone, 'remote', 'add', 'origin', box.bareRemote({ seeded: false }));
  box.git(clone, 'push', '--quiet', '--set-upstream', 'origin', 'main');
  await done(['session', 'start', '--role', 'orchestrator']);
  await done(['session', 'start'], { agent: 'zoe' });
  await done(['note', 'hello', '--to', 'noor', '--needs-ack', 'noor']);
  await done(['once', 'job', '--', 'true']);
  await done(['deploy', 'prod', '--', 'true']);
  await done(['claim', 'src/q', '--request-id', 'r-1']);
  box.write(clone, 'src/api/users.ts', 'better\n');
  await done(['submit', 'src/api/users.ts', '--note', 'look', '--to', 'maya'], { agent: 'noor' });
  await look('refused', ['claim', 'src/web', '--wait', '0s'], { agent: 'zoe' });
  await done(['handoff', 'src/web', '--to', 'maya', '--note', 'yours'], { agent: 'noor' });
  await done(['agent', 'kill', 'zoe', '--reason', 'loop']);
  return place;
}

/** Each text that is a value in a file of the state, with what stands around it. */
function textsIn({ box, clone }: World, file: string) {
  const all = fileOn(box, clone, file).toString();
  return [...all.matchAll(/"(?:[^"\\]|\\.)*"(?!\s*:)/g)].map(({ 0: text, index }) => {
    return { file, text, before: all.slice(0, index), after: all.slice(index + text.length) };
  });
}
