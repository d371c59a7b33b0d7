/**
 * What follows from the sections `store` and `cluster`: which engine needs which settings, and
 * which mean nothing with it.
 */
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { defined } from '../domain/defined.ts';
import { remedyFor } from './files.ts';
import { ConfigError, type ConfigProblem, shown } from './problem.ts';
import type { Config } from './schema.ts';

type Sections = Pick<Config, 'store' | 'cluster'>;

/** The settings in use that need PostgreSQL. */
function setForPostgres({ store, cluster }: Sections): readonly string[] {
  const ofStore = ['database', 'user', 'password-file', 'certificate', 'key', 'ca', 'places'] as const;
  const ofCluster = ['node', 'site', 'listen', 'ca', 'certificate', 'key'] as const;
  return [
    ...(store.hosts.length > 0 ? ['store.hosts'] : []),
    ...ofStore.filter((name) => store[name] !== undefined).map((name) => `store.${name}`),
    ...ofCluster.filter((name) => cluster[name] !== undefined).map((name) => `cluster.${name}`),
    ...(cluster.peers.length > 0 ? ['cluster.peers'] : []),
    ...(cluster['share-ports'] === 'yes' ? ['cluster.share-ports'] : []),
  ];
}

export function storeProblems(config: Sections): ConfigProblem[] {
  return config.store.engine === 'postgres' ? postgresProblems(config) : sqliteProblems(config);
}

const sqliteProblems = (config: Sections): ConfigProblem[] =>
  setForPostgres(config).map((path) => ({
    path,
    expected: 'nothing with store.engine = "sqlite"',
    remedy: 'set store.engine = "postgres", or remove it',
  }));

/** The name of this gateway among those that share a store, and its site. */
export const nodeOf = ({ cluster: { node, site = '' }, hostname }: Pick<Config, 'cluster' | 'hostname'>) => ({
  node: node ?? hostname,
  site,
});

/** Problems of the channel between gateways: it needs all of its settings, or none. */
function channelProblems({ cluster }: Pick<Sections, 'cluster'>): ConfigProblem[] {
  const { listen, peers, ca, certificate, key } = cluster;
  if (listen === undefined && peers.length === 0 && ca === undefined && certificate === undefined && key === undefined)
    return [];
  const wanted = {
    listen: 'where the other gateways reach this one',
    ca: 'the authority of the certificates of all gateways',
    certificate: 'the certificate of this gateway',
    key: 'its private key',
  };
  return Object.entries(wanted).flatMap(([name, expected]) =>
    cluster[name as keyof typeof wanted] === undefined
      ? [
          {
            path: `cluster.${name}`,
            expected: `${expected}, where any of listen, peers, ca, certificate and key is set`,
            remedy: 'nothing is set; add it, or remove the others',
          },
        ]
      : [],
  );
}

/** True for a host whose traffic does not leave this machine, so that it may go without TLS. */
const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));

function postgresProblems({ store, cluster }: Sections): ConfigProblem[] {
  const missing = (path: string, expected: string, remedy: string): ConfigProblem => ({ path, expected, remedy });
  const { 'password-file': password, certificate, key, ca } = store;
  return [
    ...channelProblems({ cluster }),
    ...(store.hosts.length > 0
      ? []
      : [missing('store.hosts', 'the servers of PostgreSQL', 'nothing is set; add those of every place')]),
    ...(ca === undefined && !(store.hosts.length > 0 && store.hosts.every(({ host }) => isLoopback(host)))
      ? [
          missing(
            'store.ca',
            'the authorities of the servers',
            'nothing is set; name the PEM file of who issued their certificates',
          ),
        ]
      : []),
    ...(password === undefined && certificate === undefined
      ? [
          missing(
            'store.password-file',
            'a password or a certificate',
            'nothing is set; set password-file, or certificate and key',
          ),
        ]
      : []),
    ...((certificate === undefined) === (key === undefined)
      ? []
      : [
          missing(
            certificate === undefined ? 'store.certificate' : 'store.key',
            'certificate and key together',
            'one is set; set the other too',
          ),
        ]),
    ...(['node', 'site'] as const).flatMap((name) =>
      cluster[name] === undefined
        ? [
            missing(
              `cluster.${name}`,
              `the name of this ${name === 'node' ? 'gateway' : 'site'} with store.engine = "postgres"`,
              'nothing is set; add it',
            ),
          ]
        : [],
    ),
  ];
}

/**
 * By what the gateway recognises the servers of PostgreSQL, and what it shows them: PEM, and the
 * password as it is sent.
 */
export interface ServerMaterial {
  readonly ca: string;
  readonly password?: string;
  readonly certificate?: string;
  readonly key?: string;
}

/**
 * Reads the files of the section `store` again. Throws ConfigError if one has gone, or does not
 * hold what it should.
 */
export function readServerMaterial(config: Config): ServerMaterial {
  const { ca, 'password-file': password, certificate, key } = config.store;
  return {
    ca: ca === undefined ? '' : read(config, 'store.ca', ca, 'certificates, PEM', (text) => new X509Certificate(text)),
    ...defined({
      password: password && readSecretLine(config, 'store.password-file', password),
      certificate:
        certificate &&
        read(config, 'store.certificate', certificate, 'a certificate, PEM', (text) => new X509Certificate(text)),
      key:
        key &&
        read(config, 'store.key', key, 'a private key without a password, PEM', (text) => createPrivateKey(text)),
    }),
  };
}

/**
 * The password of the role that takes base backups; undefined if none is configured. Throws
 * ConfigError.
 */
export function readReplicatorPassword(config: Config): string | undefined {
  const file = config.backup['password-file'];
  return file && readSecretLine(config, 'backup.password-file', file);
}

/**
 * The one line of a file that holds a secret. Throws ConfigError, which never repeats what was
 * read.
 */
export const readSecretLine = (config: Config, name: string, file: string): string =>
  read(config, name, file, 'one line', checkLine).replace(/\r?\n$/, '');

/** By what gateways of one store recognise each other, in PEM. */
export interface ChannelFiles {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/**
 * Reads the files of the section `cluster` again. Throws ConfigError if one has gone, or does not
 * hold what it should.
 */
export function readChannelFiles(config: Config): ChannelFiles {
  const { ca = '', certificate = '', key = '' } = config.cluster;
  return {
    ca: read(config, 'cluster.ca', ca, 'a certificate, PEM', (text) => new X509Certificate(text)),
    certificate: read(
      config,
      'cluster.certificate',
      certificate,
      'a certificate, PEM',
      (text) => new X509Certificate(text),
    ),
    key: read(config, 'cluster.key', key, 'a private key without a password, PEM', (text) => createPrivateKey(text)),
  };
}

function checkLine(text: string): void {
  if (!/^[^\r\n]{1,1024}\r?\n?$/.test(text)) throw new Error('it holds something else');
}

function read(config: Config, name: string, file: string, expected: string, check: (text: string) => unknown): string {
  let remedy: string;
  try {
    const text = readFileSync(file, 'utf8');
    try {
      check(text);
      return text;
    } catch {
      remedy = 'it holds something else; correct the path or put it there';
    }
  } catch (error) {
    remedy = remedyFor(error, file);
  }
  throw new ConfigError(config.file, [{ path: name, value: shown(file), expected, remedy }]);
}
