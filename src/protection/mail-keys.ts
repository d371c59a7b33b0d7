/**
 * Certificates and keys for mail, as the steps of S/MIME need them: what protection a recipient's
 * copy gets, who signs it, what opens it.
 *
 * Of an address one record is read, which the store remembers; a message that asks for nothing
 * reads nothing. A private key is opened when it is first used, and kept as long as the record is
 * remembered.
 */
import type { KeyObject } from 'node:crypto';
import type { Certificate } from '../crypto/certificates/certificate.ts';
import { CertificateCache } from '../crypto/certificates/certificate-cache.ts';
import { type Purpose, findPath } from '../crypto/certificates/certificate-path.ts';
import type { Capability } from '../crypto/cms/attributes.ts';
import type { DecryptionKey } from '../crypto/cms/decrypt.ts';
import { canEncryptTo } from '../crypto/cms/encrypt.ts';
import type { SigningOptions } from '../crypto/cms/sign.ts';
import type { TrustOptions } from '../crypto/cms/signer-checks.ts';
import { nameKey } from '../crypto/certificates/distinguished-name.ts';
import { type Selection, selectCertificate } from '../crypto/certificates/mail-certificate.ts';
import type { MailKeySeals } from '../crypto/keys/mail-key-seals.ts';
import { capabilitiesOf, capabilityNames } from '../crypto/smime/capabilities.ts';
import {
  type Known,
  type ProtectionPlan,
  type SigningPlan,
  planProtection,
  selectionProblem,
  wantedFor,
} from '../crypto/smime/plan.ts';
import { type Address, addressKey } from '../domain/address.ts';
import { defined } from '../domain/defined.ts';
import type { Clock, Log } from '../domain/effects.ts';
import { MAIL_CAPABILITIES, type MailCapability } from '../domain/mail-capability.ts';
import type { Account, Organisation } from '../domain/registry.ts';
import { type Result, fail, ok } from '../domain/result.ts';
import { settingOf } from '../domain/settings.ts';
import type { Settings } from '../domain/settings/setting.ts';
import { hours } from '../domain/units.ts';
import type { MailCertificate, MailRecord } from '../store/certificates.ts';
import type { Recipient } from '../store/registry.ts';
import type { Store } from '../store/port/store.ts';
import { type ForeignTrust, type MailTrust, MailTrustKeeper } from './mail-trust.ts';
import { OpenedKeys } from './opened-keys.ts';

export interface MailKeysParts {
  readonly store: Pick<Store, 'certificates' | 'registry'>;
  readonly seals: MailKeySeals;
  readonly foreign: () => Promise<ForeignTrust>;
  /**
   * The address whose key makes the signature inside the encryption, for accounts that do not sign.
   */
  readonly signingAddress: Address;
  readonly clock: Clock;
  readonly log: Log;
}

/** The sender. `from`: the address in From; at RCPT the reverse path, undefined if it is null. */
export interface MailSender {
  readonly account: Account;
  readonly organisation: Organisation;
  readonly from: Address | undefined;
}

/**
 * The judgement of a certificate: one line for the operator; undefined: nothing is wrong with it.
 */
export interface Judgement {
  readonly encrypt: string | undefined;
  readonly sign: string | undefined;
}
export interface Candidate extends Judgement {
  readonly certificate: Certificate;
  readonly keyHeld: boolean;
}

export type SigningWithoutTime = Omit<SigningOptions, 'signingTime'>;

/**
 * A program whose capabilities change more often than this is two programs in turn, and their turns
 * need not be stored.
 */
const NOTE_AGAIN = hours(1);

export class MailKeys {
  readonly #p: MailKeysParts;
  readonly #trust: MailTrustKeeper;
  readonly #read = new CertificateCache(5000).read;
  /** Opened keys by the sealed octets in the store's record, forgotten when those change. */
  readonly #opened: OpenedKeys<KeyObject>;
  readonly #sealed = new WeakMap<Certificate, Uint8Array>();

  constructor(parts: MailKeysParts) {
    this.#p = parts;
    const { seals, log } = parts;
    this.#opened = new OpenedKeys((fingerprint, sealed) => seals.open(fingerprint, sealed), log, 'mail-key.refused');
    this.#trust = new MailTrustKeeper(parts.store.certificates, parts.foreign, parts.clock);
  }

