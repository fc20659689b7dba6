"""The types of the fields of pods that sandlane reads."""

from __future__ import annotations

from sandlane.yamlio.shapes import TEXTS, Between

PORT = Between(1, 65535)
_EXPRESSIONS = [{"key!": str, "operator!": str, "values": [str]}]
LABEL_SELECTOR = {"matchLabels": TEXTS, "matchExpressions": _EXPRESSIONS}
_PROFILE = {"type": str, "localhostProfile": str}
_SECURITY = {
    "capabilities": {"add": [str], "drop": [str]}, "seccompProfile": _PROFILE, "appArmorProfile": _PROFILE, "seLinuxOptions": dict,
    "windowsOptions": dict, "sysctls": [{"name": str, "value": str}], "supplementalGroups": [int], "runAsUser": int, "runAsGroup": int,
    "fsGroup": int, "procMount": str, "privileged": bool, "allowPrivilegeEscalation": bool, "readOnlyRootFilesystem": bool,
    "runAsNonRoot": bool, "supplementalGroupsPolicy": str,
}  # fmt: skip
_CALL = {"httpGet": {"host": str}, "tcpSocket": {"host": str}}
_CONTAINER = {
    "name!": str, "image": str, "ports": [{"name": str, "containerPort": int, "hostPort": int, "protocol": str}], "command": [str],
    "args": [str], "livenessProbe": _CALL, "readinessProbe": _CALL, "startupProbe": _CALL,
    "lifecycle": {"postStart": _CALL, "preStop": _CALL}, "securityContext": _SECURITY, "restartPolicy": str,
    "env": [{"name!": str, "value": str, "valueFrom": {"fieldRef": {"fieldPath": str}, "configMapKeyRef": {"name": str},
                                                             "secretKeyRef": {"name": str}}}],
    "envFrom": [{"configMapRef": {"name": str}, "secretRef": {"name": str}}], "resources": {"limits": dict, "requests": dict},
    "volumeMounts": [{"name": str, "mountPath": str, "subPath": str, "subPathExpr": str, "mountPropagation": str, "readOnly": bool}],
    "volumeDevices": [{"name": str}],
}  # fmt: skip
_TERM = {"labelSelector": LABEL_SELECTOR}
_AFFINITY = {
    "requiredDuringSchedulingIgnoredDuringExecution": [_TERM],
    "preferredDuringSchedulingIgnoredDuringExecution": [{"podAffinityTerm!": _TERM}],
}
MARKS = {"labels": TEXTS, "annotations": TEXTS}
_CLAIM = {"metadata": MARKS, "spec": dict}
_VOLUME = {
    "name": str, "persistentVolumeClaim": {"claimName!": str, "readOnly": bool}, "hostPath": {"path!": str}, "configMap": {"name": str},
    "downwardAPI": {"items": [{"fieldRef": {"fieldPath": str}}]}, "ephemeral": {"volumeClaimTemplate": _CLAIM},
    "image": {"reference": str}, "secret": {"secretName": str},
    "csi": {"driver": str, "nodePublishSecretRef": {"name": str}, "volumeAttributes": TEXTS},
    "projected": {"sources": [{"serviceAccountToken": {"audience": str}, "configMap": {"name": str}, "secret": {"name": str}}]},
}  # fmt: skip
POD_SPEC = {
    "containers": [_CONTAINER],
    "initContainers": [_CONTAINER],
    "affinity": {"nodeAffinity": dict, "podAffinity": _AFFINITY, "podAntiAffinity": _AFFINITY},
    "topologySpreadConstraints": [_TERM],
    "ephemeralContainers": [_CONTAINER],
    "securityContext": _SECURITY,
    "serviceAccountName": str,
    "serviceAccount": str,
    "priorityClassName": str,
    "runtimeClassName": str,
    "resourceClaims": [dict],
    "automountServiceAccountToken": bool,
    "preemptionPolicy": str,
    "schedulerName": str,
    "nodeName": str,
    "nodeSelector": TEXTS,
    "tolerations": [dict],
    "hostAliases": [{"ip": str, "hostnames": [str]}],
    "dnsConfig": dict,
    "dnsPolicy": str,
    "hostname": str,
    "subdomain": str,
    "imagePullSecrets": [{"name": str}],
    **dict.fromkeys(("hostNetwork", "hostPID", "hostIPC", "hostUsers", "shareProcessNamespace"), bool),
    "volumes": [_VOLUME],
}
POD = {"metadata": MARKS, "spec": POD_SPEC}
