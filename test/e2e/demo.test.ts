import { spawnSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { sandbox } from '../support/sandbox.js';

const DEMO = fileURLToPath(new URL('../../scripts/demo.mjs', import.meta.url));

function demo(env: Readonly<Record<string, string>>) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [DEMO], { env, encoding: 'utf8' });
  return { status, stdout, stderr };
}

test('the demo plays to its end, with real output, and cleans up after itself', () => {
  const box = sandbox();
  const { status, stdout, stderr } = demo(box.env);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  const told = [
    '$ coord claim src/api --reason pagination',
    'held by maya',
    '$ coord release src/api',
    '$ coord sync-check',
    'exit 5',
    '$ coord log',
    'claim src/api/** by maya for 30m',
    '$ coord task add --from ../plan.md',
    'tried before: noor was stopped',
    '6 of 6 tasks done',
    'That was the main job.',
  ];
  let from = 0;
  for (const piece of told) {
    const at = stdout.indexOf(piece, from);
    expect([piece, at >= 0]).toEqual([piece, true]);
    from = at;
  }
  expect(readdirSync(box.env.TMPDIR ?? '')).toEqual([]);
});

/** Without what differs from run to run: times of day, tokens and commits. */
function withoutChance(text: string): string {
  return text
    .replace(/\b\d\d:\d\d\b/g, 'TIME')
    .replace(/token \d+/g, 'token N')
    .replace(/\b[0-9a-f]{7}\b/g, 'COMMIT');
}

test('the picture in the README is what the demo prints', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const picture = /```console\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  const scenes = withoutChance(picture)
    .split('\n\n')
    .map((scene) => scene.trim());
  expect(scenes.length).toBeGreaterThan(3);
  const printed = withoutChance(demo(sandbox().env).stdout);
  for (const scene of scenes) expect(printed).toContain(scene);
});

test('the settings and the identity of the machine do not get in', () => {
  const box = sandbox();
  box.write(
    box.home,
    '.gitconfig',
    '[commit]\n  gpgSign = true\n[core]\n  hooksPath = /nowhere\n[gpg]\n  program = false\n',
  );
  const { status, stdout } = demo({ ...box.env, COORD_AGENT: 'somebody', GIT_DIR: '/nowhere' });
  expect(status).toBe(0);
  expect(stdout).not.toContain('somebody');
});

test('a step that does otherwise than the story says ends it with exit 1, and nothing is left behind', () => {
  const box = sandbox();
  const real = spawnSync('sh', ['-c', 'command -v git'], { env: box.env, encoding: 'utf8' }).stdout.trim();
  const failing = `#!/bin/sh\ncase "$*" in *push*) exit 1 ;; esac\nexec '${real}' "$@"\n`;
  chmodSync(box.write(box.directory, 'bin/git', failing), 0o755);
  const { status, stderr } = demo({ ...box.env, PATH: `${box.path('bin')}:${box.env.PATH}` });
  expect(status).toBe(1);
  expect(stderr).toMatch(/not as the story says: git .*push.* ended with 1, not 0/);
  expect(readdirSync(box.env.TMPDIR ?? '')).toEqual([]);
});
