/**
 * Rows of the trail with the field names of NEN 7513 and the logins of their accounts, for an
 * export and for a collector of logs.
 */
import type { ChainRow } from '../domain/audit-row.ts';
import type { AccountId } from '../domain/ids.ts';
import { type Nen7513Record, type Nen7513Site, nen7513Of } from '../domain/nen7513.ts';
import type { Names } from './names.ts';

/** One record for each row, in the same order. Rejects if the registry cannot be read. */
export async function nen7513Records(
  rows: readonly ChainRow[],
  { hostname, personal, names }: Pick<Nen7513Site, 'hostname' | 'personal'> & { readonly names: Names },
): Promise<readonly Nen7513Record[]> {
  const records: Nen7513Record[] = [];
  for (const row of rows) {
    // A login name can be the name of a person, so it is left out with the personal fields.
    const named = row.account !== null && personal ? await names.account(row.account as AccountId) : undefined;
    const account = row.account === null ? undefined : (named ?? `account ${row.account}`);
    records.push(nen7513Of(row, { hostname, personal, account }));
  }
  return records;
}
