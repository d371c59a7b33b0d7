/**
 * Reads a signed document and says what is wrong with it. Strict: the file must be, octet for
 * octet, what a gateway would have written of what is signed in it. In memory, for it is read far
 * from a gateway, by one person.
 */
import { createHash } from 'node:crypto';
import type { Certificate } from '../crypto/certificates/certificate.ts';
import { isExactly } from '../crypto/cms/exact-signature.ts';
import { failures } from '../crypto/cms/verdict.ts';
import { verifyDetached } from '../crypto/cms/verify.ts';
import { type Result, fail, ok } from '../domain/result.ts';
import { type Instant, instant } from '../domain/units.ts';
import {
  ABOUT,
  DOCUMENT_FORMAT,
  type DocumentAbout,
  outerBoundary,
  outerHeader,
  partBoundary,
} from './signed-document.ts';

export const MAX_DOCUMENT = 64 * 1024 * 1024;

export interface ReadDocument {
  readonly about: DocumentAbout;
  readonly parts: ReadonlyMap<string, Buffer>;
  readonly summary: string;
  /**
   * Certificate of the signer. The reader has to compare its fingerprint with one from another
   * source.
   */
  readonly signer: Certificate;
  readonly signedAt: Instant;
}

/** The error says what is not as it was written, and how far it can be told where. */
export async function readDocument(file: Buffer): Promise<Result<ReadDocument, string>> {
  const framed = frameOf(file);
  if (!framed.ok) return framed;
  const { content, signature } = framed.value;
  // Whether the certificate is the right one is not asked of an authority: its reader was given it,
  // or its fingerprint.
  const trust = { anchors: [], now: instant(0), revocation: () => ({ kind: 'good' }) as const, address: undefined };
  const verified = await verifyDetached([signature], () => [content], trust);
  if (!verified.ok) return fail(`the signature cannot be read: ${verified.error.text}`);
  if (verified.value.form !== 'exact') return fail('its line ends are not as they were written');
  const [signer, ...more] = verified.value.signers;
  if (signer?.certificate === undefined || more.length > 0 || verified.value.certificates.length !== 1)
    return fail('it is not signed by exactly one certificate');
  const wrong = failures(signer).find(({ check }) => SIGNED.has(check));
  if (wrong !== undefined) return fail(`the signature does not hold: ${wrong.text}`);
  const read = partsOf(content);
  if (!read.ok) return read;
  const { parts, summary } = read.value;
  const about = aboutOf(parts.get(ABOUT));
  if (about === undefined) return fail(`its last part, ${ABOUT}, does not say what it is`);
  const told = differing(about, parts);
  if (told !== undefined) return fail(told);
  const head = { ...about, made: instant(about.made) };
  if (!framed.value.isFramedBy(outerHeader(head), outerBoundary(head)))
    return fail('what stands around the signed part is not as it was written');
  if (signer.signingTime === undefined || Math.abs(signer.signingTime - about.made) > 1000)
    return fail('it was not signed when it says that it was made');
  const digest = createHash('sha256').update(content).digest();
  if (!isExactly(signature, { certificate: signer.certificate, digest, signingTime: head.made }))
    return fail('its signature holds, and is not as it was written');
  return ok({ about, parts, summary, signer: signer.certificate, signedAt: signer.signingTime });
}

const SIGNED: ReadonlySet<string> = new Set(['message-digest', 'content-type', 'signature', 'attributes', 'strength']);

interface Framed {
  readonly content: Buffer;
  readonly signature: Buffer;
  readonly isFramedBy: (header: Buffer, boundary: string) => boolean;
}

/**
 * Cuts the file where its own boundary says; whether all of it is right is asked when the signed
 * part has told.
 */
