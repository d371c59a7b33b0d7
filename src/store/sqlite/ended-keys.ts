/**
 * Removes the private keys that the gateway holds for accounts that have ended, inside the writer's transactions; each with its audit row.
 *
 * They were there to open mail for the account and to sign for it. What has been filed was opened before; so they go as soon as nothing lies
 * in its mailbox that nobody has collected, nor can be handed out again, nor is held from it. Until then an operator may still have to
 * open what waits.
 */
import { type Address, addressKey } from '../../domain/address.ts';
import type { Actor } from '../registry.ts';
import type { RegistryGround } from './registry-ground.ts';

interface Held {
  readonly fingerprint: string;
  readonly account: number;
  readonly serial: string | null;
  readonly emails: string;
}

const NOTHING_WAITS = `a.state = 'ended'
  AND NOT EXISTS (SELECT 1 FROM entry e WHERE e.account = a.id AND e.retrieved < 2)
  AND NOT EXISTS (SELECT 1 FROM hidden_entry h WHERE h.account = a.id AND h.retrieved < 2)
  AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.partner = 0 AND d.state = 'held' AND d.mailbox = a.id)`;

const KINDS = [
  {
    find: `SELECT k.fingerprint, c.account, c.serial, c.emails FROM certificate_key k JOIN certificate c ON c.fingerprint = k.fingerprint
      JOIN account a ON a.id = c.account WHERE ${NOTHING_WAITS} ORDER BY k.fingerprint LIMIT ?`,
    remove: 'DELETE FROM certificate_key WHERE fingerprint = ?',
    event: 'certificate.key-removed',
  },
  {
    find: `SELECT s.fingerprint, k.account, NULL AS serial, k.emails FROM pgp_secret s JOIN pgp_key k ON k.fingerprint = s.fingerprint
      JOIN account a ON a.id = k.account WHERE ${NOTHING_WAITS} ORDER BY s.fingerprint LIMIT ?`,
    remove: 'DELETE FROM pgp_secret WHERE fingerprint = ?',
    event: 'pgp-key.secret-removed',
  },
] as const;

export interface RemovedKeys {
  readonly keys: number;
  readonly accounts: readonly number[];
  /** Addresses, folded, that have other keys now. */
  readonly mail: readonly string[];
}

/** At most `rows` of each kind. */
export function removeEndedKeys({ sql, record }: Removing, rows: number, actor: Actor): RemovedKeys {
  const removed: Held[] = [];
  for (const { find, remove, event } of KINDS)
    for (const held of sql.all(find, rows) as Held[]) {
      const { fingerprint, account, serial } = held;
      sql.run(remove, fingerprint);
      record(event, account, actor, { fingerprint, ...(serial === null ? {} : { serial }), why: 'account-ended' });
      removed.push(held);
    }
  return {
    keys: removed.length,
    accounts: removed.map(({ account }) => account),
    mail: removed.flatMap(({ emails }) => (JSON.parse(emails) as Address[]).map(addressKey)),
  };
}

interface Removing {
  readonly sql: RegistryGround['sql'];
  readonly record: (event: string, account: number, actor: Actor, facts: Readonly<Record<string, string>>) => void;
}
