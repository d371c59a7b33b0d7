/** Changes to accounts. They throw RegistryError. */
import type { AccountId } from '../../domain/ids.ts';
import type { State } from '../../domain/registry.ts';
import type { Ending, NewAccount } from '../registry.ts';
import type { Actor } from '../actor.ts';
import type { Change } from '../sql/sql.ts';
import { contain, setStates } from './account-states.ts';
import { type NamedEnding, endEach } from './endings.ts';
import type { ChangeContext } from './change-context.ts';
import { insertAccount } from './new-accounts.ts';

export class AccountChanges {
  /** Adds account, addresses and password in one transaction. */
  *addAccount(context: ChangeContext, account: NewAccount, actor: Actor): Change<AccountId> {
    return (yield* insertAccount(context, account, actor)) as AccountId;
  }

  *setAccountState(context: ChangeContext, login: string, state: State, actor: Actor): Change<void> {
    if (state === 'ended') yield* endEach(context, [{ login }], actor);
    else yield* setStates(context, [login], state, actor);
  }

  /**
   * Ends an account and all its addresses; `successor` is told for each of them. With `endsAt` its
   * owner collects what waits until then, and `setAccountStates` to `active` takes the end back:
   * addresses, rights and certificates are as they were. Given again it sets another end. What ties
   * the account to others ends when it is closed, each with its row in the trail.
   */
  *endAccount(context: ChangeContext, login: string, ending: Ending, actor: Actor): Change<void> {
    yield* endEach(context, [{ login, ...ending }], actor);
  }
}

/**
 * Changes to every account of a list that `MAX_ACCOUNTS` bounds, all or none, in the same number of
 * statements for any length.
 */
export class ManyAccountChanges {
  *setStates(
    context: ChangeContext,
    logins: readonly string[],
    state: Exclude<State, 'ended'>,
    actor: Actor,
  ): Change<number> {
    return yield* setStates(context, logins, state, actor);
  }

  *end(context: ChangeContext, endings: readonly NamedEnding[], actor: Actor): Change<void> {
    yield* endEach(context, endings, actor);
  }

  *contain(context: ChangeContext, logins: readonly string[], actor: Actor): Change<number> {
    return yield* contain(context, logins, actor);
  }
}
