import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

/** How many operations; the figures of docs/performance.md are of a million. */
const OPERATIONS = Number(process.env.COORD_OPERATIONS ?? 400);

it('a long history that is compacted stays a state: the others follow, and every verb of the benchmark answers', () => {
  const args = [join(process.cwd(), 'bench/growth.mjs'), '--operations', `${OPERATIONS}`, '--rounds', '1', '--json'];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  // Each command of it, the audit of landed work among them, must end with exit 0 before and after.
  expect([status, stderr]).toEqual([0, '']);
  const { before, after } = JSON.parse(stdout);
  expect(before.commits).toBeGreaterThan(OPERATIONS * 0.8);
  expect(after.commits).toBeLessThan(before.commits / 4);
  expect(Object.keys(after)).toEqual(Object.keys(before));
});
