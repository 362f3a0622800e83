import { describe, expect, it } from 'vitest';
import { readDuration, readTtl, readWait, ttlFor } from '../../src/commands/input.js';
import { Input } from '../../src/commands/verb.js';
import { withDefaults } from '../../src/config/validate.js';

const config = withDefaults({
  ttl: { default: '20m', max: '1h' },
  resources: { '@deploy/prod': { ttl: '10m' }, '@slow': { ttl: '3h' }, '@plain': {} },
});

describe('a typed time to live', () => {
  it('is taken up to the cap', () => {
    expect(readTtl('60m', config)).toBe(3600);
  });

  it.each(['61m', '2h', '1d'])('%s is above the cap, which is named', (text) => {
    expect(() => readTtl(text, config)).toThrow(/above the cap of 1h/);
  });

  it.each(['0s', '0m', '-5m', '5', 'soon', ''])('%j is refused', (text) => {
    expect(() => readTtl(text, config)).toThrow(/--ttl/);
  });
});

describe('a typed duration', () => {
  it('names its option where it is wrong', () => {
    expect(() => readDuration('--expect', 'soon')).toThrow('--expect is not a duration: "soon"');
    expect(() => readDuration('--expect', '0s')).toThrow('--expect must be above zero');
    expect(readDuration('--expect', '90s')).toBe(90);
  });
});

describe('--wait', () => {
  const wait = (value: unknown) => readWait(new Input([], value === undefined ? {} : { wait: value }), config);

  it('is null when it was not given, else its duration, else the longest', () => {
    expect([wait(undefined), wait('5m'), wait(true), wait('')]).toEqual([null, 300, 540, 540]);
  });

  it('is refused above the cap', () => {
    expect(() => wait('10m')).toThrow(/above the cap of 9m/);
  });
});

describe('the time to live of a target', () => {
  it('is what was asked, else what its resource has within the cap, else the default', () => {
    expect(ttlFor('@deploy/prod', 60, config)).toBe(60);
    expect(ttlFor('@deploy/prod', undefined, config)).toBe(600);
    expect(ttlFor('@slow', undefined, config)).toBe(3600);
    expect(ttlFor('@plain', undefined, config)).toBe(1200);
    expect(ttlFor('src/a.ts', undefined, config)).toBe(1200);
    expect(ttlFor('__proto__', undefined, config)).toBe(1200);
  });
});
