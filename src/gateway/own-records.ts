/**
 * What to publish in the DNS for the gateway's own name, for domains whose mail it signs, and for
 * domains whose mail programs look up their settings here: TLSA, MTA-STS, SPF, DKIM, DMARC, SRV.
 */
import { X509Certificate, createHash } from 'node:crypto';
import { readTlsMaterial } from '../config/files.ts';
import { hostnameOf } from '../config/listeners.ts';
import type { Config } from '../config/schema.ts';
import type { DkimKey } from '../crypto/dkim/dkim.ts';
import { dkimRecord, readDkimKeys } from '../crypto/dkim/dkim-keys.ts';
import type { WantedRecord } from '../domain/dns-record.ts';
import { setupRecords } from './doctor-setup.ts';

/**
 * The MTA-STS policy of the gateway's own name (RFC 8461 section 3.2), served at
 * https://mta-sts.HOSTNAME/.well-known/mta-sts.txt.
 */
export const mtaStsPolicy = (hostname: string): string =>
  ['version: STSv1', 'mode: enforce', `mx: ${hostname}`, 'max_age: 1209600', ''].join('\r\n');

/** Throws ConfigError if a file has gone, and Unusable for a DKIM key that cannot be used. */
export function ownRecords(config: Config): readonly WantedRecord[] {
  const { hostname } = config;
  const keys = dkimKeysOf(config);
  const domains = [...new Set([hostname, ...keys.map(({ domain }) => domain)])];
  const policyId = createHash('sha256').update(mtaStsPolicy(hostname)).digest('hex').slice(0, 16);
  return [
    ...tlsaRecords(config),
    txt('mta-sts', `_mta-sts.${hostname}`, `v=STSv1; id=${policyId}`),
    // Mail that the gateway pushes leaves only from its own addresses.
    ...domains.map((domain) => txt('spf', domain, domain === hostname ? 'v=spf1 a -all' : `v=spf1 a:${hostname} -all`)),
    ...keys.map((key) => {
      const { name, value } = dkimRecord(key);
      return txt('dkim', name, value);
    }),
    ...domains.map((domain) => txt('dmarc', `_dmarc.${domain}`, 'v=DMARC1; p=reject')),
    ...setupRecords(config),
  ];
}

const txt = (kind: WantedRecord['kind'], name: string, value: string): WantedRecord => ({
  kind,
  name: `${name}.`,
  type: 'TXT',
  value,
});

/** Keys that sign, and those that wait for their record. */
function dkimKeysOf({ delivery: { 'dkim-keys': folder } }: Config): readonly DkimKey[] {
  return folder === undefined ? [] : [...readDkimKeys(folder), ...readDkimKeys(folder, 'waiting')];
}

/**
 * TLSA records of the keys of listeners that mail servers speak to (3 1 1): a renewal with the same
 * key changes nothing.
 */
function tlsaRecords(config: Config): readonly WantedRecord[] {
  const found = config.listener
    .filter(({ protocol, port }) => protocol === 'smtp' && port !== 0)
    .flatMap((listener) =>
      readTlsMaterial(config, listener).map(({ certificate }): WantedRecord => {
        const spki = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' });
        const value = `3 1 1 ${createHash('sha256').update(spki).digest('hex')}`;
        return { kind: 'tlsa', name: `_${listener.port}._tcp.${hostnameOf(config, listener)}.`, type: 'TLSA', value };
      }),
    );
  return found.filter((one, n) => found.findIndex((o) => o.name === one.name && o.value === one.value) === n);
}
