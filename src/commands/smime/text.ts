/** What would happen to a message, and the result of an inspection, as text for people. */
import { facts, readableDay, readableSize, readableTime, table } from '../../cli/output.ts';
import type { InspectView, LayerView, ProtectionView, RecipientView, SignerView } from './views.ts';

/** Text of a message must not move the cursor or forge a line. */
const safe = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');

const OUTCOMES: Readonly<Record<ProtectionView['outcome'], string>> = {
  plain: 'goes as it is',
  signed: 'is signed',
  interop: 'is signed and encrypted, profile interop',
  strong: 'is signed and encrypted, profile strong',
  refused: 'is refused',
};

export function testText(view: ProtectionView): string {
  const { signer, capabilities, certificates } = view;
  const told = facts([
    ['Message', `${OUTCOMES[view.outcome]}${view.by === 'pgp' ? ' (PGP)' : ''}`],
    ['Why', view.reason],
    ['Reply', view.reply],
    ['From', view.from],
    ['To', `${view.address} (account ${view.account})`],
    ['Settings', `sign ${view.sign}, encrypt ${view.encrypt}, profile ${view.profile}${view.opened ? ', open' : ''}`],
    ['Reads', capabilities && `${capabilities.names.join(' ') || 'nothing special'} (${capabilities.source})`],
    [
      'Encrypted',
      view.cipher &&
        `${view.cipher}, ${view.transport ?? ''}${view.encryptToSelf === true ? ', also to the sender' : ''}`,
    ],
    [
      'Signed by',
      signer &&
        `${signer.whose === 'gateway' ? "the gateway's key" : "the sender's key"}, certificate ${signer.serial} until ${readableDay(signer.ends)}`,
    ],
  ]);
  return [told, certificatesText(certificates), pgpKeysText(view)].join('\n\n');
}

function pgpKeysText({ pgpKeys, pgpSigner }: ProtectionView): string {
  if (pgpKeys.length === 0) return 'No OpenPGP key is registered for the address.';
  const rows = pgpKeys.map((k) => [
    ...[k.fingerprint, readableDay(k.made), readableDay(k.ends)],
    k.keyHeld ? 'held here' : '',
    k.used ? 'used' : (k.problem ?? 'could be used'),
  ]);
  const signer = pgpSigner === undefined ? '' : `Signed with OpenPGP key ${pgpSigner}.\n`;
  return `${signer}${table(['OPENPGP KEY', 'MADE', 'ENDS', 'KEY', 'USE'], rows)}`;
}

function certificatesText(certificates: ProtectionView['certificates']): string {
  if (certificates.length === 0) return 'No mail certificate is registered for the address.';
  const rows = certificates.map((c) => [
    ...[c.serial, c.key, readableDay(c.begins), readableDay(c.ends)],
    c.keyHeld ? 'held here' : '',
    c.used ? 'used' : (c.problem ?? 'could be used'),
  ]);
  return table(['SERIAL', 'KEY KIND', 'BEGINS', 'ENDS', 'KEY', 'USE'], rows);
}

const FORMS: Readonly<Record<InspectView['form'], string>> = {
  plain: 'not protected by S/MIME',
  'clear-signed': 'signed in the clear (multipart/signed)',
  'opaque-signed': 'signed, the content inside (application/pkcs7-mime)',
  encrypted: 'encrypted (application/pkcs7-mime)',
  compressed: 'compressed (application/pkcs7-mime)',
  'pgp-signed': 'signed with PGP, which is not checked here',
  'pgp-encrypted': 'encrypted with PGP, which is not opened here',
  unreadable: 'it says that it is protected, and cannot be read',
};

function verdict(view: InspectView): string {
  if (view.problem !== undefined) return view.problem;
  if (view.flagged)
    return 'not proven: it was encrypted in a way that anyone can change, and no valid signature is inside';
  if (view.standing === 'valid') return 'valid';
  if (view.standing === 'gateway')
    return 'signed by the gateway itself: nobody changed it, and who sent it is not proven';
  if (view.standing === 'invalid') return 'not valid';
  return view.closed ? 'encrypted; look inside with --as or --key' : 'nobody signed it';
}

export function inspectText(view: InspectView): string {
  const { envelope } = view;
  const head = facts([
    ['Message', readableSize(view.octets)],
    ['From', view.from],
    ['Form', FORMS[view.form]],
    ['Verdict', verdict(view)],
  ]);
  const parts = [head];
  if (envelope !== undefined) {
    const more = envelope.more === 0 ? [] : [`  and ${envelope.more} more`];
    const weak = envelope.weak ? ', weak' : '';
    parts.push(
      [`Encrypted with ${envelope.cipher}${weak}, to:`, ...envelope.recipients.map(recipientText), ...more].join('\n'),
    );
  }
  return [...parts, ...view.layers.map(layerText)].join('\n\n');
}

function recipientText(recipient: RecipientView): string {
  if (recipient.by === 'other') return '  a recipient without a certificate';
  if (recipient.by === 'key-id') return `  key identifier ${recipient.keyId} (${recipient.how})`;
  const { serial, issuer, how, account, keyHeld } = recipient;
  const whose =
    account === undefined ? 'not registered here' : `of account ${account}${keyHeld === true ? ', key held here' : ''}`;
  return `  certificate ${serial} of "${safe(issuer)}" (${how}): ${whose}`;
}

function layerText(layer: LayerView): string {
  switch (layer.kind) {
    case 'encrypted':
      return `Opened: ${layer.cipher}${layer.weak ? ', weak' : ''}, ${layer.authenticated ? 'changes would show' : 'anyone can change it unnoticed'}`;
    case 'compressed':
      return 'Compressed, which protects nothing.';
    case 'header':
      return layer.differs.length === 0
        ? 'The header travels with the content, and says the same as the one outside.'
        : `The header travels with the content. The one outside says something else in: ${layer.differs.join(', ')}`;
    case 'message':
      return layer.differs.length === 0
        ? 'The whole message is inside, and its header says the same as the one outside.'
        : `The whole message is inside. The header outside says something else in: ${layer.differs.join(', ')}`;
    case 'signed': {
      const form = layer.form === 'clear' ? 'Signed in the clear' : 'Signed, the content inside';
      const canonical = layer.canonical ? ', right only with CRLF for each LF' : '';
      const head = `${form}: ${layer.valid ? 'valid' : 'not valid'} (${readableSize(layer.octets)}${canonical})`;
      return [head, ...layer.signers.map(signerText)].join('\n');
    }
  }
}

function signerText({ certificate, algorithm, signed, reads, checks }: SignerView): string {
  const told = facts([
    ['  Signer', certificate === undefined ? 'unknown: no certificate came along' : safe(certificate.subject)],
    ['  Stands for', certificate && safe(certificate.addresses.join(', '))],
    ['  Gateway', certificate?.gateway === true ? 'its own key: proves what was sent, not who sent it' : undefined],
    ['  Certificate', certificate && `${certificate.serial} of "${safe(certificate.issuer)}"`],
    ['  Valid', certificate && `${readableDay(certificate.begins)} to ${readableDay(certificate.ends)}`],
    ['  Algorithm', algorithm],
    ['  Signed at', readableTime(signed)],
    ['  Reads', reads.join(' ')],
  ]);
  const lines = checks.map(({ check, result, why }) =>
    result === 'passed'
      ? `    ${check}: passed`
      : `    ${check}: ${result === 'failed' ? 'FAILED' : 'not checked'}: ${safe(why ?? '')}`,
  );
  return [told, ...lines].join('\n');
}
