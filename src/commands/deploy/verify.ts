import type { VerifyConfig } from '../../config/deploys.js';
import type { Context } from '../../context.js';
import { coord, shellWord } from '../../domain/suggestion.js';
import { oneLine, shorten } from '../../domain/text.js';
import { parseDuration } from '../../domain/time.js';
import { usage } from '../../errors.js';
import { verificationError, verifiedLine, verifiedWarnings } from '../../render/deploy/endpoint.js';
import { verifyEndpoint } from '../../verify/endpoint.js';
import { nearest } from '../line/nearest.js';
import { protectedConfig } from '../main-branch/protected-config.js';
import type { Input, Verb } from '../verb.js';
import { endpointEffects } from './endpoint.js';
import { expectedCommit } from './expected.js';

export const deployVerify: Verb = {
  arguments: [['<target>', 'a name under "deploy" in coord.config.json on the main branch, such as prod']],
  options: [
    [
      '--commit <revision>',
      'the commit that it must show; otherwise that of the last deploy, or HEAD where none is known',
    ],
    ['--timeout <duration>', 'try again for so long, in place of what the configuration says; 0s asks once'],
  ],
  examples: [
    ['coord deploy verify prod', 'whether it shows what was deployed last, asked until it does or the time is over'],
    ['coord deploy verify prod --commit 1f3c2a9 --timeout 0s', 'whether it shows this commit now'],
  ],
  notes: [
    'It asks deploy.TARGET.verify.url, round all caches. 200 with the old version is a failure. Exit 5: it shows another',
    'version, or none. Exit 7: what it shows cannot be known. It records nothing.',
  ],
  async run(context, input) {
    const target = input.argument(0) ?? '';
    const config = await verifyConfig(context, input, target);
    const { warnings, ...expected } = await expectedCommit(context, target, input.text('commit'));
    const seen = await verifyEndpoint(config, expected, endpointEffects(context));
    const { commitFrom, deploy } = expected;
    const data = { target, commitFrom, deploy, ...seen };
    if (!seen.ok) return verificationError(seen, data);
    return {
      data,
      text: (style) => verifiedLine(seen, commitFrom, style),
      warnings: [...warnings, ...verifiedWarnings(seen, target)],
    };
  },
};

/** @throws CoordError `usage` when the target is not known, or nothing says where to look */
async function verifyConfig(context: Context, input: Input, target: string): Promise<VerifyConfig> {
  const { config, from } = await protectedConfig(context);
  const where = from === null ? 'coord.config.json' : `coord.config.json on ${oneLine(from.name)}`;
  const known = Object.keys(config.deploy);
  const found = Object.hasOwn(config.deploy, target) ? config.deploy[target] : undefined;
  if (!found) {
    const meant = nearest(target, known);
    const listed = known.length === 0 ? 'it has none' : `it has ${known.map(oneLine).join(', ')}`;
    const name = JSON.stringify(shorten(target, 80));
    const hint = meant === undefined ? `add it under "deploy" in ${where}` : coord(`deploy verify ${shellWord(meant)}`);
    throw usage(`no such deploy target: ${name} in ${where}; ${listed}`, hint, { target, known });
  }
  if (found.verify === null) {
    const message = `nothing says where to look for ${oneLine(target)}: it has no "verify" in ${where}`;
    throw usage(message, `add "verify": {"url": "https://…"} to it in ${where}; ${coord('help config')}`, { target });
  }
  return { ...found.verify, timeoutSeconds: readTimeout(input) ?? found.verify.timeoutSeconds };
}

function readTimeout(input: Input): number | null {
  const typed = input.text('timeout');
  if (typed === undefined) return null;
  const seconds = parseDuration(typed);
  if (seconds !== null) return seconds;
  throw usage(`not a duration: ${JSON.stringify(shorten(typed, 80))}`, 'use one such as 30s or 2m; 0s asks once');
}
