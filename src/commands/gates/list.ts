import { loadConfigIfThere } from '../../config/load.js';
import { usedNonces } from '../../domain/deploy/records.js';
import type { GateQuestion, GateRecord } from '../../domain/gates/gate.js';
import { lintGates } from '../../domain/gates/lint.js';
import { gateFolder } from '../../domain/gates/payload.js';
import { peopleOf } from '../../domain/gates/signers.js';
import { CoordError } from '../../errors.js';
import { gateNamed } from '../../gates/check.js';
import { standings, type TagToJudge } from '../../gates/signed-tag-gate.js';
import { readSigners } from '../../gates/signers-on-disk.js';
import { type GateShown, gateLines, gateListLines, recordLines } from '../../render/gates.js';
import type { Context } from '../../workspace/context.js';
import { type ProtectedConfig, protectedConfig } from '../../workspace/main-branch.js';
import { targetConfig } from '../deploy/context.js';
import { knownDeployments } from '../deploy/list.js';
import type { Outcome, Verb } from '../verb.js';
import { knownGate, whereFrom } from './source.js';

export const gateList: Verb = {
  arguments: [['[target]', 'one deploy target; else all']],
  examples: [['coord gate list', 'which target needs which gates, and what blocks or weakens them']],
  notes: ['Read from the main branch as last fetched: what stands in your own copy counts for nothing.'],
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
  if (from === null) return ['coord.config.json is on no main branch yet: until it is, no gate opens'];
  const here = await loadConfigIfThere(context.repository.root).catch((error: unknown) => {
    if (error instanceof CoordError) return null;
    throw error;
  });
  const same = here !== null && (['gates', 'deploy'] as const).every((key) => equal(here[key], config[key]));
  return same
    ? []
    : ['the gates in coord.config.json here are other ones: they count once they are on the main branch'];
}

function equal(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

export const gateShow: Verb = {
  arguments: [['<gate>', 'a gate; or the id of one check of it, as coord deploy show and gate check --json tell it']],
  examples: [
    ['coord gate show owner', 'who may sign, and how each signature that is here stands'],
    ['coord gate show owner --json', 'the same for a script'],
  ],
  notes: ['It reads the main branch and the signatures as last fetched, and asks nobody.'],
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
  if (source.from === null) return { ...bare, problem: 'coord.config.json is on no main branch yet' };
  if (config.type === 'command') return bare;
  const { commit } = source.from;
  const keys = await readSigners(context, config, commit);
  const used = new Set(usedNonces((await knownDeployments(context, false)).state.deployments));
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

/** A check that is on record with a deploy; null: there is none of this id. */
async function recordWith(context: Context, id: string): Promise<GateRecord | null> {
  const known = await knownDeployments(context, false).catch((error: unknown) => {
    // A repository that was not set up has no record; that the gate is not known says more.
    if (error instanceof CoordError && error.code === 'usage') return null;
    throw error;
  });
  const records = known?.state.deployments.attempts.flatMap(({ gates }) => gates) ?? [];
  return records.find((record) => record.id === id) ?? null;
}
