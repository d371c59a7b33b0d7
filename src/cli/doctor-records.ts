/**
 * The work of `sluis doctor --records`: it reads the configuration, asks the DNS, and looks at the
 * listener to which mail servers connect.
 */
import { rootCertificates } from 'node:tls';
import type { Here } from '../commands/core/row.ts';
import type { RecordsReport } from '../commands/doctor-records.ts';
import { readTlsMaterial } from '../config/files.ts';
import { profileEnded } from '../config/listeners.ts';
import type { Config } from '../config/schema.ts';
import { examineListener } from '../gateway/doctor-listeners.ts';
import { mailTests } from '../gateway/doctor-mail-test.ts';
import type { MailTestFacts } from '../gateway/doctor-mail-test-facts.ts';
import { askOf, checkRecords } from '../gateway/doctor-records.ts';
import { mtaStsPolicy, ownRecords } from '../gateway/own-records.ts';
import { systemClock } from '../platform/clock.ts';
import { ProbeFailed } from '../platform/tls-probe-connection.ts';

export async function examineRecords(here: Here): Promise<RecordsReport> {
  const config = here.config();
  const { hostname } = config;
  const ask = await askOf(config, systemClock);
  const records = await checkRecords(ownRecords(config), ask);
  const listener = await mailListener(config);
  const tests = await mailTests({
    hostname,
    listener,
    records,
    ask,
    authorities: rootCertificates,
    now: systemClock.now(),
  });
  return { hostname, records, policy: mtaStsPolicy(hostname), tests };
}

/** The listener on port 25, or else the first one with STARTTLS. */
async function mailListener(config: Config): Promise<MailTestFacts['listener']> {
  const fit = config.listener.filter(
    (one) => one.protocol === 'smtp' && one.tls === 'starttls' && !profileEnded(one, systemClock.now()),
  );
  const listener = fit.find(({ port }) => port === 25) ?? fit[0];
  if (listener === undefined) return undefined;
  const certificates = readTlsMaterial(config, listener)[0]?.certificate ?? '';
  try {
    return { port: listener.port, report: await examineListener(config, listener), certificates };
  } catch (error) {
    if (!(error instanceof ProbeFailed)) throw error;
    return { port: listener.port, report: 'silent', certificates };
  }
}
