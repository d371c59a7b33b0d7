/**
 * One session's mail transactions, seen from inside: mail, recipient, data, reset. The protocol
 * layer parses and replies; what may be done and what is stored is decided here.
 *
 * RFC 6409 sections 4 to 6. A refused recipient leaves the others; a refusal at the end of the
 * content files nothing for anybody.
 */
import { isDeepStrictEqual } from 'node:util';
import { type Address, addressKey, needsUtf8, parseAddress } from '../domain/address.ts';
import type { MessageId } from '../domain/ids.ts';
import { foreignSender } from '../domain/policy.ts';
import type { Refusal } from '../domain/refusal.ts';
import { type Result, fail, ok } from '../domain/result.ts';
import { settingOf } from '../domain/settings.ts';
import type { ReceivedLine } from '../mime/received.ts';
import type { Recipient } from '../store/registry.ts';
import type { BodyWriter } from '../store/body.ts';
import { asksForSuccess } from './filed-notices.ts';
import { Filing } from './filing.ts';
import { Incoming, type IncomingOptions } from './incoming.ts';
import { limited } from './limits.ts';
import { type QuirkGuard, TransactionQuirks } from './quirks.ts';
import type { Refused } from './refusal-notes.ts';
import { refusals } from './refusals.ts';
import { limitOf, freeSpaceFor, storageRefusal, tooLargeFor } from './size-limits.ts';
import { type Route, routeOf } from './route.ts';
import type { Submitter } from './submitter.ts';
import { SampleWriter, sampleInsteadOf } from './test-address.ts';
import { TestTransactions } from './test-transaction.ts';
import type {
  EndedContent,
  Filed,
  KeyedRequest,
  MailParameters,
  RecipientParameters,
  RecipientTaken,
  Standing,
  SubmissionServices,
  Transaction,
} from './transaction.ts';

const protocolOf = (
  { protocol, extended }: Submitter,
  { parameters: { smtpUtf8 } }: Transaction,
): ReceivedLine['protocol'] =>
  protocol === 'https' ? 'HTTPS' : smtpUtf8 ? 'UTF8SMTPSA' : extended ? 'ESMTPSA' : 'SMTPSA';

const replyTo = (note: string | undefined): RecipientTaken => (note === undefined ? {} : { note });

export class Submission {
  readonly #services: SubmissionServices;
  #submitter: Submitter;
  #transaction: Transaction | undefined;
  readonly #tests: TestTransactions;
  readonly #standing: () => Promise<Result<Standing, Refusal>>;

  /** `standing`: what the registry says of whoever logged in, or why the login no longer holds. */
  constructor(services: SubmissionServices, submitter: Submitter, standing: () => Promise<Result<Standing, Refusal>>) {
    this.#services = services;
    this.#standing = standing;
    this.#tests = new TestTransactions(services);
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
    const standing = await this.#standing();
    if (!standing.ok) return standing.error;
    const refusal = await this.#mail(path, parameters, standing.value);
    if (refusal !== undefined) this.#noteRefused({ at: 'mail', refusal, sender: path, recipients: [] });
    return refusal;
  }

  async #mail(path: string, parameters: MailParameters, record: Standing): Promise<Refusal | undefined> {
    const { store, counts, maxMessage } = this.#services;
    const closed = this.#closed(record);
    if (closed !== undefined || record === undefined) return closed;
    // What an operator changed since the login counts from here on.
    if (record.account !== this.#submitter.account || record.organisation !== this.#submitter.organisation)
      this.#submitter = { ...this.#submitter, account: record.account, organisation: record.organisation };
    const limit = limitOf(record, maxMessage);
    if (parameters.size > limit.octets) return limit.refusal;
    const allowed = settingOf('messages-per-hour', record.account.settings, record.organisation.settings);
    if (counts.messages.of(record.account.id) >= allowed)
      return this.#limited('messages-per-hour', refusals.tooManyMessages);
    if (counts.octets.of(record.account.id) >= this.#octetsAllowed()) return this.#tooManyOctets();
    const sender = await this.#sender(path, parameters);
    if (!sender.ok) return sender.error;
    const room = freeSpaceFor(parameters.size, store);
    if (room !== undefined) return room;
    const quirks = new TransactionQuirks(store.quirks, record);
    for (const quirk of parameters.quirks ?? []) quirks.meet(quirk);
    this.#transaction = {
      sender: sender.value,
      parameters,
      recipients: new Map(),
      authors: new Set(),
      asked: 0,
      limit,
      quirks,
    };
    return undefined;
  }

  #closed(record: Standing): Refusal | undefined {
    if (record !== undefined && record.account.id !== this.#submitter.account.id) return refusals.accountMoved;
    return record?.account.state !== 'active' || record.account.endsAt !== undefined
      ? refusals.accountClosed
      : undefined;
  }

