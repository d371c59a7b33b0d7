/**
 * An account goes to another organisation, in one transaction: a new account takes over, the old
 * one keeps the past. Its mail follows (mailbox-moves.ts). What becomes of each table that names an
 * account stands in `ACCOUNT_COLUMNS`; a test holds it against the schema.
 */
import { formerLogin } from '../../domain/account-move.ts';
import type { AccountId } from '../../domain/ids.ts';
import type { AccountMove, AccountReferences } from '../account-moves.ts';
import { type MovingAccount, movingAccount, referencesOf } from '../reads/moving-account.ts';
import type { Actor } from '../actor.ts';
import { as, int, text } from '../sql/columns.ts';
import { locked } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import { endAccount } from './ends.ts';
import { voidCodes } from './enrolments.ts';
import type { ChangeContext } from './change-context.ts';
import { dropVerifiers } from './passwords.ts';
import { dropExemptions } from './settings.ts';
import { cutBorder } from './cut-references.ts';
import { moveWebhooks } from './webhooks.ts';

/** What a move does with the rows of a table that name the account. */
export const ACCOUNT_COLUMNS: Readonly<Record<string, string>> = {
  'account.id':
    'a new row takes over login, kind, state and settings, but no exemption from scanning; the old one stays under another login, and ends',
  'account.moved_to': 'written, of the old one: who took over',
  'account_move.source': 'written: what still has to follow',
  'account_move.target': 'written: what still has to follow',
  'address.account': 'those that are open go along; those that ended stay',
  'app_password.account': 'goes along, as passwords do',
  'audit.account': 'stays: the earlier trail is of the old organisation',
  'audit_of_account.account': 'stays, as the trail does',
  'certificate.account':
    'those for mail go along, and for login where they are valid; those that name the old organisation are revoked',
  'client_certificate.account': 'valid ones go along, but for those that name the old organisation',
  'consumer.account': 'goes along: the programs are the same',
  'delegation.account': 'what would cross the border is taken back, the rest goes along',
  'delivery.mailbox': 'of what moves: follows in steps',
  'directory_entry.account': 'written again behind the change, as the directory shows it then',
  'edi_identity.account': 'stays: an identity is registered by whoever holds it',
  'enrolment.account': 'stays; what was not used is void',
  'entry.account': 'what was received since the day follows in steps, the rest stays',
  'former_organisation.account': 'stays: whose the old one was before',
  'hidden_entry.account': 'stays',
  'imported.account': 'follows in steps: what was taken over is not taken over again',
  'known_network.account': 'goes along: the programs are the same',
  'mailbox.account': 'a new row; uids continue where they were',
  'message.submitter': 'stays: who sent it then',
  'partner.account': 'none: a partner does not move so',
  'password.account': 'goes along',
  'pgp_key.account': 'goes along',
  'quirk_day.account': 'goes along: the programs are the same',
  'self_service_code.account': 'stays, and is of no use: the old account has ended',
  'self_service_session.account': 'stays, and ends with the old account',
  'takeover_mailbox.account': 'stays: whose it was when it came',
  'takeover_return.account': 'stays: what it still owes to the other server',
  'usage_month.account': 'stays: what it did for the old organisation',
  'webhook.account': 'goes along: the programs are the same, and what they were not told of yet they are told of there',
  // Account numbers within a text.
  'idempotency.caller':
    'stays: what was answered before is of the old organisation; what sends mail is known by its login',
  'idempotency_use.caller': 'the same',
  'webhook.owner': 'goes along with the account',
};

