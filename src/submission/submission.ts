/**
 * One session's mail transactions, seen from inside: mail, recipient, data, reset. The protocol layer parses and replies; what may be done
 * and what is stored is decided here.
 *
 * RFC 6409 sections 4 to 6. A refused recipient leaves the others; a refusal at the end of the content files nothing for anybody.
 */
import { type Address, addressKey, needsUtf8, parseAddress } from '../domain/address.ts';
import type { Clock, Log } from '../domain/effects.ts';
import type { MessageId } from '../domain/ids.ts';
import type { Quirk } from '../domain/quirks.ts';
import { foreignSender, quoted } from '../domain/policy.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { Account, Organisation } from '../domain/registry.ts';
import { type Result, fail, ok } from '../domain/result.ts';
import { formatOctets } from '../domain/octets-text.ts';
import { settingOf } from '../domain/settings.ts';
import { type Octets, minutes } from '../domain/units.ts';
import type { Chain, ChainOutcome } from '../middleware/chain.ts';
import type { Addressee } from '../middleware/middleware.ts';
import type { Recipient } from '../store/registry.ts';
import {
  type AcceptOutcome,
  type Acceptance,
  type BodyWriter,
  type PreparedNotice,
  type Store,
  StoreFull,
} from '../store/store.ts';
import type { AbsenceNotices } from './absence-notices.ts';
import { type FiledNotices, acceptWithNotices, asksForSuccess } from './filed-notices.ts';
import { keyOf } from './header-rules.ts';
import { Incoming, type ReceivedContent } from './incoming.ts';
import type { HourlyCount } from './limits.ts';
import { type QuirkGuard, TransactionQuirks } from './quirks.ts';
import { type ReceiptRequest, withReceipts } from './receipt-request.ts';
import { type Passed, bodyOf, filedAs, submittedOf } from './passage.ts';
import { refusals } from './refusals.ts';
import { resubmissionKey } from './resubmission.ts';
import { type Away, type Leg, type Route, keptNote, routeOf, settleRoutes } from './route.ts';
import { SampleWriter, type TestReports, isTestAddress, sampleInsteadOf, testRefusals } from './test-address.ts';

export interface SubmissionServices {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly hostname: string;
  readonly maxMessage: Octets;
  readonly maxRecipients: number;
  /** Shared by all sessions of the gateway. */
  readonly counts: Readonly<Record<'messages' | 'recipients' | 'unknown' | 'tests', HourlyCount>>;
  /** Tells senders that an addressee is away; without it only the replies do. */
  readonly absences?: AbsenceNotices;
  /** What happens to messages before they are accepted; without it nothing does. */
  readonly middleware?: Chain;
  /** Answers messages to the test address; without it there is none. */
  readonly tests?: TestReports;
  /** Tells senders that asked for it (NOTIFY=SUCCESS) that their message stands in a mailbox. */
  readonly filed?: FiledNotices;
}

/** What the session knows of its other end. */
export interface Submitter {
  readonly account: Account;
  readonly organisation: Organisation;
  readonly session: string;
  readonly address: string;
  readonly helo: string;
  readonly extended: boolean;
  /** For example `TLSv1.3`. */
  readonly tls: string;
  /** For reports of the test address: the suite by its IANA name, and the SASL mechanism of the login. */
  readonly cipher?: string;
  readonly mechanism?: string;
}

export interface MailParameters {
  readonly size: Octets;
  readonly body: '7BIT' | '8BITMIME';
  readonly smtpUtf8: boolean;
  readonly ret?: 'FULL' | 'HDRS';
  readonly envid?: string;
  /** How session and command deviate. Judged at RCPT: for the test address everything is tolerated. */
  readonly quirks?: readonly Quirk[];
}

export interface RecipientParameters {
  readonly notify?: readonly string[];
  readonly originalRecipient?: string;
  readonly quirks?: readonly Quirk[];
}

interface Transaction {
  readonly sender: Address | '';
  readonly parameters: MailParameters;
  readonly recipients: Map<string, { readonly leg: Leg; readonly away?: Away }>;
  /** The smallest limit among the addressees, and whose it is. */
  limit: { readonly octets: Octets; readonly refusal: Refusal };
  readonly quirks: TransactionQuirks;
  /** The one recipient is the test address, as the sender wrote it. */
  test?: Address;
}

