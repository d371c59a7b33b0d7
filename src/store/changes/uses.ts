/**
 * When a password or a certificate was last used, and which networks accounts are known from. Notes
 * of several gateways come in any order: a time that was noted only moves forward.
 */
import type { AccountId } from '../../domain/ids.ts';
import type { Instant } from '../../domain/units.ts';
import { NETWORKS_OF_ACCOUNT } from '../registry.ts';
import { type Change, sql } from '../sql/sql.ts';
import type { ChangeContext } from './change-context.ts';

export class UseChanges {
  *password(_context: ChangeContext, account: AccountId, name: string, at: Instant): Change<void> {
    yield* sql.run`UPDATE password SET last_used_at = ${at} WHERE account = ${account} AND name = ${name} AND coalesce(last_used_at, 0) < ${at}`;
  }

  *appPassword(_context: ChangeContext, id: string, at: Instant): Change<void> {
    yield* sql.run`UPDATE app_password SET last_used_at = ${at} WHERE id = ${id} AND coalesce(last_used_at, 0) < ${at}`;
  }

  *certificate(_context: ChangeContext, id: number, at: Instant): Change<void> {
    yield* sql.run`UPDATE client_certificate SET last_used_at = ${at} WHERE id = ${id} AND coalesce(last_used_at, 0) < ${at}`;
  }

  /** The account keeps those that it was last seen from. */
  *network(_context: ChangeContext, account: AccountId, network: string, at: Instant): Change<void> {
    yield* sql.run`
      INSERT INTO known_network (account, network, at) VALUES (${account}, ${network}, ${at})
          ON CONFLICT (account, network) DO UPDATE SET
             at = CASE WHEN excluded.at > known_network.at THEN excluded.at ELSE known_network.at END`;
    yield* sql.run`
      DELETE FROM known_network WHERE account = ${account} AND network NOT IN (
        SELECT network FROM known_network WHERE account = ${account} ORDER BY at DESC, network LIMIT ${NETWORKS_OF_ACCOUNT})`;
  }
}
