/** What the directory shows of an address, and which of its certificates. */
import type { Address } from '../../domain/address.ts';
import { searchText } from '../../domain/directory.ts';
import { parseEdiKinds } from '../../domain/edi-kinds.ts';
import type { AccountKind } from '../../domain/registry.ts';
import { settingOf } from '../../domain/settings.ts';
import { type Instant, instant } from '../../domain/units.ts';
import { SETTINGS } from '../reads/organisations.ts';
import { type Row, as, int, orNull, text, time } from '../sql/columns.ts';
import { among, words } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';

export const ENTRY = {
  key: text,
  address: as<Address>(text),
  account: int,
  organisation: int,
  name: text,
  title: text,
  kind: text,
  role: orNull(text),
  agb: orNull(text),
  telephone: orNull(text),
  edi: text,
  certificate: orNull(text),
  endsAt: orNull(time),
  dueAt: orNull(time),
  search: text,
};
export type Entry = Row<typeof ENTRY>;

export const AGREED = words(
  "o.settings ->> 'directory-listing' = 1",
  "(o.settings::jsonb ->> 'directory-listing')::boolean IS TRUE",
);

const SOURCE = {
  key: text,
  address: as<Address>(text),
  account: int,
  organisation: int,
  name: text,
  title: text,
  agb: orNull(text),
  kind: as<AccountKind>(text),
  endsAt: orNull(time),
  ofAddress: SETTINGS,
  ofAccount: SETTINGS,
  ofOrganisation: SETTINGS,
};

/**
 * What is to be shown of these addresses, by key: of those that take mail now, whose organisation
 * agreed.
 */
export function* entriesOf(keys: readonly string[], at: Instant): Change<ReadonlyMap<string, Entry>> {
  const rows = yield* sql.all(SOURCE)`
    SELECT d.key, d.address, a.id AS account, o.id AS organisation, o.name, o.title, o.agb, a.kind, d.ends_at,
           d.settings AS of_address, a.settings AS of_account, o.settings AS of_organisation
      FROM address d JOIN account a ON a.id = d.account JOIN organisation o ON o.id = a.organisation
     WHERE d.key ${among(text, keys)} AND ${AGREED} AND a.kind <> 'probe'
       AND d.state = 'active' AND d.final_at IS NULL AND (d.ends_at IS NULL OR d.ends_at > ${at})
       AND a.state = 'active' AND a.ends_at IS NULL AND o.state = 'active' AND o.ends_at IS NULL
       AND NOT EXISTS (SELECT 1 FROM partner p WHERE p.account = a.id AND p.state = 'refusing')
     ORDER BY d.key`;
  const certificates = yield* certificatesOf(
    rows.map(({ key }) => key),
    at,
  );
  return new Map(rows.map((row) => [row.key, entryOf(row, certificates.get(row.key))]));
}

function entryOf(row: Row<typeof SOURCE>, certificate: Chosen | undefined): Entry {
  const { key, address, account, organisation, name, title, kind, endsAt } = row;
  const own = settingOf('agb', row.ofAddress, row.ofAccount);
  const agb = own === 'none' ? row.agb : own;
  const said = settingOf('role', row.ofAddress, row.ofAccount, row.ofOrganisation);
  const role = said === 'none' ? null : said;
  const number = settingOf('directory-telephone', row.ofAddress, row.ofAccount, row.ofOrganisation);
  const telephone = number === 'none' ? null : number;
  const edi = parseEdiKinds(settingOf('edi-accepts', row.ofAddress, row.ofAccount, row.ofOrganisation)) ?? [];
  const due = Math.min(endsAt ?? Infinity, certificate?.until ?? Infinity);
  return {
    key,
    address,
    account,
    organisation,
    name,
    title,
    kind,
    role,
    agb,
    telephone,
    endsAt,
    edi: edi.join(' '),
    certificate: certificate?.fingerprint ?? null,
    dueAt: due === Infinity ? null : instant(due),
    search: searchText([address, title, role ?? undefined, agb ?? undefined], telephone ?? undefined),
  };
}

/** Which certificate holds now. `until`: when another one may. */
interface Chosen {
  readonly fingerprint: string | null;
  readonly until: number;
}

/**
 * The newest valid one that is registered for the address's own account, as the gateway encrypts to
 * it: one of somebody else's that names the address must not draw mail to itself.
 */
function* certificatesOf(keys: readonly string[], at: Instant): Change<ReadonlyMap<string, Chosen>> {
  const rows =
    keys.length === 0
      ? []
      : yield* sql.all({ key: text, fingerprint: text, notBefore: time, notAfter: time })`
          SELECT n.key, n.fingerprint, c.not_before, c.not_after FROM certificate_address n
            JOIN certificate c ON c.fingerprint = n.fingerprint JOIN address d ON d.key = n.key AND d.account = c.account
           WHERE n.key ${among(text, keys)} AND c.revoked_at IS NULL AND c.not_after > ${at}
           ORDER BY n.key, c.not_before DESC, c.not_after DESC, n.fingerprint`;
  const chosen = new Map<string, Chosen>();
  for (const { key, fingerprint, notBefore, notAfter } of rows) {
    const before = chosen.get(key);
    if (before !== undefined && before.fingerprint !== null) continue;
    // One that begins later is newer: it takes the place of this one then.
    const until = before?.until ?? Infinity;
    if (notBefore > at) chosen.set(key, { fingerprint: null, until: Math.min(until, notBefore) });
    else chosen.set(key, { fingerprint, until: Math.min(until, notAfter) });
  }
  return chosen;
}
