import { expect, it } from 'vitest';
import { localFleet } from '../../support/fleet.js';

it('begins with the commit that brings the configuration to the main branch, and nowhere else', async () => {
  const { box, clone, as } = await localFleet();
  const past = (...args: string[]) => box.git(clone, '-c', 'core.hooksPath=', ...args);
  const audit = async (range: string) => (await as('maya', ['audit', range])).code;
  const adoption = past('log', '--format=%H', '--diff-filter=A', '--', 'coord.config.json');
  expect(await audit(adoption)).toBe(0);
  expect(await audit(`${adoption}~1`)).toBe(0);

  box.write(clone, 'src/api/users.ts', 'after\n');
  past('commit', '-qam', 'after it');
  expect(await audit('HEAD~1..HEAD')).toBe(4);

  // Work on an older commit is made after the adoption all the same.
  past('switch', '-q', '-c', 'old', `${adoption}~1`);
  box.write(clone, 'src/api/users.ts', 'beside\n');
  past('commit', '-qam', 'beside it');
  expect(await audit('main..old')).toBe(4);

  // Whoever takes the configuration away and brings it back begins nothing.
  past('switch', '-q', 'main');
  past('rm', '-q', 'coord.config.json');
  past('commit', '-qm', 'away');
  past('checkout', '-q', 'HEAD~1', '--', 'coord.config.json');
  box.write(clone, 'src/api/users.ts', 'sneaked\n');
  past('commit', '-qam', 'back');
  expect(await audit('HEAD~1..HEAD')).toBe(4);
});
