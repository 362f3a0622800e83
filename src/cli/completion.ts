import type { Verb } from '../commands/verb.js';
import { usage } from '../errors.js';
import { type Catalogue, GROUP_SUMMARIES } from './catalogue.js';

/** A word that may be typed after others: `after` is empty, a command, or a group with its verb. */
interface CompletionWord {
  readonly after: string;
  readonly word: string;
  readonly about: string;
}

const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

function isShell(text: string): text is Shell {
  return SHELLS.includes(text as Shell);
}

/** The completion script of a shell: it knows all words by itself, and never runs coord. */
function scriptFor(shell: Shell, words: readonly CompletionWord[]): string {
  return shell === 'bash' ? bash(words) : shell === 'zsh' ? zsh(words) : fish(words);
}

function bash(words: readonly CompletionWord[]): string {
  return [
    '_coord() {',
    '  local found= place= previous= word',
    `  for word in "$\{COMP_WORDS[@]:1:COMP_CWORD-1}"; do`,
    ...findPlace(words),
    ...cases(words, (found) => `found='${found.map(({ word }) => word).join(' ')}'`),
    `  COMPREPLY=($(compgen -W "$found" -- "$\{COMP_WORDS[COMP_CWORD]}"))`,
    '}',
    'complete -o default -F _coord coord git-coord',
    // What git's own completion calls for `git coord`; it adds no space after a word.
    '_git_coord() {',
    `  local from=$\{__git_cmd_idx:-1}`,
    `  local COMP_WORDS=("$\{COMP_WORDS[@]:from}") COMP_CWORD=$((COMP_CWORD - from))`,
    '  _coord',
    `  COMPREPLY=("$\{COMPREPLY[@]/%/ }")`,
    '}',
  ].join('\n');
}

function zsh(words: readonly CompletionWord[]): string {
  const described = ({ word, about }: CompletionWord) =>
    `'${word}:${about.replaceAll("'", "'\\''").replaceAll(':', '\\:')}'`;
  return [
    '_coord() {',
    '  local place= previous= word',
    '  local -a found',
    `  for word in "$\{(@)words[2,CURRENT-1]}"; do`,
    ...findPlace(words),
    ...cases(words, (found) => `found=(${found.map(described).join(' ')})`),
    "  _describe 'coord' found",
    '  [[ -n $place ]] && _files',
    '}',
    'compdef _coord coord git-coord',
    '_git-coord() { _coord }',
  ].join('\n');
}

/** The rest of a loop over the words before the cursor: sets `place` to the command that they name, options left out. */
function findPlace(words: readonly CompletionWord[]): string[] {
  const verbs = words.filter(isVerbOfGroup).map(({ after, word }) => `${after}/${word}`);
  return [
    '    if [[ $previous == --agent || $word == -* ]]; then :',
    '    elif [[ -z $place ]]; then place=$word',
    `    elif [[ ' ${verbs.join(' ')} ' == *" $place/$word "* ]]; then place="$place $word"`,
    '    fi',
    '    previous=$word',
    '  done',
  ];
}

function isVerbOfGroup({ after, word }: CompletionWord): boolean {
  return after !== '' && !word.startsWith('--');
}

/** What may follow each place, as a shell's `case`. */
function cases(words: readonly CompletionWord[], line: (found: readonly CompletionWord[]) => string): string[] {
  const places = [...new Set(words.map(({ after }) => after))];
  return [
    '  case $place in',
    ...places.map((place) => `    '${place}') ${line(words.filter(({ after }) => after === place))} ;;`),
    '  esac',
  ];
}

function fish(words: readonly CompletionWord[]): string {
  const quote = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const line = ({ after, word, about }: CompletionWord) => {
    const seen = after.split(' ').filter((name) => name !== '');
    const where = seen.map((name) => `__fish_seen_subcommand_from ${name}`).join('; and ') || '__fish_use_subcommand';
    const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-f -a ${word}`;
    return `complete -c coord -n '${where}' ${what} -d ${quote(about)}`;
  };
  return [...words.map(line), 'complete -c git-coord -w coord'].join('\n');
}

export const completionOf = (catalogue: Catalogue): Verb => ({
  arguments: [['<shell>', SHELLS.join(', ')]],
  examples: [
    ['eval "$(coord completion bash)"', 'in ~/.bashrc'],
    ['eval "$(coord completion zsh)"', 'in ~/.zshrc, after compinit'],
    ['coord completion fish | source', 'in ~/.config/fish/config.fish'],
  ],
  notes: ['Completes commands, their verbs and options, after coord and git coord; targets complete as file names.'],
  async run(_context, input) {
    const shell = input.argument(0) ?? '';
    if (!isShell(shell)) throw usage(`no completion for ${JSON.stringify(shell)}`, `one of: ${SHELLS.join(', ')}`);
    const script = scriptFor(shell, await wordsToComplete(catalogue));
    return { data: { shell, script }, text: () => script };
  },
});

/** What may follow what: the first words, the verbs of each group, and the long options of each command. */
async function wordsToComplete(catalogue: Catalogue): Promise<CompletionWord[]> {
  const first = catalogue.heads().map((head) => ({
    after: '',
    word: head,
    about: catalogue.entryNamed(head, undefined)?.summary ?? GROUP_SUMMARIES[head] ?? '',
  }));
  const seconds = catalogue.heads().flatMap((head) =>
    catalogue.tailsOf(head).map((tail) => ({
      after: head,
      word: tail,
      about: catalogue.entryNamed(head, tail)?.summary ?? '',
    })),
  );
  const options = await Promise.all(
    catalogue.verbs.map(async ({ name, load }) =>
      [...((await load()).options ?? []), ...COMMON_OPTIONS].flatMap(([flags, about]) => {
        const word = /--[\w-]+/.exec(flags)?.[0];
        return word === undefined ? [] : [{ after: name, word, about }];
      }),
    ),
  );
  return [...first, ...seconds, ...options.flat()];
}

const COMMON_OPTIONS = [
  ['--agent', 'who acts'],
  ['--json', 'one JSON object on standard output'],
  ['--help', 'about this command'],
] as const;
