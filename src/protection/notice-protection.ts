/**
 * Protects what the gateway itself writes as it protects anybody's mail to that addressee: by the
 * same settings, keys and steps.
 *
 * No person signs a notice as its author. If the profile needs a signature inside, it is the
 * gateway's own. A notice that cannot be protected although the addressee requires it is not sent
 * without protection: the caller gets the reason.
 */
import { type Address, addressKey } from '../domain/address.ts';
import { defined } from '../domain/defined.ts';
import type { OrganisationId } from '../domain/ids.ts';
import { contentFields } from '../mime/content-fields.ts';
import type { Recipient } from '../store/registry.ts';
import type { Registry } from '../store/port/registry.ts';
import type { NoticeProtected, WrittenNotice } from '../store/notices.ts';
import { type AcceptedRecipient, OPERATOR } from '../store/acceptance.ts';
import type { Store } from '../store/port/store.ts';
import { Chain } from '../middleware/chain.ts';
import type { Sending } from '../middleware/middleware.ts';
import { isPgpBusy } from './pgp-protect.ts';
import { type ProtectParts, protect } from './protect.ts';

export interface NoticeProtectionParts extends ProtectParts {
  readonly store: Pick<Store, 'openBody'> & {
    readonly registry: Pick<Registry, 'findRecipient' | 'findAccountById'>;
  };
  /** Sender of the notice. */
  readonly from: Address;
}

/** The gateway as a sender: it has no settings, so it signs nothing of its own accord. */
const GATEWAY: Sending = {
  account: {
    id: OPERATOR,
    login: 'gateway',
    organisation: 0 as OrganisationId,
    kind: 'edi',
    state: 'active',
    settings: {},
  },
  organisation: {
    id: 0 as OrganisationId,
    name: 'gateway',
    title: 'gateway',
    language: 'nl',
    settings: {},
  },
};

export class NoticeProtection {
  readonly #parts: NoticeProtectionParts;
  readonly #chain: Chain;

  constructor(parts: NoticeProtectionParts) {
    this.#parts = parts;
    this.#chain = new Chain(parts.store, [protect(parts)]);
  }

  /** Protects a notice. Rejects with StoreFull or StoreFailed. */
  async protect({ body, head, messageId, eightBit, to, at }: WrittenNotice): Promise<NoticeProtected> {
    const registered = await this.#addressee(to);
    if (registered === undefined) return { kind: 'plain', audit: [] };
    const outcome = await this.#chain.run({
      body,
      eightBit,
      messageId,
      submitter: GATEWAY,
      receivedAt: at,
      session: 'gateway',
      content: contentFields(Buffer.from(head.slice(0, head.indexOf('\r\n\r\n') + 2))),
      parts: { leaves: [], limits: [], interchanges: [] },
      sender: '',
      from: this.#parts.from,
      recipients: [{ to, registered }],
    });
    if (outcome.kind === 'refused')
      return { kind: 'refused', refusal: outcome.refusal, busy: isPgpBusy(outcome.refusal) };
    const { copies, header, audit } = outcome;
    const made = copies.find((copy) => copy.body !== body);
    if (made === undefined) return { kind: 'plain', audit };
    return {
      kind: 'protected',
      copy: { body: made.body, recipients: [to] },
      ...defined({ header }),
      audit,
      discard: () => outcome.discard(),
    };
  }

  /**
   * A message that is filed for an account under somebody else's address is read with the account's
   * own keys.
   */
  async #addressee({ address, mailbox }: AcceptedRecipient): Promise<Recipient | undefined> {
    const { registry } = this.#parts.store;
    const found = await registry.findRecipient(addressKey(address));
    if (mailbox === undefined || found?.account.id === mailbox) return found;
    const summary = await registry.findAccountById(mailbox);
    const own = summary?.addresses.find(({ state }) => state === 'active')?.address;
    return own === undefined ? undefined : await registry.findRecipient(addressKey(own));
  }
}
