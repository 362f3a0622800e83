import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GateQuestion } from '../../domain/gates/gate.js';
import type { TagVerdict } from '../../domain/gates/judge.js';
import { formatPayload, type GatePayload, tagFolder, tagName } from '../../domain/gates/payload.js';
import { peopleOf } from '../../domain/gates/signers.js';
import { command, coord, shellWord } from '../../domain/suggestion.js';
import { oneLine } from '../../domain/text.js';
import { addSeconds, formatDuration, type Instant, secondsBetween } from '../../domain/time.js';
import { CoordError } from '../../errors.js';
import { standings } from '../../gates/signed-tag-gate.js';
import { readSigners } from '../../gates/signers-on-disk.js';
import { hasRemote } from '../../git/remotes.js';
import { shortCommit } from '../../render/format.js';
import { loadStyle, type Style, wantsColour } from '../../render/style.js';
import type { Context } from '../../workspace/context.js';
import { isPerson } from '../../workspace/identity.js';
import { runChild } from '../child.js';
import { readDuration } from '../input.js';
import type { Input, Verb } from '../verb.js';
import { gateSource, QUESTION_OPTIONS, readAction, readCommit, signedGate } from './source.js';

const EXPIRES_OPTION = ['--expires <duration>', 'how long the signature is valid (1h)'] as const;

const NONCE_BYTES = 16;

/** What a person is to sign. */
interface ToSign {
  readonly payload: GatePayload;
  /** The name of the tag, without `refs/tags/`. */
  readonly tag: string;
  readonly message: string;
}

/** One more signature for a question: its nonce is unlike every other. */
function toSign(context: Context, question: GateQuestion, input: Input): ToSign {
  const seconds = readDuration('--expires', input.text('expires') ?? '1h');
  const nonce = randomBytes(NONCE_BYTES).toString('hex');
  const payload = { ...question, expires: addSeconds(context.now(), seconds), nonce };
  return { payload, tag: tagName(question, nonce), message: formatPayload(payload) };
}

/** What a commit is, in a line, for the one who is to sign it. */
async function aboutCommit(context: Context, commit: string): Promise<string> {
  const args = ['show', '--no-patch', '--no-show-signature', '--format=%h %s (%an, %ad)', '--date=iso', commit, '--'];
  const { stdout } = await context.git(args);
  return stdout.toString('utf8').trim();
}

export const gateRequest: Verb = {
  arguments: [
    ['<gate>', 'a gate that people open'],
    ['<target>', 'the deploy target'],
  ],
  options: [...QUESTION_OPTIONS, EXPIRES_OPTION, ['--no-fetch', 'do not fetch; use the main branch as last fetched']],
  examples: [['coord gate request owner prod', 'print what a person must run to sign HEAD for prod']],
  notes: [
    'It decides nothing and writes nothing: show what it prints to a person who may sign. The commands work without',
    'coord. Each signature names gate, target, commit, action and expiry, and opens one deploy.',
  ],
  answers: {
    gate: 'text',
    target: 'text',
    commit: 'commit',
    action: "'deploy' | 'rollback'",
    about: 'text',
    signers: 'number',
    people: 'text[]',
    kinds: 'text[]',
    expires: 'instant',
    remote: 'text | null',
    requests: ['object[]', 'what is to be signed'],
    expiresIn: 'text',
  },
  async run(context, input) {
    const [gate = '', target = ''] = [input.argument(0), input.argument(1)];
    const action = readAction(input);
    const offline = coord(`gate request ${shellWord(gate)} ${shellWord(target)} --no-fetch`);
    const source = await gateSource(context, !input.negated('fetch'), offline);
    if (source instanceof CoordError) return source;
    const config = signedGate(source, gate, target);
    const commit = await readCommit(context, input);
    const keys =
      source.from === null
        ? 'coord.config.json is not on the main branch yet'
        : await readSigners(context, config, source.from.commit);
    if (typeof keys === 'string') {
      const hint = `a person fixes it on the main branch: ${coord('help config')}`;
      return new CoordError('closed', `nobody can open the gate: ${keys}`, { hint, details: { reason: 'unreadable' } });
    }
    const question = { gate, target, commit, action };
    const requests = Array.from({ length: config.signers }, () => toSign(context, question, input));
    const { mainRemote: remote } = source.config;
    const shared = await hasRemote(context.repository, context.git, remote);
    const asked = {
      ...{ ...question, about: await aboutCommit(context, commit), signers: config.signers },
      ...{ people: peopleOf(keys), kinds: [...new Set(keys.map(({ kind }) => kind))] },
      ...{ expires: requests[0]?.payload.expires ?? '', remote: shared ? remote : null, requests },
      expiresIn: input.text('expires') ?? '1h',
    };
    return { data: asked, text: (style) => requestLines(asked, context.now(), style) };
  },
};

/** Pushing may ask a slow remote. */
const PUSH_MS = 120_000;

