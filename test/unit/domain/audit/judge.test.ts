import { describe, expect, it } from 'vitest';
import { claimsOver, type Holding } from '../../../../src/domain/audit/holdings.js';
import {
  type AuditCommit,
  type AuditedCommit,
  type Evidence,
  findingPrint,
  isFinding,
  judgeCommit,
  summaryOf,
  type Tie,
  VERDICTS,
  type Verdict,
} from '../../../../src/domain/audit/judge.js';
import { at } from '../../../support/requests.js';

function holding(claim: string, agent: string, changes: Partial<Holding> = {}): Holding {
  return {
    ...{ claim, agent, target: 'src/**', kind: 'directory', rules: null, base: null, end: 'released', works: [] },
    spans: [{ from: at(100), until: at(200) }],
    ...changes,
  };
}

interface Given {
  readonly ties?: Readonly<Record<string, Tie>>;
  readonly missing?: Readonly<Record<string, string>>;
  readonly same?: readonly string[];
  readonly asBase?: boolean;
  readonly reach?: string;
  readonly until?: string;
  readonly skewSeconds?: number;
  readonly auditor?: string | null;
}

function evidence(
  holdings: readonly Holding[],
  { ties = {}, missing = {}, same = [], asBase = false, reach, until, skewSeconds = 0, auditor = null }: Given = {},
): Evidence {
  return {
    holdings: new Map(holdings.map((one) => [one.claim, one])),
    over: claimsOver(holdings, false),
    tiesOf: () => new Map(Object.entries(ties)),
    missing: new Map(Object.entries(missing)),
    sameChange: () => new Set(same),
    asBase: () => asBase,
    reach: reach ?? null,
    until: until ?? null,
    skewSeconds,
    auditor,
  };
}

const made = (seconds: number, ...named: string[]): AuditCommit => ({
  ...{ commit: 'c', committedAt: at(seconds), authoredAt: at(seconds), named },
});
const PART: Tie = { is: 'part', kind: 'released' };

function judge(commit: AuditCommit, known: Evidence, path = 'src/a.ts') {
  const [judged] = judgeCommit(commit, [path], known);
  return [judged?.verdict, judged?.reason, judged?.holding?.agent ?? null];
}

describe('a commit in the work of a claim', () => {
  it('is covered, though its date is after the end: what was released was there by then', () => {
    const known = evidence([holding('1', 'maya')], { ties: { 1: PART } });
    expect(judge(made(150), known)).toEqual(['covered', 'released', 'maya']);
    expect(judge(made(900), known)).toEqual(['covered', 'released', 'maya']);
  });

  it('is late when it was made before the grant, by more than clocks may differ', () => {
    const ties = { 1: PART };
    expect(judge(made(69), evidence([holding('1', 'maya')], { ties, skewSeconds: 30 }))).toEqual([
      ...['late', 'before-claim', 'maya'],
    ]);
    expect(judge(made(70), evidence([holding('1', 'maya')], { ties, skewSeconds: 30 }))[0]).toBe('covered');
  });

  it('is late when the holder had it before the claim, whatever its date says', () => {
    const known = evidence([holding('1', 'maya')], { ties: { 1: { is: 'earlier', kind: 'released' } } });
    expect(judge(made(150), known)).toEqual(['late', 'before-claim', 'maya']);
  });

  it('git keeps whole seconds: one made in the second of the grant is not before it', () => {
    const one = holding('1', 'maya', { spans: [{ from: at(100.9), until: at(200) }] });
    expect(judge(made(100), evidence([one], { ties: { 1: PART } }))[0]).toBe('covered');
    expect(judge(made(99), evidence([one], { ties: { 1: PART } }))[0]).toBe('late');
  });

  it('is covered by any claim that covers it, though another would find it late', () => {
    const early = holding('2', 'noor', { spans: [{ from: at(10), until: at(90) }] });
    const known = evidence([holding('1', 'maya'), early], { ties: { 1: PART, 2: PART } });
    expect(judge(made(50), known)).toEqual(['covered', 'released', 'noor']);
  });

  it('is not covered by a claim on other ground', () => {
    const known = evidence([holding('1', 'maya', { target: 'docs/**' })], { ties: { 1: PART } });
    expect(judge(made(150), known)).toEqual(['unclaimed', 'never', null]);
  });

  it('is not covered by a shared claim', () => {
    const known = evidence([holding('1', 'maya', { spans: [] })], { ties: { 1: PART } });
    expect(judge(made(150), known)).toEqual(['unclaimed', 'shared', 'maya']);
  });
});

