/**
 * What doctor says about the settings that mail programs look up: the records to publish, and names
 * that the certificate of its listener lacks.
 */
import { X509Certificate } from 'node:crypto';
import { readTlsMaterial } from '../config/files.ts';
import { hostnameOf } from '../config/listeners.ts';
import type { Config } from '../config/schema.ts';
import { servedPorts } from '../config/served-ports.ts';
import { setupHosts, setupListener } from '../config/setup.ts';
import { NO_SERVICE, type WantedRecord } from '../domain/dns-record.ts';
import type { DoctorFinding } from '../domain/doctor.ts';
import { type ServedPort, inOrder, portsForAll } from '../domain/served-port.ts';

const SERVICES: Readonly<Record<ServedPort['protocol'], Readonly<Record<ServedPort['tls'], string>>>> = {
  smtp: { implicit: '_submissions', starttls: '_submission' },
  pop3: { implicit: '_pop3s', starttls: '_pop3' },
};
/**
 * RFC 6186 section 3.4: the target is a dot if there is no such service, so that no program tries
 * it.
 */
const NOT_HERE = ['_imaps', '_imap'];

/**
 * The records to publish for each domain of `setup.domains`; none if that is empty. RFC 6186, RFC
 * 8314 section 5.1.
 */
export function setupRecords(config: Config): readonly WantedRecord[] {
  const web = setupListener(config);
  if (web === undefined) return [];
  const host = hostnameOf(config, web);
  const served = inOrder(portsForAll(servedPorts(config)));
  return config.setup.domains.flatMap((domain): readonly WantedRecord[] => [
    // Lower numbers go first: TLS from the first octet.
    ...served.map(({ protocol, host: at, port, tls }) =>
      srv(SERVICES[protocol][tls], domain, `${tls === 'implicit' ? 0 : 10} 1 ${port} ${at}.`),
    ),
    ...NOT_HERE.map((service) => srv(service, domain, NO_SERVICE)),
    srv('_autodiscover', domain, `0 1 ${web.port} ${host}.`),
    ...setupHosts(domain).map((name): WantedRecord => ({
      kind: 'setup',
      name: `${name}.`,
      type: 'CNAME',
      value: `${host}.`,
    })),
  ]);
}

const srv = (service: string, domain: string, value: string): WantedRecord => ({
  kind: 'setup',
  name: `${service}._tcp.${domain}.`,
  type: 'SRV',
  value,
});

/** Most names in one finding. */
const SHOWN = 5;

/** Findings about the settings of mail programs. Throws ConfigError if a file has gone. */
export function setupFindings(config: Config): readonly DoctorFinding[] {
  const web = setupListener(config);
  if (web === undefined) return [];
  const certificates = readTlsMaterial(config, web).map(({ certificate }) => new X509Certificate(certificate));
  const lacking = config.setup.domains
    .flatMap(setupHosts)
    .filter((name) => certificates.some((one) => one.checkHost(name) === undefined));
  if (lacking.length === 0) return [];
  const more = lacking.length > SHOWN ? ` and ${lacking.length - SHOWN} more` : '';
  return [
    {
      id: 'setup.certificate',
      severity: 'warning',
      what: `mail programs that look for their settings do not trust the listener ${web.name}: its certificate does not name ${lacking.slice(0, SHOWN).join(', ')}${more}; get one that does, or take the domain out of setup.domains`,
    },
  ];
}
