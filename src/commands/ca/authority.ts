/**
 * Commands of `sluis ca` that need the authority. A new authority's revocation list is written at
 * once; otherwise checks would find none.
 */
import {
  type KnownAuthority,
  type SigningAuthority,
  currentOf,
  endsSoon,
  knownAuthorities,
  withGivenKey,
  withKey,
} from '../../ca/authorities.ts';
import { createCa, renewIssuer, renewRoot } from '../../ca/create.ts';
import type { CaParts } from '../../ca/parts.ts';
import { listsPem, makeLists, missingText, tryToPublish } from '../../ca/revocation-lists.ts';
import { viewAuthority } from '../../admin/cert-views.ts';
import { AdminError } from '../../admin/error.ts';
import type { KeyKind } from '../../crypto/certificates/authority.ts';
import { makePkcs12 } from '../../crypto/key-files/pkcs12-export.ts';
import { readPkcs12 } from '../../crypto/key-files/pkcs12-import.ts';
import type { Actor } from '../../store/actor.ts';
import type { CaView, ListsView } from './views.ts';

export async function show(ca: CaParts): Promise<CaView> {
  const known = await knownAuthorities(ca);
  const authorities = known.map((one) => viewAuthority(one, (role, fingerprint) => ca.keys.has({ role, fingerprint })));
  return { advice: adviceOf(ca, known), authorities };
}

function adviceOf(ca: CaParts, known: readonly KnownAuthority[]): string[] {
  const now = ca.clock.now();
  const root = currentOf(known, 'root');
  const advice: string[] = [];
  if (ca.keys.has({ role: 'root', fingerprint: root.record.fingerprint }))
    advice.push('The key of the root is in the key folder; "sluis ca export-root --remove" takes it off line.');
  if (endsSoon(root, now)) advice.push('The root ends within 5 years; roll it over with "sluis ca renew-root".');
  else if (endsSoon(currentOf(known, 'issuing'), now))
    advice.push('The issuing authority would cut new certificates short; renew it with "sluis ca renew-issuer".');
  if (ca.crlFile === undefined)
    advice.push('No revocation list is published; set crl-file in section [ca] of the configuration.');
  return advice;
}

async function showNew(ca: CaParts): Promise<CaView> {
  const problem = await tryToPublish(ca);
  const view = await show(ca);
  return problem === undefined ? view : { ...view, advice: [problem, ...view.advice] };
}

export async function newAuthority(ca: CaParts, organisation: string, kind: KeyKind, actor: Actor): Promise<CaView> {
  await createCa(ca, { organisation, kind }, actor);
  return await showNew(ca);
}

interface GivenRoot {
  /** PKCS #12 in base64. */
  readonly root: string;
  readonly rootPassword: string;
}
interface Renewal extends Pick<GivenRoot, 'rootPassword'> {
  readonly keyKind: KeyKind;
  readonly root: string | undefined;
}

export async function newIssuer(ca: CaParts, input: Renewal, actor: Actor): Promise<CaView> {
  await renewIssuer(ca, { kind: input.keyKind, ...(await signerOf(ca, input)) }, actor);
  return await showNew(ca);
}

export async function newRoot(ca: CaParts, input: Renewal, actor: Actor): Promise<CaView> {
  await renewRoot(ca, { kind: input.keyKind, ...(await signerOf(ca, input)) }, actor);
  return await showNew(ca);
}

async function signerOf(ca: CaParts, { root, rootPassword }: Renewal): Promise<{ root?: SigningAuthority }> {
  return root === undefined ? {} : { root: await openRoot(ca, { root, rootPassword }) };
}

async function openRoot(ca: CaParts, { root, rootPassword }: GivenRoot): Promise<SigningAuthority> {
  const read = await readPkcs12(Buffer.from(root, 'base64'), rootPassword);
  if (!read.ok) throw new AdminError('invalid', `Cannot open the file of the root: ${read.error.text}`);
  const [key] = read.value.keys;
  if (key?.certificate === undefined)
    throw new AdminError('invalid', 'Cannot use the file of the root: it has no key with its certificate');
  return withGivenKey(currentOf(await knownAuthorities(ca), 'root'), key.privateKey, key.certificate);
}

export async function newLists(ca: CaParts): Promise<ListsView> {
  currentOf(await knownAuthorities(ca), 'issuing');
  const { made, missing } = await makeLists(ca);
  const problems = missing.map(missingText);
  if (made.length === 0 && missing.length > 0) throw new AdminError('unknown', problems.join('. '));
  return {
    pem: listsPem(made),
    problems,
    lists: made.map(({ issuer, current, number, entries, nextUpdate, der }) => ({
      issuer: issuer.fingerprint,
      current,
      number,
      entries,
      nextUpdate: new Date(nextUpdate).toISOString(),
      der: der.toString('base64'),
    })),
  };
}

export async function exportRoot(
  ca: CaParts,
  password: string,
  actor: Actor,
): Promise<{ fingerprint: string; pkcs12: string }> {
  if (password.length < 12)
    throw new AdminError(
      'invalid',
      'Cannot protect the key of the root: expected a passphrase of at least 12 characters',
    );
  const { privateKey, certificate, record } = await withKey(ca, currentOf(await knownAuthorities(ca), 'root'));
  const { random } = ca;
  const file = await makePkcs12(privateKey, certificate, { password, random, friendlyName: 'Sluis root' });
  await ca.store.certificates.noteAuthority(record.fingerprint, 'key-exported', actor);
  return { fingerprint: record.fingerprint, pkcs12: file.toString('base64') };
}

export async function removeRootKey(ca: CaParts, given: GivenRoot, actor: Actor): Promise<{ fingerprint: string }> {
  const { record, privateKey } = await openRoot(ca, given);
  const here = await withKey(ca, currentOf(await knownAuthorities(ca), 'root'));
  if (!here.privateKey.equals(privateKey))
    throw new AdminError('invalid', 'Cannot remove the key of the root: the exported file holds another key');
  await ca.store.certificates.noteAuthority(record.fingerprint, 'key-removed', actor);
  ca.keys.remove({ role: 'root', fingerprint: record.fingerprint });
  return { fingerprint: record.fingerprint };
}