/** Addresses of Reply-To that are looked up. */
const MAX_REPLY_TO = 10;

export class Submission {
  readonly #services: SubmissionServices;
  #submitter: Submitter;
  #transaction: Transaction | undefined;
  readonly #tooLarge: Refusal;

  constructor(services: SubmissionServices, submitter: Submitter) {
    this.#services = services;
    this.#tooLarge = tooLarge(services.maxMessage);
    this.#submitter = submitter;
  }

  get submitter(): Submitter {
    return this.#submitter;
  }

  /** True between an accepted MAIL and the end of its transaction. */
  get open(): boolean {
    return this.#transaction !== undefined;
  }

  get recipients(): number {
    return this.#transaction?.test === undefined ? (this.#transaction?.recipients.size ?? 0) : 1;
  }

  reset(): void {
    this.#transaction = undefined;
  }

  async mail(path: string, parameters: MailParameters): Promise<Refusal | undefined> {
    const { store, counts, maxMessage } = this.#services;
    const record = await store.registry.findLogin(this.#submitter.account.login);
    if (record?.account.state !== 'active' || record.account.id !== this.#submitter.account.id)
      return refusals.accountClosed;
    // What an operator changed since the login holds from here on.
    if (record.account !== this.#submitter.account || record.organisation !== this.#submitter.organisation)
      this.#submitter = { ...this.#submitter, account: record.account, organisation: record.organisation };
    const limit = this.#limitOf(record, maxMessage);
    if (parameters.size > limit.octets) return limit.refusal;
    const allowed = settingOf('messages-per-hour', record.account.settings, record.organisation.settings);
    if (counts.messages.of(record.account.id) >= allowed)
      return this.#limited('messages-per-hour', refusals.tooManyMessages);
    const sender = await this.#sender(path, parameters);
    if (!sender.ok) return sender.error;
    const room = this.#roomFor(parameters.size);
    if (room !== undefined) return room;
    const quirks = new TransactionQuirks(store.quirks, record);
    for (const quirk of parameters.quirks ?? []) quirks.meet(quirk);
    this.#transaction = {
      sender: sender.value,
      parameters,
      recipients: new Map(),
      limit,
      quirks,
    };
    return undefined;
  }

  async recipient(path: string, parameters: RecipientParameters): Promise<Result<RecipientTaken, Refusal>> {
    const transaction = this.#required();
    const { store, counts, hostname, maxRecipients } = this.#services;
    const { account, organisation } = this.#submitter;
    // RFC 5321 section 4.5.1: `postmaster` without a domain is ours.
    const parsed = parseAddress(/^postmaster$/i.test(path) ? `postmaster@${hostname}` : path);
    if (!parsed.ok) return fail({ ...refusals.recipientSyntax, detail: parsed.error });
    if (
      counts.unknown.of(account.id) >= settingOf('unknown-recipients-per-hour', account.settings, organisation.settings)
    )
      return fail(this.#limited('unknown-recipients-per-hour', refusals.tooManyUnknown));
    if (counts.recipients.of(account.id) >= settingOf('recipients-per-hour', account.settings, organisation.settings))
      return fail(this.#limited('recipients-per-hour', refusals.tooManyRecipientsHour));
    if (transaction.test !== undefined || (await this.#isTest(parsed.value)))
      return this.#testRecipient(transaction, parsed.value, parameters);
    const strict = transaction.quirks.refusalOf(parameters.quirks ?? []);
    if (strict !== undefined) return fail(strict);
    const key = addressKey(parsed.value);
    if (!transaction.recipients.has(key) && transaction.recipients.size >= maxRecipients)
      return fail(refusals.tooManyRecipients);

    const { size: declared, smtpUtf8 } = transaction.parameters;
    const route = await routeOf(store.registry, {
      address: parsed.value,
      ...parameters,
      ...{ declared, smtpUtf8 },
      permits: (at, registered) => this.#permits(at, registered),
    });
    if (route.kind === 'refused') {
      if (route.refusal.status === '5.1.1') counts.unknown.add(account.id);
      return fail(route.refusal);
    }
    this.#warnOf(route);
    counts.recipients.add(account.id);
    const { leg, away, note } = route;
    transaction.recipients.set(key, away === undefined ? { leg } : { leg, away });
    for (const way of away === undefined || 'refusal' in away.own ? [leg] : [leg, away.own])
      if (way.maxMessage < transaction.limit.octets)
        transaction.limit = {
          octets: way.maxMessage,
          refusal: this.#tooLargeFor(way.to.address, way.maxMessage),
        };
    return ok(note === undefined ? {} : { note });
  }

  async #isTest(address: Address): Promise<boolean> {
    const { store, hostname, tests } = this.#services;
    if (tests === undefined || !isTestAddress(address, hostname)) return false;
    return (await store.registry.findRecipient(addressKey(address))) === undefined;
  }

  #testRecipient(
    transaction: Transaction,
    address: Address,
    parameters: RecipientParameters,
  ): Result<RecipientTaken, Refusal> {
    const { account, organisation } = this.#submitter;
    const { tests } = this.#services.counts;
    if (!isTestAddress(address, this.#services.hostname) || transaction.recipients.size > 0)
      return fail(testRefusals.notAlone);
    if (transaction.sender === '') return fail(testRefusals.nullSender);
    const most = settingOf('test-reports-per-hour', account.settings, organisation.settings);
    if (most === 0) return fail(testRefusals.off);
    if (tests.of(account.id) >= most) return fail(this.#limited('test-reports-per-hour', testRefusals.tooMany));
    transaction.quirks.testing = true;
    for (const quirk of parameters.quirks ?? []) transaction.quirks.meet(quirk);
    transaction.test = address;
    return ok({ note: 'The test address: a report about the message will be in your mailbox' });
  }

  async #permits(at: Address, registered: Recipient): Promise<Refusal | undefined> {
    return await this.#services.middleware?.recipient({
      ...{ at, registered },
      submitter: this.#submitter,
      sender: this.#required().sender,
    });
  }

  #warnOf({ leg: { nearlyFull }, substituteRefused }: Extract<Route, { kind: 'taken' }>): void {
    const { log } = this.#services;
    if (nearlyFull !== undefined)
      log.warn('quota.warning', { account: nearlyFull.login, used: nearlyFull.used, quota: nearlyFull.quota });
    // Whoever is away will not see it: the operator has to.
    if (substituteRefused !== undefined)
      log.warn('absence.no-substitute', {
        session: this.#submitter.session,
        status: substituteRefused.status,
        why: substituteRefused.text,
      });
  }

  /** Begins the content. A refusal here is the answer to DATA itself; nothing was read yet. */
  begin(): Result<Delivery, Refusal> {
    const transaction = this.#required();
    const { store, clock, hostname } = this.#services;
    const { account, address, helo, extended, tls } = this.#submitter;
    let writer: BodyWriter;
    try {
      writer = store.openBody(transaction.parameters.size);
      if (transaction.test !== undefined) writer = sampleInsteadOf(writer);
    } catch (error) {
      return fail(this.#storage(error));
    }
    const now = clock.now();
    const [only] = transaction.recipients.size === 1 ? transaction.recipients.values() : [];
    const incoming = new Incoming({
      writer,
      header: {
        hostname,
        nullSender: transaction.sender === '',
        maySendAs: (from) => store.registry.maySendAs(account.id, addressKey(from)),
      },
      received: {
        helo,
        clientAddress: address,
        by: hostname,
        protocol: transaction.parameters.smtpUtf8 ? 'UTF8SMTPSA' : extended ? 'ESMTPSA' : 'SMTPSA',
        tls,
        // Whom the sender wrote to: the substitute is not the sender's business in a trace line.
        ...(only === undefined ? {} : { recipient: only.away?.addressee ?? only.leg.to.address }),
        ...(transaction.test === undefined ? {} : { recipient: transaction.test }),
        at: now,
      },
      limit: transaction.limit,
      keepHeader: asksForSuccess([...transaction.recipients.values()].map(({ leg }) => leg.to)),
      quirks: transaction.quirks,
      smtpUtf8: transaction.parameters.smtpUtf8,
      now,
    });
    this.#transaction = undefined;
    return ok({
      incoming,
      quirks: transaction.quirks,
      id: writer.id,
      abort: () => writer.abort(),
      file: () => this.#file(transaction, incoming, writer),
    });
  }

  async #file(transaction: Transaction, incoming: Incoming, writer: BodyWriter): Promise<Result<Filed, Refusal>> {
    const content = await incoming.end();
    if (content.ok && writer instanceof SampleWriter) return await this.#test(transaction, content.value, writer);
    const outcome = content.ok ? await this.#accept(transaction, content.value) : fail(content.error);
    if (!outcome.ok) {
      transaction.quirks.refused(outcome.error.quirk);
      await writer.abort();
      return outcome;
    }
    if (content.ok) transaction.quirks.filed(content.value.plan.client || undefined);
    const { again } = outcome.value;
    if (again !== undefined) await writer.abort();
    return ok({ ...outcome.value, id: again ?? writer.id });
  }

  async #accept(transaction: Transaction, content: ReceivedContent): Promise<Result<Omit<Filed, 'id'>, Refusal>> {
    const { counts } = this.#services;
    const settled = settleRoutes([...transaction.recipients.values()], content.plan.encrypted);
    if (!settled.ok) return settled;
    const { handled } = settled.value;
    const recipients = withReceipts(settled.value.recipients, this.#receiptRequest(transaction, content));
    let passed: ChainOutcome | undefined;
    let outcome: AcceptOutcome;
    try {
      const { sender, parameters } = transaction;
      const envelope = { sender, body: parameters.body, receivedAt: this.#services.clock.now() };
      passed = await this.#services.middleware?.run(submittedOf(content, recipients, envelope, this.#submitter));
      if (passed?.kind === 'refused') return fail(passed.refusal);
      const message = this.#acceptance(transaction, content, recipients, passed);
      outcome = await acceptWithNotices(this.#services, message, { handled, header: content.header });
    } catch (error) {
      return fail(this.#storage(error));
    } finally {
      if (passed?.kind === 'passed') await passed.discard();
    }
    if (outcome.kind === 'refused')
      return fail(outcome.why === 'quota' ? refusals.mailboxFull : refusals.recipientGone);
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
    // Behind the acceptance and not waited for: whatever it meets, the message is filed and the sender hears so.
    this.#warnReplyTo(content).catch(() => undefined);
    const notes = [keptNote(handled), ...(passed?.notes ?? [])].filter((note) => note !== undefined);
    return ok(notes.length === 0 ? {} : { note: notes.join('; ') });
  }

  /** Nothing is filed but the report, and that before the reply. */
  async #test(
    { test, sender, parameters, quirks }: Transaction,
    { body, plan, parts }: ReceivedContent,
    { sample }: SampleWriter,
  ): Promise<Result<Filed, Refusal>> {
    const { store, counts, clock, log, tests } = this.#services;
    const { account, organisation, tls, cipher = '', mechanism = '', helo } = this.#submitter;
    if (plan.automatic) return fail(testRefusals.automatic);
    if (tests === undefined || test === undefined || sender === '') return fail(testRefusals.off);
    let report: PreparedNotice | undefined;
    try {
      report = await tests.reportOn({
        ...{ at: clock.now(), account, organisation, sender, addressee: test },
        ...{ session: { tls, cipher, mechanism, helo }, body: parameters.body, quirks: quirks.met },
        ...{ messageId: plan.needsMessageId ? '' : plan.messageId, encrypted: plan.encrypted, parts, sample },
        removed: plan.removed.map(({ name }) => name),
        ...{ octets: body.octets, sha256: body.sha256 },
      });
      if (report === undefined) return fail(testRefusals.noPlace);
      const outcome = await store.accept(report.acceptance);
      if (outcome.kind !== 'filed') return fail(testRefusals.noPlace);
    } catch (error) {
      return fail(this.#storage(error));
    } finally {
      await report?.discard();
    }
    counts.messages.add(account.id);
    counts.tests.add(account.id);
    const { id } = report.acceptance.body;
    log.info('smtp.tested', { session: this.#submitter.session, account: account.login, message: id });
    return ok({ id, note: 'it was a test and went to nobody; this is the report in your mailbox' });
  }

  /** The first copy waits where the second would go: one is enough, and the sender hears the name of the one that stands. */
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
    passed: Passed | undefined,
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
        body: bodyOf(parameters, passed),
        smtpUtf8: parameters.smtpUtf8,
        ...(parameters.ret === undefined ? {} : { ret: parameters.ret }),
        ...(parameters.envid === undefined ? {} : { envid: parameters.envid }),
      },
      ...filedAs(content, recipients, passed),
      parts: content.parts,
      ...this.#resubmission(transaction, content),
      audit: [
        {
          event: 'message.accepted',
          outcome: 'success',
          message: content.body.id,
          account: account.id,
          facts: {
            octets: content.body.octets,
            sha256: content.body.sha256,
            recipients: recipients.length,
            tls: this.#submitter.tls,
            // What was tolerated, and so also that line ends are not as they were sent.
            ...(transaction.quirks.names === '' ? {} : { quirks: transaction.quirks.names }),
          },
          personal: { sender, recipients: recipients.map(({ to }) => to.address), network: address },
        },
        ...(passed?.audit ?? []),
      ],
      interchanges: passed?.interchanges ?? [],
      with: (passed?.notices ?? []).map((notice) => notice.acceptance),
    };
  }

  /** DESIGN: a Reply-To outside the group sends the answer to a stranger; it is counted and warned of, not refused. */
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

  async #sender(path: string, parameters: MailParameters): Promise<Result<Address | '', Refusal>> {
    if (path === '') return ok('');
    const address = parseAddress(path);
    if (!address.ok) return fail({ ...refusals.senderSyntax, detail: address.error });
    if (needsUtf8(address.value) && !parameters.smtpUtf8) return fail(refusals.senderNeedsUtf8);
    const allowed = await this.#services.store.registry.maySendAs(
      this.#submitter.account.id,
      addressKey(address.value),
    );
    return allowed ? ok(address.value) : fail(foreignSender('MAIL FROM'));
  }

  /** A partner's limit holds both ways: what its server does not take, it has no business to send. */
  #limitOf({ account, organisation }: Pick<Submitter, 'account' | 'organisation'>, most: Octets): Transaction['limit'] {
    const own = account.kind === 'partner' ? settingOf('max-message', account.settings, organisation.settings) : most;
    return own < most
      ? { octets: own as Octets, refusal: tooLarge(own as Octets) }
      : { octets: most, refusal: this.#tooLarge };
  }

  /** Low disk answers at MAIL already: a sender with ten recipients need not find out at the end. */
  #roomFor(size: Octets): Refusal | undefined {
    const health = this.#services.store.health();
    if (health.failed) return refusals.storageFailed;
    return health.free <= size ? refusals.storageFull : undefined;
  }

  #storage(error: unknown): Refusal {
    const detail = error instanceof Error ? error.message : String(error);
    return { ...(error instanceof StoreFull ? refusals.storageFull : refusals.storageFailed), detail };
  }

  #tooLargeFor(address: Address, limit: Octets): Refusal {
    const whose = needsUtf8(address) ? 'a recipient' : quoted(address);
    return {
      reply: 552,
      status: '5.2.3',
      text: `The message is larger than ${whose} takes (${formatOctets(limit)}); nothing was sent, send to the others separately`,
    };
  }

