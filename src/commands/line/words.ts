/** The words that name the command: those before any option of its own, which only the command itself understands. */
export function wordsOf(argv: readonly string[]): string[] {
  const words: string[] = [];
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] ?? '';
    if (word === '--agent') index += 1;
    else if (!word.startsWith('-')) words.push(word);
    else if (word !== '--json' && !word.startsWith('--agent=')) break;
  }
  return words;
}

/** What was typed for coord itself; what follows `--` is another program's. */
export function typed(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf('--');
  return end < 0 ? argv : argv.slice(0, end);
}
