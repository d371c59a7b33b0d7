/** `sluis check`: reads everything that `serve` reads, starts nothing and changes nothing. */
import { X509Certificate } from 'node:crypto';
import type { Command } from 'commander';
import { loadConfig, readTlsMaterial } from '../config/load.ts';
import { readMasterKey } from '../config/master-key.ts';
import type { Config } from '../config/schema.ts';
import { days } from '../domain/units.ts';
import { systemClock } from '../platform/clock.ts';
import { serverTlsOptions } from '../platform/tls.ts';
import { type CommonOptions, reading } from './options.ts';
import { facts, print } from './output.ts';
import type { Terminal } from './terminal.ts';

const SOON = days(30);

export function addCheckCommand(terminal: Terminal, program: Command): void {
  reading(program.command('check'))
    .description('check the configuration, the keys and the certificate')
    .action(async (options: CommonOptions) => {
      const config = loadConfig(options.config);
      await readMasterKey(config);
      const material = readTlsMaterial(config);
      serverTlsOptions(material, systemClock.now());
      const report = reportOf(config, new X509Certificate(material.certificate));
      print(terminal, options, report, () =>
        [
          facts([
            ['Configuration', config.file],
            ['Host name', config.hostname],
            ['Data', config.data.folder],
            ['Keys', config.keys.folder],
            [
              'Certificate',
              `valid until ${report.certificate.ends.slice(0, 10)}, for ${report.certificate.names.join(', ')}`,
            ],
          ]),
          ...config.listener.map((l) => `Listener ${l.name}: ${l.protocol}, ${l.tls} TLS, ${l.address} port ${l.port}`),
          ...report.warnings.map((w) => `Warning: ${w}`),
          'The configuration can be used.',
        ].join('\n'),
      );
    });
}

function reportOf(config: Config, certificate: X509Certificate) {
  const ends = new Date(certificate.validTo);
  const names = (certificate.subjectAltName ?? '').split(', ').map((name) => name.replace(/^(DNS|IP Address):/, ''));
  const warnings: string[] = [];
  if (certificate.checkHost(config.hostname) === undefined)
    warnings.push(`the certificate does not name ${config.hostname}; mail programs will refuse it: get one that does`);
  if (ends.getTime() - systemClock.now() < SOON)
    warnings.push(`the certificate ends on ${ends.toISOString().slice(0, 10)}; replace it and run "sluis reload"`);
  if (new Date(certificate.validFrom).getTime() > systemClock.now())
    warnings.push(`the certificate is valid only from ${certificate.validFrom}; check the clock of this machine`);
  return { config: config.file, hostname: config.hostname, certificate: { ends: ends.toISOString(), names }, warnings };
}
