import { verifyToken as verify } from '../domain/verify-token.js';
import { usage } from '../errors.js';
import { staleToken, validTokenLine } from '../render/tokens.js';
import { readTargets, TARGET_OPTIONS } from './target-input.js';
import type { Verb } from './verb.js';

export const verifyToken: Verb = {
  arguments: [
    ['<target>', 'what is about to be written'],
    ['<token>', 'the fencing token of the one who writes'],
  ],
  options: [['--no-fetch', 'judge by what is here'], ...TARGET_OPTIONS],
  examples: [['coord verify-token @deploy/prod 412', 'exit 0 when 412 still holds, 4 when there is a newer holder']],
  notes: [
    'For whatever is written to under a claim: it asks just before the write. Anybody’s token may be asked about.',
  ],
  async run(context, input) {
    const token = readToken(input.argument(1) ?? '');
    const [target] = readTargets(context, input, [input.argument(0) ?? '']);
    if (!target) throw usage('no target was named', 'coord verify-token TARGET TOKEN');
    const store = await context.store();
    const { state } = input.negated('fetch') ? await store.read() : await store.latest();
    const now = context.now();
    const verdict = verify(state, target, token, { foldCase: context.repository.foldsCase }, now);
    const data = { target: target.text, token, ...verdict };
    if (!verdict.valid) return staleToken(data, now);
    return { data, text: (style) => validTokenLine(data, now, style) };
  },
};

function readToken(text: string): number {
  const token = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(token)) return token;
  throw usage(`not a token: ${JSON.stringify(text.slice(0, 80))}`, 'a token is the number that coord claim printed');
}
