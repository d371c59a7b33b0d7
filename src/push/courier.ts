/**
 * The courier port: hands one message to one recipient of a partner, over a connection that was
 * verified.
 *
 * Contract:
 * - Nothing is said about a message before TLS stands and the partner's certificate was verified:
 *   by authorities, name and, if there is one, pin; or by the TLSA records of its host, which never
 *   take the place of what the partner's record demands. There is no way without encryption and
 *   verification.
 * - The octets go out as they are stored, dot-stuffed and nothing else. What the partner cannot
 *   take as it is (8-bit content, UTF-8 addresses) is `unable`, never rewritten.
 * - Each transaction has one recipient, so that the DSN parameters are those of this recipient (RFC
 *   3461 section 4).
 * - `deliver` always resolves, whatever the partner does, within the time-outs of RFC 5321 section
 *   4.5.3.2. It rejects only for a fault on our side: content that cannot be read.
 * - If no answer comes after the final dot, it is not known whether the partner took the message:
 *   `lost`, `in-doubt`.
 */
import type { Address } from '../domain/address.ts';
import type { PartnerId } from '../domain/ids.ts';
import type { CertificatePin, DaneDemand } from '../domain/partner.ts';
import type { Result } from '../domain/result.ts';
import type { Instant, Octets } from '../domain/units.ts';

/** Where a partner is reached, and how it is known to be the right one. */
export interface Destination {
  readonly partner: PartnerId;
  readonly host: string;
  readonly port: number;
  readonly tls: 'implicit' | 'starttls';
  /** The name that the partner's certificate must have. Default: `host`. */
  readonly certificateName?: string;
  /**
   * PEM certificates; one of them must have issued the partner's. Default: the public authorities
   * that Node knows.
   */
  readonly authorities?: readonly string[];
  /**
   * If there are any, the partner's certificate must meet one of them, besides every other check.
   */
  readonly pins?: readonly CertificatePin[];
  /**
   * `required`: the partner is known only by the TLSA records of its host. `off`: they are not
   * looked up. Default: they hold if there are any.
   */
  readonly dane?: DaneDemand;
  /** Mail to this partner is signed (DKIM). */
  readonly dkim?: true;
  /**
   * Client certificate that is shown when the partner asks for one. PEM, the certificate with its
   * chain.
   */
  readonly clientCertificate?: { readonly key: string; readonly certificate: string };
  /** Name and password for AUTH after TLS. */
  readonly login?: { readonly name: string; readonly password: string };
  /** The name that we give in EHLO. */
  readonly helo: string;
  /**
   * Most open connections. The caller keeps to it: at most so many calls of `deliver` run at a
   * time.
   */
  readonly connections: number;
}

/** One message for one recipient. */
export interface Parcel {
  /** Empty for a null reverse path. */
  readonly sender: Address | '';
  readonly recipient: Address;
  readonly octets: Octets;
  /**
   * BODY as the sender declared it (RFC 6152). A sender may declare 8BITMIME without need. That is
   * no reason to refuse, so the courier looks at the content.
   */
  readonly body: '7BIT' | '8BITMIME';
  /** SMTPUTF8 as the sender declared it (RFC 6531). */
  readonly smtpUtf8: boolean;
  /** RFC 8689: the message goes only to a server that promises to pass it on over verified TLS. */
  readonly requireTls: boolean;
  /** NOTIFY (RFC 3461), decoded; passed on to a partner that speaks DSN. */
  readonly notify?: readonly string[];
  readonly originalRecipient?: string;
  readonly ret?: 'FULL' | 'HDRS';
  readonly envid?: string;
  /**
   * Size as submitted, in octets, of content that was decrypted for the partner. Limits are judged
   * by this size, and octets above 127 are not looked for: the reason of a failure would tell the
   * sender what was inside.
   */
  readonly submitted?: Octets;
  /** The canonical octets: CRLF line ends, ending in CRLF. May be read more than once. */
  readonly slices: () => AsyncIterable<Uint8Array>;
}

/**
 * What the partner was doing when it refused. Every step before `mail` is about the session and
 * says nothing about the message.
 */
export type Step = 'greeting' | 'ehlo' | 'starttls' | 'login' | 'mail' | 'rcpt' | 'data' | 'message';

/**
 * Why there was no answer. `lookup`: it could not be found out whether the partner's host has TLSA
 * records. `certificate`: the partner is not who it should be (authority, name, date, pin, TLSA
 * record). `tls`: no TLS was agreed. `garbage`: the answer was not SMTP. `stopped`: our own
 * `signal` ended it.
 */
