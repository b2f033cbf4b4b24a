/** core/v1 Pod. */
import { defineKind, editSubresource, type KindHooks } from '../define-kind.js';
import { coreV1 } from '../group-versions.js';
import { adoptAppArmorAnnotations } from '../pod/app-armor.js';
import { podColumns, podRowConditions } from '../pod/columns.js';
import { defaultPod } from '../pod/defaults.js';
import { qosClass } from '../pod/qos.js';
import { validatePod, validatePodCreate, validatePodStatusUpdate, validatePodUpdate } from '../pod/validation/pod.js';
import { podWarnings } from '../pod/warnings/pod-warnings.js';
import type { Pod } from '../types.js';

const hooks: KindHooks<Pod> = {
  default: defaultPod,
  prepareForCreate(pod, warn) {
    adoptAppArmorAnnotations(pod, warn);
    pod.status = { phase: 'Pending', qosClass: qosClass(pod.spec) };
    if (pod.spec.schedulingGates?.length) {
      pod.status.conditions = [
        {
          type: 'PodScheduled',
          status: 'False',
          reason: 'SchedulingGated',
          message: 'Scheduling is blocked due to non-empty scheduling gates',
        },
      ];
    }
  },
  prepareForUpdate(pod, old) {
    if (old.status) pod.status = old.status;
  },
  prepareForStatusUpdate(pod, old) {
    pod.spec = old.spec;
    // The class is decided at creation; only the kubelet's idea of it must not differ from ours.
    if (pod.status && old.status?.qosClass) pod.status.qosClass = old.status.qosClass;
  },
  validate: (pod) => [...validatePod(pod), ...validatePodCreate(pod)],
  validateUpdate: validatePodUpdate,
  validateStatusUpdate: validatePodStatusUpdate,
  rowConditions: podRowConditions,
  warnings: podWarnings,
  fieldValue(pod, field) {
    if (field === 'spec.hostNetwork') return String(pod.spec.hostNetwork ?? false);
    if (field === 'status.podIP') return pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP ?? '';
    if (field === 'status.podIPs') return (pod.status?.podIPs ?? []).map(({ ip }) => ip).join(',');
    return undefined;
  },
  gracePeriodSeconds(pod) {
    // Nobody has to stop what was never started or has ended.
    if (!pod.spec.nodeName || pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded') return 0;
    const grace = pod.spec.terminationGracePeriodSeconds ?? 30;
    return grace < 0 ? 1 : grace;
  },
};

export const pod = defineKind<Pod>({
  in: coreV1,
  kind: 'Pod',
  shortNames: ['po'],
  categories: ['all'],
  storagePath: 'pods',
  subresources: {
    attach: { kind: 'PodAttachOptions', verbs: ['create', 'get'] },
    binding: { kind: 'Binding', verbs: ['create'] },
    ephemeralcontainers: editSubresource,
    eviction: { group: 'policy', version: 'v1', kind: 'Eviction', verbs: ['create'] },
    exec: { kind: 'PodExecOptions', verbs: ['create', 'get'] },
    log: { verbs: ['get'] },
    portforward: { kind: 'PodPortForwardOptions', verbs: ['create', 'get'] },
    proxy: { kind: 'PodProxyOptions', verbs: ['create', 'delete', 'get', 'patch', 'update'] },
    resize: editSubresource,
    status: editSubresource,
  },
  columns: podColumns,
  selectableFields: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.podIPs',
    'status.nominatedNodeName',
  ],
  generation: true,
  hooks,
});
