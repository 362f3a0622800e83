import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { localFleet } from '../support/fleet.js';
import { inProcess } from '../support/in-process.js';
import { sized, tally } from './support/battery.js';
import { COMMANDS } from './support/model/commands.js';
import { AGENTS, Model } from './support/model/model.js';

const RUNS = sized(1000, 5000);
/** A thousand runs take half a minute, and longer where others use the machine. */
const TIMEOUT_MS = sized(600_000, 3_600_000);
/** A failure of the random seed names it; COORD_MODEL_SEED plays it again. */
const RANDOM_SEED = Number(process.env.COORD_MODEL_SEED ?? Date.now() % 2 ** 31);

describe('two agents in two worktrees', () => {
  it.each([
    ['a fixed seed', 42],
    ['a random seed', RANDOM_SEED],
  ])(
    'do what a simple model foretells, with %s',
    async (name, seed) => {
      const { box, clone } = await localFleet();
      const worktrees = [clone, box.worktree(clone)];
      const fleet = inProcess(box);
      const started = fleet.clock.ms;
      await fleet.run('boss', clone, ['session', 'start', '--role', 'orchestrator']);
      for (const agent of AGENTS) await fleet.run(agent, clone, ['note', 'here']);
      const begin = box.git(clone, 'rev-parse', 'coord/state');
      /** As it was before anybody claimed anything. */
      const reset = () => {
        for (const ref of ['refs/coord/state', 'refs/coord-local/known/coord/state']) {
          writeFileSync(join(clone, '.git', ref), `${begin}\n`);
        }
        rmSync(join(clone, '.git', 'coord'), { recursive: true, force: true });
        fleet.clock.ms = started;
      };
      const result = await fc.check(
        fc.asyncProperty(COMMANDS, async (commands) => {
          reset();
          const real = {
            run: (agent: string, worktree: number, args: readonly string[]) =>
              fleet.run(agent, worktrees[worktree] ?? clone, args),
            pass: (seconds: number) => fleet.clock.pass(seconds),
          };
          await fc.asyncModelRun(() => ({ model: new Model(), real }), commands);
        }),
        { numRuns: RUNS, seed },
      );
      tally({
        test: `12 commands against a simple model, ${name}`,
        tried: `${result.numRuns} runs of up to 12 commands`,
        bar: 'the exit codes and the claims that it foretells',
        figures: `seed ${seed}`,
        failures: result.failed ? [fc.defaultReportMessage(result) ?? 'failed'] : [],
      });
    },
    TIMEOUT_MS,
  );
});
