/**
 * A notice is protected as any mail to its addressee, after it was written and before it is filed.
 */
import { defined } from '../domain/defined.ts';
import type { NoticeProtected, WrittenNotice } from '../store/notices.ts';
import type { PreparedNotice } from '../store/acceptance.ts';

/**
 * What protects has no room at this moment: write the notice again later, and settle nothing
 * without it.
 */
export class NoticeWaits extends Error {
  override readonly name = 'NoticeWaits';
}

/** Its addressee requires protection, and there is no key for it. */
export class NotProtected extends Error {
  override readonly name = 'NotProtected';
}

/**
 * Its addressee gets the protected copy alone; the clear one is kept nowhere. `head`: its header,
 * with or without what follows. Rejects with NotProtected or NoticeWaits.
 */
export async function protectNotice(
  protect: (notice: WrittenNotice) => Promise<NoticeProtected>,
  prepared: PreparedNotice,
  head: string,
): Promise<PreparedNotice> {
  const { acceptance } = prepared;
  const { body, envelope, messageIdField: messageId, receivedAt: at, recipients } = acceptance;
  const [to] = recipients;
  if (to === undefined) return prepared;
  const eightBit = envelope.body === '8BITMIME';
  const made = await protect({ body, head, messageId, eightBit, to, at });
  if (made.kind === 'refused') {
    const why = made.refusal.detail ?? made.refusal.text;
    throw made.busy ? new NoticeWaits(why) : new NotProtected(why);
  }
  const audit = [...acceptance.audit, ...made.audit];
  if (made.kind === 'plain') return { ...prepared, acceptance: { ...acceptance, audit } };
  const { copy, header } = made;
  return {
    acceptance: { ...acceptance, audit, recipients: [], copies: [copy], ...defined({ header }) },
    discard: async () => {
      await made.discard();
      await prepared.discard();
    },
  };
}
