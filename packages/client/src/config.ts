/** How to reach and convince an API server. */
export interface ClientConfig {
  /** `https://host:port`, with an optional path prefix. */
  server: string;
  /** PEM. Absent: the system's CAs. */
  ca?: string | Buffer;
  cert?: string | Buffer;
  key?: string | Buffer;
  /** A function is asked before every request, so that tokens may rotate. */
  token?: string | (() => string);
  /** Name to expect in the server's certificate when it differs from the host. */
  serverName?: string;
  insecureSkipTlsVerify?: boolean;
  /** `kubelet/v1.34.0`. */
  userAgent?: string;
  /** Namespace of the context; only kubectl-like programs care. */
  namespace?: string;
}
