import { beforeEach, describe, it } from 'vitest';
import { coordInProcess } from '../support/in-process.js';
import { commitFiles, type Entry, fileOn, hashed } from '../support/plumbing.js';
import { type Sandbox, sandbox } from '../support/sandbox.js';
import { FULL, tally } from './support/battery.js';

let box: Sandbox;
let clone: string;
let begin: string;

const as = (agent: string, ...args: readonly string[]) =>
  coordInProcess(box, clone, args, { env: { COORD_AGENT: agent } });

/** A branch with a bit of everything. */
beforeEach(async () => {
  box = sandbox();
  clone = box.repository();
  box.commit(clone, 'src/a.ts', 'a');
  await as('maya', 'init', '--local');
  box.git(clone, 'add', '.');
  box.git(clone, 'commit', '--quiet', '--message', 'set coord up');
  await as('maya', 'claim', 'src/a.ts', 'naïve/日本語.md', '--reason', 'both "quotes" and \\ and {"agent": 1}');
  await as('noor', 'claim', 'docs', '--shared');
  await as('noor', 'claim', '@db/main');
  await as('noor', 'release', '@db/main');
  for (const text of ['first', 'second']) await as('noor', 'note', text, '--to', 'maya');
  begin = box.git(clone, 'rev-parse', 'refs/coord/state');
});

/**
 * Puts files on the branch, and asks what reads them.
 * @returns what is wrong with the answers: each must be exit 8, and leave every ref as it was.
 */
async function answersTo(
  what: string,
  files: Readonly<Record<string, Entry | null>>,
  asked: readonly (readonly string[])[] = CLAIMS_READERS,
): Promise<string[]> {
  // What an answer to the case before may have left must not be what is refused now.
  box.git(clone, 'update-ref', 'refs/coord-local/known/coord/state', begin);
  commitFiles(box, clone, files, [begin]);
  const failures: string[] = [];
  const refs = () => box.git(clone, 'for-each-ref');
  const before = refs();
  for (const args of asked) {
    const { code, stdout, stderr } = await as('maya', ...args);
    if (code !== 8) failures.push(`${what}: ${args[0]} exit ${code} ${stdout}${stderr.slice(0, 300)}`);
    else if (!stderr.includes('next: ') || hasControls(stderr)) failures.push(`${what}: ${JSON.stringify(stderr)}`);
  }
  if (refs() !== before) failures.push(`${what}: the state was touched`);
  return failures;
}

const CLAIMS_READERS = [['status'], ['claim', 'src/new.ts'], ['release', '--all']];
const LOG_READERS = [['log'], ['note', 'third']];

function hasControls(text: string): boolean {
  return [...text].some((char) => char !== '\n' && (char < ' ' || char === '\x7f'));
}

/** Where to cut a file: at each byte in the battery; else about each kind of byte that it has, once. */
function cuts(whole: Buffer): number[] {
  const all = Array.from({ length: whole.length - 1 }, (_, at) => at);
  const kinds = new Map(all.map((at) => [`${kindOf(whole[at - 1])}|${kindOf(whole[at])}`, at]));
  return FULL ? all : [0, 1, ...kinds.values()];
}

function kindOf(byte: number | undefined): string {
  if (byte === undefined) return 'none';
  if (byte >= 0x80) return byte >= 0xc0 ? 'first of several' : 'one of several';
  const char = String.fromCharCode(byte);
  if (/[a-z]/i.test(char)) return 'letter';
  return /[0-9]/.test(char) ? 'digit' : char;
}

/** The text with a change that must be there to be made. */
function changed(text: string, from: string | RegExp, to: string): Buffer {
  const result = text.replace(from, () => to);
  if (result === text) throw new Error(`nothing to change: ${from}`);
  return Buffer.from(result);
}

