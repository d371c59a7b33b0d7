/** What the gateway knows of a listener, whichever protocol it speaks. */
import type { Milliseconds } from '../domain/units.ts';

export interface ListenerSpec {
  /** For logs and limits, unique in the configuration, for example `submission`. */
  readonly name: string;
  readonly address: string;
  /** 0 takes a free port, for tests. */
  readonly port: number;
  /** `implicit`: TLS from the first octet. `starttls`: STARTTLS or STLS is required before any login. */
  readonly tls: 'implicit' | 'starttls';
}

/** Key and certificate chain, PEM. One certificate with all names: with several key types Node serves the wrong one by SNI. */
export interface TlsMaterial {
  readonly key: string;
  readonly certificate: string;
}

export interface Listener {
  readonly spec: ListenerSpec;
  /** The port in use. */
  readonly port: number;
  /** New sessions get these; open ones go on. */
  updateTls(material: TlsMaterial): void;
  /** Takes no new sessions, lets what runs end for at most `drain`, then cuts the rest. */
  stop(drain: Milliseconds): Promise<void>;
}

/** A port cannot be opened. The text says which, why and what to do. */
export class ListenerRefused extends Error {
  override readonly name = 'ListenerRefused';
}
