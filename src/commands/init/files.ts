/**
 * What `sluis init` writes: a configuration with comments, a master key, an empty store and, on
 * request, throw-away certificates.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { hostname as machineName } from 'node:os';
import { dirname, relative, resolve } from 'node:path';
import { CommandError } from '../../cli/exit.ts';
import { loadConfig, parseConfig } from '../../config/load.ts';
import { newMasterKey } from '../../config/master-key.ts';
import { ConfigError } from '../../config/problem.ts';
import type { Config } from '../../config/schema.ts';
import { writeTemplate } from '../../config/template.ts';
import { defined } from '../../domain/defined.ts';
import type { Joined } from '../../gateway/store.ts';
import { systemClock } from '../../platform/clock.ts';
import { type PostgresWanted, ownerOf, postgresValues } from './postgres.ts';
import { developmentCertificates } from './development.ts';
import { refuseExisting, writeNew } from './write.ts';

export interface InitOptions {
  readonly config: string;
  readonly hostname: string | undefined;
  readonly data: string | undefined;
  readonly keys?: string | undefined;
  readonly portBase: number;
  readonly listen: string | undefined;
  readonly devCertificates?: boolean;
  /**
   * The folder of key and certificate; without it `tls`, or `certs-dev`, beside the configuration.
   * They are made here only with `devCertificates`.
   */
  readonly certificates?: string;
  /** Adds a listener of the HTTPS API, on port base + 443. */
  readonly api?: boolean;
  /** Keeps the store in PostgreSQL. */
  readonly postgres?: PostgresWanted;
  /** Adds one more gateway to a store in PostgreSQL: the file with the master key of that store. */
  readonly joining?: string;
  /** Every listener has port 0: the system chooses a free port at each start. */
  readonly freePorts?: boolean;
}

/** Where everything is, in absolute paths. */
export interface Initialised {
  readonly config: string;
  readonly hostname: string;
  readonly data: string;
  readonly keys: string;
  readonly masterKey: string;
  readonly tlsKey: string;
  readonly tlsCertificate: string;
  /** The folder of throw-away certificates, if they were made. */
  readonly devCertificates?: string;
  readonly joined?: Joined;
}

const PORTS = [
  { name: 'submission', protocol: 'smtp', port: 587, tls: 'starttls' },
  { name: 'submissions', protocol: 'smtp', port: 465, tls: 'implicit' },
  { name: 'pop3', protocol: 'pop3', port: 110, tls: 'starttls' },
  { name: 'pop3s', protocol: 'pop3', port: 995, tls: 'implicit' },
] as const;

const API_PORT = { name: 'api', protocol: 'https', port: 443, tls: 'implicit' } as const;

/**
 * The port of health and metrics is port base + 80. Without a port base, it is the default of the
 * schema.
 */
const HTTP_ABOVE_BASE = 80;

