#!/bin/sh
# Stands where a model would: takes the next task until none is left, does it, and brings it to the main branch.
set -eu
coord session start > /dev/null
while git pull --quiet --rebase origin main; do
  if task=$(coord task take --wait=5s --json 2> /dev/null); then
    id=$(printf '%s' "$task" | sed 's/.*"task":{"id":"\([^"]*\)".*/\1/')
    file=$(printf '%s' "$task" | sed 's/"claims":.*//; s/.*"scope":\["\([^"]*\)".*/\1/')
    mkdir -p "$(dirname "$file")"
    echo "$COORD_AGENT has done $id" >> "$file"
    git add "$file"
    git commit --quiet --message "$id"
    # Somebody else may land first: bring that in, and try again.
    for try in 1 2 3 4 5 last; do
      coord land > /dev/null 2>&1 && break
      [ "$try" != last ] && git pull --quiet --rebase origin main
    done
  elif [ $? -ne 5 ]; then
    # Behind (5) means that a pull brings what the next task needs; all else means that none is left.
    exit 0
  fi
done