export type LostWhy = 'lookup' | 'unreachable' | 'closed' | 'timeout' | 'tls' | 'certificate' | 'garbage' | 'stopped';

/**
 * How far the dialog had come. `session`: nothing was said about the message, so the partner alone
 * is at fault. `message`: the message may be what the partner fails at. `in-doubt`: the final dot
 * may have arrived, and with it the message.
 */
export type LostAt = 'session' | 'message' | 'in-doubt';

/** What the partner promised, and how it was verified. */
export interface Session {
  /** RFC 3461: the partner handles NOTIFY itself. */
  readonly dsn: boolean;
  readonly tlsVersion: string;
  readonly cipher: string;
  /**
   * The TLSA record that the partner's certificate met, such as `3 1 1`. Absent: it was verified by
   * an authority.
   */
  readonly tlsa?: string;
  /** The domain that signed what was sent (DKIM). */
  readonly dkim?: string;
}

/** What the DNS says of a server's certificate (RFC 7672). */
export type TlsaAnswer =
  | {
      readonly kind: 'records';
      /** The name below which the records stand, and that is sent as SNI. */
      readonly base: string;
      /**
       * Finds the record that a server's chain meets (`3 1 1`), or why none is met. `chain`: DER,
       * its own certificate first. `names`: one of them must be in the certificate if a record
       * names only its authority.
       */
      readonly judge: (chain: readonly Buffer[], names: readonly string[]) => Result<string, string>;
    }
  /** It is certain that no TLSA records of the host apply. */
  | { readonly kind: 'none'; readonly why: string }
  /** It is not known whether there are any, so nothing may be sent. `text`: one line of words. */
  | { readonly kind: 'failed'; readonly text: string };

/** Looks up the TLSA records of a host and port. */
export interface TlsaSource {
  find(host: string, port: number): Promise<TlsaAnswer>;
}

export type Answer =
  /** 2yz after the final dot: the partner is responsible now. `reply`: one line, code first. */
  | { readonly kind: 'taken'; readonly reply: string; readonly session: Session }
  /** 4yz or 5yz. `status`: RFC 3463, if the reply has one. `reply`: one line, code first. */
  | {
      readonly kind: 'refused';
      readonly step: Step;
      readonly code: number;
      readonly status?: string;
      readonly reply: string;
    }
  /** The server lacks an extension that the message needs, so it was not sent. */
  | { readonly kind: 'unable'; readonly lacks: 'SIZE' | '8BITMIME' | 'SMTPUTF8' | 'REQUIRETLS'; readonly text: string }
  /** `text`: one line of words for operator and notice. */
  | { readonly kind: 'lost'; readonly why: LostWhy; readonly text: string; readonly at: LostAt };

/** Reason of an abort: the attempt took too long. Any other reason: the gateway is stopping. */
export const TOO_LONG = 'too-long';

export interface Courier {
  /** Delivers over a free connection to the destination, or opens one. `signal` ends it. */
  deliver(destination: Destination, parcel: Parcel, signal: AbortSignal): Promise<Answer>;
  /** Ends idle connections with QUIT and cuts the busy ones. */
  close(): Promise<void>;
}

/** What `partner test` found, as far as the dialog came. */
export interface ProbeReport {
  /** The partner was verified, greeted us and, if there is a login, accepted it. */
  readonly ok: boolean;
  /** Why `ok` is false: one line of words. */
  readonly problem?: string;
  /** How an attempt would have failed; absent if all went well. */
  readonly met?: { readonly refused: Step } | { readonly lost: LostWhy };
  /** Addresses of the host; absent if its name has none. */
  readonly addresses?: readonly string[];
  readonly greeting?: string;
  /** EHLO keywords after TLS. */
  readonly extensions?: readonly string[];
  readonly maxMessage?: Octets;
  readonly tlsVersion?: string;
  readonly cipher?: string;
  /** The TLSA record that the partner's certificate met. */
  readonly tlsa?: string;
  /** The partner's own certificate, even if it was not accepted. */
  readonly certificate?: {
    readonly subject: string;
    readonly issuer: string;
    readonly names: readonly string[];
    readonly notAfter: Instant;
    /**
     * SHA-256 of the certificate and of its SubjectPublicKeyInfo, 64 hexadecimal digits each: the
     * two values that a pin may hold.
     */
    readonly fingerprint: string;
    readonly publicKey: string;
  };
  readonly login?: 'none' | 'accepted' | 'refused';
}

/** Looks at a partner without sending anything: connect, TLS, EHLO, login, QUIT. Never rejects. */
export interface CourierProbe {
  probe(destination: Destination, signal?: AbortSignal): Promise<ProbeReport>;
}
