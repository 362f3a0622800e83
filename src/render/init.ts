import type { Style } from './style.js';

export interface InitReport {
  readonly branch: string;
  readonly commit: string | null;
  readonly outcome: 'created' | 'adopted' | 'existing';
  readonly share: boolean;
  readonly remote: string | null;
  readonly files: readonly { readonly path: string; readonly action: 'created' | 'extended' | 'unchanged' }[];
  readonly changed: boolean;
}

export function initLines(report: InitReport, style: Style): string[] {
  const { branch, remote, outcome, files } = report;
  const reach = remote === null ? 'for the worktrees of this clone' : `shared through ${remote}`;
  if (!report.changed) return [`nothing to do: this repository is set up (branch ${branch}, ${reach})`];
  const how = { created: 'created', adopted: `adopted from ${remote ?? 'the remote'}`, existing: 'there already' }[
    outcome
  ];
  const written = files.filter(({ action }) => action !== 'unchanged');
  const paths = [...new Set(written.map(({ path }) => path.split('/')[0] ?? path))].join(' ');
  return [
    `${style.good('branch')} ${branch} ${how}, ${reach}`,
    ...written.map(({ path, action }) => `${style.good(action)} ${path}`),
    ...(written.length === 0
      ? []
      : [`next: read them, then git add ${paths} && git commit -m "Coordinate with coord"`]),
  ];
}
