/** `sluis smime`: what would happen to a message, and what a message at hand is worth. */
import { createReadStream } from 'node:fs';
import type { Command } from 'commander';
import type { ProtectionView } from '../admin/smime.ts';
import type { InspectView, LayerView, RecipientView, SignerView } from '../admin/smime-views.ts';
import { withAdmin } from './connect.ts';
import { exitCodes } from './exit.ts';
import { readGivenCertificate } from './given-certificate.ts';
import { inspectedCode } from './inspected-code.ts';
import { messageFile } from './message-file.ts';
import { type ChangeOptions, type CommonOptions, changing, reading } from './options.ts';
import { facts, print, readableSize, readableTime, table, readableDay } from './output.ts';
import type { Terminal } from './terminal.ts';

export function addSmimeCommands(terminal: Terminal, program: Command): void {
  const group = program.command('smime').description('signed and encrypted messages');

  reading(group.command('test'))
    .description('show what would happen to a message to an address: protection, certificate, why')
    .argument('<address>', 'the addressee')
    .option('--from <address>', 'who sends; left out: a system that signs nothing')
    .action(async (address: string, options: CommonOptions & { readonly from?: string }) => {
      const view = await withAdmin(options, (client) => client.call('smime.test', { address, from: options.from }));
      print(terminal, options, view, () => testText(view));
      if (view.outcome === 'refused') terminal.code = exitCodes.configuration;
    });

  changing(group.command('inspect'))
    .description('show what protects a message, who signed it, and whether it is valid; its content is not shown')
    .argument('<file>', 'a message, or a bare smime.p7m')
    .option('--as <address>', 'look inside with the keys that the gateway holds for this address')
    .option('--key <file>', 'look inside with the key of this PKCS #12 file; the gateway forgets it afterwards')
    .option('--password-file <file>', 'first line of this file opens the PKCS #12 file; - for standard input')
    .action(async (file: string, options: InspectOptions) => {
      const key =
        options.key === undefined
          ? undefined
          : await readGivenCertificate(terminal, options.key, options.passwordFile, 'key');
      const input = { as: options.as, key: key?.key, certificate: key?.pem };
      const view = await withAdmin(options, (client) =>
        client.call('smime.inspect', input, { upload: messageFile(file, (path) => createReadStream(path)) }),
      );
      print(terminal, options, view, () => inspectText(view));
      terminal.code = inspectedCode(view);
    });
}

interface InspectOptions extends ChangeOptions {
  readonly as?: string;
  readonly key?: string;
  readonly passwordFile?: string;
}

/** What comes from a message must not move the cursor or forge a line. */
const safe = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');

const OUTCOMES: Readonly<Record<ProtectionView['outcome'], string>> = {
  plain: 'goes as it is',
  signed: 'is signed',
  interop: 'is signed and encrypted, profile interop',
  strong: 'is signed and encrypted, profile strong',
  refused: 'is refused',
};

function testText(view: ProtectionView): string {
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
  return view.closed ? 'closed; look inside with --as or --key' : 'nobody signed it';
}

function inspectText(view: InspectView): string {
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
