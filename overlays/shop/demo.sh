#!/bin/sh
# Renders the demo shop into a scratch directory, first without sandboxes and then with three, and shows what came out.
set -eu
sandlane=${SANDLANE:-sandlane}
shop=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

cp -R "$shop" "$scratch/shop"
cd "$scratch/shop"
mv sandboxes later

echo "== The shop without sandboxes: the output holds the three adopted VirtualServices, as the base has them"
mkdir sandboxes
"$sandlane" render
cp -R rendered before

echo
echo "== Three developers add their specs (sandboxes/dev1.yaml, dev10.yaml, xdev1.yaml)"
mv later/*.yaml sandboxes/
"$sandlane" list
echo
"$sandlane" render

echo
echo "== What Argo CD or Flux syncs"
find rendered -type f | LC_ALL=C sort

echo
echo "== What changes for VirtualService checkout: requests with 'tenantID: dev1' reach the clone, all others the base"
diff -u before/shared/shop/virtualservice-checkout.yaml rendered/shared/shop/virtualservice-checkout.yaml || true

echo
echo "== The same shop on Linkerd: nothing of the base changes, each tenant has route objects of its own"
"$sandlane" render linkerd.yaml 2>/dev/null | grep dev10
echo
cat rendered-linkerd/sandboxes/dev10/shop/httproute-catalog-dev10-h.yaml

echo
echo "== And the check that CI runs"
"$sandlane" check sandlane.yaml linkerd.yaml 2>/dev/null && echo "rendered and rendered-linkerd are up to date"
