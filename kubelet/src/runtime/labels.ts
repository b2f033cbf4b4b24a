/** Labels and annotations by which the kubelet finds its sandboxes and containers again, with upstream's names. */

export const podNameLabel = 'io.kubernetes.pod.name';
export const podNamespaceLabel = 'io.kubernetes.pod.namespace';
export const podUidLabel = 'io.kubernetes.pod.uid';
export const containerNameLabel = 'io.kubernetes.container.name';

export const hashAnnotation = 'io.kubernetes.container.hash';
export const restartCountAnnotation = 'io.kubernetes.container.restartCount';
export const terminationMessagePathAnnotation = 'io.kubernetes.container.terminationMessagePath';
export const terminationMessagePolicyAnnotation = 'io.kubernetes.container.terminationMessagePolicy';
export const portsAnnotation = 'io.kubernetes.container.ports';
/** Pod annotations that the kubelet keeps with the container so that a hook or a grace period outlives the API object. */
export const preStopAnnotation = 'io.kubernetes.container.preStopHandler';
export const gracePeriodAnnotation = 'io.kubernetes.pod.terminationGracePeriod';

/** What a container was made with; a resize compares with it. */
export const resourcesAnnotation = 'io.kubernetes.container.resources';

export const configSeenAnnotation = 'kubernetes.io/config.seen';
/** Tells versions of a static pod apart. */
export const configHashAnnotation = 'kubernetes.io/config.hash';
export const configSourceAnnotation = 'kubernetes.io/config.source';