/** Makes everything and resolves to where it is. Writes nothing if one of the files exists. */
export async function initialise(options: InitOptions): Promise<Initialised> {
  const config = resolve(options.config);
  const base = dirname(config);
  const { devCertificates: dev = false } = options;
  const certificates = resolve(base, options.certificates ?? (dev ? 'certs-dev' : 'tls'));
  const paths = {
    data: resolve(options.data ?? resolve(base, 'data')),
    keys: resolve(options.keys ?? resolve(base, 'keys')),
    masterKey: options.joining === undefined ? resolve(base, 'master.key') : resolve(options.joining),
    tlsKey: resolve(certificates, 'server-key.pem'),
    tlsCertificate: resolve(certificates, 'server.pem'),
  };
  const joins = options.joining !== undefined;
  // A join that was cut short is given again, so there may be a key folder already. If it belongs
  // to a store, it is checked once it is known which store the database has.
  const ours = joins ? (existsSync(resolve(paths.keys, 'store')) ? [] : [paths.keys]) : [paths.masterKey, paths.keys];
  refuseExisting([config, ...ours, resolve(paths.data, 'sluis.db')]);
  const hostname = options.hostname ?? nameOfMachine();

  const at = (path: string): string => (path.startsWith(`${base}/`) ? relative(base, path) : path);
  const text = writeTemplate({
    values: {
      hostname,
      'data.folder': at(paths.data),
      'keys.folder': at(paths.keys),
      'keys.master-key-file': at(paths.masterKey),
      'tls.key': at(paths.tlsKey),
      'tls.certificate': at(paths.tlsCertificate),
      ...httpPort(options),
      ...(options.postgres === undefined ? {} : postgresValues(options.postgres)),
    },
    listeners: [...PORTS, ...(options.api === true ? [API_PORT] : [])].map(({ name, protocol, port, tls }) => ({
      name,
      protocol,
      address: options.listen ?? (dev ? '127.0.0.1' : '0.0.0.0'),
      port: options.freePorts === true ? 0 : port + options.portBase,
      tls,
    })),
  });
  // The text is read back before anything is written. Certificates may still be missing, so they
  // are not read; the store needs none.
  const read = parsed(text, config);

  const owner = options.postgres === undefined || joins ? undefined : ownerOf(options.postgres);
  const [{ createStore, joinStore, lookAtOwner }, { createLog }] = await Promise.all([
    import('../../gateway/store.ts'),
    import('../../platform/log.ts'),
  ]);
  const effects = { clock: systemClock, log: createLog({ level: 'error', format: 'pretty' }) };
  // A database that cannot be reached fails the command before anything is written.
  if (owner !== undefined) await lookAtOwner(read, effects, owner);
  // The same holds for a database without a store, or with one that this gateway cannot join.
  const joined = joins ? await joinStore(read, effects) : undefined;
  mkdirSync(base, { recursive: true });
  if (dev) await developmentCertificates(certificates, hostname);
  if (!joins) writeNew(paths.masterKey, newMasterKey(randomBytes), 0o600);
  writeNew(config, text, 0o644);
  if (!joins) await createStore(read, effects, owner);
  return { config, hostname, ...paths, ...(dev && { devCertificates: certificates }), ...defined({ joined }) };
}

/**
 * Makes master key, key folder and store for a configuration that somebody else wrote, such as a
 * package. Writes nothing if one of them exists.
 * @throws {ConfigError} if the configuration cannot be used
 */
export async function initialiseFrom(file: string): Promise<Initialised> {
  const config = loadConfig(file, { files: false });
  const masterKey = config.keys['master-key-file'];
  if (masterKey === undefined || config.store.engine !== 'sqlite')
    throw new CommandError(
      'usage',
      `Cannot make keys and store of "${file}": expected keys.master-key-file and a store of SQLite; for PostgreSQL or a master key from a command use "sluis init" with its options and another --config`,
    );
  const { folder: data } = config.data;
  const { folder: keys } = config.keys;
  refuseExisting([masterKey, keys, resolve(data, 'sluis.db')]);
  const [{ createStore }, { createLog }] = await Promise.all([
    import('../../gateway/store.ts'),
    import('../../platform/log.ts'),
  ]);
  writeNew(masterKey, newMasterKey(randomBytes), 0o600);
  await createStore(config, { clock: systemClock, log: createLog({ level: 'error', format: 'pretty' }) });
  const { key: tlsKey, certificate } = config.tls;
  return {
    config: resolve(file),
    hostname: config.hostname,
    data,
    keys,
    masterKey,
    tlsKey: tlsKey[0] ?? '',
    tlsCertificate: certificate[0] ?? '',
  };
}

/**
 * Reads the new configuration. A mistake in it must come from the command line, since the rest is
 * our own template.
 */
function parsed(text: string, file: string): Config {
  try {
    return parseConfig(text, file, { files: false });
  } catch (error) {
    throw error instanceof ConfigError ? new CommandError('usage', error.message) : error;
  }
}

/** A port beside the others, so that two gateways on one machine do not want the same. */
function httpPort({ freePorts, portBase: base }: InitOptions): { readonly 'http.port'?: number } {
  if (freePorts === true) return { 'http.port': 0 };
  return base === 0 ? {} : { 'http.port': base + HTTP_ABOVE_BASE };
}

function nameOfMachine(): string {
  const name = machineName().toLowerCase();
  if (!name.includes('.'))
    throw new CommandError(
      'usage',
      `Cannot use "${name}", the name of this machine, as host name: it has no domain; give --hostname mail.example.nl`,
    );
  return name;
}
