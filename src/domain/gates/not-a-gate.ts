/** Verbs of coord that tell what agents said or claimed. None of it is permission. */
const TELLING = ['note', 'log', 'ack', 'inbox', 'state', 'events', 'status', 'agents', 'agent', 'session', 'handoff'];
const MORE_TELLING = ['accept', 'decline', 'claim', 'renew', 'release', 'verify-token', 'submit', 'integrate'];
/** Verbs that would ask the gate about itself. */
const CIRCULAR = ['gate', 'deploy', 'deployments', 'evidence'];

/** Options of coord before its verb that take a value. */
const WITH_VALUE = ['--agent', '--request-id'];
/** How coord is called: by name, by version through a package runner, or by the path of its launcher. */
const COORD = /(?:^|[/\\])coord(?:\.[cm]?js|\.cmd|\.exe)?(?:@[\w.^~-]+)?$/;
/** The log as it lies on the coordination branch. */
const LOG_FILE = /\blog(?:\.jsonl|\/[^\s/]*\.jsonl)\b/;
const ALWAYS_OPEN = /^(?:.*[/\\])?(?:true|:)$/;

/** Whether a program does nothing but to end with exit 0. */
export function alwaysOpens(command: readonly string[]): boolean {
  const words = command.flatMap(shellWords);
  const isShell = /^(?:.*[/\\])?(?:ba|z|k|da)?sh$/.test(words[0] ?? '');
  const own = isShell ? words.slice(1).filter((word) => !word.startsWith('-')) : words;
  return own.length > 0 && (ALWAYS_OPEN.test(own[0] ?? '') || own.join(' ') === 'exit 0');
}

/**
 * Why a program is no gate: it reads back what agents wrote or claimed themselves, or asks coord about its own gates.
 * null where no such reason is seen, which proves nothing: a script may hold anything.
 */
export function notAGate(command: readonly string[]): string | null {
  const words = command.flatMap(shellWords);
  if (words.some((word) => LOG_FILE.test(word))) return noteIsNoGate('the log');
  for (const [at, word] of words.entries()) {
    const verb = COORD.test(word) ? verbAfter(words, at) : undefined;
    if (verb === undefined) continue;
    if (CIRCULAR.includes(verb)) return `it asks coord ${verb}, which would ask the gate about itself`;
    if (TELLING.includes(verb) || MORE_TELLING.includes(verb)) return noteIsNoGate(`coord ${verb}`);
  }
  return null;
}

function noteIsNoGate(what: string): string {
  return `a note is not a gate: ${what} tells what agents wrote themselves, and an agent can write "approved"`;
}

/** The words in an argument, as a shell that is given it might see them. */
function shellWords(argument: string): string[] {
  return argument.split(/[\s;&|()<>`"'$={}]+/).filter((word) => word !== '');
}

function verbAfter(words: readonly string[], at: number): string | undefined {
  for (let next = at + 1; next < words.length; next += 1) {
    const word = words[next] ?? '';
    if (WITH_VALUE.includes(word)) next += 1;
    else if (!word.startsWith('-')) return word;
  }
  return undefined;
}
