import type { PlantedBug } from '../planted.js';

/** What makes the program break a promise, and what the checker must say of it. */
export type Plant = readonly [name: string, bugs: readonly PlantedBug[], finding: RegExp];

const UNLOCKED: PlantedBug = {
  file: 'store/queue/local-lock.ts',
  from: '    writeFileSync(staged, own);',
  to: '    return () => undefined;',
};

/** Bugs of the store: an operation is lost, or there twice. */
const IN_THE_STORE: readonly Plant[] = [
  [
    'the compare is skipped',
    [
      UNLOCKED,
      {
        file: 'store/swap/state-ref.ts',
        from: '{ ref: this.name, to: commit, from }',
        to: '{ ref: this.name, to: commit, from: await readRef(this.repository, this.git, this.name) }',
      },
    ],
    /stands 0 times/,
  ],
  [
    'a lost swap is taken for a win',
    [
      UNLOCKED,
      {
        file: 'store/swap/state-ref.ts',
        from: 'if (tip !== from || result.ok) return this.reaches(tip, commit, from);',
        to: 'if (tip !== from || result.ok) return true;',
      },
    ],
    /stands 0 times/,
  ],
  [
    'an event is dropped',
    [{ file: 'domain/events.ts', from: 'return drafts.map(', to: 'return drafts.slice(1).map(' }],
    /which no event granted/,
  ],
  [
    'a request is done again under another id',
    [
      {
        file: 'store/queue/combine.ts',
        from: 'if (release) return new Combiner(store, queue, effects, request.operation).lead(request, first, release);',
        to: `if (release) {
      const answer = await new Combiner(store, queue, effects, request.operation).lead(request, first, release);
      await decideAlone(store, { ...request, operation: request.operation + '2' }, effects);
      return answer;
    }`,
      },
    ],
    /was given to it 2 times|noted 2 times/,
  ],
  [
    'who decides for all gives all the first answer',
    [
      {
        file: 'store/queue/combine.ts',
        from: 'return decision ? { answer: answerOf(decision), standing }',
        to: 'return decision ? { answer: answerOf(decisions[0] as Decision), standing }',
      },
      { file: 'store/queue/combine.ts', from: 'since === null || queue.lockHolder() === null', to: 'since === null' },
    ],
    /was told|stands 0 times|which it did not ask for|answered neither/,
  ],
  [
    'a refused claim takes what is free',
    [
      {
        file: 'commands/claims/claim.ts',
        from: 'const decision = await transact(store, request, context.effects);',
        to: `const decision = await transact(store, request, context.effects);
  if (!decision.ok && request.targets.length > 1) {
    for (const target of request.targets) {
      await transact(store, { ...request, operation: context.newId(), targets: [target] }, context.effects);
    }
  }`,
      },
    ],
    /was refused, and done/,
  ],
  [
    'a renewal that is refused extends the rest',
    [
      {
        file: 'commands/claims/renew.ts',
        from: "if (!decision.ok) return refusalError(decision.refusal, now, { verb: 'renew', tail: '' });",
        to: `if (!decision.ok) {
      const base = await context.requestBase();
      const rest = { kind: 'renew', ...base, operation: context.newId(), targets: null, ttlSeconds: null } as const;
      await transactHere(context, input, rest);
      return refusalError(decision.refusal, now, { verb: 'renew', tail: '' });
    }`,
      },
    ],
    /before half of the life of/,
  ],
  [
    'a renewal is not written',
    [{ file: 'domain/claims/release.ts', from: 'state: replaceClaims(state, renewed),', to: 'state,' }],
    /renew .* stands 0 times/,
  ],
  [
    'a renewal leaves no event',
    [{ file: 'domain/claims/release.ts', from: 'renewed.map((claim) => renewal(claim, now))', to: '[]' }],
    /expiresAt is/,
  ],
];

