/** What each target of the model overlaps with, itself included: said here by hand, not asked of the program. */
export const OVERLAPS = {
  'src/api/**': ['src/api/**', 'src/api/users.ts', 'src/**/*.ts'],
  'src/api/users.ts': ['src/api/**', 'src/api/users.ts', 'src/**/*.ts'],
  'src/**/*.ts': ['src/api/**', 'src/api/users.ts', 'src/**/*.ts'],
  'docs/**': ['docs/**'],
  '@db/main': ['@db/main'],
} as const satisfies Record<string, readonly string[]>;

export type ModelTarget = keyof typeof OVERLAPS;
export const TARGETS = Object.keys(OVERLAPS) as ModelTarget[];
export const AGENTS = ['maya', 'noor'] as const;
export type ModelAgent = (typeof AGENTS)[number];

export interface ModelClaim {
  target: ModelTarget;
  agent: ModelAgent;
  mode: 'exclusive' | 'shared';
  token: number;
  ttl: number;
  /** Seconds of the model's clock. */
  expires: number;
  offeredTo: ModelAgent | null;
}

/** Others may take a claim over only so long after it expired. */
const TOLERANCE = 30;

/**
 * The whole of what coord promises of claims, as simply as it can be said: a list, and a clock. It knows nothing of git,
 * commits, files, patterns or processes.
 */
export class Model {
  claims: ModelClaim[] = [];
  now = 0;
  lastToken = 0;
  readonly killed = new Set<ModelAgent>();
  notes = 0;

  live(): ModelClaim[] {
    return this.claims.filter((claim) => claim.expires > this.now);
  }

  ownLive(agent: ModelAgent, target: ModelTarget): ModelClaim | undefined {
    return this.live().find((claim) => claim.agent === agent && claim.target === target);
  }

  /** Claims of others that stop this one, also those that are expired and may not yet be taken over. */
  inTheWay(agent: ModelAgent, target: ModelTarget, mode: ModelClaim['mode']): ModelClaim[] {
    const overlapping: readonly string[] = OVERLAPS[target];
    return this.claims.filter(
      (claim) =>
        claim.agent !== agent &&
        claim.expires + TOLERANCE > this.now &&
        overlapping.includes(claim.target) &&
        !(claim.mode === 'shared' && mode === 'shared'),
    );
  }

  /** What every write does on the way. */
  sweep(): void {
    this.claims = this.claims.filter((claim) => claim.expires + TOLERANCE > this.now);
  }

  /** Any command of a holder renews what is past half of its life. */
  keepAlive(agent: ModelAgent): void {
    for (const claim of this.live()) {
      if (claim.agent === agent && claim.expires - this.now < claim.ttl / 2) this.renew(claim);
    }
  }

  renew(claim: ModelClaim, ttl = claim.ttl): void {
    claim.ttl = Math.max(claim.ttl, ttl);
    claim.expires = Math.max(claim.expires, this.now + claim.ttl);
  }

  drop(gone: readonly ModelClaim[]): void {
    this.claims = this.claims.filter((claim) => !gone.includes(claim));
  }
}
