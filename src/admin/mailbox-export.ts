/**
 * The messages that wait in a mailbox, as a tar file for their owner: octet for octet, each a file named by its number and id, oldest first. The
 * mailbox is locked meanwhile, as by a POP3 session, and holds afterwards what it held before.
 *
 * The archive is the ustar format of POSIX.1-2001.
 */
import type { Instant } from '../domain/units.ts';
import type { StoredContent } from '../store/store.ts';
import { accountOf } from './accounts.ts';
import { AdminError, type Call } from './context.ts';
import { login, text } from './input.ts';
import { change, withSecond } from './operation.ts';

const BLOCK = 512;
/** Octets of one piece that a caller takes. */
const PIECE = 48 * 1024;

export interface MailboxExported {
  readonly login: string;
  readonly messages: number;
  readonly octets: number;
}

export const mailboxExportOperations = {
  'mailbox.export': withSecond(
    'bundle',
    change(
      (input) => ({ login: login(input, 'login'), reason: text(input, 'reason') }),
      async ({ store }, input, call): Promise<MailboxExported> => {
        const { account } = await accountOf(store.registry, input.login);
        const lock = await store.lockMaildrop(account.id, { session: 'export', network: 'operator' });
        if (lock === 'in-use')
          throw new AdminError(
            'conflict',
            `Cannot export the mailbox of "${account.login}": a session reads it now; try again when that has ended, or "sluis account suspend" cuts it`,
          );
        try {
          const listing = await store.listMaildrop(lock);
          let octets = 0;
          for (let i = 0; i < listing.count; i += 1) {
            const content = await store.openEntry(lock, listing.uidOf(i));
            const received = (await store.deliveries.findMessage(content.id))?.receivedAt ?? (0 as Instant);
            const name = `${String(i + 1).padStart(6, '0')}-${content.id}.eml`;
            await sendTo(call, tarHeader(name, content.octets, received));
            await sendContent(call, content);
            octets += content.octets;
            store.audit.note({
              event: 'message.exported',
              outcome: 'success',
              message: content.id,
              account: account.id,
              facts: {},
              personal: { actor: call.actor.name, reason: input.reason },
            });
            lock.renew();
            call.progress(i + 1, listing.count);
          }
          await sendTo(call, Buffer.alloc(2 * BLOCK));
          return { login: account.login, messages: listing.count, octets };
        } finally {
          await store.releaseMaildrop(lock);
        }
      },
    ),
  ),
};

async function sendContent(call: Call, content: StoredContent): Promise<void> {
  for await (const slice of content.slices()) await sendTo(call, slice);
  await sendTo(call, Buffer.alloc((BLOCK - (content.octets % BLOCK)) % BLOCK));
}

async function sendTo({ send }: Call, octets: Uint8Array): Promise<void> {
  if (send === undefined) throw new AdminError('invalid', 'Cannot give out a file: the caller takes none');
  for (let at = 0; at < octets.length; at += PIECE)
    await send(Buffer.from(octets.subarray(at, at + PIECE)).toString('latin1'));
}

/** One file of the archive. `name`: ASCII, at most 100 characters. */
function tarHeader(name: string, size: number, at: Instant): Buffer {
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, offset: number, digits: number): void => {
    header.write(`${value.toString(8).padStart(digits, '0')}\0`, offset, 'latin1');
  };
  header.write(name, 0, 100, 'latin1');
  octal(0o600, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(size, 124, 11);
  octal(Math.floor(at / 1000), 136, 11);
  // The checksum counts itself as blanks.
  header.write('        ', 148, 'latin1');
  header.write('0', 156, 'latin1');
  header.write('ustar\u000000', 257, 'latin1');
  octal(
    header.reduce((sum, octet) => sum + octet, 0),
    148,
    6,
  );
  return header;
}
