import { ALL } from './charset.js';
import { compile, MAX_STATES } from './compile.js';
import { Memo } from './memo.js';
import type { Nfa } from './nfa.js';
import { parsePattern } from './parse.js';
import type { Node } from './syntax.js';

/** What is known of a pattern without its automaton. */
export interface Glob {
  readonly text: string;
  readonly fold: boolean;
  /** Why the pattern cannot be read, or null. The rest holds only without a problem. */
  readonly problem: string | null;
  /** It has glob syntax, not only plain and escaped characters. */
  readonly magic: boolean;
  /** The literal segments it begins with, unescaped (and folded, with `fold`); every path of it is there or below. */
  readonly prefix: string;
}

/** Up to this length no pattern reaches `MAX_STATES`: a character makes at most one vertex, a vertex 16 states. */
const SURELY_SMALL = 60;

const globs = new Memo<Glob>(20_000);
const automata = new Memo<Nfa>(400_000);

/** The pattern read, from memory when it was read before. */
export function globOf(text: string, fold: boolean): Glob {
  const key = keyOf(text, fold);
  const known = globs.get(key);
  if (known !== undefined) return known;
  const parsed = parsePattern(text, fold);
  const glob: Glob = parsed.ok
    ? {
        text,
        fold,
        problem: sizeProblem(text, fold, parsed.nodes),
        magic: parsed.magic,
        prefix: prefixOf(parsed.nodes),
      }
    : { text, fold, problem: parsed.problem, magic: true, prefix: '' };
  globs.set(key, glob, 1 + text.length / 200);
  return glob;
}

/** The automaton of a glob without a problem. */
export function automatonOf(glob: Glob): Nfa {
  const key = keyOf(glob.text, glob.fold);
  const known = automata.get(key);
  if (known !== undefined) return known;
  const parsed = parsePattern(glob.text, glob.fold);
  const nfa = parsed.ok ? compile(parsed.nodes) : null;
  if (nfa === null) throw new RangeError(`no automaton for ${glob.text}: ${glob.problem}`);
  automata.set(key, nfa, nfa.size);
  return nfa;
}

function keyOf(text: string, fold: boolean): string {
  return fold ? `i:${text}` : `c:${text}`;
}

function sizeProblem(text: string, fold: boolean, nodes: readonly Node[]): string | null {
  if (text.length <= SURELY_SMALL) return null;
  const nfa = compile(nodes);
  if (nfa === null) return `the pattern needs more than ${MAX_STATES} states, the limit; use several smaller ones`;
  automata.set(keyOf(text, fold), nfa, nfa.size);
  return null;
}

/** The literal segments that the nodes begin with; a segment that only begins so does not count. */
function prefixOf(nodes: readonly Node[]): string {
  let text = '';
  let complete = -1;
  for (const node of nodes) {
    if (node.kind === 'separator') {
      complete = text.length;
      text += '/';
    } else if (node.kind === 'character' && node.set.single >= 0) {
      text += String.fromCodePoint(node.set.single);
    } else {
      return text.slice(0, Math.max(complete, 0));
    }
  }
  return text;
}

/** An automaton of one state that goes on with anything: what completes a path of another automaton. */
export const ANYTHING: Nfa = {
  size: 1,
  start: 0,
  accepting: [true],
  silent: [[]],
  moves: [[{ set: ALL, to: 0 }]],
  leading: [false],
};
