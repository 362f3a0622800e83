import type { Placed } from './check.js';
import { isOffline, isUnknown } from './client.js';
import type { Operation } from './operations.js';
import { told } from './place.js';

/** Whoever lost a claim hears of it from the first command that must know. */
export function checkLosses(placed: readonly Placed[], operations: readonly Operation[], problems: string[]): void {
  const byAgent = new Map<string, Placed[]>();
  for (const one of [...placed].sort((a, b) => a.call.start - b.call.start)) {
    byAgent.set(one.call.agent, [...(byAgent.get(one.call.agent) ?? []), one]);
  }
  for (const { events, index, actor } of operations) {
    for (const { type, agent, target, session } of events) {
      // Who claims again what is over knows it.
      const again = actor === agent && events.some((one) => one.type === 'claim.granted' && one.target === target);
      if ((type !== 'claim.lost' && type !== 'claim.expired') || session !== null || again) continue;
      const later = (byAgent.get(agent) ?? []).filter(({ window: [, last] }) => last >= index);
      const end = later.findIndex((one) => one.window[0] >= index && mustTell(one));
      const heard = later.slice(0, end + 1);
      const maybe = heard.some(({ call }) => isUnknown(call) || isOffline(call));
      if (end < 0 || maybe || heard.some(({ call }) => noticesOf(call).includes(`you lost ${target}:`))) continue;
      problems.push(
        `${told(heard[end]?.call as Placed['call'])}: was not told that ${target} was lost at commit ${index}`,
      );
    }
  }
}

/** Commands that have the newest state in hand when they end. */
function mustTell({ call: { verb, exit } }: Placed): boolean {
  const current = ['claim', 'release', 'renew', 'note', 'status'].includes(verb);
  return current && exit !== null && [0, 3, 4].includes(exit);
}

function noticesOf({ answer }: Placed['call']): string {
  return (answer?.notices ?? []).join('\n');
}
