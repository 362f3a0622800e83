import type { GatePayload } from '../domain/gates/payload.js';
import { coord, shellWord } from '../domain/suggestion.js';
import { oneLine } from '../domain/text.js';
import { formatDuration, type Instant, secondsBetween } from '../domain/time.js';
import { shortCommit } from './format.js';
import type { Style } from './style.js';

interface Signing {
  readonly payload: GatePayload;
  readonly tag: string;
  readonly message: string;
}

export interface Requested {
  readonly gate: string;
  readonly target: string;
  readonly commit: string;
  readonly action: 'deploy' | 'rollback';
  /** The commit in a line. */
  readonly about: string;
  readonly expires: Instant;
  readonly expiresIn: string;
  /** How many people must sign. */
  readonly signers: number;
  readonly people: readonly string[];
  readonly kinds: readonly ('ssh' | 'gpg')[];
  /** null: there is none to push to. */
  readonly remote: string | null;
  readonly requests: readonly Signing[];
}

/** For a person who may sign: what it is about, and the commands, which need no coord. */
export function requestLines(asked: Requested, now: Instant, style: Style): string[] {
  const { gate, target, action, about, signers, people, kinds, remote, requests } = asked;
  const who = people.map(oneLine).join(', ');
  const left = formatDuration(secondsBetween(now, asked.expires));
  const needed = signers === 1 ? `one of: ${who}` : `${signers} different people of: ${who}`;
  return [
    `${style.bold(`To open the gate ${oneLine(gate)} for a ${action} of this commit to ${oneLine(target)}`)}`,
    `  ${oneLine(about)}`,
    `signs ${needed}. The signature counts for ${left}, until ${asked.expires}, for one ${action}.`,
    '',
    ...requests.flatMap((one, at) => [
      requests.length === 1
        ? 'In a clone that has the commit, with your own key:'
        : `Person ${at + 1} of ${signers}, in a clone that has the commit:`,
      ...tagCommand(one, kinds[0] ?? 'ssh'),
      ...(remote === null ? [] : [`git push ${shellWord(remote)} refs/tags/${one.tag}`]),
      '',
    ]),
    ...(kinds.length > 1 ? ['With a GPG key, write gpg.format=openpgp in place of gpg.format=ssh.'] : []),
    `Or, where coord is installed: ${signCommand(asked)}`,
    style.dim('This decides nothing: the gate opens for the signature alone.'),
  ];
}

/** As it can be pasted: no line of the message can end it early. */
function tagCommand({ tag, message, payload }: Signing, kind: 'ssh' | 'gpg'): string[] {
  const format = kind === 'ssh' ? 'ssh' : 'openpgp';
  const command = `git -c gpg.format=${format} tag -s --cleanup=verbatim -F - ${tag} ${payload.commit}`;
  return [`${command} <<'COORD'`, ...message.trimEnd().split('\n'), 'COORD'];
}

function signCommand({ gate, target, commit, action, expiresIn }: Requested): string {
  const rollback = action === 'rollback' ? ' --action rollback' : '';
  const words = coord(`gate sign ${shellWord(gate)} ${shellWord(target)} --commit ${commit.slice(0, 12)}`);
  return `${words}${rollback} --expires ${shellWord(expiresIn)}`;
}

/** What a person is about to sign. */
export function signingLines({ payload }: Signing, about: string, now: Instant, style: Style): string[] {
  const { gate, target, action, expires } = payload;
  return [
    `${style.bold('you sign:')} a ${action} to ${style.target(oneLine(target))}, for the gate ${oneLine(gate)}, of`,
    `  ${oneLine(about)}`,
    `  once, within ${formatDuration(secondsBetween(now, expires))}`,
  ];
}

export function signedLines(
  signed: Pick<GatePayload, 'gate' | 'target' | 'commit' | 'expires'> & {
    person: string;
    pushed: boolean;
    tag: string;
  },
  needed: number,
  style: Style,
): string[] {
  const { gate, target, commit, expires, person, pushed, tag } = signed;
  const more = needed > 1 ? ` (${needed} different people must sign)` : '';
  return [
    `${style.good('signed')} ${shortCommit(commit)} for ${style.target(oneLine(target))} as ${oneLine(person)}, gate ${oneLine(gate)}, until ${expires}${more}`,
    `  ${tag}${pushed ? ' · pushed' : ' · in this clone only'}`,
  ];
}
