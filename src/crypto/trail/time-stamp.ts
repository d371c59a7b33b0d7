/**
 * Time stamps of an authority over a hash (RFC 3161, with the second form of the signing
 * certificate of RFC 5816): the request, the answer, and what a token is worth.
 *
 * A token is CMS SignedData over TSTInfo. Beside all that is asked of a signer (verdict.ts) it must
 * be over our hash, name its certificate in a signed attribute, and be signed with a certificate
 * whose only, critical use is time stamping (RFC 3161 section 2.3).
 */
import type { Instant } from '../../domain/units.ts';
import { type Result, fail, ok } from '../../domain/result.ts';
import { joinSmall } from '../../platform/bytes.ts';
import { type Element, parse, reading } from '../certificates/ber.ts';
import { integerHex, oidValue, smallInteger, timeValue } from '../certificates/ber-values.ts';
import type { Certificate } from '../certificates/certificate.ts';
import { CMS_LIMITS } from '../cms/limits.ts';
import { describeSignedData } from '../cms/signed-data.ts';
import { failures } from '../cms/verdict.ts';
import { verifyOpaque } from '../cms/verify.ts';
import { Tag, boolean, encode, integer, octetString, oid, sequence } from '../certificates/der.ts';
import { Oid } from '../certificates/oids.ts';

/** Octets of an answer: a token with its chain has some 6,000. */
export const MAX_TIME_STAMP = 64 * 1024;
const NONCE_OCTETS = 8;

/**
 * `hash`: SHA-256 of what is stamped. The token brings its certificate along. RFC 3161 section
 * 2.4.1.
 */
export const timeStampRequest = (hash: Uint8Array, nonce: Uint8Array): Buffer =>
  encode(
    sequence(
      integer(1),
      sequence(sequence(oid(Oid.sha256)), octetString(Buffer.from(hash))),
      integer(nonce),
      boolean(true),
    ),
  );

/** A random number without a first bit of 1 or a first octet of 0, since it is read as a number. */
export function timeStampNonce(random: (length: number) => Uint8Array): Uint8Array {
  const nonce = Buffer.from(random(NONCE_OCTETS));
  nonce[0] = ((nonce[0] ?? 0) & 0x7f) | 0x40;
  return nonce;
}

const STATUS = ['granted', 'granted with changes', 'rejection', 'waiting', 'revocation warning', 'revoked'];

/** The token of an answer, as it was encoded, or why the authority gave none. */
export function readTimeStampResponse(octets: Uint8Array): Result<Buffer, string> {
  const read = reading('time stamp response', () => {
    const inside = parse(Buffer.from(octets)).as(Tag.sequence, 'response').children();
    const status = smallInteger(inside.next('status', Tag.sequence).children().next('status'), 'status');
    return { status, token: inside.done ? undefined : Buffer.from(inside.next('token').raw) };
  });
  if (!read.ok) return fail(read.error.text);
  const { status, token } = read.value;
  if (status > 1) return fail(`the authority answered ${STATUS[status] ?? `status ${status}`}`);
  return token === undefined ? fail('the authority granted it and sent no token') : ok(token);
}

interface TstInfo {
  readonly algorithm: string;
  readonly hash: Buffer;
  readonly at: Instant;
  readonly nonce: string | undefined;
}

function readTstInfo(octets: Buffer): TstInfo {
  const inside = parse(octets).as(Tag.sequence, 'TSTInfo').children();
  if (smallInteger(inside.next('version'), 'version') !== 1)
    throw parse(octets).error('unsupported', 'TSTInfo is of another version');
  inside.next('policy', Tag.oid);
  const imprint = inside.next('imprint', Tag.sequence).children();
  const algorithm = oidValue(
    imprint.next('hash algorithm', Tag.sequence).children().next('hash algorithm'),
    'hash algorithm',
  );
  const hash = imprint.next('hash', Tag.octetString).content;
  inside.next('serial number', Tag.integer);
  const at = timeValue(withoutFraction(inside.next('time', Tag.generalizedTime)), 'time');
  inside.optional(Tag.sequence, 'accuracy');
  inside.optional(Tag.boolean, 'ordering');
  const nonce = inside.optional(Tag.integer, 'nonce');
  return { algorithm, hash, at, nonce: nonce === undefined ? undefined : integerHex(nonce, 'nonce') };
}

