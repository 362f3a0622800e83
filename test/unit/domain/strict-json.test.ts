import fc from 'fast-check';
import { expect, it } from 'vitest';
import { nested, parseStrictJson, readStrictJson } from '../../../src/domain/strict-json.js';

it('reads whatever JSON writes', () => {
  const text = fc.oneof(fc.string(), fc.constantFrom(': x', '":', '\\', ' :', '\\":', '"'));
  const texts = fc.array(fc.dictionary(text, fc.oneof(text, fc.array(text))));
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), texts), fc.constantFrom(0, 2), (value, indent) => {
      const source = JSON.stringify(value, null, indent);
      expect(parseStrictJson(source)).toEqual(JSON.parse(source));
    }),
  );
});

it('refuses a key that appears twice, however it is written and wherever', () => {
  const text = fc.oneof(fc.string(), fc.constantFrom('a"b', '":', '\\', '\\":', '{"a":1}', ': x'));
  fc.assert(
    fc.property(
      text,
      fc.oneof(text, fc.jsonValue()),
      fc.jsonValue(),
      fc.constantFrom('', ' ', ' \n\t'),
      (key, one, two, blank) => {
        const name = JSON.stringify(key);
        const spelled = `"${Array.from({ length: key.length }, (_, at) => hex(key.charCodeAt(at))).join('')}"`;
        for (const other of [name, spelled]) {
          const record = `{${name}${blank}:${JSON.stringify(one)},${other}${blank}:${JSON.stringify(two)}}`;
          for (const source of [record, `[1,${record}]`, `{"x":${record}}`]) {
            expect(() => parseStrictJson(source)).toThrow(SyntaxError);
          }
        }
      },
    ),
  );
});

function hex(code: number): string {
  return `\\u${code.toString(16).padStart(4, '0')}`;
}

it('names the key that appears twice', () => {
  expect(() => parseStrictJson('{"a":1,"b":{"c":2,"c":3}}')).toThrow('the key "c" appears twice');
  expect(() => parseStrictJson('[{"a":{"x":1}},{"a":{"x":1},"\\u0061":2}]')).toThrow('the key "a"');
  expect(parseStrictJson('{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}],"c":"a\\": x"}')).toMatchObject({
    b: [{ a: 1 }, { a: 2 }],
  });
  expect(() => parseStrictJson('{"a":1')).toThrow(SyntaxError);
  expect(readStrictJson('{"a":1,"a":2,"b":{"c":2,"c":3,"c":4},"a":1}').twice).toEqual(['a', 'c']);
});

it('refuses what nests deeper than thirty-two levels, in lists and records alike', () => {
  const deep = (levels: number, open: string, close: string) => `${open.repeat(levels)}1${close.repeat(levels)}`;
  for (const [open, close] of [
    ['[', ']'],
    ['{"a":', '}'],
  ] as const) {
    expect(nested(parseStrictJson(deep(32, open, close)))).toBe(true);
    expect(() => parseStrictJson(deep(33, open, close))).toThrow(/nested deeper than 32/);
  }
  expect([nested(null), nested('x'), nested([], 0), nested([[]], 1), nested({}, 1), nested([1, [[]]], 2)]).toEqual([
    ...[true, true, false, false, true, false],
  ]);
});
