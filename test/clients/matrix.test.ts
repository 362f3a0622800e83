import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Fleet, localFleet } from '../support/fleet.js';
import { CELLS, type CellName } from './support/cells.js';
import { CLIENTS, type Client, whyNot } from './support/clients.js';
import { type ClientRun, runClient } from './support/rig.js';

/** A fleet with the client's guard, in which maya holds `src/web`. */
async function guarded(client: Client): Promise<Fleet> {
  const fleet = await localFleet();
  const { box, clone } = fleet;
  expect(await fleet.as('setter', ['guard', 'install', client.harness])).toMatchObject({ code: 0 });
  // A harness may hide the settings of the user from git.
  box.git(clone, 'config', 'user.name', 'Test Person');
  box.git(clone, 'config', 'user.email', 'test@coord.example');
  record(fleet);
  expect((await fleet.as('maya', ['claim', 'src/web', '--reason', 'pages'])).code).toBe(0);
  return fleet;
}

/** Commits all that is there, past the guard. */
function record({ box, clone }: Fleet): void {
  box.git(clone, 'add', '--all');
  box.git(clone, '-c', 'core.hooksPath=', 'commit', '--quiet', '--message', 'set up');
}

const HELD = 'src/web/page.ts';
const FREE = 'src/api/users.ts';

const textOf = (folder: string, file: string) => readFileSync(join(folder, file), 'utf8');

interface Told {
  readonly type: string;
  readonly agent: string;
  readonly target?: string;
}

/** What happened, as the history tells it, without what maya did. */
async function history(fleet: Fleet): Promise<Told[]> {
  const { data } = (await fleet.as('looker', ['events', '--all', '--json'])).json();
  return data.events.filter(({ agent }: Told) => agent !== 'maya');
}

async function held(fleet: Fleet): Promise<string[]> {
  const { data } = (await fleet.as('looker', ['status', '--json'])).json();
  return data.claims.filter(({ agent }: Told) => agent !== 'maya').map(({ target }: Told) => target);
}

/** Whether a request to the model holds a text that the answer to a tool call brought. */
function wasTold(run: ClientRun, after: number, text: string): boolean {
  return run.asked[after]?.includes(JSON.stringify(text).slice(1, -1)) ?? false;
}

