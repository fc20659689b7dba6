#!/bin/sh
# Runs one mode of the action: check, diff, publish or preview. Everything comes by environment variables, and what they hold is
# data: words are split at spaces, and nothing in them is run or matched against files.
set -euf
here=$(cd "$(dirname "$0")" && pwd)
SANDLANE=${SANDLANE:-$here/../.venv-ci/bin/sandlane}
export SANDLANE
mode=${SANDLANE_MODE:-}
case $mode in
check | diff | publish | preview) exec sh "$here/$mode.sh" ;;
*)
  echo "sandlane: mode is '$mode', and has to be check, diff, publish or preview" >&2
  exit 2
  ;;
esac
