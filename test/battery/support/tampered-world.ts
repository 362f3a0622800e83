import { execFileSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { deployFleet } from '../../support/deploying.js';
import { coordInProcess } from '../../support/in-process.js';
import type { CoordResult, Sandbox } from '../../support/sandbox.js';
import { FULL } from './battery.js';
import { type Fakes, keep, makeFakes, REF, refsOnDisk, tamper, WAYS, type Way } from './tampering.js';

/** A clone that claims are made in, all that can be put in the place of its branch, and a way back. */
export interface World {
  readonly box: Sandbox;
  readonly remote: string;
  readonly clone: string;
  /** A clone that never saw the branch. */
  readonly fresh: string;
  readonly fakes: Fakes;
  readonly restore: () => void;
  as(agent: string, args: readonly string[], cwd?: string): Promise<CoordResult>;
}

/** @param shared whether the remote's branch decides, or that of the clone */
export async function tamperedWorld({ shared }: { readonly shared: boolean }): Promise<World> {
  const { box, clone, remote } = await deployFleet({ config: { share: shared } });
  const fresh = box.clone(remote, { args: ['--single-branch', '--branch', 'main'] });
  const as: World['as'] = (agent, args, cwd = clone) => coordInProcess(box, cwd, args, { env: { COORD_AGENT: agent } });
  if (!shared) {
    for (const repository of [clone, remote]) box.git(repository, 'update-ref', '-d', REF);
    await as('maya', ['init']);
  }
  for (const target of ['src/held.ts', 'docs']) await as('maya', ['claim', target]);
  await as('noor', ['claim', 'web']);
  await as('maya', ['status']);
  const stranger = box.clone(remote);
  box.git(stranger, 'fetch', '--quiet', clone, `${REF}:${REF}`);
  const fakes = makeFakes(box, stranger, remote);
  const putBack = keep(box, [remote, clone, fresh]);
  const restore = () => {
    putBack();
    rmSync(join(clone, 'ran'), { force: true });
  };
  return { box, remote, clone, fresh, fakes, as, restore };
}

/** Tampers with a ref of one of the world's repositories. */
export function tamperIn(
  { box, remote, fakes }: World,
  repository: string,
  way: Way,
  { ref = REF, packed = false }: { readonly ref?: string | undefined; readonly packed?: boolean } = {},
): void {
  tamper(box, { repository, store: remote, fakes, ref, packed }, way);
}

/** All that decides, and all that tells what is held: each must notice. */
export const ASKED: readonly (readonly string[])[] = [
  ['claim', 'src/held.ts'],
  ['claim', 'src/free.ts'],
  ['claim', '@x', '--wait=1s'],
  ['status', 'src/held.ts', '--wait', '1s'],
  ['renew'],
  ['release', '--all', '--uncommitted'],
  ['claim', 'src/held.ts', '--take-over', '--reason', 'x'],
  ['handoff', 'src/held.ts', '--to', 'noor'],
  ['verify-token', 'src/held.ts', '1'],
  ['status'],
  ['agent', 'list'],
  ['note', 'hello'],
  ['log'],
  ['inbox'],
  ['init'],
  ['session', 'start'],
  ['agent', 'state', 'working'],
  ['run', '@job', '--', 'touch', 'ran'],
  ['once', 'key', '--', 'touch', 'ran'],
  ['land'],
  ['deploy', 'prod', '--', 'touch', 'ran'],
  ['events'],
  ['metrics'],
  ['sync-check'],
];
type Asked = readonly [args: readonly string[], agent: string];
const AGENTS = FULL ? ['maya', 'noor'] : ['maya'];
const EVERY: readonly Asked[] = ASKED.flatMap((args) => AGENTS.map((agent) => [args, agent] as const));
/** In the short version each way meets some of the commands, and each command some of the ways. */
const askedAfter = (way: number): readonly Asked[] =>
  EVERY.filter((_, number) => FULL || (number + 5 * way) % 24 === 0);
/** Refs in files of their own, and packed. */
const packings = (way: number, sparse = false) => (FULL && !sparse ? [false, true] : [way % 2 === 0]);

/** An answer other than the refusal that is right for some commands after some ways; what is left out is any. */
export interface Exception {
  readonly verbs?: readonly string[];
  readonly kinds?: readonly Way['kind'][];
  readonly to?: readonly Way['to'][];
  /** `as before`: what the same command said before anybody tampered, and the history whole. */
  readonly exits: readonly (number | 'as before')[];
  /** Whether the history may be started over. */
  readonly again?: boolean;
}

export interface Trial {
  /** The repository that is tampered with, and the ref there. */
  readonly place: string;
  readonly ref?: string;
  /** What a refusal says, by the kind of the way. */
  readonly words: Readonly<Record<Way['kind'], RegExp>>;
  /** The first that fits counts. */
  readonly exceptions: readonly Exception[];
  /** Whether it leaves much to the other trials. */
  readonly sparse?: boolean;
  /** Whether what is tampered with is where a refusal knows from what was there: then it cannot say. */
  readonly misleads?: boolean;
  /** Kinds after which a clone follows its remote although it then refuses. */
  readonly follows?: readonly Way['kind'][];
}

/** Every way, and after each, the commands. @returns how much was tried, and what was wrong */
export async function tryAllWays(world: World, trial: Trial) {
  const failures: string[] = [];
  let answers = 0;
  let ways = 0;
  const before = await heldIn(world);
  const exits = new Map<string, number>();
  for (const [number, way] of WAYS.entries()) {
    if (!FULL && trial.sparse && number % 6 > 0) continue;
    ways += 1;
    for (const packed of packings(number, trial.sparse)) {
      const asked = askedAfter(number);
      answers += asked.length;
      await learnExits(world, trial, asked, exits);
      const wrong = await tryOneWay(world, trial, way, packed, asked, exits, before);
      failures.push(...wrong.map((text) => `${way.name}${packed ? ', packed' : ''}: ${text}`));
    }
  }
  return { tried: `${ways} ways, ${answers} commands`, failures };
}

async function tryOneWay(
  world: World,
  trial: Trial,
  way: Way,
  packed: boolean,
  asked: readonly Asked[],
  exits: ReadonlyMap<string, number>,
  before: string,
): Promise<string[]> {
  const failures: string[] = [];
  const begin = () => {
    world.restore();
    tamperIn(world, trial.place, way, { ref: trial.ref, packed });
  };
  let hint = '';
  begin();
  for (const [args, agent] of asked) {
    const name = `${agent} ${args.join(' ')}`;
    const refs = refsIn(world);
    const result = await world.as(agent, args);
    const answer = wrongAnswer(trial, way, args, result, exits.get(name));
    const again = exceptionFor(trial, way, args)?.again ?? false;
    const wrong = answer ?? (again ? null : wrongRefs(world, trial, way, result, refs));
    if (wrong !== null) failures.push(`${name}: ${wrong}`);
    hint = /put (?:it|the old one) back: ([^;\n]*)/.exec(result.stderr)?.[1] ?? hint;
    if (result.code !== 8) begin();
  }
  return trial.misleads ? failures : [...failures, ...(await notPutBack(world, hint, before))];
}

/** Finds out what each command says while nobody has tampered, where that matters. */
async function learnExits(
  { as, restore }: World,
  { exceptions }: Trial,
  asked: readonly Asked[],
  exits: Map<string, number>,
): Promise<void> {
  if (!exceptions.some((exception) => exception.exits.includes('as before'))) return;
  for (const [args, agent] of asked) {
    const name = `${agent} ${args.join(' ')}`;
    if (exits.has(name)) continue;
    restore();
    exits.set(name, (await as(agent, args)).code);
  }
}

function exceptionFor({ exceptions }: Trial, way: Way, args: readonly string[]): Exception | undefined {
  const [verb = '', more = ''] = args;
  return exceptions.find(
    ({ verbs = [verb], kinds = [way.kind], to = [way.to] }) =>
      (verbs.includes(verb) || verbs.includes(`${verb} ${more}`)) && kinds.includes(way.kind) && to.includes(way.to),
  );
}

function wrongAnswer(
  trial: Trial,
  way: Way,
  args: readonly string[],
  { code, stdout, stderr }: CoordResult,
  asBefore: number | undefined,
): string | null {
  const exception = exceptionFor(trial, way, args);
  const exits = (exception?.exits ?? [8]).map((exit) => (exit === 'as before' ? asBefore : exit));
  if (!exits.includes(code)) return `exit ${code}, not ${exits.join(' or ')}: ${stdout}${stderr}`;
  if (code !== 8) return null;
  if (!trial.words[way.kind].test(stderr)) return `does not say ${trial.words[way.kind]}: ${stderr}`;
  return /\nnext: ./.test(stderr) ? null : `no next step: ${stderr}`;
}

/** A refusal moves nothing and runs nothing; and whatever goes on, goes on from the whole history. */
function wrongRefs(
  world: World,
  { follows = [], misleads = false }: Trial,
  way: Way,
  { code }: CoordResult,
  refs: string,
): string | null {
  const { box, remote, clone, fakes } = world;
  if (code !== 0 && existsSync(join(clone, 'ran'))) return 'a program was run';
  if (refsIn(world) === refs || follows.includes(way.kind)) return null;
  // What only remembers may be missed when the write is done.
  if (code === 8 && !misleads) return 'a ref was moved';
  const places = [clone, remote].filter(
    (place) => box.tryGit(place, 'rev-parse', '--verify', '--quiet', REF).code === 0,
  );
  const forgotten = places.filter(
    (place) => box.tryGit(place, 'merge-base', '--is-ancestor', fakes.tip ?? '', REF).code !== 0,
  );
  return forgotten.length === 0 ? null : `the history was forgotten in ${forgotten.join(', ')}`;
}

/** Does what a refusal says to put the old branch back: then everything is held as it was. */
async function notPutBack(world: World, hint: string, before: string): Promise<string[]> {
  if (hint === '') return [];
  execFileSync('sh', ['-c', hint], { cwd: world.clone, env: world.box.env, stdio: 'ignore' });
  const after = await heldIn(world);
  return after === before ? [] : [`after ${hint}: ${after}, not ${before}`];
}

/** Who holds what, with which token. */
export async function heldIn({ as }: World): Promise<string> {
  const { code, stdout } = await as('noor', ['status', '--json']);
  if (code !== 0) return stdout;
  const claims: { target: string; agent: string; token: number }[] = JSON.parse(stdout).data.claims;
  return JSON.stringify(claims.map(({ target, agent, token }) => [target, agent, token]));
}

/** Without what this clone remembers of branches other than the state's, which any fetch may bring up to date. */
function refsIn({ remote, clone }: World): string {
  const counts = ([ref]: readonly [string, unknown]) =>
    !ref.startsWith('refs/coord-local/') || ref.endsWith('/coord/state');
  return JSON.stringify([remote, clone].map((place) => [...refsOnDisk(place)].filter(counts).sort()));
}
