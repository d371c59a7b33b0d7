/** The settings of a mail program as files that programs take. No password stands in them. */
import { createHash } from 'node:crypto';
import { type ServedPort, inOrder } from '../../domain/served-port.ts';
import { xml } from '../../http/xml.ts';

export interface ProgramSettings {
  readonly login: string;
  /** The first address of the account. */
  readonly address: string;
  readonly gateway: string;
  /** The ports that the account may use, those with TLS from the first octet first. */
  readonly servers: readonly ServedPort[];
}

/** The ports that the account may use. */
export const portsOf = (servers: readonly ServedPort[], login: string): readonly ServedPort[] =>
  inOrder(servers.filter(({ accounts }) => accounts === undefined || accounts.includes(login)));

/**
 * For whom the file is: for one account, or for every address of the domain, whose user name is the
 * address as it was typed.
 */
type AutoconfigFor = Pick<ProgramSettings, 'gateway' | 'servers'> &
  (Pick<ProgramSettings, 'login' | 'address'> | { readonly domain: string });

/** Text that programs replace by the typed address. */
const TYPED = '%EMAILADDRESS%';

/** As Thunderbird reads it: `config-v1.1.xml` of its autoconfiguration. */
export function autoconfig({ gateway, servers, ...whose }: AutoconfigFor): string {
  const { domain, login } =
    'domain' in whose
      ? { ...whose, login: TYPED }
      : { ...whose, domain: whose.address.slice(whose.address.lastIndexOf('@') + 1) };
  const server = ({ protocol, host, port, tls }: ServedPort): string => {
    const element = protocol === 'pop3' ? 'incomingServer' : 'outgoingServer';
    return `    <${element} type="${protocol}">
      <hostname>${xml(host)}</hostname>
      <port>${port}</port>
      <socketType>${tls === 'implicit' ? 'SSL' : 'STARTTLS'}</socketType>
      <authentication>password-cleartext</authentication>
      <username>${xml(login)}</username>
    </${element}>
`;
  };
  return `<?xml version="1.0" encoding="UTF-8"?>
<clientConfig version="1.1">
  <emailProvider id="${xml(domain)}">
    <domain>${xml(domain)}</domain>
    <displayName>${xml(gateway)}</displayName>
    <displayShortName>${xml(gateway)}</displayShortName>
${servers.map(server).join('')}  </emailProvider>
</clientConfig>
`;
}

/**
 * The same each time for the same account, so that a profile that is installed again replaces the
 * previous one.
 */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update('sluis profile 1\n').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`.toUpperCase();
}

/**
 * A profile of Apple's devices, yet to be signed. Undefined if there is no port to send or none to
 * fetch by.
 */
export function mobileconfig({ login, address, gateway, servers }: ProgramSettings): string | undefined {
  const [fetches, sends] = [servers.find((s) => s.protocol === 'pop3'), servers.find((s) => s.protocol === 'smtp')];
  if (fetches === undefined || sends === undefined) return undefined;
  const server = (way: 'Incoming' | 'Outgoing', { host, port }: ServedPort): readonly (readonly [string, string])[] => [
    [`${way}MailServerAuthentication`, '<string>EmailAuthPassword</string>'],
    [`${way}MailServerHostName`, `<string>${xml(host)}</string>`],
    [`${way}MailServerPortNumber`, `<integer>${port}</integer>`],
    [`${way}MailServerUseSSL`, '<true/>'],
    [`${way}MailServerUsername`, `<string>${xml(login)}</string>`],
  ];
  const payload = (type: string, id: string, more: readonly (readonly [string, string])[]): string => {
    const all: readonly (readonly [string, string])[] = [
      ['PayloadDisplayName', `<string>${xml(gateway)}</string>`],
      ['PayloadIdentifier', `<string>${xml(id)}</string>`],
      ['PayloadType', `<string>${type}</string>`],
      ['PayloadUUID', `<string>${uuidOf(id)}</string>`],
      ['PayloadVersion', '<integer>1</integer>'],
      ...more,
    ];
    return `<dict>\n${all.map(([key, value]) => `<key>${key}</key>${value}\n`).join('')}</dict>`;
  };
  const id = `${gateway}.${login}`;
  const mail = payload('com.apple.mail.managed', `${id}.mail`, [
    ['EmailAccountDescription', `<string>${xml(gateway)}</string>`],
    ['EmailAccountType', '<string>EmailTypePOP</string>'],
    ['EmailAddress', `<string>${xml(address)}</string>`],
    ...server('Incoming', fetches),
    ...server('Outgoing', sends),
    ['OutgoingPasswordSameAsIncomingPassword', '<true/>'],
  ]);
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
${payload('Configuration', id, [['PayloadContent', `<array>${mail}</array>`]])}
</plist>
`;
}
