/**
 * Signs a message with DKIM (RFC 6376, RFC 8463): relaxed/relaxed, rsa-sha256 and ed25519-sha256.
 *
 * Fields that say who wrote what are signed once more often than they occur, so that a second one
 * which somebody on the way puts above the first breaks the signature: many programs show the first
 * one.
 */
import { type KeyObject, createHash, sign } from 'node:crypto';
import { type Header, fieldsNamed } from '../../mime/header.ts';
import type { Instant } from '../../domain/units.ts';

export type DkimAlgorithm = 'ed25519-sha256' | 'rsa-sha256';

export interface DkimKey {
  /** The domain, folded, without a dot at its end. */
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: DkimAlgorithm;
  readonly privateKey: KeyObject;
}

/** Fields that are signed once more often than they occur. */
const OVERSIGNED = [
  ...['from', 'sender', 'reply-to', 'to', 'cc', 'subject', 'date', 'message-id'],
  ...['mime-version', 'content-type', 'content-transfer-encoding'],
];
/** Fields that are signed if they occur. */
const SIGNED = [
  'in-reply-to',
  'references',
  'content-disposition',
  'content-id',
  'content-description',
  'auto-submitted',
];

/** A field in relaxed form, without a line end (section 3.4.2). Octets as latin1. */
function relaxed(name: string, value: string): string {
  const oneLine = value.replace(/\r\n/g, '').replace(/[ \t]+/g, ' ');
  return `${name}:${oneLine.trim()}`;
}

/**
 * The field, with its line end, that goes in front of the message. `bodyHash`: of the relaxed body,
 * base64.
 */
export function dkimField(header: Header, bodyHash: string, key: DkimKey, at: Instant): string {
  const names: string[] = [];
  const signed: string[] = [];
  for (const name of [...OVERSIGNED, ...SIGNED]) {
    // Section 5.4.2: of several fields with one name the lowest counts first.
    for (const field of fieldsNamed(header, name).toReversed()) {
      names.push(name);
      signed.push(relaxed(name, header.octets.toString('latin1', field.value, field.end)));
    }
    if (OVERSIGNED.includes(name)) names.push(name);
  }
  const { domain, selector, algorithm } = key;
  const value = [
    ` v=1; a=${algorithm}; c=relaxed/relaxed; d=${domain}; s=${selector};`,
    `t=${Math.floor(at / 1000)}; bh=${bodyHash};`,
    ...namesInLines(`h=${names.join(':')};`),
    'b=',
  ].join('\r\n\t');
  const octets = Buffer.from([...signed, relaxed('dkim-signature', value)].join('\r\n'), 'latin1');
  // RFC 8463 section 3: Ed25519 signs the hash, not the header.
  const signature =
    algorithm === 'ed25519-sha256'
      ? sign(null, createHash('sha256').update(octets).digest(), key.privateKey)
      : sign('sha256', octets, key.privateKey);
  return `DKIM-Signature:${value}${inLines(signature.toString('base64')).join('\r\n\t')}\r\n`;
}

/** Base64 in pieces of at most 70 characters. */
const inLines = (text: string): readonly string[] => text.match(/.{1,70}/g) ?? [];

/** Names in lines of at most 70 characters, cut behind a colon. */
function namesInLines(text: string): readonly string[] {
  const lines: string[] = [];
  for (const piece of text.split(/(?<=:)/)) {
    const last = lines.at(-1);
    if (last === undefined || last.length + piece.length > 70) lines.push(piece);
    else lines[lines.length - 1] = last + piece;
  }
  return lines;
}
