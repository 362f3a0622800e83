import { describe, expect, it } from 'vitest';
import { asTyped } from '../../src/domain/suggestion.js';
import { CoordError } from '../../src/errors.js';
import type { Environment } from '../../src/git/run.js';
import * as identity from '../../src/workspace/identity.js';

const CLAUDE = { CLAUDE_CODE_SESSION_ID: '12345678-abcd-4000-8000-000000000000' };
const MAYA = { agent: 'maya', session: 's1' };
const NOOR = { agent: 'noor', session: 's2' };

type Recorded = identity.Recorded['here'];

function recordOf(here: Recorded): identity.Recorded {
  return { here, agentOf: (session) => here.find((one) => one.session === session)?.agent ?? null };
}

const resolveIdentity = (flag: string | undefined, env: Environment, here: Recorded) =>
  identity.resolveIdentity(flag, env, recordOf(here));
const identityIfKnown = (flag: string | undefined, env: Environment, here: Recorded) =>
  identity.identityIfKnown(flag, env, recordOf(here));

function failure(...args: Parameters<typeof resolveIdentity>): CoordError {
  try {
    resolveIdentity(...args);
  } catch (error) {
    if (error instanceof CoordError) return error;
  }
  throw new Error('was not refused');
}

describe('who acts', () => {
  it('is what the option says, before all else', () => {
    expect(resolveIdentity('omar', { COORD_AGENT: 'maya', ...CLAUDE }, [NOOR]).agent).toBe('omar');
  });

  it('is COORD_AGENT, before the harness and the recorded session', () => {
    expect(resolveIdentity(undefined, { COORD_AGENT: 'maya', ...CLAUDE }, [NOOR]).agent).toBe('maya');
  });

  it('is the run that the harness exports, before the recorded session', () => {
    expect(resolveIdentity(undefined, CLAUDE, [NOOR])).toEqual({
      agent: 'claude-code-7f7115b1',
      session: CLAUDE.CLAUDE_CODE_SESSION_ID,
    });
  });

  it('is the one session recorded for this worktree', () => {
    expect(resolveIdentity(undefined, {}, [MAYA])).toEqual(MAYA);
  });

  it('is nobody where nothing says so, or only empty variables', () => {
    for (const env of [{}, { COORD_AGENT: '', CLAUDE_CODE_SESSION_ID: '' }]) {
      const error = failure(undefined, env, []);
      expect(error.code).toBe('usage');
      expect(asTyped(error.hint ?? '', { atRoot: true, agent: undefined })).toMatch(
        /--agent ID.*COORD_AGENT=ID.*coord session start/,
      );
      expect(error.details).toEqual({ candidates: [] });
    }
  });

  it('is the session of Codex in its sub-agents too, and not that of another that began with it', () => {
    const codex = (session: string, thread: string) => ({ CODEX_SESSION_ID: session, CODEX_THREAD_ID: thread });
    const root = '01a22c57-b9ac-7fe1-a82e-7ca40e744356';
    const own = resolveIdentity(undefined, codex(root, root), []);
    expect(own).toEqual({ agent: expect.stringMatching(/^codex-[0-9a-f]{8}$/), session: root });
    expect(resolveIdentity(undefined, codex(root, '01a22c57-c000-7000-8000-000000000000'), [])).toEqual(own);
    expect(resolveIdentity(undefined, { CODEX_THREAD_ID: root }, [])).toEqual(own);
    const beside = resolveIdentity(undefined, codex('01a22c57-b9ad-7abc-9000-111111111111', root), []);
    expect(beside.agent).not.toBe(own.agent);
  });

  it('is never a guess between several', () => {
    expect(failure(undefined, {}, [MAYA, NOOR]).details).toEqual({ candidates: ['maya', 'noor'] });
    const harnesses = { ...CLAUDE, CODEX_THREAD_ID: '0000-ffffffff' };
    expect(failure(undefined, harnesses, []).message).toContain('claude-code-7f7115b1, codex-80b05018');
  });

  it('is another for each session, however their ids are made and whenever they began', () => {
    const mac = '5c260a1b2c3d';
    const ways = [
      (n: number) => `01a22c57-b9ac-7fe1-a82e-7ca40e7${String(n).padStart(5, '0')}`,
      (n: number) => `0${n}a22c57-b9ac-11f0-8a2e-${mac}`,
      (n: number) => `ses_1a22c57b9ac${n}ffe1A82e7ca40e7`,
      (n: number) => `20261130T1745-run-${n}`,
    ];
    for (const way of ways) {
      const [one, two] = [1, 2].map((n) => identity.nameAfter('claude-code', way(n)));
      expect(one).not.toBe(two);
    }
  });

  it.each(['', ' maya', '-maya', 'ma ya', 'maya\n', '../x', 'a/b', 'é', 'x'.repeat(65), '<b>', '__proto__'])(
    'is never %j',
    (id) => {
      expect(failure(id, {}, []).code).toBe('usage');
    },
  );

  it('may have letters, digits and . _ @ + - up to 64', () => {
    for (const id of ['m', 'maya@host.example', 'a_b-c+1', 'x'.repeat(64), '0']) {
      expect(resolveIdentity(id, {}, []).agent).toBe(id);
    }
  });
});

describe('the session', () => {
  it('is COORD_SESSION, else the run of the harness, else the recorded one of this agent', () => {
    expect(resolveIdentity('maya', { COORD_SESSION: 'mine', ...CLAUDE }, [MAYA]).session).toBe('mine');
    expect(resolveIdentity('maya', CLAUDE, [MAYA]).session).toBe(CLAUDE.CLAUDE_CODE_SESSION_ID);
    expect(resolveIdentity('maya', {}, [MAYA, NOOR]).session).toBe('s1');
    expect(resolveIdentity('omar', {}, [MAYA]).session).toBeNull();
  });

  it('is refused when it cannot be one', () => {
    expect(failure('maya', { COORD_SESSION: 'a b' }, []).code).toBe('usage');
  });
});

describe('where an identity is not needed', () => {
  it('is null instead of a refusal', () => {
    expect(identityIfKnown(undefined, {}, [])).toBeNull();
    expect(identityIfKnown('bad id', {}, [])).toBeNull();
    expect(identityIfKnown('maya', {}, [])).toEqual({ agent: 'maya', session: null });
  });
});

describe('a session that was started here', () => {
  it('makes the run of the harness its agent’s', () => {
    const started = { agent: 'maya', session: CLAUDE.CLAUDE_CODE_SESSION_ID };
    expect(resolveIdentity(undefined, CLAUDE, [NOOR, started])).toEqual(started);
  });

  it('makes COORD_SESSION its agent’s, whatever harness runs and whoever else works here', () => {
    expect(resolveIdentity(undefined, { COORD_SESSION: 's2', ...CLAUDE }, [MAYA, NOOR])).toEqual(NOOR);
    const stranger = { COORD_SESSION: 's9' };
    expect(failure(undefined, stranger, [MAYA, NOOR]).details).toEqual({ candidates: ['maya', 'noor'] });
  });
});
