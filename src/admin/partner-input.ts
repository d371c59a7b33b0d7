/**
 * Reads what an operator says of a partner's server. A change gives some of it, and takes fields back by name (`clear`).
 */
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { isIP } from 'node:net';
import { readCertificates } from '../crypto/certificate.ts';
import { domainOf, parseAddress } from '../domain/address.ts';
import {
  DEFAULT_CONNECTIONS,
  MAX_CONNECTIONS,
  MAX_PINS,
  type PartnerSecrets,
  type PartnerServer,
  isPartnerName,
  parsePin,
} from '../domain/partner.ts';
import { parseOctets } from '../domain/octets-text.ts';
import { type Instant, KiB, GiB, octets } from '../domain/units.ts';
import { AdminError } from './context.ts';
import { type Input, oneOf, optionalSecret, optionalText, text } from './input.ts';

const MAX_PEM = 256 * 1024;
const MAX_USER = 320;
/** Fields that can be taken back, each with what goes with it. */
export const clearable = ['server-name', 'ca', 'pin', 'client-certificate', 'login', 'ehlo', 'max-message'] as const;
type Clearable = (typeof clearable)[number];

export interface ServerInput {
  readonly fields: Partial<PartnerServer>;
  readonly secrets: PartnerSecrets;
  readonly clear: readonly Clearable[];
}

const refuse = (what: string, why: string): never => {
  throw new AdminError('invalid', `Cannot use ${what}: ${why}`);
};

export function partnerName(input: Input): string {
  const name = text(input, 'name', 64);
  return isPartnerName(name)
    ? name
    : refuse(`"${name}" as the name of a partner`, 'expected 1 to 64 characters a-z, 0-9 and -, such as umc-noord');
}

/** A domain as addresses have it, folded. */
export function domain(input: Input, name: string): string {
  const value = text(input, name, 255);
  const read = parseAddress(`x@${value.replace(/^@/, '')}`);
  return read.ok ? domainOf(read.value) : refuse(`"${value}" as a domain`, 'expected one such as umc-noord.nl');
}

const HOST = /^(?=.{1,253}$)(?!-)[A-Za-z0-9-]{1,63}(?<!-)(?:\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*$/;

function hostIn(input: Input, name: string, addresses: boolean): string | undefined {
  const value = optionalText(input, name, 253);
  if (value === undefined || HOST.test(value) || (addresses && isIP(value) !== 0)) return value;
  return refuse(`"${value}" as ${name}`, `expected a host name${addresses ? ' or an IP address' : ''}`);
}

function numberIn(input: Input, name: string, max: number): number | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  const n = typeof value === 'string' && /^\d{1,6}$/.test(value) ? Number(value) : value;
  return typeof n === 'number' && Number.isInteger(n) && n >= 1 && n <= max
    ? n
    : refuse(`${JSON.stringify(value).slice(0, 40)} as ${name}`, `expected a whole number from 1 to ${max}`);
}

function pemIn(input: Input, name: string): string | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' && value.length <= MAX_PEM
    ? value
    : refuse(`the file of ${name}`, `expected PEM of at most ${MAX_PEM / KiB} KiB`);
}

/** Authorities as PEM, everything around the certificates left out. */
function authoritiesIn(input: Input): string | undefined {
  const pem = pemIn(input, 'ca');
  if (pem === undefined) return undefined;
  if (pem.includes('PRIVATE KEY')) refuse('the file of ca', 'it holds a private key; give the certificates alone');
  const read = readCertificates(pem);
  if (!read.ok) return refuse('the file of ca', read.error.text);
  if (read.value.length === 0) refuse('the file of ca', 'it holds no certificate; expected PEM');
  return read.value.map((c) => new X509Certificate(c.der).toString()).join('');
}

function pinsIn(input: Input): PartnerServer['pins'] {
  const value = input.pins;
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value) || value.length > MAX_PINS)
    return refuse('the pins', `expected a list of at most ${MAX_PINS}`);
  return value.map((pin: unknown) => {
    const read = parsePin(String(pin).slice(0, 256));
    return read.ok ? read.value : refuse(`"${String(pin).slice(0, 140)}" as a pin`, read.error);
  });
}

