import { expect, it } from 'vitest';
import { type AuditRig, auditRig } from '../../support/audit.js';

const ODD = [
  'src/new\nline.ts',
  'src/\u001b[31mred.ts',
  'src/a b%20#?.ts',
  'src/:colon',
  'src/quo"te',
  'src/-x',
  'src/é.ts',
];
const SUBJECT = 'forged\u001b[2J\r\u202e subject';

async function odd(): Promise<AuditRig> {
  const rig = await auditRig();
  const files = Object.fromEntries(ODD.map((path) => [path, 'text\n']));
  rig.commit(rig.clone, { files, message: SUBJECT, author: 'Eve\u001b[31m <eve@eve.example>' });
  return rig;
}

it('says each finding in one line that ends in what to do, whatever names and subjects hold', async () => {
  const rig = await odd();
  const { code, stderr, stdout } = await rig.host.run(null, rig.clone, ['audit', 'HEAD']);
  expect([code, stdout]).toEqual([4, '']);
  const lines = stderr.trimEnd().split('\n');
  expect(lines).toHaveLength(ODD.length + 2);
  for (const line of lines.slice(0, ODD.length)) {
    expect(line).toMatch(/^unclaimed: src\/.* · redo it under a claim: coord claim \S.*$/);
  }
  expect(lines.at(-2)).toBe(`audited 1 commit of HEAD, 1 on the surface: ${ODD.length} paths unclaimed`);
  expect(lines.at(-1)).toMatch(/^next: /);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for.
  expect(stderr.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u202e\ufdd0]/);
});

it('gives the very names in JSON', async () => {
  const rig = await odd();
  const { report } = await rig.audit(rig.clone, 'HEAD');
  expect(report.commits[0]?.subject).toContain('\u001b[2J');
  expect(report.commits[0]?.paths.map(({ path }) => path).sort()).toEqual(
    ODD.map((path) => path.normalize('NFC')).sort(),
  );
});

it('lists so many findings, and says how to see the others', async () => {
  const rig = await auditRig();
  const files = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`src/f${index}.ts`, 'text\n']));
  rig.commit(rig.clone, { files });
  const { stderr } = await rig.host.run(null, rig.clone, ['audit', 'HEAD']);
  expect(stderr.trimEnd().split('\n')).toHaveLength(43);
  expect(stderr).toContain('and 20 more: --json lists all');
  expect((await rig.audit(rig.clone, 'HEAD')).report.summary).toMatchObject({ unclaimed: 60, findings: 60 });
});

it('prints SARIF 2.1.0 and nothing else, with the same exit code', async () => {
  const rig = await odd();
  await rig.run('maya', rig.clone, 'claim', 'src/b.ts');
  rig.host.clock.pass(60);
  rig.commit(rig.clone, 'src/b.ts');
  const print = () => rig.host.run(null, rig.clone, ['audit', '--sarif', 'origin/main..HEAD']);
  const { code, stdout } = await print();
  expect(code).toBe(4);
  const log = JSON.parse(stdout);
  expect(log).toMatchObject({ version: '2.1.0', $schema: expect.stringMatching(/sarif-2\.1\.0\.json$/) });
  const [run, ...others] = log.runs;
  expect(others).toEqual([]);
  const { driver } = run.tool;
  expect([driver.name, driver.version]).toEqual(['coord', expect.stringMatching(/./)]);
  const ids = driver.rules.map(({ id }: { id: string }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const rule of driver.rules) {
    expect(rule.shortDescription.text && rule.help.text).toBeTruthy();
    expect(['error', 'warning']).toContain(rule.defaultConfiguration.level);
  }
  expect(run.results).toHaveLength(ODD.length + 1);
  const prints = new Set<string>();
  for (const result of run.results) {
    expect(driver.rules[result.ruleIndex].id).toBe(result.ruleId);
    expect(result.message.text).toMatch(/Next: ./);
    const { artifactLocation, region } = result.locations[0].physicalLocation;
    expect(artifactLocation.uriBaseId in run.originalUriBaseIds).toBe(true);
    expect(artifactLocation.uri).toMatch(/^src\/[\w.!~*'()%-]+$/);
    expect(region.startLine).toBe(1);
    prints.add(result.partialFingerprints['coordFinding/v1']);
  }
  expect(prints.size).toBe(run.results.length);
  const uris = run.results.map((one: typeof run) => one.locations[0].physicalLocation.artifactLocation.uri);
  expect(uris.map(decodeURIComponent)).toEqual(expect.arrayContaining(ODD.map((path) => path.normalize('NFC'))));
  rig.host.clock.pass(1000);
  expect(JSON.parse((await print()).stdout)).toEqual(log);
});

it('prints SARIF without results when all is covered', async () => {
  const rig = await auditRig();
  const { code, stdout } = await rig.host.run(null, rig.clone, ['audit', '--sarif', 'main..main']);
  expect([code, JSON.parse(stdout).runs[0].results]).toEqual([0, []]);
  const both = await rig.host.run(null, rig.clone, ['audit', '--sarif', '--json']);
  expect([both.code, both.json().error.code]).toEqual([2, 'usage']);
});

it('changes nothing in the working tree, and writes nothing to the state ref', async () => {
  const rig = await odd();
  const before = rig.git(rig.clone, 'rev-parse', 'coord/state');
  rig.box.write(rig.clone, 'src/a.ts', 'dirty\n');
  await rig.audit(rig.clone);
  expect(rig.git(rig.clone, 'rev-parse', 'coord/state')).toBe(before);
  expect(rig.git(rig.clone, 'status', '--porcelain')).toBe(' M src/a.ts');
});
