"""What Argo CD needs to apply an output: a project, and an Application for each part of it that syncs by itself.

One Application a sandbox, so that one tenant's crashing clone or refused update holds up nobody. No FailOnSharedResource, with which
an adopted object would block everything for ever, and no sync waves. Server-side apply, since client-side apply stores each object once
more in an annotation of at most 262,144 bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandlane.reports.gitops.delivery import Delivery
from sandlane.yamlio.write import write

_NAMESPACE = "argocd"
_SERVER = "https://kubernetes.default.svc"
_FINALIZERS = ["resources-finalizer.argocd.argoproj.io"]
_SYNC = {
    "automated": {"prune": True, "selfHeal": True, "allowEmpty": True},
    "syncOptions": ["ServerSideApply=true"],
}
_WEBHOOK = """\
# Applies the output of environment '{name}' with Argo CD, beside what applies its base.
# Sandboxes are there in seconds where the repository calls two webhooks on each push, else within three minutes:
# https://<argocd>/api/webhook, and https://<applicationset-controller>/api/webhook, which finds new sandboxes. Their secret stands in
# 'argocd-secret' under 'webhook.github.secret' or 'webhook.gitlab.secret'.
"""
_HEALTH = """\
# How Argo CD tells whether routes are well, beside what 'argocd-cm' says already.
"""
_ISTIO_HEALTH = """\
hs = {status = "Healthy", message = ""}
if obj.status ~= nil and obj.status.validationMessages ~= nil then
  for _, found in ipairs(obj.status.validationMessages) do
    if string.lower(tostring(found.level)) == "error" then
      hs.status = "Degraded"
      hs.message = found.documentationUrl or "Istio refuses it"
    end
  end
end
return hs
"""
_ROUTE_HEALTH = """\
hs = {status = "Healthy", message = ""}
if obj.status ~= nil and obj.status.parents ~= nil then
  for _, parent in ipairs(obj.status.parents) do
    for _, condition in ipairs(parent.conditions or {}) do
      if condition.status == "False" and (condition.type == "Accepted" or condition.type == "ResolvedRefs") then
        hs.status = "Degraded"
        hs.message = condition.message
      end
    end
  end
end
return hs
"""
"""Argo CD's own check waits for a status, which not every mesh writes for routes of a Service."""


def argocd_text(delivery: Delivery, *, is_single: bool) -> str:
    """Returns the manifests as one text; `is_single`: one Application for the whole output."""
    documents = [write(manifest) for manifest in argocd_objects(delivery, is_single=is_single)]
    documents[-1] = f"{_HEALTH}{documents[-1]}"
    return _WEBHOOK.format(name=delivery.name) + "---\n".join(documents)


def argocd_objects(delivery: Delivery, *, is_single: bool) -> Iterator[dict[str, Any]]:
    """Yields the project, the Applications and the health checks."""
    yield _project(delivery)
    if is_single:
        yield _application(delivery, f"{delivery.name}-sandboxes", "")
    else:
        for unit in delivery.units:
            yield _application(delivery, f"{delivery.name}-{unit}", unit)
        yield _application_set(delivery)
    yield _health(delivery)


def _project(delivery: Delivery) -> dict[str, Any]:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": {"name": f"{delivery.name}-sandboxes", "namespace": _NAMESPACE},
        "spec": {
            "description": f"The output of sandlane's environment {delivery.name}: what its policy lets sandboxes have, and no Secret.",
            "sourceRepos": [delivery.repository],
            "destinations": [{"server": _SERVER, "namespace": namespace} for namespace in delivery.namespaces],
            "clusterResourceWhitelist": [{"group": group, "kind": kind} for group, kind in delivery.cluster_kinds],
            "namespaceResourceWhitelist": [{"group": group, "kind": kind} for group, kind in delivery.kinds],
        },
    }


def _application(delivery: Delivery, name: str, unit: str) -> dict[str, Any]:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": name, "namespace": _NAMESPACE, "finalizers": _FINALIZERS},
        "spec": {**_spec(delivery, delivery.directory(unit)), **_ignoring(delivery, unit)},
    }


def _ignoring(delivery: Delivery, unit: str) -> dict[str, Any]:
    """Returns what Argo CD may not heal: fields that Argo Rollouts writes."""
    found = [
        {
            "group": other.object.group,
            "kind": other.object.kind,
            "namespace": other.object.namespace,
            "name": other.object.name,
            "jqPathExpressions": list(other.expressions),
        }
        for other in delivery.rewritten
        if unit in ("", other.unit)
    ]
    return {"ignoreDifferences": found} if found else {}


def _spec(delivery: Delivery, path: str) -> dict[str, Any]:
    return {
        "project": f"{delivery.name}-sandboxes",
        "source": {
            "repoURL": delivery.repository,
            "targetRevision": delivery.revision,
            "path": path,
            "directory": {"recurse": True},
        },
        "destination": {"server": _SERVER, "namespace": delivery.environment.default_namespace},
        "syncPolicy": _SYNC,
    }


def _application_set(delivery: Delivery) -> dict[str, Any]:
    git = {
        "repoURL": delivery.repository,
        "revision": delivery.revision,
        "directories": [{"path": delivery.directory("sandboxes/*")}],
    }
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ApplicationSet",
        "metadata": {"name": f"{delivery.name}-sandboxes", "namespace": _NAMESPACE},
        "spec": {
            "goTemplate": True,
            "goTemplateOptions": ["missingkey=error"],
            "generators": [{"git": git}],
            "template": {
                "metadata": {"name": f"{delivery.name}-sandbox-{{{{.path.basename}}}}", "finalizers": _FINALIZERS},
                "spec": _spec(delivery, "{{.path.path}}"),
            },
        },
    }


def _health(delivery: Delivery) -> dict[str, Any]:
    checks = {f"gateway.networking.k8s.io_{kind}": _ROUTE_HEALTH for kind in ("GRPCRoute", "HTTPRoute")}
    if delivery.environment.is_istio:
        checks |= {f"networking.istio.io_{kind}": _ISTIO_HEALTH for kind in ("DestinationRule", "VirtualService")}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "argocd-cm",
            "namespace": _NAMESPACE,
            "labels": {"app.kubernetes.io/name": "argocd-cm", "app.kubernetes.io/part-of": "argocd"},
        },
        "data": {f"resource.customizations.health.{kind}": text for kind, text in checks.items()},
    }
