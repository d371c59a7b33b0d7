/**
 * Where programs of accounts connect to: what letters, pages and set-up files tell of the listeners
 * for mail.
 */
export interface ServedPort {
  readonly protocol: 'smtp' | 'pop3';
  readonly host: string;
  readonly port: number;
  readonly tls: 'implicit' | 'starttls';
  /** The accounts it is for, folded; absent: for all. */
  readonly accounts?: readonly string[];
  /** It is for some networks or for old systems: nobody is sent there who did not ask for it. */
  readonly limited?: true;
}

/** Those that everybody may use. */
export const portsForAll = (servers: readonly ServedPort[]): readonly ServedPort[] =>
  servers.filter(({ accounts, limited }) => accounts === undefined && limited !== true);

/** As a program should try them: those with TLS from the first octet first (RFC 8314 section 3). */
export const inOrder = (servers: readonly ServedPort[]): readonly ServedPort[] =>
  [...servers].sort((a, b) => Number(a.tls === 'starttls') - Number(b.tls === 'starttls') || a.port - b.port);
