import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { needsOfFleet } from '../../src/dashboard/needs.js';
import { squarify } from '../../src/dashboard/page/treemap.js';
import { changed, Parts } from '../../src/dashboard/parts.js';
import type { ClaimRow, Folder, Picture } from '../../src/dashboard/picture.js';
import { Places, treeOf } from '../../src/dashboard/places.js';
import { contains, matches, overlaps } from '../../src/domain/ground/index.js';
import { patternTarget } from '../../src/domain/ground/patterns.js';
import { directoryTarget } from '../../src/domain/ground/targets.js';
import type { Agent, Waiter } from '../../src/domain/model.js';
import type { StatusReport } from '../../src/domain/status.js';
import { coord } from '../../src/domain/suggestion.js';
import { addSeconds } from '../../src/domain/time.js';

const NOW = '2026-11-21T12:00:00.000Z';
const segment = fc.constantFrom('a', 'b', 'c', 'src', 'test');
const paths = fc.uniqueArray(
  fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/')),
  {
    maxLength: 60,
  },
);

function claim(target: string, agent = 'maya', more: Partial<ClaimRow> = {}): ClaimRow {
  const times = { acquiredAt: addSeconds(NOW, -60), expiresAt: addSeconds(NOW, 1_800) };
  return {
    id: `c-${target}`,
    target,
    kind: 'path',
    mode: 'exclusive',
    agent,
    ...times,
    reason: null,
    reach: 'clone',
    token: 1,
    ...more,
  };
}

function waiter(text: string, agent = 'noor', more: Partial<Waiter> = {}): Waiter {
  const facts = {
    session: null,
    mode: 'exclusive',
    since: addSeconds(NOW, -30),
    expiresAt: addSeconds(NOW, 20),
  } as const;
  return {
    id: `w-${text}`,
    agent,
    targets: [{ kind: 'path', text }],
    ...facts,
    reason: null,
    passive: false,
    suspected: false,
    ...more,
  };
}