/** GeneralizedTime of RFC 3161 may have a fraction of a second, that of certificates may not. */
function withoutFraction(element: Element): Element {
  const text = element.content.toString('latin1').replace(/\.\d+Z$/, 'Z');
  return parse(joinSmall([Buffer.from([Tag.generalizedTime, text.length]), Buffer.from(text, 'latin1')]));
}

/**
 * extendedKeyUsage, critical, with this one use; as every authority that keeps to the RFC encodes
 * it.
 */
const ONLY_TIME_STAMPING = encode(
  sequence(oid('2.5.29.37'), boolean(true), octetString(encode(sequence(oid(Oid.timeStamping))))),
);

export interface TimeStampTrust {
  /** SHA-256 of the octets that should be stamped. */
  readonly hash: Uint8Array;
  /** Nonce of the request; absent if a token is checked later. */
  readonly nonce?: Uint8Array;
  readonly authorities: readonly Certificate[];
}

export interface TimeStamp {
  readonly at: Instant;
  readonly signer: Certificate;
}

/**
 * What a token says, or the first thing that is wrong with it. Dates of certificates count as of
 * the time of the stamp.
 */
export async function verifyTimeStamp(token: Buffer, trust: TimeStampTrust): Promise<Result<TimeStamp, string>> {
  const described = await describeSignedData([token], CMS_LIMITS);
  if (!described.ok) return fail(described.error.text);
  const [signer, ...others] = described.value.signers;
  if (described.value.contentType !== Oid.tstInfo) return fail('it is not a time stamp: its content is something else');
  if (signer === undefined || others.length > 0)
    return fail(`it has ${described.value.signers.length} signers, and one is expected`);
  const named = signer.attributes?.list.some(
    ({ type }) => type === Oid.signingCertificateV2 || type === Oid.signingCertificate,
  );
  if (named !== true) return fail('it does not name the certificate of its signer (ESSCertIDv2)');
  const info = await contentOf(token);
  if (!info.ok) return info;
  const { algorithm, hash, at, nonce } = info.value;
  if (algorithm !== Oid.sha256 || !hash.equals(trust.hash)) return fail('it is over another hash');
  if (trust.nonce !== undefined && nonce !== integerHex(parse(integer(trust.nonce)), 'nonce'))
    return fail('it answers another request: the nonce is not ours');
  const verified = await verifyOpaque(
    () => [token],
    () => undefined,
    {
      anchors: trust.authorities,
      now: at,
      purpose: 'time-stamping',
      address: undefined,
      // Tokens are checked years later and without a network, when the revocation lists of that
      // time are not at hand.
      revocation: () => ({ kind: 'good' }),
    },
  );
  if (!verified.ok) return fail(verified.error.text);
  const [verdict] = verified.value.signers;
  const problem = verdict === undefined ? undefined : failures(verdict).find(({ check }) => check !== 'address');
  if (verdict?.certificate === undefined || problem !== undefined)
    return fail(problem?.text ?? 'its certificate is missing');
  if (!verdict.certificate.signed.includes(ONLY_TIME_STAMPING))
    return fail('its certificate is not for time stamping alone (extended key usage, critical)');
  return ok({ at, signer: verdict.certificate });
}

async function contentOf(token: Buffer): Promise<Result<TstInfo, string>> {
  const pieces: Buffer[] = [];
  const whole = await verifyOpaque(
    () => [token],
    (slice) => void pieces.push(Buffer.from(slice)),
    { anchors: [], now: 0 as Instant, address: undefined, revocation: () => ({ kind: 'good' }) },
  );
  if (!whole.ok) return fail(whole.error.text);
  const read = reading('time stamp', () => readTstInfo(joinSmall(pieces)));
  return read.ok ? ok(read.value) : fail(read.error.text);
}
