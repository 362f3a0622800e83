import { type Config, withDefaults } from './config.js';

/**
 * The main branch's configuration, which a working copy can only make stricter: the surface of both, the shorter times to
 * live, the longer tolerance, a session where either asks for one. What judges nobody is the working copy's.
 */
export function stricter(main: Config, here: Config): Config {
  const maxSeconds = Math.min(main.ttl.maxSeconds, here.ttl.maxSeconds);
  return {
    ...here,
    ...judging(main),
    ttl: { defaultSeconds: Math.min(here.ttl.defaultSeconds, maxSeconds), maxSeconds },
    skewSeconds: Math.max(main.skewSeconds, here.skewSeconds),
    surface: [...new Set([...main.surface, ...here.surface])],
    requireSession: main.requireSession || here.requireSession,
  };
}

/**
 * Before the main branch has a configuration: the defaults judge, and the working copy can make them stricter. There are no
 * gates and deploy targets.
 */
export function firstAdoption(here: Config): Config {
  const { takeover, lockOrder, signCommits, tasks } = here;
  // The default of each of these is the least that there is.
  return { ...stricter(withDefaults({}), here), takeover, lockOrder, signCommits, tasks };
}

/** What an agent is judged by, and nothing else. */
function judging(config: Config) {
  const { scratch, takeover, lockOrder, gates, deploy, signCommits, signers, tasks } = config;
  return { scratch, takeover, lockOrder, gates, deploy, signCommits, signers, tasks };
}