  /** The plan for a message of this sender to this recipient. Opens no private key. */
  async plan(sender: MailSender, recipient: Recipient): Promise<ProtectionPlan> {
    const { account, organisation, from } = sender;
    const { address } = recipient.address;
    const wanted = wantedFor(
      { kind: account.kind, settings: [account.settings, organisation.settings] },
      { settings: settingsOf(recipient) },
    );
    // A report has no author whose key could sign it.
    const sign = from === undefined ? 'never' : wanted.sign;
    const known: Known = { address };
    if (sign === 'never' && wanted.encrypt === 'never') return planProtection({ ...wanted, sign }, known);
    const trust = await this.#trust.now();
    const encrypting = wanted.encrypt !== 'never';
    return planProtection(
      { ...wanted, sign },
      {
        address,
        ...(sign === 'never' || from === undefined ? {} : { sender: await this.#held(from, trust) }),
        ...(encrypting ? await this.#recipient(recipient, trust) : {}),
        ...(encrypting ? { gateway: await this.#held(this.#p.signingAddress, trust) } : {}),
        ...(encrypting && wanted.self && from !== undefined ? { self: await this.#self(from, trust) } : {}),
      },
    );
  }

  /**
   * Why the gateway has no key of its own, which signs inside the encryption if the sender's does
   * not; undefined if it has one.
   */
  async gatewayKeyProblem(): Promise<string | undefined> {
    return selectionProblem(await this.#held(this.#p.signingAddress, await this.#trust.now()));
  }

  /**
   * The signer of a plan, without the signing time. Fails if the private key does not open: it was
   * sealed under another master key, or removed at this moment.
   */
  async signing({ signer, rsa }: SigningPlan, sender: MailSender): Promise<Result<SigningWithoutTime, string>> {
    const { certificate, path, whose } = signer;
    const sealed = this.#sealed.get(certificate);
    const key =
      sealed === undefined ? fail('it is not held here') : await this.#opened.open(certificate.fingerprint, sealed);
    if (!key.ok) return key;
    const reads = whose === 'sender' && sender.from !== undefined ? await this.#reads(sender.from) : [];
    return ok({
      signers: [{ certificate, privateKey: key.value, rsa }],
      certificates: path.slice(1).filter((issuer) => nameKey(issuer.issuer) !== nameKey(issuer.subject)),
      ...(reads.length === 0 ? {} : { capabilities: capabilitiesOf(reads) }),
    });
  }

  /**
   * Keys that are held for the address, newest first; those of certificates that expired or were
   * revoked too, for old mail.
   */
  async decryptionKeys(address: Address): Promise<readonly DecryptionKey[]> {
    const key = addressKey(address);
    const recipient = await this.#p.store.registry.findRecipient(key);
    const { certificates } = await this.#p.store.certificates.findMail(key);
    const keys: DecryptionKey[] = [];
    for (const record of certificates) {
      if (record.sealedKey === undefined || record.account !== recipient?.account.id) continue;
      const certificate = this.#certificate(record);
      const opened = await this.#opened.open(record.fingerprint, record.sealedKey);
      if (certificate !== undefined && opened.ok) keys.push({ certificate, privateKey: opened.value });
    }
    return keys;
  }

  /** What is remembered of the mail program of an addressee. */
  async known({ address }: Recipient): Promise<Pick<MailRecord, 'capabilities'>> {
    return await this.#p.store.certificates.findMail(addressKey(address.address));
  }

  /**
   * Every certificate of an account for one of its addresses, newest first, each with what is wrong
   * with it.
   */
  async candidates({ address, account }: Recipient): Promise<readonly Candidate[]> {
    const { certificates } = await this.#p.store.certificates.findMail(addressKey(address.address));
    const candidates: Candidate[] = [];
    for (const record of certificates) {
      const certificate = record.account === account.id ? this.#certificate(record) : undefined;
      if (certificate === undefined) continue;
      candidates.push({ certificate, keyHeld: record.sealedKey !== undefined, ...(await this.judge(certificate)) });
    }
    return candidates;
  }

  /** Judges whether a certificate can be used now; the result says what is wrong with it. */
  async judge(certificate: Certificate): Promise<Judgement> {
    const trust = await this.#trust.now();
    const against = (purpose: Purpose): string | undefined => {
      const result = findPath(certificate, { ...trust, purpose, now: this.#p.clock.now() });
      return result.kind === 'trusted' ? undefined : result.text;
    };
    const able = canEncryptTo(certificate);
    return {
      encrypt: able ? against('mail-encryption') : 'its key is of a kind that nothing can be encrypted to',
      sign: against('mail-signing'),
    };
  }

  /** Trusted authorities and revocation check for a verification that begins now. */
  async trust(): Promise<Omit<TrustOptions, 'address'>> {
    const { anchors, intermediates, revocation } = await this.#trust.now();
    return {
      anchors,
      known: intermediates,
      revocation,
      now: this.#p.clock.now(),
      readCertificate: this.#read,
    };
  }

  /**
   * True for a certificate, present or former, of the key that signs for the gateway: it proves
   * what was sent, not who sent it.
   */
  async isOwn({ fingerprint }: Pick<Certificate, 'fingerprint'>): Promise<boolean> {
    const { certificates } = await this.#p.store.certificates.findMail(addressKey(this.#p.signingAddress));
    return certificates.some((record) => record.fingerprint === fingerprint && record.sealedKey !== undefined);
  }

  /**
   * Stores the capabilities that a valid signature of the address showed; those of any other
   * signature are not to be believed. What the operator registered stays.
   */
  async noteCapabilities(address: Address, shown: readonly Capability[]): Promise<void> {
    const { registry, certificates } = this.#p.store;
    const key = addressKey(address);
    const names = capabilityNames(shown);
    const { capabilities: before } = await certificates.findMail(key);
    const same = names.join() === (before?.names ?? []).join();
    const soon = before !== undefined && this.#p.clock.now() < before.at + NOTE_AGAIN;
    if (same || soon || before?.source === 'operator' || (await registry.findRecipient(key)) === undefined) return;
    await certificates.noteCapabilities(address, names);
  }

  /**
   * The record of the address with the keys that are held for it. Which account they belong to does
   * not matter: the sender was allowed to send as the address.
   */
  async #held(address: Address, trust: MailTrust): Promise<Selection> {
    const { certificates } = await this.#p.store.certificates.findMail(addressKey(address));
    const held = certificates.filter(({ sealedKey }) => sealedKey !== undefined);
    return this.#select(address, held, 'mail-signing', trust);
  }

  async #recipient(
    { address, account }: Recipient,
    trust: MailTrust,
  ): Promise<Pick<Known, 'recipient' | 'capabilities'>> {
    const record = await this.#p.store.certificates.findMail(addressKey(address.address));
    const { capabilities } = record;
    return {
      recipient: this.#toEncryptTo(address.address, account.id, record, trust),
      ...defined({ capabilities: capabilities?.names }),
    };
  }

  async #self(from: Address, trust: MailTrust): Promise<Selection> {
    const key = addressKey(from);
    const recipient = await this.#p.store.registry.findRecipient(key);
    const record = await this.#p.store.certificates.findMail(key);
    return this.#toEncryptTo(from, recipient?.account.id, record, trust);
  }

  /**
   * Certificates of the account alone: one that was registered for somebody else must not draw mail
   * to itself by naming the address.
   */
  #toEncryptTo(
    address: Address,
    account: Account['id'] | undefined,
    { certificates }: MailRecord,
    trust: MailTrust,
  ): Selection {
    return this.#select(
      address,
      certificates.filter((record) => record.account === account),
      'mail-encryption',
      trust,
    );
  }

  #select(address: Address, records: readonly MailCertificate[], purpose: Purpose, trust: MailTrust): Selection {
    const certificates = records.flatMap((record) => this.#certificate(record) ?? []);
    const able = purpose === 'mail-encryption' ? certificates.filter(canEncryptTo) : certificates;
    return selectCertificate(address, able, { ...trust, purpose, now: this.#p.clock.now() });
  }

  #certificate({ der, sealedKey }: MailCertificate): Certificate | undefined {
    const read = this.#read(Buffer.from(der.buffer, der.byteOffset, der.byteLength));
    if (!read.ok) return undefined;
    if (sealedKey !== undefined) this.#sealed.set(read.value, sealedKey);
    return read.value;
  }

  /**
   * What correspondents are told that the address can read: all that we read if the gateway opens
   * its mail, else what is known of its program.
   */
  async #reads(from: Address): Promise<readonly MailCapability[]> {
    const key = addressKey(from);
    const registered = await this.#p.store.registry.findRecipient(key);
    if (registered !== undefined && settingOf('open', ...settingsOf(registered))) return MAIL_CAPABILITIES;
    return (await this.#p.store.certificates.findMail(key)).capabilities?.names ?? [];
  }
}

const settingsOf = ({ address, account, organisation }: Recipient): readonly Settings[] => [
  address.settings,
  account.settings,
  organisation.settings,
];
