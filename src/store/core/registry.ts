/**
 * The registry's port on SQLite: reads through bounded caches, changes through the writer.
 *
 * The caches are exact. A change drops what depends on it before its own promise resolves; a read
 * that was under way when a change was committed is not kept. Usage is not cached here: it comes
 * from `Mailboxes`, which every commit keeps current.
 */
import type { Absence } from '../../domain/absence.ts';
import type { AddressKey } from '../../domain/address.ts';
import type { RandomBytes } from '../../domain/effects.ts';
import type { AccountId } from '../../domain/ids.ts';
import { type State, addressAt, endedAt, foldLogin } from '../../domain/registry.ts';
import { type Instant, octets } from '../../domain/units.ts';
import type { Invalidation } from '../changes/changed.ts';
import type { Subjects } from '../objects.ts';
import type { RecipientRow } from '../reads/roads.ts';
import {
  type CertificateRecord,
  type Ending,
  type LoginRecord,
  MAX_ACCOUNTS,
  type NewAccount,
  type NewOrganisation,
  type Recipient,
} from '../registry.ts';
import { type Actor } from '../actor.ts';
import type { Registry } from '../port/registry.ts';
import { Lru } from './lru.ts';
import type { Mailboxes } from './mailboxes.ts';
import { Remembered } from './remembered.ts';
import type { StoreTime } from './store-time.ts';

/** Entries of each cache: a region's practices many times over, about 1 KB each. */
const MOST = 20_000;
/**
 * Keys of one certificate that are looked up: alternative names are its holder's, and may be
 * thousands.
 */
const MOST_KEYS = 64;
/** Accounts of an import in one message: a few milliseconds on each side. */
const IMPORT_PART = 500;

export interface RegistryParts {
  readonly subjects: Subjects;
  readonly mailboxes: Mailboxes;
  readonly time: StoreTime;
  readonly random: RandomBytes;
  /**
   * Before an answer that may rest on what is remembered: throws StoreUnavailable if that may be
   * too old.
   */
  readonly check?: () => void;
  /** See `Registry.seen`. */
  readonly seen?: () => number | undefined;
}

type KnownRecipient = Omit<Recipient, 'used' | 'absence'> & { readonly absences?: readonly Absence[] };

function atOnce(logins: readonly string[]): readonly string[] {
  if (logins.length > MAX_ACCOUNTS)
    throw new RangeError(`${logins.length} accounts are to change at once; expected at most ${MAX_ACCOUNTS}`);
  return logins;
}

/** Calls that `subjectsOf` makes. */
type Called = keyof (Subjects['absences'] &
  Subjects['accounts'] &
  Subjects['appPasswords'] &
  Subjects['addresses'] &
  Subjects['clientCertificates'] &
  Subjects['passwords'] &
  Subjects['settings'] &
  Subjects['edi'] &
  Subjects['formerOrganisations'] &
  Subjects['endings'] &
  Subjects['merges'] &
  Subjects['networks'] &
  Subjects['organisationErasure'] &
  Subjects['organisations'] &
  Subjects['partners'] &
  Subjects['references']);

export class RememberingRegistry implements Omit<Registry, Called> {
  readonly #p: RegistryParts;
  // null: no account has this login, and that is remembered too.
  readonly #logins = new Remembered<string, LoginRecord | null>(MOST);
  readonly #certificates = new Remembered<string, CertificateRecord | null>(MOST);
  readonly #recipients = new Remembered<AddressKey, KnownRecipient | null>(MOST);
  /** The moment until which each may be used: an address ends by the clock, not by a change. */
  readonly #sendAs = new Remembered<string, number>(MOST);
  readonly #identities = new Remembered<AccountId, readonly string[]>(MOST);
  /** Which cached names belong to an account, so that a change of one drops these alone. */
  readonly #loginOf = new Lru<AccountId, string>(MOST);
  #saltKey: Uint8Array | undefined;
  readonly #listeners: Parameters<Registry['onChange']>[0][] = [];

  constructor(parts: RegistryParts) {
    this.#p = parts;
  }

  get seen(): number | undefined {
    return this.#p.seen?.();
  }

  onChange(listener: Parameters<Registry['onChange']>[0]): void {
    this.#listeners.push(listener);
  }