  #limited(limit: string, refusal: Refusal): Refusal {
    this.#services.log.warn('smtp.limited', {
      session: this.#submitter.session,
      account: this.#submitter.account.login,
      limit,
    });
    return refusal;
  }

  #required(): Transaction {
    if (this.#transaction === undefined) throw new Error('the protocol layer asked for a step without MAIL');
    return this.#transaction;
  }
}

export interface RecipientTaken {
  /** For the reply: the addressee is away, and where the message goes. */
  readonly note?: string;
}

export interface Filed {
  readonly id: MessageId;
  /** The same message was accepted a moment ago and nobody has it yet: `id` is that one's, and nothing was filed. */
  readonly again?: MessageId;
  /** For the reply: what did not go where RCPT said. */
  readonly note?: string;
}

/** The content's way in, handed to the protocol layer. */
export interface Delivery {
  readonly incoming: Incoming;
  readonly quirks: QuirkGuard;
  readonly id: MessageId;
  /** The connection was lost: nothing is filed. */
  abort(): Promise<void>;
  /** The final dot has come: files the message for all recipients, or for none. */
  file(): Promise<Result<Filed, Refusal>>;
}

/** What a limit on encoded octets means for the files that people attach. */
function tooLarge(limit: Octets): Refusal {
  const attachment = Math.floor((limit * 0.73) / 1_000_000);
  return {
    reply: 552,
    status: '5.3.4',
    text: `The message is larger than ${formatOctets(limit)}; attachments may have about ${attachment} MB, since base64 makes them a third larger`,
  };
}