/** Our certificate with its chain, and its key: they must belong together and be of use now. */
function clientCertificateIn(input: Input, now: Instant): { certificate: string; privateKey: string } | undefined {
  const pem = pemIn(input, 'client-certificate');
  const keyText = optionalSecret(input, 'client-key', 16 * KiB);
  if (pem === undefined && keyText === undefined) return undefined;
  const what = 'the client certificate';
  if (pem === undefined || keyText === undefined) return refuse(what, 'expected both the certificate and its key');
  const read = readCertificates(pem);
  if (!read.ok) return refuse(what, read.error.text);
  const chain = read.value.map((c) => new X509Certificate(c.der));
  const [own] = chain;
  if (own === undefined) return refuse(what, 'the file holds no certificate; expected PEM');
  let privateKey: string;
  try {
    const key = createPrivateKey(keyText);
    if (!own.checkPrivateKey(key)) return refuse(what, 'the key is that of another certificate');
    privateKey = key.export({ type: 'pkcs8', format: 'pem' }).toString();
  } catch (error) {
    if (error instanceof AdminError) throw error;
    // OpenSSL's words may repeat what it read.
    return refuse(what, 'the key cannot be read; expected PEM without a passphrase, in a file that only you can read');
  }
  if (Date.parse(own.validTo) <= now) refuse(what, `it ended on ${own.validTo}; get a new one`);
  return { certificate: chain.map(String).join(''), privateKey };
}

function maxMessageIn(input: Input): PartnerServer['maxMessage'] {
  const value = optionalText(input, 'max-message');
  if (value === undefined) return undefined;
  const n = parseOctets(value);
  return n !== undefined && n >= 64 * KiB && n <= GiB
    ? octets(n)
    : refuse(`"${value}" as max-message`, 'expected a size from 64KiB to 1GiB, such as 25MiB');
}

function clearIn(input: Input): readonly Clearable[] {
  const value = input.clear ?? [];
  if (!Array.isArray(value) || value.length > clearable.length) return refuse('clear', 'expected a list of fields');
  return value.map((name: unknown) => oneOf({ clear: name }, 'clear', clearable));
}

const given = <T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;

/** What was said; nothing is filled in. */
export function serverIn(input: Input, now: Instant): ServerInput {
  const client = clientCertificateIn(input, now);
  const password = optionalSecret(input, 'password');
  return {
    fields: given({
      host: hostIn(input, 'host', true),
      port: numberIn(input, 'port', 65_535),
      tls: input.tls === undefined ? undefined : oneOf(input, 'tls', ['implicit', 'starttls']),
      serverName: hostIn(input, 'server-name', false),
      authorities: authoritiesIn(input),
      pins: pinsIn(input),
      certificate: client?.certificate,
      user: optionalText(input, 'user', MAX_USER),
      helo: hostIn(input, 'ehlo', false),
      connections: numberIn(input, 'connections', MAX_CONNECTIONS),
      maxMessage: maxMessageIn(input),
    }),
    secrets: given({ password, privateKey: client?.privateKey }),
    clear: clearIn(input),
  };
}

export interface ServerChange {
  readonly server: PartnerServer;
  readonly secrets: PartnerSecrets;
}

/** A new partner's server. The port follows from the TLS mode: 465 with TLS from the first octet, else 25. */
export function newServer({ fields, secrets }: ServerInput): ServerChange {
  const { host, tls = 'starttls', port = tls === 'implicit' ? 465 : 25, connections = DEFAULT_CONNECTIONS } = fields;
  if (host === undefined) return refuse('no host', 'expected the name or address of its mail server');
  return consistent({ server: { ...fields, host, tls, port, connections }, secrets });
}

const cleared: Readonly<Record<Clearable, readonly (keyof PartnerServer)[]>> = {
  'server-name': ['serverName'],
  ca: ['authorities'],
  pin: ['pins'],
  'client-certificate': ['certificate'],
  login: ['user'],
  ehlo: ['helo'],
  'max-message': ['maxMessage'],
};

export function changedServer(before: ServerChange, { fields, secrets, clear }: ServerInput): ServerChange {
  const gone = new Set<string>(clear.flatMap((name) => cleared[name]));
  const kept = Object.fromEntries(Object.entries(before.server).filter(([name]) => !gone.has(name))) as PartnerServer;
  const { password, privateKey } = { ...before.secrets, ...secrets };
  const server = { ...kept, ...fields };
  return consistent({
    server,
    secrets: {
      ...(gone.has('user') || password === undefined ? {} : { password }),
      ...(server.certificate === undefined || privateKey === undefined ? {} : { privateKey }),
    },
  });
}

/** A name without a password would be sent without AUTH, a password without a name never. */
function consistent({ server, secrets }: ServerChange): ServerChange {
  if ((server.user === undefined) !== (secrets.password === undefined))
    refuse('the login', 'expected a user name and its password, both or neither');
  return { server, secrets };
}
