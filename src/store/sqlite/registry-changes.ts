/**
 * Changes to the registry, applied inside the writer's transactions. Each checks before it writes, so that the error can name the value,
 * what holds and what to do.
 */
import type { AccountMove } from '../account-moves.ts';
import type { AccountMerge } from '../organisation-merge.ts';
import type { Actor } from '../registry.ts';
import { AccountMoveChanges } from './account-move-changes.ts';
import type { AuditWriter } from './audit-writer.ts';
import type { Db } from './database.ts';
import { MergeChanges } from './merge-changes.ts';
import { type Changed, RegistryGround } from './registry-ground.ts';
import type { SqliteRunner } from './runner.ts';

export type RegistryChange =
  | {
      readonly op: 'merge-begin' | 'merge-finish';
      readonly from: string;
      readonly into: string;
      readonly actor: Actor;
    }
  | {
      readonly op: 'merge-accounts';
      readonly from: string;
      readonly into: string;
      readonly accounts: readonly AccountMerge[];
      readonly actor: Actor;
    }
  | { readonly op: 'move-account'; readonly move: AccountMove; readonly actor: Actor };

export class RegistryChanges {
  readonly #ground: RegistryGround;
  readonly #merges: MergeChanges;
  readonly #moves: AccountMoveChanges;

  constructor(db: Db, audit: AuditWriter, runner?: SqliteRunner) {
    this.#ground = new RegistryGround(db, audit, runner);
    this.#merges = new MergeChanges(this.#ground);
    this.#moves = new AccountMoveChanges(this.#ground);
  }

  apply(change: RegistryChange, at: number, salt: Uint8Array): Changed {
    this.#ground.begin(at, salt);
    const changed = this.#apply(change);
    const { told } = this.#ground.ground;
    if (told === undefined) return changed;
    const { accounts, scope, mail = [] } = changed;
    const more = told.accounts;
    return {
      ...changed,
      accounts: accounts === 'many' || more === 'many' ? 'many' : [...new Set([...accounts, ...more])],
      scope: told.scope === scope ? scope : accounts.length === 0 ? told.scope : 'registry',
      mail: [...new Set([...mail, ...told.mail])],
    };
  }

  #apply(change: RegistryChange): Changed {
    switch (change.op) {
      case 'merge-begin':
        return this.#merges.begin(change.from, change.into, change.actor);
      case 'merge-accounts':
        return this.#merges.accounts(change.from, change.into, change.accounts, change.actor);
      case 'merge-finish':
        return this.#merges.finish(change.from, change.into, change.actor);
      case 'move-account':
        return this.#moves.move(change.move, change.actor);
    }
  }
}
