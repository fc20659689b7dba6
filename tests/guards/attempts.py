"""The one table of what somebody who may open a pull request may try in order to have more than the platform gave.

A row is a change of a pod template. It comes by four ways: a patch of a clone, a standing rule for clones, a manifest of the
sandbox's own, and a template of one. The guard and proof are held to every row by every way, each for itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.build import Object, deployment, meta, service

STRICT: Object = {
    "runAsNonRoot": True,
    "runAsUser": 1000,
    "readOnlyRootFilesystem": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
NODES: Object = {
    "requiredDuringSchedulingIgnoredDuringExecution": {
        "nodeSelectorTerms": [{"matchExpressions": [{"key": "pool", "operator": "In", "values": ["control-plane"]}]}]
    }
}


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """A change of a pod template, its class, and what guard and proof say of it.

    `is_loss`: it takes a restriction away, which pods of a sandbox's own do not have in the first place. `is_never`: no policy
    allows it, so that sandlane itself cannot be made to write it; `guard` and `proof` are whole texts then.
    """

    id: str
    kind: str
    guard: str
    proof: str
    template: Mapping[str, Any]
    is_loss: bool = False
    is_never: bool = False


def pod(id: str, kind: str, guard: str, proof: str, *, loss: bool = False, never: bool = False, **spec: Any) -> Attempt:
    return Attempt(id=id, kind=kind, guard=guard, proof=proof, template={"spec": spec}, is_loss=loss, is_never=never)


def app(
    id: str, kind: str, guard: str, proof: str, *, loss: bool = False, never: bool = False, **fields: Any
) -> Attempt:
    where = ("", "") if never else (" in container 'app'", " ('app')")
    spec = {"containers": [{"name": "app", **fields}]}
    return pod(id, kind, guard + where[0], proof + where[1], loss=loss, never=never, **spec)


def context(id: str, kind: str, guard: str, proof: str, *, loss: bool = False, **fields: Any) -> Attempt:
    return app(id, kind, guard, proof, loss=loss, securityContext=fields)


def only(field: str, value: Any) -> dict[str, Any]:
    return {field: value}


def beside(id: str, kind: str, guard: str, proof: str, field: str, **fields: Any) -> Attempt:
    """Returns an attempt by one more container."""
    container = {"name": "tool", "image": "registry.example/t:1", "securityContext": STRICT, **fields}
    return pod(id, kind, f"{guard} in container 'tool'", f"{proof} ('tool')", **only(field, [container]))


def marked(field: str, kind: str, key: str, value: str | None = "x") -> Attempt:
    """Returns an attempt by a label or an annotation of pods."""
    word = {"labels": "label", "annotations": "annotation"}[field]
    guard, proof = f"{word} '{key}' other than its origin's", f"{word} '{key}'"
    changed = {"metadata": {field: {key: value}}}
    return Attempt(
        id=f"{word}:{key}",
        kind=kind,
        guard=guard,
        proof=proof,
        template=changed,
        is_loss=value is None or value == "false",
    )


def volume(id: str, kind: str, guard: str, proof: str, *, never: bool = False, **source: Any) -> Attempt:
    return pod(id, kind, guard, proof, never=never, volumes=[{"name": "v", **source}])


def key_of(secret: str) -> Object:
    return {"env": [{"name": "S", "valueFrom": {"secretKeyRef": {"name": secret, "key": "k"}}}]}


def said(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


TOKEN = "pods of '{object}' would get at Secret '{secret}', the token of service account '{account}'"
TOKEN_PROVED = "pods of '{{object}}' get at '{secret}', the token of a service account"
ALIAS = {"ip": "10.0.0.1", "hostnames": ["orders"]}
APART = {"labelSelector": {}, "namespaceSelector": {}, "topologyKey": "topology.kubernetes.io/zone"}
TOLERATION = {"key": "node-role.kubernetes.io/control-plane", "operator": "Exists"}

ATTEMPTS = (
    pod("service-account", "serviceAccount", "service account 'admin'", "service account 'admin'", serviceAccountName="admin"),
    pod("older-field", "serviceAccount", "service account 'admin'", "service account 'admin'",
        serviceAccountName=None, serviceAccount="admin"),
    pod("default-account", "serviceAccount", "service account 'default'", "service account 'default'", loss=True,
        serviceAccountName=None),
    pod("token", "tokens", "the service account's token", "a mounted token", loss=True, automountServiceAccountToken=True),
    pod("token-by-default", "tokens", "the service account's token", "a mounted token", loss=True, automountServiceAccountToken=None),
    volume("projected-token", "tokens", "a token for the API server", "a projected token",
           projected={"sources": [{"serviceAccountToken": {"path": "t"}}]}),
    volume("token-for-a-vault", "tokens", "a token for vault", "a projected token",
           projected={"sources": [{"serviceAccountToken": {"path": "t", "audience": "vault"}}]}),
    volume("projected-certificate", "volumes", 'projected podCertificate {"signerName": "s"}', "projected podCertificate",
           projected={"sources": [{"podCertificate": {"signerName": "s"}}]}),
    pod("host-network", "hostNamespaces", "hostNetwork", "hostNetwork", hostNetwork=True),
    pod("host-pid", "hostNamespaces", "hostPID", "hostPID", hostPID=True),
    pod("host-ipc", "hostNamespaces", "hostIPC", "hostIPC", hostIPC=True),
    pod("process-namespace", "hostNamespaces", "shareProcessNamespace", "shareProcessNamespace", shareProcessNamespace=True),
    pod("host-users", "hostNamespaces", "the host's users (hostUsers)", "hostUsers", loss=True, hostUsers=True),
    volume("host-path", "hostPath", "hostPath '/'", "'/'", hostPath={"path": "/"}),
    volume("host-path-of-a-socket", "hostPath", "hostPath '/run/containerd/containerd.sock'", "'/run/containerd/containerd.sock'",
           hostPath={"path": "/run/containerd/containerd.sock", "type": "Socket"}),
    volume("claim", "claims", "claim 'orders'", "claim 'orders'", persistentVolumeClaim={"claimName": "orders"}),
    volume("network-volume", "volumes", 'nfs volume {"path": "/", "server": "s"}', "nfs volume", nfs={"server": "s", "path": "/"}),
    volume("csi-volume", "volumes", 'csi volume {"driver": "d.example"}', "csi volume", csi={"driver": "d.example"}),
    volume("image-volume", "volumes", 'image volume {"reference": "registry.example/d:1"}', "image volume",
           image={"reference": "registry.example/d:1"}),
    volume("data-of-another", "claims", 'dataSource {"kind": "PersistentVolumeClaim", "name": "orders"}',
           'dataSource of a claim: {"kind": "PersistentVolumeClaim", "name": "orders"}',
           ephemeral={"volumeClaimTemplate": {"spec": {"dataSource": {"kind": "PersistentVolumeClaim", "name": "orders"}}}}),
    volume("volume-of-another", "claims", 'volumeName "pv-1"', 'volumeName of a claim: "pv-1"',
           ephemeral={"volumeClaimTemplate": {"spec": {"volumeName": "pv-1"}}}),
    pod("runtime-class", "runtime", "runtime class 'kata-debug'", "another runtime class", runtimeClassName="kata-debug"),
    pod("no-runtime-class", "runtime", "runtime class 'of the cluster'", "another runtime class", loss=True, runtimeClassName=None),
    pod("system-priority", "priority", "priority class 'system-node-critical'", "another priority class",
        priorityClassName="system-node-critical"),
    pod("priority", "priority", "priority class 'first'", "another priority class", priorityClassName="first"),
    pod("no-priority", "priority", "priority class 'of the cluster'", "another priority class", loss=True, priorityClassName=None),
    pod("preemption", "priority", "taking the place of pods of lower priority (preemptionPolicy)", "preemption", loss=True,
        preemptionPolicy="PreemptLowerPriority"),
    pod("device-claim", "volumes", 'device claim {"name": "gpu", "resourceClaimName": "gpu"}', "resourceClaims",
        resourceClaims=[{"name": "gpu", "resourceClaimName": "gpu"}]),
    pod("group", "groups", "group 0", "more groups", securityContext={"supplementalGroups": [0]}),
    pod("fs-group", "groups", "fsGroup 0", "another fsGroup", securityContext={"fsGroup": 0}),
    pod("groups-of-the-image", "groups", "groups of its image (supplementalGroupsPolicy)", "groups of its image", loss=True,
        securityContext={"supplementalGroupsPolicy": "Merge"}),
    pod("sysctl", "sysctls", "sysctl kernel.msgmax=1", "kernel.msgmax ('app')",
        securityContext={"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}),
    # Where pods run.
    pod("node", "nodes", "node 'master-1'", "node 'master-1'", nodeName="master-1"),
    pod("node-selector", "nodes", 'nodes selected by {"pool": "control-plane"}', "another nodeSelector",
        nodeSelector={"pool": "control-plane"}),
    pod("no-node-selector", "nodes", "nodes that no nodeSelector narrows", "another nodeSelector", loss=True, nodeSelector=None),
    pod("node-affinity", "nodes", f"node affinity {said(NODES)}", "another node affinity", affinity={"nodeAffinity": NODES}),
    pod("anti-affinity", "nodes", f"keeping pods of others off its nodes, {said(APART)}", "keeping other pods off its nodes",
        affinity={"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [APART]}}),
    pod("end-without-end", "priority", "running on for 86400 seconds after its end (terminationGracePeriodSeconds)",
        "86400 seconds until its end", terminationGracePeriodSeconds=86400),
    pod("toleration", "nodes", f"toleration {said(TOLERATION)}", "another toleration", tolerations=[TOLERATION]),
    pod("scheduler", "nodes", "scheduler 'own'", "another schedulerName", schedulerName="own"),
    # Whom they find under a name, and whom the node calls for them.
    pod("host-alias", "network", f"host alias {said(ALIAS)}", "an alias of 10.0.0.1", hostAliases=[ALIAS]),
    pod("resolver", "network", 'dnsConfig {"nameservers": ["10.0.0.1"]}', "another dnsConfig", dnsConfig={"nameservers": ["10.0.0.1"]}),
    pod("dns-policy", "network", "DNS policy Default", "another dnsPolicy", dnsPolicy="Default"),
    *(app(f"{probe}-of-a-host", "network", "the kubelet calling host '169.254.169.254'", "the node calling '169.254.169.254'",
          **only(probe, {action: {"host": "169.254.169.254", "port": 80}}))
      for probe, action in (("livenessProbe", "httpGet"), ("readinessProbe", "tcpSocket"), ("startupProbe", "httpGet"))),
    *(app(f"{hook}-of-a-host", "network", "the kubelet calling host '127.0.0.1'", "the node calling '127.0.0.1'",
          lifecycle={hook: {"httpGet": {"host": "127.0.0.1", "port": 10250}}}) for hook in ("postStart", "preStop")),
    # What containers may do.
    context("privileged", "privileged", "privileged", "privileged", privileged=True, allowPrivilegeEscalation=None),
    context("escalation", "privileged", "privilege escalation", "escalation", loss=True, allowPrivilegeEscalation=None),
    context("capability", "capabilities", "capability NET_ADMIN", "net_admin", capabilities={"add": ["NET_ADMIN"]}),
    context("capability-by-its-long-name", "capabilities", "capability SYS_ADMIN", "sys_admin", capabilities={"add": ["CAP_SYS_ADMIN"]}),
    context("root", "root", "running as user 0", "running as root", runAsUser=0, runAsNonRoot=None),
    context("any-user", "root", "running as the user of its image", "running as root", loss=True, runAsUser=None, runAsNonRoot=None),
    context("user-of-istios-proxy", "mesh", "runAsUser 1337, the proxy's own", "runAsUser of the proxy", runAsUser=1337),
    context("user-of-linkerds-proxy", "mesh", "runAsUser 2102, the proxy's own", "runAsUser of the proxy", runAsUser=2102),
    context("group-of-the-proxy", "mesh", "runAsGroup 1337, the proxy's own", "runAsGroup of the proxy", runAsGroup=1337),
    context("root-group", "groups", "group 0", "group 0", runAsGroup=0),
    context("root-file-system", "security", "writing to its root file system", "a root file system that can be written to",
            loss=True, readOnlyRootFilesystem=False),
    context("proc", "security", "an unmasked /proc", "unmasked /proc", procMount="Unmasked"),
    context("seccomp", "security", "seccomp profile Unconfined", "seccompProfile", loss=True,
            seccompProfile={"type": "Unconfined", "$patch": "replace"}),
    context("seccomp-of-the-node", "security", "seccomp profile p.json", "seccompProfile",
            seccompProfile={"type": "Localhost", "localhostProfile": "p.json"}),
    context("app-armor", "security", "AppArmor profile Unconfined", "appArmorProfile", appArmorProfile={"type": "Unconfined"}),
    context("se-linux", "security", 'seLinuxOptions {"type": "spc_t"}', "seLinuxOptions", seLinuxOptions={"type": "spc_t"}),
    context("windows", "security", 'windowsOptions {"hostProcess": true}', "windowsOptions", windowsOptions={"hostProcess": True}),
    app("device-of-the-node", "volumes", "resource 'example.com/gpu' of the node", "'example.com/gpu' of the node",
        resources={"limits": {"example.com/gpu": "1"}}),
    app("block-device", "claims", "device 'v'", "a device", volumeDevices=[{"name": "v", "devicePath": "/dev/x"}]),
    app("mount-propagation", "hostPath", "mount propagation Bidirectional", "mount propagation",
        volumeMounts=[{"name": "tmp", "mountPath": "/t", "mountPropagation": "Bidirectional"}]),
    beside("capable-init-container", "capabilities", "capability NET_ADMIN", "net_admin", "initContainers",
           securityContext={**STRICT, "capabilities": {"drop": ["ALL"], "add": ["NET_ADMIN"]}}),
    beside("probe-of-a-sidecar", "network", "the kubelet calling host 'db'", "the node calling 'db'", "initContainers",
           restartPolicy="Always", startupProbe={"tcpSocket": {"host": "db", "port": 1}}),
    beside("another-container-as-root", "root", "running as user 0", "running as root", "containers",
           securityContext={**STRICT, "runAsUser": 0, "runAsNonRoot": None}),
    pod("another-proxy", "mesh", "a container in the place of the proxy, 'istio-proxy'", "a proxy of its own ('istio-proxy')",
        containers=[{"name": "istio-proxy", "image": "registry.example/t:1", "securityContext": STRICT}]),
    *(pod(f"set-up-of-the-proxy:{name}", "mesh", f"a container in the place of the proxy, '{name}'", f"a proxy of its own ('{name}')",
          initContainers=[{"name": name, "image": "registry.example/t:1", "securityContext": STRICT}])
      for name in ("istio-init", "istio-validation", "linkerd-init", "linkerd-network-validator", "kuma-init")),
    pod("ephemeral-container", "security", "ephemeral container 'shell'", "ephemeral containers",
        ephemeralContainers=[{"name": "shell", "image": "registry.example/t:1", "securityContext": STRICT}]),
    # Secrets.
    volume("secret-volume", "secrets", "Secret 'admin'", "Secret 'admin'", secret={"secretName": "admin"}),
    volume("projected-secret", "secrets", "Secret 'admin'", "Secret 'admin'", projected={"sources": [{"secret": {"name": "admin"}}]}),
    volume("secret-of-a-driver", "secrets", "Secret 'admin'", "Secret 'admin'",
           csi={"driver": "d.example", "nodePublishSecretRef": {"name": "admin"}}),
    volume("secret-of-a-share", "secrets", "Secret 'admin'", "Secret 'admin'", azureFile={"secretName": "admin", "shareName": "s"}),
    pod("secret-variable", "secrets", "Secret 'admin'", "Secret 'admin'", containers=[{"name": "app", **key_of("admin")}]),
    pod("secret-variables", "secrets", "Secret 'admin'", "Secret 'admin'",
        containers=[{"name": "app", "envFrom": [{"secretRef": {"name": "admin"}}]}]),
    pod("secret-of-an-init-container", "secrets", "Secret 'admin'", "Secret 'admin'",
        initContainers=[{"name": "tool", "image": "registry.example/t:1", "securityContext": STRICT, **key_of("admin")}]),
    pod("pulling-with-a-secret", "secrets", "pulling images with Secret 'admin'", "Secret 'admin'", imagePullSecrets=[{"name": "admin"}]),
    volume("secret-that-only-pulls", "secrets", "Secret 'pull'", "Secret 'pull'", secret={"secretName": "pull"}),
    volume("token-of-an-account", "", TOKEN.replace("{secret}", "robot").replace("{account}", "admin"),
           TOKEN_PROVED.format(secret="robot"), never=True, secret={"secretName": "robot"}),
    pod("token-of-an-account-by-variable", "", TOKEN.replace("{secret}", "robot").replace("{account}", "admin"),
        TOKEN_PROVED.format(secret="robot"), never=True, containers=[{"name": "app", **key_of("robot")}]),
    volume("token-that-only-the-cluster-has", "", TOKEN.replace("{secret}", "admin-token-x7k2p").replace("{account}", "admin"),
           TOKEN_PROVED.format(secret="admin-token-x7k2p"), never=True, secret={"secretName": "admin-token-x7k2p"}),
    # Labels and annotations.
    *(marked("labels", kind, key) for kind, key in (
        ("mesh", "istio.io/dataplane-mode"), ("mesh", "istio.io/rev"), ("mesh", "security.istio.io/tlsMode"),
        ("mesh", "topology.istio.io/network"), ("mesh", "linkerd.io/workload-ns"), ("mesh", "kuma.io/sidecar-injection"),
        ("serviceAccount", "azure.workload.identity/use"), ("security", "admission.gatekeeper.sh/ignore"),
    )),
    marked("labels", "mesh", "sidecar.istio.io/inject", "false"),
    *(marked("annotations", kind, key) for kind, key in (
        ("mesh", "traffic.sidecar.istio.io/excludeInboundPorts"), ("mesh", "proxy.istio.io/config"),
        ("mesh", "sidecar.istio.io/proxyImage"), ("mesh", "prometheus.istio.io/merge-metrics"), ("mesh", "linkerd.io/inject"),
        ("mesh", "config.linkerd.io/skip-inbound-ports"), ("mesh", "viz.linkerd.io/tap-enabled"),
        ("mesh", "consul.hashicorp.com/connect-inject"),
        ("network", "k8s.v1.cni.cncf.io/networks"), ("network", "v1.multus-cni.io/default-network"),
        ("network", "cni.projectcalico.org/floatingIPs"), ("network", "cni.projectcalico.org/ipAddrs"),
        ("network", "ovn.kubernetes.io/ip_address"), ("network", "network.cilium.io/no-track-port"),
        ("network", "kubernetes.io/egress-bandwidth"), ("secrets", "vault.hashicorp.com/agent-inject-secret-db"),
        ("security", "container.apparmor.security.beta.kubernetes.io/app"),
        ("security", "seccomp.security.alpha.kubernetes.io/pod"), ("security", "io.kubernetes.cri-o.Devices"),
        ("security", "io.katacontainers.config.hypervisor.path"),
        ("serviceAccount", "iam.amazonaws.com/role"), ("serviceAccount", "spiffe.io/spiffe-id"),
        ("volumes", "cdi.k8s.io/gpu"), ("volumes", "devices.nri.io/container.app"),
        ("security", "dev.gvisor.spec.mount.data.source"), ("security", "run.oci.handler"), ("security", "module.wasm.image/variant"),
        ("security", "org.systemd.property.ReadWritePaths"),
        ("security", "irq-load-balancing.crio.io/app"), ("security", "openshift.io/required-scc"),
        ("secrets", "vault.security.banzaicloud.io/vault-role"), ("secrets", "secrets-webhook.security.bank-vaults.io/role"),
        ("security", "dapr.io/sidecar-image"), ("security", "admission.datadoghq.com/java-lib.custom-image"),
        ("security", "instrumentation.opentelemetry.io/inject-java"), ("security", "sidecar.opentelemetry.io/inject"),
        ("security", "ad.datadoghq.com/app.checks"),
        ("secrets", "conjur.org/authn-identity"), ("secrets", "operator.1password.com/inject"), ("secrets", "akeyless/enabled"),
    )),
    marked("annotations", "mesh", "sidecar.istio.io/inject", "false"),
    # Images, and ports of the node.
    *(pod(f"image-of-{field}", "", "the environment's policy allows no image 'evil.example/x:1' for '{object}'",
          "'{object}' runs image 'evil.example/x:1', which the environment's policy does not list", never=True,
          **only(field, [{"name": "app" if field == "containers" else "tool", "image": "evil.example/x:1", "securityContext": STRICT}]))
      for field in ("containers", "initContainers", "ephemeralContainers")),
    volume("image-of-a-volume", "", "the environment's policy allows no image 'evil.example/x:1' for '{object}'",
           "'{object}' runs image 'evil.example/x:1', which the environment's policy does not list", never=True,
           image={"reference": "evil.example/x:1"}),
    *(pod(f"host-port-of-{field}", "", "'{object}' cannot be a resource of a sandbox: it takes a port of its node",
          "pods of '{object}' take port 443 of their node", never=True,
          **only(field, [{"name": "app" if field == "containers" else "tool", "image": "registry.example/t:1",
                          "securityContext": STRICT, "ports": [{"containerPort": 443, "hostPort": 443}]}]))
      for field in ("containers", "initContainers")),
)  # fmt: skip


def origin(name: str) -> Object:
    """Returns a workload that may do as little as there is to be said."""
    workload = deployment(
        name,
        containers=[{"name": "app", "image": "registry.example/a:1", "securityContext": STRICT}],
        automountServiceAccountToken=False,
        serviceAccountName="app",
        hostUsers=False,
        runtimeClassName="gvisor",
        priorityClassName="apps",
        preemptionPolicy="Never",
        nodeSelector={"pool": "apps"},
        imagePullSecrets=[{"name": "pull"}],
        securityContext={"supplementalGroupsPolicy": "Strict"},
        volumes=[{"name": "tmp", "emptyDir": {}}],
    )
    workload["spec"]["template"]["metadata"] |= {"annotations": {"sidecar.istio.io/inject": "true"}}
    workload["spec"]["template"]["metadata"]["labels"] |= {"sidecar.istio.io/inject": "true"}
    return workload


def brought(name: str) -> Object:
    """Returns a workload as sandboxes bring them."""
    workload = deployment(
        name, containers=[{"name": "app", "image": "registry.example/x:1"}], volumes=[{"name": "tmp", "emptyDir": {}}]
    )
    workload["metadata"]["namespace"] = "shop"
    return workload


OTHERS: tuple[Object, ...] = (
    {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": meta("orders"),
        "spec": {"accessModes": ["ReadWriteMany"]},
    },
    {"apiVersion": "v1", "kind": "Secret", "metadata": meta("admin"), "stringData": {"k": "v"}},
    {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/service-account-token",
        "metadata": meta("robot", annotations={"kubernetes.io/service-account.name": "admin"}),
    },
)


def base_of(names: list[str]) -> list[Object]:
    return [*(each for name in names for each in (origin(name), service(name))), *OTHERS]


_OF_CONTAINER = re.compile(
    r"(?P<start>.* more privilege than (?:'[^']*'|[a-z ]*): )(?P<listed>.*)(?P<where> in container '[^']*')"
)


def one_by_one(texts: Iterable[str]) -> list[str]:
    """Returns texts of refusals with one text for each thing that a container would gain; the guard tells them together."""
    found: list[str] = []
    for text in texts:
        told = _OF_CONTAINER.fullmatch(text)
        for what in told["listed"].split("; ") if told else ():
            names = what.removeprefix("capabilities ").split(", ") if what.startswith("capabilities ") else []
            listed = [f"capability {name}" for name in names] or [what]
            found += [f"{told['start']}{each}{told['where']}" for each in listed if told]
        found += [] if told else [text]
    return found
