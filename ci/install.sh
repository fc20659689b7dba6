#!/bin/sh
# Installs the sandlane that this script lies in, with the versions that it was tested with, into an environment beside it.
# SANDLANE names one that is there already.
set -eu
[ -z "${SANDLANE:-}" ] || exit 0
here=$(cd "$(dirname "$0")/.." && pwd)
python3 -m venv "$here/.venv-ci"
"$here/.venv-ci/bin/python" -m pip install --quiet --disable-pip-version-check -c "$here/constraints.txt" "$here"
