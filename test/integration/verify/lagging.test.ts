import { expect, test } from 'vitest';
import { bareServer, CutOff, endpoint, look, NEW, OLD } from '../../support/endpoints.js';

test('an endpoint that shows the commit is verified at the first attempt', async () => {
  const { origin, asked } = await endpoint((response) => response.end(NEW));
  const seen = await look(`${origin}/version`);
  expect(seen).toMatchObject({
    ok: true,
    reason: null,
    seen: NEW,
    status: 200,
    attempts: 1,
    pausedMs: 0,
    cached: null,
  });
  expect(seen.finding).toBe(`${origin}/version shows ${NEW}`);
  // The second is how everybody asks.
  expect(asked).toEqual([expect.stringMatching(/^\/version\?coord-verify=\w{8,}$/), '/version']);
});

test('an endpoint that lags is asked until it shows the commit', async () => {
  const { origin } = await endpoint((response, count) => response.end(count < 4 ? OLD : NEW));
  const seen = await look(origin);
  expect(seen).toMatchObject({ ok: true, reason: null, attempts: 4, pausedMs: 6000 });
  expect(seen.told.map(({ number, ok }) => [number, ok])).toEqual([
    [1, false],
    [2, false],
    [3, false],
    [4, true],
  ]);
});

test('200 with the old version is a failure that names both versions, when the time is over', async () => {
  const { origin, asked } = await endpoint((response) => response.end(`running ${OLD}\n`));
  const seen = await look(origin);
  expect(seen).toMatchObject({ ok: false, reason: 'old-version', seen: OLD, expected: NEW, status: 200 });
  expect(seen.finding).toContain(OLD);
  expect(seen.finding).toContain(NEW);
  // At 0, 2, 4, 6 and 8 seconds, and at the very end.
  expect([asked.length, seen.attempts, seen.pausedMs]).toEqual([6, 6, 10_000]);
  expect(seen.limitsMs).toEqual([10_000, 8_000, 6_000, 5_000, 5_000, 5_000]);
});

test('each attempt is given whole milliseconds, since timers of abort signals take no others', async () => {
  const { origin } = await endpoint((response) => response.end(OLD));
  const seen = await look(origin, { intervalSeconds: 0.7, timeoutSeconds: 9 });
  expect(seen.limitsMs.length).toBeGreaterThan(9);
  expect(seen.limitsMs.filter((ms) => !Number.isInteger(ms))).toEqual([]);
});

test('a version that ran neither before nor is the new one is named, too', async () => {
  const other = 'abcdef0123456789abcdef0123456789abcdef01';
  const { origin } = await endpoint((response) => response.end(`{"commit":"${other}"}`));
  expect(await look(origin, { timeoutSeconds: 0 })).toMatchObject({
    reason: 'other-version',
    seen: other,
    attempts: 1,
  });
});

test('an answer without any version is quoted, cut, and on one line', async () => {
  const { origin } = await endpoint((response) => response.end(`\u001b[31mwel\u202ecome\r\n${'x'.repeat(500)}`));
  const seen = await look(origin, { timeoutSeconds: 0 });
  expect(seen.reason).toBe('missing');
  expect(seen.seen).toHaveLength(80);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
  expect(`${seen.seen}${seen.finding}`).not.toMatch(/[\u0000-\u001f\u202e]/);
});

test('an empty answer shows nothing', async () => {
  const { origin } = await endpoint((response) => response.end());
  expect(await look(origin, { timeoutSeconds: 0 })).toMatchObject({ reason: 'missing', seen: null });
});

test('no attempt is given more than ten seconds', async () => {
  const { origin } = await endpoint((response) => response.end(OLD));
  const { limitsMs } = await look(origin, { timeoutSeconds: 14 });
  expect(limitsMs).toEqual([10_000, 10_000, 10_000, 8_000, 6_000, 5_000, 5_000, 5_000]);
});

test('a server that hangs uses up an attempt, not the time of all', async () => {
  const cutOff = new CutOff();
  const { origin } = await endpoint((response, count) => (count === 1 ? cutOff.now() : response.end(NEW)));
  const seen = await look(origin, {}, { cutOff });
  expect(seen.told.map(({ finding }) => finding)).toEqual([
    `${origin}/ gave no whole answer in time`,
    `${origin}/ shows ${NEW}`,
  ]);
  expect(seen.ok).toBe(true);
});

test('so does one that drips', async () => {
  const cutOff = new CutOff();
  const { origin } = await endpoint((response) => {
    response.write(NEW.slice(0, 5));
    setImmediate(() => cutOff.now());
  });
  expect(await look(origin, {}, { cutOff })).toMatchObject({ ok: false, reason: 'timeout', attempts: 6, seen: null });
});

test('an answer that only the end of its connection would end is none when it is cut off here', async () => {
  const cutOff = new CutOff();
  const { origin } = await bareServer(`HTTP/1.1 200 OK\r\n\r\n${OLD}`, async () => {
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    cutOff.now();
  });
  expect(await look(origin, { timeoutSeconds: 0 }, { cutOff })).toMatchObject({
    ok: false,
    reason: 'timeout',
    seen: null,
  });
});

test('an attempt that hung tells nothing where another was answered', async () => {
  const cutOff = new CutOff();
  const { origin } = await endpoint((response, count) => (count > 2 ? cutOff.now() : response.end(OLD)));
  expect(await look(origin, {}, { cutOff })).toMatchObject({ reason: 'old-version', seen: OLD, status: 200 });
});

test('an attempt that found the server gone does: the version from before is not what it shows', async () => {
  const { origin } = await endpoint((response, count) => (count > 2 ? response.destroy() : response.end(OLD)));
  expect(await look(origin)).toMatchObject({ reason: 'unreachable', seen: OLD, status: null });
});

test('a clock that stands does not make it ask for ever', async () => {
  const { origin, asked } = await endpoint((response) => response.end(OLD));
  await look(origin, {}, { standing: true });
  expect(asked).toHaveLength(6);
});