/** Bugs of the decisions: somebody is given what is not its own, or not yet. */
const IN_THE_RULES: readonly Plant[] = [
  [
    'a token is used again',
    [
      {
        file: 'domain/claims/claim.ts',
        from: 'lastToken += 1;\n      const claim = newClaim',
        to: 'lastToken += 0;\n      const claim = newClaim',
      },
    ],
    /does not exceed/,
  ],
  [
    'a reader becomes the writer, and keeps its token',
    [{ file: 'domain/claims/claim.ts', from: 'upgrade ? lastToken : own.token', to: 'own.token' }],
    /becomes exclusive/,
  ],
  [
    'readers do not stop writers',
    [
      {
        file: 'domain/claims/conflicts.ts',
        from: "(mode === 'shared' && claim.mode === 'shared')) continue;\n    const common",
        to: "mode === 'shared' || claim.mode === 'shared') continue;\n    const common",
      },
    ],
    /while agent\d holds/,
  ],
  [
    'a release leaves the claim',
    [
      {
        file: 'domain/claims/release.ts',
        from: 'claims: state.claims.filter((claim) => !gone.has(claim.id)),',
        to: 'claims: state.claims,',
      },
    ],
    /which no event granted/,
  ],
  [
    'a release forgets the commit',
    [
      {
        file: 'domain/claims/release.ts',
        from: 'releases: recordReleases(state.releases, releases, policy.foldCase),',
        to: 'releases: state.releases,',
      },
    ],
    /lacks the release of/,
  ],
  [
    "somebody else's claim can be released",
    [
      {
        file: 'domain/agents/ownership.ts',
        from: 'const mine = claimsBy(state, owner.agent).filter((claim) => isLive(claim, now));',
        to: 'const mine = state.claims.filter((claim) => isLive(claim, now));',
      },
    ],
    /was told/,
  ],
  [
    'a claim stands under another name',
    [{ file: 'domain/claims/claim.ts', from: '    agent: request.agent,\n', to: "    agent: 'agent1',\n" }],
    /was told|which it did not ask for/,
  ],
  [
    'an event stands under another name',
    [
      {
        file: 'domain/log/notes.ts',
        from: "events: [{ type: 'note.added', at: now, agent, session,",
        to: "events: [{ type: 'note.added', at: now, agent: 'agent1', session,",
      },
    ],
    /which it did not ask for|is an operation of/,
  ],
  [
    'the queue is not looked at',
    [
      {
        file: 'domain/claims/conflicts.ts',
        from: 'return covered ? found : [...found, ...waitersInTheWay(asking, options)];',
        to: 'return covered ? found : (waitersInTheWay(asking, options), found);',
      },
    ],
    /before agent\d, who waits/,
  ],
  [
    'who comes last waits first',
    [{ file: 'domain/waiting/wait.ts', from: '[...state.waiters, ticket]', to: '[ticket, ...state.waiters]' }],
    /the queue is/,
  ],
  [
    'a claim is swept before its time',
    [
      {
        file: 'domain/claims/leases.ts',
        from: 'const cutoff = addSeconds(now, -policy.skewSeconds);',
        to: 'const cutoff = addSeconds(now, policy.skewSeconds);',
      },
    ],
    /is taken for over/,
  ],
  [
    'a renewal shortens a life',
    [{ file: 'domain/claims/leases.ts', from: 'Math.max(ttlSeconds, claim.ttlSeconds)', to: 'ttlSeconds' }],
    /has a shorter time to live/,
  ],
  [
    'what is offered to one is accepted by another',
    [
      {
        file: 'domain/claims/handoff.ts',
        from: 'offer.declined === null && (to === null || offer.to === to)',
        to: 'offer.declined === null && to !== undefined',
      },
    ],
    /accepts .* which is offered to/,
  ],
];

/** Bugs of what is told: the history is right, and the answer is not. */
const IN_THE_ANSWERS: readonly Plant[] = [
  [
    'ground that is free is refused',
    [
      {
        file: 'domain/claims/conflicts.ts',
        from: 'const common = commonGround(target, groundOf(claim), options);\n    if (common) {',
        to: 'const common = commonGround(target, groundOf(claim), options) ?? target;\n    if (common) {',
      },
    ],
    /no state between commits/,
  ],
  [
    'readers stop readers',
    [
      {
        file: 'domain/claims/conflicts.ts',
        from: "claim.agent === agent || (mode === 'shared' && claim.mode === 'shared')",
        to: 'claim.agent === agent',
      },
    ],
    /no state between commits/,
  ],
  [
    'a refusal names another holder',
    [{ file: 'domain/claims/conflicts.ts', from: '        agent: claim.agent,\n', to: "        agent: 'agent1',\n" }],
    /no state between commits/,
  ],
  [
    'a refusal names one of two holders',
    [
      {
        file: 'domain/claims/claim.ts',
        from: 'reason,\n    conflicts,\n    asked,',
        to: 'reason,\n    conflicts: conflicts.slice(0, 1),\n    asked,',
      },
    ],
    /no state between commits/,
  ],
  [
    'a refusal says a wrong end',
    [
      {
        file: 'domain/claims/conflicts.ts',
        from: '        expiresAt: claim.expiresAt,\n',
        to: '        expiresAt: claim.acquiredAt,\n',
      },
    ],
    /no state between commits/,
  ],
  [
    'a wait is refused for a cycle that is none',
    [
      {
        file: 'domain/waiting/wait.ts',
        from: 'const cycle = cycleThrough(queued, ticket, request.policy, now);',
        to: "const cycle = cycleThrough(queued, ticket, request.policy, now) ?? [{ agent: ticket.agent, waitsFor: 'docs', heldBy: 'agent1' }];",
      },
    ],
    /no state between commits/,
  ],
  [
    'work is said to lack that is nowhere asked for',
    [
      {
        file: 'domain/claims/conflicts.ts',
        from: 'if (release.changes === null) return overlaps(target, groundOf(release), options) ? [release] : [];',
        to: 'if (release.changes === null || !overlaps(target, groundOf(release), options)) return [release];',
      },
    ],
    /has this work released on this ground/,
  ],
  [
    'an answer has a wrong token',
    [
      {
        file: 'commands/claims/claim.ts',
        from: 'data: { claims },',
        to: 'data: { claims: claims.map((one) => ({ ...one, token: one.token + 1 })) },',
      },
    ],
    /was told/,
  ],
  [
    'an answer promises a longer life',
    [
      {
        file: 'commands/claims/claim.ts',
        from: 'data: { claims },',
        to: "data: { claims: claims.map((one) => ({ ...one, expiresAt: one.expiresAt.replace('2', '3') })) },",
      },
    ],
    /was told/,
  ],
  [
    'status leaves a claim out',
    [{ file: 'render/status.ts', from: 'claims: claims.map(', to: 'claims: claims.slice(1).map(' }],
    /saw what stood in no commit/,
  ],
  [
    'every token is called good',
    [
      {
        file: 'domain/claims/conflicts.ts',
        from: 'claim.token === token && isLive(claim, now) && covers(claim)',
        to: 'isLive(claim, now) && covers(claim)',
      },
    ],
    /the token did not hold/,
  ],
  [
    'a loss is not told',
    [
      {
        file: 'render/notices.ts',
        from: 'reader: identity.agent, losses, offers,',
        to: 'reader: identity.agent, losses: [], offers,',
      },
    ],
    /was not told that/,
  ],
  [
    'a claim that is held is called lost',
    [
      {
        file: 'domain/agents/ownership.ts',
        from: 'if (usable.length === 0) lost.push(',
        to: 'if (usable.length <= 1) lost.push(',
      },
    ],
    /has lost/,
  ],
];

