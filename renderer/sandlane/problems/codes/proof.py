"""SL6xx: proof: promises that do not hold."""

from __future__ import annotations

from sandlane.problems.row import Row


def _broken(promise: int, *, why: str, bad: str, good: str, where: str = "") -> Row:
    """Makes the row of a promise that does not hold."""
    text = f"promise {promise} does not hold{where}: {{what}}"
    return Row(text=text, why=why, bad=bad, good=good, promise=promise)


ROWS: dict[str, Row] = {
    "SL601": _broken(
        1,
        why="Without a carrier every request has to get the base's outcome (obligation P1, erasure).",
        bad="a tenant's rule without its header condition\n",
        good="a tenant's rule directly before the base's rule, with the carrier in every match\n",
    ),
    "SL602": _broken(
        2,
        why="A tenant's request has to meet what it would meet in the base, with clones in place of what was cloned "
        "(obligation P2, completeness).",
        bad="a base rule with a timeout, and a tenant's copy without it\n",
        good="a tenant's copy that differs in carrier and destination alone\n",
    ),
    "SL603": _broken(
        3,
        why="No request of one tenant may meet the rules of another (obligation P3, disjointness).",
        bad="a baggage match that holds beside a tenantID header of another tenant\n",
        good="a baggage match with withoutHeaders for the header that is read first\n",
    ),
    "SL605": _broken(
        2,
        why="A clone has to be called as its origin is: with the same TLS, pools, load balancing and outlier detection "
        "(obligation P5, policy).",
        bad="a DestinationRule for checkout, and none for its clone\n",
        good="a DestinationRule for the clone with the same trafficPolicy\n",
    ),
    "SL606": _broken(
        7,
        why="Everything has to be accepted by the API server and by the mesh's proxies (obligation P6, limits).",
        bad="a Service whose name has 64 characters\n",
        good="a Service whose name has 63 characters\n",
    ),
    "SL607": _broken(
        4,
        why="No selector of the base may catch a clone's pods, and no clone's selector other pods (obligation P7, selection).",
        bad="a clone whose pods carry app: checkout while the Service selects it\n",
        good="a clone whose pods carry app: checkout-dev1\n",
    ),
    "SL608": _broken(
        4,
        why="A clone is no less protected than its origin and no more privileged (obligation P8, protection).",
        bad="a clone with another service account\n",
        good="a clone whose pods differ in image, environment and labels alone\n",
    ),
    "SL609": _broken(
        1,
        where=" where only a part of the output has arrived",
        why="Any subset of shared/ and the sandboxes' directories has to leave the base as it is (obligation P9, subsets).",
        bad="a route of sandboxes/dev1 whose Service has its default in a route of sandboxes/dev2\n",
        good="a route of sandboxes/dev1 with a default of its own\n",
    ),
    "SL613": Row(
        text="what the environment says of gateways does not hold: {what}",
        why="No tenant may be chosen where 'routes.entry' or 'routes.strip' keep that out, and carriers have to be removed there.",
        bad="a tenant's entry that applies at a gateway, with routes.entry: mesh\n",
        good="a tenant's entry whose matches name the mesh\n",
    ),
    "SL620": Row(
        text="what Argo CD or Flux make of '{file}' is not what was proved: {what}",
        hint="take it out of the output directory, or run 'sandlane render'",
        why="Verify judges every object that a syncer applies, as it applies it: a file that adds to them, changes or hides them breaks "
        "every promise.",
        bad="rendered/kustomization.yaml with namePrefix: x-\n",
        good="rendered/ with manifests only\n",
    ),
    "SL621": Row(
        text="'{file}' cannot be judged: {what}",
        hint="take it out of the output directory",
        why="What Argo CD or Flux make of it is not in its text, so no promise can be proved.",
        bad="rendered/extra.jsonnet\n",
        good="rendered/ with manifests only\n",
    ),
    "SL622": _broken(
        4,
        why="A clone is its origin with what its spec says and what every clone gets, and nothing more; its Service has its origin's "
        "ports and how it is called, and no address of its own.",
        bad="a clone with hostPort, or its Service with externalIPs, that no spec asks for\n",
        good="a clone as 'sandlane render' writes it\n",
    ),
    "SL623": _broken(
        4,
        why="Routes and policies of the output have the metadata of what they are copies of, and marks: annotations and fields on which "
        "others act would decide what becomes of them.",
        bad="a VirtualService of the output with argocd.argoproj.io/sync-options: Prune=false\n",
        good="a VirtualService of the output with sandlane's labels only\n",
    ),
    "SL624": Row(
        text="the environment's policy does not hold: {what}",
        why="What sandboxes bring is held against the environment's policy in the output as well, whoever wrote it.",
        bad="policy: {resourceKinds: [ConfigMap]} and a RoleBinding with the mark of a resource\n",
        good="a ConfigMap from a file that the spec names\n",
    ),
}
"""Code -> row."""
