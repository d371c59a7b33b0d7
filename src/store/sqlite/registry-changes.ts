/**
 * Changes to the registry, applied inside the writer's transactions. Each checks before it writes, so that the error can name the value,
 * what holds and what to do.
 */
import type { PartnerState } from '../../domain/partner.ts';
import { type State, isOrganisationName } from '../../domain/registry.ts';
import type { AccountMove } from '../account-moves.ts';
import { endAccount } from '../changes/ends.ts';
import type { AccountMerge } from '../organisation-merge.ts';
import type { NewPartner } from '../partners.ts';
import {
  type Actor,
  type Ending,
  type NewAccount,
  type NewOrganisation,
  type OrganisationDetails,
  RegistryError,
} from '../registry.ts';
import { AccountMoveChanges } from './account-move-changes.ts';
import { insertAccount } from '../changes/new-accounts.ts';
import type { AuditWriter } from './audit-writer.ts';
import type { Db } from './database.ts';
import { EndingChanges } from './ending-changes.ts';
import { MergeChanges } from './merge-changes.ts';
import { OrganisationChanges } from './organisation-changes.ts';
import { PartnerChanges } from './partner-changes.ts';
import { type Changed, NO_CHANGE, RegistryGround } from './registry-ground.ts';
import type { SqliteRunner } from './runner.ts';
import { StateChanges } from './state-changes.ts';

export type RegistryChange =
  | { readonly op: 'add-organisation'; readonly organisation: NewOrganisation; readonly actor: Actor }
  | {
      readonly op: 'change-organisation';
      readonly name: string;
      readonly changes: OrganisationDetails;
      readonly actor: Actor;
    }
  | { readonly op: 'add-account'; readonly account: NewAccount; readonly actor: Actor }
  | { readonly op: 'import-part'; readonly batch: number; readonly accounts: readonly NewAccount[] }
  | { readonly op: 'import-apply'; readonly batch: number; readonly actor: Actor }
  | { readonly op: 'import-drop'; readonly batch: number }
  | { readonly op: 'account-state'; readonly login: string; readonly state: State; readonly actor: Actor }
  | {
      readonly op: 'end-accounts';
      readonly endings: readonly (Ending & { readonly login: string })[];
      readonly actor: Actor;
    }
  | { readonly op: 'end-address'; readonly address: string; readonly ending: Ending; readonly actor: Actor }
  | {
      readonly op: 'organisation-state';
      readonly name: string;
      readonly state: Exclude<State, 'ended'>;
      readonly actor: Actor;
    }
  | { readonly op: 'end-organisation'; readonly name: string; readonly ending: Ending; readonly actor: Actor }
  | { readonly op: 'end-due' }
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
  | {
      readonly op: 'account-states';
      readonly logins: readonly string[];
      readonly state: Exclude<State, 'ended'>;
      readonly actor: Actor;
    }
  | { readonly op: 'contain'; readonly logins: readonly string[]; readonly actor: Actor }
  | { readonly op: 'move-account'; readonly move: AccountMove; readonly actor: Actor }
  | { readonly op: 'add-partner'; readonly partner: NewPartner; readonly actor: Actor }
  | { readonly op: 'partner-state'; readonly name: string; readonly state: PartnerState; readonly actor: Actor };

/** Most accounts of one import. */
const MAX_IMPORT = 200_000;

export class RegistryChanges {
  readonly #ground: RegistryGround;
  readonly #partners: PartnerChanges;
  readonly #endings: EndingChanges;
  readonly #organisations: OrganisationChanges;
  readonly #states: StateChanges;
  readonly #merges: MergeChanges;
  readonly #moves: AccountMoveChanges;
  readonly #imports = new Map<number, NewAccount[]>();