describe('a commit that landed under a claim made after it', () => {
  const ties = { 1: { is: 'earlier', kind: 'landed' } } as const;

  it('is covered where nobody else held the path from the one to the other', () => {
    expect(judge(made(50), evidence([holding('1', 'maya')], { ties }))).toEqual(['covered', 'landed', 'maya']);
    const before = holding('2', 'noor', { spans: [{ from: at(10), until: at(20) }] });
    expect(judge(made(50), evidence([before, holding('1', 'maya')], { ties }))[0]).toBe('covered');
    const elsewhere = holding('2', 'noor', { target: 'docs/**', spans: [{ from: at(60), until: at(70) }] });
    expect(judge(made(50), evidence([elsewhere, holding('1', 'maya')], { ties }))[0]).toBe('covered');
  });

  it('is late where somebody did', () => {
    const between = holding('2', 'noor', { spans: [{ from: at(60), until: at(70) }] });
    expect(judge(made(50), evidence([between, holding('1', 'maya')], { ties }))).toEqual([
      ...['late', 'before-claim', 'maya'],
    ]);
  });
});

describe('a commit under a claim of whoever audits', () => {
  it('is its own for as long as the claim lives', () => {
    const verdict = (end: Holding['end'], auditor: string) =>
      judge(made(150), evidence([holding('2', 'noor', { end })], { auditor }))[0];
    expect(verdict('held', 'noor')).toBe('covered');
    expect(verdict('held', 'maya')).toBe('claimed-by-another');
    expect(verdict('expired', 'noor')).toBe('claimed-by-another');
  });
});

describe('a commit that nothing ties to the claim over the path', () => {
  const other = holding('2', 'noor');

  it('is covered when another claim shows that the holder made it', () => {
    const docs = holding('1', 'noor', { target: 'docs/**' });
    expect(judge(made(150), evidence([docs, other], { ties: { 1: PART } }))).toEqual([
      'covered',
      'same-holder',
      'noor',
    ]);
    expect(judge(made(150, '1'), evidence([docs, other]))).toEqual(['covered', 'same-holder', 'noor']);
    // A landing before the claim shows nothing, nor does a name out of its time.
    expect(judge(made(150), evidence([docs, other], { ties: { 1: { is: 'earlier', kind: 'released' } } }))[0]).toBe(
      'claimed-by-another',
    );
    const over = { ...docs, spans: [{ from: at(1), until: at(2) }] };
    expect(judge(made(150, '1'), evidence([over, other]))[0]).toBe('claimed-by-another');
  });

  it('is under a claim of another when somebody held the path then', () => {
    expect(judge(made(150), evidence([other]))).toEqual(['claimed-by-another', 'held', 'noor']);
    const mine = holding('1', 'maya', { target: 'docs/**' });
    expect(judge(made(150), evidence([mine, other], { ties: { 1: PART } }))).toEqual([
      ...['claimed-by-another', 'held', 'noor'],
    ]);
  });

  it('nobody is held to a claim that was only just over, or not yet granted', () => {
    expect(judge(made(210), evidence([other], { skewSeconds: 30 }))[0]).toBe('unclaimed');
    expect(judge(made(205), evidence([other]))).toEqual(['unclaimed', 'ended', 'noor']);
    expect(judge(made(50), evidence([other]))).toEqual(['unclaimed', 'not-yet', 'noor']);
  });

  it('is unknown while the holder’s work is not here', () => {
    const judged = judgeCommit(made(150), ['src/a.ts'], evidence([other], { missing: { 2: 'abc' } }));
    expect(judged).toMatchObject([{ verdict: 'unknown', reason: 'work-missing', missing: 'abc' }]);
    expect(judge(made(900), evidence([other], { missing: { 2: 'abc' } }))[0]).toBe('unclaimed');
  });

  it.each([
    ['released', 150, 250, ['unknown', 'made-again', 'maya']],
    ['handed-over', 150, 250, ['unknown', 'made-again', 'maya']],
    // Nothing says that its work was done.
    ['lost', 150, 250, ['claimed-by-another', 'held', 'noor']],
    ['expired', 150, 250, ['claimed-by-another', 'held', 'noor']],
    // First made before the claim, and after it.
    ['released', 50, 250, ['claimed-by-another', 'held', 'noor']],
    ['released', 240, 250, ['claimed-by-another', 'held', 'noor']],
  ] as const)(
    'accuses nobody of what was first made under a claim that was %s (made at %i and at %i)',
    (end, first, again, said) => {
      const later = holding('2', 'noor', { spans: [{ from: at(230), until: at(300) }] });
      const commit = { ...made(again), authoredAt: at(first) };
      expect(judge(commit, evidence([holding('1', 'maya', { end }), later]))).toEqual(said);
    },
  );

  it('is unknown when it is older than the history, and unclaimed when it is not', () => {
    const reach = at(300);
    expect(judge(made(250), evidence([other], { reach }))).toEqual(['unknown', 'before-history', null]);
    expect(judge(made(320), evidence([other], { reach, skewSeconds: 30 }))[0]).toBe('unknown');
    expect(judge(made(331), evidence([other], { reach, skewSeconds: 30 }))[0]).toBe('unclaimed');
  });
});

