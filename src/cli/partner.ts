/** `sluis partner`: organisations with a mail server of their own, which mail is pushed to. */
import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { type PartnerView } from '../admin/partner-views.ts';
import type { PartnerEnd } from '../admin/partners.ts';
import { agree, many } from '../domain/counted.ts';
import { askToDestroy } from './ask.ts';
import { allRows, withAdmin } from './connect.ts';
import { type EndOptions, ending, endingInput } from './ending.ts';
import { backText, sendersText, stateText } from './ending-text.ts';
import { CommandError, exitCodes } from './exit.ts';
import { type ChangeOptions, type CommonOptions, changing, collect, reading } from './options.ts';
import { facts, print, readableSize, readableTime, table, readableDay } from './output.ts';
import { testText } from './partner-test.ts';
import { readGivenPassword } from './secret.ts';
import type { Terminal } from './terminal.ts';

interface ServerOptions extends ChangeOptions {
  readonly host?: string;
  readonly port?: string;
  readonly tls?: string;
  readonly serverName?: string;
  readonly ca?: string;
  readonly pin?: readonly string[];
  readonly clientCertificate?: string;
  readonly clientKey?: string;
  readonly login?: string;
  readonly passwordFile?: string;
  readonly ehlo?: string;
  readonly connections?: string;
  readonly maxMessage?: string;
}

const CLEARABLE = ['server-name', 'ca', 'pin', 'client-certificate', 'login', 'ehlo', 'max-message'];

const serverOptions = (command: Command): Command =>
  command
    .option('--port <number>', 'default: 25 with starttls, 465 with implicit')
    .addOption(
      new Option('--tls <mode>', 'TLS after STARTTLS (the default) or from the first octet; never without').choices([
        'starttls',
        'implicit',
      ]),
    )
    .option('--server-name <name>', 'name that its certificate must carry; default: the host')
    .option('--ca <pem>', 'authorities that may have issued its certificate; default: the public ones')
    .option('--pin <pin>', 'cert:SHA256 or key:SHA256 that it must show besides; may be given several times', collect)
    .option('--client-certificate <pem>', 'certificate that we show, with its chain; needs --client-key')
    .option('--client-key <pem>', 'its private key, without a passphrase; sealed at once and never shown')
    .option('--login <name>', 'name for AUTH there; its password is asked for')
    .option('--password-file <file>', 'first line of this file is that password; - for standard input')
    .option('--ehlo <name>', "name that we give; default: the gateway's own")
    .option('--connections <number>', 'connections that may be open at a time, 1 to 20; default: 2')
    .option('--max-message <size>', 'largest message that it takes, such as 25MiB');

export function addPartnerCommands(terminal: Terminal, program: Command): void {
  const group = program.command('partner').description('organisations with a mail server of their own');

  serverOptions(
    changing(group.command('add'))
      .description('register a partner, and the account that it submits with')
      .argument('<name>', 'short unique name: a-z, 0-9 and -')
      .requiredOption('--organisation <name>', 'whose mail server it is')
      .requiredOption('--host <name>', 'name or address of its mail server')
      .option('--account <login>', 'login of the account; default: the name'),
  ).action(
    async (
      name: string,
      { organisation, account, ...options }: ServerOptions & { organisation: string; account?: string },
    ) => {
      const input = { name, organisation, login: account, ...(await serverInput(terminal, options)) };
      const added = await withAdmin(options, (client) => client.call('partner.add', input));
      print(terminal, options, added, () =>
        [
          `Registered partner ${added.name} of ${organisation}, at ${added.host} port ${added.port}.`,
          `Its addresses: "sluis address add ${added.account} ADDRESS", one by one, or "sluis partner domain add ${added.name} DOMAIN".`,
          `It submits as account ${added.account}: "sluis account certificate add ${added.account}" or "sluis account password add ${added.account}".`,
          `See whether it can be reached: "sluis partner test ${added.name}".`,
        ].join('\n'),
      );
    },
  );

  serverOptions(
    changing(group.command('set'))
      .description("change what is known of a partner's mail server; the rest stays")
      .argument('<name>', 'the partner')
      .option('--host <name>', 'name or address of its mail server')
      .option(
        '--clear <field>',
        `take a field back to its default: ${CLEARABLE.join(', ')}; may be given several times`,
        collectClear,
      ),
  ).action(async (name: string, options: ServerOptions & { readonly clear?: readonly string[] }) => {
    const input = { name, clear: options.clear, ...(await serverInput(terminal, options)) };
    const changed = await withAdmin(options, (client) => client.call('partner.set', input));
    print(terminal, options, changed, () => partnerText(changed));
  });

  addListings(terminal, group);
  addStates(terminal, group);
  addDomains(terminal, group);
}

