import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Context } from '../../context.js';

/**
 * Says that an integration into this worktree has begun: one that was decided and then cut off before all files were in
 * their places is finished by running it again.
 */
export class IntegrationMark {
  private readonly path: string;

  constructor(context: Context, submission: string) {
    this.path = join(context.localDirectory, 'integrating', `${context.repository.worktreeId}-${submission}`);
  }

  isSet(): boolean {
    return existsSync(this.path);
  }

  set(): void {
    mkdirSync(dirname(this.path), { recursive: true });
    writeFileSync(this.path, '');
  }

  clear(): void {
    rmSync(this.path, { force: true });
  }
}
