#!/bin/sh
# Fails unless a tag is the version that the package says it is, and CHANGELOG.md has a section for it: sh ci/tagged.sh v0.1.0
set -euf
cd "$(dirname "$0")/.."
version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' renderer/sandlane/__init__.py)
[ "$1" = "v$version" ] || { echo "the tag is $1, and renderer/sandlane/__init__.py says $version" >&2; exit 1; }
grep -q "^## $version\( \|\$\)" CHANGELOG.md || { echo "CHANGELOG.md has no section '## $version'" >&2; exit 1; }
