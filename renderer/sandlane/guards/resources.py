"""What Services and pods that a sandbox brings may not do: be reached from outside, or be taken for pods of the base."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from sandlane.guards.policy import is_allowed_image
from sandlane.guards.privilege import Gain, beyond_ordinary, of_claim_templates, of_whole_pods, told
from sandlane.guards.secrets import new_tokens
from sandlane.k8s.resource import Manifest, Resource, annotations_of, at, labels_of, spec_of
from sandlane.k8s.selectors import from_label_selector, matches
from sandlane.k8s.workload_kinds import CLONES, WORKLOADS, containers_of, images_of, pod_labels
from sandlane.plan.model import Plan
from sandlane.plan.names import MANAGED_BY, TENANT
from sandlane.problems.problem import Problem, dotted, mention
from sandlane.specs.model import Environment

Wrong = Callable[..., Problem]
"""Reports a problem of a resource, at the entry of the spec that names its file."""


def service(manifest: Manifest, wrong: Wrong) -> Iterator[Problem]:
    """Yields what would let a Service be reached from outside, or take an address of others."""
    spec = spec_of(manifest)
    if spec.get("type") not in (None, "ClusterIP"):
        yield wrong("SL245", what=f"it is of type {spec['type']}", way="Services of sandboxes are of type ClusterIP")
    for field in ("clusterIP", "clusterIPs", "externalIPs", "externalName", "loadBalancerIP"):
        if spec.get(field) not in (None, "None", ["None"], []):
            yield wrong("SL245", what=f"it names an address in 'spec.{field}'", way="leave it out")


_FIELDS: Mapping[tuple[str, str], tuple[str, ...]] = {
    **dict.fromkeys((*CLONES, ("", "Service"), ("", "PersistentVolumeClaim")), ("spec", "status")),
    ("", "ConfigMap"): ("binaryData", "data", "immutable"),
    ("", "ServiceAccount"): ("automountServiceAccountToken", "imagePullSecrets", "secrets"),
}
"""Fields of kinds beside those that all have."""


def fields(kind: tuple[str, str], manifest: Manifest, wrong: Wrong) -> Iterator[Problem]:
    """Yields fields that no object of a kind has, and the one by which Flux takes any object for an encrypted one."""
    for field in manifest.keys() - {"apiVersion", "kind", "metadata", *_FIELDS.get(kind, manifest.keys() - {"sops"})}:
        yield wrong("SL245", what=f"it has '{field}', which is no field of its kind", way="leave it out")


_EXPOSING = (
    "cloud.google.com/", "consul.hashicorp.com/", "discovery.3scale.net/", "external-dns", "getambassador.io/", "haproxy.org/",
    "ingress.kubernetes.io/", "inlets.dev/", "io.cilium/", "istio.io/", "konghq.com/", "kube-vip.io/", "kuma.io/", "linkerd.io/",
    "loadbalancer", "metallb.", "multicluster.x-k8s.io/", "netbird.io/", "networking.gke.io/", "nginx.org/", "ngrok.com/",
    "openshift.io/serving-cert", "projectcontour.io/", "service.beta.kubernetes.io/", "service.cilium.io/", "skupper.io/",
    "solo.io/", "submariner.io/", "tailscale.com/", "teleport.dev/", "traefik.",
)  # fmt: skip
"""Parts of labels and annotations of Services by which others publish them, or route and encrypt what they get otherwise."""

_ROLES = ("eks.amazonaws.com/", "iam.gke.io/", "azure.workload.identity/")


def exposure(manifest: Manifest, wrong: Wrong) -> Iterator[Problem]:
    """Yields labels and annotations of a Service by which it would be reached from outside, or otherwise than others."""
    for key in (*labels_of(manifest), *annotations_of(manifest)):
        if any(part in key for part in _EXPOSING):
            yield wrong("SL245", what=f"it carries '{key}'", way="leave it out: others publish or route Services by it")


def roles(environment: Environment, manifest: Manifest, wrong: Wrong) -> Iterator[Problem]:
    """Yields what a service account would give beyond an identity in the cluster: roles of a cloud, and Secrets."""
    found = [("serviceAccount", f"annotation '{key}'") for key in annotations_of(manifest) if key.startswith(_ROLES)]
    names = (
        at(reference, ("name",)) for field in ("secrets", "imagePullSecrets") for reference in manifest.get(field) or ()
    )
    privileges = [*found, *(("secrets", f"Secret '{name}'") for name in names)]
    yield from beyond(environment, of_whole_pods(privileges), wrong)


def beyond(environment: Environment, gains: Iterable[Gain], wrong: Wrong) -> Iterator[Problem]:
    """Yields the privileges that the environment's policy does not allow."""
    for kind, what, _ in told(gains, environment.policy.privileges):
        yield wrong("SL330", what=what, than="an ordinary pod", kind=kind, near="")


def pods(plan: Plan, resource: Resource, claims: frozenset[str], wrong: Wrong) -> Iterator[Problem]:
    """Yields what pods that a sandbox brings could do beyond ordinary ones, and whatever of the base would take them for its own."""
    row = WORKLOADS[(resource.id.group, resource.id.kind)]
    template = at(resource.manifest, row.template) or {}
    templates = at(resource.manifest, ("spec", "volumeClaimTemplates")) or ()
    privileges = [*beyond_ordinary(template, claims), *of_whole_pods(of_claim_templates(templates))]
    yield from beyond(plan.environment, privileges, wrong)
    spec = template.get("spec") or {}
    rule = mention(plan.environment.source, ("spec", "policy", "images"))
    for image in sorted(images_of(spec)):
        if not is_allowed_image(plan.environment.policy, image):
            listed = ", ".join(plan.environment.policy.images) or "none"
            yield wrong("SL241", image=image, patterns=listed, rule=rule)
    for secret, account in new_tokens(plan.base, resource.id.namespace, {}, spec):
        yield wrong("SL333", secret=secret, account=account)
    chosen = at(resource.manifest, row.selector) if row.selector else None
    own = from_label_selector(chosen) if chosen else ()
    if row.selector and not (own and matches(own, pod_labels(row, resource.manifest))):
        yield wrong(
            "SL245", what="its selector does not select its own pods", way="let it select by labels of its pods"
        )
    if any("hostPort" in port for container in containers_of(spec) for port in container.get("ports") or ()):
        yield wrong(
            "SL245", what="it takes a port of its node", way="leave 'hostPort' out: a Service leads to its pods"
        )
    labels = {**pod_labels(row, resource.manifest), TENANT: "", MANAGED_BY: "sandlane"}
    for selector, catching in plan.selectors.leave.matching(resource.id.namespace, labels):
        if selector:
            what = f"'{catching.id}' of the base selects its pods"
            yield wrong("SL245", what=what, way="give its pods labels that nothing of the base selects")
    for peer in plan.selectors.peers.matching(resource.id.namespace, labels):
        if any(requirement.operator == "In" for requirement in peer.selector):
            what = f"'{peer.policy.id}' of the base lets its pods through by their labels"
            yield wrong("SL245", what=what, way="give its pods labels that no policy of the base names")
    for path in row.drop if resource.id.group == "batch" else ():
        if at(resource.manifest, path) is not None:
            yield wrong("SL245", what=f"it has '{dotted(path)}'", way="leave it out: the control plane sets it")
