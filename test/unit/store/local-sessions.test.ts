import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { LocalSessions } from '../../../src/store/cache/local-sessions.js';
import { sandbox } from '../../support/sandbox.js';

let directory: string;

beforeEach(() => {
  directory = sandbox().path('sessions');
});

const MAYA = { agent: 'maya', session: 's1' };
const NOOR = { agent: 'noor@host.example', session: 's2' };

describe('the sessions of a worktree', () => {
  it('are listed as they were started, one an agent, and go when they end', () => {
    const sessions = new LocalSessions(directory, 'main');
    expect(sessions.list()).toEqual([]);
    sessions.add(MAYA);
    sessions.add(NOOR);
    sessions.add({ ...MAYA, session: 's3' });
    expect(sessions.list()).toEqual([{ ...MAYA, session: 's3' }, NOOR]);
    sessions.remove('maya');
    sessions.remove('nobody');
    expect(sessions.list()).toEqual([NOOR]);
  });

  it('are not those of another worktree', () => {
    new LocalSessions(directory, 'main').add(MAYA);
    expect(new LocalSessions(directory, 'other').list()).toEqual([]);
  });

  it('do not undo each other when two start at once', () => {
    const [one, two] = [new LocalSessions(directory, 'main'), new LocalSessions(directory, 'main')];
    expect([one.list(), two.list()]).toEqual([[], []]);
    one.add(MAYA);
    two.add(NOOR);
    expect(new LocalSessions(directory, 'main').list()).toEqual([MAYA, NOOR]);
  });

  it('are read past what is damaged', () => {
    const sessions = new LocalSessions(directory, 'main');
    sessions.add(MAYA);
    mkdirSync(join(directory, 'main'), { recursive: true });
    for (const [name, text] of [
      ['broken.json', '{'],
      ['null.json', 'null'],
      ['half.json', '{"agent":"x"}'],
      ['maya.json.tmp', '{"agent":"x","session":"y"}'],
    ] as const) {
      writeFileSync(join(directory, 'main', name), text);
    }
    expect(sessions.list()).toEqual([MAYA]);
  });
});
