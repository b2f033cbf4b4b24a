import { Counter, Histogram, type Registry } from 'prom-client';

/** CoreDNS' names, which dashboards know. */
export class DnsMetrics {
  readonly requests: Counter<'proto' | 'type'>;
  readonly responses: Counter<'rcode'>;
  readonly duration: Histogram;

  constructor(registry: Registry) {
    const registers = [registry];
    this.requests = new Counter({
      name: 'coredns_dns_requests_total',
      help: 'Counter of DNS requests made per protocol and type.',
      labelNames: ['proto', 'type'],
      registers,
    });
    this.responses = new Counter({
      name: 'coredns_dns_responses_total',
      help: 'Counter of response status codes.',
      labelNames: ['rcode'],
      registers,
    });
    this.duration = new Histogram({
      name: 'coredns_dns_request_duration_seconds',
      help: 'Histogram of the time (in seconds) each request took.',
      buckets: [0.00025, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.024],
      registers,
    });
  }
}
