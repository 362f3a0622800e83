import { randomBytes } from 'node:crypto';
import type { Context } from '../../context.js';
import type { GateQuestion } from '../../domain/gate.js';
import { formatPayload, type GatePayload } from '../../domain/gates/payload.js';
import { tagName } from '../../domain/gates/tag-name.js';
import { addSeconds } from '../../domain/time.js';
import { readDuration } from '../durations.js';
import type { Input } from '../verb.js';

export const EXPIRES_OPTION = ['--expires <duration>', 'how long the signature counts (1h)'] as const;

const NONCE_BYTES = 16;

/** What a person is to sign. */
export interface ToSign {
  readonly payload: GatePayload;
  /** The name of the tag, without `refs/tags/`. */
  readonly tag: string;
  readonly message: string;
}

/** One more signature for a question: its nonce is unlike every other. */
export function toSign(context: Context, question: GateQuestion, input: Input): ToSign {
  const seconds = readDuration('--expires', input.text('expires') ?? '1h');
  const nonce = randomBytes(NONCE_BYTES).toString('hex');
  const payload = { ...question, expires: addSeconds(context.now(), seconds), nonce };
  return { payload, tag: tagName(question, nonce), message: formatPayload(payload) };
}

/** What a commit is, in a line, for the one who is to sign it. */
export async function aboutCommit(context: Context, commit: string): Promise<string> {
  const args = ['show', '--no-patch', '--no-show-signature', '--format=%h %s (%an, %ad)', '--date=iso', commit, '--'];
  const { stdout } = await context.git(args);
  return stdout.toString('utf8').trim();
}
