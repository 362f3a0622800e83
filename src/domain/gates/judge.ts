import { oneLine, plural, shorten } from '../text.js';
import { formatDuration, type Instant, secondsBetween } from '../time.js';
import type { GateClosed, GateQuestion } from './gate.js';
import type { GatePayload } from './payload.js';
import { personKey } from './signers.js';

/** A tag in the place where signatures are looked for. */
export interface TagFound {
  /** The name under which it was found, without `refs/tags/`. */
  readonly name: string;
  /** null: no annotated tag, or none that can be read. */
  readonly tag: {
    /** The name that was signed. */
    readonly name: string;
    /** What the tag is on. */
    readonly object: string;
    readonly type: string;
    readonly payload: GatePayload | { readonly problem: string };
    /** Whether it has a signature at all. */
    readonly signed: boolean;
  } | null;
}

/** What the verifier made of a signature. */
export type Verification =
  | { readonly good: true; readonly person: string }
  | {
      readonly good: false;
      readonly closed: 'bad-signature' | 'unknown-signer' | 'invalid-key' | 'revoked' | 'not-runnable';
      readonly why: string;
    };

/** How one tag stands. */
export interface TagVerdict {
  readonly name: string;
  readonly closed: GateClosed | null;
  /** Why it does not count, or who signed it. */
  readonly why: string;
  readonly person: string | null;
  readonly payload: GatePayload | null;
}

/** Why a tag cannot count, whoever signed it; null when only the signature is left to be verified. */
export function judgeTag(
  question: GateQuestion,
  { name, tag }: TagFound,
  now: Instant,
  used: ReadonlySet<string>,
): Pick<TagVerdict, 'closed' | 'why'> | null {
  const no = (closed: GateClosed, why: string) => ({ closed, why });
  if (tag === null) return no('unsigned', 'is not an annotated tag that can be read');
  if (!tag.signed) return no('unsigned', 'is not signed');
  const { payload } = tag;
  if ('problem' in payload) return no('malformed', `does not say what it is for: ${payload.problem}`);
  if (tag.name !== name) return no('replayed', `is a copy of the tag ${cut(tag.name)} under another name`);
  if (payload.gate !== question.gate) return no('wrong-gate', `is for the gate ${cut(payload.gate)}`);
  if (payload.target !== question.target) return no('wrong-target', `is for the target ${cut(payload.target)}`);
  if (payload.commit !== question.commit) return no('wrong-commit', `is for the commit ${payload.commit.slice(0, 12)}`);
  if (tag.object !== question.commit || tag.type !== 'commit') {
    return no('wrong-commit', `is on ${tag.type === 'commit' ? tag.object.slice(0, 12) : `a ${cut(tag.type)}`}`);
  }
  if (payload.action !== question.action) return no('wrong-action', `is for a ${payload.action}`);
  const left = secondsBetween(now, payload.expires);
  if (left <= 0) return no('expired', `expired ${formatDuration(-left)} ago`);
  if (used.has(payload.nonce)) return no('replayed', 'has opened a deploy before');
  return null;
}

/** How near a reason is to an open gate: the nearest is told first. */
const NEAREST: readonly GateClosed[] = [
  ...(['expired', 'replayed', 'revoked', 'invalid-key', 'not-runnable', 'unknown-signer', 'bad-signature'] as const),
  ...(['wrong-action', 'wrong-commit', 'wrong-target', 'wrong-gate', 'malformed'] as const),
];

export interface SignaturesJudged {
  readonly closed: GateClosed | null;
  readonly finding: string;
  /** Of the tags that count. */
  readonly people: readonly string[];
  readonly nonces: readonly string[];
}

/**
 * Whether enough different people have signed. Each person counts once, by the tag that ends first; no more tags are
 * taken than are needed, since each opens one deploy.
 */
export function judgeTags(question: GateQuestion, needed: number, verdicts: readonly TagVerdict[]): SignaturesJudged {
  const byEnd = verdicts
    .filter(({ closed }) => closed === null)
    .sort((a, b) => ((a.payload?.expires ?? '') < (b.payload?.expires ?? '') ? -1 : 1));
  const counting = new Map<string, TagVerdict>();
  for (const verdict of byEnd) {
    const person = personKey(verdict.person ?? '');
    if (counting.size < needed && !counting.has(person)) counting.set(person, verdict);
  }
  const counted = [...counting.values()];
  const people = counted.map(({ person }) => person ?? '');
  const nonces = counted.map(({ payload }) => payload?.nonce ?? '');
  const signed = `signed by ${people.map(oneLine).join(', ')}`;
  if (counted.length >= needed) return { closed: null, finding: signed, people, nonces };
  const rest = whyOthersDoNot(verdicts.filter(({ closed }) => closed !== null));
  if (counted.length > 0) {
    const finding = `${counted.length} of ${needed} people: ${signed}${rest === null ? '' : `; ${rest.why}`}`;
    return { closed: 'too-few-signers', finding, people, nonces };
  }
  const nobody = `nobody has signed ${question.commit.slice(0, 12)} for this`;
  const finding = rest === null ? nobody : rest.why;
  return { closed: rest?.closed ?? 'unsigned', finding, people, nonces };
}

/** Tags that are told of by name, each with another reason. */
const MOST_NAMED = 3;

function whyOthersDoNot(verdicts: readonly TagVerdict[]): { closed: GateClosed; why: string } | null {
  const rank = ({ closed }: TagVerdict) => {
    const place = NEAREST.indexOf(closed ?? 'unsigned');
    return place < 0 ? NEAREST.length : place;
  };
  const [nearest, ...more] = [...verdicts].sort((a, b) => rank(a) - rank(b));
  if (nearest?.closed == null) return null;
  // A tag that was used up long ago must not hide why the one made just now does not count.
  const named = [nearest];
  for (const verdict of more) {
    if (named.length < MOST_NAMED && !named.some(({ closed }) => closed === verdict.closed)) named.push(verdict);
  }
  const left = more.length + 1 - named.length;
  const others = left === 0 ? [] : [`${plural(left, 'more tag')} ${left === 1 ? 'does' : 'do'} not count`];
  return {
    closed: nearest.closed,
    why: [...named.map(({ name, why }) => `${cut(name)} ${why}`), ...others].join('; '),
  };
}

function cut(text: string): string {
  return shorten(oneLine(text), 120);
}
