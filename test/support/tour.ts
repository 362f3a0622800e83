import { deployFleet } from './deploying.js';

type DeployFleet = Awaited<ReturnType<typeof deployFleet>>;

/** Runs one command line of an agent, which is to end with this exit code. */
export type Run = (
  agent: string,
  words: string,
  expected?: { readonly exit?: number; readonly cwd?: string },
) => Promise<void>;

/** A day of a fleet that uses nearly every verb. */
export async function tour(runner: (fleet: DeployFleet) => Run): Promise<void> {
  const fleet = await deployFleet();
  const { box, clone, land } = fleet;
  const bench = box.worktree(clone);
  const run = runner(fleet);
  await run('maya', 'session start --role orchestrator');
  await run('maya', 'init');
  await run('maya', 'claim src/api @db --reason why');
  await run('noor', 'claim src/api/users.ts README.md', { exit: 3 });
  await run('noor', 'session start', { cwd: bench });
  await run('noor', 'status', { cwd: bench });
  await run('noor', 'conflicts', { cwd: bench });
  await run('noor', 'conflicts --all', { cwd: bench });
  await run('maya', 'renew');
  await run('maya', 'verify-token src/api 1', { exit: 4 });
  await run('maya', 'handoff @db --to noor');
  await run('noor', 'handoff decline @db', { cwd: bench });
  await run('maya', 'handoff @db --to noor');
  await run('noor', 'handoff accept @db', { cwd: bench });
  await run('maya', 'claim @db --take-over --reason late');
  await run('maya', 'status docs --wait');
  await run('maya', 'run @x -- true');
  for (const words of ['once k -- echo hi', 'once k -- echo hi', 'once k --forget']) await run('maya', words);
  await run('maya', 'sync-check');
  await run('noor', 'note hello --to maya --needs-ack maya', { cwd: bench });
  await run('maya', 'inbox');
  await run('maya', 'ack n1');
  await run('maya', 'log');
  await run('maya', 'agent state busy');
  await run('maya', 'agent list');
  await run('maya', 'gate list');
  await run('maya', 'gate show tests');
  await run('maya', 'gate check prod');
  await run('maya', 'deploy prod --dry-run -- true');
  await run('maya', 'deploy prod -- true');
  await run('maya', 'deploy list');
  await run('maya', 'deploy show prod');
  land('src/web/b.ts');
  await run('maya', 'release src/api');
  await run('maya', 'claim src/web');
  box.commit(clone, 'src/web/b.ts', 'more\n');
  await run('maya', 'land');
  await run('maya', 'release --merged HEAD');
  await run('maya', 'doctor --compact --dry-run');
  await run('noor', 'sync-check', { exit: 5, cwd: bench });
  const hand = box.worktree(clone);
  await run('w1', 'session start --role worker', { cwd: hand });
  await run('w1', 'session scratch', { cwd: hand });
  box.write(hand, 'src/api/users.ts', 'changed\n');
  await run('w1', 'submit src/api --note paging', { cwd: hand });
  await run('maya', 'integrate');
  await run('maya', 'claim src/api');
  await run('maya', 'integrate n3 --patch');
  await run('maya', 'integrate n3');
  for (const words of ['events', 'metrics', 'doctor', 'audit HEAD~1..HEAD', 'rules list', 'rules lint']) {
    await run('maya', words);
  }
  for (const words of [
    'task add paging --scope lib',
    'task list',
    'task show t1',
    'task take',
    'task return --reason later',
    'task edit t1 --priority 1',
    'task take t1',
    'task done t1 --result paged',
    'task add more',
    'task drop t2 --reason no',
    'task report',
  ]) {
    await run('maya', words);
  }
  await run('maya', 'rules show verify-before-done');
  await run('noor', 'agent kill noor --reason slow', { exit: 6, cwd: bench });
  await run('maya', 'agent kill noor --reason slow');
  await run('maya', 'agent revive noor');
  for (const words of ['completion bash', 'help', 'help claim', 'session end']) await run('maya', words);
}
