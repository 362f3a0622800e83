import { usage } from '../errors.js';
import { type CompletionWord, isShell, SHELLS, scriptFor } from '../render/completion.js';
import { VERBS } from './registry.js';
import { GROUP_SUMMARIES, heads, tailsOf } from './subjects.js';
import type { Verb } from './verb.js';

export const completion: Verb = {
  arguments: [['<shell>', SHELLS.join(', ')]],
  examples: [
    ['eval "$(coord completion bash)"', 'in ~/.bashrc'],
    ['eval "$(coord completion zsh)"', 'in ~/.zshrc, after compinit'],
    ['coord completion fish | source', 'in ~/.config/fish/config.fish'],
  ],
  notes: ['Completes commands, their verbs and options; targets complete as file names.'],
  async run(_context, input) {
    const shell = input.argument(0) ?? '';
    if (!isShell(shell)) throw usage(`no completion for ${JSON.stringify(shell)}`, `one of: ${SHELLS.join(', ')}`);
    const script = scriptFor(shell, await wordsToComplete());
    return { data: { shell, script }, text: () => script };
  },
};

/** What may follow what: the first words, the verbs of each group, and the long options of each command. */
async function wordsToComplete(): Promise<CompletionWord[]> {
  const first = heads().map((head) => ({
    after: '',
    word: head,
    about: VERBS.find(({ name }) => name === head)?.summary ?? GROUP_SUMMARIES[head] ?? '',
  }));
  const seconds = heads().flatMap((head) =>
    tailsOf(head).map((tail) => ({
      after: head,
      word: tail,
      about: VERBS.find(({ name }) => name === `${head} ${tail}`)?.summary ?? '',
    })),
  );
  const options = await Promise.all(
    VERBS.map(async ({ name, load }) =>
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
