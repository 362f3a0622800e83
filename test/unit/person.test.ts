import { describe, expect, it } from 'vitest';
import { isPerson } from '../../src/workspace/identity.js';

const host = (interactive: boolean, isTTY: boolean, env: Record<string, string> = {}) => ({
  interactive,
  stdout: { isTTY, write: () => undefined },
  env,
});

describe('a person', () => {
  it('sits at a terminal', () => {
    expect(isPerson(host(true, true, { SHELL: '/bin/sh', CLAUDECODE: '' }))).toBe(true);
    expect(isPerson(host(false, true))).toBe(false);
    expect(isPerson(host(true, false))).toBe(false);
  });

  it.each(['COORD_AGENT', 'COORD_SESSION', 'CLAUDECODE', 'CLAUDE_CODE_SESSION_ID', 'CODEX_THREAD_ID', 'GEMINI_CLI'])(
    'has no %s in the environment',
    (name) => {
      expect(isPerson(host(true, true, { [name]: 'a1' }))).toBe(false);
    },
  );
});
