/** What the gateway knows of a listener, whichever protocol it speaks. */
import type { Milliseconds } from '../domain/units.ts';

/**
 * What a listener offers. `intermediate`: TLS 1.2 and 1.3, forward secrecy and AEAD. `modern`: TLS
 * 1.3 alone. `legacy`: `intermediate` and the CBC suites of TLS 1.2, for systems that know nothing
 * newer.
 */
export type TlsProfile = 'intermediate' | 'modern' | 'legacy';

/**
 * `lf-only`: whoever ends the command DATA in a bare LF may end lines and the final dot of the
 * message so. `auth-equals`: EHLO offers the login once more, in the form AUTH= that is older than
 * RFC 2554.
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
  /** Whether SCRAM is offered. Default: off. */
  readonly scram?: 'off' | 'offer';
  /** Clients of HTTPS are asked for a certificate. Default: they are not. */
  readonly clientCertificates?: boolean;
  /** Habits of old clients that are met before anybody knows whose session it is. */
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
  /** For the greeting, where it is another than the gateway's. */
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
 * Whether others take what comes when this process closes its port: the next one of the service
 * manager, or other units.
 */
export const leavesToOthers = ({ socket, shared }: ListenerSpec): boolean => socket !== undefined || shared === true;

/** For whom a restricted listener is. */
export interface ListenerAccess {
  readonly listener: string;
  /** Folded. */
  readonly accounts: ReadonlySet<string>;
}

export const accessOf = ({ name, accounts }: ListenerSpec): ListenerAccess | undefined =>
  accounts === undefined ? undefined : { listener: name, accounts };

/**
 * Key and certificate chain, PEM. A listener has one, or one of each key type (ECDSA and RSA), and
 * every one carries all host names: certificates by SNI with several key types are served wrongly
 * by Node.
 */
export interface TlsMaterial {
  readonly key: string;
  readonly certificate: string;
  /** Where they were read, for what is said of them; absent if they come from no file. */
  readonly files?: { readonly key: string; readonly certificate: string };
}

export interface Listener {
  readonly spec: ListenerSpec;
  /** The port in use. */
  readonly port: number;
  /** Open now. */
  readonly sessions: number;
  /**
   * New sessions get these; open ones go on. Throws TlsMaterialError, and changes nothing, when
   * they cannot be served.
   */
  updateTls(material: readonly TlsMaterial[]): void;
  /**
   * New tickets are sealed with this key of `TICKET_KEY` octets; those that an earlier one sealed
   * lead to a full handshake.
   */
  updateTicketKey(key: Buffer): void;
  /**
   * Takes no new sessions, lets what runs end for at most `drain`, then cuts the rest. Until the
   * last of its sessions has ended new ones are told to come again; on a socket of the service
   * manager they wait for the next process instead, on a shared port another unit takes them.
   */
  stop(drain: Milliseconds): Promise<void>;
  /** Closes a shared port and lets what runs go on: the other units take what comes. */
  rest(): void;
  /** Opens it again. Rejects with what the system says. */
  resume(): Promise<void>;
  /** Ends the drain time of a `stop` under way. */
  cut(): void;
}

/** A port cannot be opened. The text says which, why and what to do. */
export class ListenerRefused extends Error {
  override readonly name = 'ListenerRefused';
}
