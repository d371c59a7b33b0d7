/**
 * What `sluis check` finds. It reads everything that `serve` reads, starts nothing and changes
 * nothing.
 */
import { X509Certificate } from 'node:crypto';
import { hostnameOf, refuseEndedProfiles, tlsFilesFor } from '../config/listeners.ts';
import { readTlsMaterial } from '../config/files.ts';
import type { Here } from '../commands/core/row.ts';
import type { Config } from '../config/schema.ts';
import { defined } from '../domain/defined.ts';
import { days } from '../domain/units.ts';
import type { ServersReport } from '../gateway/postgres-check.ts';
import { generalFindings } from '../gateway/doctor-checks.ts';
import { daneFindings } from '../gateway/doctor-dane.ts';
import { scanFindings } from '../gateway/doctor-scan.ts';
import { systemClock } from '../platform/clock.ts';
import { TlsMaterialError, postQuantumWarning, serverTlsOptions } from '../platform/tls.ts';
import { lookAsGateway } from './check-as-gateway.ts';
import { fileWarnings } from './check-files.ts';
import { privacyFindings } from './privacy-reminder.ts';
import { refuseOpenssl } from './openssl.ts';
import { readableDay } from './output.ts';
import { storeReasons } from './readiness.ts';

const SOON = days(30);
const SUFFICIENT_RSA = 3072;

export interface CheckReport {
  config: string;
  hostname: string;
  node: string;
  openssl: string;
  data: string;
  keys: string;
  user?: string;
  listeners: {
    name: string;
    protocol: string;
    tls: string;
    profile: string;
    address: string;
    port: number;
    until?: string | undefined;
    accounts: number;
    networks: string[];
  }[];
  certificates: { key: string; ends: string; names: string[]; listener?: string | undefined }[];
  warnings: string[];
  reasons: { name: string; text: string }[];
  servers?: ServerView[];
}

interface ServerView {
  server: string;
  name?: string;
  site?: string;
  role?: 'primary' | 'old primary' | 'standby' | 'unknown';
  version?: string;
  tls?: string;
  lag?: number;
  problem?: string;
}

/**
 * Throws ConfigError, TlsMaterialError, or another error that a start of the gateway would throw.
 */
export async function checkReport(here: Here): Promise<CheckReport> {
  refuseOpenssl();
  const config = here.config();
  const files = await fileWarnings(config);
  const found = [
    ...(await generalFindings(config, systemClock.now())),
    ...(await scanFindings(config, systemClock)),
    ...(await daneFindings(config, systemClock)),
    ...(await privacyFindings(here)),
  ];
  refuseEndedProfiles(config, systemClock.now());
  const servers = await serversOf(config);
  const more = [...files, ...found.map(({ what }) => what), ...(servers?.warnings ?? [])];
  const reasons = [...(await storeReasons(here))];
  const certificates = served(config);
  const seen = await lookAsGateway(config);
  if (servers?.not !== undefined) reasons.push({ name: 'not-acknowledged', text: servers.not });
  return {
    ...reportOf(config, certificates, [...more, ...seen.warnings]),
    ...defined({ user: seen.user }),
    reasons,
    ...(servers === undefined ? {} : { servers: servers.servers.map((one) => ({ ...one })) }),
  };
}

/** The servers of PostgreSQL; undefined for SQLite. */
async function serversOf(config: Config): Promise<ServersReport | undefined> {
  if (config.store.engine !== 'postgres') return undefined;
  return await (await import('../gateway/postgres-check.ts')).checkServers(config, systemClock);
}

/**
 * Mail servers begin in plain text on port 25 (RFC 3207). They send nothing that a listener could
 * understand if it waits for a TLS handshake.
 */
const port25 = ({ name, protocol, port, tls }: Config['listener'][number]): string[] =>
  port === 25 && protocol === 'smtp' && tls === 'implicit'
    ? [
        `listener ${name} has TLS from the first octet on port 25, where mail servers ask for STARTTLS: set tls = "starttls"`,
      ]
    : [];

interface ServedCertificate {
  readonly certificate: X509Certificate;
  readonly file: string | undefined;
  readonly hostname: string;
  /** The listener, if only that one uses the certificate. */
  readonly listener?: string;
}

