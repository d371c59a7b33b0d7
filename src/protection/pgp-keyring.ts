/**
 * OpenPGP keys, as the steps need them: what PGP would do for a recipient's copy, who signs it,
 * what opens it, whose signatures count.
 *
 * Of an address one record is read, which the store remembers. A secret key is opened when it is
 * first used, and kept as long as the record is remembered. A key counts for addresses of its
 * account alone.
 */
import { type PgpMaking, type PgpPlan, planPgp } from '../crypto/pgp/plan.ts';
import type { PgpSeals } from '../crypto/keys/pgp-seals.ts';
import { type PgpSelection, selectPgpKey } from '../crypto/pgp/select.ts';
import { type Wanted, wantedFor } from '../crypto/smime/plan.ts';
import { type Address, addressKey } from '../domain/address.ts';
import type { Clock, Log } from '../domain/effects.ts';
import { type Result, fail, ok } from '../domain/result.ts';
import type { PgpMailKey } from '../store/pgp-keys.ts';
import type { Recipient } from '../store/registry.ts';
import type { Store } from '../store/port/store.ts';
import type { MailSender } from './mail-keys.ts';
import { OpenedKeys } from './opened-keys.ts';

export interface PgpKeyringParts {
  readonly store: Pick<Store, 'pgpKeys' | 'registry'>;
  readonly seals: PgpSeals;
  readonly clock: Clock;
  readonly log: Log;
}

export class PgpKeyring {
  readonly #p: PgpKeyringParts;
  /** Opened keys by the sealed octets in the store's record, forgotten when those change. */
  readonly #opened: OpenedKeys<Uint8Array>;

  constructor(parts: PgpKeyringParts) {
    this.#p = parts;
    const { seals, log } = parts;
    this.#opened = new OpenedKeys((fingerprint, sealed) => seals.open(fingerprint, sealed), log, 'pgp-key.refused');
  }

  /**
   * The plan of PGP for a message of this sender to this recipient. Opens no secret key; reads
   * nothing if nothing is asked for.
   */
  async plan({ account, organisation, from }: MailSender, recipient: Recipient): Promise<PgpPlan> {
    const { address } = recipient.address;
    const settings = [recipient.address.settings, recipient.account.settings, recipient.organisation.settings];
    const asked = wantedFor({ kind: account.kind, settings: [account.settings, organisation.settings] }, { settings });
    // A report has no author whose key could sign it.
    const wanted: Wanted = { ...asked, sign: from === undefined ? 'never' : asked.sign };
    const encrypting = wanted.encrypt !== 'never';
    return planPgp(wanted, {
      address,
      ...(wanted.sign === 'never' || from === undefined ? {} : { sender: await this.#held(from) }),
      ...(encrypting ? { recipient: this.#toEncryptTo(await this.keysOf(recipient)) } : {}),
      ...(encrypting && wanted.self && from !== undefined
        ? { self: this.#toEncryptTo(await this.publicKeys(from)) }
        : {}),
    });
  }

  /**
   * Secret keys that sign for a plan. Fails if one does not open: it was sealed under another
   * master key, or removed at this moment.
   */
  async signing({ signer }: PgpMaking): Promise<Result<readonly Uint8Array[], string>> {
    if (signer === undefined) return ok([]);
    if (signer.sealedKey === undefined) return fail('its private key is not held here');
    const opened = await this.#opened.open(signer.fingerprint, signer.sealedKey);
    return opened.ok ? ok([opened.value]) : opened;
  }

  /**
   * Secret keys that are held for the address, newest first; those that ended or were revoked too,
   * for old mail.
   */
  async secretKeys(
    address: Address,
  ): Promise<readonly { readonly fingerprint: string; readonly secret: Uint8Array }[]> {
    const secrets: { fingerprint: string; secret: Uint8Array }[] = [];
    for (const { fingerprint, sealedKey } of await this.publicKeys(address)) {
      const opened = sealedKey === undefined ? undefined : await this.#opened.open(fingerprint, sealedKey);
      if (opened?.ok === true) secrets.push({ fingerprint, secret: opened.value });
    }
    return secrets;
  }

  /** Keys that were ever registered for the address, newest first, in any state. */
  async publicKeys(address: Address): Promise<readonly PgpMailKey[]> {
    const recipient = await this.#p.store.registry.findRecipient(addressKey(address));
    return recipient === undefined ? [] : await this.keysOf(recipient);
  }

  /**
   * Keys of the recipient's account alone: a key that names somebody else's address must not draw
   * that mail to itself.
   */
  async keysOf({ address, account }: Recipient): Promise<readonly PgpMailKey[]> {
    const keys = await this.#p.store.pgpKeys.findMail(addressKey(address.address));
    return keys.filter((key) => key.account === account.id);
  }

  /**
   * Keys of the address, whatever account they belong to: the sender was allowed to send as the
   * address.
   */
  async #held(address: Address): Promise<PgpSelection> {
    const keys = await this.#p.store.pgpKeys.findMail(addressKey(address));
    const held = keys.filter(({ sealedKey }) => sealedKey !== undefined);
    return selectPgpKey(held, 'sign', this.#p.clock.now());
  }

  #toEncryptTo(keys: readonly PgpMailKey[]): PgpSelection {
    return selectPgpKey(keys, 'encrypt', this.#p.clock.now());
  }
}
