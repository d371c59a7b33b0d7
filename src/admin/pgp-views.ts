/** An OpenPGP key of an account, as it is shown. Times are ISO 8601. */
import { z } from '../config/zod.ts';
import { againstPgpKey } from '../crypto/pgp/select.ts';
import { defined } from '../domain/defined.ts';
import { type Instant, iso } from '../domain/units.ts';
import { NO_END, type PgpKeyRecord } from '../store/pgp-keys.ts';

export const pgpKeyView = z.object({
  fingerprint: z.string(),
  account: z.string(),
  algorithm: z.string(),
  userIds: z.array(z.string()).readonly(),
  addresses: z.array(z.string()).readonly(),
  made: z.string(),
  encryptsUntil: z.string().optional().meta({ description: 'Absent: without end.' }),
  signsUntil: z.string().optional(),
  keyHeld: z.boolean(),
  revoked: z.object({ at: z.string(), reason: z.string() }).optional(),
  problem: z.string().optional().meta({ description: 'Why nothing is encrypted to it now; absent: it could be.' }),
});
export type PgpKeyView = z.infer<typeof pgpKeyView>;

const untilOf = <N extends string>(name: N, at: Instant): Partial<Record<N, string>> =>
  at === NO_END ? {} : ({ [name]: iso(at) } as Record<N, string>);

export function viewPgpKey(record: PgpKeyRecord, now: Instant): PgpKeyView {
  const problem = againstPgpKey(record, 'encrypt', now);
  return {
    fingerprint: record.fingerprint,
    account: record.login,
    algorithm: record.algorithm,
    userIds: record.userIds,
    addresses: record.emails,
    made: iso(record.createdAt),
    ...untilOf('encryptsUntil', record.encryptsUntil),
    ...untilOf('signsUntil', record.signsUntil),
    keyHeld: record.keyHeld,
    ...defined({ revoked: record.revoked && { at: iso(record.revoked.at), reason: record.revoked.reason }, problem }),
  };
}
