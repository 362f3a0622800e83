import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { GUARDED_HOOKS, hookScript, isHookScript, programIn } from '../../../src/guards/hook-script.js';

const PROGRAM = { node: '/usr/bin/node', coord: '/opt/coord/bin/coord.js' };

describe.each(GUARDED_HOOKS)('the script of %s', (hook) => {
  it('is known by its second line, also with other line ends', () => {
    const script = hookScript(hook, PROGRAM);
    expect(isHookScript(script)).toBe(true);
    expect(isHookScript(script.replaceAll('\n', '\r\n'))).toBe(true);
    expect(programIn(script.replaceAll('\n', '\r\n'))).toEqual(PROGRAM);
  });

  it.each(["/it's/here", "'", "''", '/a b/"c"/$HOME/`d`', '/back\\slash\\', "/new\nline'\n", '$1$&'])(
    'says where coord is: %j',
    (path) => {
      const script = hookScript(hook, { node: path, coord: path });
      expect(programIn(script)).toEqual({ node: path, coord: path });
      // The shell reads the same.
      const [assignments = ''] = script.split('\nkept=');
      const read = spawnSync('sh', ['-c', `${assignments}\nprintf '%s|%s' "$node" "$coord"`], { encoding: 'utf8' });
      expect(read.stdout).toBe(`${path}|${path}`);
    },
  );

  it('is plain POSIX sh', () => {
    expect(spawnSync('sh', ['-n'], { input: hookScript(hook, PROGRAM), encoding: 'utf8' }).stderr).toBe('');
  });
});

it.each(['', '#!/bin/sh\n', '#!/bin/sh\n# coord guard\n', '\u0000\n\u0000', 'coord guard run pre-commit\n'])(
  'other hooks are none of coord’s: %j',
  (content) => {
    expect(isHookScript(content)).toBe(false);
    expect(programIn(content)).toBeNull();
  },
);
