/**
 * An account goes to another organisation, inside one of the writer's transactions: a new account takes over, the old one keeps what was.
 * What becomes of each table that names an account stands in `ACCOUNT_COLUMNS`; a test holds it against the schema.
 */
import { formerLogin } from '../../domain/account-move.ts';
import type { AccountId } from '../../domain/ids.ts';
import type { AccountMove, AccountTies } from '../account-moves.ts';
import { endAccount } from '../changes/ends.ts';
import { voidCodes } from '../changes/enrolments.ts';
import { dropVerifiers } from '../changes/passwords.ts';
import { cutBorder } from '../changes/ties.ts';
import { type MovingAccount, movingAccount, tiesOf } from '../reads/moving-account.ts';
import type { Actor } from '../registry.ts';
import type { Changed, RegistryGround } from './registry-ground.ts';

/** What a move does with the rows of a table that name the account. */
export const ACCOUNT_COLUMNS: Readonly<Record<string, string>> = {
  'account.id':
    'a new row takes over log-in, kind, state and settings; the old one stays under another log-in, and ends',
  'account.moved_to': 'written, of the old one: who took over',
  'account_move.source': 'written: what still has to follow',
  'account_move.target': 'written: what still has to follow',
  'address.account': 'those that are open go along; those that ended stay',
  'audit.account': 'stays: the trail of before is of the old organisation',
  'audit_of_account.account': 'stays, as the trail does',
  'certificate.account':
    'those for mail go along, and for log-in where they are valid; those that name the old organisation are revoked',
  'client_certificate.account': 'valid ones go along, but for those that name the old organisation',
  'consumer.account': 'goes along: the programs are the same',
  'delegation.account': 'what would cross the border is taken back, the rest goes along',
  'delivery.mailbox': 'of what moves: follows in steps',
  'edi_identity.account': 'stays: an identity is registered by whoever holds it',
  'enrolment.account': 'stays; what was not used is void',
  'entry.account': 'what was received since the day follows in steps, the rest stays',
  'former_organisation.account': 'stays: whose the old one was before',
  'hidden_entry.account': 'stays',
  'imported.account': 'follows in steps: what was taken over is not taken over again',
  'known_network.account': 'goes along: the programs are the same',
  'mailbox.account': 'a new row; uids go on where they were',
  'message.submitter': 'stays: who sent it then',
  'partner.account': 'none: a partner does not move so',
  'password.account': 'goes along',
  'pgp_key.account': 'goes along',
  'quirk_day.account': 'goes along: the programs are the same',
  'usage_month.account': 'stays: what it did for the old organisation',
};

/** What the answer tells beside the numbers of every change. */
export interface MoveDetail {
  readonly former: string;
  readonly source: AccountId;
  readonly ties: AccountTies;
}

/** Each with the new account, then the old one. */
const GOES_ALONG: readonly string[] = [
  'UPDATE password SET account = ? WHERE account = ?',
  "UPDATE certificate SET account = ? WHERE account = ? AND (use = 'mail' OR revoked_at IS NULL)",
  'UPDATE client_certificate SET account = ? WHERE account = ? AND revoked_at IS NULL',
  'UPDATE pgp_key SET account = ? WHERE account = ?',
  'UPDATE delegation SET account = ? WHERE account = ?',
  'UPDATE quirk_day SET account = ? WHERE account = ?',
  'UPDATE consumer SET account = ? WHERE account = ?',
  'UPDATE known_network SET account = ? WHERE account = ?',
];

export class AccountMoveChanges {
  readonly #ground: RegistryGround;

  constructor(ground: RegistryGround) {
    this.#ground = ground;
  }

  /** `id` of the answer: the new account. */
  move(wanted: AccountMove, actor: Actor): Changed & { readonly detail: MoveDetail } {
    const { sql, at } = this.#ground;
    const moving = this.#ground.run(movingAccount(wanted, at));
    const ties = this.#ground.run(tiesOf(moving, at));
    const { id: source } = moving;
    this.#ground.run(cutBorder(this.#ground.ground, moving, actor));
    const former = this.#rename(moving);
    const target = this.#successor(moving);
    const keys = sql.all(
      `UPDATE address SET account = ? WHERE account = ? AND state <> 'ended' AND (ends_at IS NULL OR ends_at > ?) RETURNING key`,
      ...[target, source, at],
    ) as { key: string }[];
    for (const statement of GOES_ALONG) sql.run(statement, target, source);
    this.#ground.run(dropVerifiers([target]));
    this.#ground.run(voidCodes(this.#ground.ground, [source]));
    sql.run(
      'INSERT INTO account_move (source, target, since, below) SELECT account, ?, ?, next_uid FROM mailbox WHERE account = ?',
      ...[target, wanted.since, source],
    );
    this.#record(moving, { former, target, wanted, ties }, actor);
    if (wanted.endsAt <= at) {
      this.#ground.run(endAccount(this.#ground.ground, source, actor));
      this.#ground.record(
        'registry.account-state',
        source,
        actor,
        { login: former },
        { from: moving.state, to: 'ended' },
      );
    }
    return {
      ...{ id: target, accounts: [source, target], scope: 'registry' },
      mail: keys.map(({ key }) => key),
      detail: { former, source: source, ties },
    };
  }

  #rename({ id, login }: MovingAccount): string {
    const { sql, at } = this.#ground;
    for (let n = 1; ; n += 1) {
      const former = formerLogin(login, at, n);
      if (sql.get('SELECT 1 FROM account WHERE login = ?', former) !== undefined) continue;
      sql.run('UPDATE account SET login = ?, version = version + 1 WHERE id = ?', former, id);
      return former;
    }
  }

  #successor({ id, login, into }: MovingAccount): number {
    const { sql, at } = this.#ground;
    // When its programs were last here: they go on.
    const made = sql.run(
      `INSERT INTO account (login, organisation, kind, state, settings, created_at, last_login, last_used)
         SELECT ?, ?, kind, state, settings, ?, last_login, last_used FROM account WHERE id = ?`,
      ...[login, into.id, at, id],
    );
    const target = Number(made.lastInsertRowid);
    // Uids of entries that follow stay what they are; new ones come behind them.
    sql.run('INSERT INTO mailbox (account, next_uid) SELECT ?, next_uid FROM mailbox WHERE account = ?', target, id);
    return target;
  }

  /** In the trail of both: each organisation finds where the account came from, or where it went. */
  #record(
    { id, login, from, into }: MovingAccount,
    { former, target, wanted, ties }: { former: string; target: number; wanted: AccountMove; ties: AccountTies },
    actor: Actor,
  ): void {
    const { sql, at } = this.#ground;
    sql.run('UPDATE account SET moved_to = ? WHERE id = ?', target, id);
    if (wanted.endsAt > at) sql.run('UPDATE account SET ends_at = ? WHERE id = ?', wanted.endsAt, id);
    const about = { login, former, from: from.name, to: into.name, addresses: ties.addresses.join(' ') };
    const facts = {
      ...{
        source: id,
        target,
        since: new Date(wanted.since).toISOString(),
        ends: new Date(wanted.endsAt).toISOString(),
      },
      ...{ certificates: ties.naming.length, delegations: ties.delegations.length, codes: ties.codes },
    };
    for (const account of [id, target]) this.#ground.record('registry.account-moved', account, actor, about, facts);
  }
}
