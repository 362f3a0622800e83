import { spawnSync } from 'node:child_process';
import { renameSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Fleet, localFleet, type SharedFleet, sharedFleet } from '../support/fleet.js';
import { inProcess } from '../support/in-process.js';
import type { CoordEnvelope } from '../support/sandbox.js';

/** Everything that an error suggests to run, in its order: what stands in its hint from `coord` on, then the alternative. */
function suggestionsIn({ error }: CoordEnvelope): string[] {
  const inHint = /(?:^|[:;] |then )(coord .+?)(?:; | then |$)/.exec(error.hint)?.[1];
  const { alternative } = error.details ?? {};
  return [...(inHint === undefined ? [] : [inHint]), ...(alternative ? [alternative.command] : [])];
}

/** Pastes a suggestion into a shell, in the fleet's clone, as an agent. */
function paste({ box, clone }: Fleet, agent: string, line: string): { code: number | null; stdout: string } {
  const script = `coord() { ${JSON.stringify(process.execPath)} ${JSON.stringify(box.program)} "$@"; }; ${line}`;
  const env = { ...box.env, COORD_AGENT: agent };
  const { status, stdout } = spawnSync('bash', ['-c', script], { cwd: clone, env, encoding: 'utf8' });
  return { code: status, stdout };
}

interface Row {
  readonly what: string;
  readonly scene?: (fleet: Fleet) => Promise<unknown>;
  /** What noor types, and is refused. */
  readonly typed: readonly string[];
  readonly exit: number;
  /** What happens before the suggestion is pasted. */
  readonly meanwhile?: (fleet: Fleet) => Promise<unknown>;
  /** Each suggestion, with what it prints. */
  readonly leads: readonly (readonly [suggestion: string, shown: string])[];
}

const held = (fleet: Fleet) => fleet.as('maya', ['claim', 'src/api', '--reason', 'pagination']);
const freed = (fleet: Fleet) => fleet.as('maya', ['release', '--all']);

const ROWS: readonly Row[] = [
  {
    what: 'a claim that is refused',
    scene: held,
    typed: ['claim', 'src/api'],
    exit: 3,
    meanwhile: freed,
    leads: [
      ['coord claim src/api/ --wait', 'claimed src/api/**'],
      ['coord status src/api/', 'src/api/**'],
    ],
  },
  {
    what: 'a claim that is refused in part',
    scene: held,
    typed: ['claim', 'src/api', 'src/web/page.ts'],
    exit: 3,
    meanwhile: freed,
    leads: [
      ['coord claim src/web/page.ts', 'claimed src/web/page.ts'],
      ['coord claim src/api/ --wait', 'claimed src/api/**'],
    ],
  },
  {
    what: 'a run that is refused is run again, and not only claimed',
    scene: held,
    typed: ['run', 'src/api', '--', 'echo', 'it ran'],
    exit: 3,
    meanwhile: freed,
    leads: [["coord run src/api/ --wait -- echo 'it ran'", 'it ran']],
  },
  {
    what: 'a run that waited without success',
    scene: held,
    typed: ['run', 'src/api', '--wait=1s', '--', 'echo', 'it ran'],
    exit: 9,
    meanwhile: freed,
    leads: [["coord run src/api/ --wait -- echo 'it ran'", 'it ran']],
  },
  {
    what: 'a lost claim that is renewed',
    scene: async (fleet) => {
      await fleet.as('noor', ['claim', 'src/web']);
      await fleet.as('maya', ['claim', 'src/web', '--take-over', '--reason', 'urgent']);
    },
    typed: ['renew', 'src/web'],
    exit: 4,
    meanwhile: freed,
    leads: [['coord claim src/web/', 'claimed src/web/**']],
  },
  {
    what: 'a note that is not there',
    typed: ['ack', 'n9'],
    exit: 2,
    leads: [['coord log', '']],
  },
  {
    what: 'a verb that is misspelt',
    typed: ['clam', 'src'],
    exit: 2,
    leads: [['coord help claim', 'coord claim']],
  },
];

describe('what is suggested works when it is pasted', () => {
  it.each(ROWS)('$what', async ({ scene, typed, exit, meanwhile, leads }) => {
    const fleet = await localFleet();
    await scene?.(fleet);
    const [program, json] = typed.includes('--')
      ? [typed.slice(typed.indexOf('--')), typed.slice(0, typed.indexOf('--'))]
      : [[], typed];
    const refused = await fleet.as('noor', [...json, '--json', ...program]);
    expect(refused.code).toBe(exit);
    await meanwhile?.(fleet);
    const suggested = suggestionsIn(refused.json());
    for (const [line, shown] of leads) {
      expect(suggested).toContain(line);
      expect(paste(fleet, 'noor', line)).toEqual({ code: 0, stdout: expect.stringContaining(shown) });
    }
  });

  it('a remote that is down: what is known here, and a claim that holds here', async () => {
    const fleet: SharedFleet = await sharedFleet();
    renameSync(fleet.remote, `${fleet.remote}.away`);
    const claim = await fleet.as('noor', ['claim', 'src/api', '--json']);
    expect([claim.code, suggestionsIn(claim.json())]).toEqual([7, ['coord claim src/api/ --offline']]);
    expect(paste(fleet, 'noor', 'coord claim src/api/ --offline')).toMatchObject({ code: 0 });
    const status = await fleet.as('noor', ['status', '--json']);
    expect([status.code, suggestionsIn(status.json())]).toEqual([7, ['coord status --no-fetch']]);
    expect(paste(fleet, 'noor', 'coord status --no-fetch')).toEqual({
      code: 0,
      stdout: expect.stringContaining('src/api/**'),
    });
  });
});

it.each([
  ['--wait=5', 'name the unit: --wait=5m for minutes, --wait=5s for seconds'],
  ['--wait=90', 'for example --wait=9m'],
  ['--wait=soon', 'for example --wait=9m'],
  ['--wait=10m', 'ask for --wait=9m or less'],
  ['--ttl=5', 'name the unit: --ttl=5m for minutes, --ttl=5s for seconds'],
  ['--ttl=never', 'for example --ttl=30m'],
  ['--ttl=5h', 'ask for --ttl=4h or less'],
])('%s is answered with a value that is taken', async (option, hint) => {
  const { box, clone } = await localFleet();
  const run = (...args: string[]) => inProcess(box).run('noor', clone, ['claim', 'src/web', '--json', ...args]);
  const refused = await run(option);
  expect([refused.code, refused.json().error.hint]).toEqual([2, expect.stringContaining(hint)]);
  for (const value of hint.match(/--\w+=\w+/g) ?? []) expect([value, (await run(value)).code]).toEqual([value, 0]);
});
