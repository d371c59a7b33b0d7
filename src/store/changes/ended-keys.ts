/**
 * Removes the private keys that the gateway holds for accounts that have ended; each with its audit
 * row.
 *
 * The keys opened mail for the account and signed for it. Filed mail was opened before; so the keys
 * are removed as soon as its mailbox has no mail that is uncollected, can be handed out again, or
 * is held. Until then an operator may still have to open what waits.
 */
import { type Address, addressKey } from '../../domain/address.ts';
import type { Actor } from '../actor.ts';
import { type Row, int, json, text } from '../sql/columns.ts';
import { among, words } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import type { ChangeContext } from './change-context.ts';

const NOTHING_WAITS = words(`
  a.state = 'ended'
    AND NOT EXISTS (SELECT 1 FROM entry e WHERE e.account = a.id AND e.retrieved < 2)
    AND NOT EXISTS (SELECT 1 FROM hidden_entry h WHERE h.account = a.id AND h.retrieved < 2)
    AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.partner = 0 AND d.state = 'held' AND d.mailbox = a.id)`);

const HELD = { fingerprint: text, account: int, emails: json<readonly Address[]>() };
const ISSUED = { ...HELD, serial: text };

/** Removes at most `rows` of each kind; returns how many. */
export function* removeEndedKeys(context: ChangeContext, rows: number, actor: Actor): Change<number> {
  const issued = yield* sql.all(ISSUED)`
    SELECT k.fingerprint, c.account, c.emails, c.serial FROM certificate_key k JOIN certificate c ON c.fingerprint = k.fingerprint
      JOIN account a ON a.id = c.account WHERE ${NOTHING_WAITS} ORDER BY k.fingerprint LIMIT ${rows}`;
  if (issued.length > 0)
    yield* sql.run`DELETE FROM certificate_key WHERE fingerprint ${among(text, issued.map(fingerprintOf))}`;
  for (const { serial, ...held } of issued) yield* removed(context, 'certificate.key-removed', held, { serial }, actor);
  const pgp = yield* sql.all(HELD)`
    SELECT s.fingerprint, k.account, k.emails FROM pgp_secret s JOIN pgp_key k ON k.fingerprint = s.fingerprint
      JOIN account a ON a.id = k.account WHERE ${NOTHING_WAITS} ORDER BY s.fingerprint LIMIT ${rows}`;
  if (pgp.length > 0) yield* sql.run`DELETE FROM pgp_secret WHERE fingerprint ${among(text, pgp.map(fingerprintOf))}`;
  for (const held of pgp) yield* removed(context, 'pgp-key.secret-removed', held, {}, actor);
  return issued.length + pgp.length;
}

function* removed(
  context: ChangeContext,
  event: string,
  { fingerprint, account, emails }: Row<typeof HELD>,
  more: { readonly serial?: string },
  actor: Actor,
): Change<void> {
  yield* context.record(event, account, actor, {}, { fingerprint, ...more, why: 'account-ended' });
  context.tell([account]);
  context.tellMail(emails.map(addressKey));
}

const fingerprintOf = ({ fingerprint }: { readonly fingerprint: string }): string => fingerprint;
