/**
 * What an operator says about a partner's server. A change gives some fields, and names others that
 * go back to their default (`clear`).
 */
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { isIP } from 'node:net';
import { AdminError } from '../../admin/error.ts';
import { readCertificates } from '../../crypto/certificates/certificate.ts';
import { domainOf, parseAddress } from '../../domain/address.ts';
import { defined } from '../../domain/defined.ts';
import { parseOctets } from '../../domain/octets-text.ts';
import {
  DEFAULT_CONNECTIONS,
  MAX_CONNECTIONS,
  MAX_PINS,
  type PartnerSecrets,
  type PartnerServer,
  isPartnerName,
  parsePin,
} from '../../domain/partner.ts';
import { GiB, type Instant, KiB, octets } from '../../domain/units.ts';
import { type Expected, type Kind, Refused, choice, count, naming, ofText, text } from '../core/kind.ts';
import { pemOf } from '../core/files.ts';
import { plainName } from '../core/kinds.ts';
import { type Values, flag, many, opt } from '../core/params.ts';
import { passwordThere } from '../core/secret.ts';

export const partner = naming(
  'partner',
  ofText('name', plainName(64, 'umc-noord'), (value) => (isPartnerName(value) ? value : undefined)),
);

/** A domain, folded as in addresses. */
export const domain = naming(
  'other',
  ofText('domain', { en: 'a domain such as umc-noord.nl', nl: 'een domein zoals umc-noord.nl' }, (value) => {
    const read = parseAddress(`x@${value.replace(/^@/, '')}`);
    return read.ok ? domainOf(read.value) : undefined;
  }),
);