export class AccountMoveChanges {
  /**
   * Moves the account. `account` is the new one, `former` the one where the old organisation finds
   * the past. Throws RegistryError if it may not go.
   */
  *move(
    context: ChangeContext,
    wanted: AccountMove,
    actor: Actor,
  ): Change<{
    readonly account: AccountId;
    readonly former: { readonly account: AccountId; readonly login: string };
    readonly references: AccountReferences;
  }> {
    const moving = yield* movingAccount(wanted, context.at);
    const references = yield* referencesOf(moving, context.at);
    yield* cutBorder(context, moving, actor);
    const unexempted = references.exemptions === 0 ? [] : yield* dropExemptions(context, [moving.id]);
    const former = { account: moving.id, login: yield* rename(moving, context) };
    const account = yield* takeOver(moving, context);
    yield* goAlong(context, former.account, account);
    yield* leaveBehind(context, former.account, account, wanted);
    context.tell([former.account, account]);
    // Both organisations get a row: each finds where the account came from, or where it went.
    const { login, from, into } = moving;
    const about = {
      login,
      former: former.login,
      from: from.name,
      to: into.name,
      addresses: references.addresses.join(' '),
    };
    const [since, ends] = [wanted.since, wanted.endsAt].map((time) => new Date(time).toISOString());
    const facts = {
      source: former.account,
      target: account,
      since,
      ends,
      certificates: references.naming.length,
      delegations: references.delegations.length,
      codes: references.codes,
    };
    for (const each of [former.account, account])
      yield* context.record('registry.account-moved', each, actor, about, facts);
    // Both organisations get these rows, too.
    yield* context.recordAll(
      unexempted.flatMap((row) => [former.account, account].map((each) => ({ ...row, account: each }))),
      actor,
    );
    if (wanted.endsAt <= context.at) {
      yield* endAccount(context, former.account, actor);
      const states = { from: moving.state, to: 'ended' };
      yield* context.record('registry.account-state', former.account, actor, { login: former.login }, states);
    }
    return { account, former, references };
  }
}

function* rename({ id, login }: MovingAccount, { at }: ChangeContext): Change<string> {
  for (let n = 1; ; n += 1) {
    const former = formerLogin(login, at, n);
    const taken = yield* sql.first({ id: int })`SELECT id FROM account WHERE login = ${former} ${locked}`;
    if (taken !== undefined) continue;
    yield* sql.run`UPDATE account SET login = ${former}, version = version + 1 WHERE id = ${id}`;
    return former;
  }
}

/** The new account, with its mailbox. */
function* takeOver({ id, login, into }: MovingAccount, { at }: ChangeContext): Change<AccountId> {
  // The new account keeps the times when its programs were last here, since they go on.
  const { id: account } = yield* sql.one({ id: as<AccountId>(int) })`
    INSERT INTO account (login, organisation, kind, state, settings, created_at, last_login, last_used)
      SELECT CAST(${login} AS text), CAST(${into.id} AS bigint), kind, state, settings, CAST(${at} AS bigint), last_login, last_used
        FROM account WHERE id = ${id} RETURNING id`;
  // Entries that follow keep their uids; new ones come behind them.
  yield* sql.run`
    INSERT INTO mailbox (account, next_uid) SELECT CAST(${account} AS bigint), next_uid FROM mailbox WHERE account = ${id}`;
  return account;
}

function* goAlong(context: ChangeContext, source: AccountId, target: AccountId): Change<void> {
  const addresses = yield* sql.all({ key: text })`
    UPDATE address SET account = ${target}
     WHERE account = ${source} AND state <> 'ended' AND (ends_at IS NULL OR ends_at > ${context.at}) RETURNING key`;
  yield* sql.run`UPDATE password SET account = ${target} WHERE account = ${source}`;
  yield* sql.run`UPDATE app_password SET account = ${target} WHERE account = ${source}`;
  yield* sql.run`
    UPDATE certificate SET account = ${target} WHERE account = ${source} AND (use = 'mail' OR revoked_at IS NULL)`;
  yield* sql.run`UPDATE client_certificate SET account = ${target} WHERE account = ${source} AND revoked_at IS NULL`;
  yield* sql.run`UPDATE pgp_key SET account = ${target} WHERE account = ${source}`;
  yield* sql.run`UPDATE delegation SET account = ${target} WHERE account = ${source}`;
  yield* sql.run`UPDATE quirk_day SET account = ${target} WHERE account = ${source}`;
  yield* sql.run`UPDATE consumer SET account = ${target} WHERE account = ${source}`;
  yield* sql.run`UPDATE known_network SET account = ${target} WHERE account = ${source}`;
  yield* moveWebhooks(source, target);
  yield* dropVerifiers([target]);
  // Certificates and keys of these addresses belong to another account now.
  context.tellMail(addresses.map(({ key }) => key));
  context.tellTrust();
}

function* leaveBehind(context: ChangeContext, source: AccountId, target: AccountId, wanted: AccountMove): Change<void> {
  yield* voidCodes(context, [source]);
  yield* sql.run`
    INSERT INTO account_move (source, target, since, below)
      SELECT account, CAST(${target} AS bigint), CAST(${wanted.since} AS bigint), next_uid FROM mailbox WHERE account = ${source}`;
  yield* sql.run`UPDATE account SET moved_to = ${target} WHERE id = ${source}`;
  if (wanted.endsAt > context.at) yield* sql.run`UPDATE account SET ends_at = ${wanted.endsAt} WHERE id = ${source}`;
}
