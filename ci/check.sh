#!/bin/sh
# Fails where the output is stale or a promise does not hold; problems stand beside their lines.
# SANDLANE_FORMAT: github (annotations) or gitlab (a code quality report, sandlane-code-quality.json).
set -euf
format=${SANDLANE_FORMAT:-text}
case $format in
gitlab) result=sandlane-code-quality.json ;;
*) result=/dev/stdout ;;
esac
status=0
# shellcheck disable=SC2086 # environments are words
"$SANDLANE" check ${SANDLANE_ENVIRONMENTS:-.} --format "$format" >"$result" || status=$?
if [ "$status" = 0 ]; then
  # shellcheck disable=SC2086
  "$SANDLANE" verify ${SANDLANE_ENVIRONMENTS:-.} --format "$format" >"$result" || status=$?
fi
if [ "$status" != 0 ] && [ "$format" = gitlab ]; then
  # shellcheck disable=SC2086 # what the report's page shows, for the log
  "$SANDLANE" check ${SANDLANE_ENVIRONMENTS:-.} || true
fi
exit "$status"
