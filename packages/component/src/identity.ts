/** Facts about this program that every service reports the same way. */

/** The Kubernetes release whose API level and behaviour kubelab follows. */
export const kubernetesVersion = '1.34.0';
/** What `kubectl version`, node status and user agents show. */
export const gitVersion = `v${kubernetesVersion}+kubelab`;
