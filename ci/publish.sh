#!/bin/sh
# Renders the commit that is checked out into a branch of its own, which Argo CD or Flux syncs: one commit a run, on top of what is
# there, with the commit that it was rendered from as its trailer. Nothing is merged, so nothing conflicts; of two runs at once the
# later commit wins, whichever ends first. Without sandboxes the output stays, empty of clones.
set -euf
branch=refs/heads/${SANDLANE_BRANCH:-rendered}
sha=$(git rev-parse --verify "${SANDLANE_SHA:-HEAD}^{commit}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck disable=SC2086 # environments are words
for environment in ${SANDLANE_ENVIRONMENTS:-.}; do
  # One environment fills the branch; several get a directory each, named by their place.
  case ${SANDLANE_ENVIRONMENTS:-.} in
  *" "*) out=$work/tree/$(printf '%s' "$environment" | tr -c 'A-Za-z0-9._\n-' '-') ;;
  *) out=$work/tree ;;
  esac
  mkdir -p "$(dirname "$out")"
  "$SANDLANE" render "$environment" --output "$out"
done
GIT_INDEX_FILE=$work/index git --work-tree="$work/tree" add --all --force -- "$work/tree"
tree=$(GIT_INDEX_FILE=$work/index git write-tree)
for try in 1 2 3 4 5; do
  parent=
  if git fetch --quiet origin "+$branch:refs/sandlane/published" 2>/dev/null; then
    parent=$(git rev-parse refs/sandlane/published)
    source=$(git log -1 --format='%(trailers:key=Rendered-from,valueonly)' "$parent")
    if [ "$(git rev-parse "$parent^{tree}")" = "$tree" ]; then
      echo "sandlane: ${SANDLANE_BRANCH:-rendered} is up to date"
      exit 0
    fi
    if [ -n "$source" ] && [ "$source" != "$sha" ] && git merge-base --is-ancestor "$sha" "$source" 2>/dev/null; then
      echo "sandlane: ${SANDLANE_BRANCH:-rendered} is of $source already, which comes after $sha"
      exit 0
    fi
  fi
  commit=$(printf 'Render %s\n\nRendered-from: %s\n' "$(git log -1 --format=%s "$sha")" "$sha" |
    git -c user.name=sandlane -c user.email=sandlane@localhost commit-tree "$tree" ${parent:+-p "$parent"})
  if git push --quiet origin "$commit:$branch" 2>"$work/push"; then
    echo "sandlane: ${SANDLANE_BRANCH:-rendered} is $commit, of $sha"
    exit 0
  fi
  sleep "$try"
done
cat "$work/push" >&2
echo "sandlane: ${SANDLANE_BRANCH:-rendered} could not be pushed" >&2
exit 1
