/**
 * Assembles doctor in the running gateway: the checks of `sluis doctor`, and those that need the
 * store.
 */
import { storeFindings } from '../admin/mail-findings.ts';
import { PURPOSE_REMINDER, withoutPurpose } from '../admin/purpose.ts';
import { generalFindings } from './doctor-checks.ts';
import { consoleFacts } from '../config/console.ts';
import { profileEnded } from '../config/listeners.ts';
import type { Config } from '../config/schema.ts';
import type { GatewayCertificates } from '../crypto/certificates/gateway-certificates.ts';
import { type DoctorFinding, SEVERITIES } from '../domain/doctor.ts';
import type { Clock, Log } from '../domain/effects.ts';
import { type Metric, gauge } from '../http/metric.ts';
import type { MailKeys } from '../protection/mail-keys.ts';
import type { Scanner } from '../scan/scanner.ts';
import type { Store } from '../store/port/store.ts';
import { Doctor } from '../trail/doctor.ts';
import { listenerFindings } from './doctor-listeners.ts';
import { daneFindings } from './doctor-dane.ts';
import { findingsOf } from './doctor-scan.ts';
import { setupFindings } from './doctor-setup.ts';

export interface GatewayDoctorParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly keys: Pick<MailKeys, 'gatewayKeyProblem'>;
  readonly certificates: () => Promise<GatewayCertificates>;
  /**
   * The TCP port that a listener has: the one that it got if the configuration says 0. Undefined if
   * it has none.
   */
  readonly portOf: (name: string) => number | undefined;
  /** Absent if nothing is scanned. */
  readonly scanner?: Pick<Scanner, 'examined'> | undefined;
  /** Mail programs that are stuck at a message. */
  readonly stuck: () => number;
}

export function gatewayDoctor(
  config: Config,
  { store, clock, log, keys, certificates, portOf, scanner, stuck }: GatewayDoctorParts,
): Doctor {
  const examine = async (): Promise<readonly DoctorFinding[]> => {
    const found: DoctorFinding[] = [...(await generalFindings(config, clock.now()))];
    if ((await withoutPurpose(store, 1)).length > 0) found.push(PURPOSE_REMINDER);
    const secondPerson = config.operators['second-person'];
    const { page } = consoleFacts(config);
    const more = { secondPerson, page, now: clock.now(), stuck: stuck() };
    found.push(...(await storeFindings({ store, keys, certificates, ...more })));
    if (store.health().unread) found.push(UNREAD);
    if (scanner !== undefined) found.push(...findingsOf(scanner.examined, config.scan, clock));
    found.push(...(await daneFindings(config, clock)));
    found.push(...setupFindings(config));
    for (const listener of config.listener) {
      if (profileEnded(listener, clock.now())) continue;
      const port = portOf(listener.name);
      found.push(
        ...(port === undefined ? [portless(listener)] : await listenerFindings(config, { ...listener, port })),
      );
    }
    return found;
  };
  return new Doctor({ clock, log, examine, audit: store.audit, every: config.doctor.every });
}

const UNREAD: DoctorFinding = {
  id: 'store.unread',
  severity: 'warning',
  what: 'not every page of the database was read since the last crash: wait for store.checked in the log (1 to 10 minutes for 100 GB); after store.not-checked the next start reads them',
};

/**
 * The service manager may hand over a socket of another kind than TCP. A listener that was not
 * examined does not pass.
 */
const portless = ({ name }: Config['listener'][number]): DoctorFinding => ({
  id: `listener.${name}`,
  severity: 'warning',
  what: 'it cannot be examined: it is open on no TCP port; give it one, in the configuration or in the socket unit',
});

export const doctorMetrics = (doctor: Doctor): readonly Metric[] => [
  gauge('sluis_doctor_last_run_timestamp_seconds', 'When the gateway last examined itself.', [], () => {
    const { ranAt } = doctor.state;
    return ranAt === undefined ? [] : [{ value: ranAt / 1000 }];
  }),
  gauge('sluis_doctor_findings', 'What it found then, by severity: failure, warning.', ['severity'], () =>
    SEVERITIES.map((severity) => ({
      labels: { severity },
      value: doctor.state.findings.filter((finding) => finding.severity === severity).length,
    })),
  ),
];
