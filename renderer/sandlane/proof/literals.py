"""Proof's own copies of the texts that mark a tenant's objects and requests.

They are copied on purpose: proof would not notice a mistake in texts that it shares with the renderer. A test holds the
copies equal. Sources: rules R-H1 (carriers) and R-C1 (labels), and case C3 (ownership).
"""

from __future__ import annotations

from functools import lru_cache

from sandlane.k8s.limits import LABEL_VALUE_LIMIT, fit
from sandlane.k8s.resource import Resource, annotations_of

TENANT = "sandlane.dev/tenant"
SANDBOX = "sandlane.dev/sandbox"
ORIGIN = "sandlane.dev/origin"
SERVICE = "service.sandlane.dev/"
SPEC = "sandlane.dev/spec"
ROUTE, DISABLED = "sandlane.dev/route", "disabled"
RESOURCE = "sandlane.dev/resource"
MANAGED_BY = "app.kubernetes.io/managed-by"
OWNER, EXPIRES, CONFIG = "sandlane.dev/owner", "sandlane.dev/expires", "sandlane.dev/config"
MARKS = frozenset({TENANT, SANDBOX, ORIGIN, MANAGED_BY})
"""Labels of every object of a tenant's that is made for something of the base; the environment's own label comes to them."""

OWNED_PREFIXES = (
    "argocd.argoproj.io/", "config.k8s.io/", "config.kubernetes.io/", "deployment.kubernetes.io/", "fluxcd.controlplane.io/",
    "helm.sh/", "helm.toolkit.fluxcd.io/", "internal.config.kubernetes.io/", "kubectl.kubernetes.io/last-applied-configuration",
    "kustomize.toolkit.fluxcd.io/", "meta.helm.sh/",
)  # fmt: skip
"""Labels and annotations by which another tool owns an object: output may lose these and no others."""

TRACKING = frozenset({
    "argocd.argoproj.io/installation-id", "argocd.argoproj.io/instance", "argocd.argoproj.io/tracking-id",
    "config.k8s.io/owning-inventory", "config.kubernetes.io/index", "config.kubernetes.io/path",
    "fluxcd.controlplane.io/name", "fluxcd.controlplane.io/namespace",
    "helm.toolkit.fluxcd.io/name", "helm.toolkit.fluxcd.io/namespace",
    "kubectl.kubernetes.io/last-applied-configuration",
    "kustomize.toolkit.fluxcd.io/checksum", "kustomize.toolkit.fluxcd.io/name", "kustomize.toolkit.fluxcd.io/namespace",
})  # fmt: skip
TRACKING_PREFIXES = ("deployment.kubernetes.io/", "internal.config.kubernetes.io/", "meta.helm.sh/")
"""What an output of the whole base may lose: by it tools find live objects again, and no one writes it."""

SUBSTITUTE = "kustomize.toolkit.fluxcd.io/substitute"
"""Annotation that an object gets which holds `${` and says nothing of it, so that Flux leaves that alone."""

OWNED_LABELS = {"app.kubernetes.io/managed-by": "Helm"}
"""Labels that name an owner only with this value."""

USER_FIELDS = ("name", "generateName", "namespace", "finalizers")
"""Fields of ObjectMeta, beside labels and annotations, that people write; the API server and controllers set the others."""

CLONED_AS = {"Rollout": "Deployment"}
"""Kinds whose clones are of another kind."""

MOST_FILTERS = 16
"""As many filters a rule of the Gateway API may have."""

_SPECIAL = frozenset(r"\.+*?()|[]{}^$&~#")


def is_disabled(resource: Resource) -> bool:
    """Tells whether an object of the base is kept out of what tenants change."""
    return annotations_of(resource.manifest).get(ROUTE) == DISABLED


def quoted(value: str | None) -> str:
    """Returns the value of a label or annotation as problems say it."""
    return "missing" if value is None else f"'{value}'"


@lru_cache(maxsize=4096)
def origin_value(kind: str, name: str) -> str:
    """Returns the origin label of a workload's clone: at most 63 characters, the tail of a longer one being its hash."""
    return fit(name if kind == "Deployment" else f"{kind.lower()}.{name}", LABEL_VALUE_LIMIT)


CloneKey = tuple[str, str, str, str]
"""Kind, namespace, tenantID and origin label of a clone."""


def clone_key(kind: str, namespace: str, name: str, tenant: str) -> CloneKey:
    """Returns under which kind, namespace and marks the clone of a workload is found."""
    return CLONED_AS.get(kind, kind), namespace, tenant, origin_value(kind, name)


def copied_origin(kind: str, name: str) -> str:
    """Returns the origin label of an object's copy: of a route it says the kind, since a Service's routes have its name."""
    return origin_value(kind if kind in ("GRPCRoute", "HTTPRoute") else "Deployment", name)


def baggage_text(key: str, tenant: str) -> str:
    """Returns the regular expression of a baggage header that has the member `key=tenant`."""
    member = r"[ \t]*" + _literal(key) + r"[ \t]*=[ \t]*" + _literal(tenant) + r"[ \t]*"
    return r"^(?:.*,)?" + member + r"(?:;[^,]*)?(?:,.*)?$"


def _literal(text: str) -> str:
    return "".join("\\" + character if character in _SPECIAL else character for character in text)
