import { expect, it } from 'vitest';
import { sharedFleet } from '../support/fleet.js';
import { sized, tally } from './support/battery.js';

/** Each in a clone of its own, all with a commit on the same main branch; what each does is what it is told to do. */
it('many land at once: first come first served, each rebases at most once, none starves', async () => {
  const { box, remote, as } = await sharedFleet();
  const agents = Array.from({ length: sized(5, 20) }, (_, index) => `agent-${index}`);
  const clones = new Map(agents.map((agent) => [agent, box.clone(remote)]));
  for (const [agent, clone] of clones) {
    const file = `src/${agent}.ts`;
    expect((await as(agent, ['claim', file], { cwd: clone })).code).toBe(0);
    box.write(clone, file, `by ${agent}\n`);
    box.git(clone, 'add', '--all');
    box.git(clone, '-c', 'core.hooksPath=', 'commit', '--quiet', '--message', `work of ${agent}`);
  }
  const failures: string[] = [];
  const land = async ([agent, cwd]: readonly [string, string]) => {
    for (let rebases = 0; ; rebases += 1) {
      const { code, stderr } = await as(agent, ['land', '--wait'], { cwd });
      if (code === 0) return rebases;
      if (code !== 5 || rebases > 0) failures.push(`${agent}, after ${rebases} rebases: exit ${code}: ${stderr}`);
      if (code !== 5) return rebases;
      box.git(cwd, '-c', 'core.hooksPath=', 'pull', '--quiet', '--rebase');
    }
  };
  const rebases = await Promise.all([...clones].map(land));

  const oldestFirst = (...args: string[]) => box.git(remote, 'log', '--reverse', ...args).split('\n');
  const landed = oldestFirst('--format=%s', 'main').flatMap((subject) => /^work of (.*)$/.exec(subject)?.[1] ?? []);
  expect(landed.toSorted()).toEqual(agents.toSorted());
  const came = oldestFirst('--format=%B', 'refs/coord/state').flatMap((line) => {
    if (!line.includes('"type":"wait.started"') || !line.includes('@land/main')) return [];
    return (JSON.parse(line) as { agent: string }).agent;
  });
  const served = landed.filter((agent) => came.includes(agent));
  if (served.join() !== came.join()) failures.push(`came ${came.join()}, landed ${served.join()}`);
  const { data } = (await as('looker', ['status', '--json'])).json();
  for (const { target } of [...data.claims, ...data.waiters]) failures.push(`${target} is left`);
  tally({
    test: 'land --wait: all land, in the order in which they came',
    tried: `${agents.length} agents, each with a commit, in ${clones.size} clones`,
    bar: 'each rebases at most once, first come first served',
    figures: `${came.length} waited, ${rebases.reduce((sum, one) => sum + one, 0)} rebases`,
    failures,
  });
});
