/** `sluis check`: reads everything that `serve` reads, starts nothing and changes nothing. */
import { X509Certificate } from 'node:crypto';
import type { Command } from 'commander';
import { readAuthorities } from '../auth/authorities.ts';
import { loadConfig, readClientAuthorities, readTlsMaterial, refuseEndedProfiles } from '../config/load.ts';
import { readMasterKey } from '../config/master-key.ts';
import type { Config } from '../config/schema.ts';
import { days } from '../domain/units.ts';
import { systemClock } from '../platform/clock.ts';
import { serverTlsOptions } from '../platform/tls.ts';
import { type CommonOptions, reading } from './options.ts';
import { facts, print } from './output.ts';
import type { Terminal } from './terminal.ts';

const SOON = days(30);
const SUFFICIENT_RSA = 3072;

export function addCheckCommand(terminal: Terminal, program: Command): void {
  reading(program.command('check'))
    .description('check the configuration, the keys and the certificate')
    .action(async (options: CommonOptions) => {
      const config = loadConfig(options.config);
      await readMasterKey(config);
      const material = readTlsMaterial(config);
      refuseEndedProfiles(config, systemClock.now());
      for (const { profile } of config.listener) serverTlsOptions(material, systemClock.now(), profile);
      readAuthorities(readClientAuthorities(config));
      const report = reportOf(
        config,
        material.map(({ certificate }) => new X509Certificate(certificate)),
      );
      print(terminal, options, report, () =>
        [
          facts([
            ['Configuration', config.file],
            ['Host name', config.hostname],
            ['Data', config.data.folder],
            ['Keys', config.keys.folder],
            ...report.certificates.map(
              ({ key, ends, names }) =>
                ['Certificate', `${key}, valid until ${ends.slice(0, 10)}, for ${names.join(', ')}`] as const,
            ),
          ]),
          ...config.listener.map(
            (l) =>
              `Listener ${l.name}: ${l.protocol}, ${l.tls} TLS, profile ${l.profile}${l['profile-until'] === undefined ? '' : ` until ${l['profile-until']}`}, ${l.address} port ${l.port}`,
          ),
          ...report.warnings.map((w) => `Warning: ${w}`),
          'The configuration can be used.',
        ].join('\n'),
      );
    });
}

function reportOf(config: Config, certificates: readonly X509Certificate[]) {
  const judged = certificates.map((certificate) => judge(certificate, config.hostname));
  const legacy = config.listener.flatMap(({ name, 'profile-until': until }) =>
    until === undefined
      ? []
      : [`listener ${name} takes CBC suites until ${until}, which the NCSC-NL guidelines phase out`],
  );
  return {
    config: config.file,
    hostname: config.hostname,
    certificates: judged.map(({ warnings: _, ...facts }) => facts),
    warnings: [...judged.flatMap(({ warnings }) => warnings), ...legacy],
  };
}

function judge(certificate: X509Certificate, hostname: string) {
  const ends = new Date(certificate.validTo);
  const names = (certificate.subjectAltName ?? '').split(', ').map((name) => name.replace(/^(DNS|IP Address):/, ''));
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = certificate.publicKey;
  const bits = details?.modulusLength;
  const key = type === 'ec' ? `ECDSA ${details?.namedCurve ?? ''}` : `${(type ?? '').toUpperCase()} ${bits ?? ''}`;
  const warnings: string[] = [];
  if (certificate.checkHost(hostname) === undefined)
    warnings.push(`the certificate does not name ${hostname}; mail programs will refuse it: get one that does`);
  if (ends.getTime() - systemClock.now() < SOON)
    warnings.push(`the certificate ends on ${ends.toISOString().slice(0, 10)}; replace it and run "sluis reload"`);
  if (new Date(certificate.validFrom).getTime() > systemClock.now())
    warnings.push(`the certificate is valid only from ${certificate.validFrom}; check the clock of this machine`);
  if (bits !== undefined && bits < SUFFICIENT_RSA)
    warnings.push(
      `the RSA key of the certificate has ${bits} bits; the NCSC-NL guidelines ask for ${SUFFICIENT_RSA} or more`,
    );
  return { key: key.trim(), ends: ends.toISOString(), names, warnings };
}
