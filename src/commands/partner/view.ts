/** A partner as it is shown. It never shows a secret, only whether there is one. */
import { X509Certificate } from 'node:crypto';
import { z } from '../../config/zod.ts';
import type { AdminContext } from '../../admin/context.ts';
import { AdminError } from '../../admin/error.ts';
import { stateText } from '../../cli/ending-text.ts';
import { facts, readableDay, readableSize } from '../../cli/output.ts';
import { readCertificates } from '../../crypto/certificates/certificate.ts';
import { defined } from '../../domain/defined.ts';
import { type Partner, formatPin } from '../../domain/partner.ts';
import { stateWhile } from '../../domain/registry.ts';
import { iso } from '../../domain/units.ts';
import type { Registry } from '../../store/port/registry.ts';

const certificate = z.object({ subject: z.string(), issuer: z.string(), ends: z.string() });
type CertificateSummary = z.infer<typeof certificate>;

export const view = z.object({
  name: z.string(),
  organisation: z.string(),
  account: z.string().meta({ description: 'What it submits as.' }),
  state: z.string(),
  ends: z.string().optional().meta({
    description: 'It is ending: until then what waits is pushed, and it can be resumed.',
  }),
  host: z.string(),
  port: z.number(),
  tls: z.string(),
  serverName: z.string().meta({ description: 'Name that its certificate must carry.' }),
  authorities: z
    .union([z.literal('public'), z.array(certificate)])
    .meta({ description: 'Those that may have issued its certificate.' }),
  pins: z.array(z.string()),
  dane: z.enum(['required', 'off']).optional().meta({
    description: 'What TLSA records of its host are worth; absent: they must be met if there are any.',
  }),
  dkim: z.boolean().optional().meta({ description: 'What is sent to it is signed (DKIM).' }),
  clientCertificate: certificate.optional(),
  login: z.string().optional().meta({ description: 'What we log in as there; its password is not shown.' }),
  ehlo: z.string(),
  connections: z.number(),
  maxMessage: z.number().optional(),
  domains: z.array(z.string()).readonly(),
  addresses: z.number().meta({ description: 'Registered ones that have not ended.' }),
});
export type PartnerView = z.infer<typeof view>;

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
    ...defined({ dane: server.dane, dkim: server.dkim }),
    ...defined({ clientCertificate: client, login: server.user }),
    ehlo: server.helo ?? about.hostname,
    connections: server.connections,
    ...defined({ maxMessage: server.maxMessage }),
    domains: partner.domains,
    addresses: about.addresses,
  };
}

export async function partnerOf(registry: Registry, name: string): Promise<Partner> {
  const found = await registry.findPartnerNamed(name);
  if (found !== undefined) return found;
  throw new AdminError('unknown', `Cannot find partner "${name}": there is none; "sluis partner list" shows them`);
}

export async function viewOf({ store, partners }: AdminContext, partner: Partner): Promise<PartnerView> {
  const account = await store.registry.findAccount(partner.login);
  return viewPartner(partner, {
    organisation: account?.organisation ?? '',
    addresses: account?.addresses.filter((a) => a.state !== 'ended').length ?? 0,
    hostname: partners.hostname,
  });
}

export const shown = async (context: AdminContext, name: string): Promise<PartnerView> =>
  await viewOf(context, await partnerOf(context.store.registry, name));

const certificateText = ({ subject, ends }: CertificateSummary): string => `${subject} (until ${readableDay(ends)})`;

export const partnerText = (p: PartnerView): string =>
  facts([
    ['Partner', p.name],
    ['Organisation', p.organisation],
    ['State', stateText(p.state, p.ends)],
    ['Server', `${p.host} port ${p.port}, TLS ${p.tls === 'implicit' ? 'from the first octet' : 'by STARTTLS'}`],
    ['Certificate for', p.serverName],
    ['Issued by', p.authorities === 'public' ? 'a public authority' : p.authorities.map(certificateText).join('; ')],
    ['Pins', p.pins.join(' ')],
    ['TLSA records', p.dane],
    ['Signed', p.dkim === true ? 'by DKIM' : undefined],
    ['We show', p.clientCertificate && certificateText(p.clientCertificate)],
    ['We log in as', p.login],
    ['EHLO', p.ehlo],
    ['Connections', p.connections],
    ['Largest message', p.maxMessage === undefined ? undefined : readableSize(p.maxMessage)],
    ['It submits as', p.account],
    ['Addresses', `${p.addresses} registered`],
    ['Domains', p.domains.join(' ')],
  ]);
