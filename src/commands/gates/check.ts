import { loadConfigIfThere } from '../../config/load.js';
import { type GateQuestion, type GateRecord, gateEvent } from '../../domain/gates/gate.js';
import { lintGates } from '../../domain/gates/lint.js';
import { gateFolder } from '../../domain/gates/payload.js';
import { peopleOf } from '../../domain/gates/signers.js';
import { coord, shellWord } from '../../domain/suggestion.js';
import { CoordError } from '../../errors.js';
import { checkGates, gateNamed } from '../../gates/check.js';
import type { GateStep } from '../../gates/effects.js';
import { standings, type TagToJudge } from '../../gates/signed-tag-gate.js';
import { readSigners } from '../../gates/signers-on-disk.js';
import { gatesClosed } from '../../render/deploy/refusals.js';
import {
  checkedLine,
  checkingLine,
  type GateShown,
  gateLines,
  gateListLines,
  openLines,
  recordLines,
} from '../../render/gates.js';
import { loadStyle, wantsColour } from '../../render/style.js';
import type { ProtectedConfig } from '../../workspace/authority.js';
import type { Context } from '../../workspace/context.js';
import { protectedConfig } from '../../workspace/main-branch.js';
import { targetConfig } from '../deploy/context.js';
import { usedSignatures } from '../deploy/evidence.js';
import { knownDeployments } from '../deploy/list.js';
import type { Outcome, Verb } from '../verb.js';
import { gateSource, knownGate, QUESTION_OPTIONS, readAction, readCommit, whereFrom } from './source.js';

