import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Upstream's kube-proxy metrics. */
export class ProxyMetrics {
  readonly syncDuration: Histogram;
  readonly lastSync: Gauge;
  readonly failures: Counter;
  readonly rules: Gauge;

  constructor(registry: Registry) {
    const registers = [registry];
    this.syncDuration = new Histogram({
      name: 'kubeproxy_sync_proxy_rules_duration_seconds',
      help: 'SyncProxyRules latency in seconds',
      buckets: [0.001, 0.004, 0.016, 0.064, 0.25, 1, 4, 16],
      registers,
    });
    this.lastSync = new Gauge({
      name: 'kubeproxy_sync_proxy_rules_last_timestamp_seconds',
      help: 'The last time proxy rules were successfully synced',
      registers,
    });
    this.failures = new Counter({
      name: 'kubeproxy_sync_proxy_rules_iptables_restore_failures_total',
      help: 'Cumulative proxy iptables restore failures',
      registers,
    });
    this.rules = new Gauge({
      name: 'kubeproxy_sync_proxy_rules_iptables_total',
      help: 'Number of total iptables rules owned by kube-proxy',
      registers,
    });
  }
}
