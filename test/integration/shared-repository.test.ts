import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { localFleet } from '../support/fleet.js';

/** All that lies below a folder, itself included. */
function below(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return [folder, ...readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name))];
}

describe('a repository that is shared on one machine', () => {
  it.each([
    ['group', 0o060],
    ['0640', 0o040],
    ['all', 0o064],
    ['umask', 0o000],
  ])(
    'with core.sharedRepository %s has what coord makes for whom it says, and gives programs their own umask',
    async (setting, bits) => {
      const { box, clone, as } = await localFleet();
      box.git(clone, 'config', 'core.sharedRepository', setting);
      const before = new Set(below(join(clone, '.git')));
      const program = ['sh', '-c', `umask 077 && exec '${process.execPath}' '${box.program}' "$@"`, 'sh'];
      const coord = (...args: string[]) =>
        execFileSync(program[0] ?? '', [...program.slice(1), ...args], {
          cwd: clone,
          env: { ...box.env, COORD_AGENT: 'maya' },
          encoding: 'utf8',
        });
      coord('session', 'start');
      coord('claim', 'src/api');
      expect(coord('run', '@x', '--', 'sh', '-c', 'umask')).toBe('0077\n');
      coord('note', 'hello');
      coord('release', '--all');
      await as('maya', ['status']);
      const made = below(join(clone, '.git')).filter((path) => !before.has(path) && !path.includes('/cache'));
      expect(made.length).toBeGreaterThan(10);
      for (const path of made) {
        const stats = statSync(path);
        const isObject = /objects\/../.test(path) && stats.isFile();
        const wanted = isObject ? bits & 0o044 : bits;
        expect(`${path} ${(stats.mode & 0o066 & wanted).toString(8)}`).toBe(`${path} ${wanted.toString(8)}`);
        if (bits === 0) expect(`${path} ${(stats.mode & 0o066).toString(8)}`).toBe(`${path} 0`);
      }
    },
  );
});
