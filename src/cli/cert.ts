/** `sluis cert`: certificates of accounts. */
import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import type { CertificateView, EnrolledView } from '../admin/cert-views.ts';
import type { AdminClient } from '../admin/client.ts';
import { REVOCATION_REASONS } from '../crypto/crl-issue.ts';
import { addCapabilityCommands, addKeyCommands } from './cert-mail.ts';
import { withAdmin } from './connect.ts';
import { CommandError } from './exit.ts';
import { readGivenCertificate } from './given-certificate.ts';
import { type Delivered, type KeyOptions, deliver, keyOptions } from './key-material.ts';
import { printPages } from './listing.ts';
import { newFile, withFiles } from './new-file.ts';
import { type ChangeOptions, type CommonOptions, changing, reading, wholeDays } from './options.ts';
import { type Cell, facts, print, readableTime, table, csv, readableDay } from './output.ts';
import type { Terminal } from './terminal.ts';

const useOption = (): Option =>
  new Option('--for <use>', 'login: TLS client authentication; mail: S/MIME')
    .choices(['login', 'mail'])
    .makeOptionMandatory();

export function addCertCommands(terminal: Terminal, program: Command): void {
  const group = program
    .command('cert')
    .description('certificates: of accounts, for log-in and for mail; of listeners, authorities and partners');
  addIssueCommands(terminal, group);
  addListCommands(terminal, group);
  addRenewCommand(terminal, group);
  addKeyCommands(terminal, group);
  addCapabilityCommands(terminal, group);

  changing(group.command('revoke'))
    .description('revoke a certificate at once and for ever')
    .argument('<serial>', 'serial number or fingerprint')
    .addOption(
      new Option('--why <reason>', 'reason in the revocation list')
        .choices(Object.keys(REVOCATION_REASONS).filter((r) => r !== 'certificateHold'))
        .default('unspecified'),
    )
    .action(async (serial: string, options: ChangeOptions & { readonly why: string }) => {
      const done = await withAdmin(options, (client) => client.call('cert.revoke', { serial, why: options.why }));
      print(terminal, options, done, () =>
        done.published
          ? `Revoked certificate ${done.serial} of ${done.account}. The revocation list was written.`
          : `Revoked certificate ${done.serial} of ${done.account}.${done.problem !== undefined ? ` ${done.problem}` : done.origin === 'imported' ? ' Tell the authority that issued it.' : ' Publish a new list: "sluis ca crl".'}`,
      );
    });
}

interface IssueOptions extends ChangeOptions, KeyOptions {
  readonly account: string;
  readonly for: string;
  readonly ends?: string;
  readonly replaces?: string;
  readonly code?: boolean;
}

function addIssueCommands(terminal: Terminal, group: Command): void {
  const issue = changing(group.command('issue'))
    .description('issue a certificate: for a request, with a new key, or as a code that fetches one')
    .requiredOption('--account <login>', 'whose')
    .addOption(useOption())
    .option('--ends <date>', 'last day; two years from now when left out')
    .option('--replaces <serial>', 'the certificate that it takes the place of')
    .option('--code', 'print a one-time code for "cert collect" instead')
    .option(
      '--keep-key',
      'for mail: the gateway holds the new key, to sign and to open; --out writes it to a file as well',
    );
  keyOptions(issue).action(async (options: IssueOptions) => {
    const { account: login, for: use, ends, replaces } = options;
    if (options.code === true) return await printCode(terminal, options);
    const done = await deliver(terminal, options, (request, key) =>
      withAdmin(options, (client) => client.call('cert.issue', { login, for: use, request, key, ends, replaces })),
    );
    printDelivered(terminal, options, done);
  });

  const collect = changing(group.command('collect'))
    .description('use up an enrolment code: hands out its certificate once')
    .option('--keep-key', 'for mail: the gateway holds the new key; --out writes it to a file as well')
    .argument('<code>', 'six groups of four characters; - for the first line of standard input');
  keyOptions(collect).action(async (given: string, options: ChangeOptions & KeyOptions) => {
    // Arguments are seen by every user of the machine; a code that is refused for another reason would still hold.
    const code = given === '-' ? ((terminal.input ?? readFileSync(0, 'utf8')).split(/\r?\n/)[0] ?? '') : given;
    const done = await deliver(terminal, options, (request, key) =>
      withAdmin(options, (client) => client.call('cert.collect', { code, request, key })),
    );
    printDelivered(terminal, options, done);
  });

  changing(group.command('import'))
    .description('register a certificate that another authority issued, so that it is listed and its end is warned of')
    .argument(
      '<file>',
      'certificate: PEM, DER, PKCS #7 (.p7b), or a PKCS #12 file, of which the private key is left alone',
    )
    .option('--account <login>', 'whose')
    .option('--address <address>', 'for mail: of whichever account this address leads to')
    .addOption(useOption())
    .option('--keep-key', 'for mail: take the private key of the PKCS #12 file into care, to sign and to open')
    .option('--replaces <serial>', 'the certificate that it takes the place of')
    .option('--password-file <file>', 'first line of this file opens the PKCS #12 file; - for standard input')
    .action(async (file: string, options: ImportOptions) => {
      const { account: login, address, for: use, replaces } = options;
      if ((login === undefined) === (address === undefined))
        throw new CommandError('usage', 'Cannot import: give either --account or --address');
      const take = options.keepKey === true ? 'key' : 'certificate';
      const given = await readGivenCertificate(terminal, file, options.passwordFile, take);
      const input = { login, address, for: use, replaces, certificate: given.pem, key: given.key };
      const done = await withAdmin(options, (client) => client.call('cert.import', input));
      print(terminal, options, done, () =>
        [
          `Registered certificate ${done.serial} of ${done.account}.`,
          ...given.notes,
          ...(done.problems ?? []).map((problem) => `Warning: ${problem}`),
          detail(done),
        ].join('\n'),
      );
    });
}

