/** Finds certificates: one that an operator names, and lists. */
import { chainOf, knownAuthorities } from '../../ca/authorities.ts';
import { type CertificateView, viewCertificate, viewGatewayCertificate } from '../../admin/cert-views.ts';
import { accountOf } from '../../admin/accounts.ts';
import { recipientOf } from '../../admin/addresses.ts';
import type { AdminContext } from '../../admin/context.ts';
import { AdminError } from '../../admin/error.ts';
import { certificatePem } from '../../crypto/certificates/certificate.ts';
import { judgeReplaced } from '../../crypto/certificates/gateway-certificates.ts';
import { type Address, addressKey } from '../../domain/address.ts';
import { defined } from '../../domain/defined.ts';
import { type Instant, type Milliseconds, instant } from '../../domain/units.ts';
import type { AccountCertificate } from '../../store/certificates.ts';

/** The one certificate of an account that has this serial number or fingerprint. */
export async function named({ store }: Pick<AdminContext, 'store'>, name: string): Promise<AccountCertificate> {
  const found = await store.certificates.findCertificates(name);
  const [only] = found;
  if (only === undefined)
    throw new AdminError('unknown', `Cannot find certificate "${name}"; "sluis cert list" shows serial numbers`);
  if (found.length > 1)
    throw new AdminError(
      'invalid',
      `Cannot tell which certificate "${name}" is: ${found.length} issuers used that serial number; give the fingerprint: ${found.map((c) => c.fingerprint).join(', ')}`,
    );
  return only;
}

export async function replacing(
  context: AdminContext,
  serial: string | undefined,
  login: string,
): Promise<{ replaces?: string }> {
  if (serial === undefined) return {};
  const old = await named(context, serial);
  if (old.login !== login)
    throw new AdminError('invalid', `Cannot replace certificate ${serial}: it is of account "${old.login}"`);
  return { replaces: old.fingerprint };
}

/** The certificates of its issuers, nearest first. Empty if this gateway did not issue it. */
export async function chainPem({ ca, clock }: AdminContext, { authority }: AccountCertificate): Promise<string[]> {
  const known = await knownAuthorities(ca);
  const issuing = known.find(({ record }) => record.id === authority);
  return issuing === undefined ? [] : chainOf(known, issuing, clock.now()).map(certificatePem);
}

const ofGateway = async ({ certificates, clock }: AdminContext) =>
  judgeReplaced((await certificates()).certificates, clock.now());

/** A certificate that belongs to no account, by its fingerprint or serial number. */
export async function otherNamed(
  context: AdminContext,
  name: string,
): Promise<(CertificateView & { readonly pem: string }) | undefined> {
  const found = (await ofGateway(context)).find(
    ({ certificate: { fingerprint, serial } }) => fingerprint === name || serial === name,
  );
  if (found === undefined) return undefined;
  return { ...viewGatewayCertificate(found, context.clock.now()), pem: certificatePem(found.certificate) };
}

/** The place of a row in the list, after which the next page begins. */
export const placeOf = ({ ends, fingerprint, account, use, name = '' }: CertificateView): string =>
  // Several listeners may use one certificate. If it is also an account's, that row comes first.
  `${ends} ${fingerprint} ${account === '' ? 1 : 0} ${use} ${name}`;

/** Certificates of one address, newest first. */
async function ofAddress({ store, clock }: AdminContext, of: Address): Promise<readonly CertificateView[]> {
  await recipientOf(store.registry, of);
  const { certificates } = await store.certificates.findMail(addressKey(of));
  const found = await Promise.all(certificates.map((c) => store.certificates.findCertificates(c.fingerprint)));
  return found.flat().map((record) => viewCertificate(record, clock.now()));
}

interface Wanted {
  readonly account: string | undefined;
  readonly address: Address | undefined;
  /** Only certificates that end within this time. */
  readonly within: Milliseconds | undefined;
  readonly limit: number;
  readonly after: string | undefined;
}

/** One page of certificates, sorted by their end: those of accounts and the others. */
export async function listed(context: AdminContext, wanted: Wanted): Promise<readonly CertificateView[]> {
  const { address, account, limit, after } = wanted;
  if (address !== undefined) {
    const all = await ofAddress(context, address);
    return all.slice(after === undefined ? 0 : all.findIndex((one) => placeOf(one) === after) + 1).slice(0, limit);
  }
  if (account !== undefined) await accountOf(context.store.registry, account);
  const others = account === undefined ? await othersIn(context, wanted) : [];
  const both = [...(await ofAccounts(context, wanted)), ...others];
  return both.sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1)).slice(0, limit);
}

async function ofAccounts(
  { store, clock }: AdminContext,
  { account, within, limit, after }: Wanted,
): Promise<readonly CertificateView[]> {
  const now = clock.now();
  const span = within === undefined ? {} : { endsFrom: now, endsBefore: instant(now + within) };
  const ones: CertificateView[] = [];
  let last = after === undefined ? undefined : cursorOf(after);
  for (;;) {
    const query = { limit, ...span, ...defined({ login: account, after: last }) };
    const found = await store.certificates.listCertificates(query);
    // A list of what ends soon leaves out what is already revoked.
    const shown = within === undefined ? found : found.filter(({ revoked }) => revoked === undefined);
    ones.push(...shown.map((record) => viewCertificate(record, now)));
    last = found.at(-1);
    if (found.length < limit || ones.length >= limit) return ones;
  }
}

/**
 * Certificates that belong to no account. With `within`, also those that have ended and are not
 * replaced: they are still in use.
 */
async function othersIn(context: AdminContext, { within, after }: Wanted): Promise<readonly CertificateView[]> {
  const now = context.clock.now();
  return (await ofGateway(context))
    .filter(
      ({ certificate: { notAfter }, replaced }) =>
        within === undefined || (notAfter < now + within && (notAfter >= now || !replaced)),
    )
    .map((one) => viewGatewayCertificate(one, now))
    .filter((one) => after === undefined || placeOf(one) > after);
}

export function cursorOf(after: string): { readonly notAfter: Instant; readonly fingerprint: string } {
  const [ends = '', fingerprint] = after.split(' ');
  const notAfter = Date.parse(ends);
  if (Number.isNaN(notAfter) || fingerprint === undefined)
    throw new AdminError('invalid', 'Cannot use that as after: expected the end of the page before');
  return { notAfter: instant(notAfter), fingerprint };
}
