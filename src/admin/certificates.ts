/** Operations on the client certificates of an account. */
import { tryToPublish } from '../ca/revocation-lists.ts';
import { type Certificate, readCertificates } from '../crypto/certificate.ts';
import { type MatchChoice, registrationOf } from '../crypto/certificate-register.ts';
import { formatName } from '../crypto/distinguished-name.ts';
import { defined } from '../domain/defined.ts';
import type { NewCertificate } from '../store/registry.ts';
import type { Actor } from '../store/actor.ts';
import { accountOf } from './accounts.ts';
import { type AdminContext, AdminError } from './context.ts';
import { type Input, login, oneOf, optionalText } from './input.ts';
import { change, listing } from './operation.ts';
import { type CertificateView, viewCertificates } from './views.ts';

const MAX_PEM = 64 * 1024;
const MAX_NAME = 64;

/** One certificate, or a chain that begins with it, as mail programs and authorities hand it out. */
function certificateOf(input: Input): Certificate {
  const { pem } = input;
  const refuse = (why: string): never => {
    throw new AdminError('invalid', `Cannot use the certificate: ${why}`);
  };
  if (typeof pem !== 'string' || pem.length > MAX_PEM)
    return refuse(`expected a PEM file of at most ${MAX_PEM / 1024} KiB, without a private key`);
  if (pem.includes('PRIVATE KEY'))
    return refuse('the file holds a private key, which must stay with its owner; give the certificate alone');
  const read = readCertificates(pem);
  if (!read.ok) return refuse(read.error.text);
  const [first] = read.value;
  if (first === undefined) return refuse('the file holds none; expected PEM, "-----BEGIN CERTIFICATE-----"');
  if (first.basicConstraints?.ca === true)
    return refuse(
      `"${formatName(first.subject)}" is an authority, not somebody's own; authorities go into tls.client-authorities`,
    );
  return first;
}

function registered(certificate: Certificate, choice: MatchChoice, name: string): NewCertificate {
  const registration = registrationOf(certificate, choice);
  if (!registration.ok) throw new AdminError('invalid', `Cannot register the certificate: ${registration.error}`);
  return { ...registration.value, name };
}

const choiceOf = (input: Input): MatchChoice => {
  const match = oneOf(input, 'match', ['pin', 'subject', 'san'], 'pin');
  const name = optionalText(input, 'alternative-name', 320);
  if (name !== undefined && match !== 'san')
    throw new AdminError('invalid', 'Cannot use an alternative name: it belongs to the match "san"');
  return match === 'san' ? { match, ...defined({ name }) } : { match };
};

interface Done {
  readonly login: string;
  readonly name: string;
}
interface Revoked extends Done {
  /** Of one that the register of certificates has: it is revoked there as well. */
  readonly serial?: string;
  /** The revocation list could not be written: why. */
  readonly problem?: string;
}
interface Added extends Done {
  readonly about: string;
  readonly ends: string;
}

export const accountCertificateOperations = {
  'account.certificate.add': change(
    (input) => ({
      login: login(input, 'login'),
      name: optionalText(input, 'certificate-name', MAX_NAME),
      certificate: certificateOf(input),
      choice: choiceOf(input),
    }),
    async ({ store, clock }, { login: account, name, certificate, choice }, { actor }): Promise<Added> => {
      await accountOf(store.registry, account);
      const ends = new Date(certificate.notAfter).toISOString();
      if (certificate.notAfter < clock.now())
        throw new AdminError('invalid', `Cannot register the certificate: it expired on ${ends}; give the renewed one`);
      // Short and telling: what a colleague reads aloud over the telephone.
      const added = registered(certificate, choice, name ?? certificate.fingerprint.slice(0, 8));
      await store.registry.addCertificate(account, added, actor);
      return { login: account, name: added.name, about: added.about, ends };
    },
  ),
  'account.certificate.list': listing(
    (input) => login(input, 'login'),
    async ({ store, clock }, name): Promise<CertificateView[]> =>
      viewCertificates((await accountOf(store.registry, name)).certificates, clock.now()),
  ),
  'account.certificate.revoke': change(
    (input) => ({
      login: login(input, 'login'),
      name: optionalText(input, 'certificate-name', MAX_NAME),
      certificate: input.pem === undefined ? undefined : certificateOf(input),
    }),
    async (context, { login: account, name, certificate }, { actor }): Promise<Revoked> => {
      const { registry } = context.store;
      const { certificates } = await accountOf(registry, account);
      if ((name === undefined) === (certificate === undefined))
        throw new AdminError('invalid', 'Cannot revoke a certificate: give its name or its file, one of the two');
      if (certificate !== undefined) {
        const short = certificate.fingerprint.slice(0, 8);
        await registry.blockCertificate(account, registered(certificate, { match: 'pin' }, short), actor);
        return {
          login: account,
          name: short,
          ...(await revokedInRegister(context, certificate.fingerprint, account, actor)),
        };
      }
      const named = certificates.find((c) => c.name === name && c.revokedAt === undefined);
      const known =
        named === undefined ? undefined : await revokedInRegister(context, named.fingerprint, account, actor);
      // The register ends the registration of its certificate in the same commit.
      if (known === undefined) await registry.revokeCertificate(account, name ?? '', actor);
      return { login: account, name: name ?? '', ...known };
    },
  ),
};

/**
 * Revokes it in the register of certificates as well, where it was issued or imported for the log-in of this account, and publishes the list of
 * our own authority: else whoever looks there believes it. Undefined where it is not there, or is revoked already.
 */
async function revokedInRegister(
  { store, ca }: AdminContext,
  fingerprint: string,
  login: string,
  actor: Actor,
): Promise<Pick<Revoked, 'serial' | 'problem'> | undefined> {
  const found = (await store.certificates.findCertificates(fingerprint)).find(
    (c) => c.use === 'login' && c.login === login && c.registered !== true && c.revoked === undefined,
  );
  if (found === undefined) return undefined;
  await store.certificates.revokeCertificate(fingerprint, 'unspecified', actor);
  const problem = await tryToPublish(ca);
  return { serial: found.serial, ...defined({ problem }) };
}
