/**
 * Reads who a message is encrypted to (RFC 5652 section 6.2), and takes the content key out for one
 * of them.
 */
import type { KeyObject } from 'node:crypto';
import type { Element } from '../certificates/ber.ts';
import { smallInteger } from '../certificates/ber-values.ts';
import type { Certificate } from '../certificates/certificate.ts';
import { Tag, context } from '../certificates/der.ts';
import { type Identifier, identifies, readIdentifier } from './identifier.ts';
import { type Agreement, isUnderstood, readAgreement, unwrapByAgreement } from './key-agreement.ts';
import { type TransportAlgorithm, readTransport, unwrapWithRsa } from './key-transport.ts';
import type { CmsLimits } from './limits.ts';

/** `other`: by password, by a key known to both, or something newer; none of these is for mail. */
export type RecipientInfo =
  | {
      readonly kind: 'transport';
      readonly identifier: Identifier;
      readonly algorithm: TransportAlgorithm;
      readonly encrypted: Buffer;
    }
  | {
      readonly kind: 'agreement';
      readonly identifier: Identifier;
      readonly agreement: Agreement;
      readonly encrypted: Buffer;
    }
  | { readonly kind: 'other' };

function readTransportInfo(element: Element): RecipientInfo {
  const inside = element.children();
  smallInteger(inside.next('version'), 'version');
  const identifier = readIdentifier(inside.next('recipient'));
  const algorithm = readTransport(inside.next('key transport'));
  const encrypted = inside.next('encrypted key', Tag.octetString).content;
  inside.finish('recipient');
  return { kind: 'transport', identifier, algorithm, encrypted };
}

function readAgreementInfo(element: Element): readonly RecipientInfo[] {
  const inside = element.children();
  smallInteger(inside.next('version'), 'version');
  const originator = inside.next('originator', context(0));
  const ukm = inside.optional(context(1), 'user keying material');
  const agreement = readAgreement(originator, ukm, inside.next('key agreement'));
  const keys = inside.next('encrypted keys', Tag.sequence);
  inside.finish('recipient');
  return [...keys.children()].map((each) => {
    const parts = each.as(Tag.sequence, 'encrypted key').children();
    const identifier = readIdentifier(parts.next('recipient'));
    const encrypted = parts.next('encrypted key', Tag.octetString).content;
    return { kind: 'agreement', identifier, agreement, encrypted };
  });
}

function readRecipient(element: Element): readonly RecipientInfo[] {
  if (element.tag === Tag.sequence) return [readTransportInfo(element)];
  return element.tag === context(1) ? readAgreementInfo(element) : [{ kind: 'other' }];
}

/** Reads RecipientInfos; the keys of one agreement count each. Throws `BerError`. */
export function readRecipients(set: Element, limits: CmsLimits): readonly RecipientInfo[] {
  const found: RecipientInfo[] = [];
  for (const each of set.children()) {
    found.push(...readRecipient(each));
    if (found.length > limits.maxRecipients)
      throw each.error('limit', `there are more than ${limits.maxRecipients} recipients`);
  }
  return found;
}

/** `not-understood`: it is encrypted to this certificate, in a way that we do not know. */
export type FoundKey =
  { readonly kind: 'key'; readonly key: Buffer } | { readonly kind: 'not-understood' } | { readonly kind: 'not-meant' };

/** Unwraps the key; undefined: it was wrapped in a way that we do not know. */
function unwrap(
  recipient: RecipientInfo,
  certificate: Certificate,
  key: KeyObject,
  length: number,
): Buffer | undefined {
  if (recipient.kind === 'transport') {
    const { algorithm, encrypted } = recipient;
    return certificate.key.kind === 'rsa' && algorithm.kind !== 'unknown'
      ? unwrapWithRsa(algorithm, encrypted, key, length)
      : undefined;
  }
  if (recipient.kind !== 'agreement' || certificate.key.kind !== 'ec' || !isUnderstood(recipient.agreement))
    return undefined;
  return unwrapByAgreement(recipient.agreement, recipient.encrypted, key, length);
}

/**
 * The content key of `length` octets for the owner of `certificate`. Where the key cannot be
 * unwrapped the answer is a key that nobody knows, so that all failures look alike.
 */
export function contentKeyFor(
  recipients: readonly RecipientInfo[],
  certificate: Certificate,
  privateKey: KeyObject,
  length: number,
): FoundKey {
  let meant = false;
  for (const recipient of recipients) {
    if (recipient.kind === 'other' || !identifies(recipient.identifier, certificate)) continue;
    meant = true;
    const key = unwrap(recipient, certificate, privateKey, length);
    if (key) return { kind: 'key', key };
  }
  return { kind: meant ? 'not-understood' : 'not-meant' };
}