/**
 * Every certificate once for each name that clients will look for in it. Throws ConfigError or
 * TlsMaterialError.
 */
function served(config: Config): readonly ServedCertificate[] {
  const found = new Map<string, readonly ServedCertificate[]>();
  for (const listener of config.listener) {
    const material = readTlsMaterial(config, listener);
    serverTlsOptions(material, systemClock.now(), listener.profile);
    const { where } = tlsFilesFor(config, listener);
    const hostname = hostnameOf(config, listener);
    const own = where === 'tls' && hostname === config.hostname ? {} : { listener: listener.name };
    found.set(
      `${where} ${hostname}`,
      material.map(({ certificate, files }) => ({
        certificate: new X509Certificate(certificate),
        file: files?.certificate,
        hostname,
        ...own,
      })),
    );
  }
  const all = [...found.values()].flat();
  for (const shown of all) refuseOtherName(shown);
  return all;
}

/**
 * Throws TlsMaterialError if the certificate does not have this name. `serve` starts all the same:
 * a gateway with the wrong name still serves clients that do not look at it.
 */
function refuseOtherName({ certificate, file, hostname, listener }: ServedCertificate): void {
  if (certificate.checkHost(hostname) !== undefined) return;
  throw new TlsMaterialError(
    `Cannot use the TLS certificate${file === undefined ? '' : ` "${file}"`}${listener === undefined ? '' : ` of listener "${listener}"`}: it names ${namesOf(certificate).join(', ') || 'nobody'}, not ${hostname}, so mail programs refuse it; get one that does, or correct the hostname`,
  );
}

const namesOf = ({ subjectAltName = '' }: X509Certificate): readonly string[] =>
  subjectAltName === '' ? [] : subjectAltName.split(', ').map((name) => name.replace(/^(DNS|IP Address):/, ''));

function reportOf(
  config: Config,
  certificates: readonly ServedCertificate[],
  more: readonly string[],
): Omit<CheckReport, 'reasons'> {
  const judged = certificates.map(({ certificate, listener }) => ({ ...judge(certificate), ...defined({ listener }) }));
  const legacy = config.listener.flatMap(({ name, 'profile-until': until }) =>
    until === undefined
      ? []
      : [`listener ${name} takes CBC suites until ${until}, which the NCSC-NL guidelines phase out`],
  );
  const warning = postQuantumWarning();
  return {
    config: config.file,
    hostname: config.hostname,
    node: process.versions.node,
    openssl: process.versions.openssl,
    data: config.data.folder,
    keys: config.keys.folder,
    listeners: config.listener.map(({ name, protocol, tls, profile, address, port, accounts, networks, ...more }) => ({
      name,
      protocol,
      tls,
      profile,
      address,
      port,
      accounts: accounts.length,
      networks: [...networks],
      ...defined({ until: more['profile-until'] }),
    })),
    certificates: judged.map(({ warnings: _, ...facts }) => facts),
    warnings: [
      ...judged.flatMap(({ warnings }) => warnings),
      ...legacy,
      ...config.listener.flatMap(port25),
      ...(warning === undefined ? [] : [warning]),
      ...more,
    ],
  };
}

function judge(certificate: X509Certificate) {
  const ends = new Date(certificate.validTo);
  const names = namesOf(certificate);
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = certificate.publicKey;
  const bits = details?.modulusLength;
  const key = type === 'ec' ? `ECDSA ${details?.namedCurve ?? ''}` : `${(type ?? '').toUpperCase()} ${bits ?? ''}`;
  const warnings: string[] = [];
  if (ends.getTime() - systemClock.now() < SOON)
    warnings.push(`the certificate ends on ${readableDay(ends.toISOString())}; replace it and run "sluis reload"`);
  if (new Date(certificate.validFrom).getTime() > systemClock.now())
    warnings.push(`the certificate is valid only from ${certificate.validFrom}; check the clock of this machine`);
  if (bits !== undefined && bits < SUFFICIENT_RSA)
    warnings.push(
      `the RSA key of the certificate has ${bits} bits; the NCSC-NL guidelines ask for ${SUFFICIENT_RSA} or more`,
    );
  return { key: key.trim(), ends: ends.toISOString(), names: [...names], warnings };
}
