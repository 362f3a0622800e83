/** One command of coord as it stands in a text: the words after `coord`. */
export interface WrittenCommand {
  readonly words: readonly string[];
  readonly source: string;
}

const FENCE = /^```[^\n]*\n([\s\S]*?)^```/gm;
const INLINE = /`([^`\n]+)`/g;
/** Where a command begins: a line or a prompt, after another command, in a substitution, or where a hint names one. */
const BEGINS = /(?:^|[$;|&(]\s*|next: |, )coord (?=\S)/gm;

/** Every command of coord in the code of a Markdown text: fenced blocks and inline code. */
export function commandsInMarkdown(markdown: string): WrittenCommand[] {
  const fenced = [...markdown.matchAll(FENCE)].map((match) => match[1] ?? '');
  const inline = [...markdown.replace(FENCE, '').matchAll(INLINE)].map((match) => match[1] ?? '');
  return [...fenced, ...inline].flatMap(commandsIn);
}

/** Every command of coord in a piece of shell, or in the output of one. */
export function commandsIn(code: string): WrittenCommand[] {
  const joined = code.replace(/\\\n/g, ' ');
  return [...joined.matchAll(BEGINS)].map((match) => {
    const rest = joined.slice((match.index ?? 0) + match[0].length);
    const line = rest.split('\n')[0] ?? '';
    return { words: shellWords(line), source: `coord ${line}` };
  });
}

/** The words of the first command on a line, as a shell would split it, up to a separator, a comment or `--`. */
function shellWords(line: string): string[] {
  const words: string[] = [];
  for (const [token] of line.matchAll(/"[^"]*"|'[^']*'|[;|&)]|(?:[^\s"';|&)]|"[^"]*"|'[^']*')+|\s{3,}/g)) {
    if (/^(?:[;|&)]|\s{3,}|#|--|→)/.test(token) && !/^--\w/.test(token)) break;
    words.push(token.replace(/^(["'])(.*)\1$/, '$2'));
  }
  return words;
}
