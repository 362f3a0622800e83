import { expect, it } from 'vitest';
import { asTyped, command } from '../../../src/domain/suggestion.js';
import { CoordError } from '../../../src/errors.js';
import * as messages from '../../../src/store/swap/state-messages.js';

const REF = 'refs/coord/state';
const KNOWN = 'a'.repeat(40);
const TIP = 'b'.repeat(40);
const parted = { remote: 'origin', ref: REF, known: KNOWN, tip: TIP };
const [a, b] = ['aaaaaaa', 'bbbbbbb'];
const force = `git push --force-with-lease=${REF}:${TIP} origin ${KNOWN}:${REF}`;
const putBack = `git update-ref ${REF} ${KNOWN}`;
const remove = `rm "$(git rev-parse --git-path ${REF})"`;

/** Each with its reason, what its message must name, and the command that its hint must give. */
it.each([
  ['deleted here', messages.deletedHere(REF, KNOWN), 'deleted', [REF, a], [putBack]],
  [
    'rewritten here',
    messages.rewrittenHere(REF, KNOWN, TIP),
    'rewritten',
    [REF, a, b],
    [putBack, `refs/coord-local/known/coord/state ${TIP}`],
  ],
  [
    'merged',
    messages.mergedState(REF, TIP, [KNOWN, TIP]),
    'merged',
    [REF, b],
    [`${putBack}, or git update-ref ${REF} ${TIP}`],
  ],
  ['damaged', messages.damagedRef(REF, KNOWN), 'damaged', [REF], [remove, putBack]],
  [
    'damaged, and the remote has it',
    messages.damagedRef(REF, 'remote'),
    'damaged',
    [REF],
    [remove, 'comes back from the remote'],
  ],
  ['damaged, and nobody knows', messages.damagedRef(REF, null), 'damaged', [REF], ['git fsck --no-reflogs']],
  ['no commit', messages.notACommit(REF, { id: TIP, type: 'blob' }, KNOWN), 'damaged', ['a blob', b], [putBack]],
  ['nothing', messages.notACommit(REF, { id: TIP, type: null }, KNOWN), 'damaged', [b, 'cannot be read'], [putBack]],
  ['what it was', messages.notACommit(REF, { id: KNOWN, type: null }, KNOWN), 'damaged', [a], ['git fsck']],
  ['what nobody knows', messages.notACommit(REF, { id: TIP, type: 'tag' }, null), 'damaged', ['a tag'], ['git fsck']],
  [
    'a torn memory',
    messages.damagedMemory(REF, 'refs/x', 'torn'),
    'damaged',
    ['refs/x', 'cannot be read'],
    ['git log coord/state', 'rm "$(git rev-parse --git-path refs/x)"'],
  ],
  [
    'a memory of no commit',
    messages.damagedMemory(REF, 'refs/x', 'tree'),
    'damaged',
    ['a tree'],
    ['git update-ref -d refs/x'],
  ],
  [
    'an unreadable memory',
    messages.damagedMemory(REF, 'refs/x', null),
    'damaged',
    ['cannot be read'],
    ['git update-ref -d refs/x'],
  ],
  [
    'gone there',
    messages.goneThere('origin', REF, KNOWN),
    'deleted',
    ['origin', a],
    [`git push origin ${KNOWN}:${REF}`],
  ],
  ['no commit there', messages.noCommitThere(parted, 'tag'), 'damaged', ['origin', 'a tag', b], [force]],
  ['nothing there', messages.noCommitThere(parted, null), 'damaged', ['no commit'], [`last seen at ${KNOWN}`]],
  [
    'nothing there, and nobody knows',
    messages.noCommitThere({ ...parted, known: null }, 'tag'),
    'damaged',
    ['a tag'],
    ['git fsck'],
  ],
  [
    'rewound there',
    messages.rewrittenThere(parted, 'rewound'),
    'rewritten',
    ['rewound', a, b],
    [force, `refs/coord-local/remote/origin/coord/state ${TIP}`],
  ],
  [
    'rewritten there',
    messages.rewrittenThere(parted, 'rewritten'),
    'rewritten',
    ['rewritten', a, b],
    [force, `git update-ref ${REF} ${TIP}`],
  ],
  ['recreated there', messages.rewrittenThere(parted, 'recreated'), 'recreated', ['started over', a, b], [force]],
  [
    'ahead here',
    messages.aheadHere(parted),
    'ahead',
    ['origin', a, b, 'by hand'],
    [`git update-ref ${REF} ${TIP}`, `git push origin ${REF}`],
  ],
  [
    'apart',
    messages.neverShared(parted),
    'apart',
    ['origin', a, b],
    [`refs/coord/archive/before-origin ${KNOWN}`, `git update-ref -d ${REF} ${KNOWN}`],
  ],
] as const)('%s: which ref and commits, and the command that puts it right', (_, error, reason, named, commands) => {
  expect(error.code).toBe('corrupt');
  expect(error.details.reason).toBe(reason);
  expect(error.details.problems).toEqual([expect.stringMatching(/\w/)]);
  for (const word of named) expect(error.message).toContain(word);
  const said = asTyped(error.hint ?? '', { atRoot: true, agent: undefined });
  for (const command of commands) expect(said).toContain(command);
  expect(error.message).not.toMatch(/[0-9a-f]{8}|undefined|null/);
});

it('moved by hand: with what is wrong there', () => {
  const damage = new CoordError('corrupt', 'agents.json is damaged', { details: { file: 'agents.json' } });
  const error = messages.movedByHand(REF, { known: KNOWN, tip: TIP }, damage);
  expect(error).toMatchObject({
    code: 'corrupt',
    cause: damage,
    hint: `put it back: ${command(putBack)}`,
    details: { file: 'agents.json', known: KNOWN },
  });
  expect(error.message).toContain('agents.json is damaged');
});

it('compacted away, and a name that is taken', () => {
  expect(messages.compactedAway()).toMatchObject({ code: 'unavailable', details: { reason: 'compacted' } });
  expect(messages.compactedAway().hint).toContain('--request-id');
  expect(messages.nameTaken(REF, REF)).toMatchObject({
    code: 'usage',
    message: expect.stringContaining('something else'),
  });
  expect(messages.nameTaken(REF, 'refs/coord').message).toBe(`git cannot have ${REF} beside refs/coord`);
});

it('the memory of a ref stands among the private refs, of each remote and ref its own', () => {
  expect(messages.knownThere('origin', REF)).toBe('refs/coord-local/remote/origin/coord/state');
  expect(messages.knownHere('refs/heads/coord')).toBe('refs/coord-local/known/heads/coord');
});
