"""The fields of workloads and of their pods that the API server knows, as of Kubernetes 1.37, as a table.

What lies deeper than the table goes is not looked at: claims, legacy volumes, what is set by controllers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sandlane.k8s.known_fields import Types, Unknown, unknown
from sandlane.k8s.workload_kinds import GroupKind

TYPES: Types = {
    "DeploymentSpec": (
        "minReadySeconds paused progressDeadlineSeconds replicas revisionHistoryLimit selector:LabelSelector "
        "strategy:DeploymentStrategy template:PodTemplateSpec"
    ),
    "LabelSelector": "matchExpressions matchLabels",
    "DeploymentStrategy": "rollingUpdate:RollingUpdateDeployment type",
    "RollingUpdateDeployment": "maxSurge maxUnavailable",
    "PodTemplateSpec": "metadata:ObjectMeta spec:PodSpec",
    "ObjectMeta": (
        "annotations creationTimestamp deletionGracePeriodSeconds deletionTimestamp finalizers generateName "
        "generation labels managedFields name namespace ownerReferences resourceVersion selfLink uid"
    ),
    "PodSpec": (
        "activeDeadlineSeconds affinity:Affinity automountServiceAccountToken containers:Container "
        "dnsConfig:PodDNSConfig dnsPolicy enableServiceLinks ephemeralContainers evictionResponders:EvictionResponder "
        "hostAliases:HostAlias hostIPC hostNetwork hostPID hostUsers hostname hostnameOverride "
        "imagePullSecrets:LocalObjectReference initContainers:Container nodeName nodeSelector os:PodOS overhead "
        "preemptionPolicy priority priorityClassName readinessGates:PodReadinessGate resourceClaims:PodResourceClaim "
        "resources:ResourceRequirements restartPolicy runtimeClassName schedulerName "
        "schedulingGates:PodSchedulingGate schedulingGroup:PodSchedulingGroup securityContext:PodSecurityContext "
        "serviceAccount serviceAccountName setHostnameAsFQDN shareProcessNamespace subdomain "
        "terminationGracePeriodSeconds tolerations:Toleration topologySpreadConstraints:TopologySpreadConstraint "
        "volumes:Volume"
    ),
    "Affinity": "nodeAffinity:NodeAffinity podAffinity:PodAffinity podAntiAffinity:PodAntiAffinity",
    "NodeAffinity": (
        "preferredDuringSchedulingIgnoredDuringExecution:PreferredSchedulingTerm "
        "requiredDuringSchedulingIgnoredDuringExecution:NodeSelector"
    ),
    "PreferredSchedulingTerm": "preference:NodeSelectorTerm weight",
    "NodeSelectorTerm": "matchExpressions:NodeSelectorRequirement matchFields:NodeSelectorRequirement",
    "NodeSelectorRequirement": "key operator values",
    "NodeSelector": "nodeSelectorTerms:NodeSelectorTerm",
    "PodAffinity": (
        "preferredDuringSchedulingIgnoredDuringExecution:WeightedPodAffinityTerm "
        "requiredDuringSchedulingIgnoredDuringExecution:PodAffinityTerm"
    ),
    "WeightedPodAffinityTerm": "podAffinityTerm:PodAffinityTerm weight",
    "PodAffinityTerm": (
        "labelSelector:LabelSelector matchLabelKeys mismatchLabelKeys namespaceSelector:LabelSelector namespaces "
        "topologyKey"
    ),
    "PodAntiAffinity": (
        "preferredDuringSchedulingIgnoredDuringExecution:WeightedPodAffinityTerm "
        "requiredDuringSchedulingIgnoredDuringExecution:PodAffinityTerm"
    ),
    "Container": (
        "args command env:EnvVar envFrom:EnvFromSource image imagePullPolicy lifecycle:Lifecycle livenessProbe:Probe "
        "name ports:ContainerPort readinessProbe:Probe resizePolicy:ContainerResizePolicy "
        "resources:ResourceRequirements restartPolicy restartPolicyRules:ContainerRestartRule "
        "securityContext:SecurityContext startupProbe:Probe stdin stdinOnce terminationMessagePath "
        "terminationMessagePolicy tty volumeDevices:VolumeDevice volumeMounts:VolumeMount workingDir"
    ),
    "EnvVar": "name value valueFrom:EnvVarSource",
    "EnvVarSource": (
        "configMapKeyRef:ConfigMapKeySelector fieldRef:ObjectFieldSelector fileKeyRef:FileKeySelector "
        "resourceFieldRef:ResourceFieldSelector secretKeyRef:SecretKeySelector"
    ),
    "ConfigMapKeySelector": "key name optional",
    "ObjectFieldSelector": "apiVersion fieldPath",
    "FileKeySelector": "key optional path volumeName",
    "ResourceFieldSelector": "containerName divisor resource",
    "SecretKeySelector": "key name optional",
    "EnvFromSource": "configMapRef:ConfigMapEnvSource prefix secretRef:SecretEnvSource",
    "ConfigMapEnvSource": "name optional",
    "SecretEnvSource": "name optional",
    "Lifecycle": "postStart:LifecycleHandler preStop:LifecycleHandler stopSignal",
    "LifecycleHandler": "exec:ExecAction httpGet:HTTPGetAction sleep:SleepAction tcpSocket:TCPSocketAction",
    "ExecAction": "command",
    "HTTPGetAction": "host httpHeaders:HTTPHeader path port protocol scheme",
    "HTTPHeader": "name value",
    "SleepAction": "seconds",
    "TCPSocketAction": "host port",
    "Probe": (
        "exec:ExecAction failureThreshold grpc:GRPCAction httpGet:HTTPGetAction initialDelaySeconds periodSeconds "
        "successThreshold tcpSocket:TCPSocketAction terminationGracePeriodSeconds timeoutSeconds"
    ),
    "GRPCAction": "mode port service",
    "ContainerPort": "containerPort hostIP hostPort name protocol",
    "ContainerResizePolicy": "resourceName restartPolicy",
    "ResourceRequirements": "claims:ResourceClaim limits requests",
    "ResourceClaim": "name request",
    "ContainerRestartRule": "action exitCodes:ContainerRestartRuleOnExitCodes",
    "ContainerRestartRuleOnExitCodes": "operator values",
    "SecurityContext": (
        "allowPrivilegeEscalation appArmorProfile:AppArmorProfile capabilities:Capabilities privileged procMount "
        "readOnlyRootFilesystem runAsGroup runAsNonRoot runAsUser seLinuxOptions:SELinuxOptions "
        "seccompProfile:SeccompProfile windowsOptions:WindowsSecurityContextOptions"
    ),
    "AppArmorProfile": "localhostProfile type",
    "Capabilities": "add drop",
    "SELinuxOptions": "level role type user",
    "SeccompProfile": "localhostProfile type",
    "WindowsSecurityContextOptions": "gmsaCredentialSpec gmsaCredentialSpecName hostProcess runAsUserName",
    "VolumeDevice": "devicePath name",
    "VolumeMount": "bindMountOptions mountPath mountPropagation name readOnly recursiveReadOnly subPath subPathExpr",
    "PodDNSConfig": "nameservers options searches",
    "EvictionResponder": "name priority",
    "HostAlias": "hostnames ip",
    "LocalObjectReference": "name",
    "PodOS": "name",
    "PodReadinessGate": "conditionType",
    "PodResourceClaim": "name resourceClaimName resourceClaimTemplateName",
    "PodSchedulingGate": "name",
    "PodSchedulingGroup": "podGroupName",
    "PodSecurityContext": (
        "appArmorProfile:AppArmorProfile fsGroup fsGroupChangePolicy runAsGroup runAsNonRoot runAsUser "
        "seLinuxChangePolicy seLinuxOptions:SELinuxOptions seccompProfile:SeccompProfile supplementalGroups "
        "supplementalGroupsPolicy sysctls:Sysctl windowsOptions:WindowsSecurityContextOptions"
    ),
    "Sysctl": "name value",
    "Toleration": "effect key operator tolerationSeconds value",
    "TopologySpreadConstraint": (
        "labelSelector:LabelSelector matchLabelKeys maxSkew minDomains nodeAffinityPolicy nodeTaintsPolicy "
        "topologyKey whenUnsatisfiable"
    ),
    "Volume": (
        "awsElasticBlockStore azureDisk azureFile cephfs cinder configMap:ConfigMapVolumeSource csi:CSIVolumeSource "
        "downwardAPI emptyDir:EmptyDirVolumeSource ephemeral fc flexVolume flocker gcePersistentDisk gitRepo "
        "glusterfs hostPath:HostPathVolumeSource image iscsi name nfs:NFSVolumeSource "
        "persistentVolumeClaim:PersistentVolumeClaimVolumeSource photonPersistentDisk portworxVolume "
        "projected:ProjectedVolumeSource quobyte rbd scaleIO secret:SecretVolumeSource storageos vsphereVolume"
    ),
    "ConfigMapVolumeSource": "defaultMode defaultUser items name optional",
    "CSIVolumeSource": "driver fsType nodePublishSecretRef:LocalObjectReference readOnly volumeAttributes",
    "EmptyDirVolumeSource": "medium mode sizeLimit",
    "HostPathVolumeSource": "path type",
    "NFSVolumeSource": "path readOnly server",
    "PersistentVolumeClaimVolumeSource": "claimName readOnly",
    "ProjectedVolumeSource": "defaultMode defaultUser sources",
    "SecretVolumeSource": "defaultMode defaultUser items optional secretName",
    "StatefulSetSpec": (
        "minReadySeconds ordinals:StatefulSetOrdinals "
        "persistentVolumeClaimRetentionPolicy:StatefulSetPersistentVolumeClaimRetentionPolicy podManagementPolicy "
        "replicas revisionHistoryLimit selector:LabelSelector serviceName template:PodTemplateSpec "
        "updateStrategy:StatefulSetUpdateStrategy volumeClaimTemplates"
    ),
    "StatefulSetOrdinals": "start",
    "StatefulSetPersistentVolumeClaimRetentionPolicy": "whenDeleted whenScaled",
    "StatefulSetUpdateStrategy": "rollingUpdate:RollingUpdateStatefulSetStrategy type",
    "RollingUpdateStatefulSetStrategy": "maxUnavailable partition",
    "JobSpec": (
        "activeDeadlineSeconds backoffLimit backoffLimitPerIndex completionMode completions managedBy manualSelector "
        "maxFailedIndexes parallelism podFailurePolicy podReplacementPolicy scheduling selector:LabelSelector "
        "successPolicy suspend template:PodTemplateSpec ttlSecondsAfterFinished"
    ),
    "CronJobSpec": (
        "concurrencyPolicy failedJobsHistoryLimit jobTemplate:JobTemplateSpec schedule startingDeadlineSeconds "
        "successfulJobsHistoryLimit suspend timeZone"
    ),
    "JobTemplateSpec": "metadata:ObjectMeta spec:JobSpec",
}
"""Name of a type -> its fields, each with the type of its value, or of the value's elements, where that is a row here."""

KINDS: Mapping[GroupKind, str] = {
    ("apps", "Deployment"): "DeploymentSpec",
    ("apps", "StatefulSet"): "StatefulSetSpec",
    ("batch", "CronJob"): "CronJobSpec",
    ("batch", "Job"): "JobSpec",
}
"""Group and kind -> the type of its `spec`."""


def unknown_fields(kind: GroupKind, manifest: Mapping[str, Any]) -> Iterator[Unknown]:
    """Yields the paths of fields that a workload's kind does not have, and the fields that it has there."""
    if kind in KINDS:
        yield from unknown(TYPES, KINDS[kind], manifest.get("spec"), ("spec",))
