#!/bin/sh
# From an application's repository: makes, changes or (without workloads) deletes a sandbox in the environment's repository.
# Every try starts from what is there now, so two applications' pull requests never conflict.
set -euf
name=${SANDLANE_SANDBOX:?the name of the sandbox}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for try in 1 2 3 4 5; do
  rm -rf "$work/repository"
  git clone --quiet --depth=1 "${SANDLANE_REPOSITORY:?the address of the repository with the environment}" "$work/repository"
  (
    cd "$work/repository"
    if [ -n "${SANDLANE_WORKLOADS:-}" ]; then
      # shellcheck disable=SC2086 # workloads are words
      "$SANDLANE" set --environment "${SANDLANE_ENVIRONMENTS:-.}" -- "$name" ${SANDLANE_WORKLOADS}
    elif ! "$SANDLANE" list "${SANDLANE_ENVIRONMENTS:-.}" --format json |
      python3 -c 'import json, sys; sys.exit(sys.argv[1] not in [s["name"] for e in json.load(sys.stdin)["environments"] for s in e["sandboxes"]])' "$name"; then
      echo "sandlane: there is no sandbox '$name'"
    else
      "$SANDLANE" delete --environment "${SANDLANE_ENVIRONMENTS:-.}" -- "$name"
    fi
    git add --all
    git diff --cached --quiet || git -c user.name=sandlane -c user.email=sandlane@localhost commit --quiet -m "Preview $name"
  )
  if git -C "$work/repository" push --quiet origin HEAD 2>"$work/push"; then
    exit 0
  fi
  sleep "$try"
done
cat "$work/push" >&2
exit 1
