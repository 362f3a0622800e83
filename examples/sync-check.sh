#!/bin/sh
# Stands before a deploy: ./sync-check.sh && ./deploy.sh
# Ends with 0 only when HEAD is known to contain all of the main branch, in a clean tree. 5: it does not, with what is
# missing. 7: it cannot be known; so too when there is no coord to ask.
if command -v coord >/dev/null 2>&1; then
  exec coord sync-check --require-clean "$@"
fi
installed=$(git rev-parse --show-toplevel 2>/dev/null)/node_modules/.bin/coord
if [ -x "$installed" ]; then
  exec "$installed" sync-check --require-clean "$@"
fi
echo 'cannot know: coord is neither on PATH nor in node_modules' >&2
exit 7
