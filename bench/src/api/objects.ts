/** Pure: the objects that are created, about as large as real ones. */

const words = 'the quick brown fox jumps over the lazy dog and runs away from everything that follows it ';

export function configMapBody(name: string, marker = ''): string {
  const data = { 'settings.conf': words.repeat(12), marker };
  return JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels: { app: 'bench' } }, data });
}

/** A pod that no scheduler takes. */
export function podBody(name: string): string {
  const container = {
    name: 'app',
    image: 'registry.example/bench/app:1.0',
    ports: [{ name: 'http', containerPort: 8080 }],
    env: [
      { name: 'MODE', value: 'bench' },
      { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    ],
    resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { memory: '128Mi' } },
    readinessProbe: { httpGet: { path: '/healthz', port: 'http' }, periodSeconds: 5 },
    volumeMounts: [{ name: 'data', mountPath: '/data' }],
  };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: 'bench', 'pod-template-hash': '7d4b9c' } },
    spec: {
      schedulerName: 'bench-none',
      automountServiceAccountToken: false,
      containers: [container],
      volumes: [{ name: 'data', emptyDir: {} }],
    },
  });
}
