/**
 * A transaction whose one recipient is the test address: whether it is accepted, and the report
 * that is filed instead of a message.
 */
import { type Address, addressKey } from '../domain/address.ts';
import type { Refusal } from '../domain/refusal.ts';
import { type Result, fail, ok } from '../domain/result.ts';
import { settingOf } from '../domain/settings.ts';
import type { PreparedNotice } from '../store/acceptance.ts';
import type { ReceivedContent } from './incoming.ts';
import { limited } from './limits.ts';
import { storageRefusal } from './size-limits.ts';
import type { Submitter } from './submitter.ts';
import { type SampleWriter, isTestAddress, testRefusals } from './test-address.ts';
import type { Filed, RecipientParameters, RecipientTaken, SubmissionServices, Transaction } from './transaction.ts';

export class TestTransactions {
  readonly #services: SubmissionServices;

  constructor(services: SubmissionServices) {
    this.#services = services;
  }

  /** False if somebody has registered the same address: then it is a normal address. */
  async isFor(address: Address): Promise<boolean> {
    const { store, hostname, tests } = this.#services;
    if (tests === undefined || !isTestAddress(address, hostname)) return false;
    return (await store.registry.findRecipient(addressKey(address))) === undefined;
  }

  /**
   * Answers RCPT of a transaction that has the test address among its recipients, or would get it.
   */
  recipient(
    transaction: Transaction,
    address: Address,
    { quirks = [] }: RecipientParameters,
    submitter: Submitter,
  ): Result<RecipientTaken, Refusal> {
    const { account, organisation } = submitter;
    const { tests } = this.#services.counts;
    if (!isTestAddress(address, this.#services.hostname) || transaction.recipients.size > 0)
      return fail(testRefusals.testNotAlone);
    if (transaction.sender === '') return fail(testRefusals.testNullSender);
    const most = settingOf('test-reports-per-hour', account.settings, organisation.settings);
    if (most === 0) return fail(testRefusals.testOff);
    if (tests.of(account.id) >= most)
      return fail(limited(this.#services.log, submitter, 'test-reports-per-hour', testRefusals.testTooMany));
    transaction.quirks.testing = true;
    for (const quirk of quirks) transaction.quirks.meet(quirk);
    transaction.test = address;
    return ok({ note: 'The test address: a report about the message will be in your mailbox' });
  }

  /** Files the report alone, before the reply. */
  async file(
    { test, sender, parameters, quirks }: Transaction,
    { body, plan, parts }: ReceivedContent,
    { sample }: SampleWriter,
    submitter: Submitter,
  ): Promise<Result<Filed, Refusal>> {
    const { store, counts, clock, log, tests } = this.#services;
    const { account, organisation, tls, cipher = '', mechanism = '', helo } = submitter;
    if (plan.automatic) return fail(testRefusals.testAutomatic);
    if (tests === undefined || test === undefined || sender === '') return fail(testRefusals.testOff);
    let report: PreparedNotice | undefined;
    try {
      report = await tests.reportOn({
        at: clock.now(),
        account,
        organisation,
        sender,
        addressee: test,
        session: { tls, cipher, mechanism, helo },
        body: parameters.body,
        quirks: quirks.met,
        messageId: plan.needsMessageId ? '' : plan.messageId,
        encrypted: plan.encrypted,
        parts,
        sample,
        removed: plan.removed.map(({ name }) => name),
        octets: body.octets,
        sha256: body.sha256,
      });
      if (report === undefined) return fail(testRefusals.testNoPlace);
      const outcome = await store.accept(report.acceptance);
      if (outcome.kind !== 'filed') return fail(testRefusals.testNoPlace);
    } catch (error) {
      return fail(storageRefusal(error));
    } finally {
      await report?.discard();
    }
    counts.messages.add(account.id);
    counts.tests.add(account.id);
    const { id } = report.acceptance.body;
    log.info('smtp.tested', { session: submitter.session, account: account.login, message: id });
    return ok({ id, note: 'it was a test and went to nobody; this is the report in your mailbox' });
  }
}
