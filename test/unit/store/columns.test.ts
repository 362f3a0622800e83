import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Claim } from '../../../src/domain/model.js';
import { type Copied, claimsOf, columnsOf } from '../../../src/store/format/columns.js';
import { PROPERTY_RUNS } from '../../support/properties.js';
import { claimRecord, HOSTILE_TEXTS } from '../../support/records.js';
import { at } from '../../support/requests.js';

const text = fc.oneof(fc.constantFrom(...HOSTILE_TEXTS), fc.string({ unit: 'binary' }));
const instant = fc.nat({ max: 3 }).map((hours) => at(3_600 * hours));
const claim: fc.Arbitrary<Claim> = fc
  .record({
    id: fc.oneof(fc.constantFrom('c0', 'c7', 'c07', 'c~3', 'c', 'w3', `c${2 ** 53}`, 'c1e3'), text),
    target: text,
    token: fc.nat(),
    acquiredAt: instant,
    renewedAt: instant,
    expiresAt: instant,
    agent: fc.constantFrom('maya', 'noor'),
    reason: fc.option(text),
    tasks: fc.array(fc.constantFrom('t1', 't2'), { maxLength: 1 }),
    offer: fc.constantFrom(null, { to: 'noor', at: at(1), commit: null, declined: null }),
  })
  .map((changes) => claimRecord(1, changes));
/** In the order of its file, or as somebody else wrote it. */
const anyClaim = fc.oneof(
  claim,
  claim.map((one) => Object.fromEntries(Object.entries(one).reverse()) as unknown as Claim),
);
const claims = fc.array(anyClaim, { maxLength: 6 });

function kept(list: readonly Claim[], copied?: Copied): Copied {
  const columns = JSON.parse(JSON.stringify(columnsOf(list, copied)));
  return { claims: claimsOf(columns), columns };
}

it('gives back every claim, its keys in their order', () => {
  fc.assert(
    fc.property(claims, (list) => {
      expect(JSON.stringify(kept(list).claims)).toBe(JSON.stringify(list));
    }),
    { numRuns: PROPERTY_RUNS },
  );
});

it('gives them back where some were copied, some went and others came', () => {
  const change = fc.record({ start: fc.nat({ max: 6 }), gone: fc.nat({ max: 3 }), come: claims });
  fc.assert(
    fc.property(claims, fc.array(change, { maxLength: 3 }), (first, changes) => {
      let copied = kept(first);
      for (const { start, gone, come } of changes) {
        const next = copied.claims.toSpliced(start, gone, ...come);
        const again = kept(next, copied);
        expect(JSON.stringify(again.claims)).toBe(JSON.stringify(next));
        copied = again;
      }
    }),
    { numRuns: PROPERTY_RUNS },
  );
});

it('says once what is the same in many', () => {
  const many = Array.from({ length: 1_000 }, (_, number) => claimRecord(number));
  expect(columnsOf(many).kinds).toHaveLength(1);
  expect(columnsOf(many).instants).toHaveLength(2);
});
