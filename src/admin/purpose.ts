/** Organisations for which nobody has stated the purpose of processing. */
import type { DoctorFinding } from '../domain/doctor.ts';
import { PRIVACY_SETTINGS } from '../domain/settings/privacy.ts';
import type { Store } from '../store/port/store.ts';
import { everyOrganisation } from './every-organisation.ts';

export interface WithoutPurpose {
  readonly organisation: string;
  readonly missing: readonly string[];
}

export const PURPOSE_REMINDER: DoctorFinding = {
  id: 'privacy',
  severity: 'warning',
  what: 'nobody said purpose, legal basis or processor agreement of some organisations: "sluis privacy report" names them',
};

/**
 * Organisations that lack one of the settings, at most `most` of them. One that was erased no
 * longer has any data.
 */
export async function withoutPurpose(
  { registry }: Pick<Store, 'registry'>,
  most: number,
): Promise<readonly WithoutPurpose[]> {
  const found: { organisation: string; missing: readonly string[] }[] = [];
  for await (const page of everyOrganisation(registry))
    for (const { name, title, settings } of page) {
      const missing = PRIVACY_SETTINGS.filter((each) => settings[each] === undefined || settings[each] === 'none');
      if (missing.length > 0 && title !== 'erased') found.push({ organisation: name, missing });
      if (found.length === most) return found;
    }
  return found;
}
