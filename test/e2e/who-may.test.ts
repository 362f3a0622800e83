import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { VERBS } from '../../src/cli/registry.js';
import { deployFleet } from '../support/deploying.js';
import { localFleet } from '../support/fleet.js';

/**
 * For each verb, lines that do something and lines that only read. A stopped agent is refused the former, whatever is wrong
 * behind them, before anything is looked at or run; the latter it may always type.
 */
const LINES: Readonly<Record<string, { readonly does?: readonly string[]; readonly reads?: readonly string[] }>> = {
  init: { does: ['init --ref refs/heads/elsewhere', 'init --adopt', 'init --remove', 'init --remove --everywhere'] },
  claim: {
    does: ['claim src/z', 'claim src/z --wait=1s', 'claim src/z --offline', 'claim src/h --take-over --reason x'],
  },
  renew: { does: ['renew', 'renew src/mine --ttl 1h'] },
  release: { does: ['release --all', 'release src/mine', 'release src/mine --uncommitted', 'release --merged HEAD'] },
  once: { does: ['once k -- RUN', 'once k --retry -- RUN'] },
  'sync-check': { reads: ['sync-check'] },
  'gate list': { reads: ['gate list'] },
  'gate show': { reads: ['gate show tests'] },
  'gate check': { does: ['gate check prod'] },
  'gate request': { reads: ['gate request owner prod'] },
  'gate sign': { does: ['gate sign owner prod'] },
  deploy: { does: ['deploy prod -- RUN', 'deploy prod --rollback-to HEAD --reason x -- RUN'] },
  'deploy list': { reads: ['deploy list'] },
  'deploy show': { reads: ['deploy show d1'] },
  'deploy verify': { reads: ['deploy verify prod'] },
  run: { does: ['run src/z -- RUN', 'run src/z --wait=1s -- RUN'] },
  land: { does: ['land', 'land --dry-run', 'land --to feature', 'land --wait=1s'] },
  handoff: { does: ['handoff src/mine --to maya'] },
  'handoff accept': { does: ['handoff accept', 'handoff accept src/h'] },
  'handoff decline': { does: ['handoff decline', 'handoff decline src/h'] },
  'verify-token': { reads: ['verify-token src/mine 1'] },
  'session scratch': { does: ['session scratch'] },
  submit: { does: ['submit src/sent --note x'] },
  integrate: { does: ['integrate SUBMISSION', 'integrate SUBMISSION --decline --reason x'], reads: ['integrate'] },
  'agent list': { reads: ['agent list'] },
  'agent kill': { does: ['agent kill maya --reason x'] },
  'agent revive': { does: ['agent revive noor'] },
  'agent state': { does: ['agent state busy', 'agent state --clear'], reads: ['agent state'] },
  status: { does: ['status src/h --wait=1s'], reads: ['status', 'status src --mine'] },
  dashboard: { reads: ['dashboard --out PAGE'] },
  conflicts: { reads: ['conflicts'] },
  'session start': { does: ['session start', 'session start --role orchestrator'] },
  // It has none: nothing is written.
  'session end': { reads: ['session end'] },
  'rules list': { reads: ['rules list'] },
  'rules show': { reads: ['rules show claim-first'] },
  'rules lint': { reads: ['rules lint'] },
  note: { does: ['note x', 'note x --to maya', 'note x --offline'] },
  ack: { does: ['ack NOTE', 'ack NOTE no --no'] },
  log: { reads: ['log'] },
  inbox: { reads: ['inbox'] },
  events: { reads: ['events'] },
  'task list': { reads: ['task list'] },
  'task add': { does: ['task add more'] },
  'task show': { reads: ['task show t1'] },
  'task take': { does: ['task take', 'task take t1', 'task take --wait=1s'] },
  'task done': { does: ['task done t1'] },
  'task return': { does: ['task return t1'] },
  'task edit': { does: ['task edit t1 --title y'] },
  'task drop': { does: ['task drop t1 --reason x'] },
  'task report': { reads: ['task report'] },
  metrics: { reads: ['metrics'] },
  doctor: { does: ['doctor --fix', 'doctor --compact --keep-history 1'], reads: ['doctor'] },
  audit: { reads: ['audit HEAD~1..HEAD'] },
  'guard status': { reads: ['guard status'] },
  'guard install': { does: ['guard install'], reads: ['guard install --dry-run'] },
  'guard uninstall': { does: ['guard uninstall'], reads: ['guard uninstall --dry-run'] },
  // A guard answers in the words of git and of each harness: `test/unit/domain/guard.test.ts`.
  'guard run': {},
  'guard hook': {},
  completion: { reads: ['completion bash'] },
  // A server, whose tools are verbs of this table.
  mcp: {},
  help: { reads: ['help'] },
};

