import { spawn } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { localFleet } from '../support/fleet.js';
import { follow } from './follower.js';

describe('coord status', () => {
  it('is one screen: what needs the reader, who holds what, and which tasks there are', async () => {
    const fleet = await localFleet();
    await fleet.as('maya', ['agent', 'state', 'here']);
    await fleet.as('noor', ['claim', 'src/api', '--reason', 'pagination']);
    await fleet.as('noor', ['handoff', 'src/api', '--to', 'maya']);
    await fleet.as('noor', ['note', 'may I\u202e?', '--kind', 'proposal', '--to', 'maya', '--needs-ack', 'maya']);
    await fleet.as('noor', ['task', 'add', 'paginate', '--scope', 'docs']);
    const { stdout } = await fleet.as('maya', ['status']);
    const [offer, ack, head, claim, task] = stdout.trimEnd().split('\n');
    expect(offer).toMatch(/^needs you: noor offers you src\/api\/\*\* \(\d+s\): coord handoff accept src\/api\/$/);
    expect(ack).toMatch(/^needs you: noor waits for your answer: may I\\u202e\? \(\d+s\): coord ack \S+$/);
    expect(head).toMatch(/^TARGET +HOLDER/);
    expect(claim).toMatch(/^src\/api\/\*\* +noor +exclusive +30m/);
    expect(task).toBe('task: t1 paginate (ready)');
    const { data } = (await fleet.as('maya', ['status', '--json'])).json();
    expect(data).toMatchObject({ needs: [{ kind: 'offer' }, { kind: 'ack' }], tasks: [{ id: 't1' }], deployments: [] });
    expect((await fleet.as('omar', ['status', '--json'])).json().data.needs).toEqual([]);
  });

  it('of some targets shows what overlaps them, and nothing else', async () => {
    const fleet = await localFleet();
    await fleet.as('noor', ['claim', 'src/api', 'docs']);
    await fleet.as('noor', ['task', 'add', 'write', '--scope', 'docs/guide.md']);
    await fleet.as('noor', ['task', 'add', 'code', '--scope', 'src/web']);
    const { data } = (await fleet.as('maya', ['status', 'docs', '--json'])).json();
    expect(data).toMatchObject({ claims: [{ target: 'docs' }], tasks: [{ title: 'write' }], needs: [] });
    expect(data.claims).toHaveLength(1);
    expect(data.tasks).toHaveLength(1);
  });
});

interface Shown {
  readonly data: { readonly claims: readonly { readonly target: string }[] };
}

describe('coord status --watch', () => {
  it('prints an envelope for each change, and ends when it is asked to', async () => {
    const fleet = await localFleet();
    const watcher = follow<Shown>(fleet.box, fleet.clone, [], ['status', '--watch']);
    await watcher.sees(({ data }) => data.claims.length === 0);
    await fleet.as('noor', ['claim', 'src/api']);
    await watcher.sees(({ data }) => data.claims.some(({ target }) => target === 'src/api/**'));
    await fleet.as('noor', ['release', 'src/api']);
    await watcher.sees(({ data }) => watcher.events.length > 2 && data.claims.length === 0);
    watcher.process.kill('SIGTERM');
    expect((await watcher.ended).code).toBe(0);
  });

  it('shows 200 claims, says how many more there are, and all with --all or --json', async () => {
    const fleet = await localFleet();
    await fleet.as('noor', ['claim', ...Array.from({ length: 203 }, (_, number) => `src/many/${number}.ts`)]);
    for (const lane of ['on', 'off']) {
      const status = (...args: string[]) => fleet.as('maya', ['status', ...args], { env: { COORD_LANE: lane } });
      const lines = (await status()).stdout.trimEnd().split('\n');
      expect(lines).toHaveLength(1 + 200 + 1);
      expect(lines.at(-1)).toBe('and 3 more claims: coord status --all');
      expect((await status('--all')).stdout.trimEnd().split('\n')).toHaveLength(1 + 203);
      expect((await status('--json')).json().data.claims).toHaveLength(203);
    }
  });

  it('draws the screen again in place on a terminal', async () => {
    const fleet = await localFleet();
    await fleet.as('noor', ['claim', 'src/api']);
    const line = `'${process.execPath}' '${fleet.box.program}' status --watch`;
    const terminal = spawn('script', ['-qec', line, '/dev/null'], { cwd: fleet.clone, env: fleet.box.env });
    let output = '';
    const shows = (text: string) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (output.includes(text)) resolve();
        };
        terminal.stdout.on('data', (chunk: Buffer) => {
          output += chunk.toString('utf8');
          look();
        });
        look();
      });
    await shows('src/api/**');
    await fleet.as('noor', ['claim', 'docs']);
    await shows('docs ');
    terminal.kill('SIGKILL');
    const screens = output.split('\u001b[H\u001b[J');
    expect(screens.length).toBeGreaterThan(2);
    expect(screens[0]).toBe('');
  });
});
