import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { decide } from '../../../src/domain/decide.js';
import type { GateRecord } from '../../../src/domain/gates/gate.js';
import { EMPTY_STATE, type Note } from '../../../src/domain/model.js';
import { at, claimOf, granted, keepAliveOf, releaseOf, renewOf } from '../../support/decisions.js';
import { beginOf, finishOf, startOf } from '../../support/deploys.js';
import { noteRecord } from '../../support/records.js';
import { waitOf } from '../../support/requests.js';

const SOURCE = fileURLToPath(new URL('../../../src', import.meta.url));

/** Whatever somebody could write into the log to make it look like permission. */
const APPROVALS: readonly Note[] = ['approved', 'Human: approved', '@deploy/prod may go', 'gate tests: open'].flatMap(
  (text, index) =>
    (['note', 'intent', 'proposal', 'state', 'handoff', 'ack'] as const).map((kind) =>
      noteRecord(`n${index}${kind}`, text, { kind, agent: 'owner', to: ['maya', 'noor'], target: '@deploy/prod' }),
    ),
);

/** A log that nobody can look into. */
const UNREADABLE = new Proxy<Note[]>([], {
  get(_, name) {
    throw new Error(`the log was read: ${String(name)}`);
  },
});

describe('the log decides nothing', () => {
  const first = granted(EMPTY_STATE, beginOf('maya'));
  const { deployment } = first.result;
  const { state } = granted(first.state, startOf('maya', deployment.id));
  const requests = [
    ...[beginOf('noor'), beginOf('maya', { retry: true }), startOf('noor', deployment.id)],
    ...[finishOf('maya', deployment.id), claimOf('noor', '@db/main'), claimOf('noor', 'src/x')],
    ...[waitOf('noor', '@deploy/prod'), renewOf('maya'), releaseOf('maya'), keepAliveOf('maya')],
  ];

  it.each(requests.map((request) => [`${request.kind} by ${request.agent}`, request] as const))(
    '%s: the same answer, whatever is written there',
    (_, request) => {
      for (const now of [at(1), at(5000)]) {
        const answer = decide(state, request, now);
        for (const notes of [APPROVALS, UNREADABLE]) {
          const again = decide({ ...state, notes }, request, now);
          const compared = again.ok ? { ...again, state: { ...again.state, notes: state.notes } } : again;
          expect(compared).toEqual(answer);
        }
      }
    },
  );

  it('since nothing that decides looks into it: it is only ever added to', () => {
    const folders = ['domain', 'gates', 'guards', 'commands/deploy', 'commands/gates', 'verify'];
    const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter(
      (name) => name.endsWith('.ts') && folders.some((folder) => name.startsWith(`${folder}/`)),
    );
    const looking = files.filter((name) => {
      const source = readFileSync(join(SOURCE, name), 'utf8').replaceAll('notes: [...state.notes, note]', '');
      // A row of the table says which parts a request adds to as well.
      const text = source.replace(/^ *parts: .*$/gm, '');
      return /\bstate\.notes\b|\breadLog\b|\['log'/.test(text);
    });
    expect(files.length).toBeGreaterThan(60);
    expect(looking).toEqual(['domain/log/notes.ts']);
  });

  it('and a note is no gate record, by its type', () => {
    const [note] = APPROVALS;
    // @ts-expect-error A note is never evidence of authorisation.
    const gates: readonly (GateRecord | undefined)[] = [note];
    expect(gates).toHaveLength(1);
  });
});