describe('the map of a repository', () => {
  const all = (folder: Folder): Folder[] => [folder, ...folder.children.flatMap(all)];

  it('counts each file once, and shows each in exactly one area', () => {
    fc.assert(
      fc.property(paths, (files) => {
        const tree = treeOf('repo', files);
        expect(tree.files).toBe(files.length);
        for (const { path, children, files: count } of all(tree)) {
          const below = files.filter((file) => path === '' || file === path || file.startsWith(`${path}/`)).length;
          expect([path, count]).toEqual([path, below]);
          for (const child of children) expect(child.path).toBe(path === '' ? child.name : `${path}/${child.name}`);
        }
      }),
    );
  });

  it('opens no more folders than can be told apart, the largest first', () => {
    const files = Array.from({ length: 3_000 }, (_, one) => `big/part${one % 30}/file${one}`).concat(
      'small/one',
      'small/two',
    );
    const areas = all(treeOf('repo', files));
    expect(areas.length).toBeLessThanOrEqual(402);
    expect(areas.filter(({ path }) => path === 'big/part0')).toMatchObject([{ files: 100 }]);
    expect(areas.filter(({ children }) => children.length > 0).length).toBeGreaterThan(2);
  });

  it('divides a box without a gap or an overlap, each area in proportion', () => {
    const weights = fc.array(fc.double({ min: 0.5, max: 500, noNaN: true }), { minLength: 1, maxLength: 40 });
    const side = fc.double({ min: 20, max: 2_000, noNaN: true });
    fc.assert(
      fc.property(weights, side, side, (unsorted, width, height) => {
        const sorted = unsorted.toSorted((a, b) => b - a);
        const boxes = squarify(sorted, { x: 0, y: 0, width, height });
        const total = sorted.reduce((sum, weight) => sum + weight, 0);
        expect(boxes).toHaveLength(sorted.length);
        for (const [index, box] of boxes.entries()) {
          expect((box.width * box.height) / (width * height)).toBeCloseTo((sorted[index] ?? 0) / total, 6);
          expect(box.x).toBeGreaterThan(-1e-6);
          expect(box.x + box.width).toBeLessThan(width + 1e-6);
          expect(box.y + box.height).toBeLessThan(height + 1e-6);
          for (const other of boxes.slice(index + 1)) {
            const [across, down] = (['x', 'y'] as const).map((axis) => {
              const long = axis === 'x' ? 'width' : 'height';
              return Math.min(box[axis] + box[long], other[axis] + other[long]) - Math.max(box[axis], other[axis]);
            });
            expect(Math.min(across ?? 0, down ?? 0)).toBeLessThan(1e-6);
          }
        }
      }),
    );
  });

  const targets = fc.oneof(
    fc.constantFrom(
      '**',
      '*',
      'src/**',
      'src/*',
      'src/**/*.ts',
      '**/a',
      'a/**',
      'a/b',
      '{a,b}/**',
      'src/[ab]/*',
      'src/new',
      '@a',
    ),
    fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/')),
    fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => `${parts.join('/')}/**`),
  );
  const held = (text: string, agent = 'maya') => claim(text, agent, { kind: patternTarget(text).kind });

  it('marks just the places that a target meets, by the engine that decides claims', () => {
    fc.assert(
      fc.property(paths, targets, fc.boolean(), (files, text, foldCase) => {
        const tree = treeOf('repo', files);
        const places = new Places(foldCase);
        const claims = [held(text)];
        places.take(tree, claims, []);
        const marked = places.places(claims, [], []);
        const target = patternTarget(text);
        // A file has nothing below it; a path that is not there yet might.
        const covered = ({ path, isFile }: Folder) =>
          isFile ? matches(target, path, { foldCase }) : contains(target, directoryTarget(path), { foldCase });
        const meets = ({ path, isFile }: Folder) => !isFile && overlaps(target, directoryTarget(path), { foldCase });
        const expected = (folder: Folder): string[] =>
          covered(folder)
            ? [`whole ${folder.path}`]
            : meets(folder)
              ? [`part ${folder.path}`, ...folder.children.flatMap(expected)]
              : [];
        const found = marked.map(
          ({ path, whole, inside }) => `${whole.length > 0 ? 'whole' : 'part'} ${path}${inside > 1 ? ' twice' : ''}`,
        );
        expect(found.sort()).toEqual(target.kind === 'resource' ? [] : expected(tree).sort());
      }),
    );
  });

  it('knows of each place what holds it, what is inside, who waits, and where somebody was stopped', () => {
    const hot = [{ target: 'src/api/**', refusals: 2, waits: 1, waitedSeconds: 5, agents: 1 }];
    const files = ['src/api/users.ts', 'src/web/a.ts', 'src/web/a.test.ts', 'docs/a.md'];
    const claims = [held('src/api/**'), held('src/web/a.ts', 'noor'), held('src/**/*.test.ts', 'sam'), held('@db')];
    const waiters = [waiter('src/api/users.ts')];
    const places = new Places(false);
    places.take(treeOf('repo', files), claims, waiters);
    const marks = new Map(places.places(claims, waiters, hot).map((place) => [place.path, place]));
    expect(marks.get('src/api')).toMatchObject({ inside: 1, waiting: 1, stops: 3, whole: [{ agent: 'maya' }] });
    expect(marks.get('src/web/a.test.ts')).toMatchObject({ whole: [{ agent: 'sam' }], waiting: 0, stops: 0 });
    expect(marks.get('src')).toMatchObject({ inside: 3, insiders: ['maya', 'noor', 'sam'], whole: [], stops: 3 });
    expect(marks.get('')).toMatchObject({ inside: 3, waiting: 1, stops: 3 });
    expect(marks.has('docs')).toBe(false);
  });

  it('tells whom each waiter waits for, whatever came first, and not of names that only begin alike', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            claims: fc.uniqueArray(targets, { maxLength: 4 }),
            waiters: fc.uniqueArray(targets, { maxLength: 3 }),
          }),
          { maxLength: 4 },
        ),
        (moments) => {
          const places = new Places(false);
          const tree = treeOf('repo', ['a/b', 'src/a/b']);
          for (const moment of moments) {
            const claims = moment.claims.map((text) => held(text));
            const waiters = moment.waiters.map((text) => waiter(text, 'noor', { targets: [patternTarget(text)] }));
            places.take(tree, claims, waiters);
            for (const one of waiters) {
              const met = claims.filter(({ kind, target }) =>
                one.targets.some((wanted) => overlaps({ kind, text: target }, wanted)),
              );
              expect([...places.waitedFor(one)].sort()).toEqual(met.map(({ id }) => id).sort());
            }
          }
        },
      ),
    );
  });
});

