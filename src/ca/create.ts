/**
 * Makes the authority and rolls it over.
 *
 * A key is in the key folder, synced, before its certificate is in the store: a crash between the
 * two leaves a key without use, never an authority that cannot sign. Names carry a generation, so
 * that no two authorities of ours share one.
 *
 * Roll-over of the root: the old root certifies the new one and the other way round, so that who
 * trusts either accepts the certificates of both. Everybody gets the new root, old certificates are
 * renewed, and after the last one has ended the old root is dropped.
 */
import {
  type KeyKind,
  type KeyPair,
  crossSign,
  issueAuthority,
  makeKeyPair,
  makeRoot,
} from '../crypto/certificates/authority.ts';
import type { Certificate } from '../crypto/certificates/certificate.ts';
import { makeName, attributeOf } from '../crypto/certificates/distinguished-name.ts';
import { Oid } from '../crypto/certificates/oids.ts';
import { days } from '../domain/units.ts';
import type { AuthorityRole, NewAuthority } from '../store/certificates.ts';
import { RegistryError } from '../store/registry.ts';
import { type Actor } from '../store/actor.ts';
import { type KnownAuthority, type SigningAuthority, currentOf, knownAuthorities, withKey } from './authorities.ts';
import type { CaParts } from './parts.ts';

export const ROOT_LIFETIME = days(7305);
/**
 * Longer than a certificate's 2 years by a margin: a roll-over is due while the last certificates
 * still have their full time.
 */
export const ISSUER_LIFETIME = days(1826);

const recordOf = (role: AuthorityRole, { fingerprint, notAfter, der }: Certificate): NewAuthority => ({
  role,
  fingerprint,
  notAfter,
  der,
});

const context = ({ clock, random }: CaParts) => ({ now: clock.now(), random });

interface CreatedAuthorities {
  readonly certificate: Certificate;
  readonly keys: KeyPair;
}

async function newRoot(
  parts: CaParts,
  organisation: string,
  kind: KeyKind,
  generation: number,
): Promise<CreatedAuthorities> {
  const keys = await makeKeyPair(kind);
  const subject = makeName({ organisation, commonName: `Root CA ${generation}` });
  const { certificate } = await makeRoot({ subject, keys, lifetime: ROOT_LIFETIME }, context(parts));
  return { certificate, keys };
}

async function newIssuer(
  parts: CaParts,
  root: Pick<SigningAuthority, 'certificate' | 'privateKey'>,
  kind: KeyKind,
  generation: number,
): Promise<CreatedAuthorities> {
  const keys = await makeKeyPair(kind);
  const organisation = attributeOf(root.certificate.subject, Oid.organisation);
  const commonName = `Issuing CA ${generation}`;
  const subject = makeName(organisation === undefined ? { commonName } : { organisation, commonName });
  const options = { subject, publicKey: keys.publicKey, lifetime: ISSUER_LIFETIME };
  return { certificate: await issueAuthority(root, options, context(parts)), keys };
}

const keep = (parts: CaParts, role: 'root' | 'issuing', { certificate, keys }: CreatedAuthorities): Promise<void> =>
  parts.keys.save({ role, fingerprint: certificate.fingerprint }, keys.privateKey);

const generationOf = (known: readonly KnownAuthority[], role: AuthorityRole): number =>
  known.filter(({ record }) => record.role === role).length + 1;

export interface NewCa {
  readonly root: Certificate;
  readonly issuing: Certificate;
}

/** Root and issuing authority of a gateway that has none. */
export async function createCa(
  parts: CaParts,
  { organisation, kind }: { readonly organisation: string; readonly kind: KeyKind },
  actor: Actor,
): Promise<NewCa> {
  if ((await parts.store.certificates.listAuthorities()).length > 0)
    throw new RegistryError(
      'exists',
      'There is a certificate authority already; "sluis ca show" shows it, "sluis ca renew-root" and "renew-issuer" replace it',
    );
  const root = await newRoot(parts, organisation, kind, 1);
  const issuing = await newIssuer(parts, { certificate: root.certificate, privateKey: root.keys.privateKey }, kind, 1);
  await keep(parts, 'root', root);
  await keep(parts, 'issuing', issuing);
  const records = [recordOf('root', root.certificate), recordOf('issuing', issuing.certificate)];
  await parts.store.certificates.addAuthorities(records, 'created', actor);
  return { root: root.certificate, issuing: issuing.certificate };
}

/**
 * A new issuing authority under the current root; the old one signs its revocation lists until its
 * last certificate has ended.
 */
export async function renewIssuer(
  parts: CaParts,
  { kind, root }: { readonly kind: KeyKind; readonly root?: SigningAuthority },
  actor: Actor,
): Promise<Certificate> {
  const known = await knownAuthorities(parts);
  const signer = root ?? (await withKey(parts, currentOf(known, 'root')));
  const issuing = await newIssuer(parts, signer, kind, generationOf(known, 'issuing'));
  await keep(parts, 'issuing', issuing);
  const records = [recordOf('issuing', issuing.certificate)];
  await parts.store.certificates.addAuthorities(records, 'issuer-renewed', actor);
  return issuing.certificate;
}

export interface RenewedRoot extends NewCa {
  /** The new root, certified by the old one: for those who trust the old one. */
  readonly newByOld: Certificate;
  /** The old root, certified by the new one: for those who trust the new one only. */
  readonly oldByNew: Certificate;
}

/** A new root with an issuing authority of its own, tied to the old root both ways. */
export async function renewRoot(
  parts: CaParts,
  { kind, root }: { readonly kind: KeyKind; readonly root?: SigningAuthority },
  actor: Actor,
): Promise<RenewedRoot> {
  const known = await knownAuthorities(parts);
  const old = root ?? (await withKey(parts, currentOf(known, 'root')));
  const organisation = attributeOf(old.certificate.subject, Oid.organisation) ?? 'Sluis';
  const made = await newRoot(parts, organisation, kind, generationOf(known, 'root'));
  const fresh = { certificate: made.certificate, privateKey: made.keys.privateKey };
  const issuing = await newIssuer(parts, fresh, kind, generationOf(known, 'issuing'));
  const newByOld = await crossSign(old, made.certificate, context(parts));
  const oldByNew = await crossSign(fresh, old.certificate, context(parts));
  await keep(parts, 'root', made);
  await keep(parts, 'issuing', issuing);
  const records = [
    recordOf('root', made.certificate),
    recordOf('cross', newByOld),
    recordOf('cross', oldByNew),
    recordOf('issuing', issuing.certificate),
  ];
  await parts.store.certificates.addAuthorities(records, 'root-renewed', actor);
  return { root: made.certificate, issuing: issuing.certificate, newByOld, oldByNew };
}
