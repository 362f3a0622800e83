import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { type Fleet, localFleet, until } from '../../support/fleet.js';
import type { CellName, SceneName } from './cells.js';
import { type Client, programOf } from './clients.js';
import type { Step } from './model.js';
import { type ClientRun, type RunTerms, runClient } from './rig.js';

/** Looks at one cell of a scene; a check that fails is that cell's alone. */
export type Look = (cell: CellName, check: () => unknown) => Promise<void>;

const HELD = 'src/web/page.ts';
const NOTEBOOK = 'src/web/notes.ipynb';
const FREE = 'src/api/users.ts';

/** A fleet with the client's guard, in which maya holds `src/web`. */
async function guarded(client: Client, change: object = {}): Promise<Fleet> {
  const fleet = await localFleet();
  const { box, clone } = fleet;
  client.own.write(box, clone);
  expect(await fleet.as('setter', ['guard', 'install', client.harness])).toMatchObject({ code: 0 });
  // A harness may hide the settings of the user from git.
  box.git(clone, 'config', 'user.name', 'Test Person');
  box.git(clone, 'config', 'user.email', 'test@coord.example');
  const config = JSON.parse(textOf(clone, 'coord.config.json'));
  box.write(clone, 'coord.config.json', JSON.stringify({ ...config, ...change }));
  const cell = { cell_type: 'code', id: 'c1', metadata: {}, outputs: [], execution_count: null, source: ['1'] };
  box.write(clone, NOTEBOOK, JSON.stringify({ cells: [cell], metadata: {}, nbformat: 4, nbformat_minor: 5 }));
  box.write(
    clone,
    '.gitignore',
    'own-ran\n.opencode/node_modules\n.opencode/package*\n.opencode/bun.lock\n.opencode/.gitignore\n',
  );
  box.git(clone, 'add', '--all');
  box.git(clone, '-c', 'core.hooksPath=', 'commit', '--quiet', '--message', 'set up');
  expect((await fleet.as('maya', ['claim', 'src/web', '--reason', 'pages'])).code).toBe(0);
  return fleet;
}

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

async function agentsOf(fleet: Fleet, event: string): Promise<string[]> {
  return [...new Set((await history(fleet)).filter(({ type }) => type === event).map(({ agent }) => agent))];
}

async function held(fleet: Fleet): Promise<string[]> {
  const { data } = (await fleet.as('looker', ['status', '--json'])).json();
  return data.claims
    .filter(({ agent }: Told) => agent !== 'maya')
    .map(({ target }: Told) => target)
    .sort();
}

async function aRule(fleet: Fleet): Promise<string> {
  const { data } = (await fleet.as('looker', ['rules', 'list', '--json'])).json();
  return JSON.stringify(data.rules[0].text).slice(1, -1);
}

/** The steps in a row, and for each the number of the request that brings what came of it. */
function inOrder(...groups: readonly (readonly Step[])[]): {
  readonly steps: readonly Step[];
  readonly after: number[];
} {
  const after = groups.map((_, index) => groups.slice(0, index + 1).flat().length);
  return { steps: groups.flat(), after };
}

/** Whether what came of a step holds this text: requests hold all that was said before as well. */
function came({ asked }: Pick<ClientRun, 'asked'>, at: number, text: string): boolean {
  const count = (body: string | undefined) => (body ?? '').split(text).length;
  return asked[at] !== undefined && count(asked[at]) > count(asked[at - 1]);
}

const shells = (client: Client, commands: readonly string[]) =>
  commands.map((command) => [{ tools: [client.shell(command)] }]);

const calls = (client: Client, all: readonly (readonly [name: string, args: object])[]) =>
  all.map(([name, args]) => [{ tools: [client.mcp(name, args)] }]);

async function waiters(fleet: Fleet): Promise<unknown[]> {
  return (await fleet.as('looker', ['status', '--no-fetch', '--json'])).json().data.waiters;
}

/** Registers the tools of coord with a client, as `coord guard install` says. */
function tooled(client: Client, { box, clone }: Fleet) {
  return {
    register: (_home: string, env: Readonly<Record<string, string>>) => {
      const said = spawnSync('coord', ['guard', 'install', client.harness], { cwd: clone, env, encoding: 'utf8' });
      const [, line = ''] = /^as MCP tools, in place of a shell: (.+)$/m.exec(said.stdout) ?? [];
      const path = `${dirname(programOf(client.program) ?? '')}:${env.PATH}`;
      const { status, stderr } = spawnSync('sh', ['-c', line], {
        cwd: clone,
        env: { ...env, PATH: path },
        encoding: 'utf8',
      });
      if (line === '' || status !== 0)
        throw new Error(`${said.stdout}${said.stderr}${line}: ${stderr} in ${box.directory}`);
      return {};
    },
  };
}

