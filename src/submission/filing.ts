/**
 * Files a message whose content has come whole: for all its recipients, or for none.
 *
 * Routes are settled now that the content is known, the steps of middleware see the message, and
 * one acceptance holds it, its notices and its audit row.
 */
import { defined } from '../domain/defined.ts';
import type { MessageId } from '../domain/ids.ts';
import type { Refusal } from '../domain/refusal.ts';
import { type Result, fail, ok } from '../domain/result.ts';
import { isNearlyFull } from '../domain/policy.ts';
import { settingOf } from '../domain/settings.ts';
import { type Octets, minutes } from '../domain/units.ts';
import type { ChainOutcome } from '../middleware/chain.ts';
import type { Addressee } from '../middleware/middleware.ts';
import type { AcceptOutcome, Acceptance } from '../store/acceptance.ts';
import type { HandledAbsence } from './absence-notices.ts';
import { acceptWithNotices } from './filed-notices.ts';
import { keyOf } from './header-rules.ts';
import type { ReceivedContent } from './incoming.ts';
import { type PassedMessage, filedAs, submittedOf } from './passed-message.ts';
import { type ReceiptRequest, withReceipts } from './receipt-request.ts';
import { refusals } from './refusals.ts';
import { resubmissionKey } from './resubmission.ts';
import { storageRefusal, tooLargeFor } from './size-limits.ts';
import { type CopyRoute, keptNote, settleRoutes } from './route.ts';
import type { Submitter } from './submitter.ts';
import type { Filed, SubmissionServices, Transaction } from './transaction.ts';

/** Addresses of Reply-To that are looked up. */
const MAX_REPLY_TO = 10;

/**
 * Most attempts to file one message while other gateways change the registry, and how many of them
 * begin from the start.
 */
const TRIES = 6;
const WHOLE_TRIES = 2;

interface Work {
  readonly transaction: Transaction;
  readonly content: ReceivedContent;
  readonly recipients: readonly CopyRoute[];
  readonly handled: readonly HandledAbsence[];
  readonly signal: AbortSignal | undefined;
}

type Tried =
  | { readonly kind: 'outdated' }
  | { readonly kind: 'not-passed'; readonly refusal: Refusal }
  | {
      readonly kind: 'done';
      readonly outcome: Exclude<AcceptOutcome, { kind: 'outdated' }>;
      readonly passed: PassedMessage | undefined;
    };

const noteOf = (handled: readonly HandledAbsence[], passed: PassedMessage | undefined): string | undefined => {
  const notes = [keptNote(handled), ...(passed?.notes ?? [])].filter((note) => note !== undefined);
  return notes.length === 0 ? undefined : notes.join('; ');
};

const requestOf = (
  { request }: Transaction,
  { submitted }: ReceivedContent,
  note: string | undefined,
): Pick<Acceptance, 'request'> =>
  request === undefined
    ? {}
    : {
        request: {
          key: request.key,
          digest: request.digest(submitted),
          answer: request.answer(note),
        },
      };

/**
 * With the fields that the gateway adds a message may have become larger than a whole mailbox; then
 * later is no better.
 */
function fullFor(recipients: readonly CopyRoute[], size: Octets): Refusal {
  const never = recipients.find(({ quota }) => quota !== undefined && quota < size);
  return never?.quota === undefined ? refusals.mailboxFull : tooLargeFor(never.to.address, never.quota);
}

/** Files the messages of one submitter, one at a time. */
export class Filing {
  readonly #services: SubmissionServices;
  readonly #submitter: Submitter;
  readonly #holds: () => Promise<Refusal | undefined>;

  /** `holds`: resolves to why the sender may no longer send, if so. */
  constructor(services: SubmissionServices, submitter: Submitter, holds: () => Promise<Refusal | undefined>) {
    this.#services = services;
    this.#submitter = submitter;
    this.#holds = holds;
  }

