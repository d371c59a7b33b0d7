/** Reads of addresses. */
import type { Address } from '../../domain/address.ts';
import { defined } from '../../domain/defined.ts';
import type { AccountId } from '../../domain/ids.ts';
import { type RegisteredAddress, type State, addressAt, foldLogin } from '../../domain/registry.ts';
import type { Page } from '../registry.ts';
import { type Row, as, int, optional, text, time } from '../sql/columns.ts';
import { type Part, words } from '../sql/parts.ts';
import { type Change, type Now, sql } from '../sql/sql.ts';
import { SETTINGS } from './organisations.ts';
import { limitOf } from './page.ts';

/** The earliest of these moments; NULL where none is set. */
type Earliest = (...moments: readonly string[]) => string;
const NEVER = Number.MAX_SAFE_INTEGER;
const inSqlite: Earliest = (...moments) =>
  `nullif(min(${moments.map((moment) => `ifnull(${moment}, ${NEVER})`).join(', ')}), ${NEVER})`;
const inPostgres: Earliest = (...moments) => `least(${moments.join(', ')})`;
/** Words with the earliest of some moments in them. */
export const withEarliest = (text: (earliest: Earliest) => string): Part => words(text(inSqlite), text(inPostgres));

export const ADDRESS = {
  address: as<Address>(text),
  account: as<AccountId>(int),
  addressEnds: optional(time),
  addressSettings: SETTINGS,
  addressState: as<State>(text),
  finalAt: optional(time),
  successor: optional(as<Address>(text)),
};
/** Columns of the table `d`, with the tables of `OWNER`. */
export const ADDRESS_COLUMNS = withEarliest(
  (earliest) => `
  d.address, d.account, d.ends_at AS address_ends, d.settings AS address_settings,
  CASE WHEN d.final_at IS NULL AND a.ends_at IS NULL AND o.ends_at IS NULL THEN d.state ELSE 'ended' END AS address_state,
  CASE WHEN d.state = 'ended' THEN NULL ELSE ${earliest('d.final_at', 'a.ends_at', 'o.ends_at')} END AS final_at,
  CASE WHEN d.state = 'ended' OR d.final_at IS NOT NULL THEN d.successor WHEN a.ends_at IS NOT NULL THEN a.successor
    WHEN o.ends_at IS NOT NULL OR o.state = 'ended' THEN o.successor ELSE d.successor END AS successor`,
);
export const OWNER = words('JOIN account a ON a.id = d.account JOIN organisation o ON o.id = a.organisation');

type Listed = RegisteredAddress & { readonly login: string };

export class AddressReads {
  /** Addresses in alphabetical order. */
  *listAddresses({ at }: Now, page: Page & { readonly login?: string }): Change<readonly Listed[]> {
    const { after = '', login } = page;
    const rows =
      login === undefined
        ? yield* sql.all({ ...ADDRESS, login: text })`
            SELECT ${ADDRESS_COLUMNS}, a.login FROM address d ${OWNER} WHERE d.key > ${after} ORDER BY d.key LIMIT ${limitOf(page)}`
        : yield* sql.all({ ...ADDRESS, login: text })`
            SELECT ${ADDRESS_COLUMNS}, a.login FROM address d ${OWNER}
             WHERE a.login = ${foldLogin(login) ?? ''} AND d.key > ${after} ORDER BY d.key LIMIT ${limitOf(page)}`;
    return rows.map((row) => ({ ...addressAt(addressOf(row), at), login: row.login }));
  }

  /**
   * True if an address that has not ended is registered in the domain. Reads all addresses: for
   * operators, not for mail.
   */
  *hasAddressesIn(_now: Now, domain: string): Change<boolean> {
    const end = `@${domain.toLowerCase()}`;
    // substr, not LIKE: a domain may have "_" in it, which LIKE takes for any character.
    const found = yield* sql.first({ key: text })`
      SELECT key FROM address
       WHERE substr(key, length(key) - length(CAST(${end} AS text)) + 1) = ${end} AND state <> 'ended' LIMIT 1`;
    return found !== undefined;
  }
}

/**
 * The ends of an address, its account and its organisation as they stand in their rows: whoever
 * keeps them has to look at the clock again.
 */
export const addressOf = (row: Row<typeof ADDRESS>): RegisteredAddress => ({
  address: row.address,
  account: row.account,
  state: row.addressState,
  ...defined({ endsAt: row.addressEnds, finalAt: row.finalAt, successor: row.successor }),
  settings: row.addressSettings,
});
