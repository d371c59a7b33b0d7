/** Operations on certificates for mail: private keys in the gateway's care, and what the programs behind addresses can read. */
import { type KeyObject, createPrivateKey, createPublicKey } from 'node:crypto';
import { type Certificate, readCertificate } from '../crypto/certificate.ts';
import { readCertificateRequest } from '../crypto/certificate-request.ts';
import { addressesOf, standsFor } from '../crypto/mail-certificate.ts';
import { type Address, addressKey } from '../domain/address.ts';
import { MAIL_CAPABILITIES, type MailCapability, isMailCapability } from '../domain/mail-capability.ts';
import { KiB } from '../domain/units.ts';
import type { AccountCertificate } from '../store/certificates.ts';
import { accountOf } from './accounts.ts';
import { recipientOf } from './addresses.ts';
import { named } from './cert-find.ts';
import { type CertificateView, viewCertificate } from './cert-views.ts';
import { type AdminContext, AdminError } from './context.ts';
import { type Input, address, flag, optionalSecret, text } from './input.ts';
import { change, destroying, listing } from './operation.ts';

const refuse = (what: string, why: string): never => {
  throw new AdminError('invalid', `Cannot ${what}: ${why}`);
};

/** A private key of an input, PEM; it is repeated nowhere. */
export function privateKeyIn(input: Input): KeyObject | undefined {
  const pem = optionalSecret(input, 'key', 16 * KiB);
  if (pem === undefined) return undefined;
  try {
    return createPrivateKey(pem);
  } catch {
    // OpenSSL's words may repeat what it read.
    return refuse('take the private key into care', 'it cannot be read; expected PEM without a passphrase');
  }
}

/** For an issue: the key must be that of the request. */
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
      'it is for log-in, which its owner proves with it; only keys for mail are held',
    );
  const read = readCertificateRequest(request);
  if (read.ok && !read.value.publicKey.equals(createPublicKey(key)))
    return refuse('hold the private key', 'it is another one than that of the request');
  return { keep: (certificate) => mail.seals.seal(certificate.fingerprint, key) };
}

/** For a certificate that is there: sealed, where the key is its own. */
export async function sealedFor(
  { mail }: AdminContext,
  key: KeyObject,
  { publicKey, fingerprint }: Certificate,
): Promise<Uint8Array> {
  if (!publicKey.equals(createPublicKey(key)))
    return refuse('take the private key into care', 'it is that of another certificate');
  return await mail.seals.seal(fingerprint, key);
}

/** Whose a certificate for mail is to be: an account, or the one that an address leads to. It must stand for an address of that account. */
export async function mailOwner(
  { store }: AdminContext,
  input: { readonly login?: string; readonly address?: Address },
  certificate: Certificate,
): Promise<string> {
  if (input.address !== undefined) {
    const { account } = await recipientOf(store.registry, input.address);
    if (!standsFor(certificate, input.address))
      return refuse(
        `register the certificate for "${input.address}"`,
        'it does not name that address; get one that does, or register it for an address that it names',
      );
    return account.login;
  }
  const { login: name = '' } = input;
  const account = await accountOf(store.registry, name);
  for (const named of addressesOf(certificate)) {
    const found = await store.registry.findRecipient(addressKey(named));
    if (found?.account.id === account.account.id) return name;
  }
  return refuse(
    'register the certificate for mail',
    `it names no address of account "${name}"; "sluis address list --account ${name}" shows them`,
  );
}

/** What stands against the use of a certificate for mail, for the operator. */
export interface JudgedView {
  readonly problems?: readonly string[];
}

export async function judged({ mail }: AdminContext, certificate: Certificate): Promise<JudgedView> {
  const { encrypt, sign } = await mail.keys.judge(certificate);
  if (encrypt !== undefined && encrypt === sign) return { problems: [`it cannot be used: ${encrypt}`] };
  const problems = [
    ...(encrypt === undefined ? [] : [`nothing is encrypted to it: ${encrypt}`]),
    ...(sign === undefined ? [] : [`signatures with it are not valid here: ${sign}`]),
  ];
  return problems.length === 0 ? {} : { problems };
}

const certificateOf = ({ der, serial }: AccountCertificate): Certificate => {
  const read = readCertificate(Buffer.from(der));
  if (!read.ok) throw new Error(`The certificate ${serial} cannot be read: ${read.error.text}`);
  return read.value;
};

export interface CapabilitiesView {
  readonly address: string;
  readonly account: string;
  /** Absent: nothing is known. */
  readonly source?: 'operator' | 'seen';
  readonly capabilities?: readonly MailCapability[];
  readonly since?: string;
}

async function viewCapabilities({ store }: AdminContext, of: Address): Promise<CapabilitiesView> {
  const { account } = await recipientOf(store.registry, of);
  const { capabilities: noted } = await store.certificates.findMail(addressKey(of));
  const known =
    noted === undefined
      ? {}
      : { source: noted.source, capabilities: noted.names, since: new Date(noted.at).toISOString() };
  return { address: of, account: account.login, ...known };
}

function capabilitiesIn(input: Input): readonly MailCapability[] {
  const given = input.capabilities;
  if (!Array.isArray(given) || given.length > MAIL_CAPABILITIES.length)
    return refuse('use that as capabilities', `expected a list of ${MAIL_CAPABILITIES.join(', ')}`);
  return given.map((name: unknown) =>
    typeof name === 'string' && isMailCapability(name)
      ? name
      : refuse(
          `use ${JSON.stringify(name).slice(0, 40)} as a capability`,
          `expected one of ${MAIL_CAPABILITIES.join(', ')}`,
        ),
  );
}

export const mailCertificateOperations = {
  'cert.key.add': change(
    (input) => ({ serial: text(input, 'serial'), key: privateKeyIn(input) }),
    async (context, { serial, key }, { actor }): Promise<CertificateView> => {
      if (key === undefined) return refuse('take a private key into care', 'none was given');
      const record = await named(context, serial);
      const sealed = await sealedFor(context, key, certificateOf(record));
      await context.store.certificates.addKey(record.fingerprint, sealed, actor);
      return viewCertificate(await named(context, record.fingerprint), context.clock.now());
    },
  ),
  'cert.key.remove': destroying(
    change(
      (input) => text(input, 'serial'),
      async (context, serial, { actor }): Promise<CertificateView> => {
        const { fingerprint } = await named(context, serial);
        await context.store.certificates.removeKey(fingerprint, actor);
        return viewCertificate(await named(context, fingerprint), context.clock.now());
      },
    ),
  ),
  'cert.capability.show': listing(
    (input) => address(input, 'address'),
    (context, of): Promise<CapabilitiesView> => viewCapabilities(context, of),
  ),
  /** With `forget` what the operator registered is taken back. */
  'cert.capability.set': change(
    (input) => ({
      address: address(input, 'address'),
      names: flag(input, 'forget') ? null : capabilitiesIn(input),
    }),
    async (context, { address: of, names }, { actor }): Promise<CapabilitiesView> => {
      await recipientOf(context.store.registry, of);
      await context.store.certificates.setCapabilities(of, names, actor);
      return await viewCapabilities(context, of);
    },
  ),
};