function frameOf(file: Buffer): Result<Framed, string> {
  const boundary = /boundary="(sluis-[0-9a-f]{32})"/.exec(file.toString('latin1', 0, 2000))?.[1];
  if (boundary === undefined) return fail('it is not a signed document of a gateway');
  const delimiter = Buffer.from(`--${boundary}\r\n`);
  const first = file.indexOf(delimiter);
  const second = file.indexOf(`\r\n--${boundary}\r\n`, first);
  if (first < 0 || second < 0) return fail('it is cut off: its signature is missing');
  const from = first + delimiter.length;
  const sealed = file.indexOf('\r\n\r\n', second + 4);
  const end = file.indexOf(`\r\n--${boundary}--\r\n`, sealed);
  if (sealed < 0 || end < 0) return fail('it is cut off: its signature is not whole');
  const content = file.subarray(from, second);
  const signature = Buffer.from(file.toString('latin1', sealed + 4, end), 'base64');
  const isFramedBy = (header: Buffer, wanted: string): boolean => {
    if (wanted !== boundary) return false;
    const { before, behind } = around(header, wanted, signature);
    return file.subarray(0, from).equals(before) && file.subarray(second).equals(behind);
  };
  return ok({ content, signature, isFramedBy });
}

/** The octets that `clearSigned` writes before and behind the content. */
function around(
  header: Buffer,
  boundary: string,
  signature: Buffer,
): { readonly before: Buffer; readonly behind: Buffer } {
  const before =
    `${header.toString('latin1')}Content-Type: multipart/signed; protocol="application/pkcs7-signature";\r\n\tmicalg=sha-256; boundary="${boundary}"\r\n` +
    `Content-Transfer-Encoding: 8bit\r\n\r\nThis is a signed message (RFC 8551).\r\n\r\n--${boundary}\r\n`;
  const lines = signature.toString('base64').replace(/.{1,76}/g, '$&\r\n');
  const behind =
    `\r\n--${boundary}\r\nContent-Type: application/pkcs7-signature; name="smime.p7s"\r\nContent-Transfer-Encoding: base64\r\n` +
    `Content-Disposition: attachment; filename="smime.p7s"\r\n\r\n${lines}\r\n--${boundary}--\r\n`;
  return { before: Buffer.from(before, 'latin1'), behind: Buffer.from(behind, 'latin1') };
}

interface Parts {
  readonly parts: ReadonlyMap<string, Buffer>;
  readonly summary: string;
}

function partsOf(content: Buffer): Result<Parts, string> {
  const parts = new Map<string, Buffer>();
  const delimiter = `--${partBoundary}`;
  let summary = '';
  for (let at = content.indexOf(delimiter); at >= 0;) {
    const next = content.indexOf(`\r\n${delimiter}`, at);
    if (next < 0) return ok({ parts, summary });
    const end = content.indexOf('\r\n\r\n', at);
    if (end < 0 || end > next) return fail('one of its parts has no end of its header');
    const header = content.toString('latin1', at, end);
    const name = /filename="([A-Za-z0-9.-]+)"/.exec(header)?.[1];
    if (name === undefined || parts.has(name)) return fail('one of its parts has no name of its own');
    const body = content.subarray(end + 4, next);
    if (header.includes('inline')) summary = body.toString('utf8').replaceAll('\r\n', '\n');
    else parts.set(name, Buffer.from(body.toString('latin1'), 'base64'));
    at = next + 2;
  }
  return fail('its parts are not whole');
}

function aboutOf(part: Buffer | undefined): DocumentAbout | undefined {
  try {
    const read = JSON.parse(part?.toString('utf8') ?? '') as Partial<DocumentAbout>;
    const { format, hostname, subject, made, parts } = read;
    if (format !== DOCUMENT_FORMAT || typeof hostname !== 'string' || typeof subject !== 'string') return undefined;
    return typeof made === 'number' && Array.isArray(parts) ? (read as DocumentAbout) : undefined;
  } catch {
    return undefined;
  }
}

function differing(about: DocumentAbout, parts: ReadonlyMap<string, Buffer>): string | undefined {
  for (const { name, sha256 } of about.parts) {
    const part = parts.get(name);
    if (part === undefined) return `its part "${name}" is missing`;
    if (createHash('sha256').update(part).digest('hex') !== sha256)
      return `its part "${name}" is not as it was written`;
  }
  return parts.size === about.parts.length + 1 ? undefined : 'it has parts that it does not tell of';
}
