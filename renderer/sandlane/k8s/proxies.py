"""Istio's proxies that a pod brings by itself, which nothing injects.

Istio: pilot/cmd/pilot-agent/app/cmd.go: `proxy sidecar` and `proxy router` are its first arguments.
"""

from __future__ import annotations

from sandlane.k8s.resource import Manifest


def own_proxy(pod: Manifest) -> str | None:
    """Returns what the proxy of a pod's spec is, `sidecar` or `router` (a gateway), or None where the pod brings none."""
    for container in pod.get("containers") or ():
        arguments = [str(argument) for argument in container.get("args") or ()][:2]
        if arguments in (["proxy", "router"], ["proxy", "sidecar"]):
            return arguments[1]
    return None
