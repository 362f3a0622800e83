import { chmodSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { CoordEvent } from '../../src/domain/events.js';
import { eventsIn } from '../../src/store/format/commits.js';
import { type LandingFleet, landingFleet } from '../support/landing.js';

/** Races of a landing against a forced takeover; 200 by hand before a release. */
const RACES = Number(process.env.LAND_RACES ?? 15);
/** Moments at which a landing is killed; `all` of them by hand. */
const KILLS = process.env.LAND_KILLS === 'all' ? Number.POSITIVE_INFINITY : Number(process.env.LAND_KILLS ?? 6);

/** All events on the state ref of the remote, oldest first. */
function history({ box, remote }: LandingFleet): CoordEvent[] {
  return eventsIn(box.git(remote, 'log', '--reverse', '--first-parent', '--format=%B', 'coord/state'));
}

function landings(fleet: LandingFleet): unknown[] {
  return history(fleet).flatMap(({ type, commit }) => (type === 'work.landed' ? [commit] : []));
}

describe('coord land', () => {
  it('says in words what it did, and what is next', async () => {
    const fleet = await landingFleet();
    await fleet.as('maya', ['claim', 'src/api']);
    const commit = fleet.box.commit(fleet.clone, 'src/api/users.ts', 'more\n').slice(0, 7);
    const landed = await fleet.as('maya', ['land']);
    expect(landed.stdout).toBe(
      `landed ${commit} on origin/main (1 commit, 1 path)\nreleased src/api/** at ${commit} · the next holder must have it\n`,
    );
    fleet.box.commit(fleet.clone, 'src/api/users.ts', 'even more\n');
    const refused = await fleet.as('maya', ['land']);
    expect(refused.code).toBe(4);
    expect(refused.stderr).toBe(
      'not landed: 1 changed path is not under an exclusive claim that you hold\n' +
        '  src/api/users.ts: nobody holds it\n' +
        'next: coord claim src/api/users.ts && coord land\n',
    );
  });

  it('two at once: one lands, the other is behind and still holds its claim', async () => {
    const fleet = await landingFleet();
    const { box, clone, other } = fleet;
    await fleet.as('maya', ['claim', 'src/api']);
    await fleet.as('noor', ['claim', 'docs'], { cwd: other });
    const works = [box.commit(clone, 'src/api/users.ts', 'more\n'), box.commit(other, 'docs/a.md', 'a\n')];
    const results = await Promise.all([
      fleet.as('maya', ['land', '--json']),
      fleet.as('noor', ['land', '--json'], { cwd: other }),
    ]);
    expect(results.map(({ code }) => code).sort()).toEqual([0, 5]);
    const winner = results.findIndex(({ code }) => code === 0);
    expect(fleet.at('main')).toBe(works[winner]);
    expect(results[1 - winner]?.json().error.details.missing).toMatchObject([{ commit: works[winner] }]);
    const { claims } = (await fleet.as('ci', ['status', '--json'])).json().data;
    expect(claims).toMatchObject([{ agent: winner === 0 ? 'noor' : 'maya' }]);
    expect(landings(fleet)).toEqual([works[winner]]);
  });

  it('the same work by several processes at once: the same answer to all, one effect', async () => {
    const fleet = await landingFleet();
    await fleet.as('maya', ['claim', 'src/api']);
    const commit = fleet.box.commit(fleet.clone, 'src/api/users.ts', 'more\n');
    const results = await Promise.all([1, 2, 3].map(() => fleet.as('maya', ['land', '--json'])));
    for (const { code, stdout } of results) {
      expect(code, stdout).toBe(0);
      expect(JSON.parse(stdout).data).toMatchObject({ landed: true, commit, released: [{ target: 'src/api/**' }] });
    }
    expect(landings(fleet)).toEqual([commit]);
    expect(fleet.at('main')).toBe(commit);
  });
});

describe('a landing against a forced takeover of its claim', () => {
  it(`in ${RACES} races never lands after the loss, and never twice`, async () => {
    const fleet = await landingFleet();
    const { box, clone, other } = fleet;
    const first = fleet.at('main');
    const landed: string[] = [];
    let lost = 0;
    for (let race = 0; race < RACES; race += 1) {
      await fleet.as('maya', ['claim', 'src/api']);
      const before = fleet.at('main');
      const commit = box.commit(clone, 'src/api/users.ts', `work ${race}\n`);
      // Spreads the moments at which the two meet; whatever they are, the outcome must be one of two.
      const head = (race % 10) * 60;
      const steal = ['claim', 'src/api', '--take-over', '--reason', 'race', '--json'];
      const [land, theft] = await Promise.all([
        fleet.as('maya', ['land', '--json']),
        delay(head).then(() => fleet.as('noor', steal, { cwd: other })),
      ]);
      if (land.code === 0) {
        landed.push(commit);
        expect(land.json().data).toMatchObject({ landed: true, released: [{ target: 'src/api/**' }] });
        expect(fleet.at('main')).toBe(commit);
        // The released work binds the taker, who does not have it.
        expect(theft.json().error).toMatchObject({ code: 'behind', details: { missing: [{ commit }] } });
        box.git(other, 'pull', '--quiet', '--ff-only');
      } else {
        lost += 1;
        expect(land.json().error).toMatchObject({ code: 'lost', details: { paths: [{ why: 'taken-over' }] } });
        expect(fleet.at('main')).toBe(before);
        expect(theft.json().data.takenOver).toMatchObject([{ agent: 'maya' }]);
        await fleet.as('noor', ['release', 'src/api'], { cwd: other });
        box.git(clone, 'reset', '--quiet', '--hard', 'HEAD~1');
      }
    }
    expect(landed.length + lost).toBe(RACES);
    expect(landings(fleet)).toEqual(landed);
    expect(fleet.mainHistory()).toEqual([...landed.reverse(), ...fleet.mainHistory().slice(landed.length)]);
    expect(fleet.mainHistory()[landed.length]).toBe(first);
    const ends = new Map<unknown, string[]>();
    for (const { type, claim, agent } of history(fleet)) {
      if (agent === 'maya' && ['claim.released', 'claim.lost'].includes(type)) {
        ends.set(claim, [...(ends.get(claim) ?? []), type]);
      }
    }
    expect([...ends.values()].filter(([end]) => end === 'claim.released')).toHaveLength(landed.length);
    expect([...ends.values()].filter(([end]) => end === 'claim.lost')).toHaveLength(lost);
    expect([...ends.values()].every((types) => types.length === 1)).toBe(true);
    if (process.env.LAND_RACES) console.info(`${RACES} races: ${landed.length} landed, ${lost} lost their claim first`);
  }, 3_600_000);
});

/**
 * A `git` that kills its caller at the n-th call: `before` it does anything, `after` it has done it, or `orphaned`, when
 * it goes on alone.
 */
const DEADLY_GIT = `#!/bin/sh
n=$(($(cat "$CALLS" 2>/dev/null || echo 0) + 1))
echo $n > "$CALLS"
[ "$n" = "$KILL_AT" ] || exec "$REAL_GIT" "$@"
case $KILL_WHEN in
  before) kill -9 $PPID ;;
  orphaned) kill -9 $PPID; exec "$REAL_GIT" "$@" ;;
  after) "$REAL_GIT" "$@"; kill -9 $PPID ;;
esac
`;
const MOMENTS = ['before', 'orphaned', 'after'] as const;

describe('a landing that is killed', () => {
  it('gives the same answer when it is run again, and has one effect', async () => {
    const fleet = await landingFleet();
    const { box, clone } = fleet;
    chmodSync(box.write(box.directory, 'deadly/git', DEADLY_GIT), 0o755);
    const calls = box.path('calls');
    const path = box.env.PATH ?? '';
    const real = path.split(':').map((folder) => `${folder}/git`);
    const env = {
      PATH: `${box.path('deadly')}:${path}`,
      CALLS: calls,
      REAL_GIT: real.find((file) => existsSync(file)),
    };
    const landed: string[] = [];
    const land = async (killAt: number, when: string) => {
      await fleet.as('maya', ['claim', 'src/api']);
      landed.push(box.commit(clone, 'src/api/users.ts', `work ${landed.length}\n`));
      rmSync(calls, { force: true });
      return fleet.as('maya', ['land', '--json'], { env: { ...env, KILL_AT: String(killAt), KILL_WHEN: when } });
    };
    expect((await land(0, 'before')).code).toBe(0);
    const total = Number(readFileSync(calls, 'utf8'));
    expect(total).toBeGreaterThan(10);
    const points = [...Array(total).keys()].flatMap((call) => MOMENTS.map((when) => ({ at: call + 1, when })));
    const step = Math.max(1, points.length / KILLS);
    for (let index = step / 2; index < points.length; index += step) {
      const point = points[Math.floor(index)] ?? { at: 1, when: 'before' };
      await land(point.at, point.when);
      const commit = landed.at(-1);
      const again = await fleet.as('maya', ['land', '--json']);
      expect(again.code, `${JSON.stringify(point)}: ${again.stdout}`).toBe(0);
      const { data } = again.json();
      expect(data, JSON.stringify(point)).toMatchObject({ landed: true, commit, to: 'origin/main' });
      expect(data.released, JSON.stringify(point)).toMatchObject([{ target: 'src/api/**', agent: 'maya' }]);
      expect(fleet.at('main')).toBe(commit);
      expect(landings(fleet), JSON.stringify(point)).toEqual(landed);
      expect((await fleet.as('maya', ['status', '--json'])).json().data.claims).toEqual([]);
    }
    expect(fleet.mainHistory().slice(0, landed.length)).toEqual([...landed].reverse());
    if (process.env.LAND_KILLS) console.info(`killed ${landed.length - 1} times, at ${total} calls of git`);
  }, 3_600_000);
});
