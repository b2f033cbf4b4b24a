/** All subresources that take over a connection. */

import type { ResourceDefinition } from '@kubelab/api/resource';
import type { AdmissionPlugin, ConnectHandler, ObjectAccess } from '../contracts.js';
import { BackendPool } from './backend.js';
import type { ConnectRoom } from './connect-room.js';
import { createAttachHandler, createExecHandler, createPortForwardHandler } from './exec.js';
import { type KubeletCredentials, KubeletLocator } from './kubelet-locator.js';
import { createLogHandler } from './log.js';
import { createProxyHandler } from './proxy.js';
import { locateNode, locatePod, locateService } from './proxy-targets.js';

export interface StreamingOptions {
  objects: ObjectAccess;
  admission: readonly AdmissionPlugin[];
  /** --kubelet-client-certificate, --kubelet-client-key, --kubelet-certificate-authority. */
  kubeletCredentials: KubeletCredentials;
  /** --kubelet-preferred-address-types. */
  preferredAddressTypes: readonly string[];
  definitionOf(plural: 'pods' | 'services' | 'nodes'): ResourceDefinition;
}

export interface Streaming {
  /** Keyed `pods/log`, `nodes/proxy`, ... */
  handlers: ReadonlyMap<string, ConnectHandler>;
  /** Lets go of idle connections. */
  close(): void;
}

export function createStreaming(options: StreamingOptions): Streaming {
  const kubelets = new KubeletLocator({
    objects: options.objects,
    credentials: options.kubeletCredentials,
    preferredAddressTypes: options.preferredAddressTypes,
  });
  // Servers in pods have certificates of their own making; upstream does not verify them either.
  const pool = new BackendPool({ tls: { rejectUnauthorized: false } });
  const room: ConnectRoom = {
    objects: options.objects,
    kubelets,
    admission: options.admission,
    definitionOf: options.definitionOf,
  };
  const proxies = [
    { plural: 'nodes', optionsKind: 'NodeProxyOptions', locate: locateNode },
    { plural: 'pods', optionsKind: 'PodProxyOptions', locate: locatePod },
    { plural: 'services', optionsKind: 'ServiceProxyOptions', locate: locateService },
  ] as const;
  const handlers = new Map<string, ConnectHandler>([
    ['pods/log', createLogHandler(room)],
    ['pods/exec', createExecHandler(room)],
    ['pods/attach', createAttachHandler(room)],
    ['pods/portforward', createPortForwardHandler(room)],
  ]);
  for (const { plural, optionsKind, locate } of proxies) {
    const handler = createProxyHandler({ room, plural, optionsKind, locate: (context) => locate(room, pool, context) });
    handlers.set(`${plural}/proxy`, handler);
  }
  return {
    handlers,
    close: () => {
      kubelets.close();
      pool.close();
    },
  };
}