const collectClear = (value: string, before: readonly string[] | undefined): readonly string[] => {
  if (!CLEARABLE.includes(value))
    throw new CommandError('usage', `Cannot clear "${value}"; expected one of: ${CLEARABLE.join(', ')}`);
  return collect(value, before);
};

async function serverInput(terminal: Terminal, options: ServerOptions): Promise<Record<string, unknown>> {
  const { host, port, tls, serverName, pin, login, passwordFile, ehlo, connections, maxMessage } = options;
  const password =
    login === undefined && passwordFile === undefined ? undefined : await readGivenPassword(terminal, passwordFile);
  return {
    host,
    port,
    tls,
    'server-name': serverName,
    ca: fileText(options.ca),
    pins: pin,
    'client-certificate': fileText(options.clientCertificate),
    'client-key': fileText(options.clientKey),
    user: login,
    password,
    ehlo,
    connections,
    'max-message': maxMessage,
  };
}

function fileText(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, 'latin1');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandError('usage', `Cannot read "${file}": ${code ?? String(error)}; name a file that you may read`);
  }
}

function addListings(terminal: Terminal, group: Command): void {
  reading(group.command('list'))
    .description('list partners')
    .action(async (options: CommonOptions) => {
      const all = await withAdmin(options, (client) =>
        allRows(
          (page) => client.call('partner.list', page),
          (p) => p.name,
        ),
      );
      print(terminal, options, all, () =>
        table(
          ['NAME', 'ORGANISATION', 'STATE', 'SERVER', 'TLS', 'ADDRESSES', 'DOMAINS'],
          all.map((p) => [
            p.name,
            p.organisation,
            stateText(p.state, p.ends),
            `${p.host}:${p.port}`,
            p.tls,
            p.addresses,
            p.domains.join(' '),
          ]),
        ),
      );
    });

  reading(group.command('show'))
    .description('show one partner; passwords and keys are never shown')
    .argument('<name>', 'the partner')
    .action(async (name: string, options: CommonOptions) => {
      const partner = await withAdmin(options, (client) => client.call('partner.show', { name }));
      print(terminal, options, partner, () => partnerText(partner));
    });

  reading(group.command('test'))
    .description('connect to its mail server and report what was found; nothing is sent')
    .argument('<name>', 'the partner')
    .action(async (name: string, options: CommonOptions) => {
      const test = await withAdmin(options, (client) => client.call('partner.test', { name }));
      print(terminal, options, test, () => testText(test));
      if (!test.usable) terminal.code = exitCodes.unavailable;
    });
}

function addStates(terminal: Terminal, group: Command): void {
  changing(group.command('suspend'))
    .description('push nothing to it until it is resumed; its mail is taken and waits')
    .argument('<name>', 'the partner')
    .option(
      '--refuse',
      'refuse new mail for it meanwhile, so that senders hear at once, and let its account submit nothing',
    )
    .action(async (name: string, options: ChangeOptions & { readonly refuse?: boolean }) => {
      const done = await withAdmin(options, (client) =>
        client.call('partner.suspend', { name, refuse: options.refuse === true }),
      );
      print(terminal, options, done, () =>
        done.state === 'refusing'
          ? `Partner ${done.name} is suspended: what waits for it stays, new mail for it is refused, and its account is not let in.`
          : `Partner ${done.name} is suspended: mail for it is taken and waits.`,
      );
    });

  changing(group.command('resume'))
    .description(
      'take back a suspension, or an end that is not final; what waits is pushed, and its account is let in again',
    )
    .argument('<name>', 'the partner')
    .action(async (partner: string, options: ChangeOptions) => {
      const done = await withAdmin(options, (client) => client.call('partner.resume', { name: partner }));
      print(terminal, options, done, () =>
        done.state === 'active'
          ? `Partner ${done.name} is active.`
          : `Partner ${done.name} is not suspended any more; it is ending still. Once more "sluis partner resume ${done.name}" takes that back.`,
      );
    });

  ending(group.command('end'))
    .description('end a partner with its account, addresses and domains; "resume" takes it back for 30 days')
    .argument('<name>', 'the partner')
    .action((name: string, options: EndOptions) => endPartner(terminal, name, options));
}

