import { CONFIG_FILE } from '../../config/load.js';
import type { Context } from '../../context.js';
import { stateFindings } from '../../domain/checkup.js';
import { type Enforcement, enforcementOf, type Layer } from '../../domain/enforcement.js';
import { EMPTY_STATE } from '../../domain/model.js';
import { lintRules } from '../../domain/rules/lint.js';
import { settingFindings } from '../../domain/settings-checkup.js';
import { plural } from '../../domain/text.js';
import { CoordError } from '../../errors.js';
import { readWorktreeFile } from '../../git/worktree-files.js';
import { rulesFolder } from '../main-branch/files.js';
import { protectedConfig } from '../main-branch/protected-config.js';
import { workingRules } from '../rules/source.js';
import { branchChecks, shareCheck } from './branch-checks.js';
import { asError, type Checked, failed, well, wrong } from './checked.js';
import { deployChecks } from './deploy-checks.js';
import { ciCheck, harnessCheck, hooksCheck } from './guard-checks.js';
import { leftOverChecks } from './left-overs.js';
import { signingCheck } from './signing-check.js';

export interface CheckUp {
  readonly checks: readonly Checked[];
  readonly enforcement: Enforcement;
}

const ASKS: Layer = { layer: 'claims', live: true, why: 'agents that ask are refused what another holds' };
const NOT_LOOKED: readonly Layer[] = (['claims', 'harness', 'hooks', 'ci'] as const).map((layer) => ({
  ...{ layer, live: false, why: 'not looked at: the configuration cannot be read' },
}));

/** Looks at everything; what cannot be looked at for want of something before it is left out. */
export async function checkUp(context: Context): Promise<CheckUp> {
  const { repository } = context;
  const config = await context.config().catch(asError);
  if (config instanceof CoordError) {
    return { checks: [failed('config', config)], enforcement: enforcementOf(NOT_LOOKED, false) };
  }
  const valid = readWorktreeFile(repository.root, CONFIG_FILE, 1) === null ? 'not there: defaults' : 'valid';
  const main = await protectedConfig(context).catch(asError);
  const branch = await branchChecks(context, config);
  const settings = main instanceof CoordError ? config : main.config;
  const guards = [harnessCheck(context), await hooksCheck(context), await ciCheck(context)];
  const claims = branch.state === null ? { ...ASKS, live: false, why: 'the state cannot be read' } : ASKS;
  return {
    checks: [
      well('config', 'high', `${CONFIG_FILE} is ${valid}`),
      main instanceof CoordError ? failed('protected', main) : protectedCheck(main.from?.name ?? null),
      ...branch.checks,
      ...(branch.state ? stateFindings(branch.state, await context.policy('anyone'), context.now()) : []),
      await shareCheck(context, config),
      await rulesCheck(context),
      ...settingFindings(settings, branch.state ?? EMPTY_STATE),
      ...(main instanceof CoordError ? [] : await deployChecks(context, main)),
      ...(main instanceof CoordError ? [] : await signingCheck(context, main)),
      ...(await leftOverChecks(context, config)),
      ...guards.map(({ check }) => check),
    ],
    enforcement: enforcementOf([claims, ...guards.map(({ layer }) => layer)], settings.surface.length > 0),
  };
}

/** @param from the main branch that the configuration was read from; null: none has it */
function protectedCheck(from: string | null): Checked {
  if (from !== null) return well('protected', 'medium', `guards and gates go by ${CONFIG_FILE} of ${from}`);
  const message = `the main branch has no ${CONFIG_FILE}: guards and gates go by each working copy`;
  return wrong('protected', 'medium', message, `commit ${CONFIG_FILE}, and bring it to the main branch`);
}

async function rulesCheck(context: Context): Promise<Checked> {
  const folder = await rulesFolder(context);
  const files = workingRules(context, folder);
  if (files.length === 0)
    return wrong('rules', 'medium', `no rules in ${folder}`, 'coord init writes the starter rules');
  const errors = lintRules(files).filter(({ severity }) => severity === 'error');
  if (errors.length === 0) return well('rules', 'medium', `${plural(files.length, 'file')} in ${folder}, clear`);
  return wrong('rules', 'medium', `${plural(errors.length, 'error')} in ${folder}`, 'coord rules lint');
}
