import type { Context } from '../../context.js';
import { readSigners } from '../../gates/signers-on-disk.js';
import type { ProtectedConfig } from '../protected-config.js';
import { type Checked, well, wrong } from './checked.js';

/** Whether what is asked of the commits of the coordination branch can be done here; nothing where nothing is asked. */
export async function signingCheck(context: Context, { config, from }: ProtectedConfig): Promise<Checked[]> {
  if (!config.signCommits) return [];
  const problem = await problemOf(context, config.signers, from?.commit ?? null);
  if (problem !== null) return [wrong('signing', 'medium', ...problem)];
  const { allowedSigners } = config.signers;
  return [well('signing', 'medium', `coordination commits are signed; ${allowedSigners} says whose signatures count`)];
}

type Problem = readonly [message: string, next: string];

async function problemOf(
  context: Context,
  signers: ProtectedConfig['config']['signers'],
  main: string | null,
): Promise<Problem | null> {
  if (!(await context.config()).signCommits) {
    return [
      'the main branch asks for signed coordination commits, and this working copy does not',
      'git merge the main branch',
    ];
  }
  const set = (key: string) => context.git(['config', '--get', key]).then(({ code }) => code === 0);
  if (!(await set('user.signingKey')) && !(await set('gpg.ssh.defaultKeyCommand'))) {
    return ['coordination commits are to be signed, and git has no key to sign with', 'git config user.signingKey'];
  }
  const keys =
    main === null ? `${signers.allowedSigners} is on no main branch` : await readSigners(context, signers, main);
  if (typeof keys === 'string') return [keys, `put the keys into ${signers.allowedSigners}, on the main branch`];
  return null;
}
