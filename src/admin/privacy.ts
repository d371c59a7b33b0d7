/** What is kept beyond anybody's need, and which organisations nobody said a purpose of: what a privacy officer asks for. */
import { defined } from '../domain/defined.ts';
import { PRIVACY_SETTINGS } from '../domain/settings/privacy.ts';
import type { DoctorFinding } from '../domain/doctor.ts';
import type { AccountId } from '../domain/ids.ts';
import type { Instant } from '../domain/units.ts';
import type { Store } from '../store/port/store.ts';
import { everyOrganisation } from './every-organisation.ts';
import { type KeptDayView, keptDays } from './kept-days.ts';
import { listing } from './operation.ts';

const PAGE = 1000;
/** Organisations that are named. */
const NAMED = 100;

export interface PrivacyView {
  /** Acceptance of the oldest one, ISO 8601; absent where there is none. */
  readonly oldest: {
    readonly uncollected?: string;
    readonly waiting?: string;
    readonly held?: string;
    readonly audit?: string;
  };
  /** Without purpose, legal basis or processor agreement, at most 100. */
  readonly organisations: readonly { readonly organisation: string; readonly missing: readonly string[] }[];
  readonly moreOrganisations: boolean;
  /** Days before yesterday that can still be read, and what keeps them; oldest first. */
  readonly days: readonly KeptDayView[];
}

export const PURPOSE_REMINDER: DoctorFinding = {
  id: 'privacy',
  severity: 'warning',
  what: 'nobody said purpose, legal basis or processor agreement of some organisations: "sluis privacy report" names them',
};

export const privacyOperations = {
  /** For `check` and `doctor`: whether some organisation lacks one. */
  'privacy.purpose': listing(
    () => undefined,
    async ({ store }): Promise<{ missing: boolean }> => ({ missing: (await withoutPurpose(store, 1)).length > 0 }),
  ),
  'privacy.report': listing(
    () => undefined,
    async ({ store, clock }): Promise<PrivacyView> => {
      const without = await withoutPurpose(store, NAMED + 1);
      const [row] = await store.audit.chain({ fromSeq: 1, limit: 1 });
      const state = async (of: 'waiting' | 'held') =>
        (await store.deliveries.list({ limit: 1, states: [of] }))[0]?.message.receivedAt;
      return {
        oldest: {
          ...told('uncollected', await oldestUncollected(store, clock.now())),
          ...told('waiting', await state('waiting')),
          ...told('held', await state('held')),
          ...told('audit', row?.at),
        },
        organisations: without.slice(0, NAMED),
        moreOrganisations: without.length > NAMED,
        days: await keptDays(store, clock.now()),
      };
    },
  ),
};

const told = (name: string, at: number | undefined): Record<string, string> =>
  at === undefined ? {} : { [name]: new Date(at).toISOString() };

async function oldestUncollected({ deliveries }: Store, before: Instant): Promise<Instant | undefined> {
  let oldest: Instant | undefined;
  for (let after: AccountId | undefined; ;) {
    const page = await deliveries.uncollected({ before, limit: PAGE, ...defined({ after }) });
    for (const mailbox of page) if (oldest === undefined || mailbox.oldest < oldest) oldest = mailbox.oldest;
    after = page.at(-1)?.account;
    if (after === undefined || page.length < PAGE) return oldest;
  }
}

/** Organisations that lack one of the settings, up to `most`. One that was erased has nothing any more. */
export async function withoutPurpose(
  { registry }: Pick<Store, 'registry'>,
  most: number,
): Promise<PrivacyView['organisations']> {
  const found: { organisation: string; missing: readonly string[] }[] = [];
  for await (const page of everyOrganisation(registry))
    for (const { name, title, settings } of page) {
      const missing = PRIVACY_SETTINGS.filter((each) => settings[each] === undefined || settings[each] === 'none');
      if (missing.length > 0 && title !== 'erased') found.push({ organisation: name, missing });
      if (found.length === most) return found;
    }
  return found;
}
