/** What a session needs of its connection, and nothing of sockets. */

export interface Wire {
  /** True inside TLS. */
  readonly secure: boolean;
  /** For example `TLSv1.3`; empty outside TLS. */
  readonly tlsVersion: string;
  /** Whether a login can be bound to this TLS session, and to what (`tls-exporter`, RFC 9266). */
  readonly bindable: boolean;
  readonly binding: Uint8Array | undefined;
  /** True once the connection has gone. */
  readonly gone: boolean;
  /** Aborted when the connection goes. */
  readonly signal: AbortSignal;
  /**
   * Writes, and resolves when the socket accepts more: at most one piece waits in memory. Rejects
   * with ConnectionGone.
   */
  send(data: string | Uint8Array): Promise<void>;
}

/** Why a session ended, for the log. */
export type Ending =
  | 'quit'
  | 'dropped'
  | 'idle'
  | 'login-time'
  | 'start-time'
  | 'displaced'
  | 'stalled'
  | 'taken-over'
  | 'account-closed'
  | 'certificate-ended'
  | 'password-ended'
  /** The login no longer held at QUIT; the reason is not looked for. */
  | 'login-ended'
  | 'bad-commands'
  | 'failed-logins'
  | 'flood'
  | 'shutdown'
  | 'killed'
  | 'tls-failed'
  | 'damaged'
  | 'failed';

/**
 * What the connection does once it has written the answer. `cut`: writes nothing more and drops the
 * line.
 */
export type Next =
  { readonly kind: 'go on' } | { readonly kind: 'tls' } | { readonly kind: 'close' | 'cut'; readonly ending: Ending };