function endText(done: PartnerEnd, ends: string): string {
  const { name, organisation, account, addresses, domains, waiting, closes, successor } = done;
  const whole = domains.length === 0 ? '' : ` and every address of ${domains.join(', ')}`;
  const queue = `${many(waiting, 'delivery')} that ${agree(waiting, 'waits', 'wait')} for it`;
  return [
    `Partner ${name} of ${organisation} ${ends}:`,
    `- ${sendersText(`${many(addresses, 'registered address')}${whole}`, successor)}`,
    `- account ${account} submits nothing any more`,
    closes === undefined
      ? `- ${queue} ${agree(waiting, 'fails', 'fail')}, and senders are told`
      : `- ${queue} ${agree(waiting, 'is', 'are')} pushed as before until ${readableTime(closes)}; what is left then fails, and senders are told`,
    backText(closes, `partner resume ${name}`),
  ].join('\n');
}

async function endPartner(terminal: Terminal, name: string, given: EndOptions): Promise<void> {
  const input = { name, ...endingInput(given) };
  const look = () => withAdmin(given, (client) => client.call('partner.end', { ...input, 'dry-run': true }));
  if (given.dryRun === true) {
    const planned = await look();
    print(terminal, given, planned, () => `Nothing was done. ${endText(planned, 'would end')}`);
    return;
  }
  const options = await askToDestroy(terminal, given, {
    what: `end partner "${name}"`,
    goes: async () => endText(await look(), 'will end'),
    name,
  });
  const done = await withAdmin(options, (client) => client.call('partner.end', input));
  print(terminal, options, done, () => endText(done, done.closes === undefined ? 'has ended' : 'is ending'));
}

function addDomains(terminal: Terminal, group: Command): void {
  const domains = group.command('domain').description('whole domains that lead to a partner');

  changing(domains.command('add'))
    .description('let every address of a domain lead to a partner; addresses registered one by one still win')
    .argument('<name>', 'the partner')
    .argument('<domain>', 'such as umc-noord.nl; its subdomains are others')
    .option('--shared', 'even though addresses of other organisations are registered in it')
    .action(async (name: string, domain: string, options: ChangeOptions & { readonly shared?: boolean }) => {
      const done = await withAdmin(options, (client) =>
        client.call('partner.domain.add', { name, domain, shared: options.shared === true }),
      );
      print(
        terminal,
        options,
        done,
        () => `Every address of ${done.domain} leads to partner ${done.name}, and it may send as them.`,
      );
    });

  changing(domains.command('remove'))
    .description('take a domain back from a partner')
    .argument('<name>', 'the partner')
    .argument('<domain>', 'the domain')
    .action(async (name: string, domain: string, options: ChangeOptions) => {
      const done = await withAdmin(options, (client) => client.call('partner.domain.remove', { name, domain }));
      print(terminal, options, done, () => `The domain ${done.domain} no longer leads to partner ${done.name}.`);
    });
}

const partnerText = (p: PartnerView): string =>
  facts([
    ['Partner', p.name],
    ['Organisation', p.organisation],
    ['State', stateText(p.state, p.ends)],
    ['Server', `${p.host} port ${p.port}, TLS ${p.tls === 'implicit' ? 'from the first octet' : 'by STARTTLS'}`],
    ['Certificate for', p.serverName],
    [
      'Issued by',
      p.authorities === 'public'
        ? 'a public authority'
        : p.authorities.map((a) => `${a.subject} (until ${readableDay(a.ends)})`).join('; '),
    ],
    ['Pins', p.pins.join(' ')],
    [
      'We show',
      p.clientCertificate === undefined
        ? undefined
        : `${p.clientCertificate.subject} (until ${readableDay(p.clientCertificate.ends)})`,
    ],
    ['We log in as', p.login],
    ['EHLO', p.ehlo],
    ['Connections', p.connections],
    ['Largest message', p.maxMessage === undefined ? undefined : readableSize(p.maxMessage)],
    ['It submits as', p.account],
    ['Addresses', `${p.addresses} registered`],
    ['Domains', p.domains.join(' ')],
  ]);