/** The shell in many forms, each of which would change what maya holds. */
const FORMS = [
  `echo stolen > ${HELD}`,
  `cd src/web && echo stolen >> page.ts`,
  `cat <<'END' > ${HELD}\nstolen\nEND`,
  `(sleep 0; echo stolen > ${HELD}) &`,
  'for f in src/web/*.ts; do sed -i s/page/stolen/ $f; done',
  `bash -c "echo stolen > ${HELD}"`,
  'find src -name "*.ts" -delete',
  'git ls-files src/web | xargs rm',
  `X=src/web; cp AGENTS.md $X/page.ts`,
  `tee ${HELD} < AGENTS.md`,
  'cd src && python3 -c 0; git rm -q web/page.ts',
  `git stash pop; mv ${HELD} src/web/other.ts`,
];

/** Ways to take the guards away. */
const WAYS = [
  'git commit --no-verify -am x',
  'git push --no-verify origin HEAD',
  'HUSKY=0 git commit -am x',
  'rm -f .git/hooks/pre-commit',
  'cp /bin/true .git/hooks/pre-push',
  'git config core.hooksPath /dev/null',
  'coord guard uninstall',
  'npx --no coord guard uninstall',
];

/** Each scene runs the client, and looks at its cells. */
export const SCENES: Readonly<Record<SceneName, (client: Client, look: Look) => Promise<void>>> = {
  async held(client, look) {
    const fleet = await guarded(client);
    const file = join(fleet.clone, HELD);
    const notebook = client.notebook?.(join(fleet.clone, NOTEBOOK)) ?? [];
    const { steps, after } = inOrder(client.write(file, 'stolen\n'), notebook, ...shells(client, FORMS));
    const run = await runClient(client, fleet, fleet.clone, steps);
    const [edited = 0, noted = 0, ...shell] = after;
    await look('rules', async () => expect(run.asked[0]).toContain(await aRule(fleet)));
    await look('edit', () => expect(textOf(fleet.clone, HELD)).toBe('page\n'));
    await look('notebook', () => {
      expect([came(run, noted, 'held by maya'), textOf(fleet.clone, NOTEBOOK)]).toEqual([
        true,
        expect.stringContaining('"1"'),
      ]);
    });
    await look('shell', () => {
      expect(FORMS.filter((_, index) => !came(run, shell[index] ?? 0, 'held by maya'))).toEqual([]);
      expect([textOf(fleet.clone, HELD), existsSync(join(fleet.clone, FREE))]).toEqual(['page\n', true]);
    });
    await look('told', () => {
      expect(run).toMatchObject({ code: 0 });
      expect(came(run, edited, 'held by maya')).toBe(true);
      expect(came(run, edited, 'next: coord claim')).toBe(true);
    });
  },
  async patch(client, look) {
    const fleet = await guarded(client);
    const { steps, terms } = client.patch?.(join(fleet.clone, HELD), 'stolen\n') ?? { steps: [], terms: {} };
    const run = await runClient(client, fleet, fleet.clone, steps, terms);
    await look('patch', () =>
      expect([textOf(fleet.clone, HELD), came(run, steps.length, 'held by maya')]).toEqual(['page\n', true]),
    );
  },
  async free(client, look) {
    const fleet = await guarded(client);
    const { clone, box } = fleet;
    const { steps } = inOrder(
      client.write(join(clone, FREE), 'by the tool\n'),
      ...shells(client, [
        'echo by the shell >> src/api/new.ts; coord status --mine --json > mine.json',
        'git commit -qam work',
      ]),
      client.write(join(clone, 'AGENTS.md'), 'not committed\n'),
    );
    const run = await runClient(client, fleet, clone, steps);
    await look('free', async () => {
      expect(run).toMatchObject({ code: 0 });
      expect([textOf(clone, FREE), textOf(clone, 'src/api/new.ts')]).toEqual(['by the tool\n', 'by the shell\n']);
      const granted = (await history(fleet)).filter(({ type }) => type === 'claim.granted');
      expect(granted.map(({ target }) => target)).toEqual([FREE, 'src/api/new.ts', 'AGENTS.md']);
    });
    await look('identity', async () => {
      const mine = JSON.parse(textOf(clone, 'mine.json')).data.claims;
      expect(mine.map(({ target }: Told) => target)).toEqual([FREE, 'src/api/new.ts']);
      expect(await agentsOf(fleet, 'claim.granted')).toEqual([mine[0].agent]);
    });
    await look('settings', () => {
      const text = textOf(clone, client.own.file);
      expect([existsSync(join(clone, 'own-ran')), text.includes('own-ran')]).toEqual([true, true]);
      for (const [comment] of client.own.text.matchAll(/\/\/ .*/g)) expect(text).toContain(comment);
    });
    await look('ends', async () => {
      expect(box.git(clone, 'log', '-1', '--format=%s')).toBe('work');
      const events = await history(fleet);
      const counts = ['agent.started', 'agent.ended'].map((kind) => events.filter(({ type }) => type === kind).length);
      expect(counts).toEqual([1, 1]);
      // What is in no commit stays with who wrote it.
      expect(await held(fleet)).toEqual(['AGENTS.md', 'src/api/new.ts']);
    });
  },
  async manual(client, look) {
    const fleet = await guarded(client, { autoClaim: false });
    const { clone } = fleet;
    const { steps, after } = inOrder(
      client.write(join(clone, FREE), 'unclaimed\n'),
      ...shells(client, [`echo unclaimed > ${FREE}`, `coord claim ${FREE} --reason mine`, `echo claimed > ${FREE}`]),
    );
    const killedOnce: RunTerms['killedOnce'] = ({ asked }) =>
      until(async () => asked.length > steps.length, 'the request after the last step');
    const run = await runClient(client, fleet, clone, steps, { killedOnce });
    await look('manual', () => {
      expect(after.slice(0, 2).map((at) => came(run, at, 'nobody holds it'))).toEqual([true, true]);
      expect(textOf(clone, FREE)).toBe('claimed\n');
    });
    await look('killed', async () => {
      expect([run.code, await held(fleet), await agentsOf(fleet, 'agent.ended')]).toEqual([null, [FREE], []]);
    });
    const again = await runClient(client, fleet, clone, [{ tools: [client.shell(`echo resumed > ${FREE}`)] }], {
      resumes: run,
    });
    await look('resumed', async () => {
      expect(again.asked[0]?.split(await aRule(fleet)).length).toBeGreaterThan(1);
      expect([textOf(clone, FREE), await agentsOf(fleet, 'claim.granted')]).toEqual([
        'resumed\n',
        [expect.any(String)],
      ]);
    });
  },
  async worktree(client, look) {
    const fleet = await guarded(client);
    const { box, clone } = fleet;
    const tree = box.path('tree');
    box.git(clone, 'worktree', 'add', '--quiet', tree, '-b', 'tree');
    const { steps, after } = inOrder(
      client.write(join(tree, HELD), 'stolen\n'),
      client.write(join(tree, FREE), 'mine\n'),
      ...shells(client, [`echo stolen > ${join(clone, HELD)}`, `echo there > ${join(clone, 'src/api/there.ts')}`]),
    );
    const run = await runClient(client, fleet, tree, steps);
    await look('worktree', () => {
      expect([textOf(tree, HELD), textOf(clone, HELD), textOf(tree, FREE)]).toEqual(['page\n', 'page\n', 'mine\n']);
      expect([came(run, after[0] ?? 0, 'held by maya'), came(run, after[2] ?? 0, 'held by maya')]).toEqual([
        true,
        true,
      ]);
    });
    await look('elsewhere', async () => {
      expect(await agentsOf(fleet, 'agent.ended')).toHaveLength(1);
      expect([await held(fleet), textOf(clone, 'src/api/there.ts')]).toEqual([['src/api/there.ts', FREE], 'there\n']);
    });
  },
  async two(client, look) {
    const fleet = await guarded(client);
    const { clone } = fleet;
    const both = await Promise.all(
      ['one', 'two'].map((name) =>
        runClient(client, fleet, clone, [
          { tools: [client.shell(`echo ${name} > src/api/${name}.ts`)] },
          { tools: [client.shell(`while ! [ -e src/api/one.ts -a -e src/api/two.ts ]; do sleep 0.1; done`)] },
          { tools: [client.shell(`echo ${name} > src/api/${name === 'one' ? 'two' : 'one'}.ts`)] },
          ...(name === 'one' ? shells(client, WAYS).flat() : []),
        ]),
      ),
    );
    await look('two', async () => {
      for (const run of both) expect([run.code, came(run, 3, 'held by')]).toEqual([0, true]);
      for (const name of ['one', 'two']) expect(textOf(clone, `src/api/${name}.ts`)).toBe(`${name}\n`);
      expect(await agentsOf(fleet, 'claim.granted')).toHaveLength(2);
    });
    await look('guards', () => {
      const [one] = both;
      expect(WAYS.filter((_, index) => !(one && came(one, index + 4, 'coord: refused')))).toEqual([]);
      expect(existsSync(join(clone, '.git/hooks/pre-commit'))).toBe(true);
    });
  },
  async delegate(client, look) {
    const fleet = await guarded(client);
    const { clone } = fleet;
    const part = [`echo stolen > ${HELD}`, 'echo part > src/api/part.ts; coord status --mine --json > part.json'];
    const run = await runClient(
      client,
      fleet,
      clone,
      [
        { tools: [client.delegate('do the part')] },
        // Some do not wait for it.
        { tools: [client.shell('while ! [ -e part.json ]; do sleep 0.1; done')] },
        { tools: [client.shell('echo main >> src/api/part.ts')] },
      ],
      { delegated: [...shells(client, part).flat(), client.delegateDone ?? { text: 'done' }] },
    );
    await look('delegate', async () => {
      expect(run).toMatchObject({ code: 0 });
      expect(came({ asked: run.askedByDelegate }, 1, 'held by maya')).toBe(true);
      expect([textOf(clone, HELD), textOf(clone, 'src/api/part.ts')]).toEqual(['page\n', 'part\nmain\n']);
      const mine = JSON.parse(textOf(clone, 'part.json')).data.claims;
      expect(mine.map(({ target }: Told) => target)).toEqual(['src/api/part.ts']);
      expect(await agentsOf(fleet, 'claim.granted')).toEqual([mine[0].agent]);
      expect(await agentsOf(fleet, 'agent.ended')).toEqual([mine[0].agent]);
    });
  },
  async compact(client, look) {
    const fleet = await guarded(client);
    const steps = shells(client, ['echo 1', 'echo 2', 'echo 3']).flat();
    const run = await runClient(client, fleet, fleet.clone, steps, client.compact.terms);
    // Some do it when they are told to.
    const told = client.compact.prompt;
    const ended = told
      ? await runClient(client, fleet, fleet.clone, [{ text: 'a summary' }], { resumes: run, prompt: told })
      : run;
    const last = told ? await runClient(client, fleet, fleet.clone, [], { resumes: ended }) : run;
    await look('compact', async () => {
      // Some leave the user’s words out as well, so that it looks like a request of a sub-agent.
      const body = last.askedByDelegate.at(-1) ?? last.asked.at(-1) ?? '';
      // What was said first is no longer there.
      expect(body).not.toContain('echo 1');
      expect(body).toContain(await aRule(fleet));
    });
  },
  async sandbox(client, look) {
    const fleet = await guarded(client);
    const { clone } = fleet;
    const { steps, after } = inOrder(client.write(join(clone, FREE), 'x\n'), ...shells(client, [`echo x > ${FREE}`]));
    const mount = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"';
    const within = (words: readonly string[]) => [
      'unshare',
      '--mount',
      'sh',
      '-c',
      mount,
      join(clone, '.git'),
      ...words,
    ];
    const run = await runClient(client, fleet, clone, steps, { within });
    await look('sandbox', () => {
      expect(run.code).toBe(0);
      expect(after.map((at) => came(run, at, 'read-only file system'))).toEqual([true, true]);
      expect([textOf(clone, FREE), existsSync(join(clone, 'src/api/new.ts'))]).toEqual(['users\n', false]);
    });
  },
  async tools(client, look) {
    const fleet = await guarded(client);
    const { clone } = fleet;
    await fleet.as('boss', ['task', 'add', 'write the part', '--scope', 'src/api/part.ts']);
    const queue = 'coord status --json > queue.json';
    const { steps, after } = inOrder(
      client.tools ?? [],
      ...calls(client, [
        ['claim', { targets: [FREE], reason: 'names' }],
        ['claim', { targets: [HELD, 'README.md'] }],
        ['take', {}],
      ]),
      ...shells(client, [`echo edited > ${FREE}`, 'echo part > src/api/part.ts']),
      ...calls(client, [
        ['submit', { paths: ['src/api/part.ts'], note: 'the part', to: 'boss' }],
        ['claim', { targets: [HELD], wait: true }],
      ]),
      ...shells(client, [queue]),
    );
    const { register } = tooled(client, fleet);
    const settings: RunTerms['settings'] = (home, env) => {
      register(home, env);
      return client.hurry?.(home, clone) ?? {};
    };
    const run = await runClient(client, fleet, clone, steps, { settings });
    await look('tools', async () => {
      const [, , refused = 0, taken = 0] = after;
      expect([came(run, refused, 'held by maya'), came(run, refused, 'coord claim README.md')]).toEqual([true, true]);
      expect(came(run, taken, 'write the part')).toBe(true);
      expect([textOf(clone, FREE), textOf(clone, 'src/api/part.ts')]).toEqual(['edited\n', 'part\n']);
      const { data } = (await fleet.as('boss', ['task', 'list', '--json'])).json();
      const [agent] = await agentsOf(fleet, 'agent.started');
      expect(data.tasks).toMatchObject([{ id: 't1', state: 'submitted', agent }]);
      expect(await agentsOf(fleet, 'claim.granted')).toEqual([agent]);
    });
    await look('cancelled', async () => {
      expect((await history(fleet)).filter(({ type }) => type === 'wait.started')).toHaveLength(1);
      expect(JSON.parse(textOf(clone, 'queue.json')).data.waiters).toEqual([]);
    });
  },
  async toolsOfTwo(client, look) {
    const fleet = await guarded(client);
    const { clone } = fleet;
    const runs = ['one', 'two'].map((name) => {
      const { steps } = inOrder(
        client.tools ?? [],
        ...calls(client, [['claim', { targets: [`src/api/${name}.ts`] }]]),
        ...shells(client, [`touch ${name}.done; while ! [ -e one.done -a -e two.done ]; do sleep 0.1; done`]),
        ...calls(client, [
          ['claim', { targets: [`src/api/${name === 'one' ? 'two' : 'one'}.ts`] }],
          ['claim', { targets: [HELD], wait: true }],
        ]),
      );
      const killedOnce: RunTerms['killedOnce'] = ({ asked }) =>
        until(async () => asked.length === steps.length && (await waiters(fleet)).length > 0, 'one that waits');
      return {
        steps,
        run: runClient(client, fleet, clone, steps, { settings: tooled(client, fleet).register, killedOnce }),
      };
    });
    const both = await Promise.all(runs.map(({ run }) => run));
    await look('toolsOfTwo', async () => {
      const last = (client.tools ?? []).length + 3;
      expect(both.map((run) => came(run, last, 'held by'))).toEqual([true, true]);
      expect(await agentsOf(fleet, 'claim.granted')).toHaveLength(2);
    });
    await look('toolsGone', async () => {
      expect(both.map(({ code }) => code)).toEqual([null, null]);
      await until(async () => (await waiters(fleet)).length === 0, 'an empty queue');
    });
  },
  async task(client, look) {
    const fleet = await guarded(client);
    await fleet.as('boss', ['task', 'add', 'write it', '--scope', 'src/api']);
    const tool = (name: string, args: object): Step => ({ tools: [{ name, args: { ...args } }] });
    const complete = tool('TaskUpdate', { taskId: '1', status: 'completed' });
    const steps = [
      tool('TaskCreate', { subject: 't1: write it', description: 'all of it' }),
      complete,
      { tools: [client.shell('coord task take t1 && coord task done t1 --result nothing')] },
      complete,
    ];
    // It offers the tools of its list to runs without a terminal only when it is told to.
    const run = await runClient(client, fleet, fleet.clone, steps, { env: { CLAUDE_CODE_ENABLE_TODO_TOOLS: '1' } });
    await look('task', () => {
      expect([2, 4].map((at) => came(run, at, 'is not done yet'))).toEqual([true, false]);
      expect(came(run, 4, 'Updated task #1 status')).toBe(true);
    });
  },
  async untrusted(client, look) {
    const fleet = await guarded(client);
    const { clone } = fleet;
    const file = join(clone, HELD);
    const run = await runClient(client, fleet, clone, client.write(file, 'unseen\n'), {
      within: (words) => words.filter((word) => word !== '--dangerously-bypass-hook-trust'),
    });
    await look('untrusted', async () => {
      expect(textOf(clone, HELD)).toBe('unseen\n');
      const told = await fleet.as('looker', ['doctor'], { env: { HOME: run.home } });
      expect(told.stdout).toContain('its user has not trusted these hooks');
      expect(fleet.box.tryGit(clone, 'commit', '-qam', 'x').code).not.toBe(0);
    });
  },
};
