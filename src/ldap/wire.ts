/** What a session needs of its connection. */
export interface LdapWire {
  /** True inside TLS. */
  readonly secure: boolean;
  /** For example `TLSv1.3`; empty outside TLS. */
  readonly tlsVersion: string;
  readonly gone: boolean;
  /** Aborted when the connection goes. */
  readonly signal: AbortSignal;
  /** Writes, and resolves when there is room for more. Rejects once the peer has gone. */
  send(...pieces: readonly Buffer[]): Promise<void>;
}
