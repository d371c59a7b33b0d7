/** Registering a certificate that another authority issued; for mail with its private key, where the gateway is to hold it. */
import { recordOf } from '../ca/issue.ts';
import { type Certificate, isWeakKey, readCertificate } from '../crypto/certificate.ts';
import type { Address } from '../domain/address.ts';
import type { CertificateUse } from '../store/certificates.ts';
import { accountOf } from './accounts.ts';
import { named, replacing } from './cert-find.ts';
import { type CertificateView, USES, viewCertificate } from './cert-views.ts';
import { type AdminContext, AdminError } from './context.ts';
import { type Input, address, login, oneOf, optionalText, pem } from './input.ts';
import { type JudgedView, judged, mailOwner, privateKeyIn, sealedFor } from './mail-certificates.ts';
import { change } from './operation.ts';

interface Owner {
  readonly login?: string;
  readonly address?: Address;
}

function ownerIn(input: Input): Owner {
  if ((input.login === undefined) === (input.address === undefined))
    throw new AdminError(
      'invalid',
      'Cannot register the certificate: give either the account or the address it is for',
    );
  return input.address === undefined ? { login: login(input, 'login') } : { address: address(input, 'address') };
}

async function ownerOf(
  context: AdminContext,
  input: Owner & { readonly use: CertificateUse; readonly key: unknown },
  certificate: Certificate,
): Promise<string> {
  if (input.use === 'mail') return await mailOwner(context, input, certificate);
  if (input.login === undefined || input.key !== undefined)
    throw new AdminError(
      'invalid',
      'Cannot register the certificate for log-in: give its account; an address and a private key go with those for mail',
    );
  await accountOf(context.store.registry, input.login);
  return input.login;
}

export const certificateImport = {
  'cert.import': change(
    (input) => ({
      ...ownerIn(input),
      use: oneOf(input, 'for', USES),
      certificate: pem(input, 'certificate'),
      replaces: optionalText(input, 'replaces'),
      key: privateKeyIn(input),
    }),
    async (context, input, { actor }): Promise<CertificateView & JudgedView> => {
      const read = readCertificate(input.certificate);
      if (!read.ok) throw new AdminError('invalid', read.error.text);
      const { key, notAfter, basicConstraints, fingerprint } = read.value;
      const now = context.clock.now();
      if (isWeakKey(key))
        throw new AdminError(
          'invalid',
          `Cannot register the certificate: its key is weak (${key.kind} ${key.bits} bits)`,
        );
      if (basicConstraints?.ca === true)
        throw new AdminError(
          'invalid',
          'Cannot register the certificate: it is that of an authority, not of an account',
        );
      if (notAfter <= now)
        throw new AdminError(
          'invalid',
          `Cannot register the certificate: it ended on ${new Date(notAfter).toISOString()}`,
        );
      const owner = await ownerOf(context, input, read.value);
      const more = await replacing(context, input.replaces, owner);
      const kept = input.key === undefined ? {} : { sealedKey: await sealedFor(context, input.key, read.value) };
      const record = { ...recordOf(read.value, input.use), ...more, ...kept };
      await context.store.certificates.addCertificate(owner, record, 'imported', actor);
      return {
        ...viewCertificate(await named(context, fingerprint), now),
        ...(input.use === 'mail' ? await judged(context, read.value) : {}),
      };
    },
  ),
};
