/** Changes to absences and to who agreed to stand in for whom, inside the writer's transactions. */
import { type AbsenceMode, MAX_ABSENCES } from '../../domain/absence.ts';
import type { Address } from '../../domain/address.ts';
import { days } from '../../domain/units.ts';
import type { AddressAbsence } from '../absences.ts';
import { type Actor, RegistryError } from '../registry.ts';
import type { AddressRow, Changed, RegistryGround } from './registry-ground.ts';

/** Absences that are over stay this long, for whoever asks where mail went; the audit trail tells after that. */
const KEPT = days(400);

interface AbsenceRow {
  readonly key: string;
  readonly from_at: number;
  readonly until_at: number;
  readonly mode: AbsenceMode;
  readonly substitute: string | null;
}

export class AbsenceChanges {
  readonly #ground: RegistryGround;

  constructor(ground: RegistryGround) {
    this.#ground = ground;
  }

  add(absences: readonly AddressAbsence[], actor: Actor): Changed {
    const accounts = new Set<number>();
    for (const absence of absences) {
      const owner = this.#active(absence.address, 'The address');
      const substitute = this.#substitute(absence, owner);
      this.#free(absence, owner.key);
      this.#ground.sql.run('DELETE FROM absence WHERE key = ? AND until_at < ?', owner.key, this.#ground.at - KEPT);
      this.#ground.sql.run(
        'INSERT INTO absence (key, from_at, until_at, mode, substitute) VALUES (?,?,?,?,?)',
        owner.key,
        absence.from,
        absence.until,
        absence.mode,
        substitute?.key ?? null,
      );
      this.#record('registry.absence-added', owner, absence, actor);
      accounts.add(owner.account);
    }
    for (const account of accounts) this.#ground.touch(account);
    return { id: absences.length, accounts: accounts.size > 100 ? 'many' : [...accounts], scope: 'registry' };
  }

  end(address: string, from: number, actor: Actor): Changed {
    const owner = this.#ground.address(address);
    const row = this.#ground.sql.get(
      'SELECT * FROM absence WHERE key = ? AND from_at = ? AND until_at > ?',
      owner.key,
      from,
      this.#ground.at,
    ) as AbsenceRow | undefined;
    if (row === undefined)
      throw new RegistryError('unknown', `The address "${address}" has no such absence, now or ahead; nothing to end`);
    this.#stop(row, owner, actor);
    this.#ground.touch(owner.account);
    return { id: 1, accounts: [owner.account], scope: 'registry' };
  }

  consent(substitute: string, address: string, given: boolean, actor: Actor): Changed {
    const stands = this.#ground.address(substitute);
    const owner = this.#ground.address(address);
    if (stands.key === owner.key)
      throw new RegistryError('invalid', `"${address}" cannot stand in for itself; name another address`);
    let ended = 0;
    if (given) {
      this.#active(substitute, 'The substitute');
      this.#ground.sql.run(
        'INSERT OR IGNORE INTO substitute_consent (substitute, key, given_at) VALUES (?, ?, ?)',
        stands.key,
        owner.key,
        this.#ground.at,
      );
    } else {
      const taken = this.#ground.sql.run(
        'DELETE FROM substitute_consent WHERE substitute = ? AND key = ?',
        stands.key,
        owner.key,
      );
      if (taken.changes === 0)
        throw new RegistryError('unknown', `"${substitute}" has not agreed to stand in for "${address}"`);
      ended = this.#stopAll(stands, owner, actor);
    }
    this.#ground.record(
      'registry.substitute-consent',
      stands.account,
      actor,
      { substitute: stands.address, address: owner.address },
      { given },
    );
    this.#ground.touch(owner.account);
    return { id: ended, accounts: [owner.account, stands.account], scope: 'registry' };
  }

  #stopAll(substitute: AddressRow, owner: AddressRow, actor: Actor): number {
    const rows = this.#ground.sql.all(
      'SELECT * FROM absence WHERE substitute = ? AND key = ? AND until_at > ?',
      substitute.key,
      owner.key,
      this.#ground.at,
    ) as AbsenceRow[];
    for (const row of rows) this.#stop(row, owner, actor);
    return rows.length;
  }

  #stop(row: AbsenceRow, owner: AddressRow, actor: Actor): void {
    const { at, sql } = this.#ground;
    if (row.from_at < at)
      sql.run('UPDATE absence SET until_at = ? WHERE key = ? AND from_at = ?', at, row.key, row.from_at);
    else sql.run('DELETE FROM absence WHERE key = ? AND from_at = ?', row.key, row.from_at);
    this.#record('registry.absence-ended', owner, { from: row.from_at, until: row.until_at, mode: row.mode }, actor);
  }

  #active(address: string, what: string): AddressRow {
    const row = this.#ground.address(address);
    if (row.state !== 'active')
      throw new RegistryError('invalid', `${what} "${address}" is ${row.state}; expected an active one`);
    return row;
  }

  /** The substitute that the absence names, found fit: active, somebody else, in agreement, and there himself. */
  #substitute(absence: AddressAbsence, owner: AddressRow): AddressRow | undefined {
    const { address, substitute, mode } = absence;
    if (substitute === undefined) {
      if (mode === 'substitute')
        throw new RegistryError('invalid', `The absence of "${address}" names nobody to send the mail to`);
      return undefined;
    }
    const row = this.#active(substitute, `The substitute of "${address}",`);
    const partner = this.#ground.sql.get('SELECT 1 FROM partner WHERE account = ?', owner.account);
    if (row.key === owner.key || (row.account === owner.account && partner === undefined))
      throw new RegistryError(
        'invalid',
        `"${substitute}" leads to the same mailbox as "${address}"; name a substitute with a mailbox of its own`,
      );
    if (
      this.#ground.sql.get('SELECT 1 FROM substitute_consent WHERE substitute = ? AND key = ?', row.key, owner.key) ===
      undefined
    )
      throw new RegistryError(
        'invalid',
        `"${substitute}" has not agreed to stand in for "${address}"; note the consent first: "sluis address consent ${substitute} --for ${address}"`,
      );
    if (this.#overlapping('key', row.key, absence) !== undefined)
      throw new RegistryError(
        'invalid',
        `The substitute "${substitute}" is away in that time as well; a substitute is one step and never passed on: name somebody who is there`,
      );
    return row;
  }

  #free(absence: AddressAbsence, key: string): void {
    const { address } = absence;
    if (this.#overlapping('key', key, absence) !== undefined)
      throw new RegistryError(
        'exists',
        `The address "${address}" has an absence in that time already; "sluis address absence list" shows it: end it first`,
      );
    const other = this.#overlapping('substitute', key, absence);
    if (other !== undefined)
      throw new RegistryError(
        'invalid',
        `"${address}" stands in for "${other.key}" in that time, and a substitute is never passed on; give that absence another substitute first`,
      );
    const { n } = this.#ground.sql.get(
      'SELECT count(*) AS n FROM absence WHERE key = ? AND until_at > ?',
      key,
      this.#ground.at,
    ) as { n: number };
    if (n >= MAX_ABSENCES)
      throw new RegistryError(
        'invalid',
        `The address "${address}" has ${n} absences ahead, the most that one may have`,
      );
  }

  #overlapping(column: 'key' | 'substitute', key: string, { from, until }: AddressAbsence): AbsenceRow | undefined {
    return this.#ground.sql.get(
      `SELECT * FROM absence WHERE ${column} = ? AND until_at > ? AND from_at < ?`,
      key,
      from,
      until,
    ) as AbsenceRow | undefined;
  }

  #record(
    event: string,
    owner: AddressRow,
    absence: { from: number; until: number; mode: AbsenceMode; substitute?: Address },
    actor: Actor,
  ): void {
    const { from, until, mode, substitute } = absence;
    this.#ground.record(
      event,
      owner.account,
      actor,
      { address: owner.address, ...(substitute === undefined ? {} : { substitute }) },
      { from, until, mode },
    );
  }
}