describe('a commit that may be newer than what is known of claims', () => {
  it('is unknown where it would be a finding, and covered where it is', () => {
    const known = { until: at(300), skewSeconds: 30 };
    expect(judge(made(900), evidence([holding('1', 'maya')], { ...known, ties: { 1: PART } }))[0]).toBe('covered');
    for (const seconds of [280, 300, 900]) {
      expect(judge(made(seconds), evidence([], known))).toEqual(['unknown', 'after-mirror', null]);
    }
    expect(judge(made(269), evidence([], known))).toEqual(['unclaimed', 'never', null]);
  });
});

describe('a commit that names a claim', () => {
  it('is covered in its time only, and late out of it', () => {
    const known = evidence([holding('1', 'maya')]);
    expect(judge(made(150, '1'), known)).toEqual(['covered', 'named', 'maya']);
    expect(judge(made(50, '1'), known)).toEqual(['late', 'before-claim', 'maya']);
    expect(judge(made(250, '1'), known)).toEqual(['late', 'after-claim', 'maya']);
  });

  it('gains nothing by a name that nobody has', () => {
    expect(judge(made(150, '9', '__proto__'), evidence([]))).toEqual(['unclaimed', 'never', null]);
  });
});

describe('a commit that is no part of any work', () => {
  it('is covered when it makes the same change, later too, and late when it was made before the claim', () => {
    const known = evidence([holding('1', 'maya')], { same: ['1'] });
    expect(judge(made(900), known)).toEqual(['covered', 'same-change', 'maya']);
    expect(judge(made(50), known)).toEqual(['late', 'before-claim', 'maya']);
    expect(judge(made(150), evidence([holding('2', 'maya')], { same: ['1'] }))[0]).toBe('claimed-by-another');
  });

  it('needs no claim to leave a path as the base has it', () => {
    expect(judge(made(150), evidence([holding('1', 'maya')], { asBase: true }))).toEqual(['covered', 'as-base', null]);
  });
});

describe('how many there are of each verdict', () => {
  const commitOf = (...verdicts: Verdict[]): AuditedCommit => ({
    ...{ commit: 'c'.repeat(40), author: 'x', subject: 'y', committedAt: at(0) },
    judgements: verdicts.map((verdict) => ({ path: 'a', verdict, reason: 'never', holding: null })),
  });

  it('counts paths, and finds whatever is not covered', () => {
    const audited = [commitOf('covered', 'unclaimed', 'late'), commitOf('covered', 'unclaimed')];
    expect(summaryOf(9, audited)).toMatchObject({
      ...{
        commits: 9,
        onSurface: 2,
        covered: 2,
        unclaimed: 2,
        late: 1,
        unknown: 0,
        'claimed-by-another': 0,
        findings: 3,
      },
    });
    expect(summaryOf(0, [])).toMatchObject({ commits: 0, onSurface: 0, findings: 0 });
    for (const verdict of VERDICTS) expect(isFinding(verdict)).toBe(verdict !== 'covered');
  });

  it('gives each finding a print of its own, the same in each run', () => {
    const prints = ['c', 'd'].flatMap((sign) =>
      ['a', 'b'].flatMap((path) =>
        (['late', 'unclaimed'] as const).map((verdict) =>
          findingPrint({ ...commitOf(), commit: sign.repeat(40) }, { path, verdict, reason: 'never', holding: null }),
        ),
      ),
    );
    expect(new Set(prints).size).toBe(8);
    for (const print of prints) expect(print).toMatch(/^(c{16}|d{16})[0-9a-z]{8,}$/);
  });
});

it('a commit at the very edge of a span is within it, and of several spans one is enough', () => {
  const spans = [
    { from: at(100), until: at(200) },
    { from: at(400), until: at(500) },
  ];
  const named = (seconds: number) => judge(made(seconds, '1'), evidence([holding('1', 'maya', { spans })])).slice(0, 2);
  for (const seconds of [100, 200, 400, 500]) expect(named(seconds)).toEqual(['covered', 'named']);
  expect(named(300)).toEqual(['late', 'after-claim']);
  expect(named(98)).toEqual(['late', 'before-claim']);
});

it('a commit made at the very moment from which the history tells everything is judged by it', () => {
  const known = (seconds: number) => judge(made(seconds), evidence([], { reach: at(100), skewSeconds: 30 }))[0];
  expect([known(129.999), known(130)]).toEqual(['unknown', 'unclaimed']);
});
