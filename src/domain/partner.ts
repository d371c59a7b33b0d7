/**
 * Partners: organisations with a mail server of their own. We push to it, and it submits to us.
 *
 * A partner has an account of kind `partner`, which logs in where it submits and which owns its
 * addresses. Addresses are registered one by one; where the operator says so a whole domain leads
 * to the partner, and then a registered address of that domain still wins.
 */
import type { AccountId, OrganisationId, PartnerId } from './ids.ts';
import { isOrganisationName } from './registry.ts';
import { type Result, fail, ok } from './result.ts';
import type { Instant, Octets } from './units.ts';

/**
 * `suspended`: nothing is pushed; new mail is taken and waits. `refusing`: nothing is pushed, new
 * mail is refused, so that its sender hears at once, and its account is not let in. `ended`: its
 * addresses look as if they had never been, and what waits has failed.
 */
export type PartnerState = 'active' | 'suspended' | 'refusing' | 'ended';

/**
 * A certificate or public key that the partner's server must show, besides passing every other
 * check.
 */
export interface CertificatePin {
  /**
   * `certificate`: the whole of it. `key`: its SubjectPublicKeyInfo, which a renewal with the same
   * key keeps (RFC 7469 section 2.4).
   */
  readonly of: 'certificate' | 'key';
  /** SHA-256, 64 lower-case hexadecimal digits. */
  readonly sha256: string;
}

/**
 * What TLSA records of its host are worth (RFC 7672), where the gateway looks them up. `required`:
 * without one that its certificate meets nothing is sent. `off`: they are not looked up.
 */
export type DaneDemand = 'required' | 'off';

export interface PartnerServer {
  /** Name or address that is connected to. */
  readonly host: string;
  readonly port: number;
  /**
   * TLS from the first octet, or STARTTLS. There is no third way: without verified TLS nothing is
   * sent.
   */
  readonly tls: 'implicit' | 'starttls';
  /** Name that the certificate must carry, and that is sent as SNI. Default: `host`. */
  readonly serverName?: string;
  /**
   * Authorities that may have issued its certificate, PEM. Default: the public ones that Node.js
   * carries.
   */
  readonly authorities?: string;
  /** At most 4: a coming certificate can stand beside the present one. */
  readonly pins?: readonly CertificatePin[];
  /** Absent: records that are there must be met, and stand in for a public authority. */
  readonly dane?: DaneDemand;
  /** Mail that is sent to it is signed by the gateway (DKIM). */
  readonly dkim?: true;
  /** Certificate that we show, with its chain, PEM. Its key is one of the partner's secrets. */
  readonly certificate?: string;
  /** Login name for AUTH there. Its password is one of the partner's secrets. */
  readonly user?: string;
  /** Name that we give in EHLO. Default: the gateway's own. */
  readonly helo?: string;
  /** Connections that may be open to it at a time, 1 to 20. */
  readonly connections: number;
  /** Largest message that it takes, as stored. Default: the limit of the gateway. */
  readonly maxMessage?: Octets;
}

/** What is sealed at rest and never shown. */
export interface PartnerSecrets {
  readonly password?: string;
  /** Key of `PartnerServer.certificate`, PKCS #8 PEM. */
  readonly privateKey?: string;
}

export interface Partner {
  readonly id: PartnerId;
  /** Short unique name for the command line, `[a-z0-9-]`; never given to another partner. */
  readonly name: string;
  readonly account: AccountId;
  /** Login of that account. */
  readonly login: string;
  readonly organisation: OrganisationId;
  readonly state: PartnerState;
  /** It is ending, as its account is: what waits is pushed, and until then it can be resumed. */
  readonly endsAt?: Instant;
  readonly server: PartnerServer;
  /**
   * `PartnerSecrets`, sealed for this partner (crypto/keys/partner-secrets.ts); absent if it has
   * none.
   */
  readonly sealed?: Uint8Array;
  /** Whole domains that lead to it, folded. */
  readonly domains: readonly string[];
}

export const MAX_CONNECTIONS = 20;
export const DEFAULT_CONNECTIONS = 2;
export const MAX_PINS = 4;
/** Most domains of one partner. */
export const MAX_DOMAINS = 100;

/**
 * Reads `cert:HEX` or `key:HEX`; colons and blanks between the digits are taken, as openssl prints
 * them.
 */
export function parsePin(text: string): Result<CertificatePin, string> {
  const [, kind = '', digits = ''] = /^(cert|key):([0-9A-Fa-f: ]{64,128})$/.exec(text.trim()) ?? [];
  const sha256 = digits.replace(/[: ]/g, '').toLowerCase();
  return sha256.length === 64
    ? ok({ of: kind === 'key' ? 'key' : 'certificate', sha256 })
    : fail('expected cert: or key: and the 64 hexadecimal digits of a SHA-256');
}

export const formatPin = ({ of, sha256 }: CertificatePin): string => `${of === 'key' ? 'key' : 'cert'}:${sha256}`;

/** True for a name a partner may have: the same rule as for organisations. */
export const isPartnerName = isOrganisationName;