/** What nobody but a bad hand or a bad tool can have written. */
function hostile(claims: string): Record<string, Buffer> {
  const record = /^\{"id".*"src\/a\.ts".*\}/m.exec(claims)?.[0] ?? '';
  return {
    empty: Buffer.alloc(0),
    'a NUL byte': changed(claims, 'maya', 'ma\0ya'),
    'NULs alone': Buffer.alloc(4096),
    'invalid UTF-8 in a text': Buffer.concat([
      Buffer.from(claims.slice(0, claims.indexOf('quotes'))),
      Buffer.from([0xc3, 0x28, 0xff]),
      Buffer.from(claims.slice(claims.indexOf('quotes'))),
    ]),
    'UTF-16': Buffer.from(claims, 'utf16le'),
    'a newer format': changed(claims, '"format": 1', '"format": 2'),
    'a format that is no number': changed(claims, '"format": 1', '"format": "1"'),
    'a huge format': changed(claims, '"format": 1', '"format": 1e999'),
    'no format': changed(claims, '"format": 1,\n', ''),
    'the claims twice, the second time none': changed(claims, '"waiters"', '"claims": [],\n"waiters"'),
    'the claims twice, with blanks': changed(claims, '"waiters"', '"claims" \n: [],\n"waiters"'),
    'a key by another spelling': changed(claims, '"waiters"', '"cl\\u0061ims": [],\n"waiters"'),
    'an agent twice in a record': changed(claims, '"agent":"maya"', '"agent":"maya","agent":"noor"'),
    'a record twice': changed(claims, record, `${record},\n${record}`),
    'a token twice': changed(claims, record, `${record},\n${record.replace(/"id":"[^"]*"/, '"id":"other"')}`),
    'a huge token': changed(claims, /"token":\d+/, '"token":1e308'),
    'an endless token': changed(claims, /"token":\d+/, '"token":1e999'),
    'a token beyond what can be counted': changed(claims, /"token":\d+/, '"token":9007199254740993'),
    'a negative token': changed(claims, /"token":\d+/, '"token":-1'),
    'a half token': changed(claims, /"token":\d+/, '"token":1.5'),
    'a last token that is smaller': changed(claims, /"lastToken": \d+/, '"lastToken": 1'),
    'a huge time to live': changed(claims, /"ttlSeconds":\d+/, '"ttlSeconds":1e999'),
    'an instant that is none': changed(claims, /"expiresAt":"[^"]*"/, '"expiresAt":"2026-13-41T25:61:61.000Z"'),
    '__proto__ beside the lists': changed(claims, '"waiters"', '"__proto__": {"claims": []},\n"waiters"'),
    '__proto__ in a record': changed(claims, '"agent":"maya"', '"agent":"maya","__proto__":{"agent":"noor"}'),
    '__proto__ for a field': changed(claims, '"agent":"maya"', '"__proto__":{"agent":"maya"}'),
    'constructor in a record': changed(claims, '"agent":"maya"', '"agent":"maya","constructor":{}'),
    'a list in the place of a text': changed(claims, '"agent":"maya"', '"agent":["maya"]'),
    'a hundred thousand brackets': Buffer.from('['.repeat(100_000)),
    null: Buffer.from('null\n'),
    'a list': Buffer.from('[]\n'),
    'a text': Buffer.from('"claims"\n'),
    'a conflict of git': changed(claims, '"waiters"', '<<<<<<< ours\n=======\n>>>>>>> theirs\n"waiters"'),
    'escapes in a name that is unknown': changed(claims, '"agent":"maya"', '"agent":"maya","\\u001b[2J\\n":1'),
  };
}

