import { describe, expect, it } from 'vitest';
import { sized, tally } from '../support/battery.js';
import { localFleet } from '../support/fleet.js';
import { readBranch } from '../support/history/branch.js';
import { type CheckedHistory, checkHistory } from '../support/history/check.js';
import { Recorder } from '../support/history/client.js';
import { playWorkload } from '../support/history/workload.js';
import { type PlantedBug, programWith } from '../support/planted.js';

/** Agents at work with a program that has these bugs, checked against the history that they leave. */
async function played(bugs: readonly PlantedBug[], { operations = 10, seed = 1 } = {}): Promise<CheckedHistory> {
  const fleet = await localFleet();
  const program = bugs.length === 0 ? fleet.box.program : await programWith(fleet.box, bugs);
  const recorder = new Recorder((agent, args) => fleet.as(agent, args, { program }));
  await playWorkload(recorder, { agents: 6, operations, seed });
  return checkHistory(readBranch(fleet.box, fleet.clone), recorder.calls);
}

/** So many workloads at most are played until a bug shows. */
const MOST_WORKLOADS = 5;

const UNLOCKED: PlantedBug = {
  file: 'store/git-store.ts',
  from: 'return withLocalLock(this.localDirectory, this.options.around, work);',
  to: 'return work();',
};

/** Each makes the program break a promise; beside it what the checker must say. */
const BUGS: readonly (readonly [name: string, bugs: readonly PlantedBug[], finding: RegExp])[] = [
  [
    'the compare is skipped',
    [
      UNLOCKED,
      {
        file: 'store/branch-ref.ts',
        from: '{ ref: this.name, to: commit, from }',
        to: '{ ref: this.name, to: commit, from: await readRef(this.repository, this.git, this.name) }',
      },
    ],
    /was granted 0 times|was released 0 times|stands 0 times/,
  ],
  [
    'an event is dropped',
    [{ file: 'domain/events.ts', from: 'return drafts.map(', to: 'return drafts.slice(1).map(' }],
    /which no event granted/,
  ],
  [
    'a token is used again',
    [
      {
        file: 'domain/claim.ts',
        from: 'lastToken += 1;\n      const claim = newClaim',
        to: 'lastToken += 0;\n      const claim = newClaim',
      },
    ],
    /does not exceed/,
  ],
  [
    'readers do not stop writers',
    [
      {
        file: 'domain/conflicts.ts',
        from: "(mode === 'shared' && claim.mode === 'shared')) continue;\n    const common",
        to: "mode === 'shared' || claim.mode === 'shared') continue;\n    const common",
      },
    ],
    /while agent\d holds/,
  ],
  [
    'ground that is free is refused',
    [
      {
        file: 'domain/conflicts.ts',
        from: 'const common = overlap(target, groundOf(claim), options);\n    if (common) {',
        to: "const common = overlap(target, groundOf(claim), options) ?? { pattern: 'x', witness: 'x' };\n    if (common) {",
      },
    ],
    /no state between commits/,
  ],
  [
    'a release leaves the claim',
    [
      {
        file: 'domain/release.ts',
        from: 'claims: state.claims.filter((claim) => !gone.has(claim.id)),',
        to: 'claims: state.claims,',
      },
    ],
    /which no event granted/,
  ],
  [
    'a lost swap is taken for a win',
    [
      UNLOCKED,
      {
        file: 'store/branch-ref.ts',
        from: 'if (tip !== from || result.ok) return this.reaches(tip, commit, from);',
        to: 'if (tip !== from || result.ok) return true;',
      },
    ],
    /was granted 0 times|was released 0 times|stands 0 times/,
  ],
];

describe('what agents were told, and the history of the branch', () => {
  it('agree', async () => {
    const checked = await played([], { operations: sized(10, 100) });
    tally({
      test: 'what agents were told agrees with the history',
      tried: `${checked.calls} calls, ${checked.commits} commits, ${checked.refused} refusals`,
      bar: 'nothing that does not hold',
      failures: checked.problems,
    });
    expect(checked.grants).toBeGreaterThan(0);
    expect(checked.refused).toBeGreaterThan(0);
  });

  it.each(BUGS)('disagree when %s', async (name, bugs, finding) => {
    let problems: readonly string[] = [];
    let found = false;
    let seed = 0;
    // Where two must meet for the bug to show, they may miss each other once.
    while (!found && seed < MOST_WORKLOADS) {
      seed += 1;
      problems = (await played(bugs, { seed })).problems;
      found = finding.test(problems.join('\n'));
    }
    tally({
      test: `the checker finds a planted bug: ${name}`,
      tried: `${seed * 60} calls`,
      bar: 'found',
      failures: found ? [] : [`not found; told instead: ${problems.join('; ')}`],
    });
  });
});