describe('what is sent to a page', () => {
  const row = fc.record({ id: fc.constantFrom('c1', 'c2', 'c3', 'c4', 'c5'), agent: fc.constantFrom('a', 'b') });
  const rows = fc.uniqueArray(row, { selector: ({ id }) => id, maxLength: 5 });
  const moment = fc.record({ claims: rows, tasks: rows, waiters: rows });

  it('makes of each picture the next one, whatever the page has seen of it', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(moment, fc.boolean()), { minLength: 1, maxLength: 8 }), (moments) => {
        const parts = new Parts();
        let [seen, version] = [{ claims: [], tasks: [], waiters: [] } as unknown as Picture, 0];
        for (const [next, isSent] of [...moments, [{ claims: [], tasks: [], waiters: [] }, true] as const]) {
          parts.take(next as unknown as Picture);
          if (!isSent) continue;
          seen = changed(seen, JSON.parse(parts.since(version)));
          version = parts.version;
          const byId = (list: readonly { readonly id: string }[]) => list.toSorted((a, b) => (a.id < b.id ? -1 : 1));
          for (const list of ['claims', 'tasks', 'waiters'] as const)
            expect(byId(seen[list])).toEqual(byId(next[list]));
        }
      }),
    );
  });

  it('sends of ten thousand claims just the one that has changed', () => {
    const parts = new Parts();
    const claims = Array.from({ length: 10_000 }, (_, one) => claim(`src/${one}.ts`));
    parts.take({ claims, tasks: [] } as unknown as Picture);
    const { version } = parts;
    const fresh = claim('src/new.ts');
    expect(parts.take({ claims: [...claims.slice(1), fresh], tasks: [] } as unknown as Picture)).toBe(true);
    expect(JSON.parse(parts.since(version))).toEqual({
      parts: {},
      lists: { claims: { isAll: false, gone: ['c-src/0.ts'], rows: [fresh] } },
    });
  });
});

