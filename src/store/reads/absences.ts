/** Reads of absences and consents. */
import type { Absence, AbsenceMode } from '../../domain/absence.ts';
import { type Address, addressKey } from '../../domain/address.ts';
import type { Instant } from '../../domain/units.ts';
import type { AbsenceQuery, AddressAbsence, Consent } from '../absences.ts';
import { as, optional, text, time } from '../sql/columns.ts';
import { words } from '../sql/parts.ts';
import { type Change, type Now, sql } from '../sql/sql.ts';
import { limitOf } from './page.ts';

const ADDRESS = as<Address>(text);
const ABSENCE = {
  address: ADDRESS,
  fromAt: time,
  untilAt: time,
  mode: as<AbsenceMode>(text),
  substitute: optional(ADDRESS),
};
const ABSENCES = words(`
  SELECT d.address, b.from_at, b.until_at, b.mode, s.address AS substitute
    FROM absence b JOIN address d ON d.key = b.key LEFT JOIN address s ON s.key = b.substitute`);

export class AbsenceReads {
  *listAbsences(_now: Now, { after, address, limit, endsAfter }: AbsenceQuery): Change<readonly AddressAbsence[]> {
    const most = limitOf({ limit });
    const [key, from] = after === undefined ? ['', -1] : [addressKey(after.address), after.from];
    const rows =
      address === undefined
        ? yield* sql.all(ABSENCE)`
            ${ABSENCES} WHERE (b.key, b.from_at) > (${key}, ${from}) AND b.until_at > ${endsAfter}
            ORDER BY b.key, b.from_at LIMIT ${most}`
        : yield* sql.all(ABSENCE)`
            ${ABSENCES} WHERE b.key = ${addressKey(address)} AND b.from_at > ${from} AND b.until_at > ${endsAfter}
            ORDER BY b.from_at LIMIT ${most}`;
    return rows.map(absenceOf);
  }

  /** Consents that were given for an address, or by it. */
  *listConsents(_now: Now, address: Address): Change<readonly Consent[]> {
    const key = addressKey(address);
    return yield* sql.all({ substitute: ADDRESS, address: ADDRESS, givenAt: time })`
      SELECT s.address AS substitute, d.address, c.given_at
        FROM substitute_consent c JOIN address s ON s.key = c.substitute JOIN address d ON d.key = c.key
       WHERE c.key = ${key} OR c.substitute = ${key} ORDER BY c.substitute, c.key LIMIT 1000`;
  }
}

/** Absences of an address that are not over at `at`. */
export function* absencesAhead(key: string, at: Instant): Change<readonly Absence[]> {
  const rows = yield* sql.all(ABSENCE)`${ABSENCES} WHERE b.key = ${key} AND b.until_at > ${at} ORDER BY b.from_at`;
  return rows.map((row) => {
    const { address: _, ...absence } = absenceOf(row);
    return absence;
  });
}

type AbsenceRow = Omit<AddressAbsence, 'from' | 'until'> & { readonly fromAt: Instant; readonly untilAt: Instant };

const absenceOf = ({ fromAt: from, untilAt: until, ...row }: AbsenceRow): AddressAbsence => ({ ...row, from, until });
