import { cpSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { agentOfSession, LocalSessions } from '../../../src/store/cache/local-sessions.js';
import { sandbox } from '../../support/sandbox.js';

interface Place {
  readonly gitDir: string;
  readonly commonDir: string;
  readonly root: string;
}

let place: Place;
let other: Place;

beforeEach(() => {
  const box = sandbox();
  const commonDir = box.path('one/.git');
  place = { gitDir: commonDir, commonDir, root: box.path('one') };
  other = { gitDir: join(commonDir, 'worktrees', 'two'), commonDir, root: box.path('two') };
  for (const { gitDir, root } of [place, other])
    for (const path of [gitDir, root]) mkdirSync(path, { recursive: true });
});

const MAYA = { agent: 'maya', session: 's1' };
const NOOR = { agent: 'noor@host.example', session: 's2' };

describe('the sessions of a worktree', () => {
  it('are listed as they were started, one an agent, and go when they end', () => {
    const sessions = new LocalSessions(place);
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
    new LocalSessions(place).add(MAYA);
    expect(new LocalSessions(other).list()).toEqual([]);
  });

  it('go with its git directory, and are not those of another folder', () => {
    const sessions = new LocalSessions(other);
    sessions.add(MAYA);
    renameSync(other.root, `${other.root}.moved`);
    expect(new LocalSessions({ ...other, root: `${other.root}.moved` }).list()).toEqual([MAYA]);
    cpSync(`${other.root}.moved`, other.root, { recursive: true });
    expect(new LocalSessions(other).list()).toEqual([]);
    rmSync(other.gitDir, { recursive: true });
    mkdirSync(other.gitDir);
    expect(new LocalSessions({ ...other, root: `${other.root}.moved` }).list()).toEqual([]);
  });

  it('are found by their id in every worktree', () => {
    new LocalSessions(other).add(NOOR);
    expect(['s1', 's2'].map((id) => agentOfSession(place, id))).toEqual([null, NOOR.agent]);
  });

  it('do not undo each other when two start at once', () => {
    const [one, two] = [new LocalSessions(place), new LocalSessions(place)];
    expect([one.list(), two.list()]).toEqual([[], []]);
    one.add(MAYA);
    two.add(NOOR);
    expect(new LocalSessions(place).list()).toEqual([MAYA, NOOR]);
  });

  it('are read past what is damaged', () => {
    const sessions = new LocalSessions(place);
    sessions.add(MAYA);
    const folder = join(place.gitDir, 'coord-sessions');
    const mark = readdirSync(folder)[0]?.replace('maya.json', '');
    for (const [name, text] of [
      ['broken.json', '{'],
      ['null.json', 'null'],
      ['half.json', '{"agent":"x"}'],
      ['maya.json.tmp', '{"agent":"x","session":"y"}'],
    ] as const) {
      writeFileSync(join(folder, `${mark}${name}`), text);
    }
    expect(sessions.list()).toEqual([MAYA]);
  });
});