  constructor(db: Db, audit: AuditWriter, runner?: SqliteRunner) {
    this.#ground = new RegistryGround(db, audit, runner);
    this.#partners = new PartnerChanges(this.#ground, {
      add: (account, actor) => this.#addAccount(account, actor),
      end: (account, actor) => this.#endAccount(account, actor),
    });
    this.#endings = new EndingChanges(this.#ground, (account, actor) => this.#endAccount(account, actor));
    this.#organisations = new OrganisationChanges(this.#ground, this.#endings);
    this.#states = new StateChanges(this.#ground);
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
      case 'add-organisation':
        return this.#addOrganisation(change.organisation, change.actor);
      case 'change-organisation':
        return this.#organisations.change(change.name, change.changes, change.actor);
      case 'add-account': {
        const id = this.#addAccount(change.account, change.actor);
        return { id, accounts: [id], scope: 'registry' };
      }
      case 'import-part':
        return this.#importPart(change.batch, change.accounts);
      case 'import-apply':
        return this.#importApply(change.batch, change.actor);
      case 'import-drop':
        this.#imports.delete(change.batch);
        return NO_CHANGE;
      case 'account-state':
        return this.#accountState(change.login, change.state, change.actor);
      case 'end-accounts':
        return this.#endings.accounts(change.endings, change.actor);
      case 'end-address':
        return this.#endings.address(change.address, change.ending, change.actor);
      case 'organisation-state':
        return this.#organisations.setState(change.name, change.state, change.actor);
      case 'end-organisation':
        return this.#organisations.end(change.name, change.ending, change.actor);
      case 'merge-begin':
        return this.#merges.begin(change.from, change.into, change.actor);
      case 'merge-accounts':
        return this.#merges.accounts(change.from, change.into, change.accounts, change.actor);
      case 'merge-finish':
        return this.#merges.finish(change.from, change.into, change.actor);
      case 'end-due':
        return this.#due();
      case 'account-states':
        return this.#states.set(change.logins, change.state, change.actor);
      case 'contain':
        return this.#states.contain(change.logins, change.actor);
      case 'move-account':
        return this.#moves.move(change.move, change.actor);
      case 'add-partner':
        return this.#partners.add(change.partner, change.actor);
      case 'partner-state':
        return this.#partners.setState(change.name, change.state, change.actor);
    }
  }

  #addOrganisation(organisation: NewOrganisation, actor: Actor): Changed {
    const { name } = organisation;
    if (!isOrganisationName(name))
      throw new RegistryError(
        'invalid',
        `"${name}" is no name for an organisation; expected up to 64 of a-z, 0-9 and "-"`,
      );
    if (this.#ground.sql.get('SELECT 1 FROM organisation WHERE name = ?', name) !== undefined)
      throw new RegistryError('exists', `There is an organisation "${name}" already; choose another name`);
    const made = this.#ground.sql.run(
      'INSERT INTO organisation (name, title, contact, telephone, post, language, agb, ura, settings, created_at) VALUES (?,?,?,?,?,?,?,?,?,?)',
      name,
      organisation.title,
      organisation.contact ?? null,
      organisation.telephone ?? null,
      organisation.post?.join('\n') ?? null,
      organisation.language,
      organisation.agb ?? null,
      organisation.ura ?? null,
      JSON.stringify(organisation.settings ?? {}),
      this.#ground.at,
    );
    this.#ground.record('registry.organisation-added', null, actor, { organisation: name });
    return { id: Number(made.lastInsertRowid), accounts: [], scope: 'registry' };
  }

  #addAccount(account: NewAccount, actor: Actor): number {
    return this.#ground.run(insertAccount(this.#ground.ground, account, actor));
  }

  #importPart(batch: number, accounts: readonly NewAccount[]): Changed {
    let kept = this.#imports.get(batch);
    if (kept === undefined) this.#imports.set(batch, (kept = []));
    if (kept.length + accounts.length > MAX_IMPORT)
      throw new RegistryError('invalid', `An import has more than ${MAX_IMPORT} accounts; split it`);
    kept.push(...accounts);
    return NO_CHANGE;
  }

  #importApply(batch: number, actor: Actor): Changed {
    const accounts = this.#imports.get(batch) ?? [];
    this.#imports.delete(batch);
    for (const account of accounts) {
      try {
        this.#addAccount(account, actor);
      } catch (error) {
        if (!(error instanceof RegistryError)) throw error;
        throw new RegistryError(error.kind, `Nothing was imported. Account "${account.login}": ${error.message}`);
      }
    }
    return { id: accounts.length, accounts: 'many', scope: 'registry' };
  }

  #accountState(login: string, state: State, actor: Actor): Changed {
    if (state !== 'ended') return this.#states.set([login], state, actor);
    return this.#endings.accounts([{ login }], actor);
  }

  /** First what ends by itself, then one organisation after the other, then keys of what has ended. */
  #due(): Changed {
    const own = this.#endings.due();
    if (own.id > 0) return own;
    const organisations = this.#organisations.due();
    return organisations.id > 0 ? organisations : this.#endings.keys();
  }

  #endAccount(account: number, actor: Actor): void {
    this.#ground.run(endAccount(this.#ground.ground, account, actor));
  }
}