export const gateCheck: Verb = {
  arguments: [['<target>', 'the deploy target']],
  options: [
    ...QUESTION_OPTIONS,
    ['--no-fetch', 'do not fetch; use the main branch and the signatures as last fetched'],
  ],
  examples: [
    ['coord gate check prod', 'check each gate that prod needs, now, at HEAD'],
    ['coord gate check prod --commit v1.2 --action rollback', 'may prod be rolled back to v1.2?'],
  ],
  notes: [
    'Exit 0: every gate is open. Exit 6: each closed gate with its reason. All are checked, and programs run in this',
    'worktree, which must be at the commit (else exit 5). It deploys nothing, and uses up no signature.',
  ],
  answers: {
    target: 'text',
    commit: 'commit',
    action: "'deploy' | 'rollback'",
    open: 'boolean',
    gates: 'GateRecord[]',
    from: 'object | null',
    recorded: 'boolean',
  },
  demands: () => 'not-stopped',
  async run(context, input) {
    const target = input.argument(0) ?? '';
    const action = readAction(input);
    const fetch = !input.negated('fetch');
    const source = await gateSource(context, fetch, coord(`gate check ${shellWord(target)} --no-fetch`));
    if (source instanceof CoordError) return source;
    targetConfig(source, target);
    const commit = await readCommit(context, input);
    const { state, warnings } = await knownDeployments(context, fetch);
    const used = await usedSignatures(context, state.deployments);
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

export const gateList: Verb = {
  arguments: [['[target]', 'one deploy target; else all']],
  examples: [['coord gate list', 'which target needs which gates, and what blocks or weakens them']],
  notes: ['Read from the main branch as last fetched: what your own copy says does not count.'],
  answers: { from: 'object | null', targets: 'object[]', gates: 'object', problems: 'object[]' },
  async run(context, input) {
    const source = await protectedConfig(context);
    const { gates, deploy } = source.config;
    const only = input.argument(0);
    if (only !== undefined) targetConfig(source, only);
    const targets = Object.entries(deploy)
      .filter(([target]) => only === undefined || target === only)
      .map(([target, { gates: needs }]) => ({ target, gates: needs }));
    const problems = lintGates({ gates, deploy }).filter(({ target }) => only === undefined || target === only);
    const data = { from: source.from, targets, gates, problems };
    return {
      data,
      text: (style) => gateListLines(data, whereFrom(source), style),
      warnings: await differences(context, source),
    };
  },
};

async function differences(context: Context, { config, from }: ProtectedConfig): Promise<string[]> {
  if (from === null) return ['coord.config.json is not on the main branch yet: until it is, no gate opens'];
  const here = await loadConfigIfThere(context.repository.root).catch((error: unknown) => {
    if (error instanceof CoordError) return null;
    throw error;
  });
  const same = here !== null && (['gates', 'deploy'] as const).every((key) => equal(here[key], config[key]));
  return same
    ? []
    : ['the gates in coord.config.json here differ from those on the main branch: they count once they are there'];
}

function equal(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

export const gateShow: Verb = {
  arguments: [['<gate>', 'a gate; or the id of one check of it, as coord deploy show and gate check --json tell it']],
  examples: [
    ['coord gate show owner', 'who may sign, and whether each signature in this clone counts'],
    ['coord gate show owner --json', 'the same for a script'],
  ],
  notes: ['It reads the main branch and the signatures as last fetched, and asks nobody.'],
  answers: {
    'record?': ['GateRecord', 'for the id of a check; else the fields below'],
    'gate?': 'text',
    'config?': 'object',
    'targets?': 'text[]',
    'people?': 'text[] | null',
    'tags?': 'object[]',
    'more?': 'number',
    'problem?': 'text | null',
    'from?': 'object | null',
  },
  async run(context, input) {
    const name = input.argument(0) ?? '';
    const source = await protectedConfig(context);
    if (gateNamed(source, name) === null) {
      const record = await recordWith(context, name);
      if (record !== null) return { data: { record }, text: (style) => recordLines(record, style) };
    }
    const shown = await shownGate(context, source, name);
    return outcomeOf(context, source, shown);
  },
};

function outcomeOf(context: Context, source: ProtectedConfig, shown: GateShown): Outcome {
  const data = { ...shown, from: source.from };
  return { data, text: (style) => gateLines(shown, whereFrom(source), context.now(), style) };
}

async function shownGate(context: Context, source: ProtectedConfig, name: string): Promise<GateShown> {
  const config = knownGate(source, name);
  const { deploy } = source.config;
  const targets = Object.keys(deploy).filter((target) => deploy[target]?.gates.includes(name));
  const bare = { gate: name, config, targets, people: null, tags: [], more: 0, problem: null };
  if (source.from === null) return { ...bare, problem: 'coord.config.json is not on the main branch yet' };
  if (config.type === 'command') return bare;
  const { commit } = source.from;
  const keys = await readSigners(context, config, commit);
  const { deployments } = (await knownDeployments(context, false)).state;
  const used = new Set(await usedSignatures(context, deployments));
  const asked = { gate: config, configCommit: commit, usedNonces: used, folder: gateFolder(name) };
  const found = await standings(context, { ...asked, questionOf: (tag) => itsOwnQuestion(name, tag) });
  const people = typeof keys === 'string' ? [] : peopleOf(keys);
  if (typeof found === 'string') return { ...bare, people, problem: found };
  return { ...bare, people, tags: found.verdicts, more: found.more };
}

/** Each tag is shown as it stands for what it says that it is for. */
function itsOwnQuestion(gate: string, { tag }: TagToJudge): GateQuestion {
  if (tag === null || 'problem' in tag.payload) return { gate, target: '', commit: '', action: 'deploy' };
  return { ...tag.payload, gate };
}

/** A check that is on record with a deploy; null: there is not one of this id. */
async function recordWith(context: Context, id: string): Promise<GateRecord | null> {
  const known = await knownDeployments(context, false).catch((error: unknown) => {
    // A repository that was not set up has no record; that the gate is not known says more.
    if (error instanceof CoordError && error.code === 'usage') return null;
    throw error;
  });
  const records = known?.state.deployments.attempts.flatMap(({ gates }) => gates) ?? [];
  return records.find((record) => record.id === id) ?? null;
}
