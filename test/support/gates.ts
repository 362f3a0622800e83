import type { GateRecord } from '../../src/domain/gates/gate.js';
import { checkGates, type GateCheck } from '../../src/gates/check.js';
import type { Effects, GateStep } from '../../src/gates/effects.js';
import { protectedConfig } from '../../src/workspace/main-branch.js';
import { type InProcess, inProcess } from './in-process.js';
import { type Sandbox, sandbox } from './sandbox.js';

export interface GatedRepository extends InProcess {
  readonly box: Sandbox;
  readonly clone: string;
  readonly remote: string;
  /** HEAD of the clone. */
  head(): string;
  /** Commits files on main and pushes them. */
  publish(files: Readonly<Record<string, string>>): void;
  /** Checks the gates of a target at HEAD (`prod` unless another is named). */
  check(changes?: Partial<GateCheck>, effects?: Partial<Effects>): Promise<readonly GateRecord[]>;
  /** What {@link GatedRepository.check} told on its way. */
  readonly steps: GateStep[];
}

/** A clone whose main branch, pushed, has this configuration. */
export function gatedRepository(config: object, files: Readonly<Record<string, string>> = {}): GatedRepository {
  const box = sandbox();
  const remote = box.bareRemote();
  const clone = box.clone(remote);
  const run = inProcess(box);
  const steps: GateStep[] = [];
  const head = () => box.git(clone, 'rev-parse', 'HEAD');
  const publish = (all: Readonly<Record<string, string>>) => {
    for (const [file, text] of Object.entries(all)) {
      box.write(clone, file, text);
      box.git(clone, 'add', '--', file);
    }
    box.git(clone, 'commit', '--quiet', '--message', 'set up');
    box.git(clone, 'push', '--quiet', 'origin', 'HEAD:main');
  };
  publish({ 'coord.config.json': JSON.stringify(config), ...files });
  return {
    ...{ ...run, box, clone, remote, head, publish, steps },
    async check(changes = {}, others = {}) {
      const context = run.context(clone);
      const { repository, git, objects, remoteGit, host } = context;
      const effects: Effects = {
        ...{ repository, git, objects, remoteGit, host, now: () => context.now(), newId: () => context.newId() },
        ...others,
      };
      return checkGates(effects, {
        ...{ target: 'prod', commit: head(), action: 'deploy', usedNonces: [] },
        config: await protectedConfig(context),
        onStep: (step) => steps.push(step),
        ...changes,
      });
    },
  };
}
