/** Changes to partners that make or end their account too, inside the writer's transactions. */
import type { PartnerState } from '../../domain/partner.ts';
import { checkNewPartner, insertPartner, openPartner, takePartnerBack } from '../changes/partners.ts';
import type { NewPartner } from '../partners.ts';
import type { Actor, NewAccount } from '../registry.ts';
import type { Changed, RegistryGround } from './registry-ground.ts';

/** What accounts need for a partner's: it is made and ended as any other. */
export interface AccountParts {
  readonly add: (account: NewAccount, actor: Actor) => number;
  readonly end: (account: number, actor: Actor) => void;
}

export class PartnerChanges {
  readonly #ground: RegistryGround;
  readonly #accounts: AccountParts;

  constructor(ground: RegistryGround, accounts: AccountParts) {
    this.#ground = ground;
    this.#accounts = accounts;
  }

  add(partner: NewPartner, actor: Actor): Changed {
    this.#ground.run(checkNewPartner(partner));
    const { login, organisation } = partner;
    const account = this.#accounts.add({ login, organisation, kind: 'partner', addresses: [] }, actor);
    const id = this.#ground.run(insertPartner(this.#ground.ground, partner, account, actor));
    return { id, accounts: [account], scope: 'registry' };
  }

  setState(name: string, state: PartnerState, actor: Actor): Changed {
    const ground = this.#ground.ground;
    const partner = this.#ground.run(openPartner(name));
    const back =
      state === 'active' &&
      partner.state === 'active' &&
      this.#ground.run(takePartnerBack(ground, partner, name, actor));
    if (!back) {
      // Before the account: its end ends the partner too, and would find it ended.
      this.#ground.sql.run('UPDATE partner SET state = ? WHERE id = ?', state, partner.id);
      if (state === 'ended') this.#accounts.end(partner.account, actor);
      this.#ground.record(
        'registry.partner-state',
        partner.account,
        actor,
        { partner: name },
        { from: partner.state, to: state },
      );
    }
    this.#ground.touch(partner.account);
    return { id: partner.id, accounts: [partner.account], scope: 'registry' };
  }
}