const HOST = /^(?=.{1,253}$)(?!-)[A-Za-z0-9-]{1,63}(?<!-)(?:\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*$/;
const hostName = ofText('name', { en: 'a host name', nl: 'een hostnaam' }, (value) =>
  HOST.test(value) ? value : undefined,
);
export const host = ofText(
  'name',
  { en: 'a host name or an IP address', nl: 'een hostnaam of een IP-adres' },
  (value) => (HOST.test(value) || isIP(value) !== 0 ? value : undefined),
);

const pin = ofText('pin', { en: 'cert:SHA256 or key:SHA256', nl: 'cert:SHA256 of key:SHA256' }, (value) => {
  const read = parsePin(value);
  return read.ok ? read.value : new Refused(read.error);
});

const SIZE: Expected = {
  en: 'a size from 64KiB to 1GiB, such as 25MiB',
  nl: 'een grootte van 64KiB tot en met 1GiB, zoals 25MiB',
};
const size = ofText('size', SIZE, (value) => {
  const n = parseOctets(value);
  return n !== undefined && n >= 64 * KiB && n <= GiB ? octets(n) : undefined;
});

/** Certificates in PEM; whatever stands around them is left out. */
const certificates = (word: string): Kind<string> =>
  pemOf(word, 256 * KiB, (pem) => {
    if (pem.includes('PRIVATE KEY')) return new Refused('it holds a private key; give the certificates alone');
    const read = readCertificates(pem);
    if (!read.ok) return new Refused(read.error.text);
    if (read.value.length === 0) return new Refused('it holds no certificate');
    return read.value.map((c) => new X509Certificate(c.der).toString()).join('');
  });

/** Fields that can be cleared, each with the fields that go with it. */
const CLEARED: Readonly<Record<string, readonly (keyof PartnerServer)[]>> = {
  'server-name': ['serverName'],
  ca: ['authorities'],
  pin: ['pins'],
  dane: ['dane'],
  dkim: ['dkim'],
  'client-certificate': ['certificate'],
  login: ['user'],
  ehlo: ['helo'],
  'max-message': ['maxMessage'],
};
const CLEARABLE = Object.keys(CLEARED);
export const clear = many(choice('field', CLEARABLE), `take a field back to its default: ${CLEARABLE.join(', ')}`);

export const SERVER = {
  port: opt(count('number', { min: 1, max: 65_535 }), 'default: 25 with starttls, 465 with implicit'),
  tls: opt(
    choice('mode', ['starttls', 'implicit']),
    'after STARTTLS (the default) or from the first octet; never without',
  ),
  serverName: opt(hostName, 'name that its certificate must carry; default: the host'),
  ca: opt(certificates('pem'), 'authorities that may have issued its certificate; default: the public ones'),
  pin: many(pin, 'cert:SHA256 or key:SHA256 that it must show besides', MAX_PINS),
  dane: opt(
    choice('demand', ['required', 'off']),
    'TLSA records of its host (DANE): required, or off: not looked up; default: they must be met if there are any',
  ),
  dkim: flag('sign what is sent to it (DKIM); needs a key: sluis dkim make'),
  clientCertificate: opt(certificates('pem'), 'certificate that we show, with its chain; needs --client-key'),
  clientKey: opt(
    pemOf('pem', 16 * KiB, (key) => key),
    'its private key, without a passphrase; sealed at once and never shown',
  ),
  login: opt(text('name', 320), 'name for AUTH there; its password is asked for'),
  password: passwordThere('that password', 'login'),
  ehlo: opt(hostName, "name that we give; default: the gateway's own"),
  connections: opt(
    count('number', { min: 1, max: MAX_CONNECTIONS }),
    'connections that may be open at a time; default: 2',
  ),
  maxMessage: opt(size, 'largest message that it takes, such as 25MiB'),
};
type Said = Values<typeof SERVER> & { readonly host?: string | undefined };

export interface ServerChange {
  readonly server: PartnerServer;
  readonly secrets: PartnerSecrets;
}

const refuse = (what: string, why: string): never => {
  throw new AdminError('invalid', `Cannot use ${what}: ${why}`);
};

/**
 * Our client certificate with its chain, and its key. They must belong together and be valid now.
 */
function clientOf(certificate: string | undefined, keyText: string | undefined, now: Instant): Partial<PartnerSecrets> {
  const what = 'the client certificate';
  if (certificate === undefined && keyText === undefined) return {};
  if (certificate === undefined || keyText === undefined)
    return refuse(what, 'expected both the certificate and its key');
  const own = new X509Certificate(certificate);
  let privateKey: string;
  try {
    const key = createPrivateKey(keyText);
    if (!own.checkPrivateKey(key)) return refuse(what, 'the key is that of another certificate');
    privateKey = key.export({ type: 'pkcs8', format: 'pem' });
  } catch (error) {
    if (error instanceof AdminError) throw error;
    // OpenSSL's message may repeat parts of the key, so it is not shown.
    return refuse(what, 'the key cannot be read; expected PEM without a passphrase, in a file that only you can read');
  }
  if (Date.parse(own.validTo) <= now) refuse(what, `it ended on ${own.validTo}; get a new one`);
  return { privateKey };
}

const fieldsOf = (said: Said): Partial<PartnerServer> =>
  defined({
    host: said.host,
    port: said.port,
    tls: said.tls,
    serverName: said.serverName,
    authorities: said.ca,
    pins: said.pin.length === 0 ? undefined : said.pin,
    dane: said.dane,
    dkim: said.dkim ? (true as const) : undefined,
    certificate: said.clientCertificate,
    user: said.login,
    helo: said.ehlo,
    connections: said.connections,
    maxMessage: said.maxMessage,
  });

const secretsOf = ({ clientCertificate, clientKey, password }: Said, now: Instant): PartnerSecrets => ({
  ...clientOf(clientCertificate, clientKey, now),
  ...defined({ password }),
});

/**
 * The server of a new partner. The port follows from the TLS mode: 465 with TLS from the first
 * octet, otherwise 25.
 */
export function newServer(said: Said & { readonly host: string }, now: Instant): ServerChange {
  const { tls = 'starttls', port = tls === 'implicit' ? 465 : 25, connections = DEFAULT_CONNECTIONS } = said;
  const server = { ...fieldsOf(said), host: said.host, tls, port, connections };
  return consistent({ server, secrets: secretsOf(said, now) });
}

export function changedServer(before: ServerChange, said: Said, clears: readonly string[], now: Instant): ServerChange {
  const gone = new Set<string>(clears.flatMap((name) => CLEARED[name] ?? []));
  const kept = Object.fromEntries(Object.entries(before.server).filter(([name]) => !gone.has(name))) as PartnerServer;
  const { password, privateKey } = { ...before.secrets, ...secretsOf(said, now) };
  const server = { ...kept, ...fieldsOf(said) };
  return consistent({
    server,
    secrets: defined({
      password: gone.has('user') ? undefined : password,
      privateKey: server.certificate === undefined ? undefined : privateKey,
    }),
  });
}

/**
 * Checks the login. A user name without a password would be sent without AUTH, and a password
 * without a user name would never be used.
 */
function consistent({ server, secrets }: ServerChange): ServerChange {
  if ((server.user === undefined) !== (secrets.password === undefined))
    refuse('the login', 'expected a user name and its password, both or neither');
  return { server, secrets };
}
