import { candidatesOn, type Deployment, type Deployments } from '../domain/deployments.js';
import { oneLine } from '../domain/text.js';
import type { Instant } from '../domain/time.js';
import { shellWord } from './command-words.js';
import { candidateWords } from './deploy-refusals.js';
import { shortCommit } from './format.js';
import type { Style } from './style.js';

/** How a deploy ended that its program decided on. */
export function deployedLines(deployment: Deployment, deployments: Deployments, now: Instant, style: Style): string[] {
  const { id, target, commit, action, status, claim, gates, why } = deployment;
  const name = oneLine(target);
  const evidence = `coord deploy show ${shellWord(id)}`;
  if (status === 'done') {
    const verb = action === 'rollback' ? 'rolled back' : 'deployed';
    // A signature is looked at twice, and is on the record twice.
    const authorised = [...new Set(gates.map(({ gate }) => oneLine(gate)))].join(', ');
    return [
      `${style.good(verb)} ${style.target(name)} ${action === 'rollback' ? 'to' : '·'} ${shortCommit(commit)} · token ${claim?.token} · gates ${authorised}`,
      `evidence: ${evidence}`,
    ];
  }
  const may = candidatesOn(deployments, target).map((candidate) => candidateWords(candidate, now));
  return [
    `${style.bad('failed:')} ${action} of ${shortCommit(commit)} to ${style.target(name)}: ${oneLine(why ?? '')}`,
    `${name} may run ${may.join(' or ')}; the next deploy must contain all of that`,
    `evidence: ${evidence}`,
  ];
}
