/** Who submits: what the session knows of its other end. */
import type { Account, Organisation } from '../domain/registry.ts';

export interface Submitter {
  readonly account: Account;
  readonly organisation: Organisation;
  readonly session: string;
  /** How the message comes in; absent: SMTP. */
  readonly protocol?: 'https';
  readonly address: string;
  readonly helo: string;
  readonly extended: boolean;
  /** For example `TLSv1.3`. */
  readonly tls: string;
  /**
   * Cipher suite by its IANA name, and SASL mechanism of the login, for reports of the test
   * address.
   */
  readonly cipher?: string;
  readonly mechanism?: string;
  /** Fingerprint of the client certificate that the login rests on. */
  readonly certificate?: string;
}
