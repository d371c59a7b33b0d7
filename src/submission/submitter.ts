/** Who submits: what the session knows of its other end. */
import type { Account, Organisation } from '../domain/registry.ts';

export interface Submitter {
  readonly account: Account;
  readonly organisation: Organisation;
  readonly session: string;
  /** Absent: SMTP. */
  readonly protocol?: 'https';
  readonly address: string;
  readonly helo: string;
  readonly extended: boolean;
  /** For example `TLSv1.3`. */
  readonly tls: string;
  /** For reports of the test address: the suite by its IANA name, and the SASL mechanism of the login. */
  readonly cipher?: string;
  readonly mechanism?: string;
  /** Fingerprint of the client certificate that the login rests on. */
  readonly certificate?: string;
}
