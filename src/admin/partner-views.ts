/** What listings show of partners: shapes of `--json`. Never a secret: only whether there is one. */
import { X509Certificate } from 'node:crypto';
import { readCertificates } from '../crypto/certificate.ts';
import { defined } from '../domain/defined.ts';
import { type Partner, formatPin } from '../domain/partner.ts';
import { stateWhile } from '../domain/registry.ts';
import { iso } from '../domain/units.ts';

export interface CertificateSummary {
  readonly subject: string;
  readonly issuer: string;
  /** ISO 8601. */
  readonly ends: string;
}

export interface PartnerView {
  readonly name: string;
  readonly organisation: string;
  /** Login of its account. */
  readonly account: string;
  readonly state: string;
  /** It is ending: until then what waits is pushed, and it can be resumed. */
  readonly ends?: string;
  readonly host: string;
  readonly port: number;
  readonly tls: string;
  /** Name that its certificate must carry. */
  readonly serverName: string;
  /** `public`, or those that may have issued its certificate. */
  readonly authorities: 'public' | readonly CertificateSummary[];
  readonly pins: readonly string[];
  readonly clientCertificate?: CertificateSummary;
  /** Name that we log in there with; its password is not shown. */
  readonly login?: string;
  readonly ehlo: string;
  readonly connections: number;
  readonly maxMessage?: number;
  readonly domains: readonly string[];
  readonly addresses: number;
}

function summaryOf(pem: string): CertificateSummary[] {
  const read = readCertificates(pem);
  if (!read.ok) return [];
  return read.value.map((c) => {
    const { subject, issuer, validTo } = new X509Certificate(c.der);
    const oneLine = (name: string): string => name.replaceAll('\n', ', ');
    return { subject: oneLine(subject), issuer: oneLine(issuer), ends: new Date(validTo).toISOString() };
  });
}

export function viewPartner(
  partner: Partner,
  about: { readonly organisation: string; readonly addresses: number; readonly hostname: string },
): PartnerView {
  const { server } = partner;
  const [client] = server.certificate === undefined ? [] : summaryOf(server.certificate);
  return {
    name: partner.name,
    organisation: about.organisation,
    account: partner.login,
    state: stateWhile(partner.state, partner.endsAt),
    ...defined({ ends: iso(partner.endsAt) }),
    host: server.host,
    port: server.port,
    tls: server.tls,
    serverName: server.serverName ?? server.host,
    authorities: server.authorities === undefined ? 'public' : summaryOf(server.authorities),
    pins: (server.pins ?? []).map(formatPin),
    ...defined({ clientCertificate: client, login: server.user }),
    ehlo: server.helo ?? about.hostname,
    connections: server.connections,
    ...defined({ maxMessage: server.maxMessage }),
    domains: partner.domains,
    addresses: about.addresses,
  };
}