export const gateSign: Verb = {
  arguments: [
    ['<gate>', 'a gate that people open'],
    ['<target>', 'the deploy target'],
  ],
  options: [
    ...QUESTION_OPTIONS,
    EXPIRES_OPTION,
    ['--no-push', 'leave the signature in this clone'],
    ['--no-fetch', 'do not fetch; use the main branch as last fetched'],
  ],
  examples: [['coord gate sign owner prod --commit 4f2a9c1', 'sign that commit for prod, with your own key']],
  notes: [
    'For a person at a terminal: git signs a tag with your own settings (user.signingKey, gpg.format). That an agent is',
    'refused here keeps honest agents honest; what counts is the key, so keep it where no agent can use it.',
  ],
  answers: { gate: 'text', target: 'text', commit: 'commit', tag: 'text', pushed: 'boolean' },
  async run(context, input) {
    const [gate = '', target = ''] = [input.argument(0), input.argument(1)];
    if (!isPerson(context.host)) return notAPerson(gate, target);
    const action = readAction(input);
    const offline = coord(`gate sign ${shellWord(gate)} ${shellWord(target)} --no-fetch`);
    const source = await gateSource(context, !input.negated('fetch'), offline);
    if (source instanceof CoordError) return source;
    const config = signedGate(source, gate, target);
    const commit = await readCommit(context, input);
    const signing = toSign(context, { gate, target, commit, action }, input);
    const { stderr, env } = context.host;
    const style = await loadStyle(wantsColour(env, stderr.isTTY ?? false));
    context.tell(signingLines(signing, await aboutCommit(context, commit), context.now(), style).join('\n'), true);
    const exit = await makeTag(context, signing);
    if (exit !== 0) return notSigned(exit);
    const folder = tagFolder(signing.payload);
    const configCommit = source.from?.commit;
    const found =
      configCommit === undefined
        ? 'coord.config.json is not on the main branch yet'
        : await standings(context, {
            ...{ gate: config, configCommit, usedNonces: new Set<string>(), folder },
            questionOf: () => signing.payload,
          });
    const verdict = typeof found === 'string' ? found : found.verdicts.find(({ name }) => name === signing.tag);
    if (typeof verdict !== 'object' || verdict.closed !== null) {
      await context.git(['update-ref', '-d', `refs/tags/${signing.tag}`]);
      return doesNotCount(verdict);
    }
    const pushed = input.negated('push') ? null : await push(context, source.config.mainRemote, signing);
    if (pushed instanceof CoordError) return pushed;
    const person = verdict.person ?? '';
    const data = { ...signing.payload, tag: signing.tag, person, pushed: pushed ?? false };
    return { data, text: (words) => signedLines(data, config.signers, words) };
  },
};

/** Has git sign with the person's own settings, at the person's own terminal. */
async function makeTag(context: Context, { payload, tag, message }: ToSign): Promise<number> {
  mkdirSync(context.localDirectory, { recursive: true });
  const file = join(context.localDirectory, `sign-${payload.nonce}`);
  writeFileSync(file, message);
  try {
    const command = ['git', 'tag', '-s', '--cleanup=verbatim', '-F', file, tag, payload.commit];
    return await runChild(context, { command, env: {} });
  } finally {
    rmSync(file, { force: true });
  }
}

/** Whether it was pushed: false where there is no remote. */
async function push(context: Context, remote: string, { tag }: ToSign): Promise<boolean | CoordError> {
  if (!(await hasRemote(context.repository, context.git, remote))) return false;
  const ref = `refs/tags/${tag}`;
  const door = context.remoteGitWithin(PUSH_MS);
  const result = await door.push(remote, [`${ref}:${ref}`]);
  if (result.code === 0) return true;
  // The answer may have been lost on the way; the nonce in its name makes the tag this very one.
  if ((await door.lsRemote(remote, [ref])).stdout.includes(`\t${ref}\n`)) return true;
  const why = oneLine(result.stderr.trim().split('\n')[0] ?? '');
  return new CoordError('unavailable', `signed, and not known to be pushed: ${why}`, {
    hint: command(`git push ${shellWord(remote)} ${ref}`),
    details: { reason: 'not-pushed', tag, remote },
  });
}

function notAPerson(gate: string, target: string): CoordError {
  return new CoordError('closed', 'a person signs, at a terminal of their own: an agent cannot open its own gate', {
    hint: `${coord(`gate request ${shellWord(gate)} ${shellWord(target)}`)} prints what a person must run`,
    details: { reason: 'not-a-person' },
  });
}

function notSigned(exit: number): CoordError {
  return new CoordError('closed', `git tag -s ended with exit ${exit}: nothing is signed`, {
    hint: `tell git your key (user.signingKey, and for an SSH key gpg.format=ssh); it has now: ${command("git config --get-regexp '^(user.signingkey|gpg)'")}`,
    details: { reason: 'not-signed', exit },
  });
}

function doesNotCount(verdict: TagVerdict | string | undefined): CoordError {
  const why = typeof verdict === 'string' ? verdict : `the tag ${verdict?.why ?? 'is not there'}`;
  const reason = typeof verdict === 'object' ? verdict.closed : 'unreadable';
  return new CoordError('closed', `your signature would not count, and was withdrawn: ${oneLine(why)}`, {
    hint: `sign with a key that the main branch lists (${coord('gate list')}); yours is set by git config user.signingKey`,
    details: { reason },
  });
}

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
function requestLines(asked: Requested, now: Instant, style: Style): string[] {
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
function signingLines({ payload }: Signing, about: string, now: Instant, style: Style): string[] {
  const { gate, target, action, expires } = payload;
  return [
    `${style.bold('you sign:')} a ${action} to ${style.target(oneLine(target))}, for the gate ${oneLine(gate)}, of`,
    `  ${oneLine(about)}`,
    `  once, within ${formatDuration(secondsBetween(now, expires))}`,
  ];
}

function signedLines(
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
