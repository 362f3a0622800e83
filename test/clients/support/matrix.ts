import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { CELLS, type CellName, clientsTable, type SceneName } from './cells.js';
import { CLIENTS, PINNED, whyNot } from './clients.js';
import { SCENES } from './scenes.js';

const GUIDE = new URL('../../../docs/guards.md', import.meta.url);

/** Whether a process may have a file system of its own here, in which a folder is read-only. */
const canMount = () => spawnSync('unshare', ['--mount', 'true'], { stdio: 'ignore' }).status === 0;

/** Runs each scene with a client, one test for each of its cells, and holds its column in docs/guards.md to what came of it. */
export function matrixOf(harness: string): void {
  const client = CLIENTS.find((one) => one.harness === harness);
  if (!client) throw new Error(harness);
  const why = whyNot(client.program, client.package);
  if (why !== null) {
    it.skip(`${client.package}: ${why}`, () => undefined);
    return;
  }
  const seen = new Map<CellName, unknown>();
  const running = new Map<SceneName, Promise<void>>();
  /** The first cell of a scene runs it; each cell is told apart. */
  const play = (scene: SceneName) => {
    const played =
      running.get(scene) ??
      SCENES[scene](client, async (cell, check) => {
        seen.set(cell, null);
        await Promise.resolve()
          .then(check)
          .catch((error) => seen.set(cell, error));
      });
    running.set(scene, played);
    return played;
  };
  describe(client.package, () => {
    for (const { scene, name, title } of CELLS) {
      if (client.not[name] !== undefined) continue;
      it.skipIf(name === 'sandbox' && !canMount())(title, async () => {
        await play(scene);
        if (!seen.has(name)) throw new Error(`${scene} has not looked at ${name}`);
        if (seen.get(name) !== null) throw seen.get(name);
      });
    }
    afterAll(() => {
      const column = clientsTable([{ ...client, not: { ...client.not, ...failures() } }], PINNED).split('\n');
      const told = readFileSync(GUIDE, 'utf8');
      const at = CLIENTS.indexOf(client);
      const cells = (line: string) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, ''));
      for (const line of column) {
        const [title = '', mark = ''] = cells(line);
        const inGuide = told.split('\n').find((one) => cells(one)[0] === title && cells(one).length > CLIENTS.length);
        if (/^[\w`]/.test(title)) expect([title, cells(inGuide ?? '')[at + 1]]).toEqual([title, mark]);
      }
    });
  });
  const failures = () =>
    Object.fromEntries([...seen].filter(([, error]) => error !== null).map(([name]) => [name, 'failed']));
}
