import { spawnSync } from 'node:child_process';
import { renewalKey } from '../../../src/domain/claims/leases.js';
import type { Claim } from '../../../src/domain/model.js';
import { coordInProcess, NOON } from '../../support/in-process.js';
import type { Random } from '../../support/random.js';
import { type Sandbox, sandbox } from '../../support/sandbox.js';

const MINUTE_MS = 60_000;
const TTL_MS = 10 * MINUTE_MS;
export const TOLERANCE_MS = 30_000;
const TARGETS = ['src/a.ts', 'src/b.ts', 'src/c.ts'];

/** A machine of its own: a clone, an agent, and a clock that is wrong by so much. */
interface Machine {
  readonly agent: string;
  readonly clone: string;
  offsetMs: number;
}

/** What became of claims that somebody else took away. */
export interface Takeovers {
  /** After the time of the claim, as a clock that is right has it. */
  inTime: number;
  /** Before it, by somebody who could not know. */
  early: string[];
  /** Before it, by somebody in whose own eyes a stamp of the state lay in the future. */
  seen: string[];
  /** Answers that are neither a grant nor a refusal. */
  faults: string[];
}

export interface ClockPlay {
  readonly takeover: 'clock' | 'observed';
  /** What the clocks may be wrong by, in milliseconds. */
  readonly offsets: readonly number[];
  readonly steps: number;
  readonly random: Random;
}

/**
 * Three machines with one remote, whose clocks are reset at random, between commands and within them. Time itself is
 * the play's own; the monotonic clocks follow it, as no one can set them.
 */
export async function playClocks({ takeover, offsets, steps, random }: ClockPlay): Promise<Takeovers> {
  const box = sandbox();
  const machines = await threeMachines(box, takeover);
  const seen: Takeovers = { inTime: 0, early: [], seen: [], faults: [] };
  /** When each life of a claim began, in true time. */
  const began = new Map<string, number>();
  const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)] as T;
  let time = NOON;
  let before: readonly Claim[] = [];
  for (let step = 0; step < steps; step += 1) {
    time += random() * 5 * MINUTE_MS;
    const machine = pick(machines);
    if (random() < 0.2) machine.offsetMs = pick(offsets);
    const first = machine.offsetMs;
    const now = jumpingClock(machine, time, random() < 0.2 ? pick(offsets) : null, random() * 8);
    const args = wordsOf(random(), pick(TARGETS));
    const { code, stderr } = await coordInProcess(box, machine.clone, args, {
      now,
      monotonic: time / 1000,
      env: { COORD_AGENT: machine.agent },
    });
    const what = `step ${step}: ${machine.agent}, ${[first, machine.offsetMs].join(' then ')} ms off: ${args.join(' ')}`;
    if (![0, 3, 4].includes(code)) seen.faults.push(`${what}: exit ${code} ${stderr}`);
    const claims = claimsOn(box);
    const taken = before.filter(({ id, agent }) => agent !== machine.agent && !claims.some((one) => one.id === id));
    const disagrees = [first, machine.offsetMs].every((offset) => isBehind(before, time + offset));
    for (const claim of taken) {
      const left = (began.get(renewalKey(claim)) ?? time) + claim.ttlSeconds * 1000 - time;
      judge(seen, left, disagrees, `${what}: took ${claim.target} from ${claim.agent}`);
    }
    for (const key of claims.map(renewalKey)) began.set(key, began.get(key) ?? time);
    before = claims;
  }
  return seen;
}

function judge(seen: Takeovers, leftMs: number, disagrees: boolean, what: string): void {
  if (leftMs <= 0) seen.inTime += 1;
  else (disagrees ? seen.seen : seen.early).push(`${what} with ${Math.round(leftMs / 1000)} s of its life left`);
}

/** The machine's clock at a true time, which is set again after it was read so often. */
function jumpingClock(machine: Machine, time: number, to: number | null, reads: number): () => number {
  let left = reads;
  return () => {
    left -= 1;
    if (to !== null && left < 0) machine.offsetMs = to;
    return Math.round(time + machine.offsetMs);
  };
}

/** Whether a clock that says so can see that it is not right. */
function isBehind(claims: readonly Claim[], nowMs: number): boolean {
  return claims.some(({ renewedAt }) => Date.parse(renewedAt) > nowMs + TOLERANCE_MS);
}

function wordsOf(chance: number, target: string): string[] {
  if (chance < 0.65) return ['claim', target, '--allow-behind'];
  if (chance < 0.75) return ['claim', target, '--reason', 'its time is over', '--allow-behind'];
  if (chance < 0.85) return ['status'];
  return chance < 0.95 ? ['renew'] : ['release', '--all'];
}

async function threeMachines(box: Sandbox, takeover: string): Promise<Machine[]> {
  const remote = box.bareRemote({ name: 'clocks.git' });
  const machines = ['maya', 'noor', 'omar'].map((agent) => ({ agent, clone: box.clone(remote), offsetMs: 0 }));
  for (const { agent, clone } of machines) {
    const env = { COORD_AGENT: agent };
    const { code, stderr } = await coordInProcess(box, clone, ['init'], { now: NOON, env });
    if (code !== 0) throw new Error(`coord init: ${stderr}`);
    const config = { share: true, remote: 'origin', ttl: { default: `${TTL_MS / 1000}s` }, takeover };
    box.write(clone, 'coord.config.json', JSON.stringify(config));
  }
  return machines;
}

function claimsOn(box: Sandbox): readonly Claim[] {
  return JSON.parse(box.git(box.path('clocks.git'), 'show', 'refs/coord/state:claims.json')).claims;
}

/** Whether `faketime` is here, to run a process by a wrong clock. */
export const HAS_FAKETIME = spawnSync('faketime', ['--version'], { stdio: 'ignore' }).status === 0;

/**
 * Environment of a process whose clock is wrong, and whose monotonic clock is right.
 * @param offset such as `-1h`, `+1d`; a file that holds one is read again and again, so that the clock can jump
 */
export function wrongClock(offset: { readonly by: string } | { readonly file: string }): Record<string, string> {
  const { stdout } = spawnSync('faketime', ['-m', '-f', '+0s', 'printenv', 'LD_PRELOAD'], { encoding: 'utf8' });
  return {
    LD_PRELOAD: stdout.trim(),
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    ...('by' in offset ? { FAKETIME: offset.by } : { FAKETIME_TIMESTAMP_FILE: offset.file, FAKETIME_NO_CACHE: '1' }),
  };
}
