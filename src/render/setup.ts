import { targetWord } from '../domain/suggestion.js';
import { oneLine } from '../domain/text.js';
import type { Style } from './style.js';

/** What `coord init` did. */
export interface InitReport {
  /** Full name of the state ref. */
  readonly ref: string;
  readonly commit: string | null;
  readonly outcome: 'created' | 'adopted' | 'existing' | 'moved';
  readonly movedFrom: string | null;
  readonly refused: { readonly ref: string; readonly reason: string } | null;
  readonly share: boolean;
  readonly remote: string | null;
  readonly surface: readonly string[];
  /** The folder of the rules. */
  readonly rules: string;
  /** Whether the surface was guessed now. */
  readonly guessed: boolean;
  readonly files: readonly { readonly path: string; readonly action: 'created' | 'extended' | 'unchanged' }[];
  /** Those that git ignores, by which line of which file, and whether another clone is set up without them. */
  readonly ignored: readonly { readonly path: string; readonly by: string; readonly needed: boolean }[];
  readonly changed: boolean;
}

export function initLines(report: InitReport, style: Style): string[] {
  const { ref, remote, outcome, files, movedFrom, refused, surface } = report;
  const reach = remote === null ? 'for the worktrees of this clone' : `shared through ${remote}`;
  if (!report.changed)
    return [`nothing to do: this repository is set up (state ref ${ref}, ${reach})`, ...ignoredLines(report, style)];
  const how = {
    created: 'created',
    adopted: `adopted from ${remote ?? 'the remote'}`,
    existing: 'there already',
    moved: `moved from ${movedFrom}`,
  }[outcome];
  return [
    `${style.good('state')} ${ref} ${how}, ${reach}`,
    ...(refused === null
      ? []
      : [
          `${style.warn('refused')} ${refused.ref}: ${oneLine(refused.reason)}; the state is on a branch instead, whose commits tell build hosts to skip them`,
        ]),
    ...files
      .filter(({ action }) => action !== 'unchanged')
      .map(({ path, action }) => `${style.good(action)} ${oneLine(path)}`),
    ...(report.guessed ? [surfaceLine(surface, style)] : []),
    ...(remote === null
      ? []
      : [`${style.warn('public')} paths, names and reasons in the state can be read by whoever can read ${remote}`]),
    ...ignoredLines(report, style),
    ...nextLines(report, style),
  ];
}

function surfaceLine(surface: readonly string[], style: Style): string {
  const all = surface.includes('**') ? ' (everything, since no folder of code is here yet)' : '';
  return `${style.good('surface')} ${surface.map(oneLine).join(' ')}${all}: changing these needs a claim; guessed from your files, correct it in coord.config.json`;
}

function ignoredLines({ ignored, rules }: InitReport, style: Style): string[] {
  const byPath = new Map(ignored.map(({ path, by }) => [addedAs(path, rules), by]));
  return [...byPath].map(
    ([path, by]) =>
      `${style.warn('ignored')} ${oneLine(path)}, by ${oneLine(by)}: other clones do not get it; to share it: git add -f ${targetWord(path)}`,
  );
}

/** Without its configuration and rules no other clone is set up: they are added even where git ignores them. */
function nextLines({ files, ignored, rules }: InitReport, style: Style): string[] {
  const written = files.filter(({ action }) => action !== 'unchanged').map(({ path }) => path);
  const ignoredOnes = new Map(ignored.map(({ path, needed }) => [path, needed]));
  const plain = written.filter((path) => !ignoredOnes.has(path));
  const needed = written.filter((path) => ignoredOnes.get(path));
  const commands = [...addCommand('', plain, rules), ...addCommand('-f ', needed, rules)];
  if (commands.length === 0) return [];
  return [`${style.bold('next:')} read them, then ${commands.join(' && ')} && git commit -m "Coordinate with coord"`];
}

function addCommand(force: string, paths: readonly string[], rules: string): string[] {
  const words = new Set(paths.map((path) => targetWord(addedAs(path, rules))));
  return words.size === 0 ? [] : [`git add ${force}${[...words].join(' ')}`];
}

/** The rules by their folder, every other file by itself. */
function addedAs(path: string, rules: string): string {
  return path.startsWith(`${rules}/`) ? rules : path;
}