  /** Forgets what a commit changed, before its answers are given out. */
  told({ accounts, scope }: Pick<Invalidation, 'accounts' | 'scope'>): void {
    if (accounts !== 'many' && accounts.length === 0) return;
    const narrow = scope === 'password' || scope === 'certificate';
    const logins = narrow && accounts !== 'many' ? accounts.map((a) => this.#loginOf.get(a as AccountId)) : [undefined];
    if (scope !== 'password') this.#certificates.forgetAll();
    if (narrow && logins.every((login) => login !== undefined)) {
      for (const login of logins) this.#logins.forget(login);
    } else {
      for (const memory of [this.#logins, this.#recipients, this.#sendAs, this.#identities]) memory.forgetAll();
    }
    const what = scope === 'settings' ? scope : undefined;
    for (const listener of this.#listeners) listener(accounts as readonly AccountId[] | 'many', what);
  }

  async findLogin(login: string): Promise<LoginRecord | undefined> {
    const folded = foldLogin(login);
    if (folded === undefined) return undefined;
    this.#p.check?.();
    const found = await this.#logins.get(folded, async () => {
      const login = await this.#p.subjects.roads.login(folded);
      if (login !== undefined) this.#loginOf.set(login.account.id, folded);
      return login ?? null;
    });
    // An account ends by the clock, not by a change.
    if (found?.account.endsAt === undefined) return found ?? undefined;
    return { ...found, account: endedAt(found.account, this.#p.time.now()) };
  }

  async findCertificate(keys: readonly string[]): Promise<CertificateRecord | undefined> {
    if (keys.length === 0 || keys.length > MOST_KEYS) return undefined;
    this.#p.check?.();
    const found = await this.#certificates.get(
      keys.join(' '),
      async () => (await this.#p.subjects.trust.registration(keys)) ?? null,
    );
    return found ?? undefined;
  }

  async findRecipient(key: AddressKey): Promise<Recipient | undefined> {
    this.#p.check?.();
    const found = await this.#recipients.get(key, async () => {
      let row: RecipientRow | undefined;
      await this.#p.mailboxes.during(async () => {
        row = await this.#p.subjects.roads.recipient(key);
        return row === undefined ? undefined : { account: row.account.id, state: row.mailbox };
      });
      return row === undefined ? null : recipientOf(row);
    });
    if (found === null) return undefined;
    const state = this.#p.mailboxes.known(found.account.id) ?? (await this.#p.mailboxes.of(found.account.id));
    return this.#recipient(found, state?.octets ?? 0);
  }

  /**
   * The recipient as of now: absences, addresses and accounts end by the clock, not by a change.
   */
  #recipient({ absences, ...known }: KnownRecipient, used: number): Recipient {
    const now = this.#p.time.now();
    const address = addressAt(known.address, now);
    const recipient = { ...known, address, account: endedAt(known.account, now), used: octets(used) };
    if (absences === undefined) return recipient;
    const absence = absences.find(({ from, until }) => from <= now && now < until);
    return absence === undefined ? recipient : { ...recipient, absence };
  }

  async maySendAs(account: AccountId, key: AddressKey): Promise<boolean> {
    this.#p.check?.();
    const name = `${account} ${key}`;
    const until = await this.#sendAs.get(name, async () => (await this.#p.subjects.roads.sendAs(account, key)) ?? 0);
    return this.#p.time.now() < until;
  }

  notePasswordUse(account: AccountId, name: string, at: Instant): void {
    // If the store fails, this note is lost; that does no harm beside the failure itself.
    this.#p.subjects.uses.password(account, name, at).catch(() => undefined);
  }

  noteAppPasswordUse(id: string, at: Instant): void {
    this.#p.subjects.uses.appPassword(id, at).catch(() => undefined);
  }

  noteCertificateUse(id: number, at: Instant): void {
    this.#p.subjects.uses.certificate(id, at).catch(() => undefined);
  }

  noteNetwork(account: AccountId, network: string, at: Instant): void {
    this.#p.subjects.uses.network(account, network, at).catch(() => undefined);
  }

  async scramSaltKey(): Promise<Uint8Array> {
    return (this.#saltKey ??= await this.#p.subjects.roads.scramSaltKey());
  }

  async importAccounts(
    accounts: readonly NewAccount[],
    actor: Actor,
    progress?: (done: number) => void,
    organisation?: NewOrganisation,
  ): Promise<void> {
    const { accountImports } = this.#p.subjects;
    const batch = Buffer.from(this.#p.random(16)).toString('hex');
    try {
      for (let first = 0; first < accounts.length; first += IMPORT_PART) {
        await accountImports.keep(batch, first, accounts.slice(first, first + IMPORT_PART));
        progress?.(Math.min(accounts.length, first + IMPORT_PART));
      }
      await accountImports.apply(batch, accounts.length, actor, organisation);
    } catch (error) {
      await accountImports.drop(batch).catch(() => undefined);
      throw error;
    }
  }

  async setAccountStates(logins: readonly string[], state: Exclude<State, 'ended'>, actor: Actor): Promise<number> {
    return await this.#p.subjects.manyAccounts.setStates(atOnce(logins), state, actor);
  }

  async endAccounts(endings: Parameters<Registry['endAccounts']>[0], actor: Actor): Promise<void> {
    if (endings.length > MAX_ACCOUNTS)
      throw new RangeError(`${endings.length} accounts are to end at once; expected at most ${MAX_ACCOUNTS}`);
    await this.#p.subjects.manyAccounts.end(endings, actor);
  }

  async endOrganisation(
    name: string,
    ending: Ending,
    actor: Actor,
    progress?: (done: number) => void,
  ): Promise<number> {
    let ended = 0;
    for (;;) {
      const step = await this.#p.subjects.organisationEnds.step(name, ending, actor);
      if (step === 0) return ended;
      ended += step;
      progress?.(ended);
    }
  }

  async containAccounts(logins: readonly string[], actor: Actor): Promise<number> {
    return await this.#p.subjects.manyAccounts.contain(atOnce(logins), actor);
  }

  async identitiesOf(account: AccountId): Promise<readonly string[]> {
    this.#p.check?.();
    return await this.#identities.get(account, () => this.#p.subjects.ediMemory.identitiesOf(account));
  }
}

const recipientOf = ({ mailbox: _, ...row }: RecipientRow): KnownRecipient => row;