describe('what needs somebody', () => {
  const agent: Agent = {
    ...{
      id: 'maya',
      role: 'peer',
      session: null,
      startedAt: null,
      lastSeen: NOW,
      state: null,
      rules: null,
      killed: null,
      revived: null,
    },
    losses: [],
  };
  const loss = { claim: 'c1', target: 'src/**', token: 1, session: null, by: 'noor', reason: 'asleep' } as const;
  const quiet = {
    ...{
      agent: null,
      claims: [],
      waiters: [],
      agents: [agent],
      tasks: [],
      deployments: [],
      intents: [],
      needs: [],
      now: NOW,
    },
    ...{ reach: 'clone', fetchedAt: NOW, clock: { agrees: true, newestStamp: null, behindSeconds: 0 } },
  } as unknown as StatusReport;
  const of = (more: object, facts: object = {}) => {
    const status: StatusReport = { ...quiet, ...more };
    const places = new Places(false);
    places.take(treeOf('repo', []), status.claims, status.waiters);
    return needsOfFleet(
      {
        ...{ status, places },
        notes: [],
        attempts: [],
        conflicts: { found: [], at: null },
        root: '/r',
        ...facts,
      },
      NOW,
    );
  };
  const attempt = {
    id: 'd2',
    target: 'prod',
    commit: 'x',
    agent: 'maya',
    startedAt: NOW,
    why: 'exit 1',
    step: 'run',
  } as const;
  const note = {
    id: 'n4',
    at: NOW,
    agent: 'maya',
    session: null,
    kind: 'proposal',
    text: 'may I?',
    to: [],
    target: null,
  };
  const work = { kind: 'worktree', agent: 'noor', worktree: '/r/two', branch: 'two' } as const;

  it('is nothing where all is well', () => {
    expect(
      of({ waiters: [waiter('a')], agents: [{ ...agent, losses: [{ ...loss, how: 'handed-over', at: NOW }] }] }),
    ).toEqual([]);
    expect(of({ agents: [{ ...agent, losses: [{ ...loss, how: 'expired', at: addSeconds(NOW, -7_200) }] }] })).toEqual(
      [],
    );
    const ended = [
      { ...attempt, outcome: 'failed' },
      { ...attempt, id: 'd3', outcome: 'done' },
    ];
    expect(of({}, { attempts: ended })).toEqual([]);
  });

  it.each([
    [
      'a wait longer than ten minutes, with who holds the ground',
      of({
        claims: [claim('src/api/**', 'maya', { kind: 'directory' })],
        waiters: [waiter('src/api/a.ts', 'noor', { since: addSeconds(NOW, -601) })],
      }),
      {
        kind: 'stuck-waiter',
        what: 'noor waits for src/api/a.ts, held by maya',
        next: 'coord note "noor waits for you" --to maya',
      },
    ],
    [
      'a wait longer than ten minutes, and not of who holds what only begins alike',
      of({
        claims: [claim('src/api/a.tsx', 'maya')],
        waiters: [waiter('src/api/a.ts', 'noor', { since: addSeconds(NOW, -601) })],
      }),
      { kind: 'stuck-waiter', what: 'noor waits for src/api/a.ts' },
    ],
    [
      'a wait longer than expected',
      of({ waiters: [waiter('a', 'noor', { suspected: true })] }),
      { kind: 'stuck-waiter', what: 'noor waits for a; longer than expected' },
    ],
    [
      'a claim that was lost',
      of({ agents: [{ ...agent, losses: [{ ...loss, how: 'taken-over', at: NOW }] }] }),
      { kind: 'lost-claim', what: 'maya lost src/**: taken over by noor "asleep"', next: 'coord status src/' },
    ],
    [
      'a claim whose time is over',
      of({
        claims: [
          claim('a', 'maya', { expiresAt: addSeconds(NOW, -5) }),
          claim('b', 'maya', { expiresAt: addSeconds(NOW, -9) }),
        ],
      }),
      { kind: 'expired-claim', what: "maya's claims have expired: a, b", since: addSeconds(NOW, -9) },
    ],
    [
      'an answer that is owed',
      of({}, { notes: [{ ...note, needsAck: ['noor'], ref: null, pending: ['noor'] }] }),
      { kind: 'ack', what: 'noor owes maya an answer: may I?', next: 'coord note "please answer n4" --to noor' },
    ],
    [
      'a result that nobody has integrated',
      of({ tasks: [{ id: 't3', title: 'pages', agent: 'w1', submission: 'n9', state: 'submitted', since: NOW }] }),
      { kind: 'submission', what: 'w1 handed over t3: pages', next: 'coord integrate n9' },
    ],
    [
      'a collision ahead',
      of(
        {},
        {
          conflicts: {
            found: [{ verdict: 'conflict', paths: ['f'], why: null, of: null, with: work, uncommitted: true }],
            at: NOW,
          },
        },
      ),
      { kind: 'conflict', what: "noor's two (two) would collide in f; not all of it is committed", since: NOW },
    ],
    [
      'a deploy that failed',
      of({}, { attempts: [{ ...attempt, outcome: 'failed' }] }),
      { kind: 'failed-deploy', next: 'coord deploy show d2' },
    ],
    [
      'a deploy that was blocked',
      of({}, { attempts: [{ ...attempt, outcome: 'blocked' }] }),
      { kind: 'blocked-deploy' },
    ],
    [
      'an agent that was stopped',
      of({ agents: [{ ...agent, killed: { by: 'lead', at: NOW, reason: 'loops' } }] }),
      { kind: 'stopped-agent', what: 'maya was stopped by lead: loops', next: 'coord agent revive maya' },
    ],
    [
      'a clock that disagrees',
      of({ clock: { agrees: false, newestStamp: NOW, behindSeconds: 90 } }),
      { kind: 'clock', next: 'coord doctor' },
    ],
  ])('is %s', (_, found, expected) => {
    expect(found).toEqual([expect.objectContaining(expected)]);
    for (const { next } of found) expect(next).toMatch(/^[ -~]+$/);
  });

  it('is told once of a result that is for whoever looks', () => {
    const need = { kind: 'submission', what: 'w1 handed over: pages', since: NOW, next: coord('integrate n9') };
    const tasks = [{ id: 't3', title: 'pages', agent: 'w1', submission: 'n9', state: 'submitted', since: NOW }];
    expect(of({ tasks, needs: [need] }).map(({ what }) => what)).toEqual(['w1 handed over: pages']);
  });

  it('stands in the order of its age', () => {
    const killed = { ...agent, killed: { by: 'lead', at: addSeconds(NOW, -9), reason: 'x' } };
    const found = of({ agents: [killed], waiters: [waiter('a', 'noor', { since: addSeconds(NOW, -900) })] });
    expect(found.map(({ kind }) => kind)).toEqual(['stuck-waiter', 'stopped-agent']);
  });
});

describe('the parts of a picture', () => {
  const picture = (needs: readonly object[], days: readonly object[]) => ({ needs, days }) as unknown as Picture;

  it('are sent again only where they have changed', () => {
    const parts = new Parts();
    expect(parts.take(picture([], []))).toBe(true);
    expect(parts.take(picture([], []))).toBe(false);
    const before = parts.version;
    expect(parts.take(picture([{ kind: 'ack' }], []))).toBe(true);
    expect(JSON.parse(parts.since(before))).toEqual({ parts: { needs: [{ kind: 'ack' }] }, lists: {} });
    expect(JSON.parse(parts.since(0)).parts).toEqual({ needs: [{ kind: 'ack' }], days: [] });
    expect(JSON.parse(parts.since(parts.version))).toEqual({ parts: {}, lists: {} });
  });
});