  async file(
    transaction: Transaction,
    content: ReceivedContent,
    signal?: AbortSignal,
  ): Promise<Result<Omit<Filed, 'id'>, Refusal>> {
    const { counts } = this.#services;
    const settled = settleRoutes([...transaction.recipients.values()], content.plan.encrypted);
    if (!settled.ok) return settled;
    const { handled } = settled.value;
    const recipients = withReceipts(settled.value.recipients, this.#receiptRequest(transaction, content));
    const work = { transaction, content, recipients, handled, signal };
    let done = await this.#tryOnce(work, true);
    for (let tries = 2; done.kind === 'outdated' && tries <= TRIES; tries += 1)
      done = await this.#tryOnce(work, tries <= WHOLE_TRIES);
    if (done.kind === 'outdated') return fail(refusals.registryChanges);
    if (done.kind === 'not-passed') return fail(done.refusal);
    const { outcome, passed } = done;
    if (outcome.kind === 'refused')
      return fail(
        outcome.why === 'quota' ? fullFor(settled.value.recipients, content.body.octets) : refusals.recipientGone,
      );
    if (outcome.kind === 'closed') return fail(await this.#closed());
    if (outcome.kind === 'answered') return ok({ answered: outcome });
    counts.messages.add(this.#submitter.account.id);
    const { body } = content;
    if (outcome.kind === 'duplicate') return ok(this.#again(outcome.of, body.id));
    this.#services.log.info('smtp.accepted', {
      session: this.#submitter.session,
      message: body.id,
      account: this.#submitter.account.login,
      recipients: transaction.recipients.size,
      octets: body.octets,
    });
    this.#noteFilling(settled.value.recipients, body.octets);
    // Runs after the acceptance and nothing waits for it: whatever goes wrong here, the message is
    // filed and the sender hears so.
    this.#warnReplyTo(content).catch(() => undefined);
    return ok(defined({ note: noteOf(handled, passed) }));
  }

  /**
   * `outdated`: another gateway has changed the registry, perhaps a moment ago. All of it is done
   * again then, also what protects the message: the keys may be others by now. `whole`: that counts
   * for all of it; else for who sends alone, since a registry that changes all the time must not
   * keep out what takes long to protect.
   */
  async #tryOnce({ transaction, content, recipients, handled, signal }: Work, whole: boolean): Promise<Tried> {
    const { registry } = this.#services.store;
    let passed: ChainOutcome | undefined;
    try {
      const { sender, parameters } = transaction;
      const envelope = { sender, body: parameters.body, receivedAt: this.#services.clock.now() };
      const before = registry.seen;
      passed = await this.#services.middleware?.run(
        submittedOf(content, recipients, envelope, this.#submitter, signal),
      );
      if (passed?.kind === 'refused') return { kind: 'not-passed', refusal: passed.refusal };
      const judged = whole ? before : registry.seen;
      // A store with one gateway tells its sessions of each change, and accepts a message that is
      // under way.
      const refusal = judged === undefined ? undefined : await this.#holds();
      if (refusal !== undefined) return { kind: 'not-passed', refusal };
      const note = noteOf(handled, passed);
      const message = {
        ...this.#acceptance(transaction, content, recipients, passed),
        ...requestOf(transaction, content, note),
        ...defined({ judged }),
      };
      const outcome = await acceptWithNotices(this.#services, message, { handled, header: content.header });
      return outcome.kind === 'outdated' ? outcome : { kind: 'done', outcome, passed };
    } catch (error) {
      return { kind: 'not-passed', refusal: storageRefusal(error) };
    } finally {
      if (passed?.kind === 'passed') await passed.discard();
    }
  }

  /** Another account with the same login name may send now, so the program is told to try again. */
  async #closed(): Promise<Refusal> {
    const { login, id } = this.#submitter.account;
    const record = await this.#services.store.registry.findLogin(login);
    return record === undefined || record.account.id === id ? refusals.accountClosed : refusals.accountMoved;
  }

  /**
   * The first copy waits where the second would go, so one is enough; the sender hears the id of
   * the one that waits.
   */
  #again(first: MessageId, second: MessageId): Omit<Filed, 'id'> & { readonly again: MessageId } {
    this.#services.log.info('smtp.resubmitted', {
      session: this.#submitter.session,
      message: first,
      again: second,
      account: this.#submitter.account.login,
    });
    return { again: first };
  }

  #resubmission(transaction: Transaction, content: ReceivedContent): Pick<Acceptance, 'resubmission'> {
    const { account, organisation } = this.#submitter;
    const window = settingOf('resubmission-minutes', account.settings, organisation.settings);
    if (window === 0 || content.plan.needsMessageId || transaction.sender === '') return {};
    const key = resubmissionKey({
      account: account.id,
      sender: transaction.sender,
      recipients: transaction.recipients.keys(),
      messageId: content.plan.messageId,
      submitted: content.submitted,
    });
    return { resubmission: { key, window: minutes(window) } };
  }

  #receiptRequest({ sender }: Transaction, { plan }: ReceivedContent): ReceiptRequest {
    const { account, organisation } = this.#submitter;
    const setting = settingOf('collected-receipts', account.settings, organisation.settings);
    return { sender, asked: plan.receipt, setting };
  }

  #acceptance(
    transaction: Transaction,
    content: ReceivedContent,
    recipients: readonly Addressee[],
    passed: PassedMessage | undefined,
  ): Acceptance {
    const { account, address } = this.#submitter;
    const { sender, parameters } = transaction;
    return {
      body: content.body,
      receivedAt: this.#services.clock.now(),
      submitter: account.id,
      sender,
      messageIdField: content.plan.messageId,
      envelope: {
        body: parameters.body,
        smtpUtf8: parameters.smtpUtf8,
        ...(parameters.ret === undefined ? {} : { ret: parameters.ret }),
        ...(parameters.envid === undefined ? {} : { envid: parameters.envid }),
      },
      ...filedAs(content, recipients, passed),
      submittedOctets: content.submittedOctets,
      parts: passed?.parts ?? content.parts,
      ...this.#resubmission(transaction, content),
      audit: [
        {
          event: 'message.accepted',
          outcome: 'success',
          message: content.body.id,
          account: account.id,
          facts: {
            octets: content.body.octets,
            submitted: content.submittedOctets,
            sha256: content.body.sha256,
            recipients: recipients.length,
            tls: this.#submitter.tls,
            ...defined({ protocol: this.#submitter.protocol }),
            // The deviations that were tolerated; they also say that line ends are not as they were
            // sent.
            ...(transaction.quirks.names === '' ? {} : { quirks: transaction.quirks.names }),
            ...passed?.facts,
          },
          personal: {
            sender,
            recipients: recipients.map(({ to }) => to.address),
            network: address,
            ...(this.#submitter.certificate === undefined ? {} : { certificate: this.#submitter.certificate }),
          },
        },
        ...(passed?.audit ?? []),
      ],
      interchanges: passed?.interchanges ?? [],
      with: (passed?.notices ?? []).map((notice) => notice.acceptance),
    };
  }

  /**
   * Counts only messages that were filed: a size that is declared and never sent must not cause a
   * letter to the owner.
   */
  #noteFilling(copyRoutes: readonly CopyRoute[], octets: Octets): void {
    const { fullness } = this.#services;
    if (fullness === undefined) return;
    for (const { quota, registered } of copyRoutes)
      if (quota !== undefined && isNearlyFull(registered.used + octets, quota))
        fullness.note(registered.account.id, {
          login: registered.account.login,
          quota,
          used: Math.min(registered.used + octets, quota) as Octets,
        });
  }

  /**
   * A Reply-To outside the group would lead the answer to a stranger; it is counted and warned of,
   * not refused.
   */
  async #warnReplyTo(content: ReceivedContent): Promise<void> {
    for (const text of content.plan.replyTo.slice(0, MAX_REPLY_TO)) {
      const key = keyOf(text);
      if (key !== undefined && (await this.#services.store.registry.findRecipient(key)) !== undefined) continue;
      this.#services.log.warn('smtp.reply-to-outside', {
        message: content.body.id,
        account: this.#submitter.account.login,
      });
      return;
    }
  }
}
