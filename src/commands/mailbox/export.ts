/**
 * `sluis mailbox export`: writes the messages that wait in a mailbox into a tar file for their
 * owner, oldest first. Each message is a file, octet for octet, named by its number and id. The
 * mailbox is locked meanwhile, as by a POP3 session, and nothing in it changes.
 */
import { z } from '../../config/zod.ts';
import { accountOf } from '../../admin/accounts.ts';
import { AdminError } from '../../admin/error.ts';
import { sendContent, sendEnd, sendHeader } from '../../admin/tar.ts';
import { newFile, withFiles } from '../../cli/new-file.ts';
import { readableSize } from '../../cli/output.ts';
import { showProgress } from '../../cli/progress.ts';
import { many } from '../../domain/counted.ts';
import { defined } from '../../domain/defined.ts';
import type { Instant } from '../../domain/units.ts';
import { arg } from '../core/params.ts';
import { type Here, type OutputOf, changes, changesHere } from '../core/row.ts';
import { login } from '../core/kinds.ts';
import { file } from '../core/files.ts';

const out = z.object({ login: z.string(), messages: z.number(), octets: z.number() });
export type MailboxExported = z.infer<typeof out>;

const said = {
  right: 'owner',
  reason: 'needed',
  second: 'bundle',
  trail: ['message.exported'],
  undo: 'the file is deleted: the mailbox has what it had',
} as const;
const one = { login: arg(login, 'the account') };

export const exportRow = changes({
  ...said,
  about: 'give out what waits in a mailbox as a tar file',
  in: one,
  out,
  examples: ['huisarts'],
  run: async ({ store }, input, call) => {
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
        await sendHeader(call, name, content.octets, received);
        await sendContent(call, content);
        octets += content.octets;
        store.audit.note({
          event: 'message.exported',
          outcome: 'success',
          message: content.id,
          account: account.id,
          facts: {},
          personal: { actor: call.actor.name, ...defined({ reason: call.actor.reason }) },
        });
        lock.renew();
        call.progress(i + 1, listing.count);
      }
      await sendEnd(call);
      return { login: account.login, messages: listing.count, octets };
    } finally {
      await store.releaseMaildrop(lock);
    }
  },
  say: () => '',
});

export const exportFile = changesHere({
  ...said,
  about: 'write what waits in a mailbox to a new tar file, for its owner; the mailbox keeps it',
  in: { ...one, file: arg(file, 'the tar file; each message is a file in it') },
  out: out.extend({ file: z.string() }),
  examples: ['huisarts huisarts.tar --reason "the practice moves to another service"'],
  run: async (here, { login: of, file: path }) => ({ file: path, ...(await exportMailbox(here, of, path)) }),
  say: (done) => exportText(done, done.file),
});

/** Writes the file. If the export fails, no file is left. */
export async function exportMailbox(here: Here, of: string, path: string): Promise<MailboxExported> {
  const made = newFile(path, 0o600);
  const progress = showProgress('Exporting', 'messages');
  return await withFiles([made], async () => {
    const receive = (piece: string): void => made.append(Buffer.from(piece, 'latin1'));
    const done = await here.callNamed<OutputOf<typeof exportRow>>(
      'mailbox.export',
      { login: of },
      { receive, progress: progress.show },
    );
    made.end();
    return done;
  }).finally(progress.end);
}

export const exportText = ({ messages, octets }: MailboxExported, path: string): string =>
  `Wrote ${many(messages, 'message')} (${readableSize(octets)}) to "${path}", as they were filed: hand it to the owner, and to nobody else.`;
