import { targetsKnown } from '../commands/deploy/list.js';
import { NOTE_KINDS } from '../commands/log/note.js';
import type { Success, Verb } from '../commands/verb.js';
import type { Part, State } from '../domain/model.js';
import { usage } from '../errors.js';
import { HARNESSES } from '../guards/harness/dialects.js';
import type { Context } from '../workspace/context.js';
import { protectedConfig } from '../workspace/main-branch.js';
import { type Catalogue, GROUP_SUMMARIES } from './catalogue.js';
import { TOPICS } from './help.js';

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

/** The completion script of a shell: it knows commands and options by itself, and asks coord for what changes. */
function scriptFor(shell: Shell, words: readonly CompletionWord[]): string {
  return shell === 'bash' ? bash(words) : shell === 'zsh' ? zsh(words) : fish(words);
}

function bash(words: readonly CompletionWord[]): string {
  return [
    '_coord() {',
    `  local found= place= previous= word kind= typed="$\{COMP_WORDS[COMP_CWORD]}" line="$\{COMP_LINE:0:$\{COMP_POINT:-0}}"`,
    // To bash, a word such as @deploy/prod is two.
    `  [[ -n $line ]] && typed="$\{line##*[[:space:]]}"`,
    `  local before="$\{typed%"$\{COMP_WORDS[COMP_CWORD]}"}"`,
    `  for word in "$\{COMP_WORDS[@]:1:COMP_CWORD-1}"; do`,
    ...findPlace(words),
    ...cases(words, (found) => `found='${found.map(({ word }) => word).join(' ')}'`),
    ...valueCases('found='),
    '  COMPREPLY=()',
    // Not by compgen, which would run what stands in the words.
    '  while IFS= read -r word; do',
    '    [[ -z $word || $word != "$typed"* ]] && continue',
    '    printf -v word %q "$word"',
    `    COMPREPLY+=("$\{word#"$before"}")`,
    `  done < <(printf '%s\\n' $found; [[ -n $kind && $typed != -* ]] && coord completion --list "$kind" 2> /dev/null)`,
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
    '  local place= previous= word kind=',
    '  local -a found',
    `  for word in "$\{(@)words[2,CURRENT-1]}"; do`,
    ...findPlace(words),
    ...cases(words, (found) => `found=(${found.map(described).join(' ')})`),
    ...valueCases('found=()'),
    "  (( $#found )) && _describe 'coord' found",
    `  [[ -n $kind && $PREFIX != -* ]] && compadd -- "$\{(@f)$(coord completion --list $kind 2> /dev/null)}"`,
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

/** Sets `kind` to what coord is asked for here; after an option, nothing else may stand. */
function valueCases(noWords: string): string[] {
  const byKind = (table: Readonly<Record<string, ValueKind>>, quote: string, also: string) =>
    VALUE_KINDS.flatMap((kind) => {
      const those = Object.keys(table).filter((name) => table[name] === kind);
      return those.length === 0
        ? []
        : [`    ${those.map((name) => `${quote}${name}${quote}`).join('|')}) kind=${kind}${also} ;;`];
    });
  return [
    ...['  case $place in', ...byKind(ARGUMENTS, "'", ''), '  esac'],
    ...['  case $previous in', ...byKind(OPTION_VALUES, '', ` ${noWords}`), '  esac'],
  ];
}

function fish(words: readonly CompletionWord[]): string {
  const quote = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  const line = ({ after, word, about }: CompletionWord) => {
    const kind = OPTION_VALUES[word];
    const option = `-l ${word.slice(2)}${kind === undefined ? '' : ` -x -a ${asked(kind)}`}`;
    const what = word.startsWith('--') ? option : `-f -a ${word}`;
    return `complete -c coord -n '${whereIn(after)}' ${what} -d ${quote(about)}`;
  };
  const argument = ([name, kind]: [string, ValueKind]) =>
    `complete -c coord -n '${whereIn(name)}' -f -a ${asked(kind)}`;
  return [
    ...words.map(line),
    ...Object.entries(ARGUMENTS).map(argument),
    'complete -c git-coord -w coord',
    // Some versions of fish know the commands of git beside it by their whole name alone, so they offer nothing here.
    'function __coord_of_git',
    '    set -l words (commandline -opc)',
    '    set -l own (contains -i -- coord $words)',
    '    set -l typed (string escape -- $words[(math $own + 1)..]) (commandline -ct)',
    '    complete -C "coord $typed"',
    'end',
    "complete -c git -n 'contains -- coord (commandline -opc)' -f -a '(__coord_of_git)'",
  ].join('\n');
}

/** The words that fish takes from coord, a line each. */
function asked(kind: ValueKind): string {
  return `'(coord completion --list ${kind} 2> /dev/null)'`;
}

/** What fish tests to know that it is in this place. */
function whereIn(place: string): string {
  const seen = place.split(' ').filter((name) => name !== '');
  return seen.map((name) => `__fish_seen_subcommand_from ${name}`).join('; and ') || '__fish_use_subcommand';
}

export const completionOf = (catalogue: Catalogue): Verb => ({
  arguments: [['[shell]', SHELLS.join(', ')]],
  options: [['--list <what>', `what the scripts ask for: ${VALUE_KINDS.join(', ')}`]],
  examples: [
    ['eval "$(coord completion bash)"', 'in ~/.bashrc'],
    ['eval "$(coord completion zsh)"', 'in ~/.zshrc, after compinit'],
    ['coord completion fish | source', 'in ~/.config/fish/config.fish'],
  ],
  notes: [
    'Completes commands, their verbs and options, after coord and git coord; and what this clone knows: targets that are held,',
    'agents, tasks, notes, submissions, deploy targets, gates. Paths complete as file names.',
  ],
  answers: {
    'shell?': "'bash' | 'zsh' | 'fish'",
    'script?': 'text',
    'words?': ['text[]', 'with --list'],
  },
  async run(context, input) {
    const list = input.text('list');
    if (list !== undefined) return listed(context, list);
    const shell = input.argument(0) ?? '';
    if (!isShell(shell)) throw usage(`no completion for ${JSON.stringify(shell)}`, `one of: ${SHELLS.join(', ')}`);
    const script = scriptFor(shell, await wordsToComplete(catalogue));
    return { data: { shell, script }, text: () => script };
  },
});

async function listed(context: Context, what: string): Promise<Success> {
  const kind = VALUE_KINDS.find((known) => known === what);
  if (kind === undefined) throw usage(`nothing to list: ${JSON.stringify(what)}`, `one of: ${VALUE_KINDS.join(', ')}`);
  const words = await valuesOf(context, kind);
  return { data: { words }, text: () => words };
}

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
  const topics = [...first, ...Object.entries(TOPICS).map(([word, about]) => ({ word, about }))];
  const shells = SHELLS.map((word) => ({ after: 'completion', word, about: 'its script' }));
  const guards = ['guard install', 'guard uninstall'].flatMap((after) => [
    { after, word: 'git', about: 'the hooks of git' },
    ...HARNESSES.map((word) => ({ after, word, about: 'the settings of this harness' })),
  ]);
  const helped = topics.map((one) => ({ ...one, after: 'help' }));
  return [...first, ...seconds, ...options.flat(), ...helped, ...shells, ...guards];
}

const COMMON_OPTIONS = [
  ['--agent', 'who acts'],
  ['--json', 'one JSON object on standard output'],
  ['--help', 'about this command'],
] as const;

type Values = (context: Context) => Promise<readonly string[]>;

/** The words of the state that is here, with what was granted offline; nothing is fetched or written. */
function ofState(parts: readonly Part[], words: (state: State) => readonly string[]): Values {
  return async (context) => {
    const store = await context.store();
    if ((await store.tip()) === null) return [];
    return words(await context.stores.withRiders((await store.read(parts)).state));
  };
}

/** What is completed by asking coord, and how it is found. */
const VALUES = {
  held: ofState([], ({ claims }) => claims.map(({ target }) => target)),
  agents: ofState([], ({ agents }) => agents.map(({ id }) => id)),
  tasks: ofState(['tasks'], ({ tasks }) => tasks.tasks.map(({ id }) => id)),
  submissions: ofState(['submissions'], ({ submissions }) =>
    submissions.filter(({ closed }) => closed === null).map(({ id }) => id),
  ),
  notes: ofState(['log'], ({ notes }) => notes.filter(({ kind }) => kind !== 'ack').map(({ id }) => id)),
  'note-kinds': async () => NOTE_KINDS,
  'deploy-targets': async (context) =>
    targetsKnown(context, (await (await context.store()).read(['deployments'])).state.deployments),
  gates: async (context) => Object.keys((await protectedConfig(context)).config.gates),
} as const satisfies Readonly<Record<string, Values>>;

type ValueKind = keyof typeof VALUES;
export const VALUE_KINDS = Object.keys(VALUES) as readonly ValueKind[];

/** What the arguments of a verb are. */
export const ARGUMENTS: Readonly<Record<string, ValueKind>> = {
  ack: 'notes',
  'agent kill': 'agents',
  'agent revive': 'agents',
  deploy: 'deploy-targets',
  'deploy list': 'deploy-targets',
  'deploy show': 'deploy-targets',
  'deploy verify': 'deploy-targets',
  'gate check': 'deploy-targets',
  'gate list': 'deploy-targets',
  'gate show': 'gates',
  handoff: 'held',
  'handoff accept': 'held',
  'handoff decline': 'held',
  integrate: 'submissions',
  release: 'held',
  renew: 'held',
  status: 'held',
  'task done': 'tasks',
  'task drop': 'tasks',
  'task edit': 'tasks',
  'task return': 'tasks',
  'task show': 'tasks',
  'task take': 'tasks',
  'verify-token': 'held',
};

/** What follows an option, whatever verb it is of. */
export const OPTION_VALUES: Readonly<Record<string, ValueKind>> = {
  '--after': 'tasks',
  '--agent': 'agents',
  '--accept': 'gates',
  '--by': 'agents',
  '--kind': 'note-kinds',
  '--needs-ack': 'agents',
  '--target': 'held',
  '--task': 'tasks',
  '--to': 'agents',
};

/** The words of this kind that can be typed on one line, each once; none where there is no state, or it cannot be read. */
async function valuesOf(context: Context, kind: ValueKind): Promise<string[]> {
  // It is asked at each press of a key: it tells the agent nothing, and renews nothing.
  context.isGuard = true;
  const found = await VALUES[kind](context).catch(() => []);
  return [...new Set(found)].filter((word) => !/\p{C}|\p{Zl}|\p{Zp}/u.test(word)).sort();
}
