/** `sluis cert key` and `sluis cert capability`: what the gateway holds and knows for mail. */
import { type Command } from 'commander';
import type { CertificateView } from '../admin/cert-views.ts';
import type { CapabilitiesView } from '../admin/mail-certificates.ts';
import { readCertificate } from '../crypto/certificate.ts';
import { MAIL_CAPABILITIES } from '../domain/mail-capability.ts';
import { type SureOptions, askToDestroy, destroying } from './ask.ts';
import { withAdmin } from './connect.ts';
import { CommandError } from './exit.ts';
import { readGivenCertificate } from './given-certificate.ts';
import { type ChangeOptions, type CommonOptions, changing, reading } from './options.ts';
import { facts, print, readableTime, readableDay } from './output.ts';
import type { Terminal } from './terminal.ts';

export function addKeyCommands(terminal: Terminal, certs: Command): void {
  const group = certs.command('key').description('private keys for mail in the care of the gateway');

  changing(group.command('add'))
    .description('take the private key of a registered certificate for mail into care, to sign and to open')
    .argument('<file>', 'PKCS #12 file with the certificate and its key')
    .option('--password-file <file>', 'first line of this file opens the PKCS #12 file; - for standard input')
    .action(async (file: string, options: ChangeOptions & { readonly passwordFile?: string }) => {
      const given = await readGivenCertificate(terminal, file, options.passwordFile, 'key');
      const certificate = readCertificate(given.pem);
      if (!certificate.ok) throw new CommandError('usage', certificate.error.text);
      const input = { serial: certificate.value.fingerprint, key: given.key };
      const done = await withAdmin(options, (client) => client.call('cert.key.add', input));
      print(
        terminal,
        options,
        done,
        () => `The gateway holds the private key of certificate ${done.serial} of ${done.account}, sealed.`,
      );
    });

  destroying(changing(group.command('remove')))
    .description('forget a private key: what was encrypted to it is closed for good')
    .argument('<serial>', 'serial number or fingerprint of its certificate')
    .action(async (serial: string, given: SureOptions) => {
      const options = await askToDestroy(terminal, given, {
        what: `forget the private key of certificate ${serial}`,
        goes: async () => goesText(await withAdmin(given, (client) => client.call('cert.show', { serial }))),
        name: serial,
      });
      const done = await withAdmin(options, (client) => client.call('cert.key.remove', { serial }));
      print(
        terminal,
        options,
        done,
        () =>
          `The private key of certificate ${done.serial} of ${done.account} is not held any more. Backups of the database still have it.`,
      );
    });
}

const goesText = ({ serial, account, subject, ends }: CertificateView): string =>
  [
    `The private key of certificate ${serial} of ${account} (${subject}, until ${readableDay(ends)}) is forgotten:`,
    '- mail that was encrypted to it and is not opened yet stays closed for its addressee',
    '- nothing is signed with it any more',
    'Backups of the database still have it.',
  ].join('\n');

const shown = ({ address, account, source, capabilities, since }: CapabilitiesView): string =>
  facts([
    ['Address', address],
    ['Account', account],
    ['Reads', capabilities === undefined ? 'nothing is known' : capabilities.join(' ') || 'nothing beyond the usual'],
    ['Known from', source === 'seen' ? 'a signed message' : source],
    ['Since', readableTime(since)],
  ]);

export function addCapabilityCommands(terminal: Terminal, certs: Command): void {
  const group = certs.command('capability').description('what the mail programs behind addresses can read');

  reading(group.command('show'))
    .description('show what is known of the program behind an address')
    .argument('<address>', 'the address')
    .action(async (address: string, options: CommonOptions) => {
      const view = await withAdmin(options, (client) => client.call('cert.capability.show', { address }));
      print(terminal, options, view, () => shown(view));
    });

  changing(group.command('set'))
    .description('register what it can read; that comes before what its messages show')
    .argument('<address>', 'the address')
    .argument('[capabilities...]', `of ${MAIL_CAPABILITIES.join(', ')}; none: nothing beyond what every program reads`)
    .option('--forget', 'take back what was registered')
    .action(
      async (
        address: string,
        capabilities: readonly string[],
        options: ChangeOptions & { readonly forget?: boolean },
      ) => {
        const forget = options.forget === true;
        if (forget && capabilities.length > 0)
          throw new CommandError('usage', 'Cannot forget and register at once: leave the capabilities out');
        const view = await withAdmin(options, (client) =>
          client.call('cert.capability.set', { address, capabilities, forget }),
        );
        print(terminal, options, view, () => shown(view));
      },
    );
}
