import { usedNonces } from '../../domain/deploy/records.js';
import { type GateRecord, gateEvent } from '../../domain/gates/gate.js';
import { coord, shellWord } from '../../domain/suggestion.js';
import { CoordError } from '../../errors.js';
import { checkGates } from '../../gates/check.js';
import type { GateStep } from '../../gates/effects.js';
import { gatesClosed } from '../../render/deploy/refusals.js';
import { checkedLine, checkingLine, openLines } from '../../render/gates.js';
import { loadStyle, wantsColour } from '../../render/style.js';
import type { Context } from '../../workspace/context.js';
import { targetConfig } from '../deploy/context.js';
import { knownDeployments } from '../deploy/list.js';
import type { Verb } from '../verb.js';
import { gateSource, QUESTION_OPTIONS, readAction, readCommit } from './source.js';

export const gateCheck: Verb = {
  arguments: [['<target>', 'the deploy target']],
  options: [
    ...QUESTION_OPTIONS,
    ['--no-fetch', 'read what is here; the main branch and the signatures as last fetched'],
  ],
  examples: [
    ['coord gate check prod', 'check each gate that prod needs, now, at HEAD'],
    ['coord gate check prod --commit v1.2 --action rollback', 'may prod be rolled back to v1.2?'],
  ],
  notes: [
    'Exit 0: every gate is open. Exit 6: each closed gate with its reason. All are checked, and programs run in this',
    'worktree, which must be at the commit (else exit 5). It deploys nothing, and uses no signature up.',
  ],
  async run(context, input) {
    const target = input.argument(0) ?? '';
    const action = readAction(input);
    const fetch = !input.negated('fetch');
    const source = await gateSource(context, fetch, coord(`gate check ${shellWord(target)} --no-fetch`));
    if (source instanceof CoordError) return source;
    targetConfig(source, target);
    const commit = await readCommit(context, input);
    const { state, warnings } = await knownDeployments(context, fetch);
    const used = usedNonces(state.deployments);
    const show = await shower(context);
    const check = { target, commit, action, usedNonces: used, config: source, fetch, onStep: show };
    const gates = await checkGates(context, check);
    const recorded = await record(context, gates);
    const closed = gates.filter(({ open }) => !open);
    if (closed.length > 0) return gatesClosed(closed, target);
    const data = { target, commit, action, open: true, gates, from: source.from, recorded };
    return { data, text: (style) => openLines(gates, target, source, style), warnings };
  },
};

/** On a terminal, each gate as it is checked; everywhere, the end of what a program wrote that closed one. */
async function shower({ host: { stderr, env }, host }: Context): Promise<(step: GateStep) => void> {
  const style = await loadStyle(wantsColour(env, stderr.isTTY ?? false));
  let startedAt = 0;
  return (step) => {
    if (step.step === 'checking') {
      startedAt = host.now();
      if (stderr.isTTY) stderr.write(`${checkingLine(step.question.gate, step.what, style)}\n`);
      return;
    }
    const { record, lastLines } = step;
    if (stderr.isTTY) stderr.write(`${checkedLine(record, (host.now() - startedAt) / 1000, style)}\n`);
    if (!record.open) for (const line of lastLines) stderr.write(`  ${style.dim(line)}\n`);
  };
}

/** Puts what was found on record with the next write here; false where nobody is known to have asked. */
async function record(context: Context, records: readonly GateRecord[]): Promise<boolean> {
  const identity = context.identityIfKnown();
  if (identity === null) return false;
  const store = await context.store();
  for (const one of records) {
    store.defer({ id: `${one.id}.g`, ...gateEvent(one, identity.agent, identity.session) });
  }
  return true;
}
