/**
 * The test address of the running gateway: the reporter, the notice writer, and where the report
 * goes.
 */
import type { NoticeDestination } from '../notices/notice-destination.ts';
import { addressKey } from '../domain/address.ts';
import type { TestedMessage } from '../domain/tested-message.ts';
import type { GatewayNotices } from './notices.ts';
import { TestReporter } from '../lint/test-reports.ts';
import type { Store } from '../store/port/store.ts';
import type { TestReports } from '../submission/test-address.ts';

export function gatewayTests(
  store: Store,
  { noticeWriter }: GatewayNotices,
  reporter = new TestReporter(),
): TestReports {
  return {
    reportOn: async (tested) => {
      const letters = await reporter.lettersOn(tested);
      const place = (await ownMailbox(store, tested)) ?? (await noticeWriter.places.ofAccount(tested.account.id));
      return await noticeWriter.letter(place, { kind: 'test', letters, answers: tested.messageId });
    },
  };
}

/**
 * The mailbox of the sender, or its partner. A person who sends a test wants to see the answer
 * there, so the setting `notices` does not count.
 */
async function ownMailbox(
  { registry }: Store,
  { sender, account }: TestedMessage,
): Promise<NoticeDestination | undefined> {
  const found = await registry.findRecipient(addressKey(sender));
  if (found?.account.id !== account.id || found.address.state !== 'active') return undefined;
  const place = { address: found.address.address, language: found.organisation.language, as: 'mailbox' } as const;
  return found.partner === undefined ? { ...place, mailbox: account.id } : { ...place, partner: found.partner.id };
}