/** noor held, was offered and was handed things, has a note to answer; then otto stopped it. */
async function withStopped() {
  const fleet = await deployFleet();
  const { box, clone, remote } = fleet;
  const ok = async (agent: string, ...args: string[]) => {
    const { code, stderr, json } = await fleet.as(agent, [...args, '--json']);
    if (code !== 0) throw new Error(`${args.join(' ')}: exit ${code}\n${stderr}`);
    return json().data;
  };
  await ok('otto', 'session', 'start', '--role', 'orchestrator');
  await ok('noor', 'claim', 'src/mine');
  box.write(clone, 'src/sent', 'sent\n');
  const { submission } = await ok('maya', 'submit', 'src/sent', '--note', 'x', '--to', 'noor');
  const [asked] = (await ok('maya', 'note', 'please', '--needs-ack', 'noor')).notes;
  await ok('maya', 'claim', 'src/h');
  await ok('maya', 'handoff', 'src/h', '--to', 'noor');
  await ok('maya', 'task', 'add', 'one', '--scope', 'docs/x');
  box.commit(clone, 'src/mine', 'mine\n');
  await ok('otto', 'agent', 'kill', 'noor', '--reason', 'loops');
  const words: Readonly<Record<string, readonly string[]>> = {
    RUN: ['touch', box.path('ran')],
    SUBMISSION: [submission.id],
    NOTE: [asked.id],
    PAGE: [box.path('page.html')],
  };
  const lasting = () =>
    [
      box.git(remote, 'for-each-ref'),
      box.git(clone, 'config', '--list', '--local'),
      existsSync(box.path('ran')),
    ].join();
  /** What noor is answered, and whether anything has changed by it. */
  return async (line: string) => {
    const filled = line.split(' ').flatMap((word) => words[word] ?? [word]);
    const end = filled.indexOf('--');
    const at = end < 0 ? filled.length : end;
    const before = lasting();
    const { code, stdout } = await fleet.as('noor', [...filled.slice(0, at), '--json', ...filled.slice(at)]);
    const answer = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as Envelope;
    const reason = answer.error?.details.reason ?? null;
    return `${line}: exit ${code}, ${reason}, ${lasting() === before ? 'nothing' : 'something'} changed`;
  };
}

interface Envelope {
  readonly error?: { readonly details: { readonly reason?: string } };
}

it('every verb stands in the table', () => {
  expect(Object.keys(LINES).sort()).toEqual(VERBS.map(({ name }) => name).sort());
});

it('a stopped agent is refused every line that does something, first of all, and may read by every other', async () => {
  const answer = await withStopped();
  const wrong: string[] = [];
  for (const { does = [], reads = [] } of Object.values(LINES)) {
    for (const line of does) {
      // A signature is given by a person, whatever agent is named.
      const reason = line.startsWith('gate sign') ? 'not-a-person' : 'killed';
      const answered = await answer(line);
      if (answered !== `${line}: exit 6, ${reason}, nothing changed`) wrong.push(answered);
    }
    for (const line of reads) {
      const answered = await answer(line);
      if (!/: exit \d, (?!killed).*, nothing changed$/.test(answered)) wrong.push(answered);
    }
  }
  expect(wrong).toEqual([]);
}, 240_000);

it('a worker is refused what would take its guards away, and may see what it would do', async () => {
  const { as } = await localFleet();
  await as('w1', ['session', 'start', '--role', 'worker']);
  for (const line of ['guard uninstall', 'init --remove', 'init --adopt', 'init --ref refs/heads/elsewhere']) {
    const { code, json } = await as('w1', [...line.split(' '), '--json']);
    expect([line, code, json().error.details.reason]).toEqual([line, 6, 'role']);
  }
  expect((await as('w1', ['guard', 'uninstall', '--dry-run'])).code).toBe(0);
});
