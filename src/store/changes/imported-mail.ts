/** Files mail that another server had filed. Everything is checked before anything is written. */
import type { AuditItem } from '../../domain/audit-row.ts';
import type { ImportOutcome } from '../imports.ts';
import { bytes, int, long, text } from '../sql/columns.ts';
import { among, rowsOf } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import type { AcceptWork } from './accept-work.ts';
import { type ChangeContext, append } from './change-context.ts';
import { COLLECTED } from './hiding.ts';
import { addToMailbox, insertMessage, mailboxOf } from './services.ts';
import { importedUidl, ownUidl, uidlText } from './uidls.ts';

/** A message with the UIDL that it had there. */
export interface ImportedMail {
  readonly message: AcceptWork;
  readonly uidl: string;
  readonly fetched: boolean;
}

const ENTRY = { uid: int, message: long, octets: int, uidl: bytes, retrieved: int };
const IMPORTED = { uidl: text, message: long };

export class ImportedMailChanges {
  /** `taken`: names the first UIDL that was used in the mailbox before, or comes twice. */
  *file(
    context: ChangeContext,
    account: number,
    entries: readonly ImportedMail[],
    audit: readonly AuditItem[],
  ): Change<ImportOutcome> {
    const mailbox = yield* mailboxOf(account);
    if (mailbox === undefined || mailbox.state === 'ended') return { kind: 'gone' };
    const uidls = entries.map(({ uidl }) => uidl);
    const used = yield* usedOf(account, uidls);
    const taken = uidls.find((uidl, i) => used.has(uidl) || uidls.indexOf(uidl) < i);
    if (taken !== undefined) return { kind: 'taken', uidl: taken };
    for (const { message } of entries) yield* insertMessage(message, 1);
    const rows = entries.map(({ message: { id: message, octets }, uidl, fetched }, i) => ({
      uid: mailbox.nextUid + i,
      message,
      octets,
      uidl: importedUidl(uidl),
      retrieved: fetched ? COLLECTED : 0,
    }));
    yield* sql.run`
      INSERT INTO entry (account, uid, message, octets, uidl, retrieved, receipt)
      SELECT ${account}, uid, message, octets, uidl, retrieved, 0 FROM ${rowsOf(ENTRY, rows)}`;
    const imported = entries.map(({ message, uidl }) => ({ uidl, message: message.id }));
    yield* sql.run`
      INSERT INTO imported (account, uidl, message) SELECT ${account}, uidl, message FROM ${rowsOf(IMPORTED, imported)}`;
    const octets = rows.reduce((sum, row) => sum + row.octets, 0);
    yield* addToMailbox(context, account, { octets, messages: rows.length });
    for (const item of audit) yield* append(item);
    return { kind: 'filed' };
  }
}

/**
 * UIDLs that were imported, and our own that exist now: ours are random, and a removed one does not
 * come back.
 */
function* usedOf(account: number, uidls: readonly string[]): Change<ReadonlySet<string>> {
  const imported = yield* sql.all({ uidl: text })`
    SELECT uidl FROM imported WHERE account = ${account} AND uidl ${among(text, uidls)}`;
  const own = uidls.flatMap((uidl) => ownUidl(uidl) ?? []);
  const entries =
    own.length === 0
      ? []
      : yield* sql.all({
          uidl: bytes,
        })`SELECT uidl FROM entry WHERE account = ${account} AND uidl ${among(bytes, own)}`;
  return new Set([...imported.map(({ uidl }) => uidl), ...entries.map(({ uidl }) => uidlText(Buffer.from(uidl)))]);
}