/** Bugs of tasks: one is given that may not be had, or not given that may. */
const IN_THE_TASKS: readonly Plant[] = [
  [
    'a task is given before what comes before it is done',
    [
      {
        file: 'domain/tasks/standing.ts',
        from: 'ready: waits && !stuck && blockedBy.length === 0',
        to: 'ready: waits && !stuck',
      },
    ],
    /before t\d+.* is done/,
  ],
  [
    'a task that is ready and free is not given',
    [{ file: 'domain/tasks/take.ts', from: '.filter((task) => standing(task).ready)', to: '.filter(() => false)' }],
    /was refused .* though/,
  ],
  [
    'a try is not counted',
    [{ file: 'domain/tasks/standing.ts', from: 'task.attempts + (willing ? 0 : 1)', to: 'task.attempts' }],
    /was tried/,
  ],
  [
    'a task is ended by whoever says so',
    [
      {
        file: 'domain/tasks/finish.ts',
        from: 'if (tasksOf(state, request, now).includes(task)) return',
        to: "if (task.state === 'taken') return",
      },
    ],
    /ends t\d+, which/,
  ],
  [
    'a taken task leaves its ground to others',
    [
      {
        file: 'domain/tasks/take.ts',
        from: 'const targets = [...task.scope, taskTarget(task.id)];',
        to: 'const targets = [taskTarget(task.id)];',
      },
    ],
    /on that ground/,
  ],
];

/** Lies in sentences alone: what is answered in JSON is true. */
const IN_THE_WORDS: readonly Plant[] = [
  [
    'a sentence names a wrong token',
    [{ file: 'render/claims.ts', from: `· token \${claim.token} ·`, to: `· token \${claim.token + 1} ·` }],
    /said "claimed .* which the state does not show/,
  ],
  [
    'a refusal says that another holds it',
    [
      {
        file: 'render/refusals.ts',
        from: `is'} held by \${agent} \${until} (\${since})\`;`,
        to: `is'} held by nobody\${agent} \${until} (\${since})\`;`,
      },
    ],
    /said "refused: .* which the state does not show/,
  ],
  [
    'a release says another commit',
    [
      {
        file: 'render/claims.ts',
        from: `return \`\${name} at \${shortCommit(commit)}$`,
        to: `return \`\${name} at \${shortCommit(commit.split("").reverse().join(""))}$`,
      },
    ],
    /said "released .* which the state does not show/,
  ],
  [
    'a release that binds nobody says that it does',
    [
      {
        file: 'render/claims.ts',
        from: 'bound.includes(claim.id) ?',
        to: '!bound.includes(claim.id) ?',
      },
    ],
    /said "released .* which the state does not show/,
  ],
  [
    'a note is said to have another id',
    [
      {
        file: 'render/notes.ts',
        from: `\${style.good('noted')} \${note.id}`,
        to: `\${style.good('noted')} \${note.id}0`,
      },
    ],
    /said "noted .* which the state does not show/,
  ],
  [
    'nothing is said of what was granted',
    [
      {
        file: 'render/claims.ts',
        from: '  return claims.map((claim) => {',
        to: '  return claims.slice(1).map((claim) => {',
      },
    ],
    /did not say what it did/,
  ],
];

export const PLANTS: readonly Plant[] = [
  ...IN_THE_STORE,
  ...IN_THE_RULES,
  ...IN_THE_ANSWERS,
  ...IN_THE_TASKS,
  ...IN_THE_WORDS,
];
