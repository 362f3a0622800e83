import { claim } from '../commands/claims/claim.js';
import { asCoordError } from '../commands/perform.js';
import { Input } from '../commands/verb.js';
import { asTyped } from '../domain/suggestion.js';
import { CoordError } from '../errors.js';
import { Context } from '../workspace/context.js';
import type { Host } from '../workspace/host.js';
import { noticesOfState } from '../workspace/notices.js';
import { commonFlags } from './common-flags.js';
import { type Known, Leaving, mustHaveNoAsides } from './leaving.js';
import { readPlainLine } from './plain-line.js';
import { report } from './report.js';

/** `claim` without what waits, takes over or goes without the remote: granted or refused by the verb itself. */
export async function plainClaim(host: Host, facts: Known): Promise<number> {
  const line = readPlainLine(host.argv.slice(1), claim);
  if (line === null) throw new Leaving('options');
  const flags = commonFlags(line.options);
  const input = new Input(line.values, line.options);
  if (['wait', 'takeOver', 'offline'].some((name) => input.flag(name))) throw new Leaving('options');
  if (facts.config.signCommits || facts.policy?.signCommits) throw new Leaving('signed');
  if (facts.snapshot.riders.length > 0) throw new Leaving('riders');
  const context = new Context(host, flags);
  await context.take(facts, facts.snapshot);
  mustHaveNoAsides(facts, context.identityIfKnown());
  const typed = (text: string) => asTyped(text, context.standpoint);
  // From here on something may be written, and nothing leaves.
  const outcome = await claim.run(context, input).catch(asCoordError);
  const isFault = outcome instanceof CoordError && outcome.code === 'fault';
  if (isFault && (await (await context.store()).tip()) === facts.snapshot.revision) throw new Leaving('fault');
  const exit = await report(host, 'claim', { ...flags, typed }, outcome, await noticesOfState(context));
  await context
    .store()
    .then((store) => store.keep())
    .catch(() => undefined);
  return exit;
}
