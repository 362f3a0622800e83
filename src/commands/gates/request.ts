import { peopleOf } from '../../domain/gates/signers.js';
import { CoordError } from '../../errors.js';
import { readSigners } from '../../gates/signers-on-disk.js';
import { shellWord } from '../../render/command-words.js';
import { requestLines } from '../../render/gate-request.js';
import type { Verb } from '../verb.js';
import { aboutCommit, EXPIRES_OPTION, toSign } from './payloads.js';
import { QUESTION_OPTIONS, readAction, readCommit } from './question.js';
import { gateSource, signedGate } from './source.js';

export const gateRequest: Verb = {
  arguments: [
    ['<gate>', 'a gate that people open'],
    ['<target>', 'the deploy target'],
  ],
  options: [...QUESTION_OPTIONS, EXPIRES_OPTION, ['--no-fetch', 'go by the main branch that is here']],
  examples: [['coord gate request owner prod', 'print what a person is to run, to sign HEAD for prod']],
  notes: [
    'It decides nothing and writes nothing: show what it prints to a person who may sign. The commands work without',
    'coord. Each signature names gate, target, commit, action and expiry, and opens one deploy.',
  ],
  async run(context, input) {
    const [gate = '', target = ''] = [input.argument(0), input.argument(1)];
    const action = readAction(input);
    const offline = `coord gate request ${shellWord(gate)} ${shellWord(target)} --no-fetch`;
    const source = await gateSource(context, !input.negated('fetch'), offline);
    if (source instanceof CoordError) return source;
    const config = signedGate(source, gate, target);
    const commit = await readCommit(context, input);
    const keys =
      source.from === null
        ? 'coord.config.json is on no main branch yet'
        : await readSigners(context, config, source.from.commit);
    if (typeof keys === 'string') {
      const hint = 'a person mends it on the main branch: coord help config';
      return new CoordError('closed', `nobody can open the gate: ${keys}`, { hint, details: { reason: 'unreadable' } });
    }
    const question = { gate, target, commit, action };
    const requests = Array.from({ length: config.signers }, () => toSign(context, question, input));
    const { remote } = source.config;
    const hasRemote = (await context.git(['remote', 'get-url', '--', remote])).code === 0;
    const asked = {
      ...{ ...question, about: await aboutCommit(context, commit), signers: config.signers },
      ...{ people: peopleOf(keys), kinds: [...new Set(keys.map(({ kind }) => kind))] },
      ...{ expires: requests[0]?.payload.expires ?? '', remote: hasRemote ? remote : null, requests },
      expiresIn: input.text('expires') ?? '1h',
    };
    return { data: asked, text: (style) => requestLines(asked, context.now(), style) };
  },
};
