import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { type SharedFleet, sharedFleet } from '../support/fleet.js';

/** Runs coord as noor under limits of the shell that starts it; what it says on both streams, by line. */
function under({ box, clone }: SharedFleet, limits: string, line: string, to = '') {
  const script = `${limits}; exec '${process.execPath}' '${box.program}' ${line} ${to}`;
  const { status, stdout, stderr } = spawnSync('bash', ['-c', script], {
    cwd: clone,
    env: { ...box.env, COORD_AGENT: 'noor' },
    encoding: 'utf8',
  });
  return { status, lines: `${stdout}${stderr}`.split('\n').filter((text) => text !== '') };
}

async function heldBy({ as }: SharedFleet): Promise<string[]> {
  const { claims } = (await as('maya', ['status', '--json'])).json().data;
  return claims.map(({ target }: { target: string }) => target);
}

it('an answer that a full disk does not take is told of in a line, and what was granted stands', async ({ skip }) => {
  if (!existsSync('/dev/full')) skip('this system has no /dev/full');
  const fleet = await sharedFleet();
  for (const line of ['claim src/a', 'claim src/b --json', 'note hi', 'status', 'help']) {
    const { status, lines } = under(fleet, 'true', line, '> /dev/full');
    expect([line, status, lines]).toEqual([
      line,
      0,
      [expect.stringMatching(/^the answer could not be written \(ENOSPC/)],
    ]);
  }
  expect(await heldBy(fleet)).toEqual(['src/a', 'src/b']);
});

it('too few files are exit 7 in a message and its hint, or no hindrance, and what is said is so', async () => {
  const fleet = await sharedFleet();
  const granted: string[] = [];
  // With fewer, Node itself does not start.
  for (let files = 20; files <= 36; files += 1) {
    const { status, lines } = under(fleet, `ulimit -n ${files}`, `claim src/n${files}`);
    if (status === 0) granted.push(`src/n${files}`);
    // Node dies of too few by a signal of its own, before coord begins.
    if (status === null || status > 128) continue;
    const wanted = status === 0 ? [0, 1] : [7, 2];
    expect([files, status, lines.length, lines]).toEqual([files, ...wanted, lines]);
  }
  expect(granted.length).toBeGreaterThan(0);
  expect(await heldBy(fleet)).toEqual(granted);
});

it('a limit on the size of files is exit 7, and nothing was granted', async () => {
  const fleet = await sharedFleet();
  const { status, lines } = under(fleet, 'ulimit -f 0', 'claim src/a --json');
  expect(status).toBe(7);
  expect(JSON.parse(lines[0] ?? '').error).toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('EFBIG'),
  });
  expect(await heldBy(fleet)).toEqual([]);
});