describe('claims.json', () => {
  it('cut off anywhere is refused', async () => {
    const whole = fileOn(box, clone, 'claims.json');
    const failures: string[] = [];
    const places = cuts(whole);
    for (const at of places) {
      failures.push(...(await answersTo(`cut at ${at}`, { 'claims.json': whole.subarray(0, at) }, [['claim', 'x']])));
    }
    tally({
      test: '8 claims.json cut off',
      tried: `${places.length} of ${whole.length} places`,
      bar: 'exit 8, the state untouched',
      failures,
    });
  });

  it('hostile, is refused with what is wrong', async () => {
    const cases = Object.entries(hostile(fileOn(box, clone, 'claims.json').toString()));
    const failures: string[] = [];
    for (const [what, body] of cases) failures.push(...(await answersTo(what, { 'claims.json': body })));
    tally({
      test: '8 hostile claims.json',
      tried: `${cases.length} files`,
      bar: 'exit 8, the state untouched',
      failures,
    });
  });

  it('that is not a file, is refused', async () => {
    const link = hashed(box, clone, Buffer.from('../../etc/passwd'));
    const tree = box.git(clone, 'rev-parse', 'main^{tree}');
    const cases: Record<string, Record<string, Entry | null>> = {
      'a symbolic link': { 'claims.json': { mode: '120000', id: link } },
      'a folder': { 'claims.json': { mode: '40000', id: tree } },
      'a submodule': { 'claims.json': { mode: '160000', id: begin } },
      'an object that is not there': { 'claims.json': { mode: '100644', id: '1'.repeat(40) } },
      'not there': { 'claims.json': null },
    };
    const failures: string[] = [];
    for (const [what, files] of Object.entries(cases)) failures.push(...(await answersTo(what, files)));
    tally({
      test: '8 claims.json that is not a file',
      tried: `${Object.keys(cases).length} kinds`,
      bar: 'exit 8, the state untouched',
      failures,
    });
  });
});

describe('log.jsonl', () => {
  it('cut off or hostile, is refused', async () => {
    const whole = fileOn(box, clone, 'log.jsonl');
    const text = whole.toString();
    const cases: Record<string, Buffer> = {
      empty: Buffer.alloc(0),
      'a NUL byte': changed(text, 'first', 'fi\0rst'),
      'invalid UTF-8': Buffer.concat([whole.subarray(0, -20), Buffer.from([0xff]), whole.subarray(-20)]),
      'a newer format': changed(text, '"format":1', '"format":2'),
      'a key twice': changed(text, '"agent":"noor"', '"agent":"noor","agent":"maya"'),
      __proto__: changed(text, '"agent":"noor"', '"agent":"noor","__proto__":{}'),
      'a huge segment': changed(text, '"format":1', '"format":1,"segment":1e999'),
      'a blank line': changed(text, '\n{"id"', '\n\n{"id"'),
    };
    // What ends with a whole line is a shorter log, and nothing can tell.
    for (const at of cuts(whole).filter((place) => whole[place - 1] !== 10))
      cases[`cut at ${at}`] = whole.subarray(0, at);
    const failures: string[] = [];
    for (const [what, body] of Object.entries(cases)) {
      failures.push(...(await answersTo(what, { 'log.jsonl': body }, LOG_READERS)));
    }
    tally({
      test: '8 log.jsonl cut off or hostile',
      tried: `${Object.keys(cases).length} files`,
      bar: 'exit 8, the state untouched',
      failures,
    });
  });
});

describe('the branch', () => {
  it('with a merge commit at its tip is refused: it has no one order any more', async () => {
    const other = box.git(clone, 'commit-tree', 'coord/state~1^{tree}', '-p', 'coord/state~1', '-m', 'another line');
    const failures: string[] = [];
    for (const parents of [
      [begin, other],
      [begin, box.git(clone, 'rev-parse', 'main')],
    ]) {
      box.git(clone, 'update-ref', 'refs/coord-local/known/coord/state', begin);
      const tip = commitFiles(box, clone, {}, parents);
      for (const args of [...CLAIMS_READERS, ...LOG_READERS]) {
        const { code, stderr } = await as('maya', ...args);
        if (code !== 8 || !stderr.includes('merge')) failures.push(`${args[0]}: exit ${code} ${stderr}`);
      }
      if (box.git(clone, 'rev-parse', 'coord/state') !== tip) failures.push('the state was touched');
      box.git(clone, 'update-ref', 'refs/coord/state', begin);
      const { code, stderr } = await as('maya', 'status');
      if (code !== 0) failures.push(`put back: exit ${code} ${stderr}`);
    }
    tally({ test: '8 a merge commit on the branch', tried: '2 merges', bar: 'exit 8, the state untouched', failures });
  });
});
