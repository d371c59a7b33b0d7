/**
 * What `check` and `doctor` say of what the registry holds: organisations whose purpose nobody said, and encryption that is required and cannot be
 * kept. The running gateway is asked; without one nothing is opened.
 */
import { connectControl } from '../admin/client.ts';
import { PURPOSE_REMINDER } from '../admin/purpose.ts';
import { controlSocketOf } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import type { DoctorFinding } from '../domain/doctor.ts';
import { type CommonOptions, callerOf } from './options.ts';

/** Never rejects: that the gateway cannot be asked is a finding of its own. */
export async function privacyFindings(config: Config, options: CommonOptions): Promise<readonly DoctorFinding[]> {
  try {
    const client = await connectControl(controlSocketOf(config), callerOf(options));
    if (client === undefined) return [];
    try {
      const purpose = (await client.call('privacy.purpose', {})).missing ? [PURPOSE_REMINDER] : [];
      return [...purpose, ...(await client.call('mail.findings', {}))];
    } finally {
      await client.close();
    }
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
