/**
 * Optional scalars whose zero value means something (Go's pointers). Everywhere else a zero on the wire is Go's way to say nothing: its
 * encoder writes every plain scalar.
 */
const table = `
meta.ObjectMeta deletionGracePeriodSeconds
meta.OwnerReference controller blockOwnerDeletion
meta.DeleteOptions gracePeriodSeconds orphanDependents propagationPolicy
meta.Preconditions uid resourceVersion
core.v1.ConfigMap immutable
core.v1.Secret immutable
core.v1.ServiceAccount automountServiceAccountToken
core.v1.PodSpec terminationGracePeriodSeconds activeDeadlineSeconds automountServiceAccountToken shareProcessNamespace runtimeClassName enableServiceLinks preemptionPolicy priority setHostnameAsFQDN hostUsers
core.v1.Probe terminationGracePeriodSeconds
core.v1.SecurityContext privileged runAsUser runAsGroup runAsNonRoot readOnlyRootFilesystem allowPrivilegeEscalation
core.v1.PodSecurityContext runAsUser runAsGroup runAsNonRoot fsGroup
core.v1.WindowsSecurityContextOptions gmsaCredentialSpecName gmsaCredentialSpec runAsUserName hostProcess
core.v1.ConfigMapKeySelector optional
core.v1.SecretKeySelector optional
core.v1.ConfigMapEnvSource optional
core.v1.SecretEnvSource optional
core.v1.ConfigMapVolumeSource optional defaultMode
core.v1.SecretVolumeSource optional defaultMode
core.v1.ConfigMapProjection optional
core.v1.SecretProjection optional
core.v1.ProjectedVolumeSource defaultMode
core.v1.DownwardAPIVolumeSource defaultMode
core.v1.KeyToPath mode
core.v1.DownwardAPIVolumeFile mode
core.v1.ServiceAccountTokenProjection expirationSeconds
core.v1.Toleration tolerationSeconds
core.v1.PersistentVolumeClaimSpec storageClassName
core.v1.HostPathVolumeSource type
core.v1.CSIVolumeSource readOnly fsType
core.v1.ISCSIVolumeSource initiatorName
core.v1.ServiceSpec allocateLoadBalancerNodePorts
core.v1.ClientIPConfig timeoutSeconds
core.v1.ReplicationControllerSpec replicas
core.v1.PodDNSConfigOption value
core.v1.ContainerStatus started
core.v1.SleepAction seconds
core.v1.TopologySpreadConstraint minDomains
apps.v1.DeploymentSpec replicas revisionHistoryLimit progressDeadlineSeconds
apps.v1.DeploymentStatus collisionCount
apps.v1.ReplicaSetSpec replicas
apps.v1.StatefulSetSpec replicas revisionHistoryLimit
apps.v1.StatefulSetStatus collisionCount
apps.v1.RollingUpdateStatefulSetStrategy partition
apps.v1.DaemonSetSpec revisionHistoryLimit
apps.v1.DaemonSetStatus collisionCount
batch.v1.JobSpec parallelism completions activeDeadlineSeconds backoffLimit manualSelector ttlSecondsAfterFinished suspend backoffLimitPerIndex maxFailedIndexes
batch.v1.CronJobSpec startingDeadlineSeconds suspend successfulJobsHistoryLimit failedJobsHistoryLimit timeZone
autoscaling.v1.HorizontalPodAutoscalerSpec minReplicas targetCPUUtilizationPercentage
autoscaling.v2.HorizontalPodAutoscalerSpec minReplicas
autoscaling.v2.HPAScalingRules stabilizationWindowSeconds
autoscaling.v2.MetricTarget averageUtilization
networking.v1.IngressSpec ingressClassName
networking.v1.NetworkPolicyPort endPort
storage.v1.StorageClass allowVolumeExpansion
storage.v1.CSIDriverSpec attachRequired podInfoOnMount
coordination.v1.LeaseSpec holderIdentity leaseDurationSeconds leaseTransitions
authentication.v1.TokenRequestSpec expirationSeconds
certificates.v1.CertificateSigningRequestSpec expirationSeconds
discovery.v1.EndpointConditions ready serving terminating
discovery.v1.EndpointPort name protocol port appProtocol
discovery.v1.Endpoint hostname nodeName zone
`;

let parsed: ReadonlySet<string> | undefined;

/** `message` as in the table of field numbers: `core.v1.PodSpec`. */
export function isPointerField(message: string, field: string): boolean {
  parsed ??= new Set(
    table
      .trim()
      .split('\n')
      .flatMap((line) => {
        const [name = '', ...fields] = line.split(' ');
        return fields.map((each) => `${name} ${each}`);
      }),
  );
  return parsed.has(`${message} ${field}`);
}
