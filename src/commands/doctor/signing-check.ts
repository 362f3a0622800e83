import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context } from '../../context.js';
import type { Verification } from '../../domain/gates/judge.js';
import { oneLine } from '../../domain/text.js';
import { CoordError } from '../../errors.js';
import { readSigners, withSigners } from '../../gates/signers-on-disk.js';
import { verifySignature } from '../../gates/verify-signature.js';
import { objectId, openObjects } from '../../git/objects.js';
import type { Git } from '../../git/run.js';
import { signCommit } from '../../git/sign-commit.js';
import { type Signed, signedCommit } from '../../git/signature.js';
import { commitBody } from '../../store/commits.js';
import type { ProtectedConfig } from '../main-branch/protected-config.js';
import { type Checked, well, wrong } from './checked.js';

type Signers = ProtectedConfig['config']['signers'];
type Problem = readonly [message: string, next: string];

/** Whether what is asked of the commits of the coordination branch can be done here; nothing where nothing is asked. */
export async function signingCheck(context: Context, { config, from }: ProtectedConfig): Promise<Checked[]> {
  if (!config.signCommits) return [];
  const problem = opensGates(config) ?? (await problemOf(context, config.signers, from?.commit ?? null));
  if (problem !== null) return [wrong('signing', 'medium', ...problem)];
  const { allowedSigners } = config.signers;
  const message = `coordination commits are signed here, with a key that ${allowedSigners} of the main branch lists`;
  return [well('signing', 'medium', message)];
}

/** Agents that may sign coordination commits must not thereby be people who open a gate. */
function opensGates({ signers, gates }: ProtectedConfig['config']): Problem | null {
  const { allowedSigners } = signers;
  const [name] =
    Object.entries(gates).find(
      ([, gate]) => gate.type === 'signed-tag' && join(gate.allowedSigners) === join(allowedSigners),
    ) ?? [];
  if (name === undefined) return null;
  return [
    `each key that may sign coordination commits opens the gate ${oneLine(name)} too: both go by ${allowedSigners}`,
    'give "signers" in coord.config.json a file of its own, on the main branch',
  ];
}

async function problemOf(context: Context, signers: Signers, main: string | null): Promise<Problem | null> {
  const { allowedSigners } = signers;
  const keys = main === null ? `${allowedSigners} is on no main branch` : await readSigners(context, signers, main);
  if (main === null || typeof keys === 'string') {
    return [String(keys), `put the keys into ${allowedSigners}, on the main branch`];
  }
  const signed = await sampleCommit(context).catch(asUnavailable);
  if (signed instanceof CoordError) return [signed.message, 'git config user.signingKey'];
  const verified: Verification | string = await withSigners(context, signers, main, (disk) =>
    verifySignature(disk, signed, context.now()),
  );
  if (typeof verified === 'string')
    return [verified, `mend it on the main branch; ${allowedSigners} is read from there`];
  if (verified.good) return null;
  return [
    `a coordination commit that is made here ${verified.why}`,
    `put the key of this clone into ${allowedSigners}, on the main branch`,
  ];
}

/** Signs a commit as a command would, in a folder that is cleared away. */
async function sampleCommit(context: Context): Promise<Signed> {
  const folder = mkdtempSync(join(tmpdir(), 'coord-sign-'));
  try {
    const { repository } = context;
    const git: Git = (args, options = {}) =>
      context.git(args, { ...options, env: { ...options.env, GIT_OBJECT_DIRECTORY: folder } });
    const objects = openObjects(repository, git);
    const tree = objectId(repository, 'tree', Buffer.alloc(0));
    const sample = { operation: 'doctor', agent: 'doctor', at: context.now(), summary: 'doctor', events: [] };
    const id = await signCommit(git, objects, commitBody(tree, null, sample, []));
    return signedCommit((await objects.read([id])).get(id)?.body ?? Buffer.alloc(0));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function asUnavailable(error: unknown): CoordError {
  if (error instanceof CoordError && error.code === 'unavailable') return error;
  throw error;
}