interface ImportOptions extends ChangeOptions {
  readonly account?: string;
  readonly address?: string;
  readonly for: string;
  readonly replaces?: string;
  readonly keepKey?: boolean;
  readonly passwordFile?: string;
}

async function printCode(terminal: Terminal, options: IssueOptions): Promise<void> {
  if (options.out !== undefined || options.csr !== undefined || options.keepKey === true)
    throw new CommandError(
      'usage',
      'Cannot use --code with --out, --csr or --keep-key: they belong to "cert collect"; leave them out',
    );
  const made = await withAdmin(options, (client) =>
    client.call('cert.enrol', { login: options.account, for: options.for }),
  );
  print(terminal, options, made, () => codeTable([made]));
}

function printDelivered(terminal: Terminal, options: CommonOptions, { issued, notes }: Delivered): void {
  const { serial, account, use, ends } = issued;
  print(terminal, options, issued, () =>
    [`Issued certificate ${serial} for the ${use} of ${account}, valid until ${readableDay(ends)}.`, ...notes].join(
      '\n',
    ),
  );
}

interface ListOptions extends CommonOptions {
  readonly account?: string;
  readonly address?: string;
  readonly expiring?: number;
  readonly csv?: boolean;
}

function addListCommands(terminal: Terminal, group: Command): void {
  reading(group.command('list'))
    .description('list certificates by their end')
    .option('--account <login>', 'of one account')
    .option('--address <address>', 'for mail to this address, newest first')
    .option('--expiring <days>', 'that end within so long, such as 60d', wholeDays)
    .option('--csv', 'print CSV')
    .action(async (options: ListOptions) => {
      await withAdmin(options, (client) =>
        printPages(terminal, options, certificates(client, options), {
          header: HEADER.map((name) => name.toUpperCase()),
          csvHeader: HEADER,
          row,
          none: 'No certificates.',
        }),
      );
    });

  reading(group.command('show'))
    .description('show a certificate')
    .argument('<serial>', 'serial number or fingerprint')
    .action(async (serial: string, options: CommonOptions) => {
      const shown = await withAdmin(options, (client) => client.call('cert.show', { serial }));
      print(terminal, options, shown, () =>
        [detail(shown), ...(shown.problems ?? []).map((p) => `Warning: ${p}`), '', shown.pem.trimEnd()].join('\n'),
      );
    });

  reading(group.command('export'))
    .description("write a certificate and its chain to a file, PEM; the private key is its owner's")
    .argument('<serial>', 'serial number or fingerprint')
    .requiredOption('--out <file>', 'new file')
    .action(async (serial: string, options: CommonOptions & { readonly out: string }) => {
      const out = newFile(options.out, 0o644);
      const shown = await withFiles([out], async () => {
        const found = await withAdmin(options, (client) => client.call('cert.show', { serial }));
        if (found.pem === '')
          throw new CommandError(
            'conflict',
            `Cannot export certificate ${serial}: it is registered for log-in alone, and itself not kept; its owner has it`,
          );
        out.write([found.pem, ...found.chain].join(''));
        return found;
      });
      print(terminal, options, shown, () => `Certificate and chain: ${options.out}`);
    });
}

