/**
 * What `check` and `doctor` say about the registry: organisations whose purpose nobody has stated,
 * and encryption that is required but cannot be kept. They ask the running gateway; without one,
 * nothing is opened.
 */
import { PURPOSE_REMINDER } from '../admin/purpose.ts';
import type { Here } from '../commands/core/row.ts';
import type { DoctorFinding } from '../domain/doctor.ts';

/** Never rejects: a gateway that cannot be asked is a finding of its own. */
export async function privacyFindings(here: Here): Promise<readonly DoctorFinding[]> {
  try {
    const found = await here.running(async (gateway) => {
      const { missing } = await gateway.callNamed<{ readonly missing: boolean }>('privacy.purpose', {});
      return [
        ...(missing ? [PURPOSE_REMINDER] : []),
        ...(await gateway.callNamed<readonly DoctorFinding[]>('gateway.findings', {})),
      ];
    });
    return found ?? [];
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return [
      {
        id: 'privacy',
        severity: 'warning',
        what: `the running gateway cannot be asked whether organisations lack a purpose, or encryption that is required cannot be kept: ${why}`,
      },
    ];
  }
}
