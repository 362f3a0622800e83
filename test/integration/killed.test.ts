import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { localFleet } from '../support/fleet.js';
import { generator } from '../support/random.js';

const KILLS = Number(process.env.COORD_KILLS ?? 5);

describe('coord and its git, killed at any moment of a claim or a release', () => {
  it('leave what was acknowledged, and the next command works', async () => {
    const { box, clone, as } = await localFleet();
    const random = generator(Number(process.env.COORD_SEED ?? 1));
    /** Runs coord in a process group of its own, which is killed after so many milliseconds. */
    const killed = (args: readonly string[], ms: number) =>
      new Promise<boolean>((resolve) => {
        const env = { ...box.env, COORD_AGENT: 'maya' };
        const child = spawn(process.execPath, [box.program, ...args], { cwd: clone, env, detached: true });
        let acknowledged = false;
        child.stdout.on('data', () => {
          acknowledged = true;
        });
        const timer = setTimeout(() => process.kill(-(child.pid ?? 0), 'SIGKILL'), ms);
        child.on('close', () => {
          clearTimeout(timer);
          resolve(acknowledged);
        });
      });
    const heldBy = async (agent: string) => {
      const status = await as('looker', ['status', '--json']);
      expect(status.code).toBe(0);
      const claims: { agent: string; target: string }[] = status.json().data.claims;
      return claims.filter((claim) => claim.agent === agent).map((claim) => claim.target);
    };
    for (let round = 0; round < KILLS; round += 1) {
      const target = `src/${round}.ts`;
      const claimed = await killed(['claim', target], 40 + random() * 120);
      const held = await heldBy('maya');
      if (claimed) expect(held).toContain(target);
      expect((await as('maya', ['claim', target])).code).toBe(0);
      const released = await killed(['release', target], 40 + random() * 120);
      const left = await heldBy('maya');
      if (released) expect(left).not.toContain(target);
      expect((await as('noor', ['claim', `docs/${round}.md`])).code).toBe(0);
      expect(await heldBy('noor')).toHaveLength(round + 1);
    }
    expect(box.git(clone, 'fsck', '--strict', '--no-dangling')).toBe('');
  });
});
