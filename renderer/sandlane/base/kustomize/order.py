"""The order of a build's objects: as they were read, or kustomize's legacy order, which is its default.

https://github.com/kubernetes-sigs/kustomize/blob/kustomize/v5.5.0/api/internal/builtins/SortOrderTransformer.go
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sandlane.base.kustomize.files import Place
from sandlane.base.kustomize.objects import Entry, namespace_of

_FIRST = (
    "Namespace", "ResourceQuota", "StorageClass", "CustomResourceDefinition", "ServiceAccount", "PodSecurityPolicy", "Role",
    "ClusterRole", "RoleBinding", "ClusterRoleBinding", "ConfigMap", "Secret", "Endpoints", "Service", "LimitRange",
    "PriorityClass", "PersistentVolume", "PersistentVolumeClaim", "Deployment", "StatefulSet", "CronJob", "PodDisruptionBudget",
)  # fmt: skip
_LAST = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
ORDERS = ("fifo", "legacy")


def _ranks(first: Sequence[str], last: Sequence[str]) -> dict[str, int]:
    return {kind: number - len(first) for number, kind in enumerate(first)} | {
        kind: number + 1 for number, kind in enumerate(last)
    }


RANKS: Mapping[str, int] = _ranks(_FIRST, _LAST)
"""Kind -> where kustomize puts it: before the others (below 0) or behind them."""


def in_order(entries: list[Entry], options: Mapping[str, Any] | None, place: Place) -> list[Entry]:
    """Returns the entries as `sortOptions` asks for. Raises Invalid for options that contradict each other."""
    order = (options or {}).get("order") or ("legacy" if options is None else "")
    kinds = (options or {}).get("legacySortOptions")
    if order not in ORDERS:
        here = Place(place.source, ("sortOptions",))
        raise here.invalid("SL142", what=f"expected sortOptions.order fifo or legacy, not '{order}'")
    if order == "fifo":
        if kinds is not None:
            here = Place(place.source, ("sortOptions", "legacySortOptions"))
            raise here.invalid("SL142", what="legacySortOptions have no meaning for the order fifo")
        return entries
    ranks = RANKS if kinds is None else _ranks(kinds.get("orderFirst") or (), kinds.get("orderLast") or ())
    return sorted(entries, key=lambda entry: _key(entry, ranks))


def legacy_kind(group: str, version: str, kind: str) -> str:
    """Returns the text by which kustomize orders kinds of one rank."""
    return "_".join((group or "~G", version or "~V", kind or "~K"))


def _key(entry: Entry, ranks: Mapping[str, int]) -> tuple[Any, ...]:
    now = entry.id
    kind = legacy_kind(now.group, now.version, now.kind)
    if (now.group, now.kind) == ("", "Namespace") and now.kind in ranks:
        kind = ""  # the core group's Namespaces go before those of other groups
    full = ".".join((now.kind or "[noKind]", now.version or "[noVer]", now.group or "[noGrp]"))
    return (ranks.get(now.kind, 0), kind, "|".join((full, namespace_of(entry.manifest) or "~X", now.name or "~N")))