  /**
   * If other gateways change the registry too, what MAIL and the header were judged by is judged
   * again when the message is filed.
   */
  async #holds({ sender, authors }: Transaction): Promise<Refusal | undefined> {
    const standing = await this.#standing();
    const closed = standing.ok ? this.#closed(standing.value) : standing.error;
    if (closed !== undefined) return closed;
    const { registry } = this.#services.store;
    const { id } = this.#submitter.account;
    for (const address of sender === '' ? authors : [sender, ...authors])
      if (!(await registry.maySendAs(id, addressKey(address))))
        return foreignSender(address === sender ? 'MAIL FROM' : 'header From');
    return undefined;
  }

  async recipient(path: string, parameters: RecipientParameters): Promise<Result<RecipientTaken, Refusal>> {
    const transaction = this.#required();
    const taken = await this.#recipient(transaction, path, parameters);
    if (!taken.ok)
      this.#noteRefused({ at: 'recipient', refusal: taken.error, sender: transaction.sender, recipients: [path] });
    return taken;
  }

  async #recipient(
    transaction: Transaction,
    path: string,
    parameters: RecipientParameters,
  ): Promise<Result<RecipientTaken, Refusal>> {
    const { store, counts, hostname, maxRecipients } = this.#services;
    const { account, organisation } = this.#submitter;
    transaction.asked += 1;
    if (transaction.asked > 2 * maxRecipients) return fail(refusals.tooManyRcpt);
    // RFC 5321 section 4.5.1: `postmaster` without a domain is ours.
    const parsed = parseAddress(/^postmaster$/i.test(path) ? `postmaster@${hostname}` : path);
    if (!parsed.ok) return fail({ ...refusals.recipientSyntax, detail: parsed.error });
    const key = addressKey(parsed.value);
    const before = transaction.recipients.get(key);
    // The same recipient once more: nothing is looked up, counted or judged for it.
    if (before?.path === path && isDeepStrictEqual(before.asked, parameters)) return ok(replyTo(before.note));
    if (
      counts.unknown.of(account.id) >= settingOf('unknown-recipients-per-hour', account.settings, organisation.settings)
    )
      return fail(this.#limited('unknown-recipients-per-hour', refusals.tooManyUnknown));
    if (counts.recipients.of(account.id) >= settingOf('recipients-per-hour', account.settings, organisation.settings))
      return fail(this.#limited('recipients-per-hour', refusals.tooManyRecipientsHour));
    if (transaction.test !== undefined || (await this.#tests.isFor(parsed.value)))
      return this.#tests.recipient(transaction, parsed.value, parameters, this.#submitter);
    const strict = transaction.quirks.refusalOf(parameters.quirks ?? []);
    if (strict !== undefined) return fail(strict);
    if (!transaction.recipients.has(key) && transaction.recipients.size >= maxRecipients)
      return fail(refusals.tooManyRecipients);

    const { size: declared, smtpUtf8 } = transaction.parameters;
    const route = await routeOf(store.registry, {
      by: account,
      address: parsed.value,
      ...parameters,
      declared,
      smtpUtf8,
      permits: (at, registered) => this.#permits(at, registered),
    });
    if (route.kind === 'refused') {
      if (route.refusal.status === '5.1.1') counts.unknown.add(account.id);
      return fail(route.refusal);
    }
    this.#warnOf(route);
    counts.recipients.add(account.id);
    const { copyRoute, away, note } = route;
    transaction.recipients.set(key, {
      copyRoute,
      path,
      asked: parameters,
      ...(away === undefined ? {} : { away }),
      ...(note === undefined ? {} : { note }),
    });
    for (const way of away === undefined || 'refusal' in away.own ? [copyRoute] : [copyRoute, away.own])
      if (way.maxMessage < transaction.limit.octets)
        transaction.limit = {
          octets: way.maxMessage,
          refusal: tooLargeFor(way.to.address, way.maxMessage),
        };
    return ok(replyTo(note));
  }

  async #permits(at: Address, registered: Recipient): Promise<Refusal | undefined> {
    return await this.#services.middleware?.recipient({
      at,
      registered,
      submitter: this.#submitter,
      sender: this.#required().sender,
    });
  }

  #warnOf({ copyRoute: { nearlyFull }, substituteRefused }: Extract<Route, { kind: 'taken' }>): void {
    const { log } = this.#services;
    if (nearlyFull !== undefined)
      log.warn('quota.warning', { account: nearlyFull.login, used: nearlyFull.used, quota: nearlyFull.quota });
    // An absent owner will not see the mail, so the operator is told.
    if (substituteRefused !== undefined)
      log.warn('absence.no-substitute', {
        session: this.#submitter.session,
        status: substituteRefused.status,
        why: substituteRefused.text,
      });
  }

  /** Begins the content. A refusal here is the answer to DATA itself; nothing was read yet. */
  begin(request?: KeyedRequest): Result<Delivery, Refusal> {
    const transaction = this.#required();
    if (request !== undefined) transaction.request = request;
    const { store, clock, hostname } = this.#services;
    const { account, address, helo, tls } = this.#submitter;
    let writer: BodyWriter;
    try {
      writer = store.openBody(transaction.parameters.size, account.id);
      if (transaction.test !== undefined) writer = sampleInsteadOf(writer);
    } catch (error) {
      const refusal = storageRefusal(error);
      this.#noteContentRefused(transaction, refusal);
      return fail(refusal);
    }
    const now = clock.now();
    const [only] = transaction.recipients.size === 1 ? transaction.recipients.values() : [];
    const incoming = new Incoming({
      writer,
      fingerprint: store.fingerprint(),
      header: {
        hostname,
        nullSender: transaction.sender === '',
        maySendAs: async (from) => {
          const may = await store.registry.maySendAs(account.id, addressKey(from));
          if (may) transaction.authors.add(from);
          return may;
        },
      },
      received: {
        helo,
        clientAddress: address,
        by: hostname,
        protocol: protocolOf(this.#submitter, transaction),
        tls,
        // The trace line names the address that the sender wrote: who the substitute is is not the
        // sender's business.
        ...(only === undefined ? {} : { recipient: only.away?.addressee ?? only.copyRoute.to.address }),
        ...(transaction.test === undefined ? {} : { recipient: transaction.test }),
        at: now,
      },
      limit: transaction.limit,
      hour: this.#hour(),
      keepHeader: asksForSuccess([...transaction.recipients.values()].map(({ copyRoute }) => copyRoute.to)),
      quirks: transaction.quirks,
      smtpUtf8: transaction.parameters.smtpUtf8,
      inside: settingOf('edi-contrl', account.settings, this.#submitter.organisation.settings) === 'messages',
      now,
    });
    this.#transaction = undefined;
    return ok({
      incoming,
      quirks: transaction.quirks,
      id: writer.id,
      abort: () => writer.abort(),
      file: async (signal, ended) => {
        if (ended?.eightBit === true) transaction.parameters = { ...transaction.parameters, body: '8BITMIME' };
        const filed = await this.#file(transaction, incoming, writer, signal);
        if (!filed.ok) this.#noteContentRefused(transaction, filed.error, writer.id);
        return filed;
      },
    });
  }

  async #file(
    transaction: Transaction,
    incoming: Incoming,
    writer: BodyWriter,
    signal: AbortSignal | undefined,
  ): Promise<Result<Filed, Refusal>> {
    const content = await incoming.end();
    if (content.ok && writer instanceof SampleWriter)
      return await this.#tests.file(transaction, content.value, writer, this.#submitter);
    const outcome = content.ok
      ? await new Filing(this.#services, this.#submitter, () => this.#holds(transaction)).file(
          transaction,
          content.value,
          signal,
        )
      : fail(content.error);
    if (!outcome.ok) {
      transaction.quirks.refused(outcome.error.quirk);
      await writer.abort();
      return outcome;
    }
    if (content.ok) transaction.quirks.filed(content.value.plan.client || undefined);
    const { again, answered } = outcome.value;
    const stands = again ?? answered?.message;
    if (stands !== undefined) await writer.abort();
    return ok({ ...outcome.value, id: stands ?? writer.id });
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

  #octetsAllowed(): number {
    const { account, organisation } = this.#submitter;
    return settingOf('octets-per-hour', account.settings, organisation.settings);
  }

  /**
   * Octets are counted as they come, so that a broken-off message counts too and many messages at
   * once cannot pass together. A message that began below the limit is not refused for its own
   * size.
   */
  #hour(): IncomingOptions['hour'] {
    const { octets } = this.#services.counts;
    const { id } = this.#submitter.account;
    const allowed = this.#octetsAllowed();
    return {
      add: (n) => octets.add(id, n),
      refusal: (soFar) => (octets.of(id) - soFar >= allowed ? this.#tooManyOctets() : undefined),
    };
  }

  #tooManyOctets(): Refusal {
    return this.#limited('octets-per-hour', refusals.tooManyOctets);
  }

  #limited(limit: string, refusal: Refusal): Refusal {
    return limited(this.#services.log, this.#submitter, limit, refusal);
  }

  #noteContentRefused(transaction: Transaction, refusal: Refusal, message?: MessageId): void {
    const { sender, test, recipients } = transaction;
    this.#noteRefused({
      at: 'content',
      refusal,
      sender,
      recipients: test === undefined ? [...recipients.keys()] : [test],
      ...(message === undefined ? {} : { message }),
    });
  }

  #noteRefused(refused: Refused): void {
    this.#services.refused?.refused(this.#submitter, refused);
  }

  #required(): Transaction {
    if (this.#transaction === undefined) throw new Error('the protocol layer asked for a step without MAIL');
    return this.#transaction;
  }
}

/** How the protocol layer hands over the content. */
export interface Delivery {
  readonly incoming: Incoming;
  readonly quirks: QuirkGuard;
  readonly id: MessageId;
  /** The connection was lost: nothing is filed. */
  abort(): Promise<void>;
  /**
   * The final dot has come: files the message for all recipients, or for none. `signal`: the client
   * has gone, and hears no reply.
   */
  file(signal?: AbortSignal, ended?: EndedContent): Promise<Result<Filed, Refusal>>;
}
