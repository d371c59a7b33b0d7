/** Client certificates that log an account in: registering one, and ending it everywhere. */
import { tryToPublish } from '../../ca/revocation-lists.ts';
import { accountOf } from '../../admin/accounts.ts';
import type { AdminContext } from '../../admin/context.ts';
import { AdminError } from '../../admin/error.ts';
import { type Certificate, readCertificates } from '../../crypto/certificates/certificate.ts';
import { type MatchChoice, registrationOf } from '../../crypto/certificates/certificate-register.ts';
import { formatName } from '../../crypto/certificates/distinguished-name.ts';
import { defined } from '../../domain/defined.ts';
import { iso } from '../../domain/units.ts';
import type { Actor } from '../../store/actor.ts';
import type { NewCertificate } from '../../store/registry.ts';

/**
 * Reads one certificate, or the first of a chain, as mail programs and authorities hand them out.
 */
function certificateOf(pem: string): Certificate {
  const refuse = (why: string): never => {
    throw new AdminError('invalid', `Cannot use the certificate: ${why}`);
  };
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

interface Given {
  readonly login: string;
  readonly pem: string;
  readonly match: 'pin' | 'subject' | 'san';
  readonly san: string | undefined;
  readonly name: string | undefined;
}

export async function addForLogin({ store, clock }: AdminContext, given: Given, actor: Actor) {
  const { login, match, san, name } = given;
  const certificate = certificateOf(given.pem);
  await accountOf(store.registry, login);
  const ends = iso(certificate.notAfter);
  if (certificate.notAfter < clock.now())
    throw new AdminError('invalid', `Cannot register the certificate: it expired on ${ends}; give the renewed one`);
  const choice = match === 'san' ? { match, ...defined({ name: san }) } : { match };
  // A short name that a colleague can read out over the telephone.
  const added = registered(certificate, choice, name ?? certificate.fingerprint.slice(0, 8));
  await store.registry.addCertificate(login, added, actor);
  return { login, name: added.name, about: added.about, ends };
}

interface Revoked {
  readonly login: string;
  readonly name: string;
  readonly serial?: string;
  readonly problem?: string;
}

/**
 * Revokes the registration with this name, or this certificate, whether it is registered or not.
 */
export async function revokeForLogin(
  context: AdminContext,
  { login, name = '', file }: { readonly login: string; readonly name: string | undefined; file: string | undefined },
  actor: Actor,
): Promise<Revoked> {
  const { registry } = context.store;
  const given = file === undefined ? undefined : certificateOf(file);
  const { certificates } = await accountOf(registry, login);
  if (given !== undefined) {
    const short = given.fingerprint.slice(0, 8);
    await registry.blockCertificate(login, registered(given, { match: 'pin' }, short), actor);
    return { login, name: short, ...(await revokedInRegister(context, given.fingerprint, login, actor)) };
  }
  const named = certificates.find((c) => c.name === name && c.revokedAt === undefined);
  const known = named === undefined ? undefined : await revokedInRegister(context, named.fingerprint, login, actor);
  // The register of certificates ends the registration of its certificate in the same commit.
  if (known === undefined) await registry.revokeCertificate(login, name, actor);
  return { login, name, ...known };
}

/**
 * Revokes the certificate in the register of certificates too, if it was issued or imported as a
 * login of this account, and publishes the revocation list of our own authority. Otherwise whoever
 * checks there would still accept it. Undefined if it is not in that register, or is revoked
 * already.
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
