import { WRITTEN_BY } from './opencode-plugin.js';

/** Where Claude Code finds what a skill teaches. */
export const SKILL_FILE = '.claude/skills/coord/SKILL.md';

/** The loop, for an agent that has never heard of it. */
export const SKILL = `---
name: coord
description: Work beside other agents and people in this repository without undoing each other's changes. Use before you edit shared files, when an edit or a commit is refused by coord, before a deploy, and when you hand work over.
---

<!-- ${WRITTEN_BY} -->

# Working beside others: coord

Several agents and people change this repository at once. \`coord\` keeps them from undoing each other's work. The rules
and who holds what are in your context since the session began; \`coord session start\` prints them again.

## The loop

1. **Claim** what you will change, before you open it: \`coord claim src/api --reason "pagination"\`. Files, directories,
   globs and resources (\`@db/main\`); all are granted, or none.
2. **Work.** Your commands and edits keep the claim alive. An edit of ground that you do not hold is refused.
3. **Commit**, then **release**: \`coord release src/api\`. The next holder gets your commit.
4. Before a deploy: \`coord sync-check\`. Anything but exit 0 means: do not deploy.

## When something is refused

Read the whole message: it says who holds what, until when, what is free, and after \`next:\` the one command to run.

| exit | what it means | what you do |
|---|---|---|
| 3 | another holds it | take the free ground that it names, or wait: \`coord claim PATH --wait\` |
| 4 | your claim is over | stop changing that ground; claim it again |
| 5 | your copy is behind, or has uncommitted work | bring in what it names, look at your change again |
| 6 | you may not | do not go round it: ask an orchestrator or a person |
| 7 | it cannot be known now | nothing was granted; repeat later |

Never go round a guard (\`--no-verify\`, another \`core.hooksPath\`, writing by a script what the edit tool refused): the
change would be found by the audit, and may undo the work of somebody else.

## Telling others

\`coord note "users are paginated" --to noor\` tells; \`coord inbox\` is what they told you; \`coord status\` is who holds
what. Notes grant nothing. \`coord help\` lists the rest; \`--json\` works with every command.
`;
