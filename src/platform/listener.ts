/** What the gateway knows of a listener, whatever protocol it speaks. */
import type { Milliseconds } from '../domain/units.ts';

/**
 * What a listener offers. `intermediate`: TLS 1.2 and 1.3, forward secrecy and AEAD. `modern`: only
 * TLS 1.3. `legacy`: `intermediate` and the CBC suites of TLS 1.2, for systems that know nothing
 * newer.
 */
export type TlsProfile = 'intermediate' | 'modern' | 'legacy';

/**
 * `lf-only`: a client that ends the command DATA with a bare LF may also end the lines of the
 * message and its final dot so. `auth-equals`: EHLO offers the login once more, in the form AUTH=
 * that is older than RFC 2554.
 */
export type ListenerQuirk = 'lf-only' | 'auth-equals';

export interface ListenerSpec {
  /** For logs and limits, unique in the configuration, for example `submission`. */
  readonly name: string;
  readonly address: string;
  /** 0 takes a free port, for tests. */
  readonly port: number;
  /**
   * `implicit`: TLS from the first octet. `starttls`: STARTTLS or STLS is required before any
   * login.
   */
  readonly tls: 'implicit' | 'starttls';
  /** Default: `intermediate`. */
  readonly profile?: TlsProfile;
  /** Says whether SCRAM is offered. Default: off. */
  readonly scram?: 'off' | 'offer';
  /** True if clients of HTTPS are asked for a certificate. Default: false. */
  readonly clientCertificates?: boolean;
  /** Habits of old clients that show before a login says whose session it is. */
  readonly quirks?: readonly ListenerQuirk[];
  /**
   * Load balancers, in CIDR notation: their connections start with a header of the PROXY protocol,
   * everybody else's do not.
   */
  readonly proxy?: readonly string[];
  /** The accounts that may log in, folded; absent: all. */
  readonly accounts?: ReadonlySet<string>;
  /** The networks whose clients may connect, in CIDR notation; absent: all. */
  readonly networks?: readonly string[];
  /** Host name for the greeting, if it is not that of the gateway. */
  readonly hostname?: string;
  /**
   * Descriptor of a listening socket that the service manager opened and keeps: it stands in for
   * address and port.
   */
  readonly socket?: number;
  /**
   * Other units on this machine listen on the same port, and the kernel spreads connections over
   * all of them (SO_REUSEPORT).
   */
  readonly shared?: boolean;
}

/**
 * True if others accept connections once this process closes its port: the next process of the
 * service manager, or other units.
 */
export const leavesToOthers = ({ socket, shared }: ListenerSpec): boolean => socket !== undefined || shared === true;

/** The accounts for which a restricted listener is. */
export interface ListenerAccess {
  readonly listener: string;
  /** Folded. */
  readonly accounts: ReadonlySet<string>;
}

export const accessOf = ({ name, accounts }: ListenerSpec): ListenerAccess | undefined =>
  accounts === undefined ? undefined : { listener: name, accounts };

/**
 * Key and certificate chain, PEM. A listener has one, or one of each key type (ECDSA and RSA), and
 * every one carries all host names: Node serves certificates by SNI wrongly if there are several
 * key types.
 */
export interface TlsMaterial {
  readonly key: string;
  readonly certificate: string;
  /** The files they were read from, for texts about them; absent if they come from no file. */
  readonly files?: { readonly key: string; readonly certificate: string };
}

export interface Listener {
  readonly spec: ListenerSpec;
  /** The port in use. */
  readonly port: number;
  /** How many sessions are open now. */
  readonly sessions: number;
  /**
   * New sessions get these certificates; open ones continue. Throws TlsMaterialError, and changes
   * nothing, if they cannot be served.
   */
  updateTls(material: readonly TlsMaterial[]): void;
  /**
   * New tickets are sealed with this key of `TICKET_KEY` octets; a ticket that an earlier key
   * sealed leads to a full handshake.
   */
  updateTicketKey(key: Buffer): void;
  /**
   * Accepts no new sessions, gives those that run at most `drain` to end, then cuts the rest. Until
   * the last session has ended, new clients are told to come again. On a socket of the service
   * manager they wait for the next process instead, and on a shared port another unit takes them.
   */
  stop(drain: Milliseconds): Promise<void>;
  /** Closes a shared port; open sessions continue, and the other units take new ones. */
  rest(): void;
  /** Opens the port again. Rejects with the error of the system. */
  resume(): Promise<void>;
  /** Ends the drain time of a `stop` under way. */
  cut(): void;
}

/** A port cannot be opened. The text says which one, why, and what to do. */
export class ListenerRefused extends Error {
  override readonly name = 'ListenerRefused';
}
