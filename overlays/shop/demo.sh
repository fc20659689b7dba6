#!/bin/sh
# Shows in a scratch directory what sandlane is for: three sandboxes of the demo shop, who answers them, a change, a mistake and the proof.
set -eu
sandlane=${SANDLANE:-sandlane}
shop=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cp -R "$shop" "$scratch/shop"
cd "$scratch/shop"

edit() { sed "$1" "$2" >"$2.new" && mv "$2.new" "$2"; }

echo "== Three developers share one shop: each spec names what it changes"
"$sandlane" list

echo
echo "== Rendered for Argo CD or Flux: their clones, and routes that lead to them"
"$sandlane" render --quiet
find rendered/sandboxes/dev1 -name '*.yaml' | LC_ALL=C sort

echo
echo "== Who answers whom: a request with 'tenantID: dev1' meets dev1's clones"
"$sandlane" trace --all

echo
echo "== What a reviewer sees when dev1 gets another image"
edit s/cart:pr-318/cart:pr-319/ sandboxes/dev1.yaml
"$sandlane" diff
"$sandlane" render --quiet

echo
echo "== A mistake has a place and a way out, and nothing is written"
edit 's/name: checkout/name: chekout/' sandboxes/dev1.yaml
"$sandlane" render 2>&1 || true
edit 's/name: chekout/name: checkout/' sandboxes/dev1.yaml

echo
echo "== The proof that CI asks for: the shop is untouched, tenants never meet"
"$sandlane" verify