async function* certificates(
  client: AdminClient,
  { account, address, expiring }: ListOptions,
): AsyncGenerator<readonly CertificateView[], void, undefined> {
  let after: unknown;
  do {
    const input = { login: account, address, within: expiring, after, limit: 500 };
    const page = await client.call('cert.list', input);
    yield page.certificates;
    after = page.next;
  } while (after !== undefined);
}

interface RenewOptions extends ChangeOptions {
  readonly expiring?: number;
  readonly batch?: boolean;
  readonly csv?: boolean;
  readonly valid: number;
}

function addRenewCommand(terminal: Terminal, group: Command): void {
  changing(group.command('renew'))
    .description('make one-time codes that fetch new certificates; the old ones stay valid until their end')
    .argument('[serial]', 'serial number or fingerprint of one')
    .option('--expiring <days>', 'all that end within so long, such as 60d', wholeDays)
    .option('--batch', 'with --expiring: make the codes; without it they are only listed')
    .option('--valid <days>', 'how long a code holds', wholeDays, 30)
    .option('--csv', 'print CSV')
    .action(async (serial: string | undefined, options: RenewOptions) => {
      if ((serial === undefined) === (options.expiring === undefined))
        throw new CommandError('usage', 'Cannot renew: give either a serial number or --expiring DAYS');
      const found = await withAdmin(options, (client) => renewAll(client, serial, options));
      const made = serial !== undefined || options.batch === true;
      print(terminal, options, made ? found.codes : found.due, () => {
        if (made) return options.csv === true ? csv(CODE_HEADER, found.codes.map(codeRow)) : codeTable(found.codes);
        const note = found.due.length === 0 ? '' : '\nNothing was made; --batch makes a code for each.';
        return options.csv === true ? csv(HEADER, found.due.map(row)) : `${listTable(found.due)}${note}`;
      });
    });
}

async function renewAll(
  client: AdminClient,
  serial: string | undefined,
  { expiring, batch, valid }: RenewOptions,
): Promise<{ due: CertificateView[]; codes: EnrolledView[] }> {
  const due: CertificateView[] = [];
  const codes: EnrolledView[] = [];
  let after: unknown;
  do {
    const found = await client.call('cert.renew', { serial, within: expiring, batch: batch === true, valid, after });
    due.push(...found.due);
    codes.push(...found.codes);
    after = found.next;
  } while (after !== undefined);
  return { due, codes };
}

const HEADER = ['account', 'for', 'ends', 'state', 'serial', 'origin', 'key', 'name'] as const;
const row = (c: CertificateView): Cell[] => [
  ...[c.account, c.use, readableDay(c.ends), c.state, c.serial, c.origin],
  c.keyHeld ? 'held here' : '',
  c.name,
];
const listTable = (all: readonly CertificateView[]): string =>
  all.length === 0
    ? 'No certificates.'
    : table(
        HEADER.map((name) => name.toUpperCase()),
        all.map(row),
      );

const CODE_HEADER = ['account', 'for', 'replaces', 'ends', 'code', 'code valid until'] as const;
const codeRow = (e: EnrolledView): Cell[] => [
  e.account,
  e.use,
  e.serial,
  readableDay(e.ends),
  e.code,
  readableDay(e.codeExpires),
];
const codeTable = (codes: readonly EnrolledView[]): string =>
  codes.length === 0
    ? 'Nothing to renew.'
    : `${table(
        CODE_HEADER.map((name) => name.toUpperCase()),
        codes.map(codeRow),
      )}\nEach code works once, with "sluis cert collect CODE --out FILE.p12". It is not shown again.`;

const detail = (c: CertificateView): string =>
  facts([
    ['Serial number', c.serial],
    ['Fingerprint', c.fingerprint],
    ['Account', c.account],
    ['For', c.use],
    ['Name', c.name],
    ['State', c.state],
    ['Subject', c.subject],
    ['Issuer', c.issuer],
    ['Addresses', c.addresses.join(', ')],
    ['Begins', readableTime(c.begins)],
    ['Ends', readableTime(c.ends)],
    ['Revoked', c.revoked === undefined ? undefined : `${readableTime(c.revoked)}, ${c.reason ?? ''}`],
    ['Replaces', c.replaces],
    ['Private key', c.keyHeld ? 'held by the gateway' : undefined],
    ['Warned', c.warned === undefined ? undefined : `${c.warned} days before its end`],
  ]);
