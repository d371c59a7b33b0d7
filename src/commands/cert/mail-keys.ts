/**
 * Certificates for mail: to whom they may belong, whether they can be used, and private keys that
 * the gateway holds.
 */
import { type KeyObject, createPublicKey } from 'node:crypto';
import { accountOf } from '../../admin/accounts.ts';
import { recipientOf } from '../../admin/addresses.ts';
import type { AdminContext } from '../../admin/context.ts';
import { AdminError } from '../../admin/error.ts';
import { type Certificate, readCertificate } from '../../crypto/certificates/certificate.ts';
import { readCertificateRequest } from '../../crypto/certificates/certificate-request.ts';
import { addressesOf, standsFor } from '../../crypto/certificates/mail-certificate.ts';
import { type Address, addressKey } from '../../domain/address.ts';

const refuse = (what: string, why: string): never => {
  throw new AdminError('invalid', `Cannot ${what}: ${why}`);
};

/**
 * Prepares to hold the key of a certificate that will be issued. It must be the key of the request.
 */
export function keepingKey(
  { mail }: AdminContext,
  key: KeyObject | undefined,
  request: string,
  use: 'login' | 'mail',
): { keep?: (certificate: Certificate) => Promise<Uint8Array> } {
  if (key === undefined) return {};
  if (use !== 'mail')
    return refuse(
      'hold the private key',
      'it is for login, which its owner proves with it; only keys for mail are held',
    );
  const read = readCertificateRequest(request);
  if (read.ok && !read.value.publicKey.equals(createPublicKey(key)))
    return refuse('hold the private key', 'it is another one than that of the request');
  return { keep: (certificate) => mail.seals.seal(certificate.fingerprint, key) };
}

/** Seals the key of an existing certificate. Throws AdminError if it is another key. */
export async function sealedFor(
  { mail }: AdminContext,
  key: KeyObject,
  { publicKey, fingerprint }: Certificate,
): Promise<Uint8Array> {
  if (!publicKey.equals(createPublicKey(key)))
    return refuse('store the private key', 'it is that of another certificate');
  return await mail.seals.seal(fingerprint, key);
}

/**
 * The account that a certificate for mail will belong to: the one that is named, or the one that
 * `address` leads to. The certificate must name an address of that account.
 */
export async function mailOwner(
  { store }: AdminContext,
  { account: name = '', address }: { readonly account: string | undefined; readonly address: Address | undefined },
  certificate: Certificate,
): Promise<string> {
  if (address !== undefined) {
    const { account } = await recipientOf(store.registry, address);
    if (!standsFor(certificate, address))
      return refuse(
        `register the certificate for "${address}"`,
        'it does not name that address; get one that does, or register it for an address that it names',
      );
    return account.login;
  }
  const { account } = await accountOf(store.registry, name);
  for (const named of addressesOf(certificate)) {
    const found = await store.registry.findRecipient(addressKey(named));
    if (found?.account.id === account.id) return name;
  }
  return refuse(
    'register the certificate for mail',
    `it names no address of account "${name}"; "sluis address list --account ${name}" shows them`,
  );
}

/** What an operator should know is wrong with using this certificate for mail. */
export async function judged(
  { mail }: AdminContext,
  certificate: Certificate,
): Promise<{ readonly problems?: readonly string[] }> {
  const { encrypt, sign } = await mail.keys.judge(certificate);
  if (encrypt !== undefined && encrypt === sign) return { problems: [`it cannot be used: ${encrypt}`] };
  const problems = [
    ...(encrypt === undefined ? [] : [`nothing is encrypted to it: ${encrypt}`]),
    ...(sign === undefined ? [] : [`signatures with it are not valid here: ${sign}`]),
  ];
  return problems.length === 0 ? {} : { problems };
}

/** Reads a certificate. Throws AdminError if it cannot be read. */
export function certificateIn(content: string | Uint8Array): Certificate {
  const read = readCertificate(typeof content === 'string' ? content : Buffer.from(content));
  if (!read.ok) throw new AdminError('invalid', read.error.text);
  return read.value;
}
