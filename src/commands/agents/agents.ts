import { isLive } from '../../domain/leases.js';
import { agentsLines } from '../../render/agents.js';
import type { Verb } from '../verb.js';

export const agents: Verb = {
  options: [['--no-fetch', 'read what is here']],
  examples: [['coord agents', 'who has written here, what each does, and how much it holds']],
  notes: ['"Seen" is the last write, to within five minutes: reading leaves no trace.'],
  async run(context, input) {
    const store = await context.store();
    const { state } = input.negated('fetch') ? await store.read() : await store.latest();
    const now = context.now();
    const live = state.claims.filter((claim) => isLive(claim, now));
    const rows = state.agents.map((agent) => ({ ...agent, claims: live.filter((claim) => claim.agent === agent.id) }));
    return { data: { agents: rows, now, reach: store.reach }, text: (style) => agentsLines(rows, now, style) };
  },
};
