#!/bin/sh
# Writes what a pull request changes to sandlane.md, and keeps one comment up to date with it.
# SANDLANE_BASE: what it is compared with. GitHub: SANDLANE_PULL_REQUEST, GITHUB_REPOSITORY and GH_TOKEN; where the token may not
# write, as in pull requests of forks, the job's summary shows it.
set -euf
here=$(cd "$(dirname "$0")" && pwd)
if ! git cat-file -e "${SANDLANE_BASE:?what to compare with}^{commit}" 2>/dev/null; then
  git fetch --quiet --depth=1 origin "$SANDLANE_BASE"
fi
# shellcheck disable=SC2086 # environments are words
"$SANDLANE" diff --rev "$SANDLANE_BASE" ${SANDLANE_ENVIRONMENTS:-.} --format markdown >sandlane.md
cat sandlane.md
[ -z "${GITHUB_STEP_SUMMARY:-}" ] || cat sandlane.md >>"$GITHUB_STEP_SUMMARY"
[ -n "${SANDLANE_PULL_REQUEST:-}" ] || exit 0
comments="repos/${GITHUB_REPOSITORY:?}/issues/$SANDLANE_PULL_REQUEST/comments"
mark=$(head -n 1 sandlane.md)
export mark
if ! found=$(gh api --paginate "$comments" --jq '.[] | select(.body | startswith(env.mark)) | .id'); then
  echo "sandlane: comments cannot be read, so the summary alone shows the difference" >&2
  exit 0
fi
id=$(printf '%s\n' "$found" | head -n 1)
if [ -n "$id" ]; then
  set -- --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$id"
else
  set -- --method POST "$comments"
fi
if ! gh api "$@" --field body=@sandlane.md >/dev/null; then
  echo "sandlane: the token may not write comments (a fork's may not), so the summary alone shows the difference" >&2
fi
