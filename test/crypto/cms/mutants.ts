/** Signed messages of which each fails one check and passes all others. */
import { signOpaque, type Signer } from '../../../src/crypto/cms/sign.ts';
import type { Check } from '../../../src/crypto/cms/verdict.ts';
import type { TrustOptions } from '../../../src/crypto/cms/signer-checks.ts';
import { CrlShelf, DEFAULT_CRL_POLICY } from '../../../src/crypto/certificates/crl-policy.ts';
import { makeCrl } from '../../../src/crypto/certificates/crl-issue.ts';
import { readCrl } from '../../../src/crypto/certificates/crl.ts';
import { oid } from '../../../src/crypto/certificates/der.ts';
import * as write from '../../../src/crypto/certificates/extensions.ts';
import { Oid } from '../../../src/crypto/certificates/oids.ts';
import { makeRoot } from '../../../src/crypto/certificates/authority.ts';
import type { Address } from '../../../src/domain/address.ts';
import { days, instant } from '../../../src/domain/units.ts';
import { keyNamed, seededBytes, value } from '../support.ts';
import { type Circle, address, collect, mailExtensions, makePerson, signerOf } from './support.ts';

export const CONTENT = Buffer.from('Content-Type: text/plain\r\n\r\nkalium 4,1 mmol/l\r\n');

export interface Mutant {
  readonly name: string;
  /** The one that fails. */
  readonly check: Check;
  readonly message: Buffer;
  /** Who the message claims to be from. */
  readonly address: Address;
  readonly trust?: Partial<TrustOptions>;
  /** Name of a person's revocation list is given to openssl by this: DER. */
  readonly crl?: Buffer;
}

/** Changes the octets at the first, or the last, place where `from` stands. */
function patched(message: Buffer, from: Buffer, to: Buffer, which: 'first' | 'last' = 'first'): Buffer {
  const at = which === 'first' ? message.indexOf(from) : message.lastIndexOf(from);
  if (at < 0) throw new Error('the octets to patch are not there');
  const copy = Buffer.from(message);
  to.copy(copy, at);
  return copy;
}

export async function soundMessage(circle: Circle, signer: Signer): Promise<Buffer> {
  return collect(signOpaque([CONTENT], { signers: [signer], signingTime: circle.now }));
}

/** Messages with a changed octet. */
async function changed(circle: Circle): Promise<readonly Mutant[]> {
  const anna = circle.people.rsa2048;
  const sound = await soundMessage(circle, signerOf(anna));
  const flipped = Buffer.from(sound);
  flipped[flipped.length - 5]! ^= 1; // the signature comes last
  const other = '1.2.840.113549.1.7.5';
  const typed = await collect(
    signOpaque([CONTENT], { signers: [signerOf(anna)], signingTime: circle.now, contentType: other }),
  );
  const to = anna.address;
  return [
    {
      name: 'changed content',
      check: 'message-digest',
      message: patched(sound, Buffer.from('4,1'), Buffer.from('9,9')),
      address: to,
    },
    { name: 'changed signature', check: 'signature', message: flipped, address: to },
    { name: 'changed type', check: 'content-type', message: patched(typed, oid(other), oid(Oid.data)), address: to },
    {
      name: 'changed algorithm parameters',
      check: 'attributes',
      // In the SignerInfo alone, behind the signed attributes: NULL parameters become an empty
      // OCTET STRING.
      message: patched(
        sound,
        Buffer.from('06092a864886f70d0101010500', 'hex'),
        Buffer.from('06092a864886f70d0101010400', 'hex'),
        'last',
      ),
      address: to,
    },
    { name: 'another sender', check: 'address', message: sound, address: address('boris@praktijk.example') },
  ];
}

/** Messages of people whose certificate is wrong in one way. */
async function ofOthers(circle: Circle): Promise<readonly Mutant[]> {
  const { authority, now } = circle;
  const keys = await keyNamed('person mutant', 'rsa2048');
  const extensions = (parts: Parameters<typeof mailExtensions>[3]): ReturnType<typeof mailExtensions> =>
    mailExtensions('mutant@praktijk.example', 'rsa2048', keys, parts);
  const stranger = await makeRoot(
    { subject: authority.certificate.subject, keys: await keyNamed('stranger'), lifetime: days(500) },
    { now: instant(now - days(2)), random: seededBytes(77) },
  );
  const cases: readonly (readonly [string, Check, Parameters<typeof makePerson>[4], typeof authority?])[] = [
    ['expired', 'dates', { notBefore: now - days(90), notAfter: now - days(1) }],
    ['not yet valid', 'dates', { notBefore: now + days(3), notAfter: now + days(9) }],
    ['for encryption only', 'key-usage', { extensions: extensions({ usage: write.keyUsage('keyEncipherment') }) }],
    [
      'for login only',
      'extended-key-usage',
      { extensions: extensions({ purpose: write.extendedKeyUsage(Oid.clientAuth) }) },
    ],
    ['of a stranger with the same name as our authority', 'chain', {}, stranger],
  ];
  const made = cases.map(async ([name, check, differences, by]): Promise<Mutant> => {
    const who = await makePerson('mutant', 'rsa2048', by ?? authority, now, differences);
    return { name, check, message: await soundMessage(circle, signerOf(who)), address: who.address };
  });
  return Promise.all(made);
}

async function revoked(circle: Circle): Promise<Mutant> {
  const { authority, now } = circle;
  const who = await makePerson('revoked', 'rsa2048', authority, now);
  const crl = await makeCrl(authority, {
    number: 1,
    thisUpdate: instant(now - days(1)),
    nextUpdate: instant(now + days(6)),
    revoked: [{ serial: who.certificate.serial, at: instant(now - days(1)), reason: 'keyCompromise' }],
  });
  const shelf = new CrlShelf();
  shelf.put(value(await readCrl(crl)), authority.certificate);
  return {
    name: 'revoked',
    check: 'revocation',
    message: await soundMessage(circle, signerOf(who)),
    address: who.address,
    trust: { revocation: (certificate, issuer) => shelf.check(certificate, issuer, DEFAULT_CRL_POLICY, now) },
    crl,
  };
}

/** What openssl calls valid, and we do not. */
async function weak(circle: Circle): Promise<readonly Mutant[]> {
  const anna = circle.people.rsa2048;
  // Our own signer offers no SHA-1; the type is told otherwise here.
  const old = await soundMessage(circle, { ...signerOf(anna), hash: 'sha1' as 'sha256' });
  const keys = await keyNamed('person short', 'rsa1024' as 'rsa2048');
  const short = await makePerson('short', 'rsa2048', circle.authority, circle.now, {
    extensions: mailExtensions('short@praktijk.example', 'rsa2048', keys),
  });
  return [
    { name: 'SHA-1', check: 'strength', message: old, address: anna.address },
    {
      name: 'RSA-1024',
      check: 'strength',
      message: await soundMessage(circle, signerOf(short)),
      address: short.address,
    },
  ];
}

export async function mutants(circle: Circle): Promise<readonly Mutant[]> {
  return [...(await changed(circle)), ...(await ofOthers(circle)), await revoked(circle), ...(await weak(circle))];
}
