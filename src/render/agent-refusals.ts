import type { Claim } from '../domain/model.js';
import type { Refusal } from '../domain/refusal.js';
import { oneLine } from '../domain/text.js';
import { targetWords } from './command-words.js';

interface Words {
  readonly message: string;
  readonly hint: string;
}

export function notOfferedWords(claims: readonly Claim[]): Words {
  const lines = claims.map(({ target, agent, offer }) => {
    const to = offer && offer.declined === null ? `offers it to ${offer.to}` : 'offers it to nobody';
    return `refused: ${oneLine(target)} is not offered to you: ${agent} holds it, and ${to}`;
  });
  const [first] = claims;
  return {
    message: lines.join('\n'),
    hint: `ask for it: coord note "please hand over ${oneLine(first?.target ?? '')}" --to ${first?.agent ?? 'ID'}`,
  };
}

export function noOfferWords(targets: readonly string[]): Words {
  return {
    message: `no offer: nobody holds ${targets.map(oneLine).join(', ')} now; an offer ends with its claim`,
    hint: `coord claim ${targetWords(targets)}`,
  };
}

export function authorityWords(orchestrators: readonly string[]): Words {
  const who = orchestrators.length === 0 ? '' : ` (${orchestrators.join(', ')})`;
  return {
    message: 'refused: only an orchestrator, or a person at a terminal, may do that',
    hint: `ask an orchestrator${who} or a person, and say why`,
  };
}

/** Ground is granted only to who has read the rules. */
export function sessionRequiredWords({ why }: Extract<Refusal, { reason: 'session-required' }>): Words {
  const lacking = {
    'no-session': 'you have no session',
    'other-session': 'this command does not run in the session that you started',
    'older-rules': 'the rules have changed since your session loaded them',
  };
  return {
    message: `refused: ${lacking[why]}, and ground is granted only to a session that has loaded the rules in force`,
    hint: 'coord session start',
  };
}

/** An agent that cannot be meant. */
export function strangerWords({ reason, agent, known }: Extract<Refusal, { known: readonly string[] }>): Words {
  const others = known.length === 0 ? 'no other agent has written here yet' : `known: ${known.join(', ')}`;
  switch (reason) {
    case 'unknown-agent':
      return { message: `unknown agent: ${oneLine(agent)}; ${others}`, hint: 'coord agents' };
    case 'killed-agent':
      return { message: `${agent} was stopped, and can accept nothing; ${others}`, hint: 'coord agents' };
    case 'oneself':
      return {
        message: `${agent} is you; ${others}`,
        hint: 'name another agent (coord agents); to stop yourself: coord release --all',
      };
  }
}
