/** Doctor in the running gateway, assembled: the checks of `sluis doctor`, and what only the store knows. */
import { certificateFindings, endingFinding } from '../admin/endings.ts';
import { gatewayKeyFinding } from '../admin/mail-findings.ts';
import { PURPOSE_REMINDER, withoutPurpose } from '../admin/privacy.ts';
import { generalFindings } from '../cli/doctor-checks.ts';
import { listenerFindings } from '../cli/doctor-listeners.ts';
import { profileEnded } from '../config/listeners.ts';
import type { Config } from '../config/schema.ts';
import type { GatewayCertificates } from '../crypto/gateway-certificates.ts';
import { type DoctorFinding, SEVERITIES } from '../domain/doctor.ts';
import type { Clock, Log } from '../domain/effects.ts';
import { type Metric, gauge } from '../http/metric.ts';
import type { MailKeys } from '../middleware/mail-keys.ts';
import type { Store } from '../store/store.ts';
import { Doctor } from '../trail/doctor.ts';

export interface GatewayDoctorParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly keys: Pick<MailKeys, 'gatewayKeyProblem'>;
  readonly certificates: () => Promise<GatewayCertificates>;
  /** The port that a listener has; undefined where it is closed. */
  readonly portOf: (name: string) => number | undefined;
}

export function gatewayDoctor(
  config: Config,
  { store, clock, log, keys, certificates, portOf }: GatewayDoctorParts,
): Doctor {
  const examine = async (): Promise<readonly DoctorFinding[]> => {
    const found: DoctorFinding[] = [...(await generalFindings(config, clock.now()))];
    if (config.operators['second-person'].length > 0 && (await store.operators.list()).length < 2)
      found.push({
        id: 'operators',
        severity: 'warning',
        what: 'verbs need a second person, and fewer than two operators are registered: "sluis operator add"',
      });
    if ((await withoutPurpose(store, 1)).length > 0) found.push(PURPOSE_REMINDER);
    const gatewayKey = await gatewayKeyFinding(keys, store.registry);
    if (gatewayKey !== undefined) found.push(gatewayKey);
    const ending = await endingFinding(store, clock.now());
    if (ending !== undefined) found.push(ending);
    found.push(...certificateFindings(await certificates(), clock.now()));
    for (const listener of config.listener) {
      const port = portOf(listener.name);
      if (port !== undefined && !profileEnded(listener, clock.now()))
        found.push(...(await listenerFindings(config, { ...listener, port })));
    }
    return found;
  };
  return new Doctor({ clock, log, examine, audit: store.audit, every: config.doctor.every });
}

export const doctorMetrics = (doctor: Doctor): readonly Metric[] => [
  gauge('sluis_doctor_last_run_timestamp_seconds', 'When doctor last looked at everything by itself.', [], () => {
    const { ranAt } = doctor.state;
    return ranAt === undefined ? [] : [{ value: ranAt / 1000 }];
  }),
  gauge('sluis_doctor_findings', 'What doctor found then, by severity.', ['severity'], () =>
    SEVERITIES.map((severity) => ({
      labels: { severity },
      value: doctor.state.findings.filter((finding) => finding.severity === severity).length,
    })),
  ),
];
