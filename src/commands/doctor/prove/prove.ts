import type { Context } from '../../../context.js';
import type { LayerId } from '../../../domain/enforcement.js';
import { type Attempt, brokenLayers, type Proof } from '../../../domain/proof.js';
import { CoordError } from '../../../errors.js';
import { readHooks } from '../../guards/hooks-report.js';
import { protectedConfig } from '../../main-branch/protected-config.js';
import { type Checked, wrong } from '../checked.js';
import { ACTORS, Attempts } from './attempts.js';
import { inProvingPlace } from './place.js';
import { setStage } from './stage.js';

export interface Proved {
  readonly proof: Proof;
  /** Layers that are said to be live, and are not. */
  readonly checks: readonly Checked[];
}

/**
 * Plants a conflict and tries to get past each layer. It plays in a copy of the repository, with a remote and a
 * coordination branch of its own; the hooks are those that are installed in the repository.
 * @throws CoordError `unavailable` when it was asked to stop; nothing is left behind then.
 */
export async function prove(context: Context, live: readonly LayerId[]): Promise<Proved> {
  const main = await protectedConfig(context);
  const { report } = await readHooks(context);
  let stopped = false;
  const unlisten = context.host.onStop(() => {
    stopped = true;
  });
  try {
    return await inProvingPlace(context, async (folder) => {
      const stage = await setStage(context, folder, main);
      const tries = new Attempts(context, stage, report, live.includes('harness'));
      await tries.plant();
      const attempts: Attempt[] = [];
      for (const name of ORDER) {
        if (stopped)
          throw new CoordError('unavailable', 'stopped; nothing is left behind', { hint: 'coord doctor --prove' });
        attempts.push(await tries[name]());
      }
      const proof = { path: stage.path, ...ACTORS, attempts };
      return { proof, checks: brokenLayers(proof, live).map((layer) => broken(layer, proof)) };
    });
  } finally {
    unlisten();
  }
}

const ORDER = ['claim', 'edit', 'commit', 'noVerify', 'plumbing', 'push', 'pushNoVerify', 'audit'] as const;

function broken(layer: LayerId, { attempts }: Proof): Checked {
  const passed = attempts.filter((one) => one.layer === layer && one.outcome === 'not-stopped');
  const message = `${layer}: set up, and let ${passed.map(({ what }) => what).join(' and ')} through`;
  return { ...wrong('prove', 'high', message, 'coord hooks status; coord hooks install'), code: 'fault' };
}