const RUN: Readonly<Record<CellName, (client: Client) => Promise<void>>> = {
  held: async (client) => {
    const fleet = await guarded(client);
    const write = client.write(join(fleet.clone, HELD), 'stolen\n');
    const run = await runClient(client, fleet, fleet.clone, [
      ...write,
      { tools: [client.shell(`echo stolen > ${HELD}`)] },
      { tools: [client.shell('for f in src/web/*.ts; do sed -i s/page/stolen/ $f; done')] },
      { tools: [client.shell('cd src && python3 -c 0; git rm -q web/page.ts')] },
    ]);
    expect(run).toMatchObject({ code: 0 });
    expect(textOf(fleet.clone, HELD)).toBe('page\n');
    expect(run.asked).toHaveLength(write.length + 4);
    for (const after of [write.length, write.length + 1, write.length + 2, write.length + 3]) {
      expect([after, wasTold(run, after, 'held by maya')]).toEqual([after, true]);
    }
  },
  free: async (client) => {
    const fleet = await guarded(client);
    const run = await runClient(client, fleet, fleet.clone, [
      ...client.write(join(fleet.clone, FREE), 'by the tool\n'),
      { tools: [client.shell('echo by the shell >> src/api/new.ts; coord status --mine --json > mine.json')] },
    ]);
    expect(run).toMatchObject({ code: 0 });
    expect(textOf(fleet.clone, FREE)).toBe('by the tool\n');
    expect(textOf(fleet.clone, 'src/api/new.ts')).toBe('by the shell\n');
    const granted = (await history(fleet)).filter(({ type }) => type === 'claim.granted');
    expect(granted.map(({ target }) => target)).toEqual([FREE, 'src/api/new.ts']);
    expect(new Set(granted.map(({ agent }) => agent)).size).toBe(1);
    // The shell acts as the same agent as the hook.
    const mine = JSON.parse(textOf(fleet.clone, 'mine.json')).data.claims;
    expect(mine.map(({ target }: Told) => target)).toEqual([FREE, 'src/api/new.ts']);
  },
  manual: async (client) => {
    const fleet = await guarded(client);
    const config = JSON.parse(textOf(fleet.clone, 'coord.config.json'));
    fleet.box.write(fleet.clone, 'coord.config.json', JSON.stringify({ ...config, autoClaim: false }));
    record(fleet);
    const write = client.write(join(fleet.clone, FREE), 'unclaimed\n');
    const run = await runClient(client, fleet, fleet.clone, [
      ...write,
      { tools: [client.shell(`echo unclaimed > ${FREE}`)] },
      { tools: [client.shell(`coord claim ${FREE} --reason mine`)] },
      { tools: [client.shell(`echo claimed > ${FREE}`)] },
    ]);
    expect(run).toMatchObject({ code: 0 });
    expect(textOf(fleet.clone, FREE)).toBe('claimed\n');
    for (const after of [write.length, write.length + 1]) {
      expect([after, wasTold(run, after, 'nobody holds it')]).toEqual([after, true]);
    }
  },
  rules: async (client) => {
    const fleet = await guarded(client);
    const { data } = (await fleet.as('looker', ['rules', 'list', '--json'])).json();
    const [rule] = data.rules;
    const run = await runClient(client, fleet, fleet.clone, [{ text: 'done' }]);
    expect(run).toMatchObject({ code: 0 });
    expect(wasTold(run, 0, rule.text)).toBe(true);
  },
  ends: async (client) => {
    const fleet = await guarded(client);
    const run = await runClient(client, fleet, fleet.clone, [
      ...client.write(join(fleet.clone, FREE), 'committed\n'),
      { tools: [client.shell('git commit -qam work')] },
      ...client.write(join(fleet.clone, 'AGENTS.md'), 'not committed\n'),
      { tools: [client.shell('echo later > src/api/later.ts')] },
    ]);
    expect(run).toMatchObject({ code: 0 });
    expect(fleet.box.git(fleet.clone, 'log', '-1', '--format=%s')).toBe('work');
    const events = await history(fleet);
    expect(events.filter(({ type }) => type === 'agent.started')).toHaveLength(1);
    expect(events.filter(({ type }) => type === 'agent.ended')).toHaveLength(1);
    // What is in no commit stays with who wrote it.
    expect(await held(fleet)).toEqual(['AGENTS.md', 'src/api/later.ts']);
  },
  worktree: async (client) => {
    const fleet = await guarded(client);
    const { box, clone } = fleet;
    const tree = box.path('tree');
    box.git(clone, 'worktree', 'add', '--quiet', tree, '-b', 'tree');
    const write = client.write(join(tree, HELD), 'stolen\n');
    const run = await runClient(client, fleet, tree, [
      ...write,
      ...client.write(join(tree, FREE), 'mine\n'),
      { tools: [client.shell(`echo stolen > ${join(clone, HELD)}`)] },
    ]);
    expect(run).toMatchObject({ code: 0 });
    expect([textOf(tree, HELD), textOf(clone, HELD), textOf(tree, FREE)]).toEqual(['page\n', 'page\n', 'mine\n']);
    expect(wasTold(run, write.length, 'held by maya')).toBe(true);
    expect(await held(fleet)).toEqual([FREE]);
  },
  two: async (client) => {
    const fleet = await guarded(client);
    const both = await Promise.all(
      ['one', 'two'].map((name) =>
        runClient(client, fleet, fleet.clone, [
          { tools: [client.shell(`echo ${name} > src/api/${name}.ts`)] },
          { tools: [client.shell(`while ! [ -e src/api/one.ts -a -e src/api/two.ts ]; do sleep 0.1; done`)] },
          { tools: [client.shell(`echo ${name} > src/api/${name === 'one' ? 'two' : 'one'}.ts`)] },
        ]),
      ),
    );
    for (const run of both) {
      expect(run).toMatchObject({ code: 0 });
      expect(wasTold(run, 3, 'held by')).toBe(true);
    }
    for (const name of ['one', 'two']) expect(textOf(fleet.clone, `src/api/${name}.ts`)).toBe(`${name}\n`);
    const agents = (await history(fleet)).filter(({ type }) => type === 'claim.granted').map(({ agent }) => agent);
    expect(new Set(agents).size).toBe(2);
  },
  guards: async (client) => {
    const fleet = await guarded(client);
    const ways = [
      'git commit --no-verify -am x',
      'git push --no-verify origin HEAD',
      'HUSKY=0 git commit -am x',
      'rm -f .git/hooks/pre-commit',
      'git config core.hooksPath /dev/null',
      'coord guard uninstall',
    ];
    const run = await runClient(
      client,
      fleet,
      fleet.clone,
      ways.map((way) => ({ tools: [client.shell(way)] })),
    );
    expect(run).toMatchObject({ code: 0 });
    for (const [index, way] of ways.entries()) {
      expect([way, wasTold(run, index + 1, 'coord: refused')]).toEqual([way, true]);
    }
    expect(existsSync(join(fleet.clone, '.git/hooks/pre-commit'))).toBe(true);
  },
};

describe.each(CLIENTS.map((client) => [client.package, client] as const))('%s', (_name, client) => {
  const why = whyNot(client.program, client.package);
  if (why !== null) it.skip(why, () => undefined);
  else it.each(CELLS.map(({ name, title }) => [title, name] as const))('%s', (_title, name) => RUN[name](client));
});
