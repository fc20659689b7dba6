"""Proof's own lists of the labels and annotations on which somebody acts: by the domain of a key, or because something selects by it.

A key that is not listed here and that nothing selects by is a note for people: it changes nothing, on any object. By some
keys pods, or other objects, gain something: meshes, runtimes, clouds and controllers change them, fill them from elsewhere, or publish
them. What pods of another template have otherwise is a finding, unless it is known to take nothing away and give nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache
from typing import Any

from sandlane.base.base import Base
from sandlane.k8s.resource import Manifest, at

_DOMAINS = (
    # What syncs, builds and owns objects.
    "argoproj.io", "fluxcd.io", "helm.sh", "k14s.io", "carvel.dev", "kpt.dev", "skaffold.dev", "tilt.dev", "crossplane.io",
    "rancher.io", "cattle.io", "sandlane.dev", "gitlab.com", "keel.sh", "kluctl.io", "werf.io", "pulumi.com", "karmada.io",
    "open-cluster-management.io", "loft.sh", "janitor", "downscaler",
    # Kubernetes, its distributions and clouds.
    "kubernetes.io", "k8s.io", "x-k8s.io", "openshift.io", "amazonaws.com", "eks.amazonaws.com", "azure.com", "azure.workload.identity",
    "microsoft.com", "cloud.google.com", "gke.io", "google.com", "alibabacloud.com", "aliyun.com", "digitalocean.com", "hetzner.cloud",
    "oraclecloud.com", "ibm.com", "k8s.aws", "cloud.tencent.com", "openstack.org", "scaleway.com", "ovhcloud.com", "linode.com",
    "kubesphere.io", "loxilb.io", "nvidia.com", "intel.com", "karpenter.sh", "spot.io", "spotinst.io", "volcano.sh", "koordinator.sh",
    "kubevirt.io", "cri-o.io", "katacontainers.io", "virtual-kubelet.io", "openkruise.io", "kruise.io",
    # Networks and meshes.
    "istio.io", "linkerd.io", "linkerd.buoyant.io", "cilium.io", "projectcalico.org", "tigera.io", "cncf.io", "antrea.io", "ovn.org",
    "submariner.io", "metallb.io", "metallb.universe.tf", "kube-vip.io", "purelb.io", "traefik.io", "traefik.containo.us", "nginx.org",
    "haproxy.org", "haproxy-ingress.github.io", "konghq.com", "getambassador.io", "solo.io", "projectcontour.io", "envoyproxy.io",
    "consul.hashicorp.com", "hashicorp.com", "kuma.io", "osm.io", "openservicemesh.io", "dapr.io", "knative.dev", "telepresence.io",
    "tailscale.com", "ngrok.com", "cloudflare.com", "zalando.org", "skipper.io", "apisix.apache.org", "3scale.net",
    # What scales, restarts, injects and watches.
    "keda.sh", "flagger.app", "stakater.com", "cert-manager.io", "jetstack.io", "external-secrets.io", "secretless.io", "conjur.org",
    "1password.com", "doppler.com", "infisical.com", "bitnami.com", "kyverno.io", "gatekeeper.sh", "openpolicyagent.org", "styra.com",
    "prometheus.io", "grafana.com", "datadoghq.com", "newrelic.com", "opentelemetry.io", "jaegertracing.io", "elastic.co", "fluentbit.io",
    "fluentd.org", "logging.banzaicloud.io", "banzaicloud.com", "dynatrace.com", "instana.io", "appdynamics.com", "splunk.com",
    "pixie.io", "px.dev", "robusta.dev", "pyroscope.io", "parca.dev", "polarsignals.com", "velero.io", "kanister.io", "k10.kasten.io",
    "chaos-mesh.org", "litmuschaos.io", "longhorn.io", "k8up.io", "crowdstrike.com", "pusher.com", "spiffe.io", "steadybit.com",
    "k8tz.io", "appscode.com", "kubecost.com", "goldilocks.fairwinds.com", "fairwinds.com", "downscaler.io", "reloader.io",
    "replicator.v1.mittwald.de", "emberstack.com", "strimzi.io", "tekton.dev", "buildpacks.io",
    "spinnaker.io", "moniker.spinnaker.io", "backstage.io", "ambassador.io", "okteto.com", "okteto.dev", "devspace.sh", "kubeshark.co",
)  # fmt: skip
_REVERSED = ("io.kubernetes.", "io.katacontainers.", "co.elastic.", "com.coreos.", "io.cilium.", "cri-o.")
"""Beginnings of keys whose readers write their domain the other way round."""

_SELECTING = ("matchLabels", "sourceLabels", "selector", "workloadSelector", "podSelector")
"""Fields that hold labels as a map, by which something selects."""


_MESH = r"(^|\.)(istio|linkerd)\.io/|(^|\.)(kuma\.io|consul\.hashicorp\.com|appmesh\.k8s\.aws)/"
_OF_PODS = {
    "mesh": _MESH,
    "network": (
        r"cni\.cncf\.io/|cni\.projectcalico\.org/|\bovn\.(org|kubernetes\.io)/|multus-cni\.io/|\bcilium\.io/|^vpc\.amazonaws\.com/"
        r"|^networking\.gke\.io/|^kubernetes\.io/(in|e)gress-bandwidth$"
    ),
    "secrets": r"^(vault\.hashicorp\.com|vault\.security\.banzaicloud\.io|akeyless)/|(^|\.)(bank-vaults\.io|conjur\.org|1password\.com)/",
    "security": (
        r"^(container\.)?(apparmor|seccomp)\.security\.|(^|\.)io\.kata|^io\.katacontainers|cri-o\.|gatekeeper\.sh/|(^|\.)kyverno\.io/"
        r"|\bcrio\.io/|^dev\.gvisor\.|^run\.oci\.|^org\.systemd\.property\.|^module\.wasm\.image/|^openshift\.io/required-scc$"
    ),
    "serviceAccount": r"^(eks|iam)\.amazonaws\.com/|^iam\.gke\.io/|^azure\.workload\.identity/|^aadpodidbinding$|^spiffe\.io/",
    "volumes": r"\b(cdi\.k8s|nri)\.io/",
}
_OF_OBJECTS = {
    "claims": r"^k8s\.io/Clone|^(cdi\.kubevirt|pv\.kubernetes)\.io/|^volume\.kubernetes\.io/selected-node$",
    "network": (
        r"(^|\.)(ngrok\.com|skupper\.io|tailscale\.com|teleport\.dev|inlets\.dev|netbird\.io|submariner\.io|getambassador\.io)/"
        r"|^discovery\.3scale\.net/"
    ),
    "secrets": r"^(reflector\.v1\.k8s\.emberstack\.com|replicator\.v1\.mittwald\.de)/|appscode\.com/sync",
    "security": r"^keel\.sh/|^image\.openshift\.io/|^fluxcd\.io/|image-updater",
}
"""Class -> what the keys look like that give something of it."""
_COMPILED = [{kind: re.compile(pattern) for kind, pattern in patterns.items()} for patterns in (_OF_PODS, _OF_OBJECTS)]

_SIZES_AND_TELEMETRY = re.compile(
    r"/(proxy-?(cpu|memory|log)|(componentL|l)ogLevel|statsInclusion|canonical-)", re.IGNORECASE
)
_BRINGS_CONTAINERS = re.compile(
    r"/.*(inject|image)|^(ad|admission)\.datadoghq\.com/|^instrumentation\.opentelemetry\.io/|\bdynatrace\.com/",
    re.IGNORECASE,
)
"""Keys for webhooks that put containers beside those of a pod, by images that nobody lists."""
_LOST = ("mesh", "security")
"""Classes of which a key that is gone lets pods out of something."""


def is_acted_on(key: str) -> bool:
    """Tells whether somebody is known to act on labels or annotations of a key."""
    domain, slash, _ = key.rpartition("/")
    if not slash:
        return key.startswith(_REVERSED)
    return key.startswith(_REVERSED) or any(domain == known or domain.endswith(f".{known}") for known in _DOMAINS)


def note_of(base: Base, *known: str) -> Callable[[str, str], bool]:
    """Returns whether a key of a field (`labels`, `annotations`) is a note: nobody acts on it and nothing of the base selects by it.

    `known` are labels on which somebody acts that the base does not know of.
    """
    selected = cache(lambda: {*known, *(key for r in base.resources for key in _selected(r.manifest))})

    def is_note(field: str, key: str) -> bool:
        return not is_acted_on(key) and (field != "labels" or key not in selected())

    return is_note


def _selected(value: Any) -> Iterator[str]:
    """Yields the keys of labels by which anything in a manifest selects."""
    if isinstance(value, list):
        for item in value:
            yield from _selected(item)
    elif isinstance(value, Mapping):
        for field, inner in value.items():
            if field in _SELECTING and isinstance(inner, Mapping):
                yield from inner
                yield from inner["labels"] if isinstance(inner.get("labels"), Mapping) else ()
            elif field in ("matchExpressions", "labelSelector", "selector"):
                yield from _in_text(inner)
            yield from _selected(inner)


def _in_text(value: Any) -> Iterator[str]:
    """Yields the keys in a list of expressions, or in a selector that is a text (`app=web,tier!=test`)."""
    if isinstance(value, list):
        yield from (str(item["key"]) for item in value if isinstance(item, Mapping) and "key" in item)
    elif isinstance(value, str):
        for part in value.split(","):
            yield part.strip().lstrip("!").partition("=")[0].rstrip("!").partition(" ")[0]


def around(before: Manifest, after: Manifest) -> Iterator[tuple[str, str]]:
    """Yields labels and annotations by which pods would have something, or be left out of something, otherwise than before."""
    for what, key, value in _changed(before, after):
        kinds = _classes(0, key)
        yield from ((kind, what) for kind in kinds if value is not None or kind in _LOST)
        is_set = value is not None and str(value).casefold() != "false"
        if is_set and not kinds and _BRINGS_CONTAINERS.search(key):
            yield "security", what


def of_objects(before: Manifest, after: Manifest) -> Iterator[tuple[str, str]]:
    """Yields what of an object's own labels and annotations gives it more than another has."""
    for what, key, value in _changed(before, after):
        for kind in _classes(1, key) if value is not None else ():
            yield kind, f"its own {what}"


def _changed(before: Manifest, after: Manifest) -> Iterator[tuple[str, str, Any]]:
    """Yields labels and annotations that differ, as problems call them: the key, and the value that it has now or None."""
    for field in ("annotations", "labels"):
        old, new = at(before, ("metadata", field)) or {}, at(after, ("metadata", field)) or {}
        gone = [key for key, value in old.items() if value is not None and key not in new]
        for key in sorted(gone + [key for key, value in new.items() if old.get(key) != value]):
            yield f"{field[:-1]} '{key}'", key, new.get(key)


@lru_cache(maxsize=4096)
def _classes(whose: int, key: str) -> tuple[str, ...]:
    """Returns the classes of what a key gives pods (0) or other objects (1)."""
    if not whose and _SIZES_AND_TELEMETRY.search(key):
        return ()
    return tuple(kind for kind, pattern in _COMPILED[whose].items() if pattern.search(key))
