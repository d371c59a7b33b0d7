/** Finds the certificate that an operator names. */
import type { AccountCertificate } from '../store/certificates.ts';
import { type AdminContext, AdminError } from './context.ts';

/** The one certificate of that serial number or fingerprint. */
export async function named({ store }: AdminContext, name: string): Promise<AccountCertificate> {
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

export const replacing = async (
  context: AdminContext,
  serial: string | undefined,
  login: string,
): Promise<{ replaces?: string }> => {
  if (serial === undefined) return {};
  const old = await named(context, serial);
  if (old.login !== login)
    throw new AdminError('invalid', `Cannot replace certificate ${serial}: it is of account "${old.login}"`);
  return { replaces: old.fingerprint };
};
